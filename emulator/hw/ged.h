/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic Event Device, "acpi-ged": what a hardware-reduced ACPI machine has in
 * place of fixed hardware. Its AML reads these registers.
 */
#ifndef VIREO_HW_GED_H
#define VIREO_HW_GED_H

#include "device/device.h"
#include "device/irq.h"

#define GED_SIZE 0x1000

/* Registers. */
#define GED_EVENTS       0x00 /* u32, read clears: what has happened */
#define GED_PRESENT      0x04 /* u32: slots that hold a device, or have since the reset */
#define GED_SLEEP_CTL    0x10 /* u8: ACPI 6.5, 4.8.3.7 */
#define GED_SLEEP_STATUS 0x11 /* u8 */
#define GED_RESET        0x12 /* u8: GED_RESET_VALUE resets the machine */

#define GED_RESET_VALUE 0x42
#define GED_SLEEP_S5    5 /* SLP_TYP that \_S5 says */

/* GED_EVENTS. */
#define GED_EVENT_POWER_BUTTON 0x1
#define GED_EVENT_BUS_CHECK    0x2

#define GED_MAX_SLOTS 32

extern const DeviceClass ged_class;

/* Before realize; the line, into the pin of this number, is borrowed. */
void ged_set_wiring(Device *dev, guint32 address, IrqLine *line, unsigned gsi);
void ged_press_power_button(Device *dev);
/* What the container's _STA methods read; `announce` raises a bus check. */
void ged_set_present(Device *dev, unsigned slot, gboolean present, gboolean announce);

#endif
