/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The balloon. */
#include "config.h"

#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"
#include "virtio/balloon.h"

QMP_OBJECT(balloon_args, { "value", &qmp_int });
QMP_OBJECT(balloon_info, { "actual", &qmp_int });

static gboolean check_balloon(GError **errp)
{
    if (!balloon_exists()) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_ACTIVE,
                 "No balloon device has been activated");
        return FALSE;
    }
    return TRUE;
}

static ConfigNode *cmd_balloon(ConfigNode *args, GError **errp)
{
    gint64 value = config_node_int(config_map_get(args, "value"));

    if (!check_balloon(errp)) {
        return NULL;
    }
    if (value <= 0) {
        error_set(errp, "Parameter 'target' expects a size");
    } else {
        balloon_set_target((guint64)value);
    }
    return NULL;
}

static ConfigNode *cmd_query_balloon(ConfigNode *args, GError **errp)
{
    if (!check_balloon(errp)) {
        return NULL;
    }
    ConfigNode *info = config_map_new();
    config_map_set(info, "actual", config_uint_new(balloon_guest_memory()));
    return info;
}

const QmpCommand qmp_balloon_commands[] = {
    { "balloon", "Asks the guest to give memory back, or to take it: bytes to keep",
      cmd_balloon, .args = &balloon_args },
    { "query-balloon", "How much memory the guest has, less what it gave back",
      cmd_query_balloon, .ret = &balloon_info },
    { .name = NULL },
};
