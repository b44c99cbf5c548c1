/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ich9-ahci: the SATA controller of the ICH9 (AHCI 1.3.1), six ports with a bus for a
 * drive each: "ide.0" to "ide.5" on the board, "ID.0" to "ID.5" of one with an id.
 */
#ifndef VIREO_IDE_AHCI_H
#define VIREO_IDE_AHCI_H

#include "pci/pci.h"

#define AHCI_PORTS 6

extern const PciDeviceClass ahci_class;

#endif
