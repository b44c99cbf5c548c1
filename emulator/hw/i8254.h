/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interval timer of a PC (Intel 8254), "isa-pit": ports 40h to 43h, and port 61h,
 * which holds the gate of channel 2 and shows its output.
 */
#ifndef VIREO_HW_I8254_H
#define VIREO_HW_I8254_H

#include "device/device.h"

#define I8254_HZ     1193182
#define I8254_IOBASE 0x40
#define I8254_PORTS  4
#define I8254_PORT_B 0x61
#define I8254_IRQ    0

extern const DeviceClass i8254_class;

/* While somebody else (the HPET) drives IRQ 0, channel 0 counts without it. */
void i8254_set_irq_enabled(Device *dev, gboolean enabled);

#endif
