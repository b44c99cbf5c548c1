/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel's 82540EM, "e1000": gigabit Ethernet on conventional PCI ("PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual", 317453; its sections are
 * named in the sources).
 */
#ifndef VIREO_HW_E1000_H
#define VIREO_HW_E1000_H

#include "pci/pci.h"

extern const PciDeviceClass e1000_class;

#endif
