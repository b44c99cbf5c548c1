/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/pending.h"

void pending_begin(Pending *p, PendingList *list, PendingDone done, void *opaque)
{
    *p = (Pending){ .list = list, .link.data = p, .done = done, .opaque = opaque };
    g_queue_push_tail_link(&list->queue, &p->link);
}

void pending_take_name(Pending *p, const char *name)
{
    if (name) {
        p->names = g_slist_prepend(p->names, g_strdup(name));
    }
}

const char *pending_name(const Pending *p)
{
    return p->names ? p->names->data : NULL;
}

gboolean pending_has_name(const PendingList *list, const char *name)
{
    for (const GList *l = list->queue.head; l; l = l->next) {
        const Pending *p = l->data;

        if (g_slist_find_custom(p->names, name, (GCompareFunc)g_strcmp0)) {
            return TRUE;
        }
    }
    return FALSE;
}

Pending *pending_first(const PendingList *list)
{
    return list->queue.head ? list->queue.head->data : NULL;
}

void pending_end(Pending *p, GError *error)
{
    if (p->undone) {
        g_clear_error(&error);
        error = g_steal_pointer(&p->undone);
    }
    g_queue_unlink(&p->list->queue, &p->link);
    g_slist_free_full(g_steal_pointer(&p->names), g_free);
    p->done(p->opaque, error);
}
