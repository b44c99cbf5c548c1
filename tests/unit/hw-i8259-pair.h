/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8259A on a board of its own, for one test program: ports, pins, life. */
#ifndef VIREO_TESTS_HW_I8259_PAIR_H
#define VIREO_TESTS_HW_I8259_PAIR_H

#include "hw/i8259.h"
#include "memory/address-map.h"
#include "tests/unit/stub-accel.h"

#define MASTER      0x20
#define SLAVE       0xa0
#define MASTER_ELCR 0x4d0
#define SLAVE_ELCR  0x4d1
#define BASE        0x30 /* of the master's vectors; the slave's follow */

#define OCW2_EOI            0x20
#define OCW2_EOI_OF(n)      (0x60 | (n))
#define OCW2_ROTATE_EOI     0xa0
#define OCW2_ROTATE_EOI_(n) (0xe0 | (n))
#define OCW2_ROTATE_AUTO    0x80
#define OCW2_NO_ROTATE_AUTO 0x00
#define OCW2_LOWEST(n)      (0xc0 | (n))
#define OCW3_IRR            0x0a
#define OCW3_ISR            0x0b
#define OCW3_POLL           0x0c
#define OCW3_SPECIAL_MASK   0x68
#define OCW3_NORMAL_MASK    0x48
#define ICW4_AEOI           0x02
#define ICW4_SFNM           0x10

static Device *pic;
static IrqSource sources[I8259_PINS];

static inline void out(guint16 port, guint8 value)
{
    address_map_write(address_map_io(), port, &value, 1);
}

static inline guint8 in(guint16 port)
{
    guint8 value;
    address_map_read(address_map_io(), port, &value, 1);
    return value;
}

static inline guint8 in_service(guint16 port)
{
    out(port, OCW3_ISR);
    return in(port);
}

static inline guint8 requested(guint16 port)
{
    out(port, OCW3_IRR);
    return in(port);
}

static inline void set(unsigned pin, int level)
{
    irq_source_set(&sources[pin], level);
}

static inline void pulse(unsigned pin)
{
    set(pin, 1);
    set(pin, 0);
}

static inline void init_chip(guint16 port, guint8 base, guint8 icw3, guint8 icw4)
{
    out(port, 0x11);
    out(port + 1, base);
    out(port + 1, icw3);
    out(port + 1, icw4 | 1);
}

/* As firmware leaves it, but nothing masked. */
static inline void begin_with(guint8 icw4)
{
    g_autoptr(GError) error = NULL;
    pic = device_new(&i8259_class);
    device_set_name(pic, "i8259");
    device_realize(pic, NULL, &error);
    g_assert_no_error(error);
    for (unsigned pin = 0; pin < I8259_PINS; pin++) {
        if (pin != I8259_CASCADE) {
            irq_source_connect(&sources[pin], i8259_pin(pic, pin));
        }
    }
    init_chip(MASTER, BASE, 0x04, icw4);
    init_chip(SLAVE, BASE + 8, 0x02, icw4 & ~ICW4_SFNM);
}

static inline void begin(void)
{
    begin_with(0);
}

static inline void end(void)
{
    for (unsigned pin = 0; pin < I8259_PINS; pin++) {
        irq_source_disconnect(&sources[pin]);
    }
    out(MASTER + 1, 0xff);
    g_assert_false(stub_pic);
    device_cleanup();
    device_unref(pic);
}

static inline void take(unsigned pin)
{
    g_assert_true(stub_pic);
    g_assert_cmpint(accel_pic_acknowledge(), ==, BASE + (int)pin);
}

static inline GByteArray *save(void)
{
    g_autoptr(GError) error = NULL;
    GByteArray *bytes = g_byte_array_new();
    g_assert_true(state_save(bytes, i8259_class.state, pic, &error));
    return bytes;
}

static inline void load(const GByteArray *bytes)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(state_load(bytes->data, bytes->len, i8259_class.state, pic, &error));
    g_assert_no_error(error);
}

#endif
