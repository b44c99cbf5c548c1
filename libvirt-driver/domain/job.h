/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The job slot of a VM. What must not happen at the same time takes it: a query (which
 * changes nothing but needs the monitor), a modification, or an async job (async-job.h)
 * that outlives the call which started it. While an async job runs, only the kinds of
 * its mask get in, and one of them at a time.
 *
 * The slot has no lock of its own: all functions are called with the lock given to them
 * held; begin releases it while it waits.
 */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum JobKind {
    JOB_NONE = 0,
    JOB_QUERY,
    JOB_MODIFY,
    JOB_SUSPEND,   /* stops the CPUs */
    JOB_ASYNC_OP,  /* changes how an async job goes on */
    JOB_TAKE_OVER, /* by a daemon that has found the VM running; beside any async job */
} JobKind;

#define JOB_MASK(kind) (1u << (kind))

#define JOB_WAITERS     8
#define JOB_PATIENCE_US G_USEC_PER_SEC

typedef struct JobSlot {
    JobKind active;
    const char *async;  /* the name of the async job, a literal, or NULL */
    guint allowed;      /* JOB_MASK of what may run beside it */
    const char *owner;  /* what holds active: a literal, for the error */
    gint64 since;       /* monotonic, of active */
    gint64 async_since; /* of async */
    guint waiting;      /* who wants in */
    gboolean dead;      /* the VM is gone for good: nobody gets in any more */
    GCond cond;
} JobSlot;

void job_slot_init(JobSlot *slot);
void job_slot_clear(JobSlot *slot);

/*
 * Takes the slot, waiting until the monotonic time deadline. owner is a literal. Fails
 * with VIR_ERR_OPERATION_TIMEOUT, naming who holds it, or with VIR_ERR_NO_DOMAIN when the
 * VM is gone. As each who waits takes a thread, only JOB_WAITERS wait for one that does
 * not end: others fail when it has been held for JOB_PATIENCE_US, with
 * VIR_ERR_OPERATION_FAILED.
 */
gboolean job_slot_begin(JobSlot *slot, GMutex *lock, JobKind kind, const char *owner,
                        gint64 deadline, GError **errp);
void job_slot_end(JobSlot *slot);

/* The same for an async job, which also needs that no other job is active. */
gboolean job_slot_begin_async(JobSlot *slot, GMutex *lock, const char *name,
                              guint allowed, gint64 deadline, GError **errp);
/* One that an earlier daemon began, of a VM that nobody else knows of yet. */
void job_slot_restore_async(JobSlot *slot, const char *name, guint allowed);
void job_slot_end_async(JobSlot *slot);

static inline gboolean job_slot_is_taken(const JobSlot *slot)
{
    return slot->active != JOB_NONE || slot->async;
}

/* Lets nobody in any more, and sends those away who wait. */
void job_slot_kill(JobSlot *slot);

G_END_DECLS
