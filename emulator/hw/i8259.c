/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two 8259A of a PC (Intel ICH9 data sheet, 5.9 and 13.4): ports 20h and A0h, the
 * edge/level registers 4D0h and 4D1h, and the wires: the slave's INT is the master's IR2,
 * the master's INT is the board's ExtINT.
 */
#include "config.h"

#include "hw/i8259.h"

#include "accel/accel.h"
#include "accel/qtest.h"
#include "hw/i8259-chip.h"
#include "memory/address-map.h"

#define CHIPS      2
#define CHIP_PINS  8
#define PORTS      2
#define DEFAULT_IR 7

/* Those that are always edge-triggered: timer, keyboard, cascade; clock, x87. */
static const guint8 elcr_mask[CHIPS] = { 0xf8, 0xde };
static const guint16 chip_port[CHIPS] = { 0x20, 0xa0 };
#define ELCR_PORT 0x4d0

typedef struct I8259 {
    Device dev;
    IrqLine *lines[I8259_PINS];
    Region *regions[CHIPS], *elcr_region;
    I8259Chip chips[CHIPS]; /* master, slave */
    gboolean output;
} I8259;

static I8259Chip *master_of(I8259 *s)
{
    return &s->chips[0];
}

static I8259Chip *slave_of(I8259 *s)
{
    return &s->chips[1];
}

/* Something has changed: what the two INT outputs are now. */
static void update(I8259 *s)
{
    i8259_chip_set_input(master_of(s), I8259_CASCADE,
                         i8259_chip_request(slave_of(s)) >= 0);
    gboolean output = i8259_chip_request(master_of(s)) >= 0;
    if (output != s->output) {
        s->output = output;
        accel_pic_output(output);
        qtest_irq_out(s->dev.path, 0, output);
    }
}

/* The slave's INT goes down with each INTA, so that the next one is an edge again. */
static void acknowledged(I8259 *s, const I8259Chip *c)
{
    if (c == slave_of(s)) {
        i8259_chip_set_input(master_of(s), I8259_CASCADE, FALSE);
    }
}

/* Returns the vector; where nothing is requested any more it is that of the default IR7.
 */
static guint8 acknowledge_chip(I8259 *s, I8259Chip *c)
{
    int n = i8259_chip_request(c);
    if (n < 0) {
        return c->base | DEFAULT_IR;
    }
    i8259_chip_acknowledge(c, (unsigned)n);
    acknowledged(s, c);
    if (c->slaves & 1u << n) {
        return acknowledge_chip(s, slave_of(s));
    }
    return c->base | (guint8)n;
}

static int acknowledge(void *opaque)
{
    I8259 *s = opaque;
    guint8 vector = acknowledge_chip(s, master_of(s));
    update(s);
    return vector;
}

static void set_input(void *opaque, unsigned pin, int level)
{
    I8259 *s = opaque;
    if (pin == I8259_CASCADE) {
        return; /* no such pin; a test may try */
    }
    qtest_irq_in(s->dev.path, pin, level);
    i8259_chip_set_input(&s->chips[pin / CHIP_PINS], pin % CHIP_PINS, level);
    update(s);
}

/* Ports */

static guint64 read_chip(I8259 *s, I8259Chip *c, guint64 offset)
{
    int polled;
    guint8 value = i8259_chip_read(c, (unsigned)offset, &polled);
    if (polled >= 0) {
        acknowledged(s, c);
        update(s);
    }
    return value;
}

static void write_chip(I8259 *s, I8259Chip *c, guint64 offset, guint64 value)
{
    i8259_chip_write(c, (unsigned)offset, (guint8)value);
    update(s);
}

static guint64 read_master(void *opaque, guint64 offset, unsigned size)
{
    return read_chip(opaque, master_of(opaque), offset);
}

static guint64 read_slave(void *opaque, guint64 offset, unsigned size)
{
    return read_chip(opaque, slave_of(opaque), offset);
}

static void write_master(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    write_chip(opaque, master_of(opaque), offset, value);
}

static void write_slave(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    write_chip(opaque, slave_of(opaque), offset, value);
}

static guint64 read_elcr(void *opaque, guint64 offset, unsigned size)
{
    return ((I8259 *)opaque)->chips[offset].elcr;
}

static void write_elcr(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    I8259 *s = opaque;
    i8259_chip_set_elcr(&s->chips[offset], (guint8)value & elcr_mask[offset]);
    update(s);
}

static const RegionOps chip_ops[CHIPS] = {
    { read_master, write_master, .min_size = 1, .max_size = 1, .split = TRUE },
    { read_slave, write_slave, .min_size = 1, .max_size = 1, .split = TRUE },
};

static const RegionOps elcr_ops = {
    .read = read_elcr,
    .write = write_elcr,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

/* Life */

static void i8259_init(Device *dev)
{
    I8259 *s = (I8259 *)dev;

    master_of(s)->slaves = 1u << I8259_CASCADE;
    for (unsigned i = 0; i < CHIPS; i++) {
        i8259_chip_reset(&s->chips[i]);
    }
    for (unsigned pin = 0; pin < I8259_PINS; pin++) {
        s->lines[pin] = irq_line_new(set_input, s, pin);
    }
}

static void i8259_finalize(Device *dev)
{
    I8259 *s = (I8259 *)dev;

    for (unsigned pin = 0; pin < I8259_PINS; pin++) {
        irq_line_free(s->lines[pin]);
    }
}

void i8259_set_level_triggered(Device *dev, guint16 pins)
{
    I8259 *s = (I8259 *)dev;

    for (unsigned i = 0; i < CHIPS; i++) {
        i8259_chip_set_elcr(&s->chips[i], (guint8)(pins >> 8 * i) & elcr_mask[i]);
    }
    update(s);
}

IrqLine *i8259_pin(Device *dev, unsigned pin)
{
    g_assert(pin < I8259_PINS && pin != I8259_CASCADE);
    return ((I8259 *)dev)->lines[pin];
}

static void take_regions(I8259 *s)
{
    for (unsigned i = 0; i < CHIPS; i++) {
        address_map_take(&s->regions[i]);
    }
    address_map_take(&s->elcr_region);
}

static gboolean i8259_realize(Device *dev, GError **errp)
{
    I8259 *s = (I8259 *)dev;
    AddressMap *io = address_map_io();

    for (unsigned i = 0; i < CHIPS; i++) {
        s->regions[i] = region_new_io("i8259", PORTS, &chip_ops[i], s);
        if (!address_map_put(io, &s->regions[i], chip_port[i], errp)) {
            take_regions(s);
            return FALSE;
        }
    }
    s->elcr_region = region_new_io("i8259-elcr", CHIPS, &elcr_ops, s);
    if (!address_map_put(io, &s->elcr_region, ELCR_PORT, errp)) {
        take_regions(s);
        return FALSE;
    }
    accel_set_pic(acknowledge, s);
    qtest_offer_irq_inputs(dev->path, I8259_PINS, set_input, s);
    qtest_offer_irq_outputs(dev->path);
    return TRUE;
}

static void i8259_unrealize(Device *dev)
{
    I8259 *s = (I8259 *)dev;

    accel_set_pic(NULL, NULL);
    take_regions(s);
}

static void i8259_reset(Device *dev)
{
    I8259 *s = (I8259 *)dev;

    for (unsigned i = 0; i < CHIPS; i++) {
        i8259_chip_reset(&s->chips[i]);
    }
    update(s);
}

static gboolean i8259_post_load(void *opaque, guint32 version, GError **errp)
{
    I8259 *s = opaque;

    for (unsigned i = 0; i < CHIPS; i++) {
        s->chips[i].base &= ~7;
        i8259_chip_set_elcr(&s->chips[i], s->chips[i].elcr & elcr_mask[i]);
    }
    update(s);
    return TRUE;
}

static const StateField i8259_fields[] = {
    STATE_ARRAY("chips", STATE_STRUCT, I8259, chips, CHIPS, .nested = &i8259_chip_state,
                .stride = sizeof(I8259Chip)),
    { NULL },
};

static const StateDesc i8259_state = {
    .name = "i8259",
    .version = 1,
    .fields = i8259_fields,
    .post_load = i8259_post_load,
};

const DeviceClass i8259_class = {
    .name = "i8259",
    .desc = "Interrupt controllers (8259A)",
    .instance_size = sizeof(I8259),
    .state = &i8259_state,
    .init = i8259_init,
    .realize = i8259_realize,
    .reset = i8259_reset,
    .unrealize = i8259_unrealize,
    .finalize = i8259_finalize,
};
