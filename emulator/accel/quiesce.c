/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From "no vCPU runs" to "nothing moves any more".
 *
 * Whoever has something under way that comes to its end by itself (requests in flight,
 * a reset, a vCPU's access half done) holds. When the VM is stopped and the last hold is
 * gone the disks are flushed, and then the VM stands still: memory, devices and images
 * stay as they are until somebody starts it, or a reset is asked for.
 *
 * Starting does not wait for this (vm_start() in run-state.c); those who wait for the
 * other are told.
 */
#include "accel/run-state.h"

#include "accel/flush.h"
#include "event/lock.h"
#include "event/loop.h"
#include "util/log.h"

typedef struct Waiter {
    VmQuiesceFn done;
    void *opaque;
} Waiter;

static guint holds;
static gboolean posted;
static gboolean flushing;
static gboolean moved;        /* since the flush was begun */
static gboolean still = TRUE; /* nothing has ever run */
static GError *flush_error;   /* of the last flush */
static GSList *waiters;       /* the last one first */
static VmFlushFn flush;
static void (*when_flushed)(void); /* NULL: nobody */

static void advance(void);

void vm_set_flush(VmFlushFn fn)
{
    flush = fn;
}

void vm_set_flushed(void (*fn)(void))
{
    when_flushed = fn;
}

gboolean vm_flushing(void)
{
    return flushing;
}

gboolean vm_stands_still(void)
{
    return still;
}

static void tell(gboolean stands)
{
    GSList *list = g_slist_reverse(g_steal_pointer(&waiters));

    for (GSList *l = list; l; l = l->next) {
        Waiter *w = l->data;
        /* One before may have started it. */
        w->done(w->opaque, stands && still, stands && still ? flush_error : NULL);
    }
    g_slist_free_full(list, g_free);
}

static void flushed(void *opaque, GError *error)
{
    flushing = FALSE;
    if (error) {
        log_warn("the VM was stopped: %s", error->message);
    }
    g_clear_error(&flush_error);
    flush_error = error;
    if (when_flushed) {
        when_flushed();
    }
    if (moved) {
        advance();
        return;
    }
    still = TRUE;
    tell(TRUE);
}

static void advance(void)
{
    if (vm_running()) {
        tell(FALSE);
    } else if (!holds && !flushing && !still) {
        moved = FALSE;
        flushing = TRUE;
        if (flush) {
            flush(flushed, NULL);
        } else {
            flushed(NULL, NULL);
        }
    }
}

static void post_ran(void *opaque)
{
    posted = FALSE;
    advance();
}

static void post_advance(void)
{
    if (!posted) {
        posted = TRUE;
        event_loop_post(event_loop_main(), post_ran, NULL);
    }
}

void vm_quiesce_hold(void)
{
    g_assert(machine_lock_held());
    holds++;
    moved = TRUE;
    still = FALSE;
}

void vm_quiesce_release(void)
{
    g_assert(machine_lock_held() && holds > 0);
    if (--holds == 0) {
        post_advance();
    }
}

void vm_quiesce_started(void)
{
    moved = TRUE;
    still = FALSE;
    if (waiters) {
        post_advance();
    }
}

void vm_quiesce(VmQuiesceFn done, void *opaque)
{
    Waiter *w;

    g_assert(machine_lock_held() && !vm_running());
    if (still) {
        done(opaque, TRUE, flush_error);
        return;
    }
    w = g_new(Waiter, 1);
    *w = (Waiter){ done, opaque };
    waiters = g_slist_prepend(waiters, w);
}

static gboolean is_flushing(void)
{
    return flushing;
}

void vm_quiesce_cleanup(void)
{
    if (event_loop_main()) {
        event_loop_run_while(event_loop_main(), is_flushing);
    }
    tell(FALSE);
    g_clear_error(&flush_error);
}
