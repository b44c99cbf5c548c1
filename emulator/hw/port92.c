/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 92h: its bit 0 resets when it is set, its bit 1 is the A20 gate. KVM's addresses
 * have all their lines at any time, so that the gate is but a bit to read back.
 */
#include "config.h"

#include "hw/port92.h"

#include "accel/run-state.h"
#include "hw/isa.h"

#define INIT_NOW 0x01
#define ALT_A20  0x02
#define WRITABLE (INIT_NOW | ALT_A20)

typedef struct Port92 {
    Device dev;
    Region *region;
    guint8 value;
} Port92;

static guint64 port92_read(void *opaque, guint64 offset, unsigned size)
{
    return ((const Port92 *)opaque)->value;
}

static void port92_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Port92 *s = opaque;
    gboolean init = value & ~s->value & INIT_NOW;

    s->value = value & WRITABLE;
    if (init) {
        vm_request_reset(SHUTDOWN_GUEST_RESET);
    }
}

static const RegionOps port92_ops = {
    .read = port92_read,
    .write = port92_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

static gboolean port92_realize(Device *dev, GError **errp)
{
    Port92 *s = (Port92 *)dev;

    s->region = region_new_io("port92", 1, &port92_ops, s);
    return address_map_put(address_map_io(), &s->region, PORT92_IOBASE, errp);
}

static void port92_reset(Device *dev)
{
    ((Port92 *)dev)->value = 0;
}

static void port92_unrealize(Device *dev)
{
    address_map_take(&((Port92 *)dev)->region);
}

static const StateDesc port92_state = {
    .name = "port92",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_FIELD("value", STATE_U8, Port92, value, .limit = WRITABLE),
            { NULL },
        },
};

const DeviceClass port92_class = {
    .name = "port92",
    .bus = ISA_BUS_TYPE,
    .desc = "fast A20 and reset, port 92h",
    .instance_size = sizeof(Port92),
    .state = &port92_state,
    .realize = port92_realize,
    .reset = port92_reset,
    .unrealize = port92_unrealize,
};
