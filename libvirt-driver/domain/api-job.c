/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a domain's job, and aborting it. */
#include "domain/api.h"
#include "domain/migration.h"

/* Statistics as of now; invalid when there is no job. */
static VmJobStats current_stats_locked(const Vm *vm)
{
    VmJobStats stats = vm->stats;

    if (stats.valid && stats.elapsed_ms == 0) {
        stats.elapsed_ms = (guint64)(g_get_monotonic_time() - vm->job.async_since) / 1000;
    }
    return stats;
}

gboolean remote_domain_get_job_info(RpcCall *call, const RemoteDomainGetJobInfoArgs *args,
                                    RemoteDomainGetJobInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    VmJobStats stats;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    stats = current_stats_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (!stats.valid) {
        ret->type = VIR_DOMAIN_JOB_NONE;
        return TRUE;
    }
    ret->type = stats.type;
    ret->timeElapsed = stats.elapsed_ms;
    ret->dataTotal = ret->memTotal = stats.total;
    ret->dataProcessed = ret->memProcessed = stats.processed;
    ret->dataRemaining = ret->memRemaining = stats.remaining;
    return TRUE;
}

static VmJobStats take_completed_locked(Vm *vm, gboolean keep)
{
    VmJobStats stats = vm->completed;

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
    gboolean keep = (args->flags & VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED) != 0;
    VmJobStats stats;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    stats = args->flags & VIR_DOMAIN_JOB_STATS_COMPLETED ? take_completed_locked(vm, keep)
                                                         : current_stats_locked(vm);
    g_mutex_unlock(&vm->lock);
    ret->type = VIR_DOMAIN_JOB_NONE;
    if (stats.valid) {
        ret->type = stats.type;
        vm_job_stats_params(&stats, params);
    }
    ret->params = rpc_params_steal(params, &ret->n_params);
    return TRUE;
}

gboolean remote_domain_abort_job(RpcCall *call, const RemoteDomainAbortJobArgs *args,
                                 GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok = TRUE;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    if (!vm->migration) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "no job is active on the domain");
    } else if (vm->migration->incoming) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "cannot abort incoming migration; use virDomainDestroy "
                           "instead");
    } else if (vm->migration->done) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "cannot abort the migration: it is complete, and the "
                           "destination is about to run");
    } else {
        /* Perform sees it, cancels, and lets the domain run on. */
        vm->migration->abort = TRUE;
        g_cond_broadcast(&vm->cond);
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}
