/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X (PCI 3.0, 6.8.2): a table of vectors and their pending bits in a function's BARs.
 *
 * A vector is masked by its own bit, by the function's mask, while MSI-X or bus mastering
 * is off. What is raised meanwhile is pending, also when it came by the eventfd, and is
 * sent once when the last of these goes.
 */
#ifndef VIREO_PCI_MSIX_H
#define VIREO_PCI_MSIX_H

#include "pci/pci.h"

#define MSIX_MAX_VECTORS 2048

/*
 * In realize, once the BARs are there; both regions are put over what is in the BAR. cap:
 * offset of the capability, or 0. The table takes 16 bytes a vector, the pending bits 8
 * bytes for every 64. Undone by pci_device_unrealize().
 */
void msix_init(PciDevice *dev, unsigned n, guint8 cap, unsigned table_bar,
               guint32 table_offset, unsigned pba_bar, guint32 pba_offset);
/* The same in a memory BAR of its own, laid out as QEMU does. */
void msix_init_bar(PciDevice *dev, unsigned n, guint8 cap, unsigned bar);

gboolean msix_enabled(const PciDevice *dev);
/* Machine lock. A vector that is not there: nothing. */
void msix_raise(PciDevice *dev, unsigned vector);
/* An eventfd that raises the vector, for the data plane; counted. */
gboolean msix_fd_get(PciDevice *dev, unsigned vector, int *fd, GError **errp);
void msix_fd_put(PciDevice *dev, unsigned vector);

#endif
