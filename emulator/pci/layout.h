/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources for guests that boot without firmware: bus numbers, BARs and the windows of
 * bridges, laid out as firmware would have done it, with room for what is plugged later.
 */
#ifndef VIREO_PCI_LAYOUT_H
#define VIREO_PCI_LAYOUT_H

#include "pci/bridge.h"

/* What the layout may use. */
typedef struct PciApertures {
    PciRange io;    /* ports */
    PciRange mem;   /* below 4 GiB */
    PciRange mem64; /* above, for what is 64-bit and prefetchable; base > limit: none */
} PciApertures;

/*
 * Gives addresses to all functions on the bus and below it, and switches them on: at
 * machine start, and after each reset. Where room is short, first what is only kept for
 * devices to come is made smaller, then the largest BARs get no address. FALSE: a BAR or
 * a bus has none.
 *
 * complaints takes a text (owned by it) of each of those, and of each reserve= that could
 * not be kept in full.
 */
gboolean pci_layout(PciBus *root, const PciApertures *apertures, GPtrArray *complaints);

/* Bytes from base on that hold all that belongs into mem64, with what is to be kept. */
guint64 pci_layout_need(PciBus *root, guint64 base);

#endif
