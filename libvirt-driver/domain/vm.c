/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/vm.h"

#include <string.h>
#include <unistd.h>

#define JOB_TIMEOUT_US (30 * G_USEC_PER_SEC)

VmDef *vm_def_new(Domain *domain)
{
    VmDef *def = g_new0(VmDef, 1);

    g_atomic_ref_count_init(&def->refs);
    def->domain = domain;
    return def;
}

VmDef *vm_def_ref(VmDef *def)
{
    g_atomic_ref_count_inc(&def->refs);
    return def;
}

void vm_def_unref(VmDef *def)
{
    if (def && g_atomic_ref_count_dec(&def->refs)) {
        xml_domain_free((Domain *)def->domain);
        g_free(def);
    }
}

Vm *vm_new(Driver *driver, const char *name, const guint8 uuid[16])
{
    Vm *vm = g_new0(Vm, 1);

    g_atomic_ref_count_init(&vm->refs);
    vm->driver = driver;
    vm->name = g_strdup(name);
    memcpy(vm->uuid, uuid, sizeof(vm->uuid));
    g_mutex_init(&vm->lock);
    g_cond_init(&vm->cond);
    g_mutex_init(&vm->define_lock);
    g_mutex_init(&vm->status_lock);
    job_slot_init(&vm->job);
    vm->deleted = g_ptr_array_new_with_free_func(g_free);
    vm->consoles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify)rpc_stream_unref);
    vm->id = -1;
    vm->agent_seconds = VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK;
    vm->state = VIR_DOMAIN_SHUTOFF;
    vm->reason = VIR_DOMAIN_SHUTOFF_UNKNOWN;
    return vm;
}

Vm *vm_ref(Vm *vm)
{
    g_atomic_ref_count_inc(&vm->refs);
    return vm;
}

void vm_unref(Vm *vm)
{
    if (!g_atomic_ref_count_dec(&vm->refs)) {
        return;
    }
    g_assert(!vm->async && !vm->autodestroy);
    vm_run_free(vm->run);
    vm_def_unref(vm->config);
    vm_def_unref(vm->live);
    job_slot_clear(&vm->job);
    g_mutex_clear(&vm->lock);
    g_cond_clear(&vm->cond);
    g_mutex_clear(&vm->define_lock);
    g_mutex_clear(&vm->status_lock);
    g_free(vm->unplugging);
    g_ptr_array_unref(vm->deleted);
    g_hash_table_unref(vm->consoles);
    g_free(vm->name);
    g_free(vm);
}

void vm_run_free(VmRun *run)
{
    if (!run) {
        return;
    }
    if (run->exit_source) {
        g_source_destroy(run->exit_source);
        g_source_unref(run->exit_source);
    }
    if (run->monitor) {
        qmp_client_close(run->monitor);
        qmp_client_unref(run->monitor);
    }
    g_clear_pointer(&run->agent, agent_client_unref);
    if (run->pidfd >= 0) {
        close(run->pidfd);
    }
    g_free(run->dir);
    g_free(run->monitor_path);
    g_free(run->pidfile_path);
    g_free(run->log_path);
    g_free(run->memory_path);
    g_free(run->cgroup);
    g_free(run->emulator);
    g_free(run->version);
    g_free(run->package);
    command_emulator_unref(run->has);
    xml_device_free(run->plugging);
    g_free(run);
}

void vm_run_complete(VmRun *run, VmRun *from)
{
    run->start_time = from->start_time;
    run->next_node = from->next_node;
    run->taints = from->taints;
    run->dir = g_steal_pointer(&from->dir);
    run->monitor_path = g_steal_pointer(&from->monitor_path);
    run->log_path = g_steal_pointer(&from->log_path);
    run->memory_path = g_steal_pointer(&from->memory_path);
    run->cgroup = g_steal_pointer(&from->cgroup);
    run->emulator = g_steal_pointer(&from->emulator);
    run->version = g_steal_pointer(&from->version);
    run->package = g_steal_pointer(&from->package);
    run->has = g_steal_pointer(&from->has);
    run->plugging = g_steal_pointer(&from->plugging);
}

VmDef *vm_get_def_locked(Vm *vm)
{
    return vm_def_ref(vm->live ? vm->live : vm->config);
}

VmDef *vm_get_def(Vm *vm)
{
    VmDef *def;

    g_mutex_lock(&vm->lock);
    def = vm_get_def_locked(vm);
    g_mutex_unlock(&vm->lock);
    return def;
}

void vm_set_live_locked(Vm *vm, VmDef *def)
{
    vm_def_unref(vm->live);
    vm->live = def;
}

void vm_set_config_locked(Vm *vm, VmDef *def)
{
    vm_def_unref(vm->config);
    vm->config = def;
    vm->unwritten = FALSE;
}

void vm_set_state_locked(Vm *vm, int state, int reason)
{
    vm->state = state;
    vm->reason = reason;
    g_cond_broadcast(&vm->cond);
}

void vm_fill_domain_as(const Vm *vm, int id, RemoteDomain *dom)
{
    dom->name = g_strdup(vm->name);
    memcpy(dom->uuid, vm->uuid, sizeof(dom->uuid));
    dom->id = id;
}

void vm_fill_domain(Vm *vm, RemoteDomain *dom)
{
    int id;

    g_mutex_lock(&vm->lock);
    id = vm->id;
    g_mutex_unlock(&vm->lock);
    vm_fill_domain_as(vm, id, dom);
}

RemoteDomain vm_event_domain_locked(Vm *vm)
{
    RemoteDomain dom = { .name = vm->name, .id = vm->id };

    memcpy(dom.uuid, vm->uuid, sizeof(dom.uuid));
    return dom;
}

gboolean vm_refuse_inactive(GError **errp)
{
    return rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_INVALID,
                              "domain is not running");
}

gboolean vm_refuse_uncertain(const Vm *vm, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                         "it could not be found out yet whether domain '%s' runs; see "
                         "the daemon's log",
                         vm->name);
}

gboolean vm_begin_job(Vm *vm, JobKind kind, const char *owner, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = job_slot_begin(&vm->job, &vm->lock, kind, owner,
                        g_get_monotonic_time() + JOB_TIMEOUT_US, errp);
    g_mutex_unlock(&vm->lock);
    return ok;
}

void vm_end_job(Vm *vm)
{
    g_mutex_lock(&vm->lock);
    job_slot_end(&vm->job);
    g_mutex_unlock(&vm->lock);
}

static gboolean is_usable_locked(const Vm *vm)
{
    return vm_is_active_locked(vm) && !vm->ending;
}

gboolean vm_begin_live_job(Vm *vm, JobKind kind, const char *owner, guint64 *run,
                           GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    /* Refuse before waiting, too: a VM that does not run has nothing to wait for. */
    ok = is_usable_locked(vm) &&
         job_slot_begin(&vm->job, &vm->lock, kind, owner,
                        g_get_monotonic_time() + JOB_TIMEOUT_US, errp);
    if (ok && !is_usable_locked(vm)) {
        job_slot_end(&vm->job);
        ok = FALSE;
    }
    if (ok) {
        *run = vm->run->serial;
    } else if (!errp || !*errp) {
        vm_refuse_inactive(errp);
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}
