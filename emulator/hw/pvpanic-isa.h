/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port on which a guest says that it has panicked, "pvpanic". */
#ifndef VIREO_HW_PVPANIC_ISA_H
#define VIREO_HW_PVPANIC_ISA_H

#include "device/device.h"

extern const DeviceClass pvpanic_isa_class;

#endif
