/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buses: who is on them, what the guest sees of it, and where it is connected. Addresses
 * are given in slots.c.
 */
#include "pci/bus.h"

#include "event/clock.h"
#include "pci/express.h"
#include "pci/internal.h"
#include "pci/slot.h"
#include "util/error.h"

#define IO_SPACE 0x10000

#define ASK_AGAIN_AFTER (5 * G_GINT64_CONSTANT(1000000000)) /* ns, as QEMU */

static PciDevice *function_0(const PciBus *bus, unsigned devfn)
{
    return bus->taken[PCI_DEVFN(PCI_SLOT(devfn), 0)];
}

/* Whether it shows itself, be its bus in reset or not. */
static gboolean is_shown(const PciBus *bus, const PciDevice *dev)
{
    const PciDevice *first = function_0(bus, dev->devfn);
    return dev->announced && (!dev->device.hotplugged || (first && first->announced));
}

PciDevice *pci_bus_find(const PciBus *bus, unsigned devfn)
{
    PciDevice *dev = PCI_SLOT(devfn) < bus->slots ? bus->taken[devfn] : NULL;
    if (!dev || !is_shown(bus, dev) || pci_bridge_resets(bus->bridge) ||
        pci_slot_is_off(bus->bridge)) {
        return NULL;
    }
    return dev;
}

guint8 pci_bus_number(const PciBus *bus)
{
    return bus->bridge ? (guint8)pci_get(bus->bridge, PCI_SECONDARY_BUS, 1) : 0;
}

/* The bridge passes configuration accesses to this bus number on. */
static gboolean leads_to(const PciDevice *bridge, guint8 number)
{
    return pci_get(bridge, PCI_SECONDARY_BUS, 1) <= number &&
           pci_get(bridge, PCI_SUBORDINATE_BUS, 1) >= number &&
           pci_get(bridge, PCI_SECONDARY_BUS, 1) > 0;
}

PciBus *pci_bus_by_number(PciBus *bus, guint8 number)
{
    if (pci_bus_number(bus) == number) {
        return bus;
    }
    for (unsigned devfn = 0; devfn < bus->slots * PCI_FUNCTIONS; devfn++) {
        PciDevice *dev = pci_bus_find(bus, devfn);
        PciBus *below = dev ? pci_bridge_bus(dev) : NULL;
        if (below && leads_to(dev, number)) {
            return pci_bus_by_number(below, number);
        }
    }
    return NULL;
}

void pci_bus_foreach(PciBus *bus, void (*fn)(PciDevice *dev, void *opaque), void *opaque)
{
    for (unsigned devfn = 0; devfn < bus->slots * PCI_FUNCTIONS; devfn++) {
        if (bus->taken[devfn]) {
            fn(bus->taken[devfn], opaque);
        }
    }
}

/* Interrupts */

void pci_bus_set_irqs(PciBus *bus, PciMapIrq map_irq, void *opaque)
{
    g_assert(!bus->bridge);
    bus->map_irq = map_irq;
    bus->irq_opaque = opaque;
    pci_bus_remap_irqs(bus);
}

static void remap(PciDevice *dev, void *opaque)
{
    PciBus *below = pci_bridge_bus(dev);
    if (dev->announced) {
        pci_intx_connect(dev);
    }
    if (below) {
        pci_bus_remap_irqs(below);
    }
}

void pci_bus_remap_irqs(PciBus *bus)
{
    pci_bus_foreach(bus, remap, NULL);
}

/* Plugging */

typedef struct IndexSearch {
    guint32 index;
    gboolean found;
} IndexSearch;

static void look_for_index(PciDevice *dev, void *opaque)
{
    IndexSearch *search = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    search->found = search->found || dev->acpi_index == search->index;
    if (behind) {
        pci_bus_foreach(behind, look_for_index, search);
    }
}

/* A guest makes a name of it. */
static gboolean check_index(PciBus *bus, const PciDevice *dev, GError **errp)
{
    IndexSearch search = { .index = dev->acpi_index };
    if (!search.index) {
        return TRUE;
    }
    while (bus->bridge) {
        bus = bus->bridge->bus;
    }
    pci_bus_foreach(bus, look_for_index, &search);
    return !search.found ||
           error_set(errp, "a PCI device with acpi-index = %u already exist",
                     dev->acpi_index);
}

static gboolean bus_pre_plug(Bus *bus, Device *device, GError **errp)
{
    PciBus *b = pci_bus_of(bus);
    PciDevice *dev = (PciDevice *)device;
    if (!check_index(b, dev, errp) || !pci_bus_take_address(b, dev, errp)) {
        return FALSE;
    }
    if (device->hotplugged && b->hotplug && b->hotplug->pre_plug &&
        !b->hotplug->pre_plug(b, dev, errp)) {
        pci_bus_give_address(b, dev);
        return FALSE;
    }
    return TRUE;
}

/* The slot's state as its port shows it. */
static void show_presence(PciBus *bus)
{
    if (bus->bridge && bus->express && bus->slots == 1) { /* an Express port's */
        gboolean present = FALSE;
        for (unsigned i = 0; i < bus->slots * PCI_FUNCTIONS; i++) {
            present = present || (bus->taken[i] && is_shown(bus, bus->taken[i]));
        }
        pci_express_set_present(bus->bridge, present);
    }
}

static void bus_announce(Bus *bus, Device *device)
{
    PciBus *b = pci_bus_of(bus);
    PciDevice *dev = (PciDevice *)device;
    dev->announced = TRUE;
    pci_intx_connect(dev);
    show_presence(b);
    if (!device->hotplugged) {
        pci_slot_filled(b);
    } else if (b->hotplug) {
        b->hotplug->plugged(b, dev);
    }
}

static void bus_unplug(Bus *bus, Device *device)
{
    PciBus *b = pci_bus_of(bus);
    PciDevice *dev = (PciDevice *)device;
    gboolean announced = dev->announced;
    dev->announced = FALSE;
    pci_intx_disconnect(dev);
    show_presence(b);
    if (announced && b->hotplug && b->hotplug->unplugged) {
        b->hotplug->unplugged(b, dev);
    }
    pci_bus_give_address(b, dev);
}

gboolean pci_unplug_too_early(const PciDevice *dev, GError **errp)
{
    gint64 now = clock_now(CLOCK_TYPE_VIRTUAL);
    return dev->device.unplug == DEVICE_UNPLUG_REQUESTED && dev->unplug_asked &&
           now - dev->unplug_asked < ASK_AGAIN_AFTER &&
           !device_unplug_too_early(&dev->device, errp);
}

void pci_unplug_asked(PciDevice *dev)
{
    dev->unplug_asked = MAX(clock_now(CLOCK_TYPE_VIRTUAL), 1);
}

static gboolean bus_request_unplug(Bus *bus, Device *device, GError **errp)
{
    PciBus *b = pci_bus_of(bus);
    PciDevice *dev = (PciDevice *)device;
    if (!is_shown(b, dev)) { /* the guest could not answer */
        device_unplug(device);
        return TRUE;
    }
    return b->hotplug->request_unplug(b, dev, errp);
}

static gboolean bus_can_hotplug(const Bus *bus)
{
    return pci_bus_of(bus)->hotplug != NULL;
}

/* As QEMU: without bus= a function goes to the root bus, full or not. */
static BusFit bus_fits(const Bus *bus, const DeviceClass *klass, ConfigNode *options)
{
    return pci_bus_of(bus)->bridge ? BUS_REFUSES : BUS_SUITS;
}

static const BusClass bus_class = {
    .type = PCI_BUS_TYPE,
    .pre_plug = bus_pre_plug,
    .announce = bus_announce,
    .unplug = bus_unplug,
    .fits = bus_fits,
    .request_unplug = bus_request_unplug,
    .can_hotplug = bus_can_hotplug,
};

void pci_bus_set_hotplug(PciBus *bus, const PciHotplug *hotplug, void *opaque)
{
    bus->hotplug = hotplug;
    bus->hotplug_opaque = opaque;
}

PciBus *pci_bus_new(const char *name, Device *owner, PciDevice *bridge, unsigned slots)
{
    PciBus *bus = g_new0(PciBus, 1);
    bus->bridge = bridge;
    bus->slots = slots;
    bus->taken = g_new0(PciDevice *, slots * PCI_FUNCTIONS);
    bus->memory = region_new_container("pci-memory", 0);
    bus->io = region_new_container("pci-io", IO_SPACE);
    bus->bus = bus_new(&bus_class, name, owner, bus);
    return bus;
}

void pci_bus_free(PciBus *bus)
{
    if (!bus) {
        return;
    }
    bus_free(bus->bus);
    region_free(bus->memory);
    region_free(bus->io);
    g_free(bus->taken);
    g_free(bus);
}

void pci_map_begin(void)
{
    address_map_begin();
}

/* What has no room in a listener (a BAR of RAM) is reached through the map. */
void pci_map_end(void)
{
    address_map_settle();
}
