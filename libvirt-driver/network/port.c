/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/port.h"

#include <string.h>

#include "forward/client.h"
#include "xml/node.h"

#define DRIVER "network"

/* What one call may take; of one that nobody's success depends on. */
#define TIMEOUT_MS       30000
#define SHORT_TIMEOUT_MS 5000

static ForwardClient *open_driver(const char *dir, GError **errp)
{
    return forward_client_open(dir, DRIVER, FALSE, TIMEOUT_MS, errp);
}

/* Its strings are to be freed with forward_clear(). */
static gboolean find_network(ForwardClient *client, const char *name,
                             RemoteNetworkLookupByNameRet *found, GError **errp)
{
    RemoteNetworkLookupByNameArgs args = { .name = (char *)name };

    return forward_call(client, REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &args, found, errp);
}

/* ---- what is asked for ---- */

static void add_escaped(GString *text, const char *format, const char *value)
{
    g_autofree char *escaped = g_markup_printf_escaped(format, value);

    g_string_append(text, escaped);
}

static char *port_xml(const Domain *domain, const DomainInterface *interface)
{
    GString *text = g_string_new("<networkport>");
    g_autofree char *bandwidth =
        interface->bandwidth ? xml_bandwidth_format(interface->bandwidth) : NULL;
    char uuid[DOMAIN_UUID_STR_LEN], mac[18];

    xml_uuid_format(domain->uuid, uuid);
    xml_mac_format(interface->mac, mac);
    add_escaped(text, "<uuid>%s</uuid>", interface->portid);
    add_escaped(text, "<owner><name>%s</name>", domain->name);
    add_escaped(text, "<uuid>%s</uuid></owner>", uuid);
    if (interface->portgroup) {
        add_escaped(text, "<group>%s</group>", interface->portgroup);
    }
    add_escaped(text, "<mac address='%s'/>", mac);
    g_string_append(text, bandwidth ? bandwidth : "");
    g_string_append(text, "</networkport>");
    return g_string_free(text, FALSE);
}

/* ---- what is answered ---- */

static gboolean unsupported(const DomainInterface *interface, const char *what,
                            GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "network '%s' has %s, which vireo does not support",
                         interface->network, what);
}

/* Who may not be let in without being tagged, or seen, is not let in. */
static gboolean check_port(const xmlNode *port, const DomainInterface *interface,
                           GError **errp)
{
    static const char *const refused[] = { "vlan", "virtualport" };
    const xmlNode *node = xml_node_child(port, "port");
    g_autofree char *isolated = xml_node_attr(node, "isolated");

    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (xml_node_child(port, refused[i])) {
            g_autofree char *what = g_strdup_printf("<%s>", refused[i]);
            return unsupported(interface, what, errp);
        }
    }
    return g_strcmp0(isolated, "yes") != 0 ||
           unsupported(interface, "<port isolated='yes'>", errp);
}

static gboolean take_direct(const xmlNode *plug, DomainInterface *interface,
                            GError **errp)
{
    static const char *const modes[] = {
        [DOMAIN_DIRECT_DEFAULT] = "",
        [DOMAIN_DIRECT_VEPA] = "vepa",
        [DOMAIN_DIRECT_BRIDGE] = "bridge",
        [DOMAIN_DIRECT_PRIVATE] = "private",
        [DOMAIN_DIRECT_PASSTHROUGH] = "passthrough",
        NULL,
    };
    g_autofree char *dev = xml_node_attr(plug, "dev"),
                    *mode = xml_node_attr(plug, "mode");
    int index = xml_names_index(modes, mode ? mode : "vepa");

    if (index < 0) {
        g_autofree char *what = g_strdup_printf("forward mode '%s'", mode);
        return unsupported(interface, what, errp);
    }
    if (!dev) {
        return unsupported(interface, "a port without a device", errp);
    }
    interface->mode = (DomainDirectMode)index;
    interface->dev = g_steal_pointer(&dev);
    return TRUE;
}

static gboolean take_table(const xmlNode *plug, DomainInterface *interface, GError **errp)
{
    static const char *const managers[] = {
        [DOMAIN_MAC_TABLE_DEFAULT] = "",
        [DOMAIN_MAC_TABLE_KERNEL] = "kernel",
        [DOMAIN_MAC_TABLE_LIBVIRT] = "libvirt",
        NULL,
    };
    g_autofree char *manager = xml_node_attr(plug, "macTableManager"), *what = NULL;
    int index = manager ? xml_names_index(managers, manager) : DOMAIN_MAC_TABLE_DEFAULT;

    if (index < 0) {
        what = g_strdup_printf("macTableManager='%s'", manager);
        return unsupported(interface, what, errp);
    }
    interface->mac_table = (DomainMacTable)index;
    return TRUE;
}

static gboolean take_plug(const xmlNode *plug, DomainInterface *interface, GError **errp)
{
    g_autofree char *type = xml_node_attr(plug, "type");
    g_autofree char *what = NULL;

    if (g_strcmp0(type, "direct") == 0) {
        return take_direct(plug, interface, errp);
    }
    if (g_strcmp0(type, "network") == 0 || g_strcmp0(type, "bridge") == 0) {
        interface->bridge = xml_node_attr(plug, "bridge");
    }
    if (interface->bridge) {
        return take_table(plug, interface, errp);
    }
    what = g_strdup_printf("ports of type '%s'", type ? type : "none");
    return unsupported(interface, what, errp);
}

static gboolean take_bandwidth(const xmlNode *port, DomainInterface *interface,
                               GError **errp)
{
    const xmlNode *node = xml_node_child(port, "bandwidth");

    interface->port_rates = DOMAIN_TRISTATE_ABSENT;
    if (!node || interface->bandwidth) {
        return TRUE;
    }
    interface->port_rates = DOMAIN_TRISTATE_YES;
    interface->bandwidth = xml_bandwidth_parse(node, errp);
    return interface->bandwidth != NULL;
}

static gboolean take_port(const char *xml, DomainInterface *interface, GError **errp)
{
    g_autoptr(xmlDoc) doc = xml_document_parse(xml, errp);
    const xmlNode *port = doc ? xmlDocGetRootElement(doc) : NULL;

    return port && check_port(port, interface, errp) &&
           take_bandwidth(port, interface, errp) &&
           take_plug(xml_node_child(port, "plug"), interface, errp);
}

/* ---- ports ---- */

static gboolean create(ForwardClient *client, const RemoteNetwork *network,
                       const Domain *domain, DomainInterface *interface, GError **errp)
{
    g_autofree char *xml = port_xml(domain, interface);
    RemoteNetworkPortCreateXmlArgs args = { .network = *network, .xml = xml };
    RemoteNetworkPortCreateXmlRet made = { 0 };
    RemoteNetworkPortGetXmlDescArgs ask;
    RemoteNetworkPortGetXmlDescRet told = { 0 };
    gboolean ok;

    if (!forward_call(client, REMOTE_PROC_NETWORK_PORT_CREATE_XML, &args, &made, errp)) {
        return FALSE;
    }
    ask = (RemoteNetworkPortGetXmlDescArgs){ .port = made.port };
    ok = forward_call(client, REMOTE_PROC_NETWORK_PORT_GET_XML_DESC, &ask, &told, errp) &&
         take_port(told.xml, interface, errp);
    forward_clear(REMOTE_PROC_NETWORK_PORT_GET_XML_DESC, &told);
    forward_clear(REMOTE_PROC_NETWORK_PORT_CREATE_XML, &made);
    return ok;
}

gboolean network_port_create(const char *dir, const Domain *domain,
                             DomainInterface *interface, GError **errp)
{
    g_autoptr(ForwardClient) client = open_driver(dir, errp);
    RemoteNetworkLookupByNameRet found = { 0 };
    gboolean ok;

    if (!client || !find_network(client, interface->network, &found, errp)) {
        return FALSE;
    }
    g_clear_pointer(&interface->bridge, g_free);
    g_clear_pointer(&interface->dev, g_free);
    interface->mode = DOMAIN_DIRECT_DEFAULT;
    interface->mac_table = DOMAIN_MAC_TABLE_DEFAULT;
    ok = create(client, &found.net, domain, interface, errp);
    forward_clear(REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &found);
    return ok;
}

/* What is gone with its network, or was never there. */
static gboolean is_gone(const GError *err)
{
    return err->domain == RPC_ERROR &&
           (err->code == VIR_ERR_NO_NETWORK || err->code == VIR_ERR_NO_NETWORK_PORT);
}

static gboolean remove_port(ForwardClient *client, const DomainInterface *interface,
                            GError **errp)
{
    RemoteNetworkLookupByNameRet found = { 0 };
    RemoteNetworkPortDeleteArgs args = { 0 };
    gboolean ok;

    if (!xml_uuid_parse(interface->portid, args.port.uuid) ||
        !find_network(client, interface->network, &found, errp)) {
        return FALSE;
    }
    args.port.net = found.net;
    ok = forward_call(client, REMOTE_PROC_NETWORK_PORT_DELETE, &args, NULL, errp);
    forward_clear(REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &found);
    return ok;
}

gboolean network_port_delete(const char *dir, const DomainInterface *interface,
                             GError **errp)
{
    g_autoptr(ForwardClient) client = NULL;
    g_autoptr(GError) err = NULL;

    if (!interface->network || !interface->portid) {
        return TRUE;
    }
    client = forward_client_open(dir, DRIVER, FALSE, SHORT_TIMEOUT_MS, errp);
    if (!client) {
        return FALSE;
    }
    if (remove_port(client, interface, &err) || is_gone(err)) {
        return TRUE;
    }
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

/* ---- leases ---- */

gboolean network_get_leases(const char *dir, const DomainInterface *interface,
                            RemoteNetworkGetDhcpLeasesRet *leases, GError **errp)
{
    g_autoptr(ForwardClient) client = open_driver(dir, errp);
    RemoteNetworkLookupByNameRet found = { 0 };
    RemoteNetworkGetDhcpLeasesArgs args = { .need_results = 1 };
    char mac[18];
    gboolean ok;

    if (!client || !find_network(client, interface->network, &found, errp)) {
        return FALSE;
    }
    xml_mac_format(interface->mac, mac);
    args.net = found.net;
    args.mac = mac;
    ok = forward_call(client, REMOTE_PROC_NETWORK_GET_DHCP_LEASES, &args, leases, errp);
    forward_clear(REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &found);
    return ok;
}

void network_leases_clear(RemoteNetworkGetDhcpLeasesRet *leases)
{
    forward_clear(REMOTE_PROC_NETWORK_GET_DHCP_LEASES, leases);
}
