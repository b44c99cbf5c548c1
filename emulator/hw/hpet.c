/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter is the virtual clock plus an offset, or a number while it is halted. What
 * a comparator has met since it was looked at last is worked out whenever somebody asks;
 * a timer of ours runs only for those that are to interrupt. A match that is behind the
 * counter when it is written comes after the next wrap (2.3.9): guests look at the
 * counter afterwards.
 *
 * A periodic timer gives one interrupt for all periods that the host was late for, and
 * no more often than a host can take. Delivery by FSB is not offered (Tn_FSB_INT_DEL_CAP
 * is 0).
 */
#include "config.h"

#include "hw/hpet.h"

#include <string.h>

#include "event/clock.h"
#include "hw/i8254.h"
#include "hw/rtc.h"
#include "memory/address-map.h"

#define TICK_NS       10
#define MIN_PERIOD_NS (HPET_MIN_TICK * TICK_NS) /* of a periodic timer */

/* Registers of 8 bytes. */
#define REG_CAPABILITIES 0x000
#define REG_CONFIG       0x010
#define REG_STATUS       0x020
#define REG_COUNTER      0x0f0
#define REG_TIMERS       0x100
#define TIMER_STRIDE     0x20
#define TIMER_CONFIG     0x00
#define TIMER_COMPARATOR 0x08

#define CONFIG_ENABLE 0x1ull
#define CONFIG_LEGACY 0x2ull

#define TN_LEVEL       0x0002ull
#define TN_ENABLE      0x0004ull
#define TN_PERIODIC    0x0008ull
#define TN_PERIODIC_OK 0x0010ull
#define TN_64BIT_OK    0x0020ull
#define TN_SET_VALUE   0x0040ull
#define TN_32BIT       0x0100ull
#define TN_ROUTE_SHIFT 9
#define TN_ROUTE_MASK  0x1full
#define TN_ROUTE       (TN_ROUTE_MASK << TN_ROUTE_SHIFT)
#define TN_WRITABLE                                                                      \
    (TN_LEVEL | TN_ENABLE | TN_PERIODIC | TN_SET_VALUE | TN_32BIT | TN_ROUTE)

typedef struct Hpet Hpet;

typedef struct HpetTimer {
    Hpet *hpet;
    Timer *timer;
    IrqSource irq_out; /* on the line that is configured now */

    guint64 config; /* the writable bits */
    guint64 comparator;
    guint64 period;
    guint64 seen; /* the counter, up to which it has been compared */
    guint64 from; /* ns: no interrupt of a periodic timer before */
} HpetTimer;

struct Hpet {
    Device dev;
    guint32 intcap;

    Region *region;
    IrqLine *gsis[HPET_GSIS], *legacy[2];
    Device *pit, *rtc;

    guint64 config;
    guint64 status;  /* of level-triggered timers, a bit each */
    guint64 counter; /* while it is halted */
    guint64 offset;  /* the counter minus the clock's ticks, while it runs */
    HpetTimer timers[HPET_TIMERS];
};

static guint64 clock_ticks(void)
{
    return (guint64)clock_now(CLOCK_TYPE_VIRTUAL) / TICK_NS;
}

static guint64 counter_now(const Hpet *s)
{
    return s->config & CONFIG_ENABLE ? clock_ticks() + s->offset : s->counter;
}

static gboolean in_legacy_mode(const Hpet *s)
{
    return (s->config & CONFIG_ENABLE) && (s->config & CONFIG_LEGACY);
}

/* As wide as the timer counts. */
static guint64 narrow(const HpetTimer *t, guint64 n)
{
    return t->config & TN_32BIT ? (guint32)n : n;
}

static guint64 status_bit(const HpetTimer *t)
{
    return 1ull << (t - t->hpet->timers);
}

/* How many ticks will come, after the last one looked at, before the match. */
static guint64 ticks_before_match(const HpetTimer *t)
{
    return narrow(t, t->comparator - t->seen - 1);
}

/* --- interrupts --- */

static IrqLine *configured_line(const HpetTimer *t)
{
    const Hpet *s = t->hpet;
    unsigned n = (unsigned)(t - s->timers);
    unsigned route = t->config >> TN_ROUTE_SHIFT & TN_ROUTE_MASK;

    if (in_legacy_mode(s) && n < G_N_ELEMENTS(s->legacy)) {
        return s->legacy[n];
    }
    return route < HPET_GSIS && (s->intcap >> route & 1) ? s->gsis[route] : NULL;
}

static gboolean may_interrupt(const HpetTimer *t)
{
    return (t->config & TN_ENABLE) && (t->hpet->config & CONFIG_ENABLE);
}

/* The level of a level-triggered timer, on the line that it has now. */
static void update_line(HpetTimer *t)
{
    gboolean level = may_interrupt(t) && (t->hpet->status & status_bit(t));

    irq_source_connect(&t->irq_out, configured_line(t));
    irq_source_set(&t->irq_out, level);
}

/* After one that is given now. */
static guint64 earliest_interrupt(void)
{
    return (guint64)clock_now(CLOCK_TYPE_VIRTUAL) + MIN_PERIOD_NS;
}

static void fire(HpetTimer *t)
{
    if (t->config & TN_LEVEL) {
        t->hpet->status |= status_bit(t);
        update_line(t);
    } else if (may_interrupt(t)) {
        irq_source_set(&t->irq_out, TRUE);
        irq_source_set(&t->irq_out, FALSE);
    }
    t->from = earliest_interrupt();
}

/* --- time --- */

static void arm_timer(HpetTimer *t)
{
    guint64 before = ticks_before_match(t), late = counter_now(t->hpet) - t->seen;
    gboolean waits = (t->config & TN_LEVEL) && (t->hpet->status & status_bit(t));
    gint64 at = clock_now(CLOCK_TYPE_VIRTUAL) / TICK_NS * TICK_NS;

    if (!may_interrupt(t) || waits || before > G_MAXINT64 / 2 / TICK_NS) {
        timer_disarm(t->timer);
        return;
    }
    at += before >= late ? (gint64)(before - late + 1) * TICK_NS : 0;
    if (t->config & TN_PERIODIC) {
        at = MAX(at, (gint64)t->from);
    }
    timer_arm(t->timer, at);
}

/* Whoever asks: a periodic timer is not to interrupt yet. */
static gboolean too_early(const HpetTimer *t)
{
    return (t->config & TN_PERIODIC) && (guint64)clock_now(CLOCK_TYPE_VIRTUAL) < t->from;
}

/* What the comparator has met until now. */
static void work_out(HpetTimer *t)
{
    guint64 now = counter_now(t->hpet);
    guint64 passed = now - t->seen;
    gboolean met = (gint64)passed > 0 && ticks_before_match(t) < passed;

    if (!(t->hpet->config & CONFIG_ENABLE) || too_early(t)) {
        return;
    }
    t->seen = now;
    if (!met) {
        return;
    }
    if ((t->config & TN_PERIODIC) && t->period) {
        guint64 late = narrow(t, now - t->comparator);

        t->comparator = narrow(t, t->comparator + (late / t->period + 1) * t->period);
    }
    fire(t);
}

static void timer_fired(void *opaque)
{
    HpetTimer *t = opaque;

    work_out(t);
    arm_timer(t);
}

static void work_out_all(Hpet *s)
{
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        work_out(&s->timers[i]);
    }
}

static void update_all(Hpet *s)
{
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        update_line(&s->timers[i]);
        arm_timer(&s->timers[i]);
    }
}

/* The comparators look at the counter's new value as at one that has just come. */
static void look_anew(Hpet *s, guint64 counter)
{
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        s->timers[i].seen = counter - 1;
    }
}

/* --- registers --- */

static void update_legacy(Hpet *s)
{
    gboolean enabled = !in_legacy_mode(s);

    if (s->pit) {
        i8254_set_irq_enabled(s->pit, enabled);
    }
    if (s->rtc) {
        rtc_set_irq_enabled(s->rtc, enabled);
    }
}

static void write_config(Hpet *s, guint64 value)
{
    gboolean was = in_legacy_mode(s);
    guint64 changed, writable = CONFIG_ENABLE | (s->legacy[0] ? CONFIG_LEGACY : 0);
    guint64 counter = counter_now(s);

    changed = s->config ^ (value & writable);
    s->config = value & writable;
    if (changed & CONFIG_ENABLE) {
        s->counter = counter;
        s->offset = counter - clock_ticks();
    }
    if (was != in_legacy_mode(s)) {
        update_legacy(s);
    }
}

static void write_counter(Hpet *s, guint64 value)
{
    s->counter = value;
    s->offset = value - clock_ticks();
    look_anew(s, value);
}

static guint64 timer_config(const HpetTimer *t)
{
    return (t->config & ~TN_SET_VALUE) | TN_PERIODIC_OK | TN_64BIT_OK |
           (guint64)t->hpet->intcap << 32;
}

/* An interrupt that there is not, is not taken (2.3.8). */
static void write_timer_config(HpetTimer *t, guint64 value)
{
    unsigned route = value >> TN_ROUTE_SHIFT & TN_ROUTE_MASK;

    if (!(t->hpet->intcap >> route & 1)) {
        value = (value & ~TN_ROUTE) | (t->config & TN_ROUTE);
    }
    t->config = value & TN_WRITABLE;
    if (!(t->config & TN_LEVEL)) {
        t->hpet->status &= ~status_bit(t);
    }
    t->comparator = narrow(t, t->comparator);
    t->period = narrow(t, t->period);
}

/* The bits of mask. A periodic timer takes the period, and its next match only if told.
 */
static void write_comparator(HpetTimer *t, guint64 value, guint64 mask)
{
    if (!(t->config & TN_PERIODIC) || (t->config & TN_SET_VALUE)) {
        t->comparator = narrow(t, (t->comparator & ~mask) | (value & mask));
        t->seen = counter_now(t->hpet) - 1;
    }
    if (t->config & TN_PERIODIC) {
        t->period = narrow(t, (t->period & ~mask) | (value & mask));
    }
    t->config &= ~TN_SET_VALUE;
}

/* The timer whose register it is; NULL: nobody's. */
static HpetTimer *find_timer(Hpet *s, guint64 offset)
{
    guint64 n = (offset - REG_TIMERS) / TIMER_STRIDE;

    return offset >= REG_TIMERS && n < HPET_TIMERS ? &s->timers[n] : NULL;
}

static guint64 read_timer(const HpetTimer *t, guint64 offset)
{
    return offset == TIMER_CONFIG       ? timer_config(t)
           : offset == TIMER_COMPARATOR ? t->comparator
                                        : 0;
}

static guint64 read_register(Hpet *s, guint64 offset)
{
    const HpetTimer *t = find_timer(s, offset);

    if (t) {
        return read_timer(t, offset % TIMER_STRIDE);
    }
    switch (offset) {
    case REG_CAPABILITIES:
        return (guint64)HPET_PERIOD_FS << 32 | HPET_ID;
    case REG_CONFIG:
        return s->config;
    case REG_STATUS:
        return s->status;
    case REG_COUNTER:
        return counter_now(s);
    default:
        return 0;
    }
}

static void write_register(Hpet *s, guint64 offset, guint64 value, guint64 mask)
{
    HpetTimer *t = find_timer(s, offset);
    guint64 whole = (read_register(s, offset) & ~mask) | (value & mask);

    if (t && offset % TIMER_STRIDE == TIMER_CONFIG) {
        write_timer_config(t, whole);
    } else if (t && offset % TIMER_STRIDE == TIMER_COMPARATOR) {
        write_comparator(t, value, mask);
    } else if (offset == REG_CONFIG) {
        write_config(s, whole);
    } else if (offset == REG_STATUS) {
        s->status &= ~(value & mask);
    } else if (offset == REG_COUNTER) {
        write_counter(s, whole);
    }
}

static guint64 hpet_read(void *opaque, guint64 offset, unsigned size)
{
    Hpet *s = opaque;

    work_out_all(s);
    return read_register(s, offset & ~7ull) >> 8 * (offset & 7);
}

static void hpet_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Hpet *s = opaque;
    unsigned shift = 8 * (offset & 7);
    guint64 mask = size == 8 ? G_MAXUINT64 : (guint64)G_MAXUINT32 << shift;

    work_out_all(s);
    write_register(s, offset & ~7ull, value << shift, mask);
    update_all(s);
}

static const RegionOps hpet_ops = {
    .read = hpet_read,
    .write = hpet_write,
    .min_size = 4,
    .max_size = 8,
};

/* --- life --- */

void hpet_set_wiring(Device *dev, const HpetWiring *wiring)
{
    Hpet *s = (Hpet *)dev;

    memcpy(s->gsis, wiring->gsis, sizeof(s->gsis));
    s->legacy[0] = wiring->irq0;
    s->legacy[1] = wiring->irq8;
    s->pit = wiring->pit;
    s->rtc = wiring->rtc;
}

static void hpet_reset(Device *dev)
{
    Hpet *s = (Hpet *)dev;

    s->config = s->status = s->counter = s->offset = 0;
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        HpetTimer *t = &s->timers[i];

        t->config = t->period = t->from = 0;
        t->comparator = G_MAXUINT64;
    }
    look_anew(s, s->counter);
    update_all(s);
}

static gboolean hpet_realize(Device *dev, GError **errp)
{
    Hpet *s = (Hpet *)dev;

    s->region = region_new_io("hpet", HPET_SIZE, &hpet_ops, s);
    if (!address_map_put(address_map_memory(), &s->region, HPET_BASE, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        s->timers[i].hpet = s;
        s->timers[i].timer =
            timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, timer_fired, &s->timers[i]);
    }
    return TRUE;
}

static void hpet_unrealize(Device *dev)
{
    Hpet *s = (Hpet *)dev;

    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        irq_source_disconnect(&s->timers[i].irq_out);
        g_clear_pointer(&s->timers[i].timer, timer_free);
    }
    address_map_take(&s->region);
}

static gboolean hpet_pre_save(void *opaque, GError **errp)
{
    work_out_all(opaque);
    return TRUE;
}

static gboolean hpet_post_load(void *opaque, guint32 version, GError **errp)
{
    Hpet *s = opaque;

    if (!s->legacy[0]) {
        s->config &= ~CONFIG_LEGACY;
    }
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        HpetTimer *t = &s->timers[i];

        t->config &= TN_WRITABLE;
        t->comparator = narrow(t, t->comparator);
        t->period = narrow(t, t->period);
        t->from = MIN(t->from, earliest_interrupt());
    }
    work_out_all(s);
    update_all(s);
    return TRUE;
}

static const StateDesc hpet_timer_state = {
    .name = "hpet/timer",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_FIELD("config", STATE_U64, HpetTimer, config),
            STATE_FIELD("comparator", STATE_U64, HpetTimer, comparator),
            STATE_FIELD("period", STATE_U64, HpetTimer, period),
            STATE_FIELD("seen", STATE_U64, HpetTimer, seen),
            STATE_FIELD("from", STATE_U64, HpetTimer, from),
            { NULL },
        },
};

static const StateField hpet_fields[] = {
    STATE_FIELD("config", STATE_U64, Hpet, config,
                .limit = CONFIG_ENABLE | CONFIG_LEGACY),
    STATE_FIELD("status", STATE_U64, Hpet, status, .limit = (1 << HPET_TIMERS) - 1),
    STATE_FIELD("counter", STATE_U64, Hpet, counter),
    STATE_FIELD("offset", STATE_U64, Hpet, offset),
    STATE_ARRAY("timers", STATE_STRUCT, Hpet, timers, HPET_TIMERS,
                .nested = &hpet_timer_state, .stride = sizeof(HpetTimer)),
    { NULL },
};

static const StateDesc hpet_state = {
    .name = "hpet",
    .version = 1,
    .fields = hpet_fields,
    .pre_save = hpet_pre_save,
    .post_load = hpet_post_load,
};

static const Property hpet_properties[] = {
    { .name = "hpet-intcap",
      .type = PROP_U32,
      .offset = offsetof(Hpet, intcap),
      .def = "0xff0104",
      .max = (1 << HPET_GSIS) - 1,
      .guest = TRUE,
      .help = "interrupts that timers may choose, a bit each" },
    { NULL },
};

const DeviceClass hpet_class = {
    .name = "hpet",
    .desc = "high precision event timers",
    .instance_size = sizeof(Hpet),
    .properties = hpet_properties,
    .state = &hpet_state,
    .realize = hpet_realize,
    .reset = hpet_reset,
    .unrealize = hpet_unrealize,
};
