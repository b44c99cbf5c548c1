/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces: a card, and its back end. What the host has to do for one is in
 * interface-host.c. */
#include <fcntl.h>

#include "command/kind.h"

static const char *const type_names[] = {
    [DOMAIN_INTERFACE_ETHERNET] = "ethernet", [DOMAIN_INTERFACE_BRIDGE] = "bridge",
    [DOMAIN_INTERFACE_NETWORK] = "network",   [DOMAIN_INTERFACE_DIRECT] = "direct",
    [DOMAIN_INTERFACE_USER] = "user",
};

/* ---- definitions ---- */

static gboolean check_rom(const CommandMachine *machine, const DomainDeviceInfo *info,
                          GError **errp)
{
    gboolean tuned = info->rom_bar || info->rom_file;

    if ((tuned || info->rom_enabled) && !command_has_pci(machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "rombar and romfile are supported only for PCI devices");
    }
    return !tuned || info->rom_enabled != DOMAIN_TRISTATE_NO ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "ROM tuning is not supported when ROM is disabled");
}

static gboolean check_size(const char *name, guint size, GError **errp)
{
    return (size & (size - 1)) == 0 || rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                                     "%s has to be a power of two", name);
}

/* What only a back end with a device on the host can have. */
static gboolean check_user(const DomainInterface *interface, GError **errp)
{
    const char *what = interface->queues > 1 ? "several queues"
                       : interface->driver == DOMAIN_INTERFACE_DRIVER_VHOST
                           ? "the driver 'vhost'"
                       : interface->bandwidth ? "a bandwidth"
                       : interface->target    ? "a target"
                                              : NULL;

    return interface->type != DOMAIN_INTERFACE_USER || !what ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "an interface of type 'user' cannot have %s", what);
}

static gboolean check_host(const DomainInterface *interface, GError **errp)
{
    const char *type = type_names[interface->type];

    if (interface->mtu && (interface->type == DOMAIN_INTERFACE_DIRECT ||
                           interface->type == DOMAIN_INTERFACE_USER)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "setting MTU on interface type %s is not supported yet",
                             type);
    }
    /* Of a network it is libvirt's network driver that knows. */
    if (interface->bandwidth && interface->bandwidth->inbound.floor &&
        interface->type != DOMAIN_INTERFACE_NETWORK) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "bandwidth: 'floor' of an interface of type '%s' is not "
                             "supported, only of type 'network'",
                             type);
    }
    return check_user(interface, errp);
}

gboolean command_interface_is_virtio(const DomainInterface *interface)
{
    return interface->model != DOMAIN_INTERFACE_MODEL_E1000;
}

static gboolean has_offloads(const DomainInterface *interface)
{
    for (guint i = 0; i < DOMAIN_OFFLOADS; i++) {
        if (interface->offloads[i]) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What virtio-net has, and others do not. */
static gboolean check_model(const CommandMachine *machine,
                            const DomainInterface *interface, GError **errp)
{
    const char *what = interface->driver == DOMAIN_INTERFACE_DRIVER_VHOST ? "vhost-net"
                       : interface->queues > 1    ? "more than one queue"
                       : interface->rx_queue_size ? "rx_queue_size"
                       : interface->tx_queue_size ? "tx_queue_size"
                       : has_offloads(interface)  ? "a <host> or <guest> offload"
                                                  : NULL;

    if (command_interface_is_virtio(interface)) {
        return command_check_virtio_model(machine, (DomainVirtioModel)interface->model,
                                          errp);
    }
    if (!command_has_pci(machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "attribute type='e1000' of element "
                             "<devices/interface/model> is not supported by machine '%s'",
                             machine->name);
    }
    return !what ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "%s is only supported for virtio network interfaces", what);
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainInterface *interface = device;

    if (interface->model == DOMAIN_INTERFACE_MODEL_DEFAULT) {
        interface->model = DOMAIN_INTERFACE_MODEL_VIRTIO;
    }
    if (interface->type == DOMAIN_INTERFACE_DIRECT &&
        interface->mode == DOMAIN_DIRECT_DEFAULT) {
        interface->mode = DOMAIN_DIRECT_VEPA;
    }
    return check_model(machine, interface, errp) &&
           check_size("rx_queue_size", interface->rx_queue_size, errp) &&
           check_size("tx_queue_size", interface->tx_queue_size, errp) &&
           check_host(interface, errp) && check_rom(machine, &interface->info, errp);
}

static gboolean lacks(const CommandEmulator *emulator, const char *netdev,
                      const char *what, GError **errp)
{
    return command_emulator_has_netdev(emulator, netdev) ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "element <devices/interface>: the emulator does not have %s",
                         what);
}

static gboolean check_emulator(const CommandEmulator *emulator, gconstpointer device,
                               GError **errp)
{
    const DomainInterface *interface = device;

    if (interface->link == DOMAIN_TRISTATE_NO &&
        !command_emulator_has(emulator, "set_link")) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "<link state='down'>: the emulator does not have command "
                             "'set_link'");
    }
    if (interface->type == DOMAIN_INTERFACE_USER) {
        return lacks(emulator, "user", "network back ends of type 'user'", errp);
    }
    return (interface->queues <= 1 ||
            lacks(emulator, "tap.fds", "several queues", errp)) &&
           (interface->driver != DOMAIN_INTERFACE_DRIVER_VHOST ||
            lacks(emulator, "tap.vhostfd", "the driver 'vhost'", errp));
}

/* ---- the emulator ---- */

static char *netdev_id(const char *alias)
{
    return g_strconcat("host", alias, NULL);
}

/* An empty name is that there is none. */
static char *rom_file(CommandSteps *steps, const DomainDeviceInfo *info)
{
    if (info->rom_enabled == DOMAIN_TRISTATE_NO) {
        return g_strdup("");
    }
    return info->rom_file
               ? command_step_file(
                     steps, &(CommandFile){ .path = info->rom_file, .flags = O_RDONLY })
               : NULL;
}

/* The names of @count descriptors, as "fds" has them. */
static char *fd_names(CommandSteps *steps, const char *alias, guint first, guint count,
                      GError **errp)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = first; i < first + count; i++) {
        g_autofree char *name = command_step_fd(steps, alias, i, errp);

        if (!name) {
            return NULL;
        }
        g_string_append_printf(names, "%s%s", i > first ? ":" : "", name);
    }
    return g_strdup(names->str);
}

/* Without being asked for it is where the host has opened it. */
static gboolean has_vhost(const CommandSteps *steps, const DomainInterface *interface)
{
    const GArray *fds =
        steps->fds ? g_hash_table_lookup(steps->fds, interface->info.alias) : NULL;

    return interface->driver == DOMAIN_INTERFACE_DRIVER_VHOST ||
           (fds && fds->len > MAX(interface->queues, 1));
}

static gboolean tap_steps(CommandSteps *steps, const DomainInterface *interface,
                          const char *id, GError **errp)
{
    guint queues = MAX(interface->queues, 1);
    gboolean vhost = has_vhost(steps, interface);
    const char *alias = interface->info.alias;
    g_autofree char *fds = fd_names(steps, alias, 0, queues, errp);
    g_autofree char *kernel =
        fds && vhost ? fd_names(steps, alias, queues, queues, errp) : NULL;

    if (!fds || (vhost && !kernel)) {
        return FALSE;
    }
    const UtilJsonMember netdev[] = {
        UTIL_JSON_TEXT("type", "tap"),
        UTIL_JSON_TEXT(queues > 1 ? "fds" : "fd", fds),
        { "vhost", vhost ? G_TYPE_BOOLEAN : G_TYPE_INVALID, NULL, TRUE },
        UTIL_JSON_TEXT_IF(queues > 1 ? "vhostfds" : "vhostfd", kernel),
        UTIL_JSON_TEXT("id", id),
    };
    command_step(steps, "-netdev", "netdev_add",
                 util_json_add(json_object_new(), netdev, G_N_ELEMENTS(netdev)),
                 "netdev_del", util_json_pair("id", id));
    return TRUE;
}

static void user_steps(CommandSteps *steps, const char *id)
{
    JsonObject *netdev = util_json_pair("type", "user");

    json_object_set_string_member(netdev, "id", id);
    command_step(steps, "-netdev", "netdev_add", netdev, "netdev_del",
                 util_json_pair("id", id));
}

static void add_offloads(JsonObject *props, const DomainInterface *interface)
{
    static const char *const names[DOMAIN_OFFLOADS] = {
        [DOMAIN_OFFLOAD_HOST_CSUM] = "csum",
        [DOMAIN_OFFLOAD_HOST_GSO] = "gso",
        [DOMAIN_OFFLOAD_HOST_TSO4] = "host_tso4",
        [DOMAIN_OFFLOAD_HOST_TSO6] = "host_tso6",
        [DOMAIN_OFFLOAD_HOST_ECN] = "host_ecn",
        [DOMAIN_OFFLOAD_HOST_UFO] = "host_ufo",
        [DOMAIN_OFFLOAD_HOST_MRG_RXBUF] = "mrg_rxbuf",
        [DOMAIN_OFFLOAD_GUEST_CSUM] = "guest_csum",
        [DOMAIN_OFFLOAD_GUEST_TSO4] = "guest_tso4",
        [DOMAIN_OFFLOAD_GUEST_TSO6] = "guest_tso6",
        [DOMAIN_OFFLOAD_GUEST_ECN] = "guest_ecn",
        [DOMAIN_OFFLOAD_GUEST_UFO] = "guest_ufo",
    };

    for (guint i = 0; i < DOMAIN_OFFLOADS; i++) {
        if (interface->offloads[i]) {
            json_object_set_boolean_member(props, names[i],
                                           interface->offloads[i] == DOMAIN_TRISTATE_YES);
        }
    }
}

static void device_step(CommandSteps *steps, const DomainInterface *interface,
                        const char *id, const char *rom, guint boot_index)
{
    gboolean several = interface->queues > 1, pci = command_has_pci(steps->machine);
    char mac[18];
    JsonObject *props;

    xml_mac_format(interface->mac, mac);
    const UtilJsonMember members[] = {
        { "mq", several ? G_TYPE_BOOLEAN : G_TYPE_INVALID, NULL, TRUE },
        /* of each queue, of the control queue, and of changes of the configuration */
        UTIL_JSON_NUMBER_IF("vectors", several && pci ? 2 * interface->queues + 2 : 0),
        UTIL_JSON_NUMBER_IF("rx_queue_size", interface->rx_queue_size),
        UTIL_JSON_NUMBER_IF("tx_queue_size", interface->tx_queue_size),
        UTIL_JSON_NUMBER_IF("host_mtu",
                            command_interface_is_virtio(interface) ? interface->mtu : 0),
        UTIL_JSON_TEXT("netdev", id),
        UTIL_JSON_TEXT("mac", mac),
        UTIL_JSON_NUMBER_IF("bootindex", boot_index),
        { "rombar", interface->info.rom_bar ? G_TYPE_INT64 : G_TYPE_INVALID, NULL,
          interface->info.rom_bar == DOMAIN_TRISTATE_YES },
        UTIL_JSON_TEXT_IF("romfile", rom),
    };
    props = command_virtio_device(steps, &command_kind_interface, interface,
                                  &interface->info);
    add_offloads(props, interface);
    command_step_device(steps, util_json_add(props, members, G_N_ELEMENTS(members)));
}

static JsonObject *link_arguments(const DomainInterface *interface, gboolean up)
{
    JsonObject *arguments = util_json_pair("name", interface->info.alias);

    json_object_set_boolean_member(arguments, "up", up);
    return arguments;
}

/* No option says it. */
static void settle(CommandSteps *steps, gconstpointer device)
{
    const DomainInterface *interface = device;

    if (interface->link == DOMAIN_TRISTATE_NO) {
        command_step(steps, NULL, "set_link", link_arguments(interface, FALSE), NULL,
                     NULL);
    }
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainInterface *interface = device;
    g_autofree char *id = netdev_id(interface->info.alias);
    g_autofree char *rom = rom_file(steps, &interface->info);

    if (interface->type == DOMAIN_INTERFACE_USER) {
        user_steps(steps, id);
    } else if (!tap_steps(steps, interface, id, errp)) {
        return FALSE;
    }
    device_step(steps, interface, id, rom, boot_index);
    if (steps->plug && !steps->undo_only) {
        settle(steps, device);
    }
    return TRUE;
}

static void update_steps(CommandSteps *steps, gconstpointer from, gconstpointer to)
{
    const DomainInterface *old = from, *new = to;
    gboolean was = old->link != DOMAIN_TRISTATE_NO, up = new->link != DOMAIN_TRISTATE_NO;

    if (up != was) {
        command_step(steps, NULL, "set_link", link_arguments(new, up), "set_link",
                     link_arguments(old, was));
    }
}

static void leftovers(CommandSteps *steps, const char *alias)
{
    g_autofree char *id = netdev_id(alias);
    g_autofree char *fd = g_strconcat("fd-", alias, NULL);

    command_step(steps, NULL, NULL, NULL, "netdev_del", util_json_pair("id", id));
    command_step(steps, NULL, NULL, NULL, "closefd", util_json_pair("fdname", fd));
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_INTERFACE_MODEL_VIRTIO_TRANSITIONAL] = "virtio-net-pci-transitional",
        [DOMAIN_INTERFACE_MODEL_VIRTIO_NON_TRANSITIONAL] =
            "virtio-net-pci-non-transitional",
        [DOMAIN_INTERFACE_MODEL_E1000] = "e1000",
    };

    return drivers[((const DomainInterface *)device)->model];
}

static gboolean conventional(gconstpointer device)
{
    const DomainInterface *interface = device;

    return interface->model == DOMAIN_INTERFACE_MODEL_VIRTIO_TRANSITIONAL ||
           interface->model == DOMAIN_INTERFACE_MODEL_E1000;
}

/* The emulator loads its stack before its filter, or not at all. */
static const char *not_pluggable(gconstpointer device)
{
    return ((const DomainInterface *)device)->type == DOMAIN_INTERFACE_USER
               ? "an interface of type='user' cannot be added at run time"
               : NULL;
}

const CommandKind command_kind_interface = {
    .alias = "net",
    .driver = "virtio-net",
    .virtio = TRUE,
    .pluggable = TRUE,
    .updatable = TRUE,
    .boot = DOMAIN_BOOT_NETWORK,
    .driver_of = driver_of,
    .conventional = conventional,
    .not_pluggable = not_pluggable,
    .complete = complete,
    .assign = command_assign_interface,
    .asks_others = command_interface_asks_others,
    .prepare_host = command_prepare_interface,
    .release_host = command_release_interface,
    .check_emulator = check_emulator,
    .check_update = command_check_interface_update,
    .update_live = command_update_interface,
    .forget_update = command_forget_interface_update,
    .update_steps = update_steps,
    .settle = settle,
    .steps = steps,
    .stats_name = "net",
    .stats = command_net_stats,
    .leftovers = leftovers,
};
