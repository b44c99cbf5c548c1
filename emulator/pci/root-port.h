/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcie-root-port: a bridge from a root bus to one Express slot (PCI-to-PCI Bridge 1.2;
 * PCI Express 4.0, 7.5.1.3). Its bus has the id of the port as its name.
 */
#ifndef VIREO_PCI_ROOT_PORT_H
#define VIREO_PCI_ROOT_PORT_H

#include "pci/bridge.h"

#define PCI_REDHAT_ROOT_PORT 0x000c

extern const PciDeviceClass pcie_root_port_class;

#endif
