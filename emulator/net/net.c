/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends by id. */
#include "net/net.h"

#include <unistd.h>

#include "net/tap.h"
#include "util/error.h"
#include "util/fd.h"

struct NetBackend {
    char *id, *ifname;
    int fd;
    gboolean has_header, has_offloads, attached;
    gboolean restore; /* fd was blocking: others share it */
};

static GSList *backends;
NetBackend *net_backend_find(const char *id)
{
    for (GSList *l = backends; l; l = l->next) {
        if (g_str_equal(((NetBackend *)l->data)->id, id)) {
            return l->data;
        }
    }
    return NULL;
}

/* Options that would change what the guest or the host sees, and are not there. */
static gboolean refuse_unsupported(ConfigNode *node, GError **errp)
{
    const char *script, *downscript;
    gboolean vhost;
    guint64 queues;

    if (!config_get_bool(node, "vhost", FALSE, &vhost, errp) ||
        !config_get_uint(node, "queues", 1, 1, G_MAXUINT, &queues, errp) ||
        !config_get_string(node, "script", "no", &script, errp) ||
        !config_get_string(node, "downscript", "no", &downscript, errp)) {
        return FALSE;
    }
    if (vhost) {
        return error_set(errp, "Parameter 'vhost' value 'on' is not supported: netdev "
                               "tap is served by the emulator");
    }
    if (queues != 1) {
        return error_set(errp,
                         "Parameter 'queues' value %" G_GUINT64_FORMAT
                         " is not supported: netdev tap has one queue",
                         queues);
    }
    if (!g_str_equal(script, "no") || !g_str_equal(downscript, "no")) {
        return error_set(errp, "Parameters 'script' and 'downscript' only take 'no': "
                               "interfaces are set up outside");
    }
    return TRUE;
}

static int tap_from_options(ConfigNode *node, char **name, gboolean *has_header,
                            GError **errp)
{
    const char *ifname, *fd_name;
    int fd;

    if (!config_get_string(node, "ifname", NULL, &ifname, errp) ||
        !config_get_string(node, "fd", NULL, &fd_name, errp) ||
        !refuse_unsupported(node, errp) || !config_check_unused(node, errp)) {
        return -1;
    }
    if (!ifname == !fd_name) {
        error_set(errp, "netdev tap takes either 'ifname' or 'fd'");
        return -1;
    }
    fd = ifname ? tap_open(ifname, errp) : fd_claim(fd_name, errp);
    if (fd < 0) {
        g_prefix_error(errp, ifname ? "" : "Parameter 'fd': ");
        return -1;
    }
    if (!tap_check(fd, name, has_header, errp)) {
        if (ifname) {
            close(fd);
        } else {
            fd_unclaim(fd, fd_name);
        }
        return -1;
    }
    return fd;
}

NetBackend *net_backend_add(ConfigNode *node, GError **errp)
{
    const char *type, *id;
    char *ifname = NULL;
    gboolean has_header = FALSE;

    if (!config_get_string(node, "type", NULL, &type, errp) ||
        !config_get_string(node, "id", NULL, &id, errp)) {
        return NULL;
    }
    if (!type || !id) {
        error_set(errp, "Parameter '%s' is missing", type ? "id" : "type");
        return NULL;
    }
    if (!g_str_equal(type, "tap")) {
        error_set(errp, "Parameter 'type' does not accept value '%s'", type);
        return NULL;
    }
    if (!config_check_id("id", id, CONFIG_ID_MAX, errp)) {
        return NULL;
    }
    if (net_backend_find(id)) {
        error_set(errp, "Duplicate ID '%s' for netdev", id);
        return NULL;
    }
    int fd = tap_from_options(node, &ifname, &has_header, errp);
    if (fd < 0) {
        return NULL;
    }
    NetBackend *net = g_new0(NetBackend, 1);
    net->id = g_strdup(id);
    net->ifname = ifname;
    net->fd = fd;
    net->restore = fd_make_nonblocking(fd);
    net->has_header = has_header;
    net->has_offloads = has_header && tap_has_offloads(fd);
    backends = g_slist_append(backends, net);
    return net;
}

static void net_free(NetBackend *net)
{
    backends = g_slist_remove(backends, net);
    fd_close_restored(net->fd, net->restore);
    g_free(net->ifname);
    g_free(net->id);
    g_free(net);
}

gboolean net_backend_del(const char *id, GError **errp)
{
    NetBackend *net = net_backend_find(id);

    if (!net) {
        return error_set(errp, "Device '%s' not found", id);
    }
    if (net->attached) {
        return error_set(errp, "Device '%s' is in use", id);
    }
    net_free(net);
    return TRUE;
}

gboolean net_backend_attach(NetBackend *net, GError **errp)
{
    if (net->attached) {
        return error_set(errp, "netdev '%s' is in use", net->id);
    }
    net->attached = TRUE;
    return TRUE;
}

void net_backend_detach(NetBackend *net)
{
    net->attached = FALSE;
}

int net_backend_fd(const NetBackend *net)
{
    return net->fd;
}

gboolean net_backend_set_header(NetBackend *net, unsigned length, unsigned offloads,
                                GError **errp)
{
    if (!net->has_header) {
        return TRUE; /* nothing was offered that it could be told */
    }
    if (!tap_set_header(net->fd, length, offloads, errp)) {
        g_prefix_error(errp, "netdev '%s': ", net->id);
        return FALSE;
    }
    return TRUE;
}

gboolean net_backend_has_header(const NetBackend *net)
{
    return net->has_header;
}

gboolean net_backend_has_offloads(const NetBackend *net)
{
    return net->has_offloads;
}

void net_cleanup(void)
{
    while (backends) {
        net_free(backends->data);
    }
}
