/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 80h, "port80": firmware says there how far it has come, and old drivers write to
 * it to let a microsecond pass.
 */
#ifndef VIREO_HW_PORT80_H
#define VIREO_HW_PORT80_H

#include "device/device.h"

#define PORT80_IOBASE 0x80

extern const DeviceClass port80_class;

#endif
