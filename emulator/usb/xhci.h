/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A USB host controller of the xHCI specification 1.1, as QEMU's qemu-xhci. */
#ifndef VIREO_USB_XHCI_H
#define VIREO_USB_XHCI_H

#include "pci/pci.h"

extern const PciDeviceClass xhci_class;

#endif
