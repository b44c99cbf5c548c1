/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both sides of a migration share: the job, its connection, its statistics. */
#include "domain/migration.h"

#include <string.h>
#include <unistd.h>

#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "qmp/frame.h"

#define BEGIN_TIMEOUT_US  (30 * G_USEC_PER_SEC)
#define CANCEL_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define RECHECK_US        (50 * 1000) /* of what an event announces as a rule */

/* What may happen to a VM while it migrates away; an incoming one is left alone. */
#define OUT_ALLOWED (JOB_MASK(JOB_QUERY) | JOB_MASK(JOB_SUSPEND))

static const struct {
    const char *name;
    MigrationState state;
} states[] = {
    { "setup", MIGRATION_ACTIVE },          { "active", MIGRATION_ACTIVE },
    { "pre-switchover", MIGRATION_ACTIVE }, { "device", MIGRATION_ACTIVE },
    { "cancelling", MIGRATION_ACTIVE },     { "completed", MIGRATION_COMPLETED },
    { "failed", MIGRATION_FAILED },         { "cancelled", MIGRATION_CANCELLED },
};

static MigrationState state_of_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        if (g_strcmp0(name, states[i].name) == 0) {
            return states[i].state;
        }
    }
    return MIGRATION_NONE;
}

void vm_migration_event_locked(Vm *vm, const char *status)
{
    MigrationState state = state_of_name(status);

    if (vm->migration && state != MIGRATION_NONE) {
        vm->migration->state = state;
    }
}

/* ---- the job ---- */

/* The connection is gone, and nobody works on the migration. */
static void abandon_locked(Vm *vm)
{
    VmMigration *m = vm->migration;

    if (m->incoming) {
        g_message("domain '%s': the client has gone before Finish; ending it", vm->name);
        vm_stop_locked(vm, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                       VIR_DOMAIN_EVENT_STOPPED_FAILED);
        return; /* the end of the run ends the migration */
    }
    if (m->done) {
        g_message("domain '%s': it has been migrated, but the client has gone without "
                  "saying whether the destination runs; it stays paused",
                  vm->name);
    }
    vm_migration_end_locked(vm);
}

static void on_client_closed(RpcClient *client, gpointer opaque)
{
    Vm *vm = opaque;

    g_mutex_lock(&vm->lock);
    if (vm->migration && vm->migration->client == client) {
        vm->migration->abort = TRUE;
        g_cond_broadcast(&vm->cond);
        if (!vm->migration->busy) {
            abandon_locked(vm);
        }
    }
    g_mutex_unlock(&vm->lock);
}

gboolean vm_migration_begin(Vm *vm, gboolean incoming, RpcClient *client, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = job_slot_begin_async(
        &vm->job, &vm->lock, incoming ? JOB_ASYNC_MIGRATION_IN : JOB_ASYNC_MIGRATION_OUT,
        incoming ? 0 : OUT_ALLOWED, g_get_monotonic_time() + BEGIN_TIMEOUT_US, errp);
    if (ok && vm_is_active_locked(vm) == incoming) {
        job_slot_end_async(&vm->job);
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           incoming ? "domain '%s' is already active"
                                    : "domain '%s' is not running",
                           vm->name);
    }
    if (ok) {
        VmMigration *m = vm->migration = g_new0(VmMigration, 1);

        m->incoming = incoming;
        m->listen_fd = -1;
        m->was_running = vm->state == VIR_DOMAIN_RUNNING;
        vm->keep_paused = !incoming && !m->was_running;
        vm->stats = (VmJobStats){
            .valid = TRUE,
            .type = VIR_DOMAIN_JOB_UNBOUNDED,
            .operation = incoming ? VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN
                                  : VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
        };
        m->client = rpc_client_ref(client);
        m->hook = rpc_client_add_close_hook(client, on_client_closed, vm_ref(vm),
                                            (GDestroyNotify)vm_unref);
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

void vm_migration_end_locked(Vm *vm)
{
    VmMigration *m = g_steal_pointer(&vm->migration);

    rpc_client_remove_close_hook(m->client, m->hook);
    rpc_client_unref(m->client);
    if (m->listen_source) {
        g_source_destroy(m->listen_source);
        g_source_unref(m->listen_source);
    }
    if (m->listen_fd >= 0) {
        close(m->listen_fd);
    }
    g_free(m);
    vm->stats.valid = FALSE;
    job_slot_end_async(&vm->job);
    g_cond_broadcast(&vm->cond);
}

gboolean vm_migration_claim(Vm *vm, gboolean incoming, RpcClient *client, GError **errp)
{
    VmMigration *m;
    gboolean ok = FALSE;

    g_mutex_lock(&vm->lock);
    m = vm->migration;
    if (!m || m->incoming != incoming) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "domain '%s' is not being migrated", vm->name);
    } else if (m->busy || m->client != client) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "the migration of domain '%s' is another client's, or busy",
                      vm->name);
    } else {
        m->busy = ok = TRUE;
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

void vm_migration_unclaim(Vm *vm)
{
    g_mutex_lock(&vm->lock);
    vm->migration->busy = FALSE;
    if (!vm_is_active_locked(vm)) {
        vm_migration_end_locked(vm);
    } else if (rpc_client_is_closed(vm->migration->client)) {
        abandon_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
}

void vm_migration_vm_ended_locked(Vm *vm)
{
    if (vm->migration && !vm->migration->busy) {
        vm_migration_end_locked(vm);
    }
}

/* ---- cancelling ---- */

static gboolean wait_inactive(Vm *vm, guint64 run, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + CANCEL_TIMEOUT_US;
    MigrationState state;

    while (vm_migration_query(vm, run, &state, errp)) {
        gint64 now = g_get_monotonic_time();

        if (state != MIGRATION_ACTIVE) {
            return TRUE;
        }
        if (now > deadline) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                                 "the emulator does not end the migration");
        }
        g_mutex_lock(&vm->lock);
        g_cond_wait_until(&vm->cond, &vm->lock, now + RECHECK_US);
        g_mutex_unlock(&vm->lock);
    }
    return FALSE;
}

gboolean vm_migration_cancel(Vm *vm, guint64 run, gboolean resume, GError **errp)
{
    g_mutex_lock(&vm->lock);
    /* The emulator may let the guest run again by itself. */
    vm->resume_reason = VIR_DOMAIN_RUNNING_MIGRATION_CANCELED;
    g_mutex_unlock(&vm->lock);
    if (!vm_call(vm, run, "migrate_cancel", NULL, NULL, errp) ||
        !wait_inactive(vm, run, errp)) {
        return FALSE;
    }
    return !resume ||
           vm_resume_cpus(vm, run, VIR_DOMAIN_RUNNING_MIGRATION_CANCELED, errp);
}

/* ---- statistics ---- */

static guint64 number(JsonObject *object, const char *name)
{
    gint64 value = qmp_json_int(object, name);

    return value > 0 ? (guint64)value : 0;
}

static void read_stats(JsonObject *object, VmJobStats *stats)
{
    JsonObject *ram = qmp_json_object(object, "ram");
    double mbps = ram ? json_object_get_double_member_with_default(ram, "mbps", 0) : 0;

    stats->elapsed_ms = number(object, "total-time");
    stats->setup_ms = number(object, "setup-time");
    stats->downtime_ms = json_object_has_member(object, "downtime")
                             ? number(object, "downtime")
                             : number(object, "expected-downtime");
    stats->total = number(ram, "total");
    stats->processed = number(ram, "transferred");
    stats->remaining = number(ram, "remaining");
    stats->duplicate = number(ram, "duplicate");
    stats->normal = number(ram, "normal");
    stats->normal_bytes = number(ram, "normal-bytes");
    stats->page_size = number(ram, "page-size");
    stats->iterations = number(ram, "dirty-sync-count");
    stats->dirty_rate = number(ram, "dirty-pages-rate");
    stats->bps = mbps > 0 && mbps < 1e9 ? (guint64)(mbps * 1e6 / 8) : 0;
}

gboolean vm_migration_query(Vm *vm, guint64 run, MigrationState *state, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *object;

    if (!vm_call(vm, run, "query-migrate", NULL, &reply, errp)) {
        return FALSE;
    }
    object = JSON_NODE_HOLDS_OBJECT(reply) ? json_node_get_object(reply) : NULL;
    if (!object) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "query-migrate did not return an object");
    }
    g_mutex_lock(&vm->lock);
    if (vm->stats.valid) {
        read_stats(object, &vm->stats);
    }
    g_mutex_unlock(&vm->lock);
    if (state) {
        *state = state_of_name(qmp_json_string(object, "status"));
    }
    return TRUE;
}

void vm_job_stats_params(const VmJobStats *s, RpcParams *params)
{
    const struct {
        const char *name;
        guint64 value;
    } rows[] = {
        { VIR_DOMAIN_JOB_TIME_ELAPSED, s->elapsed_ms },
        { VIR_DOMAIN_JOB_DOWNTIME, s->downtime_ms },
        { VIR_DOMAIN_JOB_SETUP_TIME, s->setup_ms },
        { VIR_DOMAIN_JOB_DATA_TOTAL, s->total },
        { VIR_DOMAIN_JOB_DATA_PROCESSED, s->processed },
        { VIR_DOMAIN_JOB_DATA_REMAINING, s->remaining },
        { VIR_DOMAIN_JOB_MEMORY_TOTAL, s->total },
        { VIR_DOMAIN_JOB_MEMORY_PROCESSED, s->processed },
        { VIR_DOMAIN_JOB_MEMORY_REMAINING, s->remaining },
        { VIR_DOMAIN_JOB_MEMORY_BPS, s->bps },
        { VIR_DOMAIN_JOB_MEMORY_CONSTANT, s->duplicate },
        { VIR_DOMAIN_JOB_MEMORY_NORMAL, s->normal },
        { VIR_DOMAIN_JOB_MEMORY_NORMAL_BYTES, s->normal_bytes },
        { VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, s->dirty_rate },
        { VIR_DOMAIN_JOB_MEMORY_ITERATION, s->iterations },
        { VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, s->page_size },
    };

    rpc_params_add_int(params, VIR_DOMAIN_JOB_OPERATION, s->operation);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        rpc_params_add_ullong(params, rows[i].name, rows[i].value);
    }
}
