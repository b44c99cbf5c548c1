/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From bridge-place.c to bridge.c. */
#ifndef VIREO_PCI_BRIDGE_INTERNAL_H
#define VIREO_PCI_BRIDGE_INTERNAL_H

#include "pci/bridge.h"

/* Free it. */
char *pci_bridge_bus_name(const PciDevice *dev);
gboolean pci_bridge_check_depth(const PciDevice *dev, GError **errp);
void pci_bridge_withdraw(PciBridge *b);

#endif
