/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550A UART on the ISA bus, "isa-serial". */
#ifndef VIREO_HW_SERIAL_H
#define VIREO_HW_SERIAL_H

#include "device/device.h"

#define SERIAL_MAX_PORTS 4

extern const DeviceClass serial_class;

#endif
