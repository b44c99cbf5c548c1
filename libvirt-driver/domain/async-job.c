/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/async-job.h"

#include <string.h>

#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/migration.h"

#define BEGIN_TIMEOUT_US (30 * G_USEC_PER_SEC)

static const AsyncJobKind *const kinds[] = {
    &async_job_migration_out,
    &async_job_migration_in,
};

const AsyncJobKind *async_job_kind(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_strcmp0(name, kinds[i]->name) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

int async_job_phase(const AsyncJobKind *kind, const char *name)
{
    for (int i = 0; kind->phases[i]; i++) {
        if (g_strcmp0(name, kind->phases[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- beginning and end ---- */

static void on_client_closed(RpcClient *client, gpointer opaque)
{
    Vm *vm = opaque;

    g_mutex_lock(&vm->lock);
    if (vm->async && vm->async->owner == client) {
        vm->async->abort = TRUE;
        g_cond_broadcast(&vm->cond);
        if (!vm->async->busy) {
            vm->async->kind->abandoned_locked(vm);
        }
    }
    g_mutex_unlock(&vm->lock);
}

static AsyncJob *job_new(const AsyncJobKind *kind, gpointer data)
{
    AsyncJob *job = g_new0(AsyncJob, 1);

    job->kind = kind;
    job->data = data;
    job->stats = (JobStats){
        .valid = TRUE,
        .type = kind->type,
        .operation = kind->operation,
    };
    return job;
}

static void bind_locked(Vm *vm, RpcClient *owner)
{
    AsyncJob *job = vm->async;

    job->owner = rpc_client_ref(owner);
    job->hook = rpc_client_add_close_hook(owner, on_client_closed, vm_ref(vm),
                                          (GDestroyNotify)vm_unref);
}

static gboolean begin_locked(Vm *vm, const AsyncJobKind *kind, GError **errp)
{
    if (!job_slot_begin_async(&vm->job, &vm->lock, kind->name, kind->allowed,
                              g_get_monotonic_time() + BEGIN_TIMEOUT_US, errp)) {
        return FALSE;
    }
    if (vm_is_active_locked(vm) != kind->starts) {
        return TRUE;
    }
    job_slot_end_async(&vm->job);
    return rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_INVALID,
                              kind->starts ? "domain '%s' is already active"
                                           : "domain '%s' is not running",
                              vm->name);
}

gboolean async_job_begin(Vm *vm, const AsyncJobKind *kind, RpcClient *owner,
                         gpointer data, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = begin_locked(vm, kind, errp);
    if (ok) {
        vm->async = job_new(kind, data);
        vm->async->run = vm->run ? vm->run->serial : 0;
        vm->async->stay_paused = !kind->starts && vm->state != VIR_DOMAIN_RUNNING;
        bind_locked(vm, owner);
    }
    g_mutex_unlock(&vm->lock);
    if (!ok) {
        kind->data_free(data);
    }
    return ok;
}

void async_job_end_locked(Vm *vm)
{
    AsyncJob *job = g_steal_pointer(&vm->async);

    if (job->owner) {
        rpc_client_remove_close_hook(job->owner, job->hook);
        rpc_client_unref(job->owner);
    }
    job->kind->data_free(job->data);
    g_free(job);
    job_slot_end_async(&vm->job);
    g_cond_broadcast(&vm->cond);
}

void async_job_run_ended_locked(Vm *vm)
{
    if (vm->async && !vm->async->busy) {
        async_job_end_locked(vm);
    }
}

/* ---- working on it ---- */

gboolean async_job_claim(Vm *vm, const AsyncJobKind *kind, RpcClient *client,
                         GError **errp)
{
    AsyncJob *job;
    gboolean ok = FALSE;

    g_mutex_lock(&vm->lock);
    job = vm->async;
    if (!job || job->kind != kind) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "domain '%s' has no job '%s'",
                      vm->name, kind->name);
    } else if (job->busy || job->owner != client) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "the job '%s' of domain '%s' is another client's, or busy",
                      kind->name, vm->name);
    } else {
        job->busy = ok = TRUE;
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

void async_job_unclaim(Vm *vm)
{
    AsyncJob *job;

    g_mutex_lock(&vm->lock);
    job = vm->async;
    job->busy = FALSE;
    if (!vm_is_active_locked(vm)) {
        async_job_end_locked(vm);
    } else if (job->owner && rpc_client_is_closed(job->owner)) {
        job->kind->abandoned_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
}

gboolean async_job_enter(Vm *vm, guint64 run, guint phase, GError **errp)
{
    g_mutex_lock(&vm->lock);
    vm->async->phase = phase;
    g_mutex_unlock(&vm->lock);
    return vm_save_status(vm, run, errp);
}

JobStats async_job_stats_locked(const Vm *vm)
{
    JobStats stats = { 0 };

    if (vm->async) {
        stats = vm->async->stats;
    }
    if (stats.valid && stats.elapsed_ms == 0) {
        stats.elapsed_ms = (guint64)(g_get_monotonic_time() - vm->job.async_since) / 1000;
    }
    return stats;
}

/* ---- aborting ---- */

static gboolean abort_locked(Vm *vm, GError **errp)
{
    AsyncJob *job = vm->async;

    if (!job) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "no job is active on the domain");
    }
    if (job->kind->starts || job->phase > job->kind->last_abortable) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "%s", job->kind->no_abort);
    }
    job->abort = TRUE;
    g_cond_broadcast(&vm->cond);
    if (!job->owner && !job->busy) {
        driver_run(vm, job->run, FALSE, async_job_settle);
    }
    return TRUE;
}

gboolean async_job_abort(Vm *vm, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = abort_locked(vm, errp);
    g_mutex_unlock(&vm->lock);
    return ok;
}

/* ---- after a daemon's restart ---- */

void async_job_restore_locked(Vm *vm, const AsyncJobKind *kind, guint phase,
                              gboolean stay_paused)
{
    vm->async = job_new(kind, NULL);
    vm->async->phase = phase;
    vm->async->run = vm->run->serial;
    vm->async->stay_paused = stay_paused;
    job_slot_restore_async(&vm->job, kind->name, kind->allowed);
}

static const AsyncJobKind *claim_restored(Vm *vm, guint64 run)
{
    const AsyncJobKind *kind = NULL;

    g_mutex_lock(&vm->lock);
    if (vm->async && !vm->async->owner && !vm->async->busy && vm->async->run == run) {
        vm->async->busy = TRUE;
        kind = vm->async->kind;
    }
    g_mutex_unlock(&vm->lock);
    return kind;
}

void async_job_settle(Vm *vm, guint64 run)
{
    const AsyncJobKind *kind = claim_restored(vm, run);
    g_autoptr(GError) err = NULL;

    if (!kind) {
        return;
    }
    if (!kind->settle(vm, run, &err)) {
        g_message("domain '%s': its job '%s', which an earlier daemon began, goes on: %s",
                  vm->name, kind->name, err->message);
        async_job_unclaim(vm);
        return;
    }
    g_mutex_lock(&vm->lock);
    async_job_end_locked(vm);
    g_mutex_unlock(&vm->lock);
    vm_update_status(vm, run);
}
