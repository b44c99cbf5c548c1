/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces: limits of their rates, and the addresses that their guests have. */
#include <string.h>

#include "command/stats.h"
#include "domain/api-agent.h"
#include "domain/api.h"
#include "domain/define.h"
#include "domain/hotplug.h"
#include "domain/impact.h"
#include "network/port.h"
#include "process/netdev.h"

/* ---- rates ---- */

/* In libvirt's order. */
static const struct {
    const char *name;
    size_t offset; /* in a DomainBandwidth */
} rates[] = {
    { VIR_DOMAIN_BANDWIDTH_IN_AVERAGE, offsetof(DomainBandwidth, inbound.average) },
    { VIR_DOMAIN_BANDWIDTH_IN_PEAK, offsetof(DomainBandwidth, inbound.peak) },
    { VIR_DOMAIN_BANDWIDTH_IN_BURST, offsetof(DomainBandwidth, inbound.burst) },
    { VIR_DOMAIN_BANDWIDTH_IN_FLOOR, offsetof(DomainBandwidth, inbound.floor) },
    { VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE, offsetof(DomainBandwidth, outbound.average) },
    { VIR_DOMAIN_BANDWIDTH_OUT_PEAK, offsetof(DomainBandwidth, outbound.peak) },
    { VIR_DOMAIN_BANDWIDTH_OUT_BURST, offsetof(DomainBandwidth, outbound.burst) },
};

static const DomainInterface *find_interface(const Domain *domain, const char *name,
                                             GError **errp)
{
    const DomainInterface *interface = command_find_interface(domain, name);

    if (!interface) {
        rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                      "invalid path, '%s' is not a known interface", name);
    }
    return interface;
}

gboolean remote_domain_get_interface_parameters(
    RpcCall *call, const RemoteDomainGetInterfaceParametersArgs *args,
    RemoteDomainGetInterfaceParametersRet *ret, GError **errp)
{
    static const DomainBandwidth none;
    guint32 flags = args->flags & ~(guint32)VIR_TYPED_PARAM_STRING_OKAY;
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? vm_get_def_for(vm, flags, errp) : NULL;
    const DomainInterface *interface =
        def ? find_interface(def->domain, args->device, errp) : NULL;
    g_autoptr(RpcParams) params = rpc_params_new();
    const DomainBandwidth *bandwidth;

    if (!interface) {
        return FALSE;
    }
    bandwidth = interface->bandwidth ? interface->bandwidth : &none;
    for (gint32 i = 0; i < args->nparams && i < (gint32)G_N_ELEMENTS(rates); i++) {
        rpc_params_add_uint(params, rates[i].name,
                            G_STRUCT_MEMBER(guint, bandwidth, rates[i].offset));
    }
    /* Asked for none, it says how many there are. */
    ret->nparams = args->nparams > 0 ? 0 : (gint32)G_N_ELEMENTS(rates);
    ret->params = rpc_params_steal(params, &ret->n_params);
    return TRUE;
}

/* What is said of a side replaces all of it; without average and floor it is none. */
static void take_rate(DomainRate *rate, const DomainRate *said, gboolean given)
{
    if (given) {
        *rate = said->average || said->floor ? *said : (DomainRate){ 0 };
    }
}

/* What the call says, and of which sides. */
typedef struct Rates {
    DomainBandwidth said;
    gboolean inbound, outbound;
} Rates;

static gboolean read_rates(const RpcTypedParam *params, guint32 n, Rates *read,
                           GError **errp)
{
    for (guint32 i = 0; i < n; i++) {
        guint row = 0;

        while (row < G_N_ELEMENTS(rates) && strcmp(rates[row].name, params[i].field)) {
            row++;
        }
        if (row == G_N_ELEMENTS(rates)) {
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "parameter '%s' not supported", params[i].field);
        }
        if (params[i].type != VIR_TYPED_PARAM_UINT || params[i].value.ui > G_MAXINT) {
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "parameter '%s' has to be an unsigned number up to %d",
                                 params[i].field, G_MAXINT);
        }
        G_STRUCT_MEMBER(guint, &read->said, rates[row].offset) = params[i].value.ui;
        read->inbound |= g_str_has_prefix(params[i].field, "inbound.");
        read->outbound |= g_str_has_prefix(params[i].field, "outbound.");
    }
    return TRUE;
}

/* A copy of the interface with the rates. */
static DomainDevice *with_rates(const Domain *domain, const char *name, const Rates *read,
                                GError **errp)
{
    static const DomainRate none;
    DomainDevice device = { .type = DOMAIN_DEVICE_INTERFACE };
    DomainDevice *copy;
    DomainBandwidth *bandwidth;

    device.any = (gpointer)find_interface(domain, name, errp);
    if (!device.any) {
        return NULL;
    }
    copy = xml_device_copy(&device);
    bandwidth = copy->interface->bandwidth ? copy->interface->bandwidth
                                           : g_new0(DomainBandwidth, 1);
    copy->interface->bandwidth = bandwidth;
    take_rate(&bandwidth->inbound, &read->said.inbound, read->inbound);
    take_rate(&bandwidth->outbound, &read->said.outbound, read->outbound);
    /* Of a port group's limits it has to be said that there are none. */
    if (copy->interface->port_rates != DOMAIN_TRISTATE_YES &&
        memcmp(&bandwidth->inbound, &none, sizeof(none)) == 0 &&
        memcmp(&bandwidth->outbound, &none, sizeof(none)) == 0) {
        g_clear_pointer(&copy->interface->bandwidth, xml_bandwidth_free);
    }
    return copy;
}

/* The persistent definition with them. */
static Domain *config_with_rates(Vm *vm, const Impact *impact, const char *name,
                                 const Rates *read, GError **errp)
{
    g_autoptr(Domain) config = xml_domain_copy(impact->before->domain);
    g_autoptr(DomainDevice) device = with_rates(config, name, read, errp);
    DomainInterface *interface =
        device ? (DomainInterface *)command_find_interface(config, name) : NULL;
    DomainBandwidth *before;

    if (!device || !command_complete_device(config, device, errp)) {
        return NULL;
    }
    before = interface->bandwidth;
    interface->bandwidth = g_steal_pointer(&device->interface->bandwidth);
    xml_bandwidth_free(before);
    return vm_stage_config(vm, config, errp) ? g_steal_pointer(&config) : NULL;
}

static gboolean set_live(Vm *vm, const Impact *impact, const char *name,
                         const Rates *read, DomainDevice **before, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(DomainDevice) device = with_rates(def->domain, name, read, errp);

    return device && command_complete_device(def->domain, device, errp) &&
           vm_update_device(vm, impact->run, device, device, FALSE, before, errp);
}

static void set_back(Vm *vm, const Impact *impact, const DomainDevice *before)
{
    g_autoptr(DomainDevice) changed = NULL;
    g_autoptr(GError) err = NULL;

    if (!vm_update_device(vm, impact->run, before, before, FALSE, &changed, &err)) {
        g_message("domain '%s': undoing a change of rates: %s", vm->name, err->message);
    }
}

static gboolean set_rates(Vm *vm, const char *name, const Impact *impact,
                          const Rates *read, GError **errp)
{
    g_autoptr(Domain) config = NULL;
    g_autoptr(DomainDevice) before = NULL;
    gboolean ok;

    if (impact->config && !(config = config_with_rates(vm, impact, name, read, errp))) {
        return FALSE;
    }
    ok = !impact->live || set_live(vm, impact, name, read, &before, errp);
    ok = vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
    if (!ok && before) {
        set_back(vm, impact, before);
    }
    return ok;
}

gboolean remote_domain_set_interface_parameters(
    RpcCall *call, const RemoteDomainSetInterfaceParametersArgs *args, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_auto(Impact) impact = { 0 };
    Rates read = { 0 };
    gboolean ok;

    if (!vm || !read_rates(args->params, args->n_params, &read, errp) ||
        !vm_begin_job(vm, JOB_MODIFY, "interface parameters", errp)) {
        return FALSE;
    }
    ok = vm_read_impact(vm, args->flags, &impact, errp) &&
         set_rates(vm, args->device, &impact, &read, errp);
    vm_end_job(vm);
    return ok;
}

/* ---- addresses ---- */

/* An interface of the reply, without addresses yet. */
static RemoteDomainInterface *add_interface(RemoteDomainInterfaceAddressesRet *ret,
                                            const DomainInterface *interface)
{
    RemoteDomainInterface *added;
    char mac[18];

    ret->ifaces = g_renew(RemoteDomainInterface, ret->ifaces, ret->n_ifaces + 1);
    added = &ret->ifaces[ret->n_ifaces++];
    xml_mac_format(interface->mac, mac);
    *added = (RemoteDomainInterface){ .name = g_strdup(interface->target),
                                      .hwaddr = g_strdup(mac) };
    return added;
}

static void add_address(RemoteDomainInterface *to, int type, const char *address,
                        guint prefix)
{
    to->addrs = g_renew(RemoteDomainIpAddr, to->addrs, to->n_addrs + 1);
    to->addrs[to->n_addrs++] =
        (RemoteDomainIpAddr){ .type = type, .addr = g_strdup(address), .prefix = prefix };
}

#define ADDRESSES_MAX 2048 /* of the reply */

/* What the DHCP servers of libvirt's networks have given. */
static gboolean add_leases(const Vm *vm, const DomainInterface *interface,
                           RemoteDomainInterfaceAddressesRet *ret, GError **errp)
{
    RemoteNetworkGetDhcpLeasesRet leases = { 0 };
    CommandHost host = vm_host(vm);
    RemoteDomainInterface *to;

    if (interface->type != DOMAIN_INTERFACE_NETWORK) {
        return TRUE;
    }
    if (!network_get_leases(host.socket_dir, interface, &leases, errp)) {
        return FALSE;
    }
    to = leases.n_leases ? add_interface(ret, interface) : NULL;
    for (guint32 i = 0; i < MIN(leases.n_leases, ADDRESSES_MAX); i++) {
        add_address(to, leases.leases[i].type, leases.leases[i].ipaddr,
                    leases.leases[i].prefix);
    }
    network_leases_clear(&leases);
    return TRUE;
}

/* Whom the host has talked to. */
static gboolean add_neighbours(const Vm *vm, const DomainInterface *interface,
                               RemoteDomainInterfaceAddressesRet *ret, GError **errp)
{
    g_autoptr(GPtrArray) found = process_neighbours(interface->mac);
    RemoteDomainInterface *to = found->len ? add_interface(ret, interface) : NULL;

    for (guint i = 0; i < MIN(found->len, ADDRESSES_MAX); i++) {
        add_address(to, VIR_IP_ADDR_TYPE_IPV4, found->pdata[i], 0);
    }
    return TRUE;
}

typedef gboolean AddressSource(const Vm *vm, const DomainInterface *interface,
                               RemoteDomainInterfaceAddressesRet *ret, GError **errp);

static AddressSource *find_source(guint32 source, GError **errp)
{
    switch (source) {
    case VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE:
        return add_leases;
    case VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP:
        return add_neighbours;
    default:
        rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                      "Unknown IP address data source %u", source);
        return NULL;
    }
}

gboolean remote_domain_interface_addresses(RpcCall *call,
                                           const RemoteDomainInterfaceAddressesArgs *args,
                                           RemoteDomainInterfaceAddressesRet *ret,
                                           GError **errp)
{
    gboolean agent = args->source == VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT;
    g_autoptr(Vm) vm = agent ? NULL : api_vm(call, &args->dom, errp);
    AddressSource *add = vm ? find_source(args->source, errp) : NULL;
    g_autoptr(VmDef) def = add ? vm_get_def_for(vm, VIR_DOMAIN_AFFECT_LIVE, errp) : NULL;

    if (agent) {
        /* Who may only look must not make the guest's agent work, either. */
        return rpc_client_is_read_only(rpc_call_client(call))
                   ? rpc_error_set(errp, VIR_ERR_OPERATION_DENIED,
                                   "read only access prevents "
                                   "DOMAIN_INTERFACE_ADDRESSES with source agent")
                   : api_agent_addresses(call, &args->dom, ret, errp);
    }
    for (guint i = 0; def && i < def->domain->interfaces->len; i++) {
        const DomainInterface *interface = def->domain->interfaces->pdata[i];

        if (interface->target && ret->n_ifaces < ADDRESSES_MAX &&
            !add(vm, interface, ret, errp)) {
            return FALSE;
        }
    }
    return def != NULL;
}
