/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The i6300ESB's watchdog, as Linux's driver works it, and what it must not do: count
 * unless it is enabled, be written to unless it is unlocked. And pvpanic on PCI.
 */
#include "config.h"

#include "tests/device/board.h"
#include "tests/device/turn.h"

#define BOARD  "-M q35 -m 64 -device i6300esb,id=w,addr=4 -action watchdog=pause"
#define ECAM   0xb0000000u
#define CONFIG 0x60
#define LOCK   0x68

typedef struct Watchdog {
    QTest *q;
    guint64 config, bar;
} Watchdog;

static void find(Watchdog *w, QTest *q)
{
    w->q = q;
    w->config = ECAM + (4u << 15);
    w->bar = qtest_readl(q, w->config + 0x10) & ~0xfu;
    qtest_writew(q, w->config + 4, 2);
}

static void set(Watchdog *w, unsigned reg, guint32 value)
{
    qtest_writeb(w->q, w->bar + 0x0c, 0x80);
    qtest_writeb(w->q, w->bar + 0x0c, 0x86);
    qtest_writel(w->q, w->bar + reg, value);
}

/* Both stages of n / 1000 s or so: 32768 of the bus's 33 million clocks each. */
static void begin(Watchdog *w, guint32 n)
{
    qtest_writew(w->q, w->config + CONFIG, 0x03);
    set(w, 0, n);
    set(w, 4, n);
    qtest_writeb(w->q, w->config + LOCK, 2);
}

#define TICK (G_GINT64_CONSTANT(32768) * 1000000000 / 33000000 + 1)

static gboolean ended(Watchdog *w)
{
    board_sync(w->q);
    board_qmp(w->q, "query-status");
    return qtest_event_seen(w->q, "WATCHDOG");
}

static void test_ends(void)
{
    Watchdog w;
    find(&w, qtest_start(BOARD));
    g_assert_cmphex(qtest_readl(w.q, w.config), ==, 0x25ab8086);
    g_assert_cmphex(qtest_readl(w.q, w.config + 8) >> 8, ==, 0x088000);
    qtest_writel(w.q, w.bar, 1); /* it is locked */
    begin(&w, 1000);
    qtest_clock_step(w.q, 1999 * TICK - 10 * TICK);
    g_assert_false(ended(&w));
    set(&w, 0x0c, 0x100); /* alive */
    qtest_clock_step(w.q, 1990 * TICK);
    g_assert_false(ended(&w));
    qtest_clock_step(w.q, 20 * TICK);
    g_autoptr(JsonObject) event = qtest_event_wait(w.q, "WATCHDOG");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "action"), ==, "pause");
    board_qmp(w.q, "cont");
    g_assert_cmphex(qtest_readw(w.q, w.bar + 0x0c), ==, 0x1200);
    qtest_clock_step(w.q, 5000 * TICK); /* once */
    g_assert_false(ended(&w));
    board_reset(w.q);
    find(&w, w.q);
    g_assert_cmphex(qtest_readw(w.q, w.bar + 0x0c), ==, 0x1200); /* that is why */
    set(&w, 0x0c, 0x200);
    g_assert_cmphex(qtest_readw(w.q, w.bar + 0x0c), ==, 0);
    qtest_stop(w.q);
}

/* Not after it was disabled, nor when the guest wants no reboot; a lock keeps it on. */
static void test_control(void)
{
    Watchdog w;
    find(&w, qtest_start(BOARD));
    begin(&w, 10);
    qtest_writeb(w.q, w.config + LOCK, 0);
    qtest_clock_step(w.q, 100 * TICK);
    g_assert_false(ended(&w));
    qtest_writew(w.q, w.config + CONFIG, 0x20);
    qtest_writeb(w.q, w.config + LOCK, 2);
    qtest_clock_step(w.q, 100 * TICK);
    g_assert_false(ended(&w));
    qtest_writeb(w.q, w.config + LOCK, 0);
    qtest_writew(w.q, w.config + CONFIG, 0x04); /* 32 clocks */
    qtest_writeb(w.q, w.config + LOCK, 3);
    qtest_writeb(w.q, w.config + LOCK, 0);
    g_assert_cmphex(qtest_readb(w.q, w.config + LOCK), ==, 3);
    qtest_clock_step(w.q, TICK);
    board_wait(w.q, "WATCHDOG");
    qtest_stop(w.q);
}

/* One that begins anew with nothing to count does so only so often. */
static void test_storm(void)
{
    Watchdog w;
    find(&w, qtest_start("-M q35 -m 64 -device i6300esb,id=w,addr=4 "
                         "-action watchdog=none"));
    guint64 before = turn_of(w.q, "timers").total;
    set(&w, 0, 0);
    set(&w, 4, 0);
    qtest_writew(w.q, w.config + CONFIG, 0x04);
    qtest_writeb(w.q, w.config + LOCK, 6);
    qtest_clock_step(w.q, 10 * TICK); /* 10 ms */
    board_wait(w.q, "WATCHDOG");
    g_assert_cmpuint(turn_of(w.q, "timers").total - before, <, 200);
    qtest_stop(w.q);
}

/* In the second stage: it ends there when it would have ended here. */
static void test_migrate(void)
{
    Watchdog w;
    find(&w, qtest_start(BOARD));
    begin(&w, 1000);
    qtest_clock_step(w.q, 1500 * TICK);
    QTest *from = w.q;
    w.q = board_migrate(from, BOARD);
    qtest_stop(from);
    qtest_clock_step(w.q, 400 * TICK);
    g_assert_false(ended(&w));
    qtest_clock_step(w.q, 120 * TICK);
    board_wait(w.q, "WATCHDOG");
    qtest_stop(w.q);
}

static void test_pvpanic(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device pvpanic-pci,addr=4 -action panic=pause");
    Watchdog w;

    find(&w, q);
    g_assert_cmphex(qtest_readl(q, w.config), ==, 0x00111b36);
    g_assert_cmphex(qtest_readb(q, w.bar), ==, 3);
    qtest_writeb(q, w.bar, 2);
    board_wait(q, "GUEST_CRASHLOADED");
    qtest_writeb(q, w.bar, 1);
    board_wait(q, "GUEST_PANICKED");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i6300esb/ends", test_ends);
    g_test_add_func("/i6300esb/control", test_control);
    g_test_add_func("/i6300esb/storm", test_storm);
    g_test_add_func("/i6300esb/migrate", test_migrate);
    g_test_add_func("/pvpanic/pci", test_pvpanic);
    return g_test_run();
}
