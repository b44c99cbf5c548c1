/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254: a counter against a model that goes from tick to tick, and the device. */
#include "config.h"

#include "event/clock.h"
#include "hw-board.h"
#include "hw/i8254-counter.h"
#include "hw/i8254.h"
#include "hw/tick.h"

/* --- the model: the mode definitions of the data sheet, one CLK pulse at a time --- */

typedef struct Model {
    int mode;
    gboolean bcd, gate, out;
    int modulus, cr; /* cr: the count register */
    gboolean fresh;  /* cr is to be loaded */
    gboolean trigger;
    gboolean counting; /* a count was loaded */
    int count, ce, pos;
    gboolean high; /* the half of mode 3 */
} Model;

static void model_control(Model *m, int mode, gboolean bcd)
{
    *m = (Model){ .mode = mode, .bcd = bcd, .gate = m->gate, .out = mode != 0 };
    m->modulus = bcd ? 10000 : 65536;
}

static void model_write(Model *m, int count)
{
    m->cr = count ? count : m->modulus;
    m->fresh = TRUE;
    if (m->mode == 0) {
        m->out = FALSE;
        m->counting = FALSE;
    }
}

static void model_gate(Model *m, gboolean gate)
{
    m->trigger |= gate && !m->gate;
    m->gate = gate;
    if (!gate && m->counting && (m->mode == 2 || m->mode == 3)) {
        m->out = TRUE;
    }
}

static void model_load(Model *m)
{
    m->count = m->ce = m->cr;
    m->fresh = FALSE;
    m->counting = TRUE;
    m->pos = 0;
}

static void clock_single(Model *m)
{
    gboolean by_gate = m->mode == 1 || m->mode == 5;
    gboolean loads = by_gate ? m->trigger && m->cr : m->fresh;

    if (loads) {
        model_load(m);
        m->out = m->mode >= 4;
        return;
    }
    if (!m->counting || (!by_gate && !m->gate)) {
        return;
    }
    m->out |= m->mode >= 4;
    m->ce = (m->ce ? m->ce : m->modulus) - 1;
    m->pos++;
    if (m->ce == 0 && m->pos == m->count) {
        m->out = m->mode < 4;
    }
}

static void clock_rate(Model *m)
{
    if (m->trigger ? m->cr != 0 : m->fresh && !m->counting) {
        model_load(m);
        m->out = TRUE;
    } else if (m->counting && m->gate) {
        if (--m->ce == 0) {
            model_load(m);
        }
        m->out = m->ce != 1;
    }
}

static void clock_square(Model *m)
{
    if (m->trigger ? m->cr != 0 : m->fresh && !m->counting) {
        model_load(m);
        m->out = m->high = TRUE;
    } else if (m->counting && m->gate) {
        if (++m->pos == (m->high ? (m->count + 1) / 2 : m->count / 2)) {
            m->high = !m->high;
            model_load(m);
        }
        m->out = m->high;
    }
    m->ce = (m->count & ~1) - 2 * m->pos;
}

static void model_clock(Model *m)
{
    if (m->mode == 2) {
        clock_rate(m);
    } else if (m->mode == 3) {
        clock_square(m);
    } else {
        clock_single(m);
    }
    m->trigger = FALSE;
}

static int random_count(const Model *m)
{
    int low = m->mode == 2 || m->mode == 3 ? 2 : 1;

    switch (g_test_rand_int_range(0, 8)) {
    case 0:
        return 0;
    case 1:
        return m->modulus - 1;
    case 2:
        return g_test_rand_int_range(low, m->modulus);
    default:
        return g_test_rand_int_range(low, 24);
    }
}

static guint16 bcd(int n)
{
    return (guint16)(n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 << 12);
}

static void check_count(PitCounter *c, const Model *m, guint64 tick)
{
    int want = m->ce % m->modulus, got;

    pit_counter_latch(c, TRUE, FALSE, tick);
    got = pit_counter_read(c, tick);
    got |= pit_counter_read(c, tick) << 8;
    if (m->counting) {
        g_assert_cmphex(got, ==, m->bcd ? bcd(want) : want);
    }
}

static void random_operation(PitCounter *c, Model *m, guint64 tick)
{
    int what = g_test_rand_int_range(0, 64), n;

    if (what == 0) {
        int mode = g_test_rand_int_range(0, 6);

        model_control(m, mode, g_test_rand_bit());
        pit_counter_control(c, 0x30 | mode << 1 | m->bcd);
    } else if (what < 3) {
        n = random_count(m);
        model_write(m, n);
        n = m->bcd ? bcd(n) : n;
        pit_counter_write(c, n & 0xff, tick);
        pit_counter_write(c, n >> 8, tick);
    } else if (what < 6) {
        n = g_test_rand_bit();
        model_gate(m, n);
        pit_counter_set_gate(c, n, tick);
    } else if (what < 12) {
        check_count(c, m, tick);
    }
}

static void test_model(void)
{
    PitCounter c;
    Model m = { .gate = TRUE };

    pit_counter_reset(&c);
    model_control(&m, 0, FALSE);
    for (guint64 tick = 1000; tick < 400000; tick++) {
        guint64 edge = 0;
        gboolean was = m.out;

        g_assert_cmpint(pit_counter_out(&c, tick), ==, m.out);
        gboolean rises = pit_counter_next_edge(&c, tick, &edge) && edge == tick + 1;
        model_clock(&m);
        g_assert_cmpint(rises, ==, m.out && !was);
        g_assert_cmpint(pit_counter_out(&c, tick + 1), ==, m.out);
        random_operation(&c, &m, tick + 1);
    }
}

/* --- the device --- */

static Device *pit(void)
{
    hw_edges(0);
    return hw_plug(&i8254_class, hw_isa, NULL);
}

static guint64 tick_now(void)
{
    return tick_from_ns(hw_now(), I8254_HZ);
}

static void step_to_tick(guint64 tick)
{
    hw_step(tick_to_ns(tick, I8254_HZ) - hw_now());
}

static void program(unsigned channel, guint8 mode, guint16 count)
{
    hw_out8(0x43, (guint8)(channel << 6 | 0x30 | mode << 1));
    hw_out8((guint16)(0x40 + channel), count & 0xff);
    hw_out8((guint16)(0x40 + channel), count >> 8);
}

static void test_periodic(void)
{
    Device *dev = pit();

    for (guint8 mode = 2; mode <= 3; mode++) {
        guint64 start = tick_now() + 1;

        program(0, mode, 11932);
        g_assert_true(hw_irq[0].level);
        hw_edges(0);
        step_to_tick(start + 11931);
        g_assert_cmpuint(hw_edges(0), ==, 0);
        step_to_tick(start + 11932);
        g_assert_cmpuint(hw_edges(0), ==, 1);
        step_to_tick(start + 11932 * 100);
        g_assert_cmpuint(hw_edges(0), ==, 99);
        /* A new count waits for the end of the period; in mode 3, of the half. */
        hw_out8(0x40, 1000 & 0xff);
        hw_out8(0x40, 1000 >> 8);
        step_to_tick(start + 11932 * 100 + (mode == 2 ? 11931 : 11932 / 2 + 499));
        g_assert_cmpuint(hw_edges(0), ==, 0);
        step_to_tick(start + 11932 * 100 + (mode == 2 ? 11932 : 11932 / 2 + 500));
        g_assert_cmpuint(hw_edges(0), ==, 1);
        step_to_tick(tick_now() + 10000);
        g_assert_cmpuint(hw_edges(0), ==, 10);
    }
    hw_unplug(dev);
    g_assert_false(hw_irq[0].level);
}

static void test_one_shot(void)
{
    Device *dev = pit();
    guint64 start = tick_now() + 1;

    program(0, 0, 500);
    g_assert_false(hw_irq[0].level);
    step_to_tick(start + 499);
    g_assert_false(hw_irq[0].level);
    step_to_tick(start + 500);
    g_assert_true(hw_irq[0].level);
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(0), ==, 1);
    /* Linux' one-shot: the control word once, then counts. */
    hw_out8(0x40, 100);
    g_assert_false(hw_irq[0].level);
    hw_out8(0x40, 0);
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(0), ==, 1);
    hw_unplug(dev);
}

/* The edge is due before the write that asks for it has ended. */
static void test_slow_host(void)
{
    Device *dev = pit();

    for (int mode = 0; mode <= 4; mode += 4) {
        program(0, mode, 60000);
        hw_edges(0);
        clock_qtest_creep(1000000);
        hw_out8(0x40, 100);
        hw_out8(0x40, 0);
        clock_qtest_creep(0);
        hw_step(1000000);
        g_assert_cmpuint(hw_edges(0), ==, 1);
        hw_step(1000000000);
        g_assert_cmpuint(hw_edges(0), ==, 0);
    }
    hw_unplug(dev);
}

static void test_read_back(void)
{
    Device *dev = pit();

    program(1, 2, 1000);
    hw_out8(0x43, 0xe4); /* status of channel 1, not loaded yet */
    g_assert_cmphex(hw_in8(0x41), ==, 0xf4);
    step_to_tick(tick_now() + 101);
    hw_out8(0x43, 0xc4); /* count and status */
    hw_step(1000000);
    hw_out8(0x43, 0x40); /* latched already */
    g_assert_cmphex(hw_in8(0x41), ==, 0xb4);
    g_assert_cmphex(hw_in8(0x41), ==, 900 & 0xff);
    g_assert_cmphex(hw_in8(0x41), ==, 900 >> 8);
    program(1, 2, 0);
    step_to_tick(tick_now() + 2);
    g_assert_cmphex(hw_in8(0x41), ==, 0xff); /* not latched: one byte, then the other */
    step_to_tick(tick_now() + 256);
    g_assert_cmphex(hw_in8(0x41), ==, 0xfe);
    hw_out8(0x43, 0x60); /* MSB alone */
    hw_out8(0x41, 2);
    step_to_tick(tick_now() + 2);
    g_assert_cmphex(hw_in8(0x41), ==, 1);
    g_assert_cmphex(hw_in8(0x43), ==, 0);
    hw_unplug(dev);
}

static void test_speaker(void)
{
    Device *dev = pit();
    guint8 port = hw_in8(0x61);

    g_assert_cmphex(port & 0xcf, ==, 0);
    hw_step(15085);
    g_assert_cmphex(hw_in8(0x61) ^ port, ==, 0x10);
    /* The measurement of the TSC: gate up, mode 0, wait for OUT. */
    hw_out8(0x61, 0x01);
    program(2, 0, 0xffff);
    guint64 start = tick_now() + 1;
    step_to_tick(start + 0x8000);
    hw_out8(0x61, 0x0e); /* the gate stops it */
    hw_step(1000000000);
    g_assert_cmphex(hw_in8(0x61) & 0x2f, ==, 0x0e);
    start = tick_now() - 0x8000;
    hw_out8(0x61, 0x01);
    step_to_tick(start + 0xfffe);
    g_assert_cmphex(hw_in8(0x61) & 0x20, ==, 0);
    step_to_tick(start + 0xffff);
    g_assert_cmphex(hw_in8(0x61) & 0x2f, ==, 0x21);
    hw_unplug(dev);
}

/* As fast as it likes: neither we nor the interrupt controller see more than 10 kHz. */
static void test_fast(void)
{
    Device *dev = pit();
    unsigned edges;

    for (guint16 count = 1; count <= 64; count *= 2) {
        program(0, 2, count);
        hw_edges(0);
        hw_step(10000000);
        edges = hw_edges(0);
        g_assert_cmpuint(edges, <=, 101);
        g_assert_cmpuint(edges, >=, count == 1 ? 0 : 99);
    }
    hw_unplug(dev);
}

/* Nor does a guest that migrates. */
static void test_fast_moves(void)
{
    Device *dev = pit();
    unsigned edges = 0;

    program(0, 2, 2);
    hw_step(1000000);
    for (unsigned i = 0; i < 100; i++) {
        dev = hw_move(dev, hw_isa, NULL);
        hw_edges(0);
        hw_step(50000);
        edges += hw_edges(0);
    }
    g_assert_cmpuint(edges, >=, 49);
    g_assert_cmpuint(edges, <=, 51);
    hw_unplug(dev);
}

/* Of those that were due, how many did not come. */
static unsigned lost_after_delay(const char *policy)
{
    g_autoptr(GError) error = NULL;
    Device *dev = device_new(&i8254_class);
    g_autoptr(ConfigNode) value = config_string_new(policy);
    unsigned lost;

    g_assert_true(device_set_property(dev, "lost_tick_policy", value, &error));
    g_assert_true(device_realize(dev, hw_isa, &error));
    program(0, 2, 11932);
    guint64 start = tick_now() + 1;
    hw_edges(0);
    step_to_tick(start + 11932 * 10);
    g_assert_cmpuint(hw_edges(0), ==, 10);
    clock_virtual_set(hw_now() + 500000000); /* the host does something else */
    step_to_tick(tick_now() + 11932 * 10);
    lost = (unsigned)((tick_now() - start) / 11932) - 10 - hw_edges(0);
    clock_virtual_set(hw_now() + G_GINT64_CONSTANT(100000000000));
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(0), <=, 202); /* a second's are made up for, no more */
    hw_unplug(dev);
    return lost;
}

static void test_lost_ticks(void)
{
    g_assert_cmpuint(lost_after_delay("delay"), ==, 0);
    g_assert_cmpuint(lost_after_delay("discard"), ==, 48);
}

/* The HPET has IRQ 0. */
static void test_irq_disabled(void)
{
    Device *dev = pit();

    program(0, 2, 11932);
    i8254_set_irq_enabled(dev, FALSE);
    g_assert_false(hw_irq[0].level);
    hw_edges(0);
    dev = hw_move(dev, hw_isa, NULL);
    program(0, 2, 1000);
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(0), ==, 0);
    i8254_set_irq_enabled(dev, TRUE);
    hw_edges(0);
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(0), >=, 1190);
    hw_unplug(dev);
}

static void test_move(void)
{
    Device *dev = pit();
    guint64 start = tick_now() + 1;

    program(0, 2, 20000);
    program(2, 3, 100);
    hw_out8(0x61, 1);
    step_to_tick(start);
    hw_out8(0x43, 0x00);
    step_to_tick(start + 19000);
    hw_out8(0x40, 10000 & 0xff); /* half of a count */
    hw_edges(0);
    dev = hw_move(dev, hw_isa, NULL);
    hw_out8(0x40, 10000 >> 8);
    g_assert_cmpuint(hw_edges(0), ==, 1); /* of this board: the line goes up again */
    g_assert_cmphex(hw_in8(0x40), ==, 20000 & 0xff);
    g_assert_cmphex(hw_in8(0x40), ==, 20000 >> 8);
    step_to_tick(start + 19999);
    g_assert_cmpuint(hw_edges(0), ==, 0);
    dev = hw_move(dev, hw_isa, NULL);
    hw_edges(0);
    step_to_tick(start + 29999);
    g_assert_cmpuint(hw_edges(0), ==, 1);
    step_to_tick(start + 30000);
    g_assert_cmpuint(hw_edges(0), ==, 1);
    hw_unplug(dev);
}

static void test_walk(void)
{
    Device *dev = hw_walk(pit(), hw_isa, NULL, FALSE, 0x3e, 0x26);

    hw_unplug(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    g_test_add_func("/hw/i8254/model", test_model);
    g_test_add_func("/hw/i8254/periodic", test_periodic);
    g_test_add_func("/hw/i8254/one-shot", test_one_shot);
    g_test_add_func("/hw/i8254/slow-host", test_slow_host);
    g_test_add_func("/hw/i8254/read-back", test_read_back);
    g_test_add_func("/hw/i8254/speaker", test_speaker);
    g_test_add_func("/hw/i8254/fast", test_fast);
    g_test_add_func("/hw/i8254/fast-moves", test_fast_moves);
    g_test_add_func("/hw/i8254/lost-ticks", test_lost_ticks);
    g_test_add_func("/hw/i8254/irq-disabled", test_irq_disabled);
    g_test_add_func("/hw/i8254/move", test_move);
    g_test_add_func("/hw/i8254/walk", test_walk);
    return g_test_run();
}
