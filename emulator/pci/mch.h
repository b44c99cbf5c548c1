/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35's memory controller hub, function 00.0 of pcie.0 (Intel 3 Series Express
 * Chipset Family data sheet, chapter 5): PCIEXBAR, and the shadow memory from 0xc0000 to
 * 0xfffff (PAM). The host bridge (pci/host.h) makes it.
 */
#ifndef VIREO_PCI_MCH_H
#define VIREO_PCI_MCH_H

#include "pci/bus.h"

#define MCH_PAM_FIRST 0xc0000
#define MCH_PAM_SIZE  0x40000

extern const PciDeviceClass mch_class; /* "mch" */

/*
 * The guest's memory below 1 MiB, of which PAM shows [0xc0000, 0x100000): readable and
 * writable, only readable, or not at all, so that what PCI has there is seen. Once, after
 * realize. open: after each reset it is all readable and writable, as firmware leaves
 * it; for a guest without firmware. Without this call nothing is shadowed.
 */
void pci_host_set_low_ram(Device *host, RamBlock *ram, gboolean open);
/*
 * The end of the board's firmware, size bytes of the block, which PCI has below 1 MiB.
 * Once, after realize; it stays there as long as the host bridge does.
 */
void pci_host_set_low_rom(Device *host, RamBlock *rom, guint64 offset, guint64 size);

#endif
