/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O APIC (82093AA) of a split irqchip, "ioapic". */
#ifndef VIREO_HW_IOAPIC_H
#define VIREO_HW_IOAPIC_H

#include "device/device.h"
#include "device/irq.h"

#define IOAPIC_SIZE 0x1000
#define IOAPIC_PINS 64

extern const DeviceClass ioapic_class;

/* Before realize. */
void ioapic_set_address(Device *dev, guint64 address);
/* The line into a pin, from device_new() to the device's end. */
IrqLine *ioapic_pin(Device *dev, unsigned pin);

#endif
