/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35 below 1 MiB: the hole at 0xa0000, the shadow memory behind it (PAM, 5.1.15 of
 * the MCH's data sheet), and that all addresses have their bit 20.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define MIB         0x100000u
#define HOLE        0xa0000u
#define SHADOW      0xc0000u
#define SEGMENTS    13
#define PAM0        0x90
#define PAMS        7
#define TESTDEV     0x18 /* slot 3 */
#define TESTDEV_ARG "-device pci-testdev,addr=3 "

/* Two words at once: whoever shows RAM shows this, PCI's device zeros, nobody ones. */
#define ONES G_MAXUINT64

static guint8 config_readb(QTest *q, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | (offset & ~3u));
    return qtest_inb(q, 0xcfc + (offset & 3));
}

static void config_writeb(QTest *q, unsigned devfn, unsigned offset, guint8 value)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | (offset & ~3u));
    qtest_outb(q, 0xcfc + (offset & 3), value);
}

static void config_writel(QTest *q, unsigned devfn, unsigned offset, guint32 value)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | offset);
    qtest_outl(q, 0xcfc, value);
}

/* A BAR of 4 KiB whose registers are zero. */
static void put_testdev(QTest *q, guint32 address)
{
    config_writel(q, TESTDEV, 0x10, address);
    config_writeb(q, TESTDEV, 4, 2);
}

/* The VM in another process; ends the first. */
static QTest *move(QTest *from, const char *args)
{
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("%s -incoming unix:%s", args, path);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    qtest_stop(from);
    return to;
}

/* --- the hole --- */

/* What is on both sides of it, and that nothing is within. */
static void expect_hole(QTest *q)
{
    g_assert_cmphex(qtest_readq(q, HOLE - 8), ==, 0x1111111111111111);
    for (guint32 at = HOLE; at < SHADOW; at += 0x1000) {
        g_assert_cmphex(qtest_readq(q, at), ==, ONES);
        g_assert_cmphex(qtest_readq(q, at + 0xff8), ==, ONES);
    }
    g_assert_cmphex(qtest_readq(q, SHADOW), ==, 0x2222222222222222);
}

static void test_hole(gconstpointer size)
{
    g_autofree char *args = g_strdup_printf("-M q35 -m %s", (const char *)size);
    QTest *q = qtest_start("%s", args);
    qtest_writeq(q, HOLE - 8, 0x1111111111111111);
    qtest_writeq(q, SHADOW, 0x2222222222222222);
    expect_hole(q);
    qtest_memset(q, HOLE, 0x33, SHADOW - HOLE);
    expect_hole(q);
    board_reset(q);
    expect_hole(q);
    /* What crosses its borders does so byte by byte. */
    qtest_writel(q, HOLE - 2, 0x44444444);
    g_assert_cmphex(qtest_readl(q, HOLE - 2), ==, 0xffff4444);
    qtest_writel(q, SHADOW - 2, 0x55555555);
    g_assert_cmphex(qtest_readl(q, SHADOW - 2), ==, 0x5555ffff);
    qtest_writeq(q, HOLE - 8, 0x1111111111111111);
    qtest_writeq(q, SHADOW, 0x2222222222222222);
    q = move(q, args);
    expect_hole(q);
    qtest_stop(q);
}

/* A BAR that the guest puts there is seen. */
static void test_hole_bar(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " TESTDEV_ARG);
    put_testdev(q, HOLE + 0x8000);
    g_assert_cmphex(qtest_readq(q, HOLE + 0x7ff8), ==, ONES);
    g_assert_cmphex(qtest_readq(q, HOLE + 0x8000), ==, 0);
    g_assert_cmphex(qtest_readq(q, HOLE + 0x8ff8), ==, 0);
    g_assert_cmphex(qtest_readq(q, HOLE + 0x9000), ==, ONES);
    put_testdev(q, HOLE - 0x1000); /* RAM is over PCI */
    qtest_writeq(q, HOLE - 8, 0x1111111111111111);
    g_assert_cmphex(qtest_readq(q, HOLE - 8), ==, 0x1111111111111111);
    g_assert_cmphex(qtest_readq(q, HOLE + 0x8000), ==, ONES);
    qtest_stop(q);
}

/* The other board has memory there. */
static void test_no_hole(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    qtest_writeq(q, HOLE, 0x1111111111111111);
    g_assert_cmphex(qtest_readq(q, HOLE), ==, 0x1111111111111111);
    qtest_stop(q);
}

/* --- PAM --- */

typedef enum Mode { CLOSED, READ, WRITE, OPEN } Mode;

typedef struct Segment {
    guint32 base, size;
    unsigned reg, shift;
} Segment;

/* PAM0's upper half is the last segment, the others' lower halves come first. */
static Segment segment(unsigned n)
{
    if (n == SEGMENTS - 1) {
        return (Segment){ 0xf0000, 0x10000, PAM0, 4 };
    }
    return (Segment){ SHADOW + n * 0x4000, 0x4000, PAM0 + 1 + n / 2, n % 2 ? 4 : 0 };
}

static void set_mode(QTest *q, unsigned n, Mode mode)
{
    Segment s = segment(n);
    guint8 value = config_readb(q, 0, s.reg) & ~(3u << s.shift);
    config_writeb(q, 0, s.reg, (guint8)(value | mode << s.shift));
}

static guint64 mark(unsigned n)
{
    return 0x0101010101010101 * (n + 1);
}

/* The RAM of each segment: what it holds at its begin and end. */
static void fill(QTest *q)
{
    for (unsigned n = 0; n < SEGMENTS; n++) {
        Segment s = segment(n);
        set_mode(q, n, OPEN);
        qtest_writeq(q, s.base, mark(n));
        qtest_writeq(q, s.base + s.size - 8, mark(n));
    }
}

/* RAM is read where its bit says so; a write does nothing but in an open one. */
static void expect_segment(QTest *q, unsigned n, Mode mode)
{
    Segment s = segment(n);
    const guint32 at[] = { s.base, s.base + s.size - 8 };
    for (unsigned i = 0; i < G_N_ELEMENTS(at); i++) {
        guint64 seen = mode == OPEN || mode == READ ? mark(n) : ONES;
        g_assert_cmphex(qtest_readq(q, at[i]), ==, seen);
        qtest_writeq(q, at[i], 0x9999999999999999);
        g_assert_cmphex(qtest_readq(q, at[i]), ==,
                        mode == OPEN ? 0x9999999999999999 : seen);
        if (mode == OPEN) {
            qtest_writeq(q, at[i], mark(n));
        }
    }
}

static void expect_all(QTest *q, const Mode modes[SEGMENTS])
{
    for (unsigned n = 0; n < SEGMENTS; n++) {
        expect_segment(q, n, modes[n]);
    }
}

/* One at a time, from each mode to each: the others stay open. */
static void test_pam(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    Mode modes[SEGMENTS];
    fill(q);
    for (unsigned n = 0; n < SEGMENTS; n++) {
        modes[n] = OPEN;
    }
    for (unsigned n = 0; n < SEGMENTS; n++) {
        for (unsigned step = 0; step < 16; step++) {
            set_mode(q, n, step / 4);
            expect_segment(q, n, step / 4);
            set_mode(q, n, step % 4);
            expect_segment(q, n, step % 4);
        }
        expect_all(q, modes);
    }
    qtest_stop(q);
}

/* All in different modes, then moved, and the same again in the other process. */
static void test_pam_moved(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    Mode modes[SEGMENTS];
    fill(q);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned n = 0; n < SEGMENTS; n++) {
            modes[n] = (n * 3 + n / 4 + round) % 4;
            set_mode(q, n, modes[n]);
        }
        expect_all(q, modes);
        q = move(q, "-M q35 -m 64");
        expect_all(q, modes);
    }
    qtest_stop(q);
}

/* Bits that are not there; a register written with its neighbours; a reset. */
static void test_pam_registers(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    static const guint32 values[] = { 0xffffffff, 0, 0xcccccccc, 0x33333333 };
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        config_writel(q, 0, PAM0, values[i]);
        config_writel(q, 0, PAM0 + 4, values[i]);
        for (unsigned r = 0; r < PAMS; r++) {
            g_assert_cmphex(config_readb(q, 0, PAM0 + r), ==,
                            values[i] & (r ? 0x33 : 0x30));
        }
    }
    config_writel(q, 0, PAM0, 0);
    config_writel(q, 0, PAM0 + 4, 0);
    g_assert_cmphex(qtest_readq(q, SHADOW), ==, ONES);
    g_assert_cmphex(qtest_readq(q, 0xffff8), ==, ONES);
    board_reset(q); /* no firmware: all is memory */
    for (unsigned r = 0; r < PAMS; r++) {
        g_assert_cmphex(config_readb(q, 0, PAM0 + r), ==, r ? 0x33 : 0x30);
    }
    g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0x2052545020445352); /* RSD PTR */
    qtest_stop(q);
}

/* Of a closed segment, and the one that only takes writes, PCI is seen. */
static void test_pam_bar(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " TESTDEV_ARG);
    fill(q);
    for (unsigned n = 0; n < SEGMENTS; n++) {
        Segment s = segment(n);
        put_testdev(q, s.base);
        for (Mode mode = CLOSED; mode <= OPEN; mode++) {
            guint64 seen = mode == OPEN || mode == READ ? mark(n) : 0;
            set_mode(q, n, mode);
            g_assert_cmphex(qtest_readq(q, s.base), ==, seen);
        }
    }
    qtest_stop(q);
}

/* --- A20 --- */

static void expect_lines(QTest *q)
{
    qtest_writeq(q, 0x500, 0x1111111111111111);
    qtest_writeq(q, MIB + 0x500, 0x2222222222222222);
    g_assert_cmphex(qtest_readq(q, 0x500), ==, 0x1111111111111111);
    g_assert_cmphex(qtest_readq(q, MIB + 0x500), ==, 0x2222222222222222);
}

static void i8042_command(QTest *q, guint8 command)
{
    qtest_outb(q, 0x64, command);
}

static guint8 output_port(QTest *q)
{
    i8042_command(q, 0xd0);
    g_assert_cmphex(qtest_inb(q, 0x64) & 1, ==, 1);
    return qtest_inb(q, 0x60);
}

/*
 * The gate's bits, in port 92h and in the keyboard controller's output port, are kept,
 * and mask nothing: KVM has no such gate.
 */
static void test_a20(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    expect_lines(q);
    qtest_outb(q, 0x92, 0x02);
    g_assert_cmphex(qtest_inb(q, 0x92), ==, 0x02);
    expect_lines(q);
    qtest_outb(q, 0x92, 0x00);
    g_assert_cmphex(qtest_inb(q, 0x92), ==, 0x00);
    expect_lines(q);
    i8042_command(q, 0xdd); /* A20 off */
    g_assert_cmphex(output_port(q) & 2, ==, 0);
    expect_lines(q);
    q = move(q, "-M q35 -m 64");
    g_assert_cmphex(output_port(q) & 2, ==, 0);
    expect_lines(q);
    i8042_command(q, 0xdf);
    g_assert_cmphex(output_port(q) & 2, ==, 2);
    i8042_command(q, 0xd1); /* write the output port: no reset */
    qtest_outb(q, 0x60, 0x01);
    g_assert_cmphex(output_port(q) & 2, ==, 0);
    expect_lines(q);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/q35-memory/hole/1M", "1M", test_hole);
    g_test_add_data_func("/q35-memory/hole/64M", "64M", test_hole);
    g_test_add_data_func("/q35-memory/hole/3G", "3G", test_hole);
    g_test_add_func("/q35-memory/hole-bar", test_hole_bar);
    g_test_add_func("/q35-memory/no-hole", test_no_hole);
    g_test_add_func("/q35-memory/pam", test_pam);
    g_test_add_func("/q35-memory/pam-moved", test_pam_moved);
    g_test_add_func("/q35-memory/pam-registers", test_pam_registers);
    g_test_add_func("/q35-memory/pam-bar", test_pam_bar);
    g_test_add_func("/q35-memory/a20", test_a20);
    return g_test_run();
}
