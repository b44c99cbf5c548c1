/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge of a q35, "q35-pcihost": the root bus pcie.0, its configuration space
 * by the ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2) and by memory (ECAM, PCI Express 4.0,
 * 7.2.2), and the memory controller hub as its function 00.0 (pci/mch.h).
 *
 *   Device *host = device_new(&pci_host_class);
 *   device_set_name(host, "q35");
 *   device_realize(host, NULL, errp);     the bus is there
 *   pci_bus_set_irqs(pci_host_bus(host), ...);
 */
#ifndef VIREO_PCI_HOST_H
#define VIREO_PCI_HOST_H

#include "pci/bus.h"

#define PCI_HOST_ADDRESS_PORT 0xcf8
#define PCI_HOST_DATA_PORT    0xcfc

extern const DeviceClass pci_host_class;

PciBus *pci_host_bus(Device *host);
/*
 * Configuration space in memory: buses from 0 on, 1 MiB each, at base, a multiple of size
 * (256, 128 or 64 MiB); size 0: none. What the guest's firmware does by PCIEXBAR; for a
 * guest without, after each reset. FALSE: PCIEXBAR cannot say that.
 */
gboolean pci_host_set_ecam(Device *host, guint64 base, guint64 size);
guint64 pci_host_ecam_base(Device *host);
guint64 pci_host_ecam_size(Device *host); /* 0: it is off */
/* pci-hole64-size=: bytes above all RAM that are PCI's at least. */
guint64 pci_host_hole64_size(Device *host);
/*
 * Bytes at port 0xcf9 (a byte in the middle of 0xcf8, that takes whole dwords): the
 * reset control register. NULL: none.
 */
void pci_host_set_reset_port(Device *host, const RegionOps *ops, void *opaque);

/* Configuration space as the guest reaches it; any size from 1 to 4 inside a dword. */
guint32 pci_host_read(PciBus *root, guint8 bus, guint8 devfn, unsigned offset,
                      unsigned size);
void pci_host_write(PciBus *root, guint8 bus, guint8 devfn, unsigned offset,
                    unsigned size, guint32 value);

#endif
