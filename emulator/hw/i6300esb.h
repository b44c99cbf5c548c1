/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_HW_I6300ESB_H
#define VIREO_HW_I6300ESB_H

#include "pci/pci.h"

extern const PciDeviceClass i6300esb_class;

#endif
