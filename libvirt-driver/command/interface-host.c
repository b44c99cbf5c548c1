/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host does for network interfaces: taps and their bridges, macvtaps, limits of
 * rates, descriptors of vhost-net; and, of interfaces in libvirt's networks, the port
 * that says which of all that it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command/kind.h"
#include "network/port.h"
#include "process/bandwidth.h"
#include "process/macvtap.h"
#include "process/tap.h"

#define VHOST_NET "/dev/vhost-net"

static gboolean is_direct(const DomainInterface *interface)
{
    return xml_interface_actual(interface) == DOMAIN_INTERFACE_DIRECT;
}

/* ---- rates ---- */

static ProcessRate rate_of(const DomainRate *rate)
{
    return (ProcessRate){ rate->average, rate->peak, rate->burst };
}

/* Without an average there is only a floor, which is the network's to keep. */
static gboolean has_limit(const DomainBandwidth *bandwidth)
{
    return bandwidth && (bandwidth->inbound.average || bandwidth->outbound.average);
}

static gboolean set_bandwidth(const DomainInterface *interface,
                              const DomainBandwidth *bandwidth, GError **errp)
{
    static const DomainBandwidth none;
    const DomainBandwidth *limit = bandwidth ? bandwidth : &none;
    ProcessRate in = rate_of(&limit->inbound), out = rate_of(&limit->outbound);
    g_autoptr(GError) err = NULL;
    /* What a tap sends goes to the guest; what a macvtap receives. */
    gboolean ok = is_direct(interface)
                      ? process_set_bandwidth(interface->target, &out, &in, &err)
                      : process_set_bandwidth(interface->target, &in, &out, &err);

    return ok || rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                               "cannot set bandwidth limits on %s: %s", interface->target,
                               err->message);
}

/* ---- devices ---- */

static gboolean open_direct(DomainInterface *interface, GArray *fds, GError **errp)
{
    static const ProcessMacvtapMode modes[] = {
        [DOMAIN_DIRECT_DEFAULT] = PROCESS_MACVTAP_VEPA,
        [DOMAIN_DIRECT_VEPA] = PROCESS_MACVTAP_VEPA,
        [DOMAIN_DIRECT_BRIDGE] = PROCESS_MACVTAP_BRIDGE,
        [DOMAIN_DIRECT_PRIVATE] = PROCESS_MACVTAP_PRIVATE,
        [DOMAIN_DIRECT_PASSTHROUGH] = PROCESS_MACVTAP_PASSTHROUGH,
    };
    ProcessMacvtap macvtap = {
        .dev = interface->dev,
        .mode = modes[interface->mode],
        .mac = interface->mac,
        .queues = interface->queues,
    };

    if (!process_open_macvtap(&interface->target, &macvtap, fds, errp)) {
        return FALSE;
    }
    interface->made = DOMAIN_TRISTATE_YES;
    return TRUE;
}

static ProcessTap tap_of(const DomainInterface *interface)
{
    return (ProcessTap){
        .bridge = interface->bridge, /* it has none when it is of type 'ethernet' */
        .create = interface->managed != DOMAIN_TRISTATE_NO,
        .guest_mac = interface->mac,
        .queues = interface->queues,
        .mtu = interface->mtu,
        .guest_mac_only = interface->mac_table == DOMAIN_MAC_TABLE_LIBVIRT,
    };
}

static gboolean open_tap(DomainInterface *interface, GArray *fds, GError **errp)
{
    ProcessTap tap = tap_of(interface);

    return process_open_tap(&interface->target, &tap, fds,
                            errp); /* goes with the last fd */
}

static gboolean wants_vhost(const CommandHost *host, const DomainInterface *interface)
{
    return interface->driver == DOMAIN_INTERFACE_DRIVER_VHOST ||
           (interface->driver == DOMAIN_INTERFACE_DRIVER_DEFAULT &&
            command_interface_is_virtio(interface) &&
            command_emulator_has_netdev(host->emulator, "tap.vhostfd"));
}

static void close_from(GArray *fds, guint first)
{
    for (guint i = first; i < fds->len; i++) {
        close(g_array_index(fds, int, i));
    }
    g_array_set_size(fds, first);
}

/* One for each queue; unless it was asked for, none where there is no vhost-net. */
static gboolean open_vhost(const CommandHost *host, const DomainInterface *interface,
                           GArray *fds, GError **errp)
{
    guint first = fds->len;

    if (!wants_vhost(host, interface)) {
        return TRUE;
    }
    for (guint i = 0; i < MAX(interface->queues, 1); i++) {
        int fd = open(VHOST_NET, O_RDWR | O_CLOEXEC);

        if (fd < 0 && interface->driver != DOMAIN_INTERFACE_DRIVER_VHOST) {
            close_from(fds, first);
            return TRUE;
        }
        if (fd < 0) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "vhost-net was requested for an interface, but is "
                                 "unavailable: %s: %s",
                                 VHOST_NET, g_strerror(errno));
        }
        g_array_append_val(fds, fd);
    }
    return TRUE;
}

/* The port's name, which is known before there is one. */
void command_assign_interface(gpointer device, guint *next_node)
{
    DomainInterface *interface = device;

    if (interface->type == DOMAIN_INTERFACE_NETWORK && !interface->portid) {
        interface->portid = g_uuid_string_random();
    }
}

gboolean command_interface_asks_others(gconstpointer device)
{
    return ((const DomainInterface *)device)->type == DOMAIN_INTERFACE_NETWORK;
}

gboolean command_prepare_interface(const CommandHost *host, const Domain *domain,
                                   gpointer device, GArray *fds, GError **errp)
{
    DomainInterface *interface = device;

    interface->made = DOMAIN_TRISTATE_ABSENT; /* yet, whatever it is a copy of */
    if (interface->type == DOMAIN_INTERFACE_USER) {
        return TRUE;
    }
    if (interface->type == DOMAIN_INTERFACE_NETWORK &&
        !network_port_create(host->socket_dir, domain, interface, errp)) {
        return FALSE;
    }
    return (is_direct(interface) ? open_direct(interface, fds, errp)
                                 : open_tap(interface, fds, errp)) &&
           open_vhost(host, interface, fds, errp) &&
           (!has_limit(interface->bandwidth) ||
            set_bandwidth(interface, interface->bandwidth, errp));
}

static void delete_port(const CommandHost *host, const DomainInterface *interface)
{
    g_autoptr(GError) err = NULL;

    if (!network_port_delete(host->socket_dir, interface, &err)) {
        g_message("the port '%s' of network '%s' cannot be deleted: %s",
                  interface->portid, interface->network, err->message);
    }
}

void command_release_interface(const CommandHost *host, gconstpointer device)
{
    const DomainInterface *interface = device;
    g_autoptr(GError) err = NULL;

    /* A tap of ours has gone, and its limits with it. */
    if (interface->managed == DOMAIN_TRISTATE_NO && has_limit(interface->bandwidth)) {
        set_bandwidth(interface, NULL, NULL);
    }
    if (interface->made == DOMAIN_TRISTATE_YES && interface->target &&
        !process_delete_macvtap(interface->target, &err)) {
        g_message("%s", err->message);
    }
    delete_port(host, interface);
}

/* ---- changes ---- */

static guint floor_of(const DomainInterface *interface)
{
    return interface->bandwidth ? interface->bandwidth->inbound.floor : 0;
}

/* Whether it gets another port: of another network, or of another group. */
static gboolean changes_port(const DomainInterface *old, const DomainInterface *new)
{
    return old->type == DOMAIN_INTERFACE_NETWORK &&
           (g_strcmp0(old->network, new->network) != 0 ||
            g_strcmp0(old->portgroup, new->portgroup) != 0);
}

gboolean command_check_interface_update(gconstpointer device, gconstpointer to,
                                        GError **errp)
{
    const DomainInterface *old = device, *new = to;

    if (floor_of(old) != floor_of(new)) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                             "cannot modify 'floor' of a bandwidth while the domain "
                             "runs");
    }
    return old->type != DOMAIN_INTERFACE_NETWORK || !is_direct(old) ||
           new->type != DOMAIN_INTERFACE_NETWORK || !changes_port(old, new) ||
           rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                         "cannot change the network of an interface that is a macvtap "
                         "while the domain runs");
}

static gboolean move(const DomainInterface *old, const DomainInterface *new,
                     GError **errp)
{
    ProcessTap from = tap_of(old), to = tap_of(new);
    g_autoptr(GError) err = NULL;

    if ((g_strcmp0(old->bridge, new->bridge) == 0 && old->mac_table == new->mac_table) ||
        process_move_tap(old->target, &from, &to, &err)) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "%s", err->message);
}

static gboolean make_port(const CommandHost *host, const Domain *domain,
                          DomainInterface *new, GError **errp)
{
    g_clear_pointer(&new->portid, g_free);
    command_assign_interface(new, NULL);
    if (!network_port_create(host->socket_dir, domain, new, errp)) {
        return FALSE;
    }
    return !is_direct(new) ||
           rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                         "cannot change to network '%s', whose interfaces are macvtaps, "
                         "while the domain runs",
                         new->network);
}

static gboolean same_rate(const DomainRate *a, const DomainRate *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static gboolean same_bandwidth(const DomainBandwidth *a, const DomainBandwidth *b)
{
    static const DomainBandwidth none;

    a = a ? a : &none;
    b = b ? b : &none;
    return same_rate(&a->inbound, &b->inbound) && same_rate(&a->outbound, &b->outbound);
}

/* As it was, if that can be. */
static gboolean change_bandwidth(const DomainInterface *old, const DomainInterface *new,
                                 GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (same_bandwidth(old->bandwidth, new->bandwidth) ||
        set_bandwidth(old, new->bandwidth, errp)) {
        return TRUE;
    }
    if (!set_bandwidth(old, old->bandwidth, &err)) {
        g_message("undoing a change of bandwidth: %s", err->message);
    }
    return FALSE;
}

static gboolean change(const DomainInterface *old, const DomainInterface *new,
                       GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (!move(old, new, errp)) {
        return FALSE;
    }
    if (change_bandwidth(old, new, errp)) {
        return TRUE;
    }
    if (!move(new, old, &err)) {
        g_message("undoing a change of bridges: %s", err->message);
    }
    return FALSE;
}

/* The limit of a port group stays until something else is said. */
static void keep_port_rates(const DomainInterface *old, DomainInterface *new)
{
    if (old->port_rates != DOMAIN_TRISTATE_YES) {
        return;
    }
    if (!new->bandwidth) {
        new->bandwidth = xml_bandwidth_copy(old->bandwidth);
    } else if (!same_bandwidth(old->bandwidth, new->bandwidth)) {
        new->port_rates = DOMAIN_TRISTATE_ABSENT;
    }
}

gboolean command_update_interface(const CommandHost *host, const Domain *domain,
                                  gconstpointer from, gpointer to, GError **errp)
{
    const DomainInterface *old = from;
    DomainInterface *new = to;
    gboolean other = changes_port(old, new);

    if (old->type == DOMAIN_INTERFACE_USER) {
        return TRUE;
    }
    if (!other) {
        keep_port_rates(old, new);
    }
    if ((!other || make_port(host, domain, new, errp)) && change(old, new, errp)) {
        if (other) {
            delete_port(host, old);
        }
        return TRUE;
    }
    if (other) {
        delete_port(host, new);
    }
    return FALSE;
}

void command_forget_interface_update(const CommandHost *host, gconstpointer from,
                                     gconstpointer to)
{
    if (changes_port(from, to)) {
        delete_port(host, to);
    }
}
