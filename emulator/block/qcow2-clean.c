/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache-clean-interval: one timer for all nodes; what is busy waits for the next time. */
#include "block/qcow2-driver.h"
#include "event/clock.h"

static Timer *timer;

static gint64 interval_of(const BlockNode *node)
{
    const Qcow2Rows *o = node->options;

    return node->driver == &block_driver_qcow2
               ? (gint64)o->clean_interval * G_GINT64_CONSTANT(1000000000)
               : 0;
}

static void clean(const BlockNode *node, gint64 now)
{
    Qcow2State *s = node->state;

    if (s->clean_at <= now) {
        if (node->active && s->q) {
            qcow2_clean_caches(s->q, FALSE);
        }
        s->clean_at = now + interval_of(node);
    }
}

static void clean_all(void *opaque)
{
    gint64 now = clock_now(CLOCK_TYPE_REALTIME), next = G_MAXINT64;

    for (GSList *l = block_nodes(); l; l = l->next) {
        const BlockNode *node = l->data;
        if (interval_of(node)) {
            clean(node, now);
            next = MIN(next, ((Qcow2State *)node->state)->clean_at);
        }
    }
    if (next < G_MAXINT64) {
        timer_arm(timer, next);
    } else {
        g_clear_pointer(&timer, timer_free);
    }
}

void qcow2_clean_later(BlockNode *node)
{
    Qcow2State *s = node->state;

    if (!interval_of(node) || s->clean_at) {
        return;
    }
    s->clean_at = clock_now(CLOCK_TYPE_REALTIME) + interval_of(node);
    if (!timer) {
        timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, clean_all, NULL);
    }
    if (!timer_armed(timer) || timer_deadline(timer) > s->clean_at) {
        timer_arm(timer, s->clean_at);
    }
}
