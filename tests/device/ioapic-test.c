/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC over qtest; what it sends is reported as "output VECTOR". */
#include "config.h"

#include "tests/device/board.h"

#define BASE 0xfec00000u
#define PIN  20

#define MASKED     0x10000u
#define LEVEL      0x8000u
#define REMOTE_IRR 0x4000u

static QTest *start(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    g_free(qtest_command_line(q, "irq_intercept_out ioapic"));
    return q;
}

static guint32 get(QTest *q, guint8 reg)
{
    qtest_writel(q, BASE, reg);
    return qtest_readl(q, BASE + 0x10);
}

static void set(QTest *q, guint8 reg, guint32 value)
{
    qtest_writel(q, BASE, reg);
    qtest_writel(q, BASE + 0x10, value);
}

static void set_entry(QTest *q, unsigned pin, guint32 low)
{
    set(q, 0x11 + 2 * pin, 0);
    set(q, 0x10 + 2 * pin, low);
}

static void line(QTest *q, unsigned pin, int level)
{
    g_autofree char *command =
        g_strdup_printf("set_irq_in ioapic unnamed-gpio-in %u %d", pin, level);

    g_free(qtest_command_line(q, command));
}

static void test_registers(void)
{
    QTest *q = start();

    g_assert_cmphex(get(q, 1), ==, 0x003f0020); /* 64 pins, version 0x20 */
    set(q, 0, 0x05000000);
    g_assert_cmphex(get(q, 0), ==, 0x05000000);
    for (unsigned pin = 0; pin < 64; pin++) {
        g_assert_cmphex(get(q, 0x10 + 2 * pin), ==, MASKED);
    }
    set(q, 0x10 + 2 * PIN, 0xffffffff);
    set(q, 0x11 + 2 * PIN, 0xffffffff);
    g_assert_cmphex(get(q, 0x10 + 2 * PIN), ==, 0x1afff); /* status bits are its own */
    g_assert_cmphex(get(q, 0x11 + 2 * PIN), ==, 0xff000000);
    g_assert_cmphex(get(q, 0x90), ==, 0); /* behind the table */
    set(q, 0x90, 1);
    board_reset(q);
    g_assert_cmphex(get(q, 0x10 + 2 * PIN), ==, MASKED);
    qtest_stop(q);
}

static void test_edge(void)
{
    QTest *q = start();
    guint64 seen = 0;

    set_entry(q, PIN, 0x51);
    line(q, PIN, 1);
    line(q, PIN, 1);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 1);
    line(q, PIN, 0);
    line(q, PIN, 1);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 1);
    qtest_stop(q);
}

/*
 * An edge while masked is lost; one that was delivered is not repeated: unmasking
 * sends nothing, whatever the line is (82093AA, 3.2.4).
 */
static void test_masked_edge(void)
{
    QTest *q = start();
    guint64 seen = 0;

    set_entry(q, PIN, 0x51 | MASKED);
    line(q, PIN, 1);
    line(q, PIN, 0);
    set_entry(q, PIN, 0x51);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 0);
    set_entry(q, PIN, 0x51 | MASKED);
    line(q, PIN, 1);
    set_entry(q, PIN, 0x51);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 0);
    line(q, PIN, 0);
    line(q, PIN, 1);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 1);
    set_entry(q, PIN, 0x51 | MASKED); /* with the line up */
    set_entry(q, PIN, 0x51);
    g_assert_cmpuint(board_irq_raised(q, 0x51, &seen), ==, 0);
    qtest_stop(q);
}

/* The same for a device that waits (here: the event device); its next edge counts. */
static void test_pending_edge(void)
{
    QTest *q = start();
    guint64 seen = 0;

    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
    set_entry(q, 9, 0x61);
    g_assert_cmpuint(board_irq_raised(q, 0x61, &seen), ==, 0);
    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
    g_assert_cmpuint(board_irq_raised(q, 0x61, &seen), ==, 1);
    g_assert_cmphex(qtest_readl(q, 0xfea00000), ==, 1);
    qtest_stop(q);
}

static void expect_route(QTest *q, const char *expected)
{
    g_autofree char *command = g_strdup_printf("gsi_route %u", PIN);
    g_autofree char *reply = qtest_command_line(q, command);

    g_assert_cmpstr(reply, ==, expected);
}

/* Where an irqfd leads: through no mask, and yet the EOI of a level must be heard. */
static void test_route(void)
{
    QTest *q = start();

    expect_route(q, "OK none");
    set_entry(q, PIN, 0x51);
    expect_route(q, "OK 0xfee00000 0x51");
    set(q, 0x10 + 2 * PIN, 0x51 | MASKED);
    expect_route(q, "OK none");
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL);
    expect_route(q, "OK 0xfee00000 0xc071");
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL | MASKED);
    expect_route(q, "OK none");
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL);
    line(q, PIN, 1); /* remote IRR */
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL | MASKED);
    expect_route(q, "OK 0xfee00004 0xc071"); /* logical, to nobody */
    qtest_writel(q, BASE + 0x40, 0x71);
    expect_route(q, "OK none");
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL); /* and the level is still there */
    g_assert_cmphex(get(q, 0x10 + 2 * PIN), ==, 0x71 | LEVEL | REMOTE_IRR);
    expect_route(q, "OK 0xfee00000 0xc071");
    board_reset(q);
    expect_route(q, "OK none");
    qtest_stop(q);
}

static void test_level(void)
{
    QTest *q = start();
    guint64 seen = 0;

    set_entry(q, PIN, 0x71 | LEVEL);
    line(q, PIN, 1);
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 1);
    g_assert_cmphex(get(q, 0x10 + 2 * PIN), ==, 0x71 | LEVEL | REMOTE_IRR);
    line(q, PIN, 0);
    line(q, PIN, 1); /* not acknowledged yet */
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 0);
    qtest_writel(q, BASE + 0x40, 0x70); /* another vector */
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 0);
    qtest_writel(q, BASE + 0x40, 0x71); /* still up: again */
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 1);
    line(q, PIN, 0);
    qtest_writel(q, BASE + 0x40, 0x71);
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 0);
    g_assert_cmphex(get(q, 0x10 + 2 * PIN), ==, 0x71 | LEVEL);
    qtest_stop(q);
}

/* Masked while it waits for its EOI: the EOI must still be known. */
static void test_level_masked(void)
{
    QTest *q = start();
    guint64 seen = 0;

    set_entry(q, PIN, 0x71 | LEVEL);
    line(q, PIN, 1);
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL | MASKED);
    qtest_writel(q, BASE + 0x40, 0x71);
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 1);
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL);
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 1);
    /* switching to edge and back forgets the remote IRR */
    set(q, 0x10 + 2 * PIN, 0x71 | MASKED);
    set(q, 0x10 + 2 * PIN, 0x71 | LEVEL);
    g_assert_cmpuint(board_irq_raised(q, 0x71, &seen), ==, 1);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ioapic/registers", test_registers);
    g_test_add_func("/ioapic/edge", test_edge);
    g_test_add_func("/ioapic/masked-edge", test_masked_edge);
    g_test_add_func("/ioapic/pending-edge", test_pending_edge);
    g_test_add_func("/ioapic/route", test_route);
    g_test_add_func("/ioapic/level", test_level);
    g_test_add_func("/ioapic/level-masked", test_level_masked);
    return g_test_run();
}
