/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between layout.c, layout-keep.c and layout-buses.c. */
#ifndef VIREO_PCI_LAYOUT_INTERNAL_H
#define VIREO_PCI_LAYOUT_INTERNAL_H

#include "pci/layout.h"

/* "rp1 (0000:00:02.0)". Free it. */
char *pci_layout_name(const PciDevice *dev);
void pci_layout_bridges(PciBus *root, void (*fn)(PciBridge *bridge, void *opaque),
                        void *opaque);

/*
 * layout-keep.c: what is kept behind bridges, PciBridge.kept. what: a PciWindow, or
 * PCI_KEEP_BUSES.
 */
guint64 pci_keep_grain(unsigned what);
void pci_keep_nothing(PciBus *root, unsigned what);
/* By the user, and for every slot that takes devices at run time. */
void pci_keep_asked(PciBus *root, unsigned what);
/* It is beside what other bridges on its bus pass on, and not all that there is. */
gboolean pci_keep_is_beside(const PciBridge *b, unsigned what);
/* There is something: of equal ones the last that nobody has asked for. */
void pci_keep_halve_largest(PciBus *root, unsigned what);
/* Of what the user has asked for in vain, once all is placed. */
void pci_keep_complain(PciBus *root, GPtrArray *complaints);

/* layout-buses.c */
void pci_number_buses(PciBus *root, GPtrArray *complaints);

#endif
