/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550 over qtest. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/board.h"

#define COM1 0x3f8
#define IRQ  4

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

static int ours; /* the other end of the port */

static int connect_to(const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    return fd;
}

static QTest *start(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-serial-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "port", NULL);
    QTest *q = qtest_start("-M microvm -m 16 -nodefaults "
                           "-chardev socket,id=s,path=%s,server=on,wait=off "
                           "-device isa-serial,chardev=s,id=com",
                           path);

    ours = connect_to(path);
    g_unlink(path);
    g_rmdir(dir);
    board_sync(q); /* it has seen us */
    return q;
}

/* Exactly len bytes. */
static void receive(void *buf, gsize len)
{
    for (gsize done = 0; done < len;) {
        ssize_t n = read(ours, (char *)buf + done, len - done);

        g_assert_cmpint(n, >, 0);
        done += n;
    }
}

static void end(QTest *q)
{
    qtest_stop(q);
    close(ours);
}

static guint8 in(QTest *q, unsigned reg)
{
    return qtest_inb(q, COM1 + reg);
}

static void out(QTest *q, unsigned reg, guint8 value)
{
    qtest_outb(q, COM1 + reg, value);
}

/* Input comes through the main loop: asks until it is there. */
static void wait_data(QTest *q)
{
    while (!(in(q, LSR) & 1)) {
    }
}

static void test_registers(void)
{
    QTest *q = start();

    g_assert_cmphex(in(q, LSR), ==, 0x60);
    g_assert_cmphex(in(q, IIR), ==, 0x01);
    g_assert_cmphex(in(q, MSR), ==, 0xb0);
    out(q, SCR, 0x5a);
    g_assert_cmphex(in(q, SCR), ==, 0x5a);
    out(q, LCR, 0x83);
    out(q, DATA, 0x34);
    out(q, IER, 0x12);
    g_assert_cmphex(in(q, DATA), ==, 0x34);
    g_assert_cmphex(in(q, IER), ==, 0x12);
    out(q, LCR, 0x03);
    g_assert_cmphex(in(q, IER), ==, 0x00);
    out(q, FCR, 0x01);
    g_assert_cmphex(in(q, IIR), ==, 0xc1);
    out(q, IER, 0xff);
    g_assert_cmphex(in(q, IER), ==, 0x0f);
    board_reset(q);
    g_assert_cmphex(in(q, SCR), ==, 0);
    g_assert_cmphex(in(q, IIR), ==, 0x01);
    g_assert_cmphex(in(q, IER), ==, 0);
    end(q);
}

static void test_output(void)
{
    QTest *q = start();
    char buf[5];

    for (const char *p = "hello"; *p; p++) {
        out(q, DATA, *p);
    }
    receive(buf, 5);
    g_assert_cmpmem(buf, 5, "hello", 5);
    end(q);
}

static void test_input(void)
{
    QTest *q = start();
    guint8 sent[100];

    for (guint i = 0; i < sizeof(sent); i++) {
        sent[i] = i;
    }
    out(q, FCR, 0x01);
    g_assert_cmpint(write(ours, sent, sizeof(sent)), ==, sizeof(sent));
    for (guint i = 0; i < sizeof(sent); i++) {
        wait_data(q);
        g_assert_cmpuint(in(q, DATA), ==, i);
    }
    g_assert_cmphex(in(q, LSR), ==, 0x60); /* no overrun: the sender was held */
    end(q);
}

static void test_receive_interrupt(void)
{
    QTest *q = start();

    qtest_irq_intercept_in(q, "ioapic");
    out(q, FCR, 0x81); /* trigger level 8 */
    out(q, IER, 0x01);
    g_assert_false(board_irq(q, IRQ));
    g_assert_cmpint(write(ours, "abc", 3), ==, 3);
    wait_data(q);
    g_assert_true(board_irq(q, IRQ));
    g_assert_cmphex(in(q, IIR), ==, 0xcc); /* below the level: time-out */
    g_assert_cmpuint(in(q, DATA), ==, 'a');
    g_assert_true(board_irq(q, IRQ));
    g_assert_cmpuint(in(q, DATA), ==, 'b');
    g_assert_cmpuint(in(q, DATA), ==, 'c');
    g_assert_false(board_irq(q, IRQ));
    g_assert_cmphex(in(q, IIR), ==, 0xc1);
    g_assert_cmpint(write(ours, "12345678", 8), ==, 8);
    while (in(q, IIR) != 0xc4) {
    }
    out(q, FCR, 0x03); /* clears the FIFO */
    g_assert_false(board_irq(q, IRQ));
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    end(q);
}

static void test_transmit_interrupt(void)
{
    QTest *q = start();
    guint64 seen = 0;
    char c;

    qtest_irq_intercept_in(q, "ioapic");
    out(q, IER, 0x02);
    g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 1);
    g_assert_cmphex(in(q, IIR), ==, 0x02);
    g_assert_false(board_irq(q, IRQ)); /* reading it has acknowledged */
    g_assert_cmphex(in(q, IIR), ==, 0x01);
    for (int i = 0; i < 3; i++) { /* an edge for each character */
        out(q, DATA, 'x');
        g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 1);
        g_assert_cmphex(in(q, IIR), ==, 0x02);
        receive(&c, 1);
    }
    end(q);
}

static void test_loopback(void)
{
    QTest *q = start();
    char c;

    out(q, MCR, 0x10);
    in(q, MSR);
    g_assert_cmphex(in(q, MSR), ==, 0x00);
    out(q, MCR, 0x1a); /* RTS, OUT2 -> CTS, DCD, with their deltas */
    g_assert_cmphex(in(q, MSR), ==, 0x99);
    g_assert_cmphex(in(q, MSR), ==, 0x90);
    out(q, DATA, 'L');
    g_assert_cmphex(in(q, LSR), ==, 0x61);
    g_assert_cmpuint(in(q, DATA), ==, 'L');
    out(q, DATA, '1');
    out(q, DATA, '2');
    g_assert_cmphex(in(q, LSR), ==, 0x63); /* overrun, read once */
    g_assert_cmphex(in(q, LSR), ==, 0x61);
    g_assert_cmpuint(in(q, DATA), ==, '2');
    board_sync(q);
    g_assert_cmpint(recv(ours, &c, 1, MSG_DONTWAIT), ==, -1);
    end(q);
}

/* The peer goes: output is thrown away. */
static void test_no_peer(void)
{
    QTest *q = start();

    close(ours);
    for (int i = 0; i < 1000; i++) {
        out(q, DATA, 'x');
    }
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial/registers", test_registers);
    g_test_add_func("/serial/output", test_output);
    g_test_add_func("/serial/input", test_input);
    g_test_add_func("/serial/receive-interrupt", test_receive_interrupt);
    g_test_add_func("/serial/transmit-interrupt", test_transmit_interrupt);
    g_test_add_func("/serial/loopback", test_loopback);
    g_test_add_func("/serial/no-peer", test_no_peer);
    return g_test_run();
}
