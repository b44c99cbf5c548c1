/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/late.h"

#include <dirent.h>
#include <linux/virtio_mmio.h>
#include <unistd.h>

char *late_dir, *late_image;

void late_open(Vm *vm, const char *more)
{
    vm->q = qtest_start("-machine microvm -m 16M -qmp unix:%s/b,server=on,wait=off "
                        "-qmp unix:%s/c,server=on,wait=off %s",
                        late_dir, late_dir, more);
    monitor_open(&vm->b, late_dir, "b");
    monitor_open(&vm->c, late_dir, "c");
}

void late_close(Vm *vm)
{
    monitor_close(&vm->b);
    monitor_close(&vm->c);
    qtest_stop(vm->q);
}

void say_del(Monitor *m, const char *node)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"%s\"}}", node);

    say_text(m, text);
}

guint64 late_asked(Vm *vm, const char *node)
{
    g_autofree char *command = g_strdup_printf("block %s asked", node);
    g_autofree char *reply = qtest_command_line(vm->q, command);

    g_assert_true(g_str_has_prefix(reply, "OK "));
    return g_ascii_strtoull(reply + 3, NULL, 10);
}

void until_asked(Vm *vm, guint64 n)
{
    while (late_asked(vm, "n") < n) {
    }
}

unsigned late_open_images(Vm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", qtest_pid(vm->q));
    DIR *fds = opendir(path);
    unsigned n = 0;

    for (const struct dirent *e; (e = readdir(fds));) {
        char target[4096] = "";
        g_autofree char *link = g_build_filename(path, e->d_name, NULL);
        n += readlink(link, target, sizeof(target) - 1) > 0 &&
             g_str_equal(target, late_image);
    }
    closedir(fds);
    return n;
}

void assert_served(Vm *vm)
{
    say(&vm->c, "query-name");
    expect(&vm->c, DONE);
    qmp_turns(vm->q);
    g_assert_cmphex(qtest_readl(vm->q, SLOT(0) + VIRTIO_MMIO_MAGIC_VALUE), ==,
                    0x74726976);
}

int late_run(void)
{
    int rc;

    late_dir = g_dir_make_tmp("vireo-late-XXXXXX", NULL);
    late_image = make_image(late_dir, "image", MIB, 0x11);
    rc = g_test_run();
    unlink(late_image);
    rmdir(late_dir);
    return rc;
}
