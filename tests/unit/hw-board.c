/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-board.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/run-state.h"
#include "event/clock.h"
#include "event/loop.h"
#include "hw/isa.h"
#include "memory/address-map.h"

#define WALK_STEPS 20000

HwIrq hw_irq[HW_LINES];
Bus *hw_isa;

static void irq(void *opaque, unsigned n, int level)
{
    hw_irq[n].edges += level && !hw_irq[n].level;
    hw_irq[n].level = level != 0;
}

static void boards_end(void)
{
    isa_bus_free(g_steal_pointer(&hw_isa));
    for (unsigned i = 0; i < HW_LINES; i++) {
        g_clear_pointer(&hw_irq[i].line, irq_line_free);
    }
}

void hw_board_make(void)
{
    g_autoptr(ConfigNode) accel = config_map_new();
    g_autoptr(GError) error = NULL;
    IrqLine *lines[ISA_IRQS];

    event_init();
    config_map_set(accel, "accel", config_string_new("qtest"));
    accel_init(accel, &error);
    g_assert_no_error(error);
    for (unsigned i = 0; i < HW_LINES; i++) {
        hw_irq[i].line = irq_line_new(irq, NULL, i);
        if (i < ISA_IRQS) {
            lines[i] = hw_irq[i].line;
        }
    }
    hw_isa = isa_bus_new("isa.0", lines);
    vm_start();
    atexit(boards_end);
}

Device *hw_plug(const DeviceClass *klass, Bus *bus, void (*wire)(Device *dev))
{
    g_autoptr(GError) error = NULL;
    Device *dev = device_new(klass);

    device_set_name(dev, klass->name);
    if (wire) {
        wire(dev);
    }
    device_realize(dev, bus, &error);
    g_assert_no_error(error);
    return dev;
}

void hw_unplug(Device *dev)
{
    device_unplug(dev);
    g_assert_false(dev->realized);
    device_unref(dev);
}

void hw_reset(Device *dev)
{
    if (dev->klass->reset) {
        dev->klass->reset(dev);
    }
}

unsigned hw_edges(unsigned line)
{
    unsigned edges = hw_irq[line].edges;

    hw_irq[line].edges = 0;
    return edges;
}

static guint64 map_read(AddressMap *map, guint64 addr, unsigned size)
{
    guint64 value = 0;

    address_map_read(map, addr, &value, size);
    return GUINT64_FROM_LE(value);
}

static void map_write(AddressMap *map, guint64 addr, guint64 value, unsigned size)
{
    value = GUINT64_TO_LE(value);
    address_map_write(map, addr, &value, size);
}

guint8 hw_in8(guint16 port)
{
    return (guint8)map_read(address_map_io(), port, 1);
}

guint16 hw_in16(guint16 port)
{
    return (guint16)map_read(address_map_io(), port, 2);
}

guint32 hw_in32(guint16 port)
{
    return (guint32)map_read(address_map_io(), port, 4);
}

void hw_out8(guint16 port, guint8 value)
{
    map_write(address_map_io(), port, value, 1);
}

void hw_out16(guint16 port, guint16 value)
{
    map_write(address_map_io(), port, value, 2);
}

void hw_out32(guint16 port, guint32 value)
{
    map_write(address_map_io(), port, value, 4);
}

guint64 hw_read(guint64 addr, unsigned size)
{
    return map_read(address_map_memory(), addr, size);
}

void hw_write(guint64 addr, guint64 value, unsigned size)
{
    map_write(address_map_memory(), addr, value, size);
}

gint64 hw_now(void)
{
    return clock_now(CLOCK_TYPE_VIRTUAL);
}

void hw_step(gint64 ns)
{
    gint64 to = hw_now() + ns;

    while (!clock_qtest_step_to(to)) {
    }
}

GByteArray *hw_save(Device *dev)
{
    g_autoptr(GError) error = NULL;
    GByteArray *state = g_byte_array_new();

    state_save(state, dev->klass->state, dev, &error);
    g_assert_no_error(error);
    return state;
}

gboolean hw_load(Device *dev, const GByteArray *state)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = state_load(state->data, state->len, dev->klass->state, dev, &error);

    g_assert_true(ok == !error);
    return ok;
}

Device *hw_move(Device *dev, Bus *bus, void (*wire)(Device *dev))
{
    const DeviceClass *klass = dev->klass;
    g_autoptr(GByteArray) state = hw_save(dev);

    hw_unplug(dev);
    dev = hw_plug(klass, bus, wire);
    g_assert_true(hw_load(dev, state));
    g_autoptr(GByteArray) again = hw_save(dev);
    g_assert_cmpmem(state->data, state->len, again->data, again->len);
    return dev;
}

/* Loads what a hostile source may have sent; what is refused is loaded right again. */
static void load_damaged(Device *dev)
{
    g_autoptr(GByteArray) state = hw_save(dev), damaged = hw_save(dev);

    for (int n = g_test_rand_int_range(1, 4); n; n--) {
        damaged->data[g_test_rand_int_range(0, (gint32)state->len)] =
            (guint8)g_test_rand_int();
    }
    if (!hw_load(dev, damaged)) {
        g_assert_true(hw_load(dev, state));
    }
}

static void walk_access(gboolean memory, guint64 first, unsigned n)
{
    AddressMap *map = memory ? address_map_memory() : address_map_io();
    guint64 addr = first + (guint64)g_test_rand_int_range(0, (gint32)n);
    unsigned size = 1u << g_test_rand_int_range(0, 4);
    guint64 value =
        (guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int();

    if (g_test_rand_bit()) {
        map_read(map, addr, size);
    } else {
        /* small numbers are more likely to mean something */
        map_write(map, addr, g_test_rand_bit() ? value : value & 0x3f, size);
    }
}

Device *hw_walk(Device *dev, Bus *bus, void (*wire)(Device *dev), gboolean memory,
                guint64 first, unsigned n)
{
    for (unsigned i = 0; i < WALK_STEPS; i++) {
        int what = g_test_rand_int_range(0, 1000);

        if (what < 2) {
            dev = hw_move(dev, bus, wire);
        } else if (what < 3) {
            hw_reset(dev);
        } else if (what < 5) {
            load_damaged(dev);
        } else if (what < 100) {
            hw_step(g_test_rand_int_range(0, 1 << g_test_rand_int_range(1, 26)));
        } else {
            walk_access(memory, first, n);
        }
    }
    return dev;
}

static unsigned resets;

static void reset_asked(void *opaque)
{
    resets++;
    vm_reset_done();
}

void hw_count_resets(void)
{
    vm_set_reset_handler(reset_asked, NULL);
}

static void set_true(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

unsigned hw_resets_heard(void)
{
    gboolean heard = FALSE;
    event_loop_post(event_loop_main(), set_true, &heard); /* behind the request */
    while (!heard) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    unsigned n = resets;
    resets = 0;
    return n;
}
