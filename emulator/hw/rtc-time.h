/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Date and time as the registers of an MC146818A say them. */
#ifndef VIREO_HW_RTC_TIME_H
#define VIREO_HW_RTC_TIME_H

#include <glib.h>

/* Register B: how the values are written. */
#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04

enum {
    RTC_SECONDS,
    RTC_SECONDS_ALARM,
    RTC_MINUTES,
    RTC_MINUTES_ALARM,
    RTC_HOURS,
    RTC_HOURS_ALARM,
    RTC_DAY_OF_WEEK, /* 1 is Sunday */
    RTC_DAY_OF_MONTH,
    RTC_MONTH,
    RTC_YEAR,
    RTC_CENTURY = 0x32, /* in the CMOS memory; FADT tells the guest */
};

/* seconds since the epoch (UTC) -> cmos[RTC_SECONDS .. RTC_YEAR], cmos[RTC_CENTURY]. */
void rtc_time_to_regs(gint64 seconds, guint8 reg_b, guint8 *cmos);
/* The reverse. What the guest wrote may be nonsense: it is brought into range. */
gint64 rtc_time_from_regs(const guint8 *cmos, guint8 reg_b);
/* Seconds from `now` (seconds since the epoch) to the next alarm, 1..86400; 0: never. */
gint64 rtc_time_to_alarm(const guint8 *cmos, guint8 reg_b, gint64 now);

#endif
