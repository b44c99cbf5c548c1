/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glib's locks for ThreadSanitizer builds: glib itself is not instrumented, so
 * every lock and unlock in our own code is told to the sanitizer here. Included on
 * the command line (-include) by --enable-sanitizers=thread, nowhere else.
 */
#ifndef VIREO_UTIL_TSAN_GLIB_H
#define VIREO_UTIL_TSAN_GLIB_H

#include <glib.h>

#include "tsan.h"

static inline void tsan_mutex_lock(GMutex *m)
{
    g_mutex_lock(m);
    TSAN_ACQUIRE(m);
}

static inline gboolean tsan_mutex_trylock(GMutex *m)
{
    if (!g_mutex_trylock(m)) {
        return FALSE;
    }
    TSAN_ACQUIRE(m);
    return TRUE;
}

static inline void tsan_mutex_unlock(GMutex *m)
{
    TSAN_RELEASE(m);
    g_mutex_unlock(m);
}

static inline void tsan_cond_wait(GCond *c, GMutex *m)
{
    TSAN_RELEASE(m);
    g_cond_wait(c, m);
    TSAN_ACQUIRE(m);
}

static inline gboolean tsan_cond_wait_until(GCond *c, GMutex *m, gint64 end_time)
{
    TSAN_RELEASE(m);
    gboolean signalled = g_cond_wait_until(c, m, end_time);
    TSAN_ACQUIRE(m);
    return signalled;
}

static inline void tsan_async_queue_push(GAsyncQueue *q, gpointer data)
{
    TSAN_RELEASE(q);
    g_async_queue_push(q, data);
}

static inline gpointer tsan_async_queue_pop(GAsyncQueue *q)
{
    gpointer data = g_async_queue_pop(q);
    TSAN_ACQUIRE(q);
    return data;
}

#define g_mutex_lock       tsan_mutex_lock
#define g_mutex_trylock    tsan_mutex_trylock
#define g_mutex_unlock     tsan_mutex_unlock
#define g_cond_wait        tsan_cond_wait
#define g_cond_wait_until  tsan_cond_wait_until
#define g_async_queue_push tsan_async_queue_push
#define g_async_queue_pop  tsan_async_queue_pop

#endif
