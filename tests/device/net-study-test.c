/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A study of migration: its command lines, an e1000 on a user network, a forwarded port.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/e1000.h"
#include "tests/device/net-host.h"
#include "tests/device/pvh-kernel.h"

static void send_e1000(NetGuest *d, const guint8 *frame, guint32 len)
{
    e1000_send(d->card, frame, len);
}

static gsize next_e1000(NetGuest *d, guint8 *frame)
{
    static E1000Got got;

    e1000_wait(d->card, &got);
    g_assert_cmpuint(got.len, <=, 2000);
    memcpy(frame, got.bytes, got.len);
    return got.len;
}

/* Its command lines; more: the first one's -monitor, the second one's -incoming. */
static QTest *start_study(const char *dir, guint16 port, const char *more)
{
    return qtest_start(
        "--enable-kvm -accel qtest -smp 2 -m 2G -kernel %s/bzImage "
        "-nographic -serial mon:stdio -drive file=%s/bullseye.img,format=raw "
        "-append 'console=ttyS0 root=/dev/sda earlyprintk=serial net.ifnames=0' "
        "-net user,host=10.0.2.10,hostfwd=tcp:127.0.0.1:%u-:22 -net nic,model=e1000 %s",
        dir, dir, port, more);
}

static char *make_study(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("net-user-XXXXXX", &error);
    g_autofree char *made = pvh_kernel(), *image = NULL, *kernel = NULL;

    g_assert_no_error(error);
    kernel = g_build_filename(dir, "bzImage", NULL);
    image = g_build_filename(dir, "bullseye.img", NULL);
    g_assert_cmpint(rename(made, kernel), ==, 0);
    g_assert_true(g_file_set_contents(image, "", 0, NULL));
    g_assert_cmpint(truncate(image, 1 << 20), ==, 0);
    return g_steal_pointer(&dir);
}

static void remove_study(const char *dir)
{
    static const char *const names[] = { "bzImage", "bullseye.img" };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        g_assert_cmpint(unlink(path), ==, 0);
    }
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* What `socat stdio unix-connect:monitor` gets, up to the prompt behind the line. */
static void type_at_monitor(const char *dir, const char *line)
{
    g_autofree char *path = g_build_filename(dir, "monitor", NULL);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(GString) got = g_string_new(NULL);
    char byte;

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    g_assert_cmpint(write(fd, line, strlen(line)), ==, (gssize)strlen(line));
    while (!g_str_has_suffix(got->str, "\r\n(qemu) ") || !strstr(got->str, "migrate")) {
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
        g_string_append_c(got, byte);
    }
    g_assert_null(strstr(got->str, "Error"));
    close(fd);
}

/* Whoever connects to the forwarded port reaches the guest, before and after. */
static void test_study(void)
{
    g_autofree char *dir = make_study();
    guint16 port = free_port(), incoming = free_port();
    g_autofree char *monitor =
        g_strdup_printf("-monitor unix:%s/monitor,server,nowait", dir);
    QTest *q = start_study(dir, port, monitor);
    NetGuest d = { .send = send_e1000, .next = next_e1000 };
    E1000Driver card;

    e1000_open_at(&card, q, 1);
    e1000_start(&card, E_RCTL_SECRC | E_RCTL_BAM);
    d.card = &card;
    expect_host(&d, GUEST, 0x0a00020a);
    talk(&d, port, 22);

    g_autofree char *waits = g_strdup_printf("-incoming tcp:0:%u", incoming);
    guint16 other = free_port();
    QTest *to = start_study(dir, other, waits);
    g_autofree char *line = g_strdup_printf("migrate -d tcp:127.0.0.1:%u\n", incoming);
    type_at_monitor(dir, line);
    qtest_wait_migrated(q);
    board_wait(to, "RESUME");
    qtest_stop(q);
    card.q = to;
    answer_arp(&d, other);
    talk(&d, other, 22);
    qtest_stop(to);
    remove_study(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net-study/lines", test_study);
    return g_test_run();
}
