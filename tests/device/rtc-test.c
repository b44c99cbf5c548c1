/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTC over qtest. The time of day is the host's, so that it cannot be stepped. */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "tests/device/board.h"

#define IRQ           8
#define NS_PER_SECOND 1000000000ll

enum {
    SECONDS = 0,
    SECONDS_ALARM = 1,
    MINUTES = 2,
    MINUTES_ALARM = 3,
    HOURS = 4,
    HOURS_ALARM = 5,
    WEEKDAY = 6,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    A = 10,
    B = 11,
    C = 12,
    D = 13,
    CENTURY = 0x32,
};

#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_BIN 0x04
#define B_24H 0x02

static guint8 get(QTest *q, guint8 reg)
{
    qtest_outb(q, 0x70, reg);
    return qtest_inb(q, 0x71);
}

static void set(QTest *q, guint8 reg, guint8 value)
{
    qtest_outb(q, 0x70, reg);
    qtest_outb(q, 0x71, value);
}

static int bcd(guint8 value)
{
    return (value >> 4) * 10 + (value & 15);
}

static time_t read_time(QTest *q)
{
    struct tm tm = { .tm_sec = bcd(get(q, SECONDS)),
                     .tm_min = bcd(get(q, MINUTES)),
                     .tm_hour = bcd(get(q, HOURS)),
                     .tm_mday = bcd(get(q, DAY)),
                     .tm_mon = bcd(get(q, MONTH)) - 1,
                     .tm_year = bcd(get(q, YEAR)) + bcd(get(q, CENTURY)) * 100 - 1900 };

    return timegm(&tm);
}

static void test_host_time(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    time_t before, guest, again, after;

    g_assert_cmphex(get(q, B), ==, B_24H);
    g_assert_cmphex(get(q, D), ==, 0x80);
    do { /* no second may pass between the registers */
        before = time(NULL);
        guest = read_time(q);
        again = read_time(q);
        after = time(NULL);
    } while (guest != again);
    g_assert_cmpint(guest, >=, before);
    g_assert_cmpint(guest, <=, after);
    qtest_stop(q);
}

/* 1999-12-31 23:59:xx, held; then it runs on. */
static void set_new_year(QTest *q, guint8 format)
{
    gboolean binary = format & B_BIN;

    set(q, B, B_SET | format);
    set(q, SECONDS, binary ? 58 : 0x58);
    set(q, MINUTES, binary ? 59 : 0x59);
    set(q, HOURS, format & B_24H ? (binary ? 23 : 0x23) : (binary ? 11 : 0x11) | 0x80);
    set(q, DAY, binary ? 31 : 0x31);
    set(q, MONTH, binary ? 12 : 0x12);
    set(q, YEAR, binary ? 99 : 0x99);
    set(q, CENTURY, binary ? 19 : 0x19);
}

static void test_set_time(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    for (int format = 0; format < 4; format++) {
        guint8 b = (format & 1 ? B_BIN : 0) | (format & 2 ? B_24H : 0);

        set_new_year(q, b);
        g_assert_cmphex(get(q, YEAR), ==, b & B_BIN ? 99 : 0x99);
        set(q, B, b);
        while (get(q, YEAR) != 0) { /* two seconds */
            g_usleep(10000);
        }
        g_assert_cmphex(get(q, CENTURY), ==, b & B_BIN ? 20 : 0x20);
        g_assert_cmphex(get(q, MONTH), ==, 1);
        g_assert_cmphex(get(q, DAY), ==, 1);
        g_assert_cmphex(get(q, HOURS), ==, b & B_24H ? 0 : b & B_BIN ? 12 : 0x12);
        g_assert_cmphex(get(q, WEEKDAY), ==, 7); /* a Saturday */
    }
    qtest_stop(q);
}

static void test_nonsense_time(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    for (int i = 0; i < 4; i++) {
        set(q, B, B_SET | (i & 1 ? B_BIN : 0) | (i & 2 ? B_24H : 0));
        for (guint8 reg = 0; reg < 10; reg++) {
            set(q, reg, 0xff);
        }
        set(q, CENTURY, 0xff);
        set(q, B, (i & 1 ? B_BIN : 0) | (i & 2 ? B_24H : 0) | B_AIE);
        get(q, SECONDS);
        get(q, C);
    }
    qtest_stop(q);
}

static void test_periodic(void)
{
    const gint64 period = 1000000000ll * 32 / 32768; /* 1024 Hz */
    QTest *q = qtest_start("-M microvm -m 16");
    guint64 seen = 0;

    qtest_irq_intercept_in(q, "ioapic");
    get(q, C);
    qtest_clock_step(q, 10 * period);
    /* The flag without the interrupt; a second may have ended, too. */
    g_assert_cmphex(get(q, C) & 0xc0, ==, 0x40);
    g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 0);
    set(q, B, B_24H | B_PIE);
    for (int i = 0; i < 5; i++) {
        qtest_clock_step(q, period);
        g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 1);
        g_assert_true(board_irq(q, IRQ));
        g_assert_cmphex(get(q, C) & 0xc0, ==, 0xc0);
        g_assert_false(board_irq(q, IRQ));
    }
    qtest_clock_step(q, period - 1000);
    board_irq_raised(q, IRQ, &seen);
    set(q, A, 0x2f); /* 2 Hz */
    get(q, C);
    qtest_clock_step(q, 500000000);
    g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 1);
    g_assert_cmphex(get(q, C) & 0xc0, ==, 0xc0);
    set(q, A, 0x20); /* off */
    qtest_clock_step(q, 1000000000);
    g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 0);
    qtest_stop(q);
}

static void test_update_and_alarm(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    guint8 flags;

    qtest_irq_intercept_in(q, "ioapic");
    get(q, C);
    set(q, B, B_24H | B_UIE);
    while (!board_irq(q, IRQ)) { /* up to a second */
        g_usleep(10000);
    }
    g_assert_cmphex(get(q, C) & 0x90, ==, 0x90);
    g_assert_false(board_irq(q, IRQ));

    set(q, B, B_24H | B_SET);
    set(q, SECONDS, 0x10);
    set(q, SECONDS_ALARM, 0x12);
    set(q, MINUTES_ALARM, 0xc0); /* any */
    set(q, HOURS_ALARM, 0xff);
    set(q, B, B_24H | B_AIE);
    get(q, C);
    while (!board_irq(q, IRQ)) { /* two seconds */
        g_assert_cmpuint(bcd(get(q, SECONDS)), <, 20);
        g_usleep(10000);
    }
    g_assert_cmpuint(bcd(get(q, SECONDS)), >=, 12);
    flags = get(q, C);
    g_assert_cmphex(flags & 0xa0, ==, 0xa0);
    qtest_stop(q);
}

static void test_reset(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    set(q, 0x40, 0xa5);
    set(q, 0x7f, 0x5a);
    set(q, B, B_24H | B_PIE | B_AIE | B_UIE);
    board_reset(q);
    g_assert_cmphex(get(q, B), ==, B_24H);
    g_assert_cmphex(get(q, 0x40), ==, 0xa5); /* the battery keeps it */
    g_assert_cmphex(get(q, 0x7f), ==, 0x5a);
    set(q, D, 0);
    g_assert_cmphex(get(q, D), ==, 0x80);
    qtest_stop(q);
}

/* -rtc base=: seconds since the epoch; the reading takes some of them. */
static void expect_base(const char *options, time_t expected)
{
    QTest *q = qtest_start("-M microvm -m 16 %s", options);

    g_assert_cmpint(read_time(q), >=, expected);
    g_assert_cmpint(read_time(q), <, expected + 3600);
    qtest_stop(q);
}

static void test_base(void)
{
    expect_base("-rtc base=2001-02-03T04:05:06", 981173106);
    expect_base("-rtc 2040-01-01", 2208988800);
    expect_base("-rtc base=utc", time(NULL));
    g_setenv("TZ", "XYZ-3", TRUE); /* three hours ahead */
    expect_base("-rtc base=localtime", time(NULL) + 3 * 3600);
    expect_base("-rtc base=utc", time(NULL));
    g_unsetenv("TZ");
}

/* With clock=vm it stands while the guest's time does; nothing else moves here. */
static void test_clock_vm(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -rtc base=2001-02-03T04:05:06,clock=vm");
    g_assert_cmpint(read_time(q), ==, 981173106);
    qtest_clock_step(q, 90 * NS_PER_SECOND);
    g_assert_cmpint(read_time(q), ==, 981173106 + 90);
    qtest_stop(q);
}

#define PERIOD (NS_PER_SECOND * 32 / 32768) /* 1024 Hz */

/* Hears of the ticks that come within ns, each at once: how many. */
static unsigned hear(QTest *q, gint64 ns)
{
    unsigned heard = 0;

    for (gint64 step = PERIOD / 8, now = 0; now < ns; now += step) {
        qtest_clock_step(q, step);
        if (board_irq(q, IRQ)) {
            heard += (get(q, C) & 0x40) != 0;
            g_assert_false(board_irq(q, IRQ));
        }
    }
    return heard;
}

/* A guest that has not looked for 101 ticks. */
static QTest *late_guest(const char *options)
{
    QTest *q = qtest_start("-M microvm -m 16 %s", options);

    qtest_irq_intercept_in(q, "ioapic");
    get(q, C);
    set(q, B, B_24H | B_PIE);
    qtest_clock_step(q, 100 * PERIOD + PERIOD / 2);
    g_assert_true(board_irq(q, IRQ));
    return q;
}

static void test_lost_ticks(void)
{
    /* 100 are due, of which the interrupt is one, and 100 more come. */
    QTest *q = late_guest("");
    get(q, C);
    g_assert_cmpuint(hear(q, 100 * PERIOD), ==, 100);
    qtest_stop(q);

    /* At twice the pace all are made up for: 199 in all, and then no more than are due.
     */
    q = late_guest("-rtc driftfix=slew");
    get(q, C);
    unsigned heard = hear(q, 100 * PERIOD);
    g_assert_cmpuint(heard, >=, 150);
    g_assert_cmpuint(heard, <=, 199);
    heard += hear(q, 100 * PERIOD);
    g_assert_cmpuint(heard, ==, 299);
    g_assert_cmpuint(hear(q, 100 * PERIOD), ==, 100);
    qtest_stop(q);
}

static void test_owed_forgotten(void)
{
    static const char *const what[] = { "reinjection", "period", "off", "reset" };

    for (guint i = 0; i < G_N_ELEMENTS(what); i++) {
        QTest *q = late_guest("-global mc146818rtc.lost_tick_policy=slew");
        if (i == 0) {
            g_autoptr(JsonNode) done G_GNUC_UNUSED =
                qtest_qmp_ok(q, "{\"execute\": \"rtc-reset-reinjection\"}");
        } else if (i == 1) {
            set(q, A, 0x27);
            set(q, A, 0x26);
        } else if (i == 2) {
            set(q, B, B_24H);
            set(q, B, B_24H | B_PIE);
        } else {
            g_autoptr(JsonNode) done G_GNUC_UNUSED =
                qtest_qmp_ok(q, "{\"execute\": \"system_reset\"}");
            g_autoptr(JsonObject) event G_GNUC_UNUSED = qtest_event_wait(q, "RESET");
            set(q, B, B_24H | B_PIE);
        }
        get(q, C);
        g_test_message("%s", what[i]);
        g_assert_cmpuint(hear(q, 100 * PERIOD), ==, 100);
        qtest_stop(q);
    }
}

static void test_none(void)
{
    QTest *q = qtest_start("-M microvm,rtc=off -m 16");

    g_assert_cmphex(get(q, SECONDS), ==, 0xff);
    g_assert_cmphex(get(q, D), ==, 0xff);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtc/host-time", test_host_time);
    g_test_add_func("/rtc/set-time", test_set_time);
    g_test_add_func("/rtc/nonsense-time", test_nonsense_time);
    g_test_add_func("/rtc/periodic", test_periodic);
    g_test_add_func("/rtc/update-and-alarm", test_update_and_alarm);
    g_test_add_func("/rtc/reset", test_reset);
    g_test_add_func("/rtc/base", test_base);
    g_test_add_func("/rtc/clock-vm", test_clock_vm);
    g_test_add_func("/rtc/lost-ticks", test_lost_ticks);
    g_test_add_func("/rtc/owed-forgotten", test_owed_forgotten);
    g_test_add_func("/rtc/none", test_none);
    return g_test_run();
}
