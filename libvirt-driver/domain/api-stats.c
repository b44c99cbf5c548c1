/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics: what the driver, the kernel and the images on the host tell. None waits for
 * a job or for the emulator, which counts nothing of its own yet.
 */
#include "command/stats.h"
#include "domain/api.h"
#include "process/cgroup.h"

/* The definition of a VM that runs; a reference. */
static VmDef *live_def(Vm *vm, GError **errp)
{
    VmDef *def = NULL;

    g_mutex_lock(&vm->lock);
    if (vm_is_active_locked(vm)) {
        def = vm_get_def_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    if (!def) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "domain is not running");
    }
    return def;
}

gboolean remote_domain_interface_stats(RpcCall *call,
                                       const RemoteDomainInterfaceStatsArgs *args,
                                       RemoteDomainInterfaceStatsRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? live_def(vm, errp) : NULL;
    const DomainInterface *interface;
    NetdevStats stats;

    if (!def) {
        return FALSE;
    }
    interface = command_find_interface(def->domain, args->device);
    if (!interface) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "invalid path, '%s' is not a known interface", args->device);
    }
    if (!command_interface_stats(interface, &stats, errp)) {
        return FALSE;
    }
    ret->rx_bytes = (gint64)stats.rx.bytes;
    ret->rx_packets = (gint64)stats.rx.packets;
    ret->rx_errs = (gint64)stats.rx.errors;
    ret->rx_drop = (gint64)stats.rx.dropped;
    ret->tx_bytes = (gint64)stats.tx.bytes;
    ret->tx_packets = (gint64)stats.tx.packets;
    ret->tx_errs = (gint64)stats.tx.errors;
    ret->tx_drop = (gint64)stats.tx.dropped;
    return TRUE;
}

gboolean remote_domain_get_block_info(RpcCall *call,
                                      const RemoteDomainGetBlockInfoArgs *args,
                                      RemoteDomainGetBlockInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? vm_get_def(vm) : NULL;
    const DomainDisk *disk;
    CommandSizes sizes;

    if (!def) {
        return FALSE;
    }
    disk = command_find_disk(def->domain, args->path);
    if (!disk) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "invalid path %s not assigned to domain", args->path);
    }
    if (!command_disk_sizes(disk, &sizes, errp)) {
        return FALSE;
    }
    ret->allocation = sizes.allocation;
    ret->capacity = sizes.capacity;
    ret->physical = sizes.physical;
    return TRUE;
}

/* ---- of many domains ---- */

/* What there is to tell of a VM, taken while its lock is held. */
typedef struct Snapshot {
    VmDef *def;
    gboolean active;
    int state, reason;
    char *cgroup;
} Snapshot;

static void add_state(const Snapshot *s, RpcParams *params)
{
    rpc_params_add_int(params, "state.state", s->state);
    rpc_params_add_int(params, "state.reason", s->reason);
}

static void add_cpu(const Snapshot *s, RpcParams *params)
{
    CgroupCpu cpu;

    if (s->cgroup && process_cgroup_cpu(s->cgroup, &cpu)) {
        rpc_params_add_ullong(params, "cpu.time", cpu.total_ns);
        rpc_params_add_ullong(params, "cpu.user", cpu.user_ns);
        rpc_params_add_ullong(params, "cpu.system", cpu.system_ns);
    }
}

static void add_balloon(const Snapshot *s, RpcParams *params)
{
    rpc_params_add_ullong(params, "balloon.current", s->def->domain->memory);
    rpc_params_add_ullong(params, "balloon.maximum", s->def->domain->memory);
}

static void add_vcpus(const Snapshot *s, RpcParams *params)
{
    rpc_params_add_uint(params, "vcpu.current", s->def->domain->vcpus);
    rpc_params_add_uint(params, "vcpu.maximum", s->def->domain->vcpus);
}

static void add_interfaces(const Snapshot *s, RpcParams *params)
{
    if (s->active) {
        command_device_stats(s->def->domain, DOMAIN_DEVICE_INTERFACE, params);
    }
}

static void add_disks(const Snapshot *s, RpcParams *params)
{
    command_device_stats(s->def->domain, DOMAIN_DEVICE_DISK, params);
}

static const struct {
    guint32 flag; /* virDomainStatsTypes */
    void (*add)(const Snapshot *s, RpcParams *params);
} groups[] = {
    { VIR_DOMAIN_STATS_STATE, add_state },
    { VIR_DOMAIN_STATS_CPU_TOTAL, add_cpu },
    { VIR_DOMAIN_STATS_BALLOON, add_balloon },
    { VIR_DOMAIN_STATS_VCPU, add_vcpus },
    { VIR_DOMAIN_STATS_INTERFACE, add_interfaces },
    { VIR_DOMAIN_STATS_BLOCK, add_disks },
};

/* FALSE if the flags do not select the VM. */
static gboolean take(Vm *vm, guint32 flags, Snapshot *s)
{
    gboolean wanted;

    g_mutex_lock(&vm->lock);
    wanted = api_matches_locked(vm, flags);
    if (wanted) {
        *s = (Snapshot){ .def = vm_get_def_locked(vm),
                         .active = vm_is_active_locked(vm),
                         .state = vm->state,
                         .reason = vm->reason,
                         .cgroup = g_strdup(vm->run ? vm->run->cgroup : NULL) };
    }
    g_mutex_unlock(&vm->lock);
    return wanted;
}

static void fill(Vm *vm, const Snapshot *s, guint32 stats,
                 RemoteDomainStatsRecord *record)
{
    g_autoptr(RpcParams) params = rpc_params_new();

    vm_fill_domain(vm, &record->dom);
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        if (!stats || (stats & groups[i].flag)) {
            groups[i].add(s, params);
        }
    }
    record->params = rpc_params_steal(params, &record->n_params);
}

static gboolean check_groups(guint32 stats, guint32 flags, GError **errp)
{
    guint32 known = 0;

    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        known |= groups[i].flag;
    }
    return !(flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS) ||
           !(stats & ~known) ||
           rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                         "Stats types bits 0x%x are not supported by this daemon",
                         stats & ~known);
}

/* Those that were asked for; one that has gone meanwhile is left out. */
static GPtrArray *choose(Driver *driver, const RemoteConnectGetAllDomainStatsArgs *args)
{
    GPtrArray *vms;

    if (args->n_doms == 0) {
        return registry_list(driver->registry);
    }
    vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_unref);
    for (guint32 i = 0; i < args->n_doms; i++) {
        Vm *vm = registry_by_uuid(driver->registry, args->doms[i].uuid);

        if (vm) {
            g_ptr_array_add(vms, vm);
        }
    }
    return vms;
}

gboolean
remote_connect_get_all_domain_stats(RpcCall *call,
                                    const RemoteConnectGetAllDomainStatsArgs *args,
                                    RemoteConnectGetAllDomainStatsRet *ret, GError **errp)
{
    g_autoptr(GPtrArray) vms = NULL;

    if (!check_groups(args->stats, args->flags, errp)) {
        return FALSE;
    }
    vms = choose(driver_of_call(call), args);
    ret->retStats = g_new0(RemoteDomainStatsRecord, MAX(vms->len, 1));
    for (guint i = 0; i < vms->len; i++) {
        Snapshot s;

        if (take(vms->pdata[i], args->flags, &s)) {
            fill(vms->pdata[i], &s, args->stats, &ret->retStats[ret->n_retStats++]);
            vm_def_unref(s.def);
            g_free(s.cgroup);
        }
    }
    return TRUE;
}
