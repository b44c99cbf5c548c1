/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI-to-PCI bridges (PCI-to-PCI Bridge 1.2): bus numbers, windows, secondary bus reset.
 */
#ifndef VIREO_PCI_BRIDGE_H
#define VIREO_PCI_BRIDGE_H

#include "pci/bus.h"

/* An address range that a bridge passes on; limit is its last byte. base > limit: none.
 */
typedef struct PciRange {
    guint64 base, limit;
} PciRange;

typedef enum PciWindow {
    PCI_WINDOW_IO,
    PCI_WINDOW_MEM,
    PCI_WINDOW_PREF, /* prefetchable memory, 64-bit */
    PCI_WINDOWS,
    PCI_KEEP_BUSES = PCI_WINDOWS, /* what else the layout keeps */
    PCI_KEEPS,
} PciWindow;

/* What the layout keeps for devices to come; PCI_RESERVE_DEFAULT: as it likes. */
#define PCI_RESERVE_DEFAULT G_MAXUINT64
typedef struct PciReserve {
    guint64 bus;                 /* numbers */
    guint64 window[PCI_WINDOWS]; /* bytes */
    guint64 pref32;              /* bytes of the prefetchable window, below 4 GiB */
} PciReserve;

typedef struct PciBridge {
    PciDevice pci;
    PciBus *bus;
    PciReserve reserve;
    guint64 kept[PCI_KEEPS];      /* the layout's: bytes, bus numbers */
    Region *windows[PCI_WINDOWS]; /* aliases of the bus's containers in the parent's */
    PciRange shown[PCI_WINDOWS];  /* as they stand in the aliases */
    guint resets;                 /* of the bus, that wait */
} PciBridge;

extern const PciDeviceClass pci_bridge_class; /* abstract: parent of bridges */

/* As of the functions in pci.h. The bus takes `slots` slots. */
gboolean pci_bridge_realize(PciDevice *dev, const char *bus_name, unsigned slots,
                            GError **errp);
void pci_bridge_unrealize(Device *dev);
void pci_bridge_reset(Device *dev);

/* What the registers say, enabled or not. */
PciRange pci_bridge_window(const PciDevice *bridge, PciWindow window);
/* FALSE: it does not fit the registers' grain. */
gboolean pci_bridge_set_window(PciDevice *bridge, PciWindow window, PciRange range);

#endif
