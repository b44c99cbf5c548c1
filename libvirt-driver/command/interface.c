/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces: a tap and virtio-net. */
#include <fcntl.h>

#include "command/kind.h"
#include "process/tap.h"

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

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainInterface *interface = device;

    interface->model = DOMAIN_INTERFACE_MODEL_VIRTIO;
    return check_rom(machine, &interface->info, errp);
}

static gboolean prepare_host(gpointer device, GArray *fds, GError **errp)
{
    DomainInterface *interface = device;
    ProcessTap tap = {
        .bridge = interface->type == DOMAIN_INTERFACE_BRIDGE ? interface->bridge : NULL,
        .create = interface->managed != DOMAIN_TRISTATE_NO,
        .guest_mac = interface->mac,
    };
    int fd = process_open_tap(&interface->target, &tap, errp); /* goes with the last fd */

    if (fd < 0) {
        return FALSE;
    }
    g_array_append_val(fds, fd);
    return TRUE;
}

/* Only the host knows which bridge it is. */
static gboolean update_live(gconstpointer from, gconstpointer to, GError **errp)
{
    const DomainInterface *old = from, *new = to;
    g_autoptr(GError) err = NULL;

    if (g_strcmp0(old->bridge, new->bridge) == 0 ||
        process_move_tap(old->target, old->bridge, new->bridge, &err)) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "%s", err->message);
}

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

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainInterface *interface = device;
    g_autofree char *id = netdev_id(interface->info.alias);
    g_autofree char *fd = command_step_fd(steps, interface->info.alias, 0, errp);
    g_autofree char *rom = NULL;
    JsonObject *object;
    char mac[18];

    if (!fd) {
        return FALSE;
    }
    xml_mac_format(interface->mac, mac);
    const UtilJsonMember netdev[] = {
        UTIL_JSON_TEXT("type", "tap"),
        UTIL_JSON_TEXT("fd", fd),
        UTIL_JSON_TEXT("id", id),
    };
    rom = rom_file(steps, &interface->info);
    const UtilJsonMember props[] = {
        UTIL_JSON_TEXT("netdev", id),
        UTIL_JSON_TEXT("mac", mac),
        UTIL_JSON_NUMBER_IF("bootindex", boot_index),
        { "rombar", interface->info.rom_bar ? G_TYPE_INT64 : G_TYPE_INVALID, NULL,
          interface->info.rom_bar == DOMAIN_TRISTATE_YES },
        UTIL_JSON_TEXT_IF("romfile", rom),
    };
    command_step(steps, "-netdev", "netdev_add",
                 util_json_add(json_object_new(), netdev, G_N_ELEMENTS(netdev)),
                 "netdev_del", util_json_pair("id", id));
    object =
        command_virtio_device(steps, command_kind_interface.driver, &interface->info);
    command_step_device(steps, util_json_add(object, props, G_N_ELEMENTS(props)));
    return TRUE;
}

static void leftovers(CommandSteps *steps, const char *alias)
{
    g_autofree char *id = netdev_id(alias);
    g_autofree char *fd = g_strconcat("fd-", alias, NULL);

    command_step(steps, NULL, NULL, NULL, "netdev_del", util_json_pair("id", id));
    command_step(steps, NULL, NULL, NULL, "closefd", util_json_pair("fdname", fd));
}

const CommandKind command_kind_interface = {
    .alias = "net",
    .driver = "virtio-net",
    .virtio = TRUE,
    .pluggable = TRUE,
    .updatable = TRUE,
    .boot = DOMAIN_BOOT_NETWORK,
    .complete = complete,
    .prepare_host = prepare_host,
    .update_live = update_live,
    .steps = steps,
    .stats_name = "net",
    .stats = command_net_stats,
    .leftovers = leftovers,
};
