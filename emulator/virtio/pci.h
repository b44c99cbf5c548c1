/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI (virtio 1.2, section 4.1), with or without the legacy interface: a
 * function with a port, and a virtio device as its part, whose properties are the
 * function's too.
 */
#ifndef VIREO_VIRTIO_PCI_H
#define VIREO_VIRTIO_PCI_H

#include "pci/pci.h"

extern const PciDeviceClass virtio_pci_class; /* what they have in common */

/* The three of a kind: pci-devices.c. */
#define VIRTIO_PCI_FAMILY(kind)                                                          \
    extern const PciDeviceClass virtio_##kind##_pci_class;                               \
    extern const PciDeviceClass virtio_##kind##_pci_transitional_class;                  \
    extern const PciDeviceClass virtio_##kind##_pci_non_transitional_class

VIRTIO_PCI_FAMILY(balloon);
VIRTIO_PCI_FAMILY(blk);
VIRTIO_PCI_FAMILY(net);
VIRTIO_PCI_FAMILY(rng);
VIRTIO_PCI_FAMILY(serial);
extern const PciDeviceClass virtio_keyboard_pci_class;
extern const PciDeviceClass virtio_mouse_pci_class;
extern const PciDeviceClass virtio_tablet_pci_class;
extern const PciDeviceClass virtio_vsock_pci_class;
extern const PciDeviceClass virtio_vsock_pci_non_transitional_class;

#endif
