/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both sides of a migration share: their rows of jobs, and following the emulator.
 */
#include "domain/migration.h"

#include <string.h>
#include <unistd.h>

#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "domain/take-over.h"
#include "util/json.h"

#define CANCEL_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define RECHECK_US        (50 * 1000) /* of what an event announces as a rule */

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
    VmMigration *m = vm_migration_locked(vm);

    if (m && state != MIGRATION_NONE) {
        m->state = state;
    }
}

/* ---- the job ---- */

VmMigration *vm_migration_new(void)
{
    VmMigration *m = g_new0(VmMigration, 1);

    m->listen_fd = -1;
    return m;
}

VmMigration *vm_migration_locked(Vm *vm)
{
    return vm->async && (vm->async->kind == &async_job_migration_out ||
                         vm->async->kind == &async_job_migration_in)
               ? vm->async->data
               : NULL;
}

void vm_migration_unlisten(VmMigration *m)
{
    if (m->listen_source) {
        g_source_destroy(m->listen_source);
        g_clear_pointer(&m->listen_source, g_source_unref);
    }
    if (m->listen_fd >= 0) {
        close(m->listen_fd);
        m->listen_fd = -1;
    }
}

static void migration_free(gpointer data)
{
    VmMigration *m = data;

    if (m) {
        vm_migration_unlisten(m);
        g_free(m);
    }
}

/* It stands, and must, as far as anybody here knows. */
static void keep_away_locked(Vm *vm, const char *why)
{
    g_message(
        "domain '%s': it has been migrated, but %s whether the destination runs; it "
        "stays paused",
        vm->name, why);
    if (vm->state == VIR_DOMAIN_PAUSED) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
    }
}

static void out_abandoned_locked(Vm *vm)
{
    guint64 run = vm->async->run;

    if (vm->async->phase == MIGRATION_OUT_DONE) {
        keep_away_locked(vm, "the client has gone without saying");
    }
    async_job_end_locked(vm);
    driver_run(vm, run, FALSE, vm_update_status);
}

/* The end of the run ends the job. */
static void in_abandoned_locked(Vm *vm)
{
    g_message("domain '%s': the client has gone before Finish; ending it", vm->name);
    vm_stop_locked(vm, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                   VIR_DOMAIN_EVENT_STOPPED_FAILED);
}

/*
 * Nobody was told that all is sent: the source goes on. Or the client may know it: then
 * the destination may run, and the administrator resumes or destroys what is here.
 */
static gboolean out_settle(Vm *vm, guint64 run, GError **errp)
{
    gboolean done;

    g_mutex_lock(&vm->lock);
    done = vm->async->phase == MIGRATION_OUT_DONE;
    if (done) {
        keep_away_locked(vm, "nobody has confirmed");
    } else {
        g_message("domain '%s': a migration was going on; cancelling it", vm->name);
    }
    g_mutex_unlock(&vm->lock);
    return done || vm_migration_go_on(vm, run, errp);
}

/* A destination that runs, or stands as it shall; else the source goes on. */
static gboolean in_settle(Vm *vm, guint64 run, GError **errp)
{
    gboolean half;

    g_mutex_lock(&vm->lock);
    half = vm->state != VIR_DOMAIN_RUNNING &&
           (vm->async->phase == MIGRATION_IN_PREPARE || !vm->async->stay_paused);
    g_mutex_unlock(&vm->lock);
    if (half) {
        g_message("domain '%s': its migration had not finished; ending its process",
                  vm->name);
        vm_end_leftover(vm, run);
    }
    return TRUE;
}

static const char *const out_phases[] = { "begin", "done", NULL };
static const char *const in_phases[] = { "prepare", "finish", NULL };

const AsyncJobKind async_job_migration_out = {
    .name = "migration out",
    .operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
    .type = VIR_DOMAIN_JOB_UNBOUNDED,
    .allowed = JOB_MASK(JOB_QUERY) | JOB_MASK(JOB_SUSPEND) | JOB_MASK(JOB_ASYNC_OP),
    .paused_reason = VIR_DOMAIN_PAUSED_MIGRATION,
    .running_reason = VIR_DOMAIN_RUNNING_MIGRATION_CANCELED,
    .phases = out_phases,
    .last_abortable = MIGRATION_OUT_BEGIN,
    .no_abort =
        "cannot abort the migration: it is complete, and the destination is about "
        "to run",
    .abandoned_locked = out_abandoned_locked,
    .settle = out_settle,
    .data_free = migration_free,
};

const AsyncJobKind async_job_migration_in = {
    .name = "migration in",
    .operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN,
    .type = VIR_DOMAIN_JOB_UNBOUNDED,
    .starts = TRUE,
    .paused_reason = VIR_DOMAIN_PAUSED_MIGRATION,
    .running_reason = VIR_DOMAIN_RUNNING_MIGRATED,
    .phases = in_phases,
    .no_abort = "cannot abort incoming migration; use virDomainDestroy instead",
    .abandoned_locked = in_abandoned_locked,
    .settle = in_settle,
    .data_free = migration_free,
};

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

static gboolean shall_run(Vm *vm)
{
    gboolean run;

    g_mutex_lock(&vm->lock);
    run = !vm->async->stay_paused &&
          !(vm->state == VIR_DOMAIN_PAUSED && vm->reason == VIR_DOMAIN_PAUSED_IOERROR);
    g_mutex_unlock(&vm->lock);
    return run;
}

/* The emulator may let the guest run again by itself. */
gboolean vm_migration_go_on(Vm *vm, guint64 run, GError **errp)
{
    return vm_call(vm, run, "migrate_cancel", NULL, NULL, errp) &&
           wait_inactive(vm, run, errp) &&
           (!shall_run(vm) || vm_resume_cpus(vm, run, 0, errp));
}

/* ---- settings ---- */

gboolean vm_migration_enable_events(Vm *vm, guint64 run, GError **errp)
{
    const UtilJsonMember events[] = {
        UTIL_JSON_TEXT("capability", "events"),
        UTIL_JSON_BOOL("state", TRUE),
    };
    JsonObject *args = json_object_new();
    JsonArray *list = json_array_new();

    json_array_add_object_element(
        list, util_json_add(json_object_new(), events, G_N_ELEMENTS(events)));
    json_object_set_array_member(args, "capabilities", list);
    return vm_call(vm, run, "migrate-set-capabilities", args, NULL, errp);
}

static gboolean set_parameter(Vm *vm, guint64 run, const char *name, guint64 value,
                              GError **errp)
{
    const UtilJsonMember parameter =
        UTIL_JSON_NUMBER(name, (gint64)MIN(value, G_MAXINT64));

    return vm_call(vm, run, "migrate-set-parameters",
                   util_json_add(json_object_new(), &parameter, 1), NULL, errp);
}

gboolean vm_migration_set_speed(Vm *vm, guint64 run, guint64 mib, GError **errp)
{
    return mib > MIGRATION_SPEED_MAX
               ? rpc_error_set(errp, VIR_ERR_OVERFLOW,
                               "bandwidth must be less than %" G_GUINT64_FORMAT " MiB/s",
                               MIGRATION_SPEED_MAX + 1)
               : set_parameter(vm, run, "max-bandwidth", mib << 20, errp);
}

gboolean vm_migration_set_downtime(Vm *vm, guint64 run, guint64 ms, GError **errp)
{
    return set_parameter(vm, run, "downtime-limit", ms, errp);
}

gboolean vm_migration_get_downtime(Vm *vm, guint64 run, guint64 *ms, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    gint64 value;

    if (!vm_call(vm, run, "query-migrate-parameters", NULL, &reply, errp)) {
        return FALSE;
    }
    value = JSON_NODE_HOLDS_OBJECT(reply)
                ? util_json_int(json_node_get_object(reply), "downtime-limit")
                : -1;
    if (value < 0) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "unable to get maximum downtime limit");
    }
    *ms = (guint64)value;
    return TRUE;
}

/* ---- statistics ---- */

static guint64 number(JsonObject *object, const char *name)
{
    gint64 value = util_json_int(object, name);

    return value > 0 ? (guint64)value : 0;
}

static void read_stats(JsonObject *object, JobStats *stats)
{
    JsonObject *ram = util_json_object(object, "ram");
    double mbps = ram ? json_object_get_double_member_with_default(ram, "mbps", 0) : 0;

    stats->elapsed_ms = number(object, "total-time");
    stats->setup_ms = number(object, "setup-time");
    stats->downtime_ms = json_object_has_member(object, "downtime")
                             ? number(object, "downtime")
                             : number(object, "expected-downtime");
    stats->mem.total = number(ram, "total");
    stats->mem.processed = number(ram, "transferred");
    stats->mem.remaining = number(ram, "remaining");
    stats->mem.bps = mbps > 0 && mbps < 1e9 ? (guint64)(mbps * 1e6 / 8) : 0;
    stats->duplicate = number(ram, "duplicate");
    stats->normal = number(ram, "normal");
    stats->normal_bytes = number(ram, "normal-bytes");
    stats->page_size = number(ram, "page-size");
    stats->iterations = number(ram, "dirty-sync-count");
    stats->dirty_rate = number(ram, "dirty-pages-rate");
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
    if (vm->async) {
        read_stats(object, &vm->async->stats);
    }
    g_mutex_unlock(&vm->lock);
    if (state) {
        *state = state_of_name(util_json_string(object, "status"));
    }
    return TRUE;
}
