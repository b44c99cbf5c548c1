/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Date and time in BCD or binary, 12 or 24 hours; the next alarm. */
#include "config.h"

#include "hw/rtc-time.h"

#define DAY       86400
#define HOUR      3600
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
    /* Not gmtime(), which reads the local time zone's file. */
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(seconds);

    if (!t) {
        return; /* beyond the year 9999 */
    }
    cmos[RTC_SECONDS] = encode(g_date_time_get_second(t), reg_b);
    cmos[RTC_MINUTES] = encode(g_date_time_get_minute(t), reg_b);
    cmos[RTC_HOURS] = encode_hours(g_date_time_get_hour(t), reg_b);
    cmos[RTC_DAY_OF_WEEK] = encode(g_date_time_get_day_of_week(t) % 7 + 1, reg_b);
    cmos[RTC_DAY_OF_MONTH] = encode(g_date_time_get_day_of_month(t), reg_b);
    cmos[RTC_MONTH] = encode(g_date_time_get_month(t), reg_b);
    cmos[RTC_YEAR] = encode(g_date_time_get_year(t) % 100, reg_b);
    cmos[RTC_CENTURY] = encode(g_date_time_get_year(t) / 100, reg_b);
}

/* What is out of range is carried over: 31 February is early in March. */
gint64 rtc_time_from_regs(const guint8 *cmos, guint8 reg_b)
{
    int year = decode(cmos[RTC_YEAR], reg_b) + decode(cmos[RTC_CENTURY], reg_b) * 100;
    int month = decode(cmos[RTC_MONTH], reg_b),
        day = decode(cmos[RTC_DAY_OF_MONTH], reg_b);
    g_autoptr(GDateTime) january =
        g_date_time_new_utc(CLAMP(year, 1, 9000), 1, 1, 0, 0, 0);
    g_autoptr(GDateTime) first = g_date_time_add_months(january, month - 1);

    return g_date_time_to_unix(first) + (gint64)(day - 1) * DAY +
           decode_hours(cmos[RTC_HOURS], reg_b) * HOUR +
           decode(cmos[RTC_MINUTES], reg_b) * 60 + decode(cmos[RTC_SECONDS], reg_b);
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
