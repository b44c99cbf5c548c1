/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses on a bus, by QEMU's rules: the first free slot where none is named; a slot
 * has more than one function only when its function 0 says so; function 0 comes last when
 * a slot is filled at run time.
 */
#include "pci/internal.h"
#include "util/error.h"

static const char *name_of(const PciDevice *dev)
{
    return dev->device.klass->name;
}

static gboolean find_free(const PciBus *bus, const PciDevice *dev, guint8 *devfn,
                          GError **errp)
{
    for (unsigned slot = 0; slot < bus->slots; slot++) {
        *devfn = PCI_DEVFN(slot, 0);
        if (!bus->taken[*devfn]) {
            return TRUE;
        }
    }
    return error_set(errp,
                     "PCI: no slot/function available for %s, all in use or reserved "
                     "(bus '%s')",
                     name_of(dev), bus->bus->name);
}

/* What a slot of several functions asks of the functions in it. */
static gboolean check_functions(const PciBus *bus, const PciDevice *dev, guint8 devfn,
                                GError **errp)
{
    unsigned slot = PCI_SLOT(devfn);
    const PciDevice *first = bus->taken[PCI_DEVFN(slot, 0)];
    if (PCI_FUNC(devfn)) {
        return !first || first->multifunction ||
               error_set(errp,
                         "PCI: single function device can't be populated in function "
                         "%x.%x",
                         slot, PCI_FUNC(devfn));
    }
    for (unsigned i = 1; !dev->multifunction && i < PCI_FUNCTIONS; i++) {
        if (bus->taken[PCI_DEVFN(slot, i)]) {
            return error_set(errp,
                             "PCI: %x.0 indicates single function, but %x.%x is already "
                             "populated.",
                             slot, slot, i);
        }
    }
    return TRUE;
}

static gboolean check_free(const PciBus *bus, const PciDevice *dev, guint8 devfn,
                           GError **errp)
{
    unsigned slot = PCI_SLOT(devfn);
    if (slot >= bus->slots) {
        return error_set(errp,
                         "PCI: slot %u is not valid for %s, parent device only allows "
                         "plugging into slot 0.",
                         slot, name_of(dev));
    }
    const PciDevice *there = bus->taken[devfn];
    if (there) {
        return error_set(errp,
                         "PCI: slot %u function %u not available for %s, in use by "
                         "%s,id=%s",
                         slot, PCI_FUNC(devfn), name_of(dev), name_of(there),
                         there->device.id ? there->device.id : "");
    }
    const PciDevice *first = bus->taken[PCI_DEVFN(slot, 0)];
    if (dev->device.hotplugged && first) {
        return error_set(errp,
                         "PCI: slot %u function 0 already occupied by %s, new func %s "
                         "cannot be exposed to guest.",
                         slot, name_of(first), name_of(dev));
    }
    return TRUE;
}

gboolean pci_bus_take_address(PciBus *bus, PciDevice *dev, GError **errp)
{
    guint8 devfn = (guint8)dev->addr;
    if (dev->addr < 0 ? !find_free(bus, dev, &devfn, errp)
                      : !check_free(bus, dev, devfn, errp)) {
        return FALSE;
    }
    if (!check_functions(bus, dev, devfn, errp)) {
        return FALSE;
    }
    dev->bus = bus;
    dev->addr = dev->devfn = devfn; /* both sides of a migration say where it is */
    bus->taken[devfn] = dev;
    return TRUE;
}

void pci_bus_give_address(PciBus *bus, PciDevice *dev)
{
    g_assert(bus->taken[dev->devfn] == dev);
    bus->taken[dev->devfn] = NULL;
}
