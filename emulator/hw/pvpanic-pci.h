/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_HW_PVPANIC_PCI_H
#define VIREO_HW_PVPANIC_PCI_H

#include "pci/pci.h"

extern const PciDeviceClass pvpanic_pci_class;

#endif
