/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends by id. */
#include "net/backend.h"
#include "net/tap.h"
#include "util/error.h"
#include "util/fd.h"

static const NetDriver *const drivers[] = { &net_driver_tap };

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

static const KindType *driver_at(guint i)
{
    return i < G_N_ELEMENTS(drivers) ? &drivers[i]->type : NULL;
}

const Kind net_kind = {
    .option = "netdev",
    .tag = "type",
    .common = kind_id_rows,
    .at = driver_at,
    .heading = "Available netdev backend types",
};

static gboolean net_open(NetBackend *net, const NetDriver *driver, ConfigNode *node,
                         void *options, GError **errp)
{
    if (!kind_read(&net_kind, &driver->type, node, &net->id, options, errp)) {
        return FALSE;
    }
    if (net_backend_find(net->id)) {
        return error_set(errp, "Duplicate ID '%s' for netdev", net->id);
    }
    return driver->open(net, options, errp);
}

NetBackend *net_backend_add(ConfigNode *node, GError **errp)
{
    const NetDriver *driver = KIND_OWNER(kind_type(&net_kind, node, errp), NetDriver);

    if (!driver) {
        return NULL;
    }
    NetBackend *net = g_new0(NetBackend, 1);
    void *options = g_malloc0(driver->type.size);
    gboolean ok = net_open(net, driver, node, options, errp);
    properties_clear(driver->type.rows, options);
    g_free(options);
    if (!ok) {
        g_free(net->id);
        g_free(net);
        return NULL;
    }
    net->restore = fd_make_nonblocking(net->fd);
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
