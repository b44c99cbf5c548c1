/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bridges to conventional PCI (PCI-to-PCI Bridge 1.2; PCI Express to PCI/PCI-X Bridge
 * 1.0), on whose bus are 32 slots: pci-bridge, and pcie-pci-bridge, which sits on PCI
 * Express. Their slots are plugged by ACPI; there is no hot-plug controller of their own
 * (shpc), so that they have neither interrupts nor BARs.
 */
#ifndef VIREO_PCI_PCI_BRIDGE_H
#define VIREO_PCI_PCI_BRIDGE_H

#include "pci/bridge.h"

#define PCI_REDHAT_BRIDGE      0x0001
#define PCI_REDHAT_PCIE_BRIDGE 0x000e

extern const PciDeviceClass pci_pci_bridge_class, pcie_pci_bridge_class;

#endif
