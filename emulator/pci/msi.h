/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI (PCI 3.0, 6.8.1), with a 64-bit address, and most often per-vector masking. The
 * mask, and what is raised while it is set, are as with MSI-X (pci/msix.h).
 */
#ifndef VIREO_PCI_MSI_H
#define VIREO_PCI_MSI_H

#include "pci/pci.h"

#define PCI_MSI_CAP_SIZE 24
#define PCI_MSI_MAX      32

/* In realize. n: a power of two; cap: offset of the capability, or 0. */
void pci_msi_init(PciDevice *dev, unsigned n, guint8 cap);
/* The same without mask and pending bits: a capability of this size. */
#define PCI_MSI_PLAIN_CAP_SIZE 14
void pci_msi_init_plain(PciDevice *dev, unsigned n, guint8 cap);
gboolean pci_msi_enabled(const PciDevice *dev);
/* Machine lock. Vectors beyond those that the guest has enabled share the last one. */
void pci_msi_raise(PciDevice *dev, unsigned vector);

#endif
