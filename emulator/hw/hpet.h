/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High precision event timers (Intel's IA-PC HPET Specification 1.0a), "hpet": a 64-bit
 * counter of 100 MHz with three comparators, all of which can be periodic.
 */
#ifndef VIREO_HW_HPET_H
#define VIREO_HW_HPET_H

#include "device/device.h"
#include "device/irq.h"

#define HPET_BASE      0xfed00000u
#define HPET_SIZE      0x400
#define HPET_TIMERS    3
#define HPET_PERIOD_FS 10000000u   /* of a tick */
#define HPET_ID        0x8086a201u /* low half of the capabilities; for the ACPI table */
#define HPET_MIN_TICK  10000       /* of a periodic timer; for the same table */
#define HPET_GSIS      24

extern const DeviceClass hpet_class;

typedef struct HpetWiring {
    IrqLine *const *gsis; /* HPET_GSIS of them, which timers may choose; some are NULL */
    IrqLine *irq0, *irq8; /* for the legacy replacement; both or none */
    Device *pit, *rtc;    /* whose interrupts those are otherwise; NULL: nobody's */
} HpetWiring;

/* Before realize. Lines and devices live longer than this device. */
void hpet_set_wiring(Device *dev, const HpetWiring *wiring);

#endif
