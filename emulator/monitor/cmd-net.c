/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends. */
#include "config.h"

#include "config/dialect.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "net/net.h"

static void netdev_defaults(ConfigNode *args)
{
    const char *type = dialect_get()->netdev_type;

    if (type && !config_map_has(args, "type")) {
        config_map_set_string(args, "type", type);
    }
}

/* fd=NAME: of this client's getfd. */
static gboolean add(ConfigNode *args, QmpServer *server, GError **errp)
{
    const char *name = config_map_string(args, "fd");
    g_auto(QmpLentFd) lent = { .name = NULL };
    g_autofree char *number = NULL;

    if (name && !g_ascii_isdigit(name[0])) {
        if (!qmp_fds_lend(server, name, &lent, errp)) {
            return FALSE;
        }
        number = g_strdup_printf("%d", lent.fd);
        config_map_set_string(args, "fd", number);
    }
    return net_backend_add(args, errp) != NULL;
}

static void cmd_netdev_add(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;

    add(args, qmp_reply_server(reply), &error);
    qmp_reply_done(reply, NULL, error);
}

QMP_OBJECT(netdev_del_args, { "id", &qmp_str });

static ConfigNode *cmd_netdev_del(ConfigNode *args, GError **errp)
{
    net_backend_del(qmp_arg_string(args, "id"), errp);
    return NULL;
}

const QmpCommand qmp_net_commands[] = {
    { "netdev_add", "Creates a network back end, as -netdev does",
      .start = cmd_netdev_add, .kind = &net_kind, .prepare = netdev_defaults },
    { "netdev_del", "Deletes a network back end that nobody uses", cmd_netdev_del,
      .args = &netdev_del_args },
    { .name = NULL },
};
