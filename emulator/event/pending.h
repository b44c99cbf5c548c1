/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on its way: nodes, devices, objects that come or go while the host is asked
 * for them. They are in no other list meanwhile, and nobody finds them; but their names
 * are taken, and somebody waits for the end. Main loop, under the machine lock.
 */
#ifndef VIREO_EVENT_PENDING_H
#define VIREO_EVENT_PENDING_H

#include <glib.h>

/* All of one kind, the first one first: a static one is empty. */
typedef struct PendingList {
    GQueue queue;
} PendingList;

/* error: why it has failed; the callee's. */
typedef void (*PendingDone)(void *opaque, GError *error);

/* Of one of them, a part of what its kind keeps of it. */
typedef struct Pending {
    PendingList *list;
    GList link;
    GSList *names; /* the last one first */
    PendingDone done;
    void *opaque;
    GError *undone; /* why all is taken back before the end, or NULL */
} Pending;

/* p, new, is the last of its list from here on. */
void pending_begin(Pending *p, PendingList *list, PendingDone done, void *opaque);
/* The name (NULL: none) is taken until the end. */
void pending_take_name(Pending *p, const char *name);
/* The one taken last, or NULL. */
const char *pending_name(const Pending *p);
gboolean pending_has_name(const PendingList *list, const char *name);
/* The first of the list, or NULL. */
Pending *pending_first(const PendingList *list);
/*
 * Out of its list with its names, and whoever waits is told; what it is a part of stays
 * the caller's. error is taken over, and gives way to undone: why it does not come is
 * worth more than what has happened since.
 */
void pending_end(Pending *p, GError *error);

#endif
