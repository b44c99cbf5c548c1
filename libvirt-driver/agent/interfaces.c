/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's network interfaces. */
#include <libvirt/libvirt.h>
#include <string.h>

#include "agent/reply.h"
#include "util/json.h"

#define COMMAND "guest-network-get-interfaces"

static void address_free(gpointer opaque)
{
    AgentAddress *address = opaque;

    g_free(address->address);
    g_free(address);
}

static void interface_free(gpointer opaque)
{
    AgentInterface *interface = opaque;

    g_free(interface->name);
    g_free(interface->hwaddr);
    g_ptr_array_unref(interface->addresses);
    g_free(interface);
}

/* The one with this name; "eth0:1" is another name of eth0. */
static AgentInterface *find_or_add(GPtrArray *interfaces, const char *name)
{
    gsize len = strcspn(name, ":");
    AgentInterface *added;

    for (guint i = 0; i < interfaces->len; i++) {
        AgentInterface *interface = interfaces->pdata[i];

        if (strlen(interface->name) == len && strncmp(interface->name, name, len) == 0) {
            return interface;
        }
    }
    added = g_new0(AgentInterface, 1);
    added->name = g_strndup(name, len);
    added->addresses = g_ptr_array_new_with_free_func(address_free);
    g_ptr_array_add(interfaces, added);
    return added;
}

static gboolean add_address(AgentInterface *to, JsonNode *node, GError **errp)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *type = util_json_string(object, "ip-address-type");
    const char *text = util_json_string(object, "ip-address");
    gint64 prefix = util_json_int(object, "prefix");
    gboolean four = g_strcmp0(type, "ipv4") == 0, six = g_strcmp0(type, "ipv6") == 0;
    AgentAddress *address;

    if (!text || (!four && !six) || prefix < 0 || prefix > 128) {
        return agent_reply_wrong(
            COMMAND, "ip-address, ip-address-type or prefix is missing or wrong", errp);
    }
    address = g_new0(AgentAddress, 1);
    address->type = four ? VIR_IP_ADDR_TYPE_IPV4 : VIR_IP_ADDR_TYPE_IPV6;
    address->address = g_strdup(text);
    address->prefix = (guint)prefix;
    g_ptr_array_add(to->addresses, address);
    return TRUE;
}

/* One without addresses has no list of them. */
static gboolean take_interface(GPtrArray *interfaces, JsonObject *object, GError **errp)
{
    const char *name = util_json_string(object, "name");
    const char *hwaddr = util_json_string(object, "hardware-address");
    JsonArray *list = util_json_array(object, "ip-addresses");
    guint n = list ? json_array_get_length(list) : 0;
    AgentInterface *interface;

    if (!name) {
        return agent_reply_wrong(COMMAND, "name is missing", errp);
    }
    interface = find_or_add(interfaces, name);
    if (!interface->hwaddr) {
        interface->hwaddr = g_strdup(hwaddr);
    }
    if (interface->addresses->len + n > AGENT_LIST_MAX) {
        return agent_reply_wrong(COMMAND, "an interface has too many addresses", errp);
    }
    for (guint i = 0; i < n; i++) {
        if (!add_address(interface, json_array_get_element(list, i), errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

GPtrArray *agent_parse_interfaces(JsonNode *reply, GError **errp)
{
    JsonArray *list = agent_reply_list(reply, COMMAND, errp);
    g_autoptr(GPtrArray) interfaces = g_ptr_array_new_with_free_func(interface_free);
    guint n = list ? json_array_get_length(list) : 0;

    for (guint i = 0; i < n; i++) {
        if (!take_interface(interfaces, agent_list_object(list, i), errp)) {
            return NULL;
        }
    }
    return list ? g_steal_pointer(&interfaces) : NULL;
}

static void add_params(const AgentInterface *interface, guint i, RpcParams *params)
{
    g_autofree char *name = g_strdup_printf("if.%u.name", i);
    g_autofree char *hwaddr = g_strdup_printf("if.%u.hwaddr", i);
    g_autofree char *count = g_strdup_printf("if.%u.addr.count", i);

    rpc_params_add_string(params, name, interface->name);
    if (interface->hwaddr) {
        rpc_params_add_string(params, hwaddr, interface->hwaddr);
    }
    if (interface->addresses->len > 0) {
        rpc_params_add_uint(params, count, interface->addresses->len);
    }
    for (guint j = 0; j < interface->addresses->len; j++) {
        const AgentAddress *address = interface->addresses->pdata[j];
        g_autofree char *type = g_strdup_printf("if.%u.addr.%u.type", i, j);
        g_autofree char *text = g_strdup_printf("if.%u.addr.%u.addr", i, j);
        g_autofree char *prefix = g_strdup_printf("if.%u.addr.%u.prefix", i, j);

        rpc_params_add_string(params, type,
                              address->type == VIR_IP_ADDR_TYPE_IPV4 ? "ipv4" : "ipv6");
        rpc_params_add_string(params, text, address->address);
        rpc_params_add_uint(params, prefix, address->prefix);
    }
}

void agent_add_interfaces(const GPtrArray *interfaces, RpcParams *params)
{
    rpc_params_add_uint(params, "if.count", interfaces->len);
    for (guint i = 0; i < interfaces->len; i++) {
        add_params(interfaces->pdata[i], i, params);
    }
}
