/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus of a port: a cable with one end for a drive. */
#include "ide/ide.h"

#include <string.h>

#include "util/error.h"

/* ATA8-ACS, 9.12: what a drive says that has been reset. */
#define SIGNATURE_ATA    0x000001u
#define SIGNATURE_PACKET 0xeb1401u

/* QEMU counts the units of a bus, of which the first is free, or none. */
static gboolean bus_pre_plug(Bus *bus, Device *dev, GError **errp)
{
    guint32 unit = ((IdeDrive *)dev)->unit;

    return unit == 0 || unit == IDE_UNIT_ANY ||
           error_set(errp, "Can't create IDE unit %u, bus supports only 1 units", unit);
}

static gboolean bus_plug(Bus *bus, Device *dev, GError **errp)
{
    IdePort *port = bus->opaque;

    port->drive = (IdeDrive *)dev;
    port->drive->port = port;
    return TRUE;
}

static void bus_unplug(Bus *bus, Device *dev)
{
    IdePort *port = bus->opaque;

    if (port->drive == (IdeDrive *)dev) { /* it may have failed before that */
        port->drive->port = NULL;
        port->drive = NULL;
    }
}

/* QEMU's do not either. */
static gboolean bus_can_hotplug(const Bus *bus)
{
    return FALSE;
}

static const BusClass bus_class = {
    .type = IDE_BUS_TYPE,
    .max_devices = 1,
    .pre_plug = bus_pre_plug,
    .plug = bus_plug,
    .unplug = bus_unplug,
    .can_hotplug = bus_can_hotplug,
};

void ide_port_init(IdePort *port, const char *name, Device *owner, void *opaque)
{
    static guint serial = 1; /* QEMU counts all places, two on each bus */

    *port = (IdePort){ .opaque = opaque, .serial = serial };
    serial += 2;
    port->bus = bus_new(&bus_class, name, owner, port);
}

void ide_port_finalize(IdePort *port)
{
    g_clear_pointer(&port->bus, bus_free);
}

void ide_drive_signature(const IdeDrive *drive, IdeRegisters *regs)
{
    gboolean packet = ide_drive_get_class(drive)->packet;

    *regs =
        (IdeRegisters){ .count = 1, .lba = packet ? SIGNATURE_PACKET : SIGNATURE_ATA };
}
