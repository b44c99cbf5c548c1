/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines: wired OR, edges, splits, descriptors; on a stub accelerator. */
#include "config.h"

#include "device/irq.h"

#include "event/loop.h"
#include "tests/unit/stub-accel.h"

#define PINS    4
#define SOURCES 8
#define STEPS   20000

static int level[PINS];   /* as the pins see it */
static guint heard[PINS]; /* how often they were told */

static void set_pin(void *opaque, unsigned n, int up)
{
    g_assert_cmpint(up, !=, level[n]); /* of changes only */
    level[n] = up;
    heard[n]++;
}

static IrqLine *pins[PINS];

static void begin(void)
{
    for (unsigned n = 0; n < PINS; n++) {
        pins[n] = irq_line_new(set_pin, NULL, n);
        level[n] = 0;
        heard[n] = 0;
    }
}

static void end(void)
{
    for (unsigned n = 0; n < PINS; n++) {
        g_clear_pointer(&pins[n], irq_line_free);
    }
}

static void test_or(void)
{
    IrqSource a = { 0 }, b = { 0 };
    begin();
    irq_source_connect(&a, pins[0]);
    irq_source_connect(&b, pins[0]);
    irq_source_set(&a, 1);
    irq_source_set(&a, 5);
    irq_source_set(&b, 1);
    g_assert_cmpuint(heard[0], ==, 1);
    irq_source_set(&a, 0);
    g_assert_cmpint(level[0], ==, 1);
    g_assert_true(irq_line_level(pins[0]));
    irq_source_set(&b, 0);
    g_assert_cmpint(level[0], ==, 0);
    g_assert_false(irq_line_level(pins[0]));
    g_assert_cmpuint(heard[0], ==, 2);
    irq_source_disconnect(&a);
    irq_source_disconnect(&b);
    g_assert_cmpuint(heard[0], ==, 2);
    end();
}

static void test_pulse(void)
{
    IrqSource a = { 0 };
    begin();
    irq_line_pulse(pins[1]);
    g_assert_cmpuint(heard[1], ==, 2);
    g_assert_cmpint(level[1], ==, 0);
    irq_source_connect(&a, pins[1]);
    irq_source_set(&a, 1);
    irq_line_pulse(pins[1]); /* no edge on a wire that is up, and it stays up */
    g_assert_cmpuint(heard[1], ==, 3);
    g_assert_cmpint(level[1], ==, 1);
    irq_source_disconnect(&a);
    g_assert_cmpint(level[1], ==, 0);
    end();
}

/* The level goes along with its source. */
static void test_move(void)
{
    IrqSource a = { 0 }, b = { 0 };
    begin();
    irq_source_set(&a, 1); /* connected to nothing yet */
    irq_source_connect(&a, pins[0]);
    g_assert_cmpint(level[0], ==, 1);
    irq_source_connect(&b, pins[0]);
    irq_source_set(&b, 1);
    irq_source_connect(&a, pins[1]);
    g_assert_cmpint(level[0], ==, 1); /* b's */
    g_assert_cmpint(level[1], ==, 1);
    irq_source_connect(&a, pins[1]);
    g_assert_cmpuint(heard[1], ==, 1);
    irq_source_connect(&a, NULL);
    g_assert_cmpint(level[1], ==, 0);
    irq_source_connect(&a, pins[1]);
    g_assert_cmpint(level[1], ==, 1);
    irq_source_disconnect(&a);
    g_assert_cmpint(level[1], ==, 0);
    irq_source_connect(&a, pins[1]);
    g_assert_cmpint(level[1], ==, 0); /* a disconnected source is down */
    irq_source_disconnect(&a);
    irq_source_disconnect(&b);
    end();
}

static gboolean yes(void *opaque)
{
    (*(int *)opaque)++;
    return TRUE;
}

static void test_split(void)
{
    IrqSource a = { 0 }, other = { 0 };
    int asked = 0;
    begin();
    IrqLine *split = irq_line_new_split(pins[0], pins[2]);
    irq_source_connect(&a, split);
    irq_source_connect(&other, pins[2]);
    irq_source_set(&other, 1);
    irq_source_set(&a, 1);
    g_assert_cmpint(level[0], ==, 1);
    irq_source_set(&a, 0);
    g_assert_cmpint(level[0], ==, 0);
    g_assert_cmpint(level[2], ==, 1);
    irq_source_set(&other, 0);
    irq_line_pulse(split);
    g_assert_cmpuint(heard[0], ==, 4);
    g_assert_cmpuint(heard[2], ==, 4);

    g_assert_false(irq_line_pending(pins[0]));
    irq_line_set_pending(split, yes, &asked);
    g_assert_true(irq_line_pending(pins[0]));
    g_assert_true(irq_line_pending(pins[2]));
    g_assert_cmpint(asked, ==, 2);
    irq_line_set_pending(split, NULL, NULL);
    g_assert_false(irq_line_pending(pins[2]));

    irq_source_disconnect(&a);
    irq_source_disconnect(&other);
    irq_line_free(split);
    end();
}

static void test_fd_in_kernel(void)
{
    g_autoptr(GError) error = NULL;
    begin();
    irq_line_set_gsi(pins[0], 7);
    int fd = irq_line_fd_get(pins[0], &error);
    g_assert_no_error(error);
    g_assert_cmpint(irq_line_fd_get(pins[0], &error), ==, fd);
    stub_signal(fd);
    g_assert_cmpuint(stub_edges->len, ==, 1);
    g_assert_cmpuint(g_array_index(stub_edges, guint, 0), ==, 7);
    irq_line_fd_put(pins[0]);
    g_assert_cmpuint(stub_irqfds(), ==, 1);
    irq_line_fd_put(pins[0]);
    g_assert_cmpuint(stub_irqfds(), ==, 0);
    g_assert_cmpuint(heard[0], ==, 0);
    g_array_set_size(stub_edges, 0);
    end();
}

static void test_fd_main_loop(void)
{
    g_autoptr(GError) error = NULL;
    begin();
    int fd = irq_line_fd_get(pins[3], &error); /* no GSI */
    g_assert_no_error(error);
    stub_signal(fd);
    while (heard[3] < 2) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    stub_signal(fd);
    irq_line_fd_put(pins[3]); /* what was signalled is not lost */
    g_assert_cmpuint(heard[3], ==, 4);
    end();
}

/* Any sequence of calls against what the wires must be. */
static void test_random(void)
{
    IrqSource sources[SOURCES] = { 0 };
    int at[SOURCES], up[SOURCES] = { 0 };
    guint ups = 0;
    begin();
    for (unsigned s = 0; s < SOURCES; s++) {
        at[s] = -1;
    }
    for (guint step = 0; step < STEPS; step++) {
        unsigned s = (unsigned)g_test_rand_int_range(0, SOURCES);
        switch (g_test_rand_int_range(0, 6)) {
        case 0:
            at[s] = g_test_rand_int_range(-1, PINS);
            irq_source_connect(&sources[s], at[s] < 0 ? NULL : pins[at[s]]);
            break;
        case 1:
            irq_source_disconnect(&sources[s]);
            at[s] = -1;
            up[s] = 0;
            break;
        default:
            up[s] = g_test_rand_int_range(0, 2);
            irq_source_set(&sources[s], up[s]);
            break;
        }
        int expected[PINS] = { 0 };
        for (s = 0; s < SOURCES; s++) {
            if (at[s] >= 0) {
                expected[at[s]] |= up[s];
            }
        }
        for (unsigned n = 0; n < PINS; n++) {
            g_assert_cmpint(level[n], ==, expected[n]);
            ups += (guint)level[n];
        }
    }
    g_assert_cmpuint(ups, >, STEPS / 10);
    for (unsigned s = 0; s < SOURCES; s++) {
        irq_source_disconnect(&sources[s]);
    }
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stub_accel_init();
    g_test_add_func("/irq/or", test_or);
    g_test_add_func("/irq/pulse", test_pulse);
    g_test_add_func("/irq/move", test_move);
    g_test_add_func("/irq/split", test_split);
    g_test_add_func("/irq/fd-in-kernel", test_fd_in_kernel);
    g_test_add_func("/irq/fd-main-loop", test_fd_main_loop);
    g_test_add_func("/irq/random", test_random);
    return g_test_run();
}
