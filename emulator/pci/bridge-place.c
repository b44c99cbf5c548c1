/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a bridge is, and what becomes of its place: the name of its bus, the slot that it
 * is, what is kept free behind it, and whether devices come and go there.
 */
#include "pci/bridge-internal.h"
#include "pci/internal.h"
#include "util/error.h"

#define RESERVE_SIZE 32
#define RESERVE_TYPE 1 /* of the vendor-specific capability that firmware reads */

/*
 * A bus is seen through two windows, and so are those behind it through each of them:
 * where a guest lays one over the other, twice as often with each bridge on the way.
 */
#define MAX_DEPTH 8

gboolean pci_bridge_check_depth(const PciDevice *dev, GError **errp)
{
    unsigned depth = 1;
    for (const PciBus *bus = dev->bus; bus->bridge; bus = bus->bridge->bus) {
        depth++;
    }
    return depth <= MAX_DEPTH ||
           error_set(errp, "Device '%s' on bus '%s': more than %u bridges in a row",
                     dev->device.klass->name, dev->bus->bus->name, MAX_DEPTH);
}

/* Without an id the name tells at least where the bridge is. */
char *pci_bridge_bus_name(const PciDevice *dev)
{
    return dev->device.id
               ? g_strdup(dev->device.id)
               : g_strdup_printf("%s.%u", dev->bus->bridge ? dev->bus->bus->name : "pcie",
                                 dev->devfn);
}

/* Slots */

typedef struct SlotSearch {
    const PciBridge *wanted, *found;
} SlotSearch;

static void look_for_slot(PciDevice *dev, void *opaque)
{
    SlotSearch *s = opaque;
    const PciBridge *b = (const PciBridge *)dev;
    PciBus *behind = pci_bridge_bus(dev);
    if (!behind) {
        return;
    }
    if (b != s->wanted && b->slotted && b->chassis == s->wanted->chassis &&
        b->slot == s->wanted->slot) {
        s->found = b;
    }
    pci_bus_foreach(behind, look_for_slot, opaque);
}

/* The guest names slots by chassis and number. */
gboolean pci_bridge_check_slot(const PciBridge *b, GError **errp)
{
    SlotSearch s = { .wanted = b };
    PciBus *root = b->pci.bus;
    while (root->bridge) {
        root = root->bridge->bus;
    }
    pci_bus_foreach(root, look_for_slot, &s);
    if (!s.found) {
        return TRUE;
    }
    const Device *other = &s.found->pci.device;
    return error_set(errp,
                     "Can't add chassis slot: slot %u of chassis %u is that of '%s' (see "
                     "chassis=, slot=)",
                     b->slot, b->chassis, other->id ? other->id : other->path);
}

/* Room for what is to come */

gboolean pci_bridge_check_reserve(const PciBridge *b, GError **errp)
{
    return b->reserve.pref32 == PCI_RESERVE_DEFAULT ||
           b->reserve.window[PCI_WINDOW_PREF] == PCI_RESERVE_DEFAULT ||
           error_set(errp, "pref32-reserve and pref64-reserve cannot be given both");
}

static gboolean is_default(const PciReserve *r)
{
    return r->bus == PCI_RESERVE_DEFAULT && r->pref32 == PCI_RESERVE_DEFAULT &&
           r->window[PCI_WINDOW_IO] == PCI_RESERVE_DEFAULT &&
           r->window[PCI_WINDOW_MEM] == PCI_RESERVE_DEFAULT &&
           r->window[PCI_WINDOW_PREF] == PCI_RESERVE_DEFAULT;
}

/* QEMU's capability "resource reserve". */
static void add_capability(PciDevice *dev, const PciReserve *r)
{
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_VNDR, 0, RESERVE_SIZE);
    pci_set(dev, at + 2, 1, RESERVE_SIZE);
    pci_set(dev, at + 3, 1, RESERVE_TYPE);
    pci_set(dev, at + 4, 4, (guint32)r->bus);
    pci_set(dev, at + 8, 4, (guint32)r->window[PCI_WINDOW_IO]);
    pci_set(dev, at + 12, 4, (guint32)(r->window[PCI_WINDOW_IO] >> 32));
    pci_set(dev, at + 16, 4, (guint32)r->window[PCI_WINDOW_MEM]);
    pci_set(dev, at + 20, 4, (guint32)r->pref32);
    pci_set(dev, at + 24, 4, (guint32)r->window[PCI_WINDOW_PREF]);
    pci_set(dev, at + 28, 4, (guint32)(r->window[PCI_WINDOW_PREF] >> 32));
}

/* io-reserve=0: it has no window for ports, so that nobody looks for room. */
static void drop_io_window(PciDevice *dev)
{
    dev->write_mask[PCI_COMMAND] &= (guint8)~PCI_COMMAND_IO;
    dev->write_mask[PCI_IO_BASE] = dev->write_mask[PCI_IO_LIMIT] = 0;
}

void pci_bridge_add_reserve(PciBridge *b)
{
    if (!is_default(&b->reserve)) {
        add_capability(&b->pci, &b->reserve);
    }
    if (b->reserve.window[PCI_WINDOW_IO] == 0) {
        drop_io_window(&b->pci);
    }
}

/* Hot-plug */

static PciBridgeChanged changed_hook;
static void *changed_opaque;

void pci_bridge_set_hotplug(PciBridgeChanged changed, void *opaque)
{
    changed_hook = changed;
    changed_opaque = opaque;
}

gboolean pci_bridge_has_hotplug(void)
{
    return changed_hook != NULL;
}

gboolean pci_bridge_offer(PciBridge *b, GError **errp)
{
    b->offered = changed_hook && changed_hook(b->bus, TRUE, changed_opaque);
    return b->offered || !changed_hook ||
           error_set(errp, "Bus '%s': there are too many to plug devices into",
                     b->bus->bus->name);
}

void pci_bridge_withdraw(PciBridge *b)
{
    if (b->offered && changed_hook) {
        changed_hook(b->bus, FALSE, changed_opaque);
    }
    b->offered = FALSE;
}
