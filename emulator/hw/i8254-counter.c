/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A counter is described by the tick at which its count was loaded; the current count
 * and OUT follow from how long ago that is (82C54, "mode definitions"), until the tick
 * of the next load: the next one, or, in modes 2 and 3, where a count has been written
 * while another one is counted, the end of the period or half.
 */
#include "config.h"

#include "hw/i8254-counter.h"

#include "util/error.h"

#define ACCESS_BOTH 3

#define STATUS_OUT          0x80
#define STATUS_NULL         0x40
#define STATUS_ACCESS_SHIFT 4
#define STATUS_MODE_SHIFT   1

static gboolean is_periodic(const PitCounter *c)
{
    return c->mode == 2 || c->mode == 3;
}

static gboolean needs_trigger(const PitCounter *c)
{
    return c->mode == 1 || c->mode == 5;
}

/* The gate stops the counting. */
static gboolean halted(const PitCounter *c)
{
    return !c->gate && !needs_trigger(c);
}

/* Ticks since the load. */
static guint64 elapsed(const PitCounter *c, guint64 tick)
{
    return halted(c) ? c->held : tick - c->start;
}

/* The high part of mode 3's period, which has the odd tick. */
static guint32 high_part(guint32 count)
{
    return count - count / 2;
}

/* The load whose time has come. */
static void advance(PitCounter *c, guint64 tick)
{
    if (!c->load || tick < c->load) {
        return;
    }
    gboolean low = c->at_end && c->armed && c->mode == 3 &&
                   (c->load - c->start) % c->count != 0; /* that half begins */

    c->count = c->next ? c->next : c->count;
    c->armed = c->count != 0;
    c->start = c->load - (low ? high_part(c->count) : 0);
    c->next = 0;
    c->load = 0;
    c->held = 0;
}

static void load_at(PitCounter *c, guint64 tick, gboolean at_end)
{
    c->load = tick;
    c->at_end = at_end;
}

/* The period, or mode 3's half, ends; the counter counts. */
static guint64 end_of_part(const PitCounter *c, guint64 tick)
{
    guint64 d = elapsed(c, tick), begin = tick - d % c->count;
    guint64 middle = begin + high_part(c->count);

    return c->mode == 3 && tick < middle ? middle : begin + c->count;
}

static guint32 decimal(guint32 bcd)
{
    return bcd % 16 + bcd / 16 % 16 * 10 + bcd / 256 % 16 * 100 + bcd / 4096 * 1000;
}

static guint16 to_bcd(guint32 n)
{
    return (guint16)(n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12);
}

static void new_count(PitCounter *c, guint16 value, guint64 tick)
{
    guint32 n = c->bcd ? decimal(value) % 10000 : value;

    c->next = n ? n : c->bcd ? 10000 : 65536;
    if (needs_trigger(c) || (c->load && !c->at_end)) {
        return;
    }
    if (!is_periodic(c) || !c->armed) {
        c->armed &= c->mode != 0;
        load_at(c, tick + 1, FALSE);
    } else if (!halted(c)) {
        load_at(c, end_of_part(c, tick), TRUE);
    }
}

void pit_counter_reset(PitCounter *c)
{
    *c = (PitCounter){ .gate = TRUE, .access = ACCESS_BOTH };
}

void pit_counter_control(PitCounter *c, guint8 word)
{
    guint8 mode = word >> 1 & 7;

    *c = (PitCounter){ .gate = c->gate,
                       .mode = mode > 5 ? mode - 4 : mode,
                       .access = word >> 4 & 3,
                       .bcd = word & 1 };
}

void pit_counter_write(PitCounter *c, guint8 value, guint64 tick)
{
    advance(c, tick);
    if (c->access == ACCESS_BOTH && !c->msb_in) {
        c->low = value;
        c->msb_in = TRUE;
        if (c->mode == 0) {
            c->armed = FALSE; /* stops the counting, and OUT is low */
            c->load = 0;
        }
        return;
    }
    c->msb_in = FALSE;
    new_count(c,
              c->access == 1   ? value
              : c->access == 2 ? value << 8
                               : value << 8 | c->low,
              tick);
}

/* Mode 3 counts by two; of an odd count, one is left out. */
static guint32 square_count(guint32 count, guint32 at)
{
    if (at >= high_part(count)) {
        at -= high_part(count);
    }
    return (count & ~1u) - 2 * at;
}

static guint16 current_count(const PitCounter *c, guint64 tick)
{
    guint64 d = elapsed(c, tick);
    guint32 modulus = c->bcd ? 10000 : 65536, n = c->count;

    if (c->armed && c->mode == 3) {
        n = square_count(n, (guint32)(d % n));
    } else if (c->armed && c->mode == 2) {
        n -= (guint32)(d % n);
    } else if (c->armed) {
        n = n + modulus - (guint32)(d % modulus);
    }
    n %= modulus;
    return c->bcd ? to_bcd(n) : (guint16)n;
}

static gboolean out(const PitCounter *c, guint64 tick)
{
    guint64 d = elapsed(c, tick);

    if (!c->armed) {
        return c->mode != 0;
    }
    if (is_periodic(c) && (halted(c) || (c->load && !c->at_end))) {
        return TRUE; /* the gate has stopped it, and it has not begun again */
    }
    switch (c->mode) {
    case 0:
    case 1:
        return d >= c->count;
    case 2:
        return d % c->count != c->count - 1;
    case 3:
        return d % c->count < high_part(c->count);
    default:
        return d != c->count;
    }
}

gboolean pit_counter_out(PitCounter *c, guint64 tick)
{
    advance(c, tick);
    return out(c, tick);
}

void pit_counter_latch(PitCounter *c, gboolean count, gboolean status, guint64 tick)
{
    advance(c, tick);
    if (count && !c->latch_left) {
        c->latch = current_count(c, tick);
        c->latch_left = c->access == ACCESS_BOTH ? 2 : 1;
    }
    if (status && !c->status_latched) {
        gboolean null = !c->count || c->next;

        c->status_latched = TRUE;
        c->status = (out(c, tick) ? STATUS_OUT : 0) | (null ? STATUS_NULL : 0) |
                    c->access << STATUS_ACCESS_SHIFT | c->mode << STATUS_MODE_SHIFT |
                    (c->bcd ? 1 : 0);
    }
}

guint8 pit_counter_read(PitCounter *c, guint64 tick)
{
    gboolean msb = c->access == 2;
    guint16 value = c->latch;

    if (c->status_latched) {
        c->status_latched = FALSE;
        return c->status;
    }
    if (c->latch_left) {
        msb |= c->access == ACCESS_BOTH && c->latch_left == 1;
        c->latch_left--;
    } else {
        advance(c, tick);
        value = current_count(c, tick);
        if (c->access == ACCESS_BOTH) {
            msb = c->msb_out;
            c->msb_out = !c->msb_out;
        }
    }
    return msb ? value >> 8 : value & 0xff;
}

void pit_counter_set_gate(PitCounter *c, gboolean gate, guint64 tick)
{
    advance(c, tick);
    if (gate == c->gate) {
        return;
    }
    if (!gate) {
        c->held = elapsed(c, tick);
        c->load = c->at_end ? 0 : c->load;
    } else if (!needs_trigger(c)) {
        c->start = tick - c->held;
    }
    if (gate && (needs_trigger(c) || is_periodic(c)) && (c->count || c->next)) {
        load_at(c, tick + 1, FALSE);
    }
    c->gate = gate;
}

/* As if there were no load. */
static gboolean next_counted_edge(const PitCounter *c, guint64 tick, guint64 *edge)
{
    guint64 d = elapsed(c, tick);

    if (!c->armed || halted(c)) {
        return FALSE;
    }
    if (is_periodic(c)) {
        *edge = tick - d % c->count + c->count;
        return c->count > 1; /* of 1, OUT does not move */
    }
    *edge = c->start + c->count + (c->mode >= 4);
    return d < *edge - c->start;
}

gboolean pit_counter_next_edge(const PitCounter *counter, guint64 tick, guint64 *edge)
{
    PitCounter c = *counter;

    advance(&c, tick);
    if (!c.load || (next_counted_edge(&c, tick, edge) && *edge < c.load)) {
        return next_counted_edge(&c, tick, edge);
    }
    *edge = c.load;
    gboolean was = out(&c, *edge - 1);
    advance(&c, *edge);
    return (!was && out(&c, *edge)) || next_counted_edge(&c, *edge, edge);
}

static gboolean counter_post_load(void *opaque, guint32 version, GError **errp)
{
    PitCounter *c = opaque;

    if (!c->access || (c->armed && !c->count)) {
        return error_set(errp, "Section 'isa-pit', field '%s': no such counter",
                         c->access ? "armed" : "access");
    }
    return TRUE;
}

#define COUNTER_FIELD(name_, type_, member_, ...)                                        \
    STATE_FIELD(name_, type_, PitCounter, member_, __VA_ARGS__)

const StateDesc pit_counter_state = {
    .name = "isa-pit/counter",
    .version = 1,
    .fields =
        (const StateField[]){
            COUNTER_FIELD("mode", STATE_U8, mode, .limit = 5),
            COUNTER_FIELD("access", STATE_U8, access, .limit = ACCESS_BOTH),
            COUNTER_FIELD("bcd", STATE_BOOL, bcd),
            COUNTER_FIELD("gate", STATE_BOOL, gate),
            COUNTER_FIELD("armed", STATE_BOOL, armed),
            COUNTER_FIELD("count", STATE_U32, count, .limit = 65536),
            COUNTER_FIELD("start", STATE_U64, start),
            COUNTER_FIELD("held", STATE_U64, held),
            COUNTER_FIELD("next", STATE_U32, next, .limit = 65536),
            COUNTER_FIELD("load", STATE_U64, load),
            COUNTER_FIELD("at-end", STATE_BOOL, at_end),
            COUNTER_FIELD("low", STATE_U8, low),
            COUNTER_FIELD("msb-in", STATE_BOOL, msb_in),
            COUNTER_FIELD("msb-out", STATE_BOOL, msb_out),
            COUNTER_FIELD("latch-left", STATE_U8, latch_left, .limit = 2),
            COUNTER_FIELD("latch", STATE_U16, latch),
            COUNTER_FIELD("status-latched", STATE_BOOL, status_latched),
            COUNTER_FIELD("status", STATE_U8, status),
            { NULL },
        },
    .post_load = counter_post_load,
};
