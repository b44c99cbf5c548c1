/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MC146818A real-time clock with CMOS memory, "mc146818rtc". */
#ifndef VIREO_HW_RTC_H
#define VIREO_HW_RTC_H

#include "device/device.h"
#include "event/clock.h"

#define RTC_IOBASE 0x70
#define RTC_PORTS  2
#define RTC_IRQ    8

extern const DeviceClass rtc_class;

/* Before realize: the guest's time minus the host's, in seconds; what clock it goes by. */
void rtc_set_time(Device *dev, ClockType clock, gint64 seconds);
/* After realize: while somebody else (the HPET) drives IRQ 8, the RTC does not. */
void rtc_set_irq_enabled(Device *dev, gboolean enabled);
/* With lost_tick_policy=slew: what is still owed to the guest is forgotten. */
void rtc_reset_reinjection(Device *dev);
/* A byte of the CMOS memory: none of the clock's. */
void rtc_set_memory(Device *dev, unsigned offset, guint8 value);

/* What a PC's firmware finds in the CMOS memory (hw/rtc-pc.c). */
typedef struct RtcPc {
    guint64 low_ram;        /* bytes below 4 GiB */
    guint64 high_ram;       /* and above */
    unsigned cpus;          /* that are there at start */
    const char *boot_order; /* letters as -boot order= has them; three count */
    gboolean no_fd_check;   /* as -no-fd-bootchk has it */
} RtcPc;
/* As QEMU's pc has it; at each boot. */
void rtc_set_pc(Device *dev, const RtcPc *pc);

#endif
