/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power management of the ICH9 (Intel's data sheet, 13.8): the ACPI fixed hardware of a
 * q35 and the APM ports, "ich9-pm". The LPC function says where the registers are, and
 * which interrupt the SCI is.
 */
#ifndef VIREO_HW_ICH9_PM_H
#define VIREO_HW_ICH9_PM_H

#include "device/device.h"
#include "device/irq.h"
#include "memory/region.h"

#define ICH9_PM_SIZE    128
#define ICH9_PM_BASE    0x600 /* where QEMU's firmware puts it, and a direct boot has it */
#define ICH9_PM_SCI_IRQ 9

/* Registers, relative to the base; lengths as the FADT says them. */
#define ICH9_PM1_STS     0x00
#define ICH9_PM1_EN      0x02
#define ICH9_PM1_CNT     0x04
#define ICH9_PM1_TMR     0x08
#define ICH9_PM_GPE0_STS 0x20
#define ICH9_PM_GPE0_EN  0x28
#define ICH9_PM_GPE0_LEN 16
#define ICH9_PM_SMI_EN   0x30
#define ICH9_PM_SMI_STS  0x34

#define ICH9_PM_TMR_HZ   3579545
#define ICH9_PM_TMR_BITS 24

/* PM1_STS and PM1_EN; PM1_CNT. */
#define ICH9_PM1_TMROF   0x0001
#define ICH9_PM1_GBL     0x0020
#define ICH9_PM1_PWRBTN  0x0100
#define ICH9_PM1_RTC     0x0400
#define ICH9_PM1_WAK     0x8000
#define ICH9_PM1_SCI_EN  0x0001
#define ICH9_PM1_SLP_EN  0x2000
#define ICH9_PM1_SLP_TYP 10 /* shift */

/* SLP_TYP as QEMU's DSDT and OVMF have them; S4's by default. S3 does nothing. */
#define ICH9_PM_SLP_S5 0
#define ICH9_PM_SLP_S3 1
#define ICH9_PM_SLP_S4 2

/* The APM ports: SMI_CMD of the FADT, and what is written to it. */
#define ICH9_APM_CNT          0xb2
#define ICH9_APM_STS          0xb3
#define ICH9_APM_ACPI_ENABLE  2
#define ICH9_APM_ACPI_DISABLE 3

extern const DeviceClass ich9_pm_class;

/*
 * The registers, ICH9_PM_SIZE bytes, for whoever puts them on the map: there from
 * device_new() to the device's end. Unrealize takes them off it.
 */
Region *ich9_pm_region(Device *dev);
/* Borrowed until the device's end, or the next call; NULL: none. */
void ich9_pm_set_sci(Device *dev, IrqLine *line);
void ich9_pm_press_power_button(Device *dev);
/* A general purpose event, 0 to 63, has happened. */
void ich9_pm_raise_gpe(Device *dev, unsigned event);
/*
 * Before realize: the SLP_TYP that is suspend to disk; 0, or without this call: none is.
 * The DSDT announces the same. There is no suspend to memory.
 */
void ich9_pm_set_s4(Device *dev, unsigned slp_typ);
unsigned ich9_pm_s4(const Device *dev);
/*
 * Before realize: there is a watchdog, and what it does when its time has passed twice;
 * whether the guest has set NO_REBOOT (in the LPC function's RCBA) is for expired to ask.
 */
void ich9_pm_set_watchdog(Device *dev, void (*expired)(void *opaque), void *opaque);

#endif
