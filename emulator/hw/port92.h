/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Fast A20 and init" of the ICH9 (data sheet, 13.7.3), port 92h, "port92". */
#ifndef VIREO_HW_PORT92_H
#define VIREO_HW_PORT92_H

#include "device/device.h"

#define PORT92_IOBASE 0x92

extern const DeviceClass port92_class;

#endif
