/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <string.h>

#include "hw/ps2.h"

void ps2_reply(Ps2Queue *queue, const guint8 *bytes, unsigned n)
{
    g_assert(n <= PS2_REPLY_MAX);
    memcpy(queue->reply, bytes, n);
    queue->replies = n;
}

gboolean ps2_event(Ps2Queue *queue, const guint8 *bytes, unsigned n)
{
    if (n > PS2_EVENTS_MAX - queue->events) {
        return FALSE;
    }
    memcpy(queue->event + queue->events, bytes, n);
    queue->events += n;
    return TRUE;
}

static guint8 take(guint8 *bytes, guint32 *n)
{
    guint8 first = bytes[0];

    (*n)--;
    memmove(bytes, bytes + 1, *n);
    return first;
}

gboolean ps2_take(Ps2Queue *queue, guint8 *byte)
{
    if (queue->replies) {
        *byte = take(queue->reply, &queue->replies);
    } else if (queue->events) {
        *byte = take(queue->event, &queue->events);
    } else {
        return FALSE;
    }
    queue->last = *byte;
    return TRUE;
}

const StateDesc ps2_queue_state = {
    .name = "ps2/queue",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_COUNTED("reply", STATE_BYTES, Ps2Queue, reply, PS2_REPLY_MAX, replies),
            STATE_COUNTED("event", STATE_BYTES, Ps2Queue, event, PS2_EVENTS_MAX, events),
            STATE_FIELD("last", STATE_U8, Ps2Queue, last),
            { NULL },
        },
};
