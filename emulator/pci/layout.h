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
 * devices to come is given up. FALSE, with the first that had no room and stays off; all
 * others are placed.
 */
gboolean pci_layout(PciBus *root, const PciApertures *apertures, GError **errp);

#endif
