/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nobody shows what is written to port 80h, and reads give ones, as where nothing is. It
 * is a device so that nothing else can be put there.
 */
#include "config.h"

#include "hw/port80.h"

#include "hw/isa.h"

typedef struct Port80 {
    Device dev;
    Region *region;
} Port80;

static const RegionOps port80_ops = { .min_size = 1, .max_size = 4 };

static gboolean port80_realize(Device *dev, GError **errp)
{
    Port80 *s = (Port80 *)dev;

    s->region = region_new_io("port80", 1, &port80_ops, s);
    return address_map_put(address_map_io(), &s->region, PORT80_IOBASE, errp);
}

static void port80_unrealize(Device *dev)
{
    address_map_take(&((Port80 *)dev)->region);
}

const DeviceClass port80_class = {
    .name = "port80",
    .bus = ISA_BUS_TYPE,
    .desc = "POST codes and delays, port 80h",
    .instance_size = sizeof(Port80),
    .realize = port80_realize,
    .unrealize = port80_unrealize,
};
