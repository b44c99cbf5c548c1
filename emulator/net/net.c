/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends by id. */
#include "net/backend.h"
#include "util/error.h"

static const NetDriver *const drivers[] = { &net_driver_tap, &net_driver_user };

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

void net_backend_foreach(void (*fn)(const NetBackend *net, void *opaque), void *opaque)
{
    for (GSList *l = backends; l; l = l->next) {
        fn(l->data, opaque);
    }
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

static gboolean net_open(NetBackend *net, ConfigNode *node, void *options, GError **errp)
{
    if (!kind_read(&net_kind, &net->driver->type, node, &net->id, options, errp)) {
        return FALSE;
    }
    if (net_backend_find(net->id)) {
        return error_set(errp, "Duplicate ID '%s' for netdev", net->id);
    }
    return net->driver->open(net, options, errp);
}

NetBackend *net_backend_add(ConfigNode *node, GError **errp)
{
    const NetDriver *driver = KIND_OWNER(kind_type(&net_kind, node, errp), NetDriver);

    if (!driver) {
        return NULL;
    }
    NetBackend *net = g_new0(NetBackend, 1);
    net->driver = driver;
    void *options = g_malloc0(driver->type.size);
    gboolean ok = net_open(net, node, options, errp);
    properties_clear(driver->type.rows, options);
    g_free(options);
    if (!ok) {
        g_free(net->id);
        g_free(net);
        return NULL;
    }
    backends = g_slist_append(backends, net);
    return net;
}

static void net_free(NetBackend *net)
{
    backends = g_slist_remove(backends, net);
    net->driver->ops->free(net);
    g_free(net->info);
    g_free(net->id);
    g_free(net);
}

gboolean net_backend_del(const char *id, GError **errp)
{
    NetBackend *net = net_backend_find(id);

    if (!net) {
        return error_set(errp, "Device '%s' not found", id);
    }
    if (net->nic) {
        return error_set(errp, "Device '%s' is in use", id);
    }
    net_free(net);
    return TRUE;
}

const char *net_backend_id(const NetBackend *net)
{
    return net->id;
}

guint net_backend_pairs(const NetBackend *net)
{
    return net->pairs;
}

int net_backend_fd(const NetBackend *net, guint pair)
{
    return net->fds && pair < net->pairs ? net->fds[pair] : -1;
}

int net_backend_vhost_fd(const NetBackend *net, guint pair)
{
    return net->vhost_fds && pair < net->pairs ? net->vhost_fds[pair] : -1;
}

gboolean net_backend_vhost_forced(const NetBackend *net)
{
    return net->vhost_forced;
}

gboolean net_backend_vhost_required(const NetBackend *net)
{
    return net->vhost_required;
}

gboolean net_backend_link_up(const NetBackend *net)
{
    return !g_atomic_int_get(&net->unplugged);
}

gboolean net_backend_has_header(const NetBackend *net)
{
    return net->has_header;
}

gboolean net_backend_has_offloads(const NetBackend *net)
{
    return net->has_offloads;
}

gboolean net_backend_set_header(NetBackend *net, unsigned length, unsigned offloads,
                                GError **errp)
{
    if (!net->has_header || !net->driver->ops->set_header) {
        return TRUE; /* nothing was offered that it could be told */
    }
    if (!net->driver->ops->set_header(net, length, offloads, errp)) {
        g_prefix_error(errp, "netdev '%s': ", net->id);
        return FALSE;
    }
    return TRUE;
}

gboolean net_backend_set_pairs(NetBackend *net, guint active, GError **errp)
{
    active = CLAMP(active, 1, net->pairs);
    if (net->pairs == 1 || !net->driver->ops->set_pairs) {
        return TRUE;
    }
    if (!net->driver->ops->set_pairs(net, active, errp)) {
        g_prefix_error(errp, "netdev '%s': ", net->id);
        return FALSE;
    }
    return TRUE;
}

gboolean net_serve(GError **errp)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (drivers[i]->start && !drivers[i]->start(errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

void net_cleanup(void)
{
    while (backends) {
        net_free(backends->data);
    }
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (drivers[i]->stop) {
            drivers[i]->stop();
        }
    }
    net_deny(NULL);
}
