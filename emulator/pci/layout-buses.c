/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bus numbers: depth first, as firmware gives them. */
#include "pci/internal.h"
#include "pci/layout-internal.h"

#define LAST_BUS 255u

/* How many there are behind it, kept ones included. */
static void count_behind(PciDevice *dev, void *opaque)
{
    guint *n = opaque, below = 0;
    PciBus *behind = pci_bridge_bus(dev);
    if (behind) {
        pci_bus_foreach(behind, count_behind, &below);
        *n += 1 + MAX(below, (guint)((const PciBridge *)dev)->kept[PCI_KEEP_BUSES]);
    }
}

static guint count(PciBus *root)
{
    guint n = 0;
    pci_bus_foreach(root, count_behind, &n);
    return n;
}

typedef struct Numbering {
    guint8 bus; /* on which the bridge is */
    guint last; /* given so far */
    GPtrArray *complaints;
} Numbering;

static void number_bridge(PciDevice *dev, void *opaque)
{
    Numbering *n = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    if (!behind) {
        return;
    }
    if (n->last == LAST_BUS) {
        g_autofree char *name = pci_layout_name(dev);
        g_ptr_array_add(n->complaints,
                        g_strdup_printf("%s: no bus number, there are more than %u buses",
                                        name, LAST_BUS + 1));
        return;
    }
    Numbering below = { (guint8)(n->last + 1), n->last + 1, n->complaints };
    guint kept_last = below.bus + (guint)((PciBridge *)dev)->kept[PCI_KEEP_BUSES];
    pci_set(dev, PCI_PRIMARY_BUS, 1, n->bus);
    pci_set(dev, PCI_SECONDARY_BUS, 1, below.bus);
    pci_bus_foreach(behind, number_bridge, &below);
    n->last = MAX(below.last, kept_last);
    pci_set(dev, PCI_SUBORDINATE_BUS, 1, n->last);
}

void pci_number_buses(PciBus *root, GPtrArray *complaints)
{
    Numbering n = { .complaints = complaints };
    pci_keep_nothing(root, PCI_KEEP_BUSES);
    if (count(root) <= LAST_BUS) {
        pci_keep_asked(root, PCI_KEEP_BUSES);
        while (count(root) > LAST_BUS) {
            pci_keep_halve_largest(root, PCI_KEEP_BUSES);
        }
    }
    pci_bus_foreach(root, number_bridge, &n);
}
