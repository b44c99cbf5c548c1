/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call belongs to its thread until run() has returned, and then to the main loop,
 * unless nobody waits for it any more: then the thread drops it. The list of calls is the
 * main loop's.
 *
 * These are not the threads of block/worker.c: those that a silent server holds there are
 * missing for all other disks.
 *
 * #syscalls slow: write
 */
#include "event/slow.h"

#include "event/lock.h"
#include "event/loop.h"
#include "util/error.h"
#include "util/tsan.h"

#define CALLS_MAX 64

typedef struct Call {
    const SlowCall *ops;
    void *data; /* the thread's until it is back */
    void *opaque;
    gboolean back, unwanted; /* with the lock; at most one of them */
} Call;

static GMutex lock;
static GSList *calls; /* the last one first */
static gboolean ended;

/* What a thread has posted: for the oldest one that is back. */
static void deliver(void *opaque)
{
    Call *call = NULL;

    g_mutex_lock(&lock);
    for (GSList *l = calls; l; l = l->next) {
        call = ((Call *)l->data)->back ? l->data : call;
    }
    g_mutex_unlock(&lock);
    if (call) { /* not after slow_cleanup() */
        TSAN_ACQUIRE(call);
        calls = g_slist_remove(calls, call);
        call->ops->done(call->opaque, call->data);
        g_free(call);
    }
}

static gpointer slow_run(gpointer opaque)
{
    Call *call = opaque;
    gboolean unwanted;

    call->ops->run(call->data);
    TSAN_RELEASE(call);
    g_mutex_lock(&lock);
    unwanted = call->unwanted;
    call->back = !unwanted;
    if (call->back) {
        event_loop_post(event_loop_main(), deliver, NULL);
    }
    g_mutex_unlock(&lock);
    if (unwanted) {
        call->ops->drop(call->data);
        g_free(call);
    }
    return NULL;
}

static gboolean may_start(GError **errp)
{
    if (ended) {
        return error_set(errp, "The emulator ends");
    }
    return g_slist_length(calls) < CALLS_MAX ||
           error_set(errp, "%d calls of the host have not come back yet", CALLS_MAX);
}

gboolean slow_start(const SlowCall *ops, void *data, void *opaque, GError **errp)
{
    Call *call;
    GThread *thread;

    g_assert(machine_lock_held() && event_loop_current() == event_loop_main());
    if (!may_start(errp)) {
        return FALSE;
    }
    call = g_new(Call, 1);
    *call = (Call){ .ops = ops, .data = data, .opaque = opaque };
    thread = thread_try_start("slow", "slow", slow_run, call, errp);
    if (!thread) {
        g_free(call);
        return FALSE;
    }
    g_thread_unref(thread);
    calls = g_slist_prepend(calls, call);
    return TRUE;
}

/* TRUE: it is back. FALSE: its thread may free it from here on. */
static gboolean let_go(Call *call)
{
    gboolean back;

    g_mutex_lock(&lock);
    back = call->back;
    call->unwanted = !back;
    g_mutex_unlock(&lock);
    TSAN_ACQUIRE(call);
    return back;
}

void slow_cleanup(void)
{
    GSList *list = g_slist_reverse(g_steal_pointer(&calls));

    ended = TRUE;
    for (GSList *l = list; l; l = l->next) {
        Call *call = l->data;
        const SlowCall *ops = call->ops;
        void *opaque = call->opaque;
        gboolean back = let_go(call);

        ops->done(opaque, back ? call->data : NULL);
        if (back) {
            g_free(call);
        }
    }
    g_slist_free(list);
}
