/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/status.h"

#include "event/loop.h"
#include "event/vm-event.h"
#include "migration/migration.h"
#include "migration/outgoing.h"
#include "migration/parameters.h"

static const char *const status_names[] = {
    [MIG_NONE] = "none",
    [MIG_SETUP] = "setup",
    [MIG_ACTIVE] = "active",
    [MIG_DEVICE] = "device",
    [MIG_CANCELLING] = "cancelling",
    [MIG_CANCELLED] = "cancelled",
    [MIG_COMPLETED] = "completed",
    [MIG_FAILED] = "failed",
};

static MigStatus current;
static char *error_text;

/* Who waits for the end. */
typedef struct Waiter {
    void (*fn)(void *opaque);
    void *opaque;
} Waiter;

static GSList *waiters;

void migration_when_idle(void (*fn)(void *opaque), void *opaque)
{
    if (!mig_status_busy()) {
        fn(opaque);
        return;
    }
    Waiter *w = g_new(Waiter, 1);
    *w = (Waiter){ fn, opaque };
    waiters = g_slist_append(waiters, w);
}

void mig_status_wake(void)
{
    GSList *list = g_steal_pointer(&waiters);

    for (GSList *l = list; l; l = l->next) {
        const Waiter *w = l->data;

        w->fn(w->opaque);
    }
    g_slist_free_full(list, g_free);
}

static void wake_if_idle(void *opaque)
{
    if (!mig_status_busy()) {
        mig_status_wake();
    }
}

void mig_status_set(MigStatus status, const GError *error)
{
    current = status;
    if (waiters && !mig_status_busy()) {
        event_loop_post(event_loop_main(), wake_if_idle, NULL);
    }
    g_free(error_text);
    error_text = error ? g_strdup(error->message) : NULL;
    if (migration_capability("events")) {
        ConfigNode *data = config_map_new();

        config_map_set_string(data, "status", status_names[status]);
        vm_event_emit("MIGRATION", data);
    }
}

MigStatus mig_status(void)
{
    return current;
}

gboolean mig_status_busy(void)
{
    return current == MIG_SETUP || current == MIG_ACTIVE || current == MIG_DEVICE ||
           current == MIG_CANCELLING;
}

gboolean migration_active(void)
{
    return mig_status_busy();
}

gboolean migration_switching_over(void)
{
    return outgoing_switching();
}

ConfigNode *migration_query(void)
{
    ConfigNode *out = config_map_new();

    if (current == MIG_NONE) {
        return out;
    }
    config_map_set_string(out, "status", status_names[current]);
    if (error_text) {
        config_map_set_string(out, "error-desc", error_text);
    }
    outgoing_query(out);
    return out;
}

struct MigCall {
    void (*fn)(MigCall *call, void *opaque);
    void *opaque;
    GMutex lock;
    GCond cond;
    gboolean done;
};

static void call_run(void *opaque)
{
    MigCall *call = opaque;

    call->fn(call, call->opaque);
}

void mig_call_main(void (*fn)(MigCall *call, void *opaque), void *opaque)
{
    MigCall call = { .fn = fn, .opaque = opaque };

    g_mutex_init(&call.lock);
    g_cond_init(&call.cond);
    event_loop_post(event_loop_main(), call_run, &call);
    g_mutex_lock(&call.lock);
    while (!call.done) {
        g_cond_wait(&call.cond, &call.lock);
    }
    g_mutex_unlock(&call.lock);
    g_mutex_clear(&call.lock);
    g_cond_clear(&call.cond);
}

void mig_call_done(MigCall *call)
{
    g_mutex_lock(&call->lock);
    call->done = TRUE;
    g_cond_signal(&call->cond);
    g_mutex_unlock(&call->lock);
}
