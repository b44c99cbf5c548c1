/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics: what the driver, the kernel and the images on the host tell, and what the
 * emulator counts of disks. Those of many domains wait for no job, and together for a
 * second at most for emulators that do not answer: what those count is left out.
 */
#include "command/stats.h"
#include "domain/api.h"
#include "domain/monitor.h"
#include "process/cgroup.h"
#include "process/open.h"
#include "process/spawn.h"

#define ANSWERS_US G_USEC_PER_SEC /* for the emulators of all domains together */

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
        vm_refuse_inactive(errp);
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

/* ---- what the emulator counts of a disk ---- */

static gboolean add_disk_counts(const VmDef *def, const char *path, JsonNode *told,
                                CommandCounts *counts, GError **errp)
{
    const GPtrArray *disks = def->domain->disks;
    const DomainDisk *disk;

    for (guint i = 0; !*path && i < disks->len; i++) {
        if (!command_disk_counts(disks->pdata[i], told, counts, errp)) {
            return FALSE;
        }
    }
    if (!*path) {
        return TRUE;
    }
    disk = command_find_disk(def->domain, path);
    return disk ? command_disk_counts(disk, told, counts, errp)
                : rpc_error_set(errp, VIR_ERR_INVALID_ARG, "invalid path: %s", path);
}

/* path "": of all disks together. */
static gboolean get_disk_counts(RpcCall *call, const RemoteDomain *dom, const char *path,
                                CommandCounts *counts, GError **errp)
{
    const char *question = command_stats_question(DOMAIN_DEVICE_DISK);
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_autoptr(JsonNode) told = NULL;
    g_autoptr(VmDef) def = NULL;
    guint64 run;
    gboolean ok;

    if (!vm || !vm_begin_live_job(vm, JOB_QUERY, "block statistics", &run, errp)) {
        return FALSE;
    }
    def = vm_get_def(vm);
    *counts = (CommandCounts){ 0 };
    ok = vm_call(vm, run, question, NULL, &told, errp) &&
         add_disk_counts(def, path, told, counts, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_block_stats(RpcCall *call, const RemoteDomainBlockStatsArgs *args,
                                   RemoteDomainBlockStatsRet *ret, GError **errp)
{
    CommandCounts counts;

    if (!get_disk_counts(call, &args->dom, args->path, &counts, errp)) {
        return FALSE;
    }
    ret->rd_req = counts.of[COMMAND_READ_REQUESTS];
    ret->rd_bytes = counts.of[COMMAND_READ_BYTES];
    ret->wr_req = counts.of[COMMAND_WRITE_REQUESTS];
    ret->wr_bytes = counts.of[COMMAND_WRITE_BYTES];
    ret->errs = -1; /* not told, as with libvirt */
    return TRUE;
}

/* Asked for none, it says how many there are; asked for fewer, it gives the first. */
gboolean remote_domain_block_stats_flags(RpcCall *call,
                                         const RemoteDomainBlockStatsFlagsArgs *args,
                                         RemoteDomainBlockStatsFlagsRet *ret,
                                         GError **errp)
{
    g_autoptr(RpcParams) params = rpc_params_new();
    CommandCounts counts;

    if (!get_disk_counts(call, &args->dom, args->path, &counts, errp)) {
        return FALSE;
    }
    command_counts_params(&counts, params, args->nparams > 0 ? (guint)args->nparams : 0);
    ret->nparams = args->nparams > 0 ? 0 : COMMAND_COUNT_PARAMS;
    ret->params = rpc_params_steal(params, &ret->n_params);
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
    if (!command_disk_sizes(disk, PROCESS_OPEN_TIMEOUT_MS, &sizes, errp)) {
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
    gboolean wanted;    /* the flags select it */
    guint64 run;        /* 0: it has none */
    QmpClient *monitor; /* that is asked, or NULL */
    gboolean asked;     /* and has not answered yet */
    JsonNode *told;     /* of disks; or NULL */
    JsonNode *memory;   /* what the guest tells of it; or NULL */
    pid_t pid;          /* 0: it does not run */
} Snapshot;

static void snapshot_clear(gpointer data)
{
    Snapshot *s = data;

    g_clear_pointer(&s->def, vm_def_unref);
    g_free(s->cgroup);
    g_clear_pointer(&s->monitor, qmp_client_unref);
    g_clear_pointer(&s->told, json_node_unref);
    g_clear_pointer(&s->memory, json_node_unref);
}

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
    g_autoptr(GArray) stats = g_array_new(FALSE, FALSE, sizeof(CommandMemoryStat));
    guint64 resident = s->pid ? process_resident_memory(s->pid) : 0;

    rpc_params_add_ullong(params, "balloon.current", s->def->domain->current_memory);
    rpc_params_add_ullong(params, "balloon.maximum", s->def->domain->memory);
    command_memory_stats(s->memory, stats);
    for (guint i = 0; i < stats->len; i++) {
        const CommandMemoryStat *stat = &g_array_index(stats, CommandMemoryStat, i);
        g_autofree char *name = g_strconcat("balloon.", stat->name, NULL);

        rpc_params_add_ullong(params, name, stat->value);
    }
    if (resident) {
        rpc_params_add_ullong(params, "balloon.rss", resident);
    }
}

static void add_vcpus(const Snapshot *s, RpcParams *params)
{
    rpc_params_add_uint(params, "vcpu.current", s->def->domain->vcpus);
    rpc_params_add_uint(params, "vcpu.maximum", s->def->domain->vcpus);
}

static void add_interfaces(const Snapshot *s, RpcParams *params)
{
    if (s->active) {
        command_device_stats(s->def->domain, DOMAIN_DEVICE_INTERFACE, NULL, params);
    }
}

static void add_disks(const Snapshot *s, RpcParams *params)
{
    command_device_stats(s->def->domain, DOMAIN_DEVICE_DISK, s->told, params);
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

static Snapshot take(Vm *vm, guint32 flags)
{
    Snapshot s = { 0 };

    g_mutex_lock(&vm->lock);
    if (api_matches_locked(vm, flags)) {
        s = (Snapshot){ .def = vm_get_def_locked(vm),
                        .active = vm_is_active_locked(vm),
                        .state = vm->state,
                        .reason = vm->reason,
                        .cgroup = g_strdup(vm->run ? vm->run->cgroup : NULL),
                        .pid = vm->run ? vm->run->pid : 0,
                        .wanted = TRUE,
                        .run = vm->run ? vm->run->serial : 0 };
    }
    g_mutex_unlock(&vm->lock);
    return s;
}

/* ---- asking emulators side by side ---- */

/* What an emulator can be asked for a group of statistics. */
typedef struct Question {
    guint32 flag; /* virDomainStatsTypes */
    const char *(*command)(void);
    gboolean (*args)(const Domain *domain,
                     JsonObject **args); /* FALSE: not to be asked */
    size_t told; /* offset in a Snapshot of the JsonNode * that is answered */
} Question;

static const char *disk_command(void)
{
    return command_stats_question(DOMAIN_DEVICE_DISK);
}

static gboolean disk_args(const Domain *domain, JsonObject **args)
{
    return domain->disks->len > 0;
}

static const char *memory_command(void)
{
    return "qom-get";
}

static gboolean memory_args(const Domain *domain, JsonObject **args)
{
    const DomainBalloon *balloon = xml_domain_balloon(domain);

    if (balloon) {
        *args = command_balloon_property(balloon, "guest-stats");
    }
    return balloon != NULL;
}

static const Question questions[] = {
    { VIR_DOMAIN_STATS_BLOCK, disk_command, disk_args, offsetof(Snapshot, told) },
    { VIR_DOMAIN_STATS_BALLOON, memory_command, memory_args, offsetof(Snapshot, memory) },
};

static void ask(Vm *vm, Snapshot *s, const Question *question)
{
    JsonObject *args = NULL;

    s->asked = FALSE;
    if (!s->wanted || !s->active || !s->run) {
        return;
    }
    if (!s->monitor) {
        s->monitor = vm_get_monitor(vm, s->run, NULL);
    }
    if (s->monitor && question->args(s->def->domain, &args)) {
        s->asked = qmp_client_ask(s->monitor, question->command(), args);
    }
}

/* One that was busy with another call has its turn after the others. */
static void ask_again(Snapshot *s, const Question *question, gint64 deadline)
{
    gint64 left = deadline - g_get_monotonic_time();
    JsonObject *args = NULL;

    if (s->monitor && !s->asked && left >= 1000 && !qmp_client_is_silent(s->monitor) &&
        question->args(s->def->domain, &args)) {
        qmp_client_call_full(s->monitor, question->command(), args, -1,
                             (guint)(left / 1000), G_STRUCT_MEMBER_P(s, question->told),
                             NULL);
    }
}

static void ask_all(const GPtrArray *vms, GArray *snapshots, const Question *question,
                    gint64 deadline, gboolean wait)
{
    for (guint i = 0; i < vms->len; i++) {
        ask(vms->pdata[i], &g_array_index(snapshots, Snapshot, i), question);
    }
    for (guint i = 0; i < vms->len; i++) {
        Snapshot *s = &g_array_index(snapshots, Snapshot, i);

        if (s->asked) {
            qmp_client_answer(s->monitor, question->command(), deadline,
                              G_STRUCT_MEMBER_P(s, question->told), NULL);
        }
    }
    for (guint i = 0; wait && i < vms->len; i++) {
        ask_again(&g_array_index(snapshots, Snapshot, i), question, deadline);
    }
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
    g_autoptr(GArray) snapshots = g_array_new(FALSE, FALSE, sizeof(Snapshot));
    g_autoptr(GPtrArray) vms = NULL;
    gint64 deadline;

    if (!check_groups(args->stats, args->flags, errp)) {
        return FALSE;
    }
    vms = choose(driver_of_call(call), args);
    g_array_set_clear_func(snapshots, snapshot_clear);
    for (guint i = 0; i < vms->len; i++) {
        Snapshot s = take(vms->pdata[i], args->flags);

        g_array_append_val(snapshots, s);
    }
    deadline = g_get_monotonic_time() + ANSWERS_US;
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        if (!args->stats || (args->stats & questions[i].flag)) {
            ask_all(vms, snapshots, &questions[i], deadline,
                    !(args->flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT));
        }
    }
    ret->retStats = g_new0(RemoteDomainStatsRecord, MAX(vms->len, 1));
    for (guint i = 0; i < vms->len; i++) {
        const Snapshot *s = &g_array_index(snapshots, Snapshot, i);

        if (s->wanted) {
            fill(vms->pdata[i], s, args->stats, &ret->retStats[ret->n_retStats++]);
        }
    }
    return TRUE;
}
