/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI Express switch, Texas Instruments' XIO3130: x3130-upstream sits in a slot, and on
 * its bus are xio3130-downstream ports, each with a slot (PCI Express 4.0, 1.3.3).
 */
#ifndef VIREO_PCI_SWITCH_H
#define VIREO_PCI_SWITCH_H

#include "pci/bridge.h"

#define PCI_VENDOR_TI          0x104c
#define PCI_XIO3130_UPSTREAM   0x8232
#define PCI_XIO3130_DOWNSTREAM 0x8233

extern const PciDeviceClass x3130_upstream_class, xio3130_downstream_class;

#endif
