/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HPET: counter, matches, periods, levels, the replacement of PIT and RTC. */
#include "config.h"

#include "event/clock.h"
#include "hw-board.h"
#include "hw/hpet.h"
#include "hw/i8254.h"
#include "hw/rtc.h"

#define REG(n)     (HPET_BASE + (n))
#define CONFIG     REG(0x10)
#define STATUS     REG(0x20)
#define COUNTER    REG(0xf0)
#define TIMER(n)   REG(0x100 + 0x20 * (n))
#define COMPARE(n) REG(0x108 + 0x20 * (n))

#define LEVEL    0x002
#define ENABLE   0x004
#define PERIODIC 0x008
#define SET      0x040
#define BITS32   0x100
#define ROUTE(n) ((guint64)(n) << 9)

static Device *pit, *rtc;

static void wire(Device *dev)
{
    IrqLine *gsis[HPET_GSIS];
    HpetWiring wiring = { gsis, hw_irq[0].line, hw_irq[8].line, pit, rtc };

    for (unsigned i = 0; i < HPET_GSIS; i++) {
        gsis[i] = hw_irq[i].line;
    }
    hpet_set_wiring(dev, &wiring);
}

static void forget_edges(void)
{
    for (unsigned i = 0; i < HW_LINES; i++) {
        hw_edges(i);
    }
}

static Device *plug(void)
{
    forget_edges();
    return hw_plug(&hpet_class, NULL, wire);
}

static guint64 get(guint64 reg)
{
    return hw_read(reg, 8);
}

static void set(guint64 reg, guint64 value)
{
    hw_write(reg, value, 8);
}

/* Ticks of the counter. */
static void step(guint64 ticks)
{
    hw_step((gint64)ticks * 10);
}

static void test_counter(void)
{
    Device *dev = plug();

    g_assert_cmphex(get(REG(0)), ==, 0x9896808086a201ull);
    g_assert_cmphex(get(TIMER(0)), ==, 0x00ff010400000030ull);
    step(1000);
    g_assert_cmpuint(get(COUNTER), ==, 0);
    set(COUNTER, 0xfffffff0);
    set(CONFIG, 1);
    step(0x20);
    g_assert_cmphex(get(COUNTER), ==, 0x100000010);
    g_assert_cmphex(hw_read(COUNTER, 4), ==, 0x10);
    g_assert_cmphex(hw_read(COUNTER + 4, 4), ==, 1);
    g_assert_cmphex(hw_read(COUNTER, 1), ==, 0xff); /* no such access */
    dev = hw_move(dev, NULL, wire);
    step(0x10);
    set(CONFIG, 0);
    step(1000);
    g_assert_cmphex(get(COUNTER), ==, 0x100000020);
    dev = hw_move(dev, NULL, wire);
    step(1000);
    hw_write(COUNTER + 4, 7, 4);
    g_assert_cmphex(get(COUNTER), ==, 0x700000020);
    set(CONFIG, 1);
    step(1);
    g_assert_cmphex(get(COUNTER), ==, 0x700000021);
    hw_reset(dev);
    g_assert_cmphex(get(COUNTER), ==, 0);
    hw_unplug(dev);
}

static void test_one_shot(void)
{
    Device *dev = plug();

    set(CONFIG, 1);
    set(TIMER(0), ENABLE | ROUTE(2));
    g_assert_cmphex((guint32)get(TIMER(0)), ==, (0x30 | ENABLE | ROUTE(2)));
    set(TIMER(0), ENABLE | ROUTE(3)); /* there is none: the old one stays */
    g_assert_cmphex((guint32)get(TIMER(0)), ==, (0x30 | ENABLE | ROUTE(2)));
    set(COMPARE(0), get(COUNTER) + 500);
    step(499);
    g_assert_cmpuint(hw_edges(2), ==, 0);
    step(1);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    step(G_GUINT64_CONSTANT(100000000000));
    g_assert_cmpuint(hw_edges(2), ==, 0);
    set(COMPARE(0), get(COUNTER) - 1); /* too late */
    step(1000000);
    g_assert_cmpuint(hw_edges(2), ==, 0);
    set(COMPARE(0), get(COUNTER)); /* just in time */
    step(0);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    /* In 32 bits the time comes again. */
    set(TIMER(0), ENABLE | ROUTE(2) | BITS32);
    set(COMPARE(0), 0x700000000 | (guint32)(get(COUNTER) - 1));
    step(0xfffffffe);
    g_assert_cmpuint(hw_edges(2), ==, 0);
    step(1);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    step(0x1ffffffff);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    step(1);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    set(TIMER(0), ROUTE(2));
    set(COMPARE(0), get(COUNTER) + 10);
    step(10);
    g_assert_cmpuint(hw_edges(2), ==, 0);
    /* What a halted counter stands on is met when it starts. */
    set(CONFIG, 0);
    set(TIMER(0), ENABLE | ROUTE(2));
    set(COMPARE(0), get(COUNTER));
    step(1000);
    dev = hw_move(dev, NULL, wire);
    g_assert_cmpuint(hw_edges(2), ==, 0);
    set(CONFIG, 1);
    step(0);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    hw_unplug(dev);
}

static void test_periodic(void)
{
    Device *dev = plug();

    set(CONFIG, 1);
    set(TIMER(1), ENABLE | PERIODIC | SET | ROUTE(20) | BITS32);
    hw_write(COMPARE(1), (guint32)get(COUNTER) + 250000, 4); /* as Linux does */
    hw_write(COMPARE(1), 100000, 4);
    g_assert_cmphex((guint32)get(TIMER(1)) & SET, ==, 0);
    step(249999);
    g_assert_cmpuint(hw_edges(20), ==, 0);
    step(1);
    g_assert_cmpuint(hw_edges(20), ==, 1);
    step(99999);
    dev = hw_move(dev, NULL, wire);
    g_assert_cmpuint(hw_edges(20), ==, 0);
    step(1);
    g_assert_cmpuint(hw_edges(20), ==, 1);
    step(100000000);
    g_assert_cmpuint(hw_edges(20), ==, 1000);
    hw_write(COMPARE(1), 50000, 4); /* the period alone */
    step(100000);
    g_assert_cmpuint(hw_edges(20), ==, 1);
    step(100000);
    g_assert_cmpuint(hw_edges(20), ==, 2);
    clock_virtual_set(hw_now() + G_GINT64_CONSTANT(100000000000)); /* very late */
    step(0);
    g_assert_cmpuint(hw_edges(20), ==, 1);
    step(100000);
    g_assert_cmpuint(hw_edges(20), ==, 2);
    set(CONFIG, 0);
    step(1000000);
    g_assert_cmpuint(hw_edges(20), ==, 0);
    hw_unplug(dev);
}

static void test_fast(void)
{
    Device *dev = plug();

    set(CONFIG, 1);
    for (guint64 period = 0; period <= 4096; period = period ? period * 4 : 1) {
        set(TIMER(2), ENABLE | PERIODIC | SET | ROUTE(16));
        set(COMPARE(2), get(COUNTER) + 1);
        set(COMPARE(2), period);
        hw_edges(16);
        step(1000000);
        g_assert_cmpuint(hw_edges(16), <=, 101);
    }
    hw_unplug(dev);
}

/* As seldom when the guest migrates. */
static void test_fast_moves(void)
{
    Device *dev = plug();
    unsigned edges = 0;

    set(CONFIG, 1);
    set(TIMER(2), ENABLE | PERIODIC | SET | ROUTE(16));
    set(COMPARE(2), get(COUNTER) + 1);
    set(COMPARE(2), 1);
    step(100000);
    for (unsigned i = 0; i < 100; i++) {
        dev = hw_move(dev, NULL, wire);
        hw_edges(16);
        hw_step(50000);
        edges += hw_edges(16);
    }
    g_assert_cmpuint(edges, >=, 49);
    g_assert_cmpuint(edges, <=, 51);
    hw_unplug(dev);
}

/* The match is due before the write that brings it near has ended. */
static void test_slow_host(void)
{
    Device *dev = plug();

    set(CONFIG, 1);
    set(TIMER(0), ENABLE | ROUTE(2));
    set(COMPARE(0), 1000000000);
    clock_qtest_creep(1000000);
    set(COUNTER, 1000000000 - 100);
    clock_qtest_creep(0);
    step(0);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    hw_unplug(dev);
}

static void test_level(void)
{
    Device *dev = plug();

    set(CONFIG, 1);
    set(TIMER(2), LEVEL | ROUTE(23)); /* not enabled: the status alone */
    set(COMPARE(2), get(COUNTER) + 100);
    step(100);
    g_assert_cmphex(get(STATUS), ==, 4);
    g_assert_false(hw_irq[23].level);
    set(TIMER(2), LEVEL | ENABLE | ROUTE(23));
    g_assert_true(hw_irq[23].level);
    dev = hw_move(dev, NULL, wire);
    g_assert_true(hw_irq[23].level);
    set(TIMER(2), LEVEL | ENABLE | ROUTE(22));
    g_assert_false(hw_irq[23].level);
    g_assert_true(hw_irq[22].level);
    set(CONFIG, 0);
    g_assert_false(hw_irq[22].level);
    set(CONFIG, 1);
    g_assert_true(hw_irq[22].level);
    set(STATUS, 3);
    g_assert_true(hw_irq[22].level);
    set(STATUS, 4);
    g_assert_false(hw_irq[22].level);
    g_assert_cmphex(get(STATUS), ==, 0);
    set(TIMER(2), LEVEL | ENABLE | PERIODIC | SET | ROUTE(22));
    set(COMPARE(2), get(COUNTER) + 100000);
    set(COMPARE(2), 100000);
    hw_edges(22);
    step(1000000);
    g_assert_cmpuint(hw_edges(22), ==, 1); /* until it is seen */
    set(STATUS, 4);
    g_assert_false(hw_irq[22].level);
    step(100000);
    g_assert_true(hw_irq[22].level);
    hw_reset(dev);
    g_assert_false(hw_irq[22].level);
    hw_unplug(dev);
}

static void program_pit(void)
{
    hw_out8(0x43, 0x34);
    hw_out8(0x40, 11932 & 0xff);
    hw_out8(0x40, 11932 >> 8);
}

static void program_rtc(void)
{
    hw_out8(RTC_IOBASE, 0x0b);
    hw_out8(RTC_IOBASE + 1, 0x42);
    hw_out8(RTC_IOBASE, 0x0c);
    hw_in8(RTC_IOBASE + 1);
}

static void test_legacy(void)
{
    pit = hw_plug(&i8254_class, hw_isa, NULL);
    rtc = hw_plug(&rtc_class, hw_isa, NULL);
    Device *dev = plug();

    program_pit();
    program_rtc();
    set(CONFIG, 2); /* halted: theirs still */
    forget_edges();
    hw_step(100000000);
    g_assert_cmpuint(hw_edges(0), >=, 9);
    g_assert_cmpuint(hw_edges(8), ==, 1);
    hw_in8(RTC_IOBASE + 1);
    set(CONFIG, 3);
    forget_edges();
    hw_step(100000000);
    g_assert_cmpuint(hw_edges(0) + hw_edges(8), ==, 0);
    set(TIMER(0), ENABLE | ROUTE(2));
    set(TIMER(1), ENABLE | ROUTE(2));
    set(TIMER(2), ENABLE | ROUTE(2));
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        set(COMPARE(i), get(COUNTER) + 100);
    }
    dev = hw_move(dev, NULL, wire);
    step(100);
    g_assert_cmpuint(hw_edges(0), ==, 1);
    g_assert_cmpuint(hw_edges(8), ==, 1);
    g_assert_cmpuint(hw_edges(2), ==, 1);
    set(CONFIG, 1);
    g_assert_true(hw_irq[0].level); /* the PIT's again */
    hw_in8(RTC_IOBASE + 1);
    forget_edges();
    hw_step(100000000);
    g_assert_cmpuint(hw_edges(0), >=, 9);
    g_assert_cmpuint(hw_edges(8), ==, 1);
    hw_unplug(dev);
    hw_unplug(g_steal_pointer(&rtc));
    hw_unplug(g_steal_pointer(&pit));
}

static void test_walk(void)
{
    hw_unplug(hw_walk(plug(), NULL, wire, TRUE, HPET_BASE, 0x180));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    g_test_add_func("/hw/hpet/counter", test_counter);
    g_test_add_func("/hw/hpet/one-shot", test_one_shot);
    g_test_add_func("/hw/hpet/periodic", test_periodic);
    g_test_add_func("/hw/hpet/fast", test_fast);
    g_test_add_func("/hw/hpet/fast-moves", test_fast_moves);
    g_test_add_func("/hw/hpet/slow-host", test_slow_host);
    g_test_add_func("/hw/hpet/level", test_level);
    g_test_add_func("/hw/hpet/legacy", test_legacy);
    g_test_add_func("/hw/hpet/walk", test_walk);
    return g_test_run();
}
