/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends. */
#include "config.h"

#include "config/dialect.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "net/net.h"

QMP_ENUM(net_type, "tap");
QMP_OBJECT(net_tap, { "ifname", &qmp_str, TRUE }, { "fd", &qmp_str, TRUE },
           { "script", &qmp_str, TRUE }, { "downscript", &qmp_str, TRUE },
           { "vhost", &qmp_bool, TRUE }, { "queues", &qmp_int, TRUE });

static const QmpType netdev_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &net_type }, { "id", &qmp_str }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "tap", &net_tap }, { NULL } },
};

static void netdev_defaults(ConfigNode *args)
{
    const char *type = dialect_get()->netdev_type;

    if (type && !config_map_has(args, "type")) {
        config_map_set_string(args, "type", type);
    }
}

static ConfigNode *cmd_netdev_add(ConfigNode *args, GError **errp)
{
    net_backend_add(args, errp);
    return NULL;
}

QMP_OBJECT(netdev_del_args, { "id", &qmp_str });

static ConfigNode *cmd_netdev_del(ConfigNode *args, GError **errp)
{
    net_backend_del(qmp_arg_string(args, "id"), errp);
    return NULL;
}

const QmpCommand qmp_net_commands[] = {
    { "netdev_add", cmd_netdev_add, .args = &netdev_args, .prepare = netdev_defaults },
    { "netdev_del", cmd_netdev_del, .args = &netdev_del_args },
    { .name = NULL },
};
