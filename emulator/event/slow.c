/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call belongs to its thread until run() has returned, and then to the main loop,
 * unless nobody waits for it any more: then the thread drops it. The list of calls is the
 * main loop's.
 *
 * Calls that may wait have threads of their own number, each of which takes the next one
 * when it is done with one: where there is any, all are served without a new one.
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

#define CALLS_MAX   64 /* of those that do not wait */
#define WAITERS_MAX 16 /* threads of those that do */

typedef enum Owner {
    OWNER_QUEUE, /* it waits for a thread */
    OWNER_THREAD,
    OWNER_MAIN_LOOP, /* it is back */
    OWNER_NOBODY,    /* its thread is to drop it */
} Owner;

typedef struct Call {
    const SlowCall *ops;
    void *data;
    void *opaque;
    GList link;  /* in calls */
    Owner owner; /* with the lock, and so is */
    GList turn;  /* in queue or back */
} Call;

static GQueue calls;  /* the main loop's, the first one first */
static guint n_calls; /* of them, those that do not wait */
static gboolean ended;

static GMutex lock;
static GQueue queue, back;
static guint n_waiters; /* threads */

/* What a thread has posted: for the one that came back first. */
static void deliver(void *opaque)
{
    g_mutex_lock(&lock);
    GList *turn = g_queue_pop_head_link(&back);
    g_mutex_unlock(&lock);
    if (turn) { /* not after slow_cleanup() */
        Call *call = turn->data;
        TSAN_ACQUIRE(call);
        g_queue_unlink(&calls, &call->link);
        n_calls -= !call->ops->waits;
        call->ops->done(call->opaque, call->data);
        g_free(call);
    }
}

/* FALSE: the process ends, and the call has not begun. */
static gboolean is_wanted(Call *call)
{
    g_mutex_lock(&lock);
    gboolean wanted = call->owner != OWNER_NOBODY;
    g_mutex_unlock(&lock);
    return wanted;
}

/* With the lock: the next one for a thread that is done with one, or NULL. */
static Call *next_call(gboolean waits)
{
    GList *turn = waits ? g_queue_pop_head_link(&queue) : NULL;
    Call *next = turn ? turn->data : NULL;

    if (next) {
        next->owner = OWNER_THREAD;
    } else if (waits) {
        n_waiters--;
    }
    return next;
}

/* The call has been run. Returns the next one of its thread. */
static Call *hand_back(Call *call)
{
    gboolean waits = call->ops->waits;

    TSAN_RELEASE(call);
    g_mutex_lock(&lock);
    gboolean wanted = call->owner != OWNER_NOBODY;
    if (wanted) {
        call->owner = OWNER_MAIN_LOOP;
        g_queue_push_tail_link(&back, &call->turn);
        event_loop_post(event_loop_main(), deliver, NULL);
    }
    Call *next = next_call(waits);
    g_mutex_unlock(&lock);
    if (!wanted) {
        call->ops->drop(call->data);
        g_free(call);
    }
    return next;
}

static gpointer slow_run(gpointer opaque)
{
    for (Call *call = opaque; call; call = hand_back(call)) {
        if (is_wanted(call)) {
            call->ops->run(call->data);
        }
    }
    return NULL;
}

static gboolean may_start(const SlowCall *ops, GError **errp)
{
    if (ended) {
        return error_set(errp, "The emulator ends");
    }
    return ops->waits || n_calls < CALLS_MAX ||
           error_set(errp, "%d calls of the host have not come back yet", CALLS_MAX);
}

static gboolean start_thread(Call *call, GError **errp)
{
    GThread *thread = thread_try_start("slow", "slow", slow_run, call, errp);

    if (thread) {
        g_thread_unref(thread);
    }
    return thread != NULL;
}

/* One of the threads that are there comes to it where there is none more. */
static gboolean start_or_wait(Call *call, GError **errp)
{
    g_mutex_lock(&lock);
    gboolean may_wait = n_waiters > 0;
    gboolean started =
        n_waiters < WAITERS_MAX && start_thread(call, may_wait ? NULL : errp);
    n_waiters += started;
    if (!started && may_wait) {
        call->owner = OWNER_QUEUE;
        g_queue_push_tail_link(&queue, &call->turn);
    }
    g_mutex_unlock(&lock);
    return started || may_wait;
}

gboolean slow_start(const SlowCall *ops, void *data, void *opaque, GError **errp)
{
    Call *call;

    g_assert(machine_lock_held() && event_loop_current() == event_loop_main());
    if (!may_start(ops, errp)) {
        return FALSE;
    }
    call = g_new(Call, 1);
    *call = (Call){ .ops = ops, .data = data, .opaque = opaque, .owner = OWNER_THREAD };
    call->link.data = call->turn.data = call;
    if (!(ops->waits ? start_or_wait : start_thread)(call, errp)) {
        g_free(call);
        return FALSE;
    }
    g_queue_push_tail_link(&calls, &call->link);
    n_calls += !ops->waits;
    return TRUE;
}

/* Whose it was: from here on that of a thread may be freed by it. */
static Owner let_go(Call *call)
{
    g_mutex_lock(&lock);
    Owner owner = call->owner;
    if (owner == OWNER_THREAD) {
        call->owner = OWNER_NOBODY;
    } else {
        g_queue_unlink(owner == OWNER_QUEUE ? &queue : &back, &call->turn);
    }
    g_mutex_unlock(&lock);
    TSAN_ACQUIRE(call);
    return owner;
}

void slow_cleanup(void)
{
    ended = TRUE;
    for (GList *link; (link = g_queue_pop_head_link(&calls));) {
        Call *call = link->data;
        const SlowCall *ops = call->ops;
        void *opaque = call->opaque;
        Owner owner = let_go(call);

        if (owner == OWNER_QUEUE) {
            ops->drop(call->data);
        }
        ops->done(opaque, owner == OWNER_MAIN_LOOP ? call->data : NULL);
        if (owner != OWNER_THREAD) {
            g_free(call);
        }
    }
}
