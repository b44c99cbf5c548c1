/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MC146818A real-time clock (Motorola data sheet) with 128 bytes of CMOS memory.
 *
 * The time is the host's plus an offset, which moves when the guest sets the clock;
 * while the guest holds it (SET, or the divider in reset) it stands in the
 * registers. Flags are worked out from the time that has passed whenever somebody
 * asks; a timer runs only for the interrupts that are enabled. The periodic
 * interrupt counts the guest's time, alarm and update the host's (or what -rtc clock=
 * says).
 *
 * A guest that reads register C late misses ticks. With lost_tick_policy=slew they are
 * owed to it, and one more comes half a period after each that it reads, so that it
 * catches up at twice the pace and no faster.
 */
#include "config.h"

#include "hw/rtc.h"

#include <string.h>
#include <time.h>

#include "event/clock.h"
#include "hw/isa.h"
#include "hw/rtc-time.h"
#include "util/error.h"

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)
#define UIP_NS        244000 /* "update in progress" goes up this long before */
#define CMOS_SIZE     128
#define OWED_MAX      (1 << 24) /* hours of the fastest */
#define CRYSTAL_HZ    32768

/* The years that nanoseconds can count with room to spare: 1900 to 2200. */
#define MIN_SECONDS G_GINT64_CONSTANT(-2208988800)
#define MAX_SECONDS G_GINT64_CONSTANT(7258118400)

#define REG_A 0x0a
#define REG_B 0x0b
#define REG_C 0x0c
#define REG_D 0x0d

#define A_UIP        0x80
#define A_DIV        0x70
#define A_DIV_NORMAL 0x20
#define A_RATE       0x0f

#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10

#define C_IRQF 0x80
#define C_PF   0x40
#define C_AF   0x20
#define C_UF   0x10
#define C_ANY  (C_PF | C_AF | C_UF) /* at the places of the enables in B */

#define D_VALID 0x80

typedef struct Rtc {
    Device dev;

    Region *region;
    IrqSource irq_out;
    Timer *periodic_timer; /* virtual clock */
    Timer *second_timer;   /* host clock: update and alarm */

    guint8 index;
    guint8 cmos[CMOS_SIZE];
    guint8 flags; /* register C without IRQF */
    gboolean irq_taken;
    /* Signed; unsigned for the state rows. */
    guint64 offset;       /* guest's time minus host's, ns */
    guint64 seen_virtual; /* up to when flags are worked out */
    guint64 seen_second;  /* the same, seconds of the guest's time */

    int lost_tick_policy;
    guint32 owed; /* ticks that the guest has not heard of, with that it is hearing of */
    guint64 owed_next; /* when it hears of one more, virtual; 0: it is hearing of one */

    ClockType clock; /* by which it goes */
    gint64 start;    /* seconds: the guest's time minus the host's at start */
} Rtc;

enum { POLICY_DISCARD, POLICY_SLEW };
static const char *const policies[] = { "discard", "slew", NULL };

static gint64 guest_now(const Rtc *s)
{
    return clock_now(s->clock) + (gint64)s->offset;
}

static gint64 floor_seconds(gint64 ns)
{
    gint64 s = ns / NS_PER_SECOND;

    return ns % NS_PER_SECOND < 0 ? s - 1 : s;
}

/* The clock stands while the guest sets it, or holds the divider in reset. */
static gboolean running(const Rtc *s)
{
    return !(s->cmos[REG_B] & B_SET) && (s->cmos[REG_A] & A_DIV) == A_DIV_NORMAL;
}

/* Nanoseconds between periodic interrupts; 0: none. */
static gint64 period(const Rtc *s)
{
    unsigned rate = s->cmos[REG_A] & A_RATE;

    if (rate == 0 || (s->cmos[REG_A] & A_DIV) > A_DIV_NORMAL) {
        return 0;
    }
    rate = rate <= 2 ? rate + 7 : rate;
    return (NS_PER_SECOND << (rate - 1)) / CRYSTAL_HZ;
}

/* Periodic interrupts up to now. */
static void count_ticks(Rtc *s, gint64 virtual)
{
    gint64 step = period(s), ticks = 0;

    if (step) {
        ticks = MAX(virtual / step - (gint64)s->seen_virtual / step, 0);
    }
    if (ticks || (s->owed_next && virtual >= (gint64)s->owed_next)) {
        s->flags |= C_PF;
        s->owed_next = 0;
    }
    if (s->lost_tick_policy == POLICY_SLEW && (s->cmos[REG_B] & B_PIE)) {
        s->owed = (guint32)MIN(s->owed + ticks, OWED_MAX);
    }
}

/* The guest has heard of the tick in the flags, if there was one. */
static void tick_heard(Rtc *s)
{
    if ((s->flags & C_PF) && s->owed) {
        s->owed--;
        s->owed_next =
            s->owed && period(s) ? s->seen_virtual + (guint64)period(s) / 2 : 0;
    }
}

static void forget_owed(Rtc *s)
{
    s->owed = 0;
    s->owed_next = 0;
}

static void work_out_flags(Rtc *s)
{
    gint64 virtual = clock_now(CLOCK_TYPE_VIRTUAL);

    count_ticks(s, virtual);
    s->seen_virtual = virtual;
    if (running(s)) {
        gint64 now = floor_seconds(guest_now(s)), before = s->seen_second;
        gint64 alarm = rtc_time_to_alarm(s->cmos, s->cmos[REG_B], before);

        if (now > before) {
            s->flags |= C_UF;
        }
        if (alarm && before + alarm <= now) {
            s->flags |= C_AF;
        }
        s->seen_second = now;
    }
}

static void update_irq(Rtc *s)
{
    irq_source_set(&s->irq_out, !s->irq_taken && (s->flags & s->cmos[REG_B] & C_ANY));
}

static void arm_timers(Rtc *s)
{
    gint64 step = period(s);
    gint64 seconds = 0;

    if (step && (s->cmos[REG_B] & B_PIE)) {
        gint64 next = ((gint64)s->seen_virtual / step + 1) * step;
        timer_arm(s->periodic_timer,
                  s->owed_next ? MIN(next, (gint64)s->owed_next) : next);
    } else {
        timer_disarm(s->periodic_timer);
    }
    if (running(s)) {
        if (s->cmos[REG_B] & B_UIE) {
            seconds = 1;
        } else if (s->cmos[REG_B] & B_AIE) {
            seconds = rtc_time_to_alarm(s->cmos, s->cmos[REG_B], s->seen_second);
        }
    }
    if (seconds) {
        timer_arm(s->second_timer,
                  ((gint64)s->seen_second + seconds) * NS_PER_SECOND - (gint64)s->offset);
    } else {
        timer_disarm(s->second_timer);
    }
}

static void refresh(Rtc *s)
{
    work_out_flags(s);
    arm_timers(s);
    update_irq(s);
}

static void timer_fired(void *opaque)
{
    refresh(opaque);
}

/* The guest has set the clock: seconds of its time that are now. */
static void set_time(Rtc *s)
{
    gint64 seconds = rtc_time_from_regs(s->cmos, s->cmos[REG_B]);

    seconds = CLAMP(seconds, MIN_SECONDS, MAX_SECONDS);
    s->offset = seconds * NS_PER_SECOND - clock_now(s->clock);
    s->seen_second = seconds;
}

static void write_ab(Rtc *s, unsigned reg, guint8 value)
{
    gboolean was_running = running(s);
    gint64 was_period = period(s);

    if (was_running) {
        rtc_time_to_regs(floor_seconds(guest_now(s)), s->cmos[REG_B], s->cmos);
    }
    if (reg == REG_A) {
        s->cmos[REG_A] = value & ~A_UIP;
    } else {
        s->cmos[REG_B] = value & B_SET ? value & ~B_UIE : value;
    }
    if (!was_running && running(s)) {
        set_time(s);
    }
    if (period(s) != was_period || !(s->cmos[REG_B] & B_PIE)) {
        forget_owed(s); /* they were ticks of another clock */
    }
}

static gboolean is_time(unsigned reg)
{
    return reg == RTC_CENTURY || (reg <= RTC_YEAR && reg != RTC_SECONDS_ALARM &&
                                  reg != RTC_MINUTES_ALARM && reg != RTC_HOURS_ALARM);
}

static void cmos_write(Rtc *s, guint8 value)
{
    unsigned reg = s->index;

    work_out_flags(s);
    if (reg == REG_A || reg == REG_B) {
        write_ab(s, reg, value);
    } else if (reg == REG_C || reg == REG_D) {
        return;
    } else if (is_time(reg) && running(s)) {
        rtc_time_to_regs(floor_seconds(guest_now(s)), s->cmos[REG_B], s->cmos);
        s->cmos[reg] = value;
        set_time(s);
    } else {
        s->cmos[reg] = value;
    }
    arm_timers(s);
    update_irq(s);
}

static guint8 cmos_read(Rtc *s)
{
    unsigned reg = s->index;
    guint8 value;

    if (is_time(reg) && running(s)) {
        rtc_time_to_regs(floor_seconds(guest_now(s)), s->cmos[REG_B], s->cmos);
    }
    if (reg == REG_A && running(s)) {
        gint64 now = guest_now(s);
        gboolean uip = (floor_seconds(now) + 1) * NS_PER_SECOND - now <= UIP_NS;

        return s->cmos[REG_A] | (uip ? A_UIP : 0);
    }
    if (reg != REG_C) {
        return s->cmos[reg];
    }
    work_out_flags(s);
    value = s->flags | (s->flags & s->cmos[REG_B] & C_ANY ? C_IRQF : 0);
    tick_heard(s);
    s->flags = 0;
    arm_timers(s);
    update_irq(s);
    return value;
}

static guint64 rtc_read(void *opaque, guint64 offset, unsigned size)
{
    Rtc *s = opaque;

    return offset == 0 ? 0xff : cmos_read(s);
}

static void rtc_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Rtc *s = opaque;

    if (offset == 0) {
        s->index = value & (CMOS_SIZE - 1); /* bit 7: no NMIs, which no chip raises */
    } else {
        cmos_write(s, value);
    }
}

static const RegionOps rtc_ops = {
    .read = rtc_read,
    .write = rtc_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

static void rtc_init(Device *dev)
{
    Rtc *s = (Rtc *)dev;

    s->cmos[REG_A] = A_DIV_NORMAL | 6; /* 1024 Hz */
    s->cmos[REG_B] = RTC_B_24H;
    s->cmos[REG_D] = D_VALID;
}

/* The battery keeps time and memory; a reset disables interrupts. */
static void rtc_reset(Device *dev)
{
    Rtc *s = (Rtc *)dev;

    s->index = 0;
    s->irq_taken = FALSE;
    s->cmos[REG_B] &= ~(B_PIE | B_AIE | B_UIE);
    forget_owed(s);
    refresh(s);
    s->flags = 0;
    update_irq(s);
}

void rtc_set_time(Device *dev, ClockType clock, gint64 seconds)
{
    Rtc *s = (Rtc *)dev;

    s->clock = clock;
    s->start = seconds;
}

void rtc_reset_reinjection(Device *dev)
{
    Rtc *s = (Rtc *)dev;

    work_out_flags(s);
    forget_owed(s);
    arm_timers(s);
    update_irq(s);
}

void rtc_set_irq_enabled(Device *dev, gboolean enabled)
{
    Rtc *s = (Rtc *)dev;

    s->irq_taken = !enabled;
    update_irq(s);
}

void rtc_set_memory(Device *dev, unsigned offset, guint8 value)
{
    g_assert(offset > REG_D && offset < CMOS_SIZE && offset != RTC_CENTURY);
    ((Rtc *)dev)->cmos[offset] = value;
}

static gboolean rtc_realize(Device *dev, GError **errp)
{
    Rtc *s = (Rtc *)dev;

    IrqLine *line = isa_bus_irq(dev, RTC_IRQ, errp);
    if (!line) {
        return FALSE;
    }
    s->region = region_new_io("rtc", RTC_PORTS, &rtc_ops, s);
    if (!address_map_put(address_map_io(), &s->region, RTC_IOBASE, errp)) {
        return FALSE;
    }
    irq_source_connect(&s->irq_out, line);
    s->periodic_timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, timer_fired, s);
    s->second_timer = timer_new(event_loop_main(), s->clock, timer_fired, s);
    s->offset = (guint64)(s->start * NS_PER_SECOND + clock_now(CLOCK_TYPE_HOST) -
                          clock_now(s->clock));
    s->seen_second = floor_seconds(guest_now(s));
    s->seen_virtual = clock_now(CLOCK_TYPE_VIRTUAL);
    return TRUE;
}

static void rtc_unrealize(Device *dev)
{
    Rtc *s = (Rtc *)dev;

    g_clear_pointer(&s->periodic_timer, timer_free);
    g_clear_pointer(&s->second_timer, timer_free);
    address_map_take(&s->region);
    irq_source_disconnect(&s->irq_out);
}

static gboolean rtc_pre_save(void *opaque, GError **errp)
{
    Rtc *s = opaque;

    work_out_flags(s);
    if (running(s)) {
        rtc_time_to_regs(floor_seconds(guest_now(s)), s->cmos[REG_B], s->cmos);
    }
    return TRUE;
}

static gboolean rtc_post_load(void *opaque, guint32 version, GError **errp)
{
    Rtc *s = opaque;
    gint64 now, seen = s->seen_second;

    if (s->clock == CLOCK_TYPE_REALTIME && running(s)) {
        set_time(s); /* another host's clock: the registers have the time */
        seen = s->seen_second;
    }
    if (__builtin_add_overflow(clock_now(s->clock), (gint64)s->offset, &now) ||
        now < MIN_SECONDS * NS_PER_SECOND || now > MAX_SECONDS * NS_PER_SECOND) {
        return error_set(errp, "Section 'mc146818rtc', field 'offset': not a time");
    }
    if (seen < MIN_SECONDS || seen > MAX_SECONDS) {
        return error_set(errp, "Section 'mc146818rtc', field 'seen-second': not a time");
    }
    s->cmos[REG_D] = D_VALID;
    refresh(s);
    return TRUE;
}

static const StateField rtc_fields[] = {
    STATE_FIELD("index", STATE_U8, Rtc, index, .limit = CMOS_SIZE - 1),
    STATE_ARRAY("cmos", STATE_BYTES, Rtc, cmos, CMOS_SIZE),
    STATE_FIELD("flags", STATE_U8, Rtc, flags, .limit = C_ANY),
    STATE_FIELD("offset", STATE_U64, Rtc, offset),
    STATE_FIELD("seen-virtual", STATE_U64, Rtc, seen_virtual, .limit = G_MAXINT64 / 2),
    STATE_FIELD("seen-second", STATE_U64, Rtc, seen_second),
    STATE_FIELD("irq-taken", STATE_BOOL, Rtc, irq_taken, .since = 2, .optional = TRUE),
    STATE_FIELD("owed", STATE_U32, Rtc, owed, .since = 3, .optional = TRUE,
                .limit = OWED_MAX),
    STATE_FIELD("owed-next", STATE_U64, Rtc, owed_next, .since = 3, .optional = TRUE,
                .limit = G_MAXINT64 / 2),
    { NULL },
};

static const StateDesc rtc_state = {
    .name = "mc146818rtc",
    .version = 3,
    .fields = rtc_fields,
    .pre_save = rtc_pre_save,
    .post_load = rtc_post_load,
};

static void rtc_aml(const Device *dev, Aml *scope)
{
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device RTC_");
    aml_code(scope, "Name _HID eisa:PNP0B00 Name _UID 0");
    aml_resource_io(r, RTC_IOBASE, RTC_PORTS);
    isa_bus_add_irq(dev, r, RTC_IRQ);
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

static const Property rtc_properties[] = {
    { .name = "lost_tick_policy",
      .type = PROP_ENUM,
      .offset = offsetof(Rtc, lost_tick_policy),
      .names = policies,
      .def = "discard",
      .help =
          "periodic interrupts that the guest was late for: left out, or made up for" },
    { NULL },
};

const DeviceClass rtc_class = {
    .name = "mc146818rtc",
    .bus = ISA_BUS_TYPE,
    .desc = "MC146818A real-time clock",
    .instance_size = sizeof(Rtc),
    .properties = rtc_properties,
    .state = &rtc_state,
    .init = rtc_init,
    .realize = rtc_realize,
    .reset = rtc_reset,
    .unrealize = rtc_unrealize,
    .aml = rtc_aml,
};
