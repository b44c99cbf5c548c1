/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller of a PC (Intel 8042), "i8042": ports 60h and 64h, with a PS/2
 * keyboard and a PS/2 mouse that listen to input/input.h.
 */
#ifndef VIREO_HW_I8042_H
#define VIREO_HW_I8042_H

#include "device/device.h"

#define I8042_DATA      0x60
#define I8042_COMMAND   0x64
#define I8042_KBD_IRQ   1
#define I8042_MOUSE_IRQ 12

extern const DeviceClass i8042_class;

#endif
