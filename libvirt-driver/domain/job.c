/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/job.h"

#include "util/vir-error.h"

void job_slot_init(JobSlot *slot)
{
    *slot = (JobSlot){ 0 };
    g_cond_init(&slot->cond);
}

void job_slot_clear(JobSlot *slot)
{
    g_cond_clear(&slot->cond);
}

static gboolean is_free(const JobSlot *slot, JobKind kind)
{
    if (slot->active != JOB_NONE) {
        return FALSE;
    }
    return !slot->async || kind == JOB_TAKE_OVER ||
           (kind != JOB_NONE && (slot->allowed & JOB_MASK(kind)));
}

/* When whoever wants in gives up: those over the limit when it has been held for long. */
static gint64 limit_of(const JobSlot *slot, guint rank, gint64 deadline)
{
    gint64 since = slot->active != JOB_NONE ? slot->since : slot->async_since;

    return rank > JOB_WAITERS ? MIN(deadline, since + JOB_PATIENCE_US) : deadline;
}

static gboolean set_timeout(const JobSlot *slot, gboolean in_time, GError **errp)
{
    const char *owner = slot->active != JOB_NONE ? slot->owner : slot->async;

    return in_time
               ? rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                               "cannot acquire state change lock due to max_queued "
                               "limit (held by %s)",
                               owner)
               : rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                               "cannot acquire state change lock (held by %s)", owner);
}

/* kind is JOB_NONE for an async job. */
static gboolean wait_free(JobSlot *slot, GMutex *lock, JobKind kind, gint64 deadline,
                          GError **errp)
{
    guint rank = ++slot->waiting;
    gboolean ok = TRUE;

    while (ok && !slot->dead && !is_free(slot, kind)) {
        gint64 limit = limit_of(slot, rank, deadline);

        /* Who holds it may be another one by then. */
        if (!g_cond_wait_until(&slot->cond, lock, limit) && !is_free(slot, kind) &&
            limit_of(slot, rank, deadline) <= g_get_monotonic_time()) {
            ok = set_timeout(slot, g_get_monotonic_time() < deadline, errp);
        }
    }
    slot->waiting--;
    if (ok && slot->dead) {
        ok = rpc_error_set(errp, VIR_ERR_NO_DOMAIN, "the domain is gone");
    }
    return ok;
}

gboolean job_slot_begin(JobSlot *slot, GMutex *lock, JobKind kind, const char *owner,
                        gint64 deadline, GError **errp)
{
    if (!wait_free(slot, lock, kind, deadline, errp)) {
        return FALSE;
    }
    slot->active = kind;
    slot->owner = owner;
    slot->since = g_get_monotonic_time();
    return TRUE;
}

void job_slot_end(JobSlot *slot)
{
    g_assert(slot->active != JOB_NONE);
    slot->active = JOB_NONE;
    slot->owner = NULL;
    g_cond_broadcast(&slot->cond);
}

gboolean job_slot_begin_async(JobSlot *slot, GMutex *lock, const char *name,
                              guint allowed, gint64 deadline, GError **errp)
{
    if (!wait_free(slot, lock, JOB_NONE, deadline, errp)) {
        return FALSE;
    }
    job_slot_restore_async(slot, name, allowed);
    return TRUE;
}

void job_slot_restore_async(JobSlot *slot, const char *name, guint allowed)
{
    slot->async = name;
    slot->allowed = allowed;
    slot->async_since = g_get_monotonic_time();
}

void job_slot_end_async(JobSlot *slot)
{
    g_assert(slot->async);
    slot->async = NULL;
    slot->allowed = 0;
    g_cond_broadcast(&slot->cond);
}

void job_slot_kill(JobSlot *slot)
{
    slot->dead = TRUE;
    g_cond_broadcast(&slot->cond);
}
