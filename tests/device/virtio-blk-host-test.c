/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk in the real emulator, with its seccomp filter, on what hosts have below an
 * image: every way to do I/O, a file system that does not say what its direct I/O wants,
 * and block devices of 512 and of 4096 bytes a sector.
 */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"
#include "tests/skip.h"

#define MIB (1u << 20)

typedef struct Options {
    const char *node, *disk, *name;
} Options;

static char *dir;

/* node: driver and path; what is read there afterwards is in file. */
static void check_requests(const char *node, const char *file, const Options *options)
{
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                           "-blockdev node-name=n,%s%s "
                           "-device virtio-blk-device,drive=n,bus=virtio-mmio-bus.3%s",
                           node, options->node, options->disk);
    VirtioDriver d;
    guint8 buf[8192], back[8192];

    qtest_bus_set(q);
    qtest_irq_intercept_in(q, "ioapic");
    virtio_driver_start(&d, &qtest_bus, SLOT(3), ~0ull, 1, 128, RINGS);
    g_assert_cmpuint(blk_capacity(&d), ==, MIB / 512);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 16, back, 8192), ==, 0);
    memset(buf, 0x11, sizeof(buf));
    g_assert_cmpmem(buf, 8192, back, 8192);
    qtest_wait_irq(q, SLOT_PIN(3), 1);
    for (unsigned i = 0; i < sizeof(buf); i++) {
        buf[i] = i * 13;
    }
    for (unsigned sector = 0; sector < 2048; sector += 300) {
        gsize len = MIN(8192, MIB - sector * 512);
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, sector, buf, len), ==, 0);
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, sector, back, len), ==, 0);
        g_assert_cmpmem(buf, len, back, len);
    }
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_FLUSH, 0, NULL, 0), ==, 0);
    qtest_stop(q);

    g_autofree char *all = NULL;
    g_assert_true(g_file_get_contents(file, &all, NULL, NULL));
    g_assert_cmpmem(all + 300 * 512, 8192, buf, 8192);
}

static void check_file(const char *where, const Options *options)
{
    g_autofree char *path = make_image(where, "requests", MIB, 0x11);
    g_autofree char *node = g_strdup_printf("driver=file,filename=%s", path);

    check_requests(node, path, options);
}

static void test_file(gconstpointer data)
{
    check_file(dir, data);
}

/* A file system that does not say what its direct I/O wants. */
static void test_tmpfs(void)
{
    static const Options direct = { ",cache.direct=on", ",iothread=io", NULL };
    g_autofree char *shm = g_strdup("/dev/shm/vireo-blk-XXXXXX");

    if (!g_mkdtemp(shm)) {
        skip_case("no /dev/shm");
        return;
    }
    g_autofree char *path = make_image(shm, "requests", MIB, 0);
    int fd = open(path, O_RDONLY | O_DIRECT);
    if (fd < 0) {
        skip_case("no direct I/O on tmpfs");
    } else {
        close(fd);
        check_file(shm, &direct);
    }
    unlink(path);
    rmdir(shm);
}

/* The output of a command without its newline, or NULL when it fails. */
static char *output_of(const char *command)
{
    g_autofree char *out = NULL;
    int status;

    if (!g_spawn_command_line_sync(command, &out, NULL, &status, NULL) || status != 0) {
        return NULL;
    }
    return g_strdup(g_strchomp(out));
}

/* A block device; data: the size of its sectors. The guest's have 512 bytes. */
static void test_loop(gconstpointer data)
{
    static const Options options[] = {
        { ",cache.direct=on", ",logical_block_size=512", NULL },
        { ",cache.direct=on,aio=threads", ",logical_block_size=512,iothread=io", NULL },
        { "", ",logical_block_size=512", NULL },
    };
    g_autofree char *path = make_image(dir, "loop", MIB, 0x11);
    g_autofree char *set = g_strdup_printf("losetup --sector-size %s --find --show %s",
                                           (const char *)data, path);

    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        g_free(make_image(dir, "loop", MIB, 0x11));
        g_autofree char *device = output_of(set);
        if (!device) {
            skip_case("no loop devices for us");
            return;
        }
        g_autofree char *node = g_strdup_printf("driver=host_device,filename=%s", device);
        g_autofree char *unset = g_strdup_printf("losetup --detach %s", device);
        check_requests(node, device, &options[i]);
        g_free(output_of(unset));
    }
}

int main(int argc, char **argv)
{
    static const Options engines[] = {
        { "", "", "uring" },
        { ",aio=threads", "", "threads" },
        { ",cache.direct=on", ",iothread=io", "direct-iothread" },
        { ",aio=threads,cache.direct=on", ",iothread=io,write-cache=off",
          "threads-iothread" },
        { ",x-dio-align=4096", ",iothread=io,logical_block_size=512", "partial" },
        { ",x-dio-align=4096,aio=threads", ",write-cache=off", "partial-threads" },
    };

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-blk-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(engines); i++) {
        g_autofree char *path = g_strdup_printf("/virtio-blk/host/%s", engines[i].name);
        g_test_add_data_func(path, &engines[i], test_file);
    }
    g_test_add_func("/virtio-blk/host/tmpfs", test_tmpfs);
    g_test_add_data_func("/virtio-blk/host/loop-512", "512", test_loop);
    g_test_add_data_func("/virtio-blk/host/loop-4096", "4096", test_loop);
    int ret = skip_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
