/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the host bridge and its function 00.0, which has the registers. */
#ifndef VIREO_PCI_HOST_INTERNAL_H
#define VIREO_PCI_HOST_INTERNAL_H

#include "pci/host.h"

/* Where configuration space is in memory; size 0: nowhere. */
void pci_host_map_ecam(Device *host, guint64 base, guint64 size);
/* PCIEXBAR; FALSE: it cannot say that. */
gboolean mch_set_pciexbar(PciDevice *mch, guint64 base, guint64 size);
void mch_set_low_ram(PciDevice *mch, RamBlock *ram, gboolean open);

#endif
