/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs by name: links, addresses, receive filters. */
#include "net/nic.h"

#include <string.h>

#include "event/vm-event.h"
#include "net/backend.h"
#include "util/error.h"

struct NetNic {
    char *name;
    const char *model; /* the class, as users know it */
    guint number;      /* of its model, of those without id; or none: */
    gboolean has_id;
    Device *dev;
    NetBackend *net;
    const NetNicOps *ops;
    void *opaque;
    gboolean link_down;
    gboolean told; /* NIC_RX_FILTER_CHANGED, and nobody has asked since */
};

static GSList *nics;

/* The user's device: parts have no id. */
static const Device *whole(const Device *dev)
{
    while (dev->part && dev->parent) {
        dev = dev->parent;
    }
    return dev;
}

static gboolean number_taken(const NetNic *nic, guint number)
{
    for (GSList *l = nics; l; l = l->next) {
        const NetNic *other = l->data;
        if (!other->has_id && other->number == number &&
            g_str_equal(other->model, nic->model)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void name_it(NetNic *nic)
{
    const Device *user = whole(nic->dev);

    nic->model = device_user_name(nic->dev);
    nic->has_id = user->id != NULL;
    while (!nic->has_id && number_taken(nic, nic->number)) {
        nic->number++;
    }
    nic->name = nic->has_id ? g_strdup(user->id)
                            : g_strdup_printf("%s.%u", nic->model, nic->number);
}

NetNic *net_nic_new(Device *dev, NetBackend *net, const NetNicOps *ops, void *opaque,
                    GError **errp)
{
    if (net && net->nic) {
        error_set(errp, "netdev '%s' is in use", net->id);
        return NULL;
    }
    if (net && !net_backend_set_pairs(net, 1, errp)) { /* until the guest says more */
        return NULL;
    }
    NetNic *nic = g_new0(NetNic, 1);
    nic->dev = dev;
    nic->net = net;
    nic->ops = ops;
    nic->opaque = opaque;
    name_it(nic);
    nics = g_slist_append(nics, nic);
    if (net) {
        net->nic = nic;
        /* QEMU's: a netdev without a cable takes it from its NIC. */
        nic->link_down = net->link_down;
        net_backend_update_link(net);
    }
    return nic;
}

void net_nic_free(NetNic *nic)
{
    nics = g_slist_remove(nics, nic);
    if (nic->net) {
        nic->net->nic = NULL;
    }
    g_free(nic->name);
    g_free(nic);
}

const char *net_nic_name(const NetNic *nic)
{
    return nic->name;
}

gboolean net_nic_link_up(const NetNic *nic)
{
    return !nic->link_down;
}

void net_nic_load_link(NetNic *nic, gboolean up)
{
    nic->link_down = !up;
    if (nic->net) {
        net_backend_update_link(nic->net);
    }
}

void net_backend_update_link(NetBackend *net)
{
    g_atomic_int_set(&net->unplugged,
                     net->link_down || (net->nic && net->nic->link_down));
}

static NetNic *find(const char *name)
{
    for (GSList *l = nics; l; l = l->next) {
        if (g_str_equal(((NetNic *)l->data)->name, name)) {
            return l->data;
        }
    }
    return NULL;
}

gboolean net_set_link(const char *name, gboolean up)
{
    NetNic *nic = find(name);
    NetBackend *net = nic ? nic->net : net_backend_find(name);

    if (!nic && !net) {
        return FALSE;
    }
    if (!nic) {
        net->link_down = !up;
        nic = net->nic;
    }
    gboolean changed = nic && nic->link_down == up;
    if (changed) {
        nic->link_down = !up;
    }
    if (net) {
        net_backend_update_link(net);
    }
    if (changed && nic->ops->link_changed) {
        nic->ops->link_changed(nic->opaque);
    }
    return TRUE;
}

void net_nic_rx_filter_changed(NetNic *nic)
{
    if (nic->told) {
        return;
    }
    nic->told = TRUE;
    ConfigNode *data = config_map_new();
    if (nic->has_id) {
        config_map_set_string(data, "name", nic->name);
    }
    config_map_set_string(data, "path", nic->dev->path);
    vm_event_emit("NIC_RX_FILTER_CHANGED", data);
}

static void add_filter(ConfigNode *list, NetNic *nic)
{
    ConfigNode *filter = nic->ops->query_rx_filter(nic->opaque);

    nic->told = FALSE;
    config_map_set_string(filter, "name", nic->name);
    config_list_add(list, filter);
}

ConfigNode *net_query_rx_filter(const char *name, GError **errp)
{
    NetNic *nic = name ? find(name) : NULL;

    if (name && !nic) {
        error_set(errp,
                  net_backend_find(name) ? "net client(%s) isn't a NIC"
                                         : "invalid net client name: %s",
                  name);
        return NULL;
    }
    if (nic && !nic->ops->query_rx_filter) {
        error_set(errp, "net client(%s) doesn't support rx-filter querying", name);
        return NULL;
    }
    ConfigNode *list = config_list_new();
    for (GSList *l = nics; l; l = l->next) {
        NetNic *each = l->data;
        if ((!nic || nic == each) && each->ops->query_rx_filter) {
            add_filter(list, each);
        }
    }
    return list;
}

/* "52:54:00:12:34:56", owned; NULL: it has no such property. */
static char *mac_text(const NetNic *nic)
{
    Device *owner = (Device *)whole(nic->dev);
    const Property *row = device_find_row(owner->klass, "mac", &owner);

    return row ? property_text(row, owner) : NULL;
}

static void describe_backend(const NetBackend *net, GString *out)
{
    g_string_append_printf(out, "%s: index=0,type=%s%s%s\n", net->id,
                           net->driver->type.name, net->info ? "," : "",
                           net->info ? net->info : "");
}

static void describe_free(const NetBackend *net, void *opaque)
{
    if (!net->nic) {
        describe_backend(net, opaque);
    }
}

void net_describe(GString *out)
{
    for (GSList *l = nics; l; l = l->next) {
        const NetNic *nic = l->data;
        g_autofree char *mac = mac_text(nic);

        g_string_append_printf(out, "%s: index=0,type=nic,model=%s,macaddr=%s\n",
                               nic->name, nic->model, mac ? mac : "");
        if (nic->net) {
            g_string_append(out, " \\ ");
            describe_backend(nic->net, out);
        }
    }
    net_backend_foreach(describe_free, out);
}

void net_nic_default_mac(guint8 *mac)
{
    static const guint8 base[] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
    static const guint8 none[6];
    static guint8 count;

    if (memcmp(mac, none, sizeof(none)) == 0) {
        memcpy(mac, base, sizeof(base));
        mac[5] += count++;
    }
}
