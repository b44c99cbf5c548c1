/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's agent tells of the guest: file systems, addresses, CPUs, and more. */
#include <string.h>

#include "agent/reply.h"
#include "domain/agent.h"
#include "domain/api-agent.h"
#include "domain/api.h"
#include "util/json.h"

static gboolean ask(Vm *vm, RpcCall *call, const char *command, JsonNode **reply,
                    GError **errp)
{
    VmAgentAsk ask = { .command = command, .seconds = VM_AGENT_SECONDS };

    return vm_agent_call(vm, call, &ask, reply, errp);
}

/* ---- disks ---- */

static gboolean is_at(const DomainAddress *address, const AgentDisk *disk)
{
    switch (address->type) {
    case DOMAIN_ADDRESS_PCI:
        return disk->pci_domain == address->pci.domain &&
               disk->pci_bus == address->pci.bus && disk->pci_slot == address->pci.slot &&
               disk->pci_function == address->pci.function;
    case DOMAIN_ADDRESS_DRIVE:
        return disk->bus == address->drive.bus && disk->target == address->drive.target &&
               disk->unit == address->drive.unit;
    default:
        return FALSE;
    }
}

/* What the definition (opaque) calls the disk that the guest tells of. */
static const char *disk_name(const AgentDisk *found, gpointer opaque)
{
    const VmDef *def = opaque;

    for (guint i = 0; i < def->domain->disks->len; i++) {
        const DomainDisk *disk = def->domain->disks->pdata[i];

        if (is_at(&disk->info.address, found)) {
            return disk->target;
        }
    }
    return NULL;
}

/* ---- guestinfo ---- */

#define GUEST_INFO_LOAD (1 << 7) /* VIR_DOMAIN_GUEST_INFO_LOAD, of libvirt 11.2 */

static gboolean add_filesystems(JsonNode *reply, VmDef *def, RpcParams *params,
                                GError **errp)
{
    g_autoptr(GPtrArray) filesystems = agent_parse_filesystems(reply, errp);

    if (filesystems) {
        agent_add_filesystems(filesystems, disk_name, def, params);
    }
    return filesystems != NULL;
}

static gboolean add_disks(JsonNode *reply, VmDef *def, RpcParams *params, GError **errp)
{
    return agent_add_disks(reply, disk_name, def, params, errp);
}

static gboolean add_interfaces(JsonNode *reply, VmDef *def, RpcParams *params,
                               GError **errp)
{
    g_autoptr(GPtrArray) interfaces = agent_parse_interfaces(reply, errp);

    if (interfaces) {
        agent_add_interfaces(interfaces, params);
    }
    return interfaces != NULL;
}

/* In libvirt's order. One of the two functions. */
static const struct {
    guint32 type;
    const char *command;
    gboolean (*add)(JsonNode *reply, RpcParams *params, GError **errp);
    gboolean (*add_of)(JsonNode *reply, VmDef *def, RpcParams *params, GError **errp);
} infos[] = {
    { VIR_DOMAIN_GUEST_INFO_USERS, "guest-get-users", agent_add_users, NULL },
    { VIR_DOMAIN_GUEST_INFO_OS, "guest-get-osinfo", agent_add_os, NULL },
    { VIR_DOMAIN_GUEST_INFO_TIMEZONE, "guest-get-timezone", agent_add_timezone, NULL },
    { VIR_DOMAIN_GUEST_INFO_HOSTNAME, "guest-get-host-name", agent_add_hostname, NULL },
    { GUEST_INFO_LOAD, "guest-get-load", agent_add_load, NULL },
    { VIR_DOMAIN_GUEST_INFO_FILESYSTEM, "guest-get-fsinfo", NULL, add_filesystems },
    { VIR_DOMAIN_GUEST_INFO_DISKS, "guest-get-disks", NULL, add_disks },
    { VIR_DOMAIN_GUEST_INFO_INTERFACES, "guest-network-get-interfaces", NULL,
      add_interfaces },
};

/* What has not been asked for by name may be missing. */
static gboolean add_info(Vm *vm, RpcCall *call, guint i, gboolean named,
                         RpcParams *params, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    if (!ask(vm, call, infos[i].command, &reply, &err)) {
        if (!named && g_error_matches(err, RPC_ERROR, VIR_ERR_OPERATION_UNSUPPORTED)) {
            return TRUE;
        }
        g_propagate_error(errp, g_steal_pointer(&err));
        return FALSE;
    }
    return infos[i].add ? infos[i].add(reply, params, errp)
                        : infos[i].add_of(reply, def, params, errp);
}

gboolean remote_domain_get_guest_info(RpcCall *call,
                                      const RemoteDomainGetGuestInfoArgs *args,
                                      RemoteDomainGetGuestInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(RpcParams) params = rpc_params_new();
    guint32 known = 0;

    for (guint i = 0; i < G_N_ELEMENTS(infos); i++) {
        known |= infos[i].type;
    }
    if (vm && (args->types & ~known)) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "unsupported guest information types '0x%x'",
                             args->types & ~known);
    }
    for (guint i = 0; vm && i < G_N_ELEMENTS(infos); i++) {
        if ((!args->types || (args->types & infos[i].type)) &&
            !add_info(vm, call, i, args->types != 0, params, errp)) {
            return FALSE;
        }
    }
    ret->params = rpc_params_steal(params, &ret->n_params);
    return vm != NULL;
}

/* ---- domfsinfo ---- */

#define FSINFO_MAX 256 /* of the reply, and disks of each */

static void fill_fsinfo(RemoteDomainFsinfo *to, const AgentFilesystem *fs, VmDef *def)
{
    to->mountpoint = g_strdup(fs->mountpoint);
    to->name = g_strdup(fs->name);
    to->fstype = g_strdup(fs->type);
    to->dev_aliases = g_new0(char *, MIN(fs->disks->len, FSINFO_MAX) + 1);
    for (guint i = 0; i < fs->disks->len && to->n_dev_aliases < FSINFO_MAX; i++) {
        const char *name = disk_name(fs->disks->pdata[i], def);

        if (name) {
            to->dev_aliases[to->n_dev_aliases++] = g_strdup(name);
        }
    }
}

gboolean remote_domain_get_fsinfo(RpcCall *call, const RemoteDomainGetFsinfoArgs *args,
                                  RemoteDomainGetFsinfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? vm_get_def(vm) : NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GPtrArray) filesystems = NULL;

    if (!vm || !ask(vm, call, "guest-get-fsinfo", &reply, errp) ||
        !(filesystems = agent_parse_filesystems(reply, errp))) {
        return FALSE;
    }
    if (filesystems->len > FSINFO_MAX) {
        return rpc_error_set(errp, VIR_ERR_RPC,
                             "Too many mountpoints in fsinfo: %u for limit %d",
                             filesystems->len, FSINFO_MAX);
    }
    ret->info = g_new0(RemoteDomainFsinfo, MAX(filesystems->len, 1));
    for (guint i = 0; i < filesystems->len; i++) {
        fill_fsinfo(&ret->info[ret->n_info++], filesystems->pdata[i], def);
    }
    ret->ret = ret->n_info;
    return TRUE;
}

/* ---- domifaddr --source agent ---- */

gboolean api_agent_addresses(RpcCall *call, const RemoteDomain *dom,
                             RemoteDomainInterfaceAddressesRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GPtrArray) interfaces = NULL;

    if (!vm || !ask(vm, call, "guest-network-get-interfaces", &reply, errp) ||
        !(interfaces = agent_parse_interfaces(reply, errp))) {
        return FALSE;
    }
    ret->ifaces = g_new0(RemoteDomainInterface, MAX(interfaces->len, 1));
    for (guint i = 0; i < interfaces->len; i++) {
        const AgentInterface *from = interfaces->pdata[i];
        RemoteDomainInterface *to = &ret->ifaces[ret->n_ifaces++];

        to->name = g_strdup(from->name);
        to->hwaddr = g_strdup(from->hwaddr);
        to->addrs = g_new0(RemoteDomainIpAddr, MAX(from->addresses->len, 1));
        for (guint j = 0; j < from->addresses->len; j++) {
            const AgentAddress *address = from->addresses->pdata[j];

            to->addrs[to->n_addrs++] = (RemoteDomainIpAddr){
                .type = address->type,
                .addr = g_strdup(address->address),
                .prefix = address->prefix,
            };
        }
    }
    return TRUE;
}

/* ---- CPUs ---- */

static GArray *get_vcpus(Vm *vm, RpcCall *call, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;

    return ask(vm, call, "guest-get-vcpus", &reply, errp) ? agent_parse_vcpus(reply, errp)
                                                          : NULL;
}

/*
 * The guest may do some of them, and say how many: the others are asked for again. One
 * that does none does not get on.
 */
static gboolean set_vcpus(Vm *vm, RpcCall *call, GArray *vcpus, GError **errp)
{
    for (;;) {
        VmAgentAsk ask = { .command = "guest-set-vcpus", .seconds = VM_AGENT_SECONDS };
        g_autoptr(JsonNode) reply = NULL;
        guint left = 0;
        gint64 done;

        for (guint i = 0; i < vcpus->len; i++) {
            left += g_array_index(vcpus, AgentVcpu, i).changed;
        }
        if (left == 0) {
            return TRUE;
        }
        ask.args = agent_vcpus_argument(vcpus);
        if (!vm_agent_call(vm, call, &ask, &reply, errp) ||
            !agent_parse_number(reply, ask.command, &done, errp)) {
            return FALSE;
        }
        if (done <= 0 || done > left) {
            return agent_reply_wrong(ask.command, "it has set none, or too many", errp);
        }
        for (guint i = 0; i < vcpus->len && done > 0; i++) {
            AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);

            done -= vcpu->changed;
            vcpu->changed = FALSE;
        }
    }
}

static guint count_online(const GArray *vcpus)
{
    guint n = 0;

    for (guint i = 0; i < vcpus->len; i++) {
        n += g_array_index(vcpus, AgentVcpu, i).online;
    }
    return n;
}

gboolean api_agent_count_vcpus(RpcCall *call, const RemoteDomain *dom, gboolean maximum,
                               gint32 *num, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_autoptr(GArray) vcpus = vm ? get_vcpus(vm, call, errp) : NULL;

    if (!vcpus) {
        return FALSE;
    }
    *num = (gint32)(maximum ? vcpus->len : count_online(vcpus));
    return TRUE;
}

/* Marks what has to change so that n are online. */
static gboolean choose_vcpus(GArray *vcpus, guint n, GError **errp)
{
    guint online = count_online(vcpus);

    if (n > vcpus->len) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "requested vcpu count is greater than the count of enabled "
                             "vcpus in the domain: %u > %u",
                             n, vcpus->len);
    }
    for (guint i = 0; i < vcpus->len && online < n; i++) {
        AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);

        if (!vcpu->online) {
            vcpu->online = vcpu->changed = TRUE;
            online++;
        }
    }
    for (guint i = vcpus->len; i-- > 0 && online > n;) {
        AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);

        if (vcpu->online && vcpu->offlinable) {
            vcpu->online = FALSE;
            vcpu->changed = TRUE;
            online--;
        }
    }
    return online == n ||
           rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "Can't offline enough cpus");
}

/* Those of the machine are as many as it began with. */
gboolean remote_domain_set_vcpus_flags(RpcCall *call,
                                       const RemoteDomainSetVcpusFlagsArgs *args,
                                       GError **errp)
{
    guint32 allowed = VIR_DOMAIN_VCPU_GUEST | VIR_DOMAIN_AFFECT_LIVE;
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(GArray) vcpus = NULL;

    if (!vm) {
        return FALSE;
    }
    if (!(args->flags & VIR_DOMAIN_VCPU_GUEST)) {
        return rpc_error_set(errp, VIR_ERR_NO_SUPPORT, "DOMAIN_SET_VCPUS_FLAGS");
    }
    if ((args->flags & ~allowed) || args->nvcpus == 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "the number of the guest's CPUs is one from 1 on, and live "
                             "(flags 0x%x)",
                             args->flags);
    }
    return (vcpus = get_vcpus(vm, call, errp)) &&
           choose_vcpus(vcpus, args->nvcpus, errp) && set_vcpus(vm, call, vcpus, errp);
}

gboolean remote_domain_get_guest_vcpus(RpcCall *call,
                                       const RemoteDomainGetGuestVcpusArgs *args,
                                       RemoteDomainGetGuestVcpusRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(GArray) vcpus = vm ? get_vcpus(vm, call, errp) : NULL;
    g_autoptr(RpcParams) params = rpc_params_new();

    if (!vcpus) {
        return FALSE;
    }
    agent_add_vcpus(vcpus, params);
    ret->params = rpc_params_steal(params, &ret->n_params);
    return TRUE;
}

/* Marks those of the map ("0-2,4"), which all have to be there. */
static gboolean mark_vcpus(GArray *vcpus, const char *map, gboolean online, GError **errp)
{
    g_autoptr(GHashTable) wanted = agent_parse_cpu_map(map);
    guint found = 0;

    if (!wanted || g_hash_table_size(wanted) == 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "Failed to parse bitmap '%s'",
                             map);
    }
    for (guint i = 0; i < vcpus->len; i++) {
        AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);

        if (!g_hash_table_remove(wanted, GUINT_TO_POINTER(vcpu->id))) {
            continue;
        }
        found++;
        if (!online && vcpu->online && !vcpu->offlinable) {
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "guest vCPU '%u' can't be offlined", vcpu->id);
        }
        vcpu->changed = vcpu->online != online;
        vcpu->online = online;
    }
    return g_hash_table_size(wanted) == 0 ||
           rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                         "guest is missing vCPUs of '%s': it has %u of them", map, found);
}

gboolean remote_domain_set_guest_vcpus(RpcCall *call,
                                       const RemoteDomainSetGuestVcpusArgs *args,
                                       GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(GArray) vcpus = NULL;

    if (!vm) {
        return FALSE;
    }
    if (args->state != 0 && args->state != 1) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "unsupported state value %d",
                             args->state);
    }
    return (vcpus = get_vcpus(vm, call, errp)) &&
           mark_vcpus(vcpus, args->cpumap, args->state, errp) &&
           set_vcpus(vm, call, vcpus, errp);
}
