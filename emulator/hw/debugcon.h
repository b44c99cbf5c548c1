/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port on which firmware writes what it does, "isa-debugcon" (Bochs' port E9h). */
#ifndef VIREO_HW_DEBUGCON_H
#define VIREO_HW_DEBUGCON_H

#include "device/device.h"

extern const DeviceClass debugcon_class;

#endif
