/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI Express capability (PCI Express 4.0, 7.5.3).
 *
 * A function of an Express class is an endpoint behind a port, and one integrated into
 * the root complex on a root bus.
 */
#ifndef VIREO_PCI_EXPRESS_H
#define VIREO_PCI_EXPRESS_H

#include "pci/pci.h"

#define PCI_EXPRESS_CAP_SIZE 0x3c

/* In realize of an endpoint: FLR is there with it. */
void pci_add_express_endpoint(PciDevice *dev, guint8 offset);
/*
 * A root port, and a port below an upstream port, which is the next. number: of the port.
 * They have a slot when pci_slot_init() has been called.
 */
void pci_add_express_root_port(PciDevice *dev, guint8 offset, guint8 number);
void pci_add_express_downstream_port(PciDevice *dev, guint8 offset, guint8 number);
void pci_add_express_upstream_port(PciDevice *dev, guint8 offset, guint8 number);
/* A bridge to conventional PCI. */
void pci_add_express_pci_bridge(PciDevice *dev, guint8 offset);
/* Something is in the slot of this port: presence and link state follow. */
void pci_express_set_present(PciDevice *port, gboolean present);

#endif
