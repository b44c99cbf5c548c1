/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI buses: the root's, or one behind a bridge.
 *
 * A function takes its address when it is plugged, and answers in configuration space
 * from its announcement on. One that was plugged at run time shows itself only when
 * function 0 of its slot is there as well, so that a slot appears as a whole.
 */
#ifndef VIREO_PCI_BUS_H
#define VIREO_PCI_BUS_H

#include "pci/pci.h"

#define PCI_SLOTS     32
#define PCI_FUNCTIONS 8 /* of a slot */

/* Plugging at run time, for the bus's slots. Under the machine lock. */
typedef struct PciHotplug {
    /* Before anything is done. */
    gboolean (*pre_plug)(PciBus *bus, PciDevice *dev, GError **errp);
    /* It is there, and the guest sees it: tell it. */
    void (*plugged)(PciBus *bus, PciDevice *dev);
    /* Ask the guest to let go of the slot. */
    gboolean (*request_unplug)(PciBus *bus, PciDevice *dev, GError **errp);
    /* It has gone. NULL: nothing to do. */
    void (*unplugged)(PciBus *bus, PciDevice *dev);
    gboolean refuses; /* always: it is there to say why */
} PciHotplug;

/* The wire of a root bus's slot and pin (0: INTA#) into the interrupt router. */
typedef IrqLine *(*PciMapIrq)(void *opaque, unsigned slot, unsigned pin);

struct PciBus {
    Bus *bus;
    PciDevice *bridge;   /* NULL: a root bus */
    unsigned slots;      /* PCI_SLOTS, or 1 behind an Express port */
    gboolean express;    /* PCI Express, not conventional PCI */
    PciDevice **taken;   /* by devfn: who has the address, seen or not */
    Region *memory, *io; /* containers of what is on the bus */
    PciMapIrq map_irq;   /* of a root bus */
    void *irq_opaque;
    const PciHotplug *hotplug; /* NULL: "Bus 'pcie.0' does not support hotplugging" */
    void *hotplug_opaque;
};

/*
 * owner: the bridge or host bridge whose bus it is. The containers are the caller's to
 * put where they belong, and to take out before pci_bus_free().
 */
PciBus *pci_bus_new(const char *name, Device *owner, PciDevice *bridge, unsigned slots);
void pci_bus_free(PciBus *bus);
static inline PciBus *pci_bus_of(const Bus *bus)
{
    return bus->opaque;
}

void pci_bus_set_irqs(PciBus *bus, PciMapIrq map_irq, void *opaque);
/* The router has changed: every function is connected anew. */
void pci_bus_remap_irqs(PciBus *bus);
/* Devices may be plugged at run time. */
static inline gboolean pci_bus_takes(const PciBus *bus)
{
    return bus->hotplug && !bus->hotplug->refuses;
}
/* NULL: takes nothing at run time. */
void pci_bus_set_hotplug(PciBus *bus, const PciHotplug *hotplug, void *opaque);

/* The bus's number as configuration accesses use it: of a root bus 0. */
guint8 pci_bus_number(const PciBus *bus);
/* What answers there, as the guest sees it; NULL: nothing. */
PciDevice *pci_bus_find(const PciBus *bus, unsigned devfn);
/* The bus with this number now, root or below; NULL: none. */
PciBus *pci_bus_by_number(PciBus *root, guint8 number);
/* All functions that have an address on this bus, by it; seen or not. */
void pci_bus_foreach(PciBus *bus, void (*fn)(PciDevice *dev, void *opaque), void *opaque);
/* The bus behind a bridge; NULL: it is none. */
PciBus *pci_bridge_bus(const PciDevice *dev);

#endif
