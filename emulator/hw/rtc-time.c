/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Date and time in BCD or binary, 12 or 24 hours; the next alarm. */
#include "config.h"

#include "hw/rtc-time.h"

#include <time.h>

#define DAY       86400
#define PM        0x80
#define ALARM_ANY 0xc0

static guint8 encode(unsigned value, guint8 reg_b)
{
    return reg_b & RTC_B_BINARY ? value : (value / 10) << 4 | value % 10;
}

static unsigned decode(guint8 value, guint8 reg_b)
{
    return reg_b & RTC_B_BINARY ? value : (value >> 4) * 10 + (value & 0x0f);
}

static guint8 encode_hours(unsigned hours, guint8 reg_b)
{
    unsigned h12 = hours % 12 ? hours % 12 : 12;

    if (reg_b & RTC_B_24H) {
        return encode(hours, reg_b);
    }
    return encode(h12, reg_b) | (hours >= 12 ? PM : 0);
}

static unsigned decode_hours(guint8 value, guint8 reg_b)
{
    if (reg_b & RTC_B_24H) {
        return decode(value, reg_b);
    }
    return decode(value & ~PM, reg_b) % 12 + (value & PM ? 12 : 0);
}

void rtc_time_to_regs(gint64 seconds, guint8 reg_b, guint8 *cmos)
{
    time_t t = seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm)) {
        return;
    }
    cmos[RTC_SECONDS] = encode(MIN(tm.tm_sec, 59), reg_b);
    cmos[RTC_MINUTES] = encode(tm.tm_min, reg_b);
    cmos[RTC_HOURS] = encode_hours(tm.tm_hour, reg_b);
    cmos[RTC_DAY_OF_WEEK] = encode(tm.tm_wday + 1, reg_b);
    cmos[RTC_DAY_OF_MONTH] = encode(tm.tm_mday, reg_b);
    cmos[RTC_MONTH] = encode(tm.tm_mon + 1, reg_b);
    cmos[RTC_YEAR] = encode((tm.tm_year + 1900) % 100, reg_b);
    cmos[RTC_CENTURY] = encode((tm.tm_year + 1900) / 100 % 100, reg_b);
}

gint64 rtc_time_from_regs(const guint8 *cmos, guint8 reg_b)
{
    struct tm tm = {
        .tm_sec = decode(cmos[RTC_SECONDS], reg_b),
        .tm_min = decode(cmos[RTC_MINUTES], reg_b),
        .tm_hour = decode_hours(cmos[RTC_HOURS], reg_b),
        .tm_mday = decode(cmos[RTC_DAY_OF_MONTH], reg_b),
        .tm_mon = (int)decode(cmos[RTC_MONTH], reg_b) - 1,
        .tm_year = (int)decode(cmos[RTC_YEAR], reg_b) +
                   (int)decode(cmos[RTC_CENTURY], reg_b) * 100 - 1900,
    };

    return timegm(&tm); /* normalises */
}

static gboolean matches(guint8 alarm, unsigned value, guint8 reg_b)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || decode(alarm, reg_b) == value;
}

static gboolean hour_matches(guint8 alarm, unsigned hour, guint8 reg_b)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || decode_hours(alarm, reg_b) == hour;
}

/* The first matching second of the day after `after` (-1: from midnight on), or -1. */
static gint64 first_match(const guint8 *cmos, guint8 reg_b, gint64 after)
{
    for (unsigned h = 0; h < 24; h++) {
        if (h * 3600 + 3599 <= after || !hour_matches(cmos[RTC_HOURS_ALARM], h, reg_b)) {
            continue;
        }
        for (unsigned m = 0; m < 60; m++) {
            if (h * 3600 + m * 60 + 59 <= after ||
                !matches(cmos[RTC_MINUTES_ALARM], m, reg_b)) {
                continue;
            }
            for (unsigned s = 0; s < 60; s++) {
                gint64 t = h * 3600 + m * 60 + s;

                if (t > after && matches(cmos[RTC_SECONDS_ALARM], s, reg_b)) {
                    return t;
                }
            }
        }
    }
    return -1;
}

gint64 rtc_time_to_alarm(const guint8 *cmos, guint8 reg_b, gint64 now)
{
    gint64 today = ((now % DAY) + DAY) % DAY;
    gint64 t = first_match(cmos, reg_b, today);

    if (t >= 0) {
        return t - today;
    }
    t = first_match(cmos, reg_b, -1);
    return t >= 0 ? t + DAY - today : 0;
}
