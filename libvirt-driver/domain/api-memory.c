/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's memory: how much it may have, how much its balloon leaves it, and what the
 * guest tells of it. */
#include "command/stats.h"
#include "domain/api.h"
#include "domain/define.h"
#include "domain/hotplug.h"
#include "domain/impact.h"
#include "domain/monitor.h"
#include "process/spawn.h"

/* ---- changes ---- */

static gboolean refuse_no_balloon(GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                         "Unable to change memory of active domain without the balloon "
                         "device and guest OS balloon driver");
}

static gboolean inflate(Vm *vm, guint64 run, guint64 memory, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GError) err = NULL;
    JsonObject *args;

    if (!xml_domain_balloon(def->domain)) {
        return refuse_no_balloon(errp);
    }
    args = json_object_new();
    json_object_set_int_member(args, "value", (gint64)(memory * 1024));
    if (vm_call(vm, run, "balloon", args, NULL, &err)) {
        return TRUE;
    }
    if (g_error_matches(err, QMP_ERROR, QMP_ERROR_DEVICE_NOT_ACTIVE) ||
        g_error_matches(err, QMP_ERROR, QMP_ERROR_KVM_MISSING_CAP)) {
        return refuse_no_balloon(errp);
    }
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

/* With less than before the guest keeps no more than that. */
static Domain *with_maximum(Vm *vm, const Domain *before, guint64 memory, GError **errp)
{
    g_autoptr(Domain) config = xml_domain_copy(before);

    if (config->current_memory > memory || !xml_domain_balloon(config)) {
        config->current_memory = memory;
    }
    config->memory = memory;
    return command_complete(config, before, vm->driver->emulator, errp)
               ? g_steal_pointer(&config)
               : NULL;
}

static Domain *with_current(Vm *vm, const Domain *before, guint64 memory, GError **errp)
{
    g_autoptr(Domain) config = xml_domain_copy(before);

    config->current_memory = memory;
    return command_complete(config, before, vm->driver->emulator, errp)
               ? g_steal_pointer(&config)
               : NULL;
}

static gboolean check_maximum(Vm *vm, const Impact *impact, guint64 memory, GError **errp)
{
    g_autoptr(VmDef) live = impact->live ? vm_get_def(vm) : NULL;
    guint64 maximum = live ? live->domain->memory : impact->before->domain->memory;

    if (impact->config) {
        maximum = MIN(maximum, impact->before->domain->memory);
    }
    return memory <= maximum || rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                              "cannot set memory higher than max memory");
}

static gboolean set_maximum(Vm *vm, const Impact *impact, guint64 memory, GError **errp)
{
    Domain *config;

    if (impact->live) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "cannot resize the maximum memory on an active domain");
    }
    config = with_maximum(vm, impact->before->domain, memory, errp);
    return config && vm_save_config(vm, config, errp);
}

static gboolean set_current(Vm *vm, const Impact *impact, guint64 memory, GError **errp)
{
    g_autoptr(Domain) config = NULL;
    gboolean ok;

    if (!check_maximum(vm, impact, memory, errp)) {
        return FALSE;
    }
    if (impact->config &&
        !(config = with_current(vm, impact->before->domain, memory, errp))) {
        return FALSE;
    }
    if (config && !vm_stage_config(vm, config, errp)) {
        return FALSE;
    }
    ok = !impact->live || inflate(vm, impact->run, memory, errp);
    return vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
}

static gboolean set_memory(RpcCall *call, const RemoteDomain *dom, guint64 memory,
                           guint32 flags, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_auto(Impact) impact = { 0 };
    gboolean ok;

    if (!vm) {
        return FALSE;
    }
    if (!memory || memory > G_MAXINT64 / 1024) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "memory of %" G_GUINT64_FORMAT " KiB is out of range",
                             memory);
    }
    if (!vm_begin_job(vm, JOB_MODIFY, "memory", errp)) {
        return FALSE;
    }
    ok = vm_read_impact(vm, flags & ~(guint32)VIR_DOMAIN_MEM_MAXIMUM, &impact, errp) &&
         ((flags & VIR_DOMAIN_MEM_MAXIMUM) ? set_maximum : set_current)(vm, &impact,
                                                                        memory, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_set_memory(RpcCall *call, const RemoteDomainSetMemoryArgs *args,
                                  GError **errp)
{
    return set_memory(call, &args->dom, args->memory, VIR_DOMAIN_AFFECT_LIVE, errp);
}

gboolean remote_domain_set_max_memory(RpcCall *call,
                                      const RemoteDomainSetMaxMemoryArgs *args,
                                      GError **errp)
{
    return set_memory(call, &args->dom, args->memory, VIR_DOMAIN_MEM_MAXIMUM, errp);
}

gboolean remote_domain_set_memory_flags(RpcCall *call,
                                        const RemoteDomainSetMemoryFlagsArgs *args,
                                        GError **errp)
{
    return set_memory(call, &args->dom, args->memory, args->flags, errp);
}

/* ---- statistics ---- */

/* A copy in which the period is set; NULL: there is no balloon. */
static Domain *with_period(const Domain *before, guint period, GError **errp)
{
    g_autoptr(Domain) domain = xml_domain_copy(before);
    DomainBalloon *balloon = xml_domain_balloon(domain);

    if (!balloon) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "Memory balloon model must be virtio to set the collection period");
        return NULL;
    }
    balloon->period = period;
    return g_steal_pointer(&domain);
}

/* Consumes domain, the live definition as it is to be. */
static gboolean change_period(Vm *vm, guint64 run, Domain *domain, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    JsonObject *args = command_balloon_period(xml_domain_balloon(domain));

    return vm_call(vm, run, "qom-set", args, NULL, errp) &&
           vm_publish_live(vm, run, g_steal_pointer(&owned), errp);
}

static gboolean set_period(Vm *vm, const Impact *impact, guint period, GError **errp)
{
    g_autoptr(Domain) config = NULL, live = NULL;
    g_autoptr(VmDef) def = vm_get_def(vm);
    gboolean ok;

    if ((impact->live && !(live = with_period(def->domain, period, errp))) ||
        (impact->config &&
         !(config = with_period(impact->before->domain, period, errp))) ||
        (config && !vm_stage_config(vm, config, errp))) {
        return FALSE;
    }
    ok = !live || change_period(vm, impact->run, g_steal_pointer(&live), errp);
    return vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
}

gboolean remote_domain_set_memory_stats_period(
    RpcCall *call, const RemoteDomainSetMemoryStatsPeriodArgs *args, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_auto(Impact) impact = { 0 };
    gboolean ok;

    if (!vm) {
        return FALSE;
    }
    if (args->period < 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "period of %d seconds is negative", args->period);
    }
    if (!vm_begin_job(vm, JOB_MODIFY, "memory statistics", errp)) {
        return FALSE;
    }
    ok = vm_read_impact(vm, args->flags, &impact, errp) &&
         set_period(vm, &impact, (guint)args->period, errp);
    vm_end_job(vm);
    return ok;
}

/* What the guest tells; what it has of the host is the process's. */
static gboolean read_stats(Vm *vm, guint64 run, GArray *stats, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    const DomainBalloon *balloon = xml_domain_balloon(def->domain);
    g_autoptr(JsonNode) told = NULL;
    CommandMemoryStat current = { VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, NULL, 0 };

    if (!balloon) {
        return TRUE;
    }
    if (!vm_call(vm, run, "qom-get", command_balloon_property(balloon, "guest-stats"),
                 &told, errp)) {
        return FALSE;
    }
    if (balloon) {
        current.value = def->domain->current_memory;
        g_array_append_val(stats, current);
        command_memory_stats(told, stats);
    }
    return TRUE;
}

gboolean remote_domain_memory_stats(RpcCall *call,
                                    const RemoteDomainMemoryStatsArgs *args,
                                    RemoteDomainMemoryStatsRet *ret, GError **errp)
{
    g_autoptr(GArray) stats = g_array_new(FALSE, FALSE, sizeof(CommandMemoryStat));
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    CommandMemoryStat resident = { VIR_DOMAIN_MEMORY_STAT_RSS, NULL, 0 };
    guint64 run;
    gboolean ok;
    pid_t pid;

    if (!vm || !vm_begin_live_job(vm, JOB_QUERY, "memory statistics", &run, errp)) {
        return FALSE;
    }
    ok = read_stats(vm, run, stats, errp);
    g_mutex_lock(&vm->lock);
    pid = vm_is_run_locked(vm, run) ? vm->run->pid : 0;
    g_mutex_unlock(&vm->lock);
    vm_end_job(vm);
    resident.value = pid ? process_resident_memory(pid) : 0;
    if (resident.value) {
        g_array_append_val(stats, resident);
    }
    ret->stats = g_new0(RemoteMemoryStat, MAX(stats->len, 1));
    for (guint i = 0; ok && i < stats->len && i < args->maxStats; i++) {
        const CommandMemoryStat *stat = &g_array_index(stats, CommandMemoryStat, i);

        ret->stats[ret->n_stats++] = (RemoteMemoryStat){ stat->tag, stat->value };
    }
    return ok;
}
