/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dirty logs of the listeners. They are collected by the migration thread without
 * the machine lock, part by part (KVM: a slot), so that neither vCPUs nor the main loop
 * wait for a scan. What excludes each other is one part and one change of the map, by a
 * lock of its own, which is taken after the machine lock and never before it.
 */
#include "event/lock.h"
#include "memory/map-internal.h"

static GMutex log_lock;

void map_log_lock(void)
{
    g_mutex_lock(&log_lock);
    TSAN_ACQUIRE(&log_lock);
}

void map_log_unlock(void)
{
    TSAN_RELEASE(&log_lock);
    g_mutex_unlock(&log_lock);
}

/* With the log's lock; NULL behind the last. */
static MapListener *listener_at(guint i)
{
    MapListener *l = address_map_memory()->listeners;
    while (l && i--) {
        l = l->next;
    }
    return l;
}

static void stop_until(guint end)
{
    MapListener *l;
    for (guint i = 0; i < end && (l = listener_at(i)); i++) {
        if (l->log_stop) {
            l->log_stop(l);
        }
    }
}

gboolean address_map_log_start(GError **errp)
{
    gboolean ok = TRUE;
    MapListener *l;
    map_log_lock();
    for (guint i = 0; ok && (l = listener_at(i)); i++) {
        ok = !l->log_start || l->log_start(l, errp);
        if (!ok) {
            stop_until(i);
        }
    }
    map_log_unlock();
    return ok;
}

void address_map_log_stop(void)
{
    map_log_lock();
    stop_until(G_MAXUINT);
    map_log_unlock();
}

/* One part; FALSE with *more for an error. */
static gboolean sync_part(guint *listener, guint *part, gboolean *more, GError **errp)
{
    gboolean ok = TRUE;
    map_log_lock();
    MapListener *l = listener_at(*listener);
    *more = l != NULL;
    if (l && l->log_sync) {
        ok = l->log_sync(l, part, errp);
    } else {
        *part = MAP_LOG_END;
    }
    map_log_unlock();
    if (*part == MAP_LOG_END) {
        ++*listener;
        *part = 0;
    }
    return ok;
}

gboolean address_map_log_sync(GError **errp)
{
    guint listener = 0, part = 0;
    gboolean more = TRUE, ok = TRUE;
    while (ok && more) {
        ok = sync_part(&listener, &part, &more, errp);
    }
    return ok;
}

gboolean address_map_log_clear(RamBlock *block, gsize first, gsize pages,
                               const unsigned long *bits, GError **errp)
{
    gboolean ok = TRUE;
    MapListener *l;
    map_log_lock();
    for (guint i = 0; ok && (l = listener_at(i)); i++) {
        ok = !l->log_clear || l->log_clear(l, block, first, pages, bits, errp);
    }
    map_log_unlock();
    return ok;
}
