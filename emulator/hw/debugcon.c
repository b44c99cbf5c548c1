/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port whose bytes go to a character device, whoever is late to take them; a read gives
 * a value by which firmware knows that somebody listens.
 */
#include "config.h"

#include "hw/debugcon.h"

#include "accel/run-state.h"
#include "hw/isa.h"
#include "hw/tx-queue.h"
#include "util/error.h"

#define DEBUGCON_PORT     0xe9
#define DEBUGCON_READBACK 0xe9

typedef struct Debugcon {
    Device dev;
    char *chardev;
    guint32 iobase, readback;

    Region *region;
    ChardevFront *chr;
    TxQueue tx;
} Debugcon;

static guint64 debugcon_read(void *opaque, guint64 offset, unsigned size)
{
    return ((const Debugcon *)opaque)->readback;
}

static void debugcon_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Debugcon *s = opaque;

    tx_queue_send(&s->tx, s->chr, (guint8)value);
}

static const RegionOps debugcon_ops = {
    .read = debugcon_read,
    .write = debugcon_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

static void drain(void *opaque)
{
    Debugcon *s = opaque;

    tx_queue_drain(&s->tx, s->chr);
}

static void peer_changed(void *opaque, ChardevEvent event)
{
    if (event == CHARDEV_CLOSED) {
        drain(opaque); /* to nobody */
    }
}

static void state_changed(gboolean running, void *opaque)
{
    drain(opaque);
}

static const ChardevUser debugcon_user = {
    .event = peer_changed,
    .writable = drain,
};

static gboolean debugcon_realize(Device *dev, GError **errp)
{
    Debugcon *s = (Debugcon *)dev;

    if (!chardev_attach_property("isa-debugcon", s->chardev, &debugcon_user, s, &s->chr,
                                 errp)) {
        return FALSE;
    }
    s->region = region_new_io("isa-debugcon", 1, &debugcon_ops, s);
    if (!address_map_put(address_map_io(), &s->region, s->iobase, errp)) {
        g_prefix_error(errp, "Parameter 'iobase' of device 'isa-debugcon': ");
        chardev_detach(&s->chr);
        return FALSE;
    }
    run_state_subscribe(state_changed, s);
    return TRUE;
}

static void debugcon_unrealize(Device *dev)
{
    Debugcon *s = (Debugcon *)dev;

    run_state_unsubscribe(state_changed, s);
    address_map_take(&s->region);
    drain(s);
    chardev_detach(&s->chr);
    tx_queue_clear(&s->tx);
}

static const StateDesc debugcon_state = {
    .name = "isa-debugcon",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_FIELD("tx", STATE_STRUCT, Debugcon, tx, .nested = &tx_queue_state),
            { NULL },
        },
};

static const Property debugcon_properties[] = {
    { .name = "chardev",
      .type = PROP_STRING,
      .offset = offsetof(Debugcon, chardev),
      .required = TRUE,
      .help = "ID of a chardev to use as a backend" },
    { .name = "iobase",
      .type = PROP_U32,
      .offset = offsetof(Debugcon, iobase),
      .def = G_STRINGIFY(DEBUGCON_PORT),
      .max = 0xffff,
      .guest = TRUE,
      .help = "I/O port" },
    { .name = "readback",
      .type = PROP_U32,
      .offset = offsetof(Debugcon, readback),
      .def = G_STRINGIFY(DEBUGCON_READBACK),
      .max = 0xff,
      .guest = TRUE,
      .help = "what reading gives" },
    { NULL },
};

const DeviceClass debugcon_class = {
    .name = "isa-debugcon",
    .bus = ISA_BUS_TYPE,
    .desc = "port on which firmware writes its messages",
    .instance_size = sizeof(Debugcon),
    .user_creatable = TRUE,
    .properties = debugcon_properties,
    .state = &debugcon_state,
    .realize = debugcon_realize,
    .unrealize = debugcon_unrealize,
};
