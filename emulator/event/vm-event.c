/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/vm-event.h"

#include "event/lock.h"

typedef struct Subscriber {
    VmEventFn fn;
    void *opaque;
} Subscriber;

static GArray *subscribers;

void vm_event_subscribe(VmEventFn fn, void *opaque)
{
    if (!subscribers) {
        subscribers = g_array_new(FALSE, FALSE, sizeof(Subscriber));
    }
    Subscriber s = { fn, opaque };
    g_array_append_val(subscribers, s);
}

void vm_event_unsubscribe(VmEventFn fn, void *opaque)
{
    for (guint i = 0; subscribers && i < subscribers->len; i++) {
        Subscriber *s = &g_array_index(subscribers, Subscriber, i);
        if (s->fn == fn && s->opaque == opaque) {
            g_array_remove_index(subscribers, i);
            break;
        }
    }
    if (subscribers && !subscribers->len) {
        g_clear_pointer(&subscribers, g_array_unref);
    }
}

void vm_event_emit(const char *name, ConfigNode *data)
{
    g_assert(machine_lock_held());
    for (guint i = 0; subscribers && i < subscribers->len; i++) {
        Subscriber s = g_array_index(subscribers, Subscriber, i);
        s.fn(name, data, s.opaque);
    }
    if (data) {
        config_node_unref(data);
    }
}
