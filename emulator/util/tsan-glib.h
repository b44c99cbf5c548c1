/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glib's locks, queues, reference counts and sources for ThreadSanitizer builds: glib
 * itself is not instrumented, so what orders our own code is told to the sanitizer here
 * (g_atomic_int_* and g_atomic_pointer_* are the compiler's own, and seen as they are).
 * Included on the command line (-include) by --enable-sanitizers=thread, nowhere else.
 * tests/tsan/run says what else it takes.
 */
#ifndef VIREO_UTIL_TSAN_GLIB_H
#define VIREO_UTIL_TSAN_GLIB_H

#include <glib.h>
#include <poll.h>

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

/* Who drops a reference has done with the object; who drops the last one may free it. */
static inline gboolean tsan_atomic_ref_count_dec(gatomicrefcount *refs)
{
    TSAN_RELEASE(refs);
    gboolean last = g_atomic_ref_count_dec(refs);
    if (last) {
        TSAN_ACQUIRE(refs);
    }
    return last;
}

/*
 * What was done before a source was attached happened before its callback: which runs
 * after a poll of its context. One address stands for all contexts.
 */
__attribute__((weak)) char tsan_glib_sources;

static inline guint tsan_source_attach(GSource *source, GMainContext *context)
{
    TSAN_RELEASE(&tsan_glib_sources);
    return g_source_attach(source, context);
}

static inline gint tsan_poll(GPollFD *fds, guint n, gint timeout)
{
    gint ready = poll((struct pollfd *)fds, n, timeout);

    TSAN_ACQUIRE(&tsan_glib_sources);
    return ready;
}

static inline GMainContext *tsan_main_context_new(void)
{
    GMainContext *context = g_main_context_new();

    g_main_context_set_poll_func(context, tsan_poll);
    return context;
}

typedef struct TsanInvoked {
    GSourceFunc function;
    gpointer data;
} TsanInvoked;

static inline gboolean tsan_invoked(gpointer opaque)
{
    TsanInvoked *invoked = (TsanInvoked *)opaque;

    TSAN_ACQUIRE(&tsan_glib_sources);
    return invoked->function(invoked->data);
}

static inline void tsan_main_context_invoke(GMainContext *context, GSourceFunc function,
                                            gpointer data)
{
    TsanInvoked *invoked = g_new(TsanInvoked, 1);

    invoked->function = function;
    invoked->data = data;
    TSAN_RELEASE(&tsan_glib_sources);
    g_main_context_invoke_full(context, G_PRIORITY_DEFAULT, tsan_invoked, invoked, g_free);
}

static inline gboolean tsan_once_init_enter(gsize *once)
{
    gboolean first = g_once_init_enter(once);

    TSAN_ACQUIRE(once);
    return first;
}

static inline void tsan_once_init_leave(gsize *once, gsize result)
{
    TSAN_RELEASE(once);
    g_once_init_leave(once, result);
}

#define g_mutex_lock       tsan_mutex_lock
#define g_mutex_trylock    tsan_mutex_trylock
#define g_mutex_unlock     tsan_mutex_unlock
#define g_cond_wait        tsan_cond_wait
#define g_cond_wait_until  tsan_cond_wait_until
#define g_async_queue_push tsan_async_queue_push
#define g_async_queue_pop  tsan_async_queue_pop

#undef g_atomic_ref_count_dec
#define g_atomic_ref_count_dec tsan_atomic_ref_count_dec
#define g_source_attach        tsan_source_attach
#define g_main_context_new     tsan_main_context_new
#define g_main_context_invoke  tsan_main_context_invoke

#undef g_once_init_enter
#undef g_once_init_leave
#define g_once_init_enter tsan_once_init_enter
#define g_once_init_leave tsan_once_init_leave

/* glib's has a plain static, which several threads may set to the same value. */
#undef G_DEFINE_QUARK
#define G_DEFINE_QUARK(text, name)                                                       \
    GQuark name##_quark(void)                                                            \
    {                                                                                    \
        static gint quark;                                                               \
        if (!g_atomic_int_get(&quark)) {                                                 \
            g_atomic_int_set(&quark, (gint)g_quark_from_static_string(#text));           \
        }                                                                                \
        return (GQuark)g_atomic_int_get(&quark);                                         \
    }

#endif
