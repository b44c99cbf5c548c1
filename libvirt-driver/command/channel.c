/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channels: virtserialport. */
#include "command/chardev.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64 /* of a file that is called after a channel */

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainChardev *chardev = &((DomainChannel *)device)->chardev;

    if (chardev->type == DOMAIN_CHARDEV_UNIX && !chardev->path &&
        chardev->mode == DOMAIN_CHARDEV_MODE_DEFAULT) {
        chardev->mode = DOMAIN_CHARDEV_MODE_BIND;
    }
    return command_chardev_complete(chardev, "devices/channel", errp);
}

static const char *not_pluggable(gconstpointer device)
{
    return command_chardev_not_pluggable(&((const DomainChannel *)device)->chardev);
}

/* As libvirt calls them. */
static char *socket_name(const DomainChannel *channel)
{
    const DomainAddress *at = &channel->info.address;

    return channel->name && !strchr(channel->name, '/') &&
                   strlen(channel->name) <= NAME_MAX_BYTES && channel->name[0] != '.'
               ? g_strdup(channel->name)
               : g_strdup_printf("vioser-%02u-%02u-%02u.sock", at->serial.controller,
                                 at->serial.bus, at->serial.port);
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    DomainChannel *channel = device;
    DomainChardev *chardev = &channel->chardev;

    if (chardev->type == DOMAIN_CHARDEV_UNIX && !chardev->path) {
        g_autofree char *name = socket_name(channel);

        if (g_mkdir(host->channel_dir, 0700) < 0 && errno != EEXIST) {
            return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                                 "cannot create the directory '%s': %s",
                                 host->channel_dir, g_strerror(errno));
        }
        chardev->path = g_build_filename(host->channel_dir, name, NULL);
    }
    return command_chardev_prepare(host, chardev, fds, errp);
}

static void release_host(const CommandHost *host, gconstpointer device)
{
    command_chardev_release(&((const DomainChannel *)device)->chardev);
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainChannel *channel = device;
    JsonObject *props;

    if (!command_chardev_steps(steps, &channel->chardev, &channel->info, errp)) {
        return FALSE;
    }
    props = command_serial_port(steps, command_kind_channel.driver, &channel->info);
    if (channel->name) {
        json_object_set_string_member(props, "name", channel->name);
    }
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_channel = {
    .alias = "channel",
    .driver = "virtserialport",
    .serial_port = TRUE,
    .pluggable = TRUE,
    .boot = -1,
    .not_pluggable = not_pluggable,
    .complete = complete,
    .prepare_host = prepare_host,
    .release_host = release_host,
    .steps = steps,
    .leftovers = command_chardev_leftovers,
};
