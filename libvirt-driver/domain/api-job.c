/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a domain's job, and aborting it. */
#include "domain/api.h"
#include "domain/migration.h"

gboolean remote_domain_get_job_info(RpcCall *call, const RemoteDomainGetJobInfoArgs *args,
                                    RemoteDomainGetJobInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    JobStats stats;
    JobPart data;
    gboolean active;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    stats = async_job_stats_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (!active) {
        return vm_refuse_inactive(errp);
    }
    if (!stats.valid) {
        ret->type = VIR_DOMAIN_JOB_NONE;
        return TRUE;
    }
    ret->type = stats.type;
    ret->timeElapsed = stats.elapsed_ms;
    data = job_stats_data(&stats);
    ret->dataTotal = data.total;
    ret->dataProcessed = data.processed;
    ret->dataRemaining = data.remaining;
    ret->memTotal = stats.mem.total;
    ret->memProcessed = stats.mem.processed;
    ret->memRemaining = stats.mem.remaining;
    ret->fileTotal = stats.disk.total;
    ret->fileProcessed = stats.disk.processed;
    ret->fileRemaining = stats.disk.remaining;
    return TRUE;
}

static JobStats take_completed_locked(Vm *vm, gboolean keep)
{
    JobStats stats = vm->completed;

    if (!keep) {
        vm->completed.valid = FALSE;
    }
    return stats;
}

gboolean remote_domain_get_job_stats(RpcCall *call,
                                     const RemoteDomainGetJobStatsArgs *args,
                                     RemoteDomainGetJobStatsRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(RpcParams) params = rpc_params_new();
    gboolean completed = (args->flags & VIR_DOMAIN_JOB_STATS_COMPLETED) != 0;
    gboolean keep = (args->flags & VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED) != 0;
    JobStats stats;
    gboolean active;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    stats = completed ? take_completed_locked(vm, keep) : async_job_stats_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (!active && !completed) {
        return vm_refuse_inactive(errp);
    }
    ret->type = VIR_DOMAIN_JOB_NONE;
    if (stats.valid) {
        ret->type = stats.type;
        job_stats_params(&stats, params);
    }
    ret->params = rpc_params_steal(params, &ret->n_params);
    return TRUE;
}

gboolean remote_domain_abort_job(RpcCall *call, const RemoteDomainAbortJobArgs *args,
                                 GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    return vm && async_job_abort(vm, errp);
}

/* ---- how a migration goes on ---- */

gboolean remote_domain_migrate_set_max_downtime(
    RpcCall *call, const RemoteDomainMigrateSetMaxDowntimeArgs *args, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;
    guint64 run;

    if (!vm || !vm_begin_live_job(vm, JOB_ASYNC_OP, "set-max-downtime", &run, errp)) {
        return FALSE;
    }
    ok = vm_migration_set_downtime(vm, run, args->downtime, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_migrate_get_max_downtime(
    RpcCall *call, const RemoteDomainMigrateGetMaxDowntimeArgs *args,
    RemoteDomainMigrateGetMaxDowntimeRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;
    guint64 run;

    if (!vm || !vm_begin_live_job(vm, JOB_ASYNC_OP, "get-max-downtime", &run, errp)) {
        return FALSE;
    }
    ok = vm_migration_get_downtime(vm, run, &ret->downtime, errp);
    vm_end_job(vm);
    return ok;
}

static gboolean set_live_speed(Vm *vm, guint64 mib, GError **errp)
{
    gboolean ok;
    guint64 run;

    if (!vm_begin_live_job(vm, JOB_ASYNC_OP, "set-max-speed", &run, errp)) {
        return FALSE;
    }
    ok = vm_migration_set_speed(vm, run, mib, errp);
    vm_end_job(vm);
    return ok;
}

/* It is of the migrations that are to come as well, also of a VM that does not run. */
gboolean remote_domain_migrate_set_max_speed(
    RpcCall *call, const RemoteDomainMigrateSetMaxSpeedArgs *args, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean active;

    if (!vm) {
        return FALSE;
    }
    if (args->bandwidth > MIGRATION_SPEED_MAX) {
        return rpc_error_set(errp, VIR_ERR_OVERFLOW,
                             "bandwidth must be less than %" G_GUINT64_FORMAT,
                             MIGRATION_SPEED_MAX + 1);
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (active && !set_live_speed(vm, args->bandwidth, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm->max_speed = args->bandwidth;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

gboolean
remote_domain_migrate_get_max_speed(RpcCall *call,
                                    const RemoteDomainMigrateGetMaxSpeedArgs *args,
                                    RemoteDomainMigrateGetMaxSpeedRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    ret->bandwidth = vm->max_speed ? vm->max_speed : MIGRATION_SPEED_MAX;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}
