/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock and access holds. The lock knows its owner by a thread-local
 * flag; holds are counted under the lock, so they need no atomics.
 */
#include "event/lock.h"

#include "util/tsan.h"

struct AccessHold {
    unsigned count;
    gboolean finished; /* access_finish() has been called */
    void (*done)(void *opaque);
    void *opaque;
};

static GMutex lock;
static gint waiters;
static __thread gboolean held;
static __thread guint64 holds;

/* The access that this thread is making. */
static __thread gboolean access_active;
static __thread AccessHold *access_current;

void machine_lock(void)
{
    g_assert(!held);
    if (!g_mutex_trylock(&lock)) {
        g_atomic_int_inc(&waiters);
        g_mutex_lock(&lock);
        g_atomic_int_add(&waiters, -1);
    }
    TSAN_ACQUIRE(&lock);
    held = TRUE;
    holds++;
}

void machine_unlock(void)
{
    g_assert(held);
    held = FALSE;
    TSAN_RELEASE(&lock);
    g_mutex_unlock(&lock);
}

gboolean machine_lock_held(void)
{
    return held;
}

guint64 machine_lock_holds(void)
{
    return holds;
}

gboolean machine_lock_wanted(void)
{
    return g_atomic_int_get(&waiters) > 0;
}

void machine_lock_wait(GCond *cond)
{
    g_assert(held);
    held = FALSE;
    TSAN_RELEASE(&lock);
    g_cond_wait(cond, &lock);
    TSAN_ACQUIRE(&lock);
    held = TRUE;
    holds++;
}

AccessHold *access_hold(void)
{
    g_assert(held);
    if (!access_active) {
        return NULL;
    }
    if (!access_current) {
        access_current = g_new0(AccessHold, 1);
    }
    access_current->count++;
    return access_current;
}

void access_release(AccessHold *hold)
{
    if (!hold) {
        return;
    }
    g_assert(held && hold->count > 0);
    if (--hold->count || !hold->finished) {
        return;
    }
    hold->done(hold->opaque);
    g_free(hold);
}

void access_begin(void)
{
    g_assert(held && !access_active);
    access_active = TRUE;
    access_current = NULL;
}

void access_finish(void (*done)(void *opaque), void *opaque)
{
    g_assert(held && access_active);
    AccessHold *hold = access_current;
    access_active = FALSE;
    access_current = NULL;
    if (hold && hold->count) {
        hold->finished = TRUE;
        hold->done = done;
        hold->opaque = opaque;
        return;
    }
    g_free(hold);
    done(opaque);
}
