/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MC146818A real-time clock with CMOS memory, "mc146818rtc". */
#ifndef VIREO_HW_RTC_H
#define VIREO_HW_RTC_H

#include "device/device.h"

#define RTC_IOBASE 0x70
#define RTC_PORTS  2
#define RTC_IRQ    8

extern const DeviceClass rtc_class;

/* Before realize: the guest's time minus the host's, in seconds. */
void rtc_set_offset(Device *dev, gint64 seconds);

#endif
