/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC (Intel 82093AA, with the EOI register of version 0x20) for KVM's split
 * irqchip: the local APICs are the accelerator's, the redirection table is ours.
 *
 * Every unmasked entry is a route from the pin's GSI to an MSI, so that an irqfd on
 * the GSI reaches a CPU without us; what devices set under the machine lock is sent
 * as the same MSI. An edge that comes while the entry is masked is lost, and nothing
 * repeats it (82093AA, 3.2.4, bit 16); only when a loaded VM starts, the device behind
 * the pin is asked (irq_line_pending), since an edge may have been lost on the way.
 * Level-triggered entries wait in "remote IRR" until the accelerator reports the
 * vector's EOI.
 */
#include "config.h"

#include "hw/ioapic.h"

#include "accel/accel.h"
#include "accel/qtest.h"
#include "accel/run-state.h"
#include "memory/address-map.h"
#include "util/log.h"

#define IOAPIC_VERSION 0x20

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define REG_EOI    0x40

#define INDEX_ID      0x00
#define INDEX_VERSION 0x01
#define INDEX_ARB     0x02
#define INDEX_TABLE   0x10

/* Redirection table entry. */
#define RTE_VECTOR     0xffull
#define RTE_MODE       (7ull << 8)
#define RTE_LOGICAL    (1ull << 11)
#define RTE_STATUS     (1ull << 12)
#define RTE_REMOTE_IRR (1ull << 14)
#define RTE_LEVEL      (1ull << 15)
#define RTE_MASKED     (1ull << 16)
#define RTE_READ_ONLY  (RTE_STATUS | RTE_REMOTE_IRR)
#define RTE_WRITABLE   0xff0000000001afffull
#define RTE_DEST_SHIFT 56

#define MSI_BASE       0xfee00000u
#define MSI_DEST_SHIFT 12
#define MSI_LOGICAL    (1u << 2)
#define MSI_ASSERT     (1u << 14)
#define MSI_LEVEL      (1u << 15)

typedef struct IoApic {
    Device dev;
    guint64 address;
    Region *region;
    IrqLine *lines[IOAPIC_PINS];

    guint8 select;
    guint32 id;
    guint64 table[IOAPIC_PINS];
    guint8 level[IOAPIC_PINS]; /* of the input */
    guint64 routed;            /* a bit for each pin that has a route */
    gboolean loaded;           /* and not yet started */
} IoApic;

static MsiMessage entry_message(guint64 entry)
{
    guint32 dest = entry >> RTE_DEST_SHIFT;
    MsiMessage msg = {
        .address =
            MSI_BASE | dest << MSI_DEST_SHIFT | (entry & RTE_LOGICAL ? MSI_LOGICAL : 0),
        .data = (entry & (RTE_VECTOR | RTE_MODE)) |
                (entry & RTE_LEVEL ? MSI_LEVEL | MSI_ASSERT : 0),
    };

    return msg;
}

static unsigned entry_vector(guint64 entry)
{
    return entry & RTE_VECTOR;
}

static void update_route(IoApic *s, unsigned pin)
{
    guint64 entry = s->table[pin], bit = 1ull << pin;
    MsiMessage msg = entry_message(entry);
    gboolean none = (entry & RTE_MASKED) && !(entry & RTE_REMOTE_IRR);

    if (none && !(s->routed & bit)) {
        return;
    }
    if (entry & RTE_MASKED) {
        /*
         * An EOI is still to come, and is reported for vectors of routes only: this
         * one is to no CPU (a logical destination of no bits), or an irqfd would get
         * through the mask.
         */
        msg.address = MSI_BASE | MSI_LOGICAL;
    }
    s->routed = none ? s->routed & ~bit : s->routed | bit;
    accel_get()->set_gsi_route(pin, none ? NULL : &msg);
}

/* Without them irqfds, and the EOIs of level-triggered vectors, do not get through. */
static void commit_routes(void)
{
    g_autoptr(GError) error = NULL;
    if (!accel_get()->commit_gsi_routes(&error)) {
        log_once("I/O APIC: %s", error->message);
    }
}

static void send(IoApic *s, unsigned pin)
{
    MsiMessage msg = entry_message(s->table[pin]);

    if (s->table[pin] & RTE_LEVEL) {
        s->table[pin] |= RTE_REMOTE_IRR;
    }
    accel_get()->send_msi(&msg);
    qtest_irq_out(s->dev.path, entry_vector(s->table[pin]), 1);
    qtest_irq_out(s->dev.path, entry_vector(s->table[pin]), 0);
}

/* Level-triggered: the input is up and the last one has been acknowledged. */
static void service_level(IoApic *s, unsigned pin)
{
    if (s->level[pin] && !(s->table[pin] & (RTE_MASKED | RTE_REMOTE_IRR))) {
        send(s, pin);
    }
}

static void set_input(void *opaque, unsigned pin, int level)
{
    IoApic *s = opaque;
    gboolean rising = level && !s->level[pin];

    s->level[pin] = level;
    qtest_irq_in(s->dev.path, pin, level);
    if (s->table[pin] & RTE_LEVEL) {
        service_level(s, pin);
    } else if (rising && !(s->table[pin] & RTE_MASKED)) {
        send(s, pin);
    }
}

static void end_of_interrupt(void *opaque, guint8 vector)
{
    IoApic *s = opaque;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        guint64 entry = s->table[pin];

        if ((entry & RTE_REMOTE_IRR) && entry_vector(entry) == vector) {
            s->table[pin] &= ~RTE_REMOTE_IRR;
            if (entry & RTE_MASKED) {
                update_route(s, pin); /* was for this EOI only */
            }
            service_level(s, pin);
        }
    }
    commit_routes();
}

static void write_entry(IoApic *s, unsigned pin, guint64 value)
{
    guint64 old = s->table[pin];

    value = (value & RTE_WRITABLE) | (old & RTE_READ_ONLY);
    if (!(value & RTE_LEVEL)) {
        value &= ~RTE_REMOTE_IRR;
    }
    s->table[pin] = value;
    if (value == old) {
        return;
    }
    update_route(s, pin);
    commit_routes();
    if (value & RTE_LEVEL) {
        service_level(s, pin); /* a level is still there: unmasked, or made one */
    }
}

static guint32 read_indexed(IoApic *s)
{
    unsigned i = s->select - INDEX_TABLE;

    switch (s->select) {
    case INDEX_ID:
    case INDEX_ARB:
        return s->id;
    case INDEX_VERSION:
        return IOAPIC_VERSION | (IOAPIC_PINS - 1) << 16;
    }
    if (s->select < INDEX_TABLE || i / 2 >= IOAPIC_PINS) {
        return 0;
    }
    return i % 2 ? s->table[i / 2] >> 32 : s->table[i / 2];
}

static void write_indexed(IoApic *s, guint32 value)
{
    unsigned i = s->select - INDEX_TABLE;
    guint64 entry;

    if (s->select == INDEX_ID) {
        s->id = value & 0x0f000000;
    }
    if (s->select < INDEX_TABLE || i / 2 >= IOAPIC_PINS) {
        return;
    }
    entry = s->table[i / 2];
    if (i % 2) {
        entry = (entry & G_MAXUINT32) | (guint64)value << 32;
    } else {
        entry = (entry & ~(guint64)G_MAXUINT32) | value;
    }
    write_entry(s, i / 2, entry);
}

static guint64 ioapic_read(void *opaque, guint64 offset, unsigned size)
{
    IoApic *s = opaque;

    switch (offset) {
    case REG_SELECT:
        return s->select;
    case REG_WINDOW:
        return read_indexed(s);
    }
    return 0;
}

static void ioapic_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    IoApic *s = opaque;

    switch (offset) {
    case REG_SELECT:
        s->select = value;
        break;
    case REG_WINDOW:
        write_indexed(s, value);
        break;
    case REG_EOI:
        end_of_interrupt(s, value);
        break;
    }
}

static const RegionOps ioapic_ops = {
    .read = ioapic_read,
    .write = ioapic_write,
    .min_size = 1,
    .max_size = 4,
};

/* A VM that came by migration starts: edges may have been lost on the way. */
static void state_changed(gboolean running, void *opaque)
{
    IoApic *s = opaque;

    if (!running || !s->loaded) {
        return;
    }
    s->loaded = FALSE;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        if (!(s->table[pin] & (RTE_MASKED | RTE_LEVEL)) &&
            irq_line_pending(s->lines[pin])) {
            send(s, pin);
        }
    }
}

static void ioapic_init(Device *dev)
{
    IoApic *s = (IoApic *)dev;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->table[pin] = RTE_MASKED;
        s->lines[pin] = irq_line_new(set_input, s, pin);
        irq_line_set_gsi(s->lines[pin], pin);
    }
}

static void ioapic_finalize(Device *dev)
{
    IoApic *s = (IoApic *)dev;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        irq_line_free(s->lines[pin]);
    }
}

void ioapic_set_address(Device *dev, guint64 address)
{
    ((IoApic *)dev)->address = address;
}

IrqLine *ioapic_pin(Device *dev, unsigned pin)
{
    g_assert(pin < IOAPIC_PINS);
    return ((IoApic *)dev)->lines[pin];
}

static void ioapic_reset(Device *dev)
{
    IoApic *s = (IoApic *)dev;
    gboolean routed = s->routed != 0;

    s->select = 0;
    s->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->table[pin] = RTE_MASKED;
        update_route(s, pin);
    }
    if (routed) {
        commit_routes();
    }
}

static gboolean ioapic_realize(Device *dev, GError **errp)
{
    IoApic *s = (IoApic *)dev;

    G_STATIC_ASSERT(IOAPIC_PINS <= 64); /* `routed` */
    s->region = region_new_io("ioapic", IOAPIC_SIZE, &ioapic_ops, s);
    if (!address_map_put(address_map_memory(), &s->region, s->address, errp)) {
        return FALSE;
    }
    accel_set_ioapic(IOAPIC_PINS, end_of_interrupt, s);
    run_state_subscribe(state_changed, s);
    qtest_offer_irq_inputs(s->dev.path, IOAPIC_PINS, set_input, s);
    qtest_offer_irq_outputs(s->dev.path);
    return TRUE;
}

static void ioapic_unrealize(Device *dev)
{
    IoApic *s = (IoApic *)dev;

    run_state_unsubscribe(state_changed, s);
    accel_set_ioapic(0, NULL, NULL);
    address_map_take(&s->region);
}

static gboolean ioapic_post_load(void *opaque, guint32 version, GError **errp)
{
    IoApic *s = opaque;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->table[pin] &= RTE_WRITABLE | RTE_REMOTE_IRR;
        update_route(s, pin);
    }
    commit_routes();
    s->loaded = TRUE;
    return TRUE;
}

static const StateField ioapic_fields[] = {
    STATE_FIELD("select", STATE_U8, IoApic, select),
    STATE_FIELD("id", STATE_U32, IoApic, id),
    STATE_ARRAY("table", STATE_U64, IoApic, table, IOAPIC_PINS),
    STATE_ARRAY("level", STATE_U8, IoApic, level, IOAPIC_PINS, .limit = 1),
    { NULL },
};

static const StateDesc ioapic_state = {
    .name = "ioapic",
    .version = 1,
    .fields = ioapic_fields,
    .post_load = ioapic_post_load,
};

const DeviceClass ioapic_class = {
    .name = "ioapic",
    .desc = "I/O APIC",
    .instance_size = sizeof(IoApic),
    .state = &ioapic_state,
    .init = ioapic_init,
    .realize = ioapic_realize,
    .reset = ioapic_reset,
    .unrealize = ioapic_unrealize,
    .finalize = ioapic_finalize,
};
