/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pair of interrupt controllers (Intel 8259A) of a PC, "i8259": one device of the
 * board at 20h, A0h, with the edge/level registers at 4D0h. Its output is the ExtINT of
 * vCPU 0 (accel_set_pic()).
 */
#ifndef VIREO_HW_I8259_H
#define VIREO_HW_I8259_H

#include "device/device.h"
#include "device/irq.h"

#define I8259_PINS    16
#define I8259_CASCADE 2 /* the slave is there: no pin */

extern const DeviceClass i8259_class;

/* Which pins are level-triggered (ELCR; bit N: IRQ N), as firmware sets it. */
void i8259_set_level_triggered(Device *dev, guint16 pins);
/* The line into a pin (IRQ n), from device_new() to the device's end. */
IrqLine *i8259_pin(Device *dev, unsigned pin);

#endif
