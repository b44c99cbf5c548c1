/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Information about the connection, the host, and a domain. None waits for a job. */
#include <string.h>

#include "capabilities/capabilities.h"
#include "command/command.h"
#include "domain/api-agent.h"
#include "domain/api.h"
#include "domain/firmware.h"
#include "domain/impact.h"
#include "domain/migration-params.h"
#include "process/spawn.h"

/* ---- connection and host ---- */

gboolean remote_connect_get_version(RpcCall *call, RemoteConnectGetVersionRet *ret,
                                    GError **errp)
{
    ret->hv_ver = DRIVER_HV_VERSION;
    return TRUE;
}

gboolean remote_connect_get_max_vcpus(RpcCall *call,
                                      const RemoteConnectGetMaxVcpusArgs *args,
                                      RemoteConnectGetMaxVcpusRet *ret, GError **errp)
{
    if (args->type && g_ascii_strcasecmp(args->type, "kvm") != 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "unknown type '%s'", args->type);
    }
    ret->max_vcpus = (gint32)command_machine(NULL)->vcpus_max;
    return TRUE;
}

static CapabilitiesGuest guest_capabilities(const CommandMachine *machine,
                                            const char *emulator)
{
    CapabilitiesGuest guest = { .emulator = emulator, .transport = MIGRATION_TRANSPORT };

    command_describe(machine, &guest);
    return guest;
}

gboolean remote_connect_get_capabilities(RpcCall *call,
                                         RemoteConnectGetCapabilitiesRet *ret,
                                         GError **errp)
{
    Driver *driver = driver_of_call(call);
    g_autoptr(CapabilitiesHost) host = capabilities_host_read("/", errp);
    g_autoptr(CommandEmulator) has = NULL;
    g_autofree CapabilitiesMachine *others = NULL;
    const CommandMachine *machine;
    CapabilitiesGuest guest;

    if (!host) {
        return FALSE;
    }
    probe_get(driver->probe, driver->emulator, &has, NULL); /* or nothing is known */
    machine = command_default_machine(has);
    guest = guest_capabilities(machine, driver->emulator);
    guest.others = others = command_other_machines(machine, has);
    ret->capabilities = capabilities_format(host, &guest);
    return TRUE;
}

gboolean remote_node_get_info(RpcCall *call, RemoteNodeGetInfoRet *ret, GError **errp)
{
    g_autoptr(CapabilitiesHost) host = capabilities_host_read("/", errp);
    CapabilitiesNodeInfo info;

    if (!host) {
        return FALSE;
    }
    capabilities_node_info(host, &info);
    memcpy(ret->model, info.model, sizeof(ret->model));
    ret->memory = info.memory;
    ret->cpus = (gint32)info.cpus;
    ret->mhz = (gint32)info.mhz;
    ret->nodes = (gint32)info.nodes;
    ret->sockets = (gint32)info.sockets;
    ret->cores = (gint32)info.cores;
    ret->threads = (gint32)info.threads;
    return TRUE;
}

gboolean remote_node_get_security_model(RpcCall *call, RemoteNodeGetSecurityModelRet *ret,
                                        GError **errp)
{
    static const char model[] = "none", doi[] = "0"; /* as <secmodel> has it */

    ret->model = g_strdup(model);
    ret->n_model = sizeof(model);
    ret->doi = g_strdup(doi);
    ret->n_doi = sizeof(doi);
    return TRUE;
}

/* Of no model: it is empty. */
gboolean remote_domain_get_security_label(RpcCall *call,
                                          const RemoteDomainGetSecurityLabelArgs *args,
                                          RemoteDomainGetSecurityLabelRet *ret,
                                          GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    ret->label = g_new0(char, 1);
    ret->n_label = 1;
    return TRUE;
}

gboolean remote_connect_get_domain_capabilities(
    RpcCall *call, const RemoteConnectGetDomainCapabilitiesArgs *args,
    RemoteConnectGetDomainCapabilitiesRet *ret, GError **errp)
{
    Driver *driver = driver_of_call(call);
    const CommandMachine *machine = command_machine(args->machine);
    const char *emulator = args->emulatorbin ? args->emulatorbin : driver->emulator;
    const char *name = args->machine;
    g_autoptr(CapabilitiesValues) memory = NULL, devices = NULL, cpu = NULL;
    g_autoptr(CapabilitiesValues) features = NULL;
    g_autoptr(CommandEmulator) has = NULL;
    g_auto(GStrv) loaders = NULL;
    CapabilitiesGuest guest;

    if (args->virttype && strcmp(args->virttype, "kvm") != 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "unknown virttype '%s'",
                             args->virttype);
    }
    if (!machine) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "the machine '%s' is not supported", args->machine);
    }
    if (args->arch && strcmp(args->arch, machine->arch) != 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "architecture '%s' is not supported", args->arch);
    }
    if (!probe_get(driver->probe, emulator, &has, errp)) {
        return FALSE;
    }
    machine = name ? machine : command_default_machine(has);
    if (name && !command_emulator_has_machine(has, name)) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "the machine '%s' is not supported by emulator '%s'", name,
                             emulator);
    }
    guest = guest_capabilities(machine, emulator);
    command_describe_firmware(has, &guest);
    if (guest.pflash) {
        firmware_capabilities(driver->paths, machine->name, &guest.efi, &loaders);
        guest.loaders = loaders;
    }
    guest.memory = memory = command_memory_values();
    guest.cpu = cpu = command_cpu_values();
    guest.features = features = command_feature_values(machine, has);
    guest.devices = devices = command_device_values(machine, has);
    ret->capabilities = capabilities_format_domain(&guest);
    return TRUE;
}

/* ---- domain ---- */

gboolean remote_domain_get_state(RpcCall *call, const RemoteDomainGetStateArgs *args,
                                 RemoteDomainGetStateRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    ret->state = vm->state;
    ret->reason = vm->reason;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

gboolean remote_domain_get_control_info(RpcCall *call,
                                        const RemoteDomainGetControlInfoArgs *args,
                                        RemoteDomainGetControlInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gint64 now = g_get_monotonic_time();
    gboolean active;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    if (active && (vm->run->monitor_lost || vm->run->uncertain)) {
        ret->state = VIR_DOMAIN_CONTROL_ERROR;
        ret->details = vm->run->uncertain ? VIR_DOMAIN_CONTROL_ERROR_REASON_UNKNOWN
                                          : VIR_DOMAIN_CONTROL_ERROR_REASON_MONITOR;
    } else if (vm->job.async) {
        ret->state = VIR_DOMAIN_CONTROL_JOB;
        ret->stateTime = (guint64)(now - vm->job.async_since) / 1000;
    } else if (vm->job.active != JOB_NONE) {
        ret->state = VIR_DOMAIN_CONTROL_OCCUPIED;
        ret->stateTime = (guint64)(now - vm->job.since) / 1000;
    }
    g_mutex_unlock(&vm->lock);
    return active || vm_refuse_inactive(errp);
}

gboolean remote_domain_get_info(RpcCall *call, const RemoteDomainGetInfoArgs *args,
                                RemoteDomainGetInfoRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = NULL;
    pid_t pid;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    def = vm_get_def_locked(vm);
    ret->state = (guint8)vm->state;
    pid = vm->run ? vm->run->pid : 0;
    g_mutex_unlock(&vm->lock);
    ret->maxMem = def->domain->memory;
    ret->memory = def->domain->current_memory;
    ret->nrVirtCpu = (guint16)def->domain->vcpus;
    ret->cpuTime = pid ? process_cpu_time(pid) : 0;
    return TRUE;
}

gboolean remote_domain_get_max_memory(RpcCall *call,
                                      const RemoteDomainGetMaxMemoryArgs *args,
                                      RemoteDomainGetMaxMemoryRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? vm_get_def(vm) : NULL;

    if (!vm) {
        return FALSE;
    }
    ret->memory = def->domain->memory;
    return TRUE;
}

static gboolean count_vcpus(RpcCall *call, const RemoteDomain *dom, guint32 flags,
                            gint32 *num, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_autoptr(VmDef) def = NULL;
    const Domain *domain;

    if (!vm) {
        return FALSE;
    }
    if (flags & VIR_DOMAIN_VCPU_GUEST) {
        return api_agent_count_vcpus(call, dom, flags & VIR_DOMAIN_VCPU_MAXIMUM, num,
                                     errp);
    }
    if (!(def = vm_get_def_for(vm, flags, errp))) {
        return FALSE;
    }
    domain = def->domain;
    *num = (gint32)((flags & VIR_DOMAIN_VCPU_MAXIMUM) || !domain->vcpus_current
                        ? domain->vcpus
                        : domain->vcpus_current);
    return TRUE;
}

gboolean remote_domain_get_vcpus_flags(RpcCall *call,
                                       const RemoteDomainGetVcpusFlagsArgs *args,
                                       RemoteDomainGetVcpusFlagsRet *ret, GError **errp)
{
    return count_vcpus(call, &args->dom, args->flags, &ret->num, errp);
}

gboolean remote_domain_get_max_vcpus(RpcCall *call,
                                     const RemoteDomainGetMaxVcpusArgs *args,
                                     RemoteDomainGetMaxVcpusRet *ret, GError **errp)
{
    return count_vcpus(call, &args->dom, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_VCPU_MAXIMUM,
                       &ret->num, errp);
}

static void add_taint(RemoteDomainGetMessagesRet *ret, const char *text)
{
    ret->msgs = g_renew(char *, ret->msgs, ret->n_msgs + 1);
    ret->msgs[ret->n_msgs++] = g_strconcat("tainted: ", text, NULL);
}

/* That emulators run as we do, as root, and what we do not know of. */
gboolean remote_domain_get_messages(RpcCall *call,
                                    const RemoteDomainGetMessagesArgs *args,
                                    RemoteDomainGetMessagesRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean active;
    guint taints;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    taints = vm->run ? vm->run->taints : 0;
    g_mutex_unlock(&vm->lock);
    if (!active || (args->flags && !(args->flags & VIR_DOMAIN_MESSAGE_TAINTING))) {
        return TRUE;
    }
    if (geteuid() == 0) {
        add_taint(ret, "running with undesirable elevated privileges");
    }
    if (taints & VM_TAINT_MONITOR) {
        add_taint(ret, "custom control commands issued");
    }
    if (taints & VM_TAINT_AGENT) {
        add_taint(ret, "custom guest agent control commands issued");
    }
    return TRUE;
}

gboolean remote_domain_get_os_type(RpcCall *call, const RemoteDomainGetOsTypeArgs *args,
                                   RemoteDomainGetOsTypeRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    ret->type = g_strdup("hvm");
    return TRUE;
}

gboolean remote_domain_get_xml_desc(RpcCall *call, const RemoteDomainGetXmlDescArgs *args,
                                    RemoteDomainGetXmlDescRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = NULL;
    XmlFormatFlags flags =
        args->flags &
        (VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_MIGRATABLE);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    def = (flags & XML_FORMAT_INACTIVE) && vm->config ? vm_def_ref(vm->config)
                                                      : vm_get_def_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (args->flags & VIR_DOMAIN_XML_UPDATE_CPU) { /* stock's is a definition anew, too */
        flags |= XML_FORMAT_INACTIVE;
    }
    ret->xml = xml_domain_format(def->domain, flags);
    return TRUE;
}

gboolean remote_domain_get_autostart(RpcCall *call,
                                     const RemoteDomainGetAutostartArgs *args,
                                     RemoteDomainGetAutostartRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    ret->autostart = vm->autostart;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

/* There are no managed saves and no snapshots, so there are none of a domain. */
gboolean remote_domain_has_managed_save_image(
    RpcCall *call, const RemoteDomainHasManagedSaveImageArgs *args,
    RemoteDomainHasManagedSaveImageRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    return vm != NULL;
}

gboolean remote_domain_snapshot_num(RpcCall *call,
                                    const RemoteDomainSnapshotNumArgs *args,
                                    RemoteDomainSnapshotNumRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    return vm != NULL;
}
