/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-debugcon over qtest: what comes out, also when the reader is late or away. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/device/board.h"

#define BOARD "-M microvm -m 16 -nodefaults "
#define BYTES 100

static char *dir;

static void write_text(QTest *q, unsigned port, const char *text)
{
    for (; *text; text++) {
        qtest_outb(q, port, (guint8)*text);
    }
}

static void expect_file(const char *path, const char *wanted)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, wanted);
    g_unlink(path);
}

static void test_file(void)
{
    g_autofree char *one = g_build_filename(dir, "one", NULL);
    g_autofree char *two = g_build_filename(dir, "two", NULL);
    QTest *q = qtest_start(BOARD "-chardev file,id=a,path=%s -chardev file,id=b,path=%s "
                                 "-device isa-debugcon,chardev=a "
                                 "-device isa-debugcon,chardev=b,iobase=0x402,readback=7",
                           one, two);

    g_assert_cmphex(qtest_inb(q, 0xe9), ==, 0xe9);
    g_assert_cmphex(qtest_inb(q, 0x402), ==, 7);
    write_text(q, 0xe9, "firmware");
    write_text(q, 0x402, "is here");
    qtest_stop(q);
    expect_file(one, "firmware");
    expect_file(two, "is here");
}

/* Fills the pipe; returns how many bytes it has taken. */
static size_t fill(int fd)
{
    static const guint8 zeros[4096];
    size_t total = 0;
    ssize_t n;

    while ((n = write(fd, zeros, sizeof(zeros))) > 0) {
        total += (size_t)n;
    }
    g_assert_true(n < 0 && errno == EAGAIN);
    return total;
}

static void read_some(QTest *q, int fd, GByteArray *got)
{
    guint8 buf[4096];
    ssize_t n = read(fd, buf, sizeof(buf));

    if (n > 0) {
        g_byte_array_append(got, buf, (guint)n);
    } else {
        g_assert_true(n < 0 && errno == EAGAIN);
        board_sync(q); /* its loop has its turn */
    }
}

/* What the pipe does not take waits; also in a stopped VM, until that goes on. */
static void test_late_reader(void)
{
    g_autofree char *path = g_build_filename(dir, "pipe", NULL);
    g_autoptr(GByteArray) got = g_byte_array_new();

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    QTest *q = qtest_start(BOARD "-chardev file,id=a,path=%s "
                                 "-device isa-debugcon,chardev=a",
                           path);
    size_t before = fill(fd), wanted = before + BYTES;
    for (unsigned i = 0; i < BYTES; i++) {
        qtest_outb(q, 0xe9, (guint8)(i + 1));
    }
    board_qmp(q, "stop");
    while (got->len < before) {
        read_some(q, fd, got);
    }
    board_sync(q);
    read_some(q, fd, got);
    g_assert_cmpuint(got->len, ==, before);
    board_qmp(q, "cont");
    while (got->len < wanted) {
        read_some(q, fd, got);
    }
    for (size_t i = 0; i < wanted; i++) {
        g_assert_cmphex(got->data[i], ==, i < before ? 0 : i - before + 1);
    }
    qtest_stop(q);
    close(fd);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("debugcon-XXXXXX", NULL);
    g_test_add_func("/debugcon/file", test_file);
    g_test_add_func("/debugcon/late-reader", test_late_reader);
    int failed = g_test_run();
    g_rmdir(dir);
    g_free(dir);
    return failed;
}
