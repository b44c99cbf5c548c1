/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timer that counts down in steps of 0.6 s, until the guest loads it again. The first
 * time that it comes to 0 is a status bit (and an SMI, which we have not); the second one
 * is the end. It stands still until the guest starts it: what firmware leaves.
 */
#include "config.h"

#include "hw/ich9-tco.h"

#include <string.h>

#include "hw/reg-row.h"

#define STEP_NS   G_GUINT64_CONSTANT(600000000)
#define STEPS     0x3ffu
#define MIN_STEPS 2u
#define TCO_RLD   0x00 /* two bytes: the count, and any write loads it */

#define TIMEOUT   0x0008u /* TCO1_STS */
#define SECOND_TO 0x0002u /* TCO2_STS */
#define HALTED    0x0800u /* TCO1_CNT */
#define LOCKED    0x1000u

static const RegRow rows[TCO_REGS] = {
    [TCO_DATA] = { 0x02, 2, .writable = 0xffff },
    [TCO1_STS] = { 0x04, 2, .clears = 0x178f },
    [TCO2_STS] = { 0x06, 2, .clears = 0x0017 },
    [TCO1_CNT] = { 0x08, 2, .writable = HALTED | LOCKED | 0x0200 },
    [TCO2_CNT] = { 0x0a, 2, .writable = 0x003e },
    [TCO_MESSAGES] = { 0x0c, 2, .writable = 0xffff },
    [TCO_WDCNT] = { 0x0e, 1, .writable = 0xff },
    [TCO_IRQ_GEN] = { 0x10, 1, .writable = 0x03 },
    [TCO_TMR] = { 0x12, 2, .writable = STEPS },
};

static guint64 clock_ns(void)
{
    return (guint64)clock_now(CLOCK_TYPE_VIRTUAL);
}

static guint64 duration(const Ich9Tco *t)
{
    return MAX((guint64)t->value[TCO_TMR], MIN_STEPS) * STEP_NS;
}

static gboolean counts(const Ich9Tco *t)
{
    return t->started && !(t->value[TCO1_CNT] & HALTED);
}

static void arm_timer(Ich9Tco *t)
{
    if (counts(t)) {
        timer_arm(t->timer, (gint64)t->deadline);
    } else {
        timer_disarm(t->timer);
    }
}

static void load(Ich9Tco *t)
{
    t->started = TRUE;
    t->second = FALSE;
    t->left = duration(t);
    t->deadline = clock_ns() + t->left;
    arm_timer(t);
}

static void timer_fired(void *opaque)
{
    Ich9Tco *t = opaque;
    gboolean ends = t->second;

    load(t);
    t->second = !ends;
    t->value[TCO1_STS] |= TIMEOUT;
    if (ends) {
        t->value[TCO2_STS] |= SECOND_TO;
        t->expired(t->opaque);
    }
}

/* The halt bit has changed, or not. */
static void control_written(Ich9Tco *t, gboolean was_halted)
{
    gboolean halts = (t->value[TCO1_CNT] & HALTED) != 0;
    guint64 now = clock_ns();

    if (was_halted && !halts && !t->started) {
        load(t);
    } else if (was_halted && !halts) {
        t->deadline = now + t->left;
    } else if (!was_halted && halts && t->started) {
        t->left = t->deadline > now ? t->deadline - now : 0;
    }
    arm_timer(t);
}

guint8 ich9_tco_read(const Ich9Tco *t, guint64 offset, gint64 now)
{
    guint64 left = t->left;

    if (!t->expired || offset >= TCO_RLD + 2) {
        return t->expired ? reg_row_read(rows, TCO_REGS, t->value, offset) : 0;
    }
    if (counts(t)) {
        left = t->deadline > (guint64)now ? t->deadline - (guint64)now : 0;
    }
    return (guint8)((left + STEP_NS - 1) / STEP_NS >> 8 * offset);
}

void ich9_tco_write(Ich9Tco *t, guint64 offset, guint8 byte)
{
    gboolean halted = (t->value[TCO1_CNT] & HALTED) != 0;
    guint64 locked = t->value[TCO1_CNT] & LOCKED;

    if (!t->expired) {
        return;
    }
    if (offset < TCO_RLD + 2) {
        load(t);
        return;
    }
    reg_row_write(rows, TCO_REGS, t->value, offset, byte);
    t->value[TCO1_CNT] |= locked; /* until the next reset */
    control_written(t, halted);
}

/* TCO2_STS is in the resume well: the next boot sees what has ended the last one. */
void ich9_tco_reset(Ich9Tco *t)
{
    guint64 status = t->value[TCO2_STS];

    memset(t->value, 0, sizeof(t->value));
    t->value[TCO2_STS] = status;
    t->value[TCO_TMR] = 4;
    t->value[TCO_IRQ_GEN] = 3;
    t->started = t->second = FALSE;
    t->deadline = t->left = 0;
    arm_timer(t);
}

void ich9_tco_realize(Ich9Tco *t)
{
    t->timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, timer_fired, t);
}

void ich9_tco_unrealize(Ich9Tco *t)
{
    g_clear_pointer(&t->timer, timer_free);
}

static gboolean tco_post_load(void *opaque, guint32 version, GError **errp)
{
    Ich9Tco *t = opaque;

    reg_row_mask(rows, TCO_REGS, t->value);
    t->started &= t->expired != NULL;
    arm_timer(t);
    return TRUE;
}

#define LONGEST              (STEPS * STEP_NS)
#define TCO_REG(name_, reg_) STATE_FIELD(name_, STATE_U64, Ich9Tco, value[reg_])

const StateDesc ich9_tco_state = {
    .name = "ich9-pm/tco",
    .version = 1,
    .fields =
        (const StateField[]){
            TCO_REG("tco1-sts", TCO1_STS),
            TCO_REG("tco2-sts", TCO2_STS),
            TCO_REG("tco1-cnt", TCO1_CNT),
            TCO_REG("tco2-cnt", TCO2_CNT),
            TCO_REG("messages", TCO_MESSAGES),
            TCO_REG("wdcnt", TCO_WDCNT),
            TCO_REG("irq-gen", TCO_IRQ_GEN),
            TCO_REG("tmr", TCO_TMR),
            TCO_REG("data", TCO_DATA),
            STATE_FIELD("started", STATE_BOOL, Ich9Tco, started),
            STATE_FIELD("second", STATE_BOOL, Ich9Tco, second),
            STATE_FIELD("deadline", STATE_U64, Ich9Tco, deadline,
                        .limit = G_MAXINT64 / 2),
            STATE_FIELD("left", STATE_U64, Ich9Tco, left, .limit = LONGEST),
            { NULL },
        },
    .post_load = tco_post_load,
};
