/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-testdev: a function with a large BAR for tests of guests (QEMU's name and IDs). */
#ifndef VIREO_PCI_TESTDEV_H
#define VIREO_PCI_TESTDEV_H

#include "pci/pci.h"

extern const PciDeviceClass pci_testdev_class;

#endif
