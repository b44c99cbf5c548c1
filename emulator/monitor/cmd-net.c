/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends. */
#include "config.h"

#include "config/dialect.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "net/nic.h"

static void netdev_defaults(ConfigNode *args)
{
    const char *type = dialect_get()->netdev_type;

    if (type && !config_map_has(args, "type")) {
        config_map_set_string(args, "type", type);
    }
}

static void take_back(gpointer lent)
{
    qmp_fds_take_back(lent);
}

/* One that is no number is of this client's getfd. Owned; NULL: an error. */
static char *lend(const char *name, QmpServer *server, GArray *lent, GError **errp)
{
    QmpLentFd fd = { .name = NULL };

    if (g_ascii_isdigit(name[0])) {
        return g_strdup(name);
    }
    if (!qmp_fds_lend(server, name, &fd, errp)) {
        return NULL;
    }
    g_array_append_val(lent, fd);
    return g_strdup_printf("%d", fd.fd);
}

/* fd=NAME, or fds=NAME:NAME. */
static gboolean lend_all(ConfigNode *args, const char *key, QmpServer *server,
                         GArray *lent, GError **errp)
{
    const char *given = config_map_string(args, key);
    g_auto(GStrv) names = given ? g_strsplit(given, ":", NET_PAIRS_MAX + 1) : NULL;

    for (guint i = 0; names && names[i]; i++) {
        char *number = lend(names[i], server, lent, errp);
        if (!number) {
            return FALSE;
        }
        g_free(names[i]);
        names[i] = number;
    }
    if (lent->len && names) {
        g_autofree char *numbers = g_strjoinv(":", names);
        config_map_set_string(args, key, numbers);
    }
    return TRUE;
}

static gboolean add(ConfigNode *args, QmpServer *server, GError **errp)
{
    g_autoptr(GArray) lent = g_array_new(FALSE, FALSE, sizeof(QmpLentFd));

    g_array_set_clear_func(lent, take_back);
    return lend_all(args, "fd", server, lent, errp) &&
           lend_all(args, "fds", server, lent, errp) &&
           lend_all(args, "vhostfd", server, lent, errp) &&
           lend_all(args, "vhostfds", server, lent, errp) &&
           net_backend_add(args, errp) != NULL;
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

QMP_OBJECT(set_link_args, { "name", &qmp_str }, { "up", &qmp_bool });

static ConfigNode *cmd_set_link(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "name");

    if (!net_set_link(name, config_node_bool(config_map_get(args, "up")))) {
        return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
    }
    return NULL;
}

QMP_ENUM(rx_state, "normal", "none", "all");
QMP_LIST(vlan_list, &qmp_int);
QMP_OBJECT(rx_filter, { "name", &qmp_str }, { "promiscuous", &qmp_bool },
           { "multicast", &rx_state }, { "unicast", &rx_state }, { "vlan", &rx_state },
           { "broadcast-allowed", &qmp_bool }, { "multicast-overflow", &qmp_bool },
           { "unicast-overflow", &qmp_bool }, { "main-mac", &qmp_str },
           { "vlan-table", &vlan_list }, { "unicast-table", &qmp_str_list },
           { "multicast-table", &qmp_str_list });
QMP_LIST(rx_filter_list, &rx_filter);
QMP_OBJECT(rx_filter_args, { "name", &qmp_str, TRUE });

static ConfigNode *cmd_query_rx_filter(ConfigNode *args, GError **errp)
{
    return net_query_rx_filter(qmp_arg_string(args, "name"), errp);
}

const QmpCommand qmp_net_commands[] = {
    { "netdev_add", "Creates a network back end, as -netdev does",
      .start = cmd_netdev_add, .kind = &net_kind, .prepare = netdev_defaults },
    { "netdev_del", "Deletes a network back end that nobody uses", cmd_netdev_del,
      .args = &netdev_del_args },
    { "set_link", "Plugs the cable of a NIC or of a network back end in, or pulls it",
      cmd_set_link, .args = &set_link_args },
    { "query-rx-filter", "What NICs let in, of those that can tell", cmd_query_rx_filter,
      .args = &rx_filter_args, .ret = &rx_filter_list },
    { .name = NULL },
};
