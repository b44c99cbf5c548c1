/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reply.h"

#include <string.h>

#include "util/json.h"
#include "util/vir-error.h"

#define VCPU_MAX 16384 /* IDs of guests' CPUs */

gboolean agent_reply_wrong(const char *command, const char *what, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                         "malformed data in the guest agent's answer to %s: %s", command,
                         what);
}

static gboolean holds_objects(JsonArray *list)
{
    guint n = json_array_get_length(list);

    for (guint i = 0; i < n; i++) {
        if (!JSON_NODE_HOLDS_OBJECT(json_array_get_element(list, i))) {
            return FALSE;
        }
    }
    return TRUE;
}

JsonArray *agent_reply_list(JsonNode *reply, const char *command, GError **errp)
{
    JsonArray *list = NULL;

    if (!reply || !JSON_NODE_HOLDS_ARRAY(reply)) {
        agent_reply_wrong(command, "it is no list", errp);
    } else if (json_array_get_length(json_node_get_array(reply)) > AGENT_LIST_MAX) {
        agent_reply_wrong(command, "the list is too long", errp);
    } else if (!holds_objects(json_node_get_array(reply))) {
        agent_reply_wrong(command, "the list holds other things than objects", errp);
    } else {
        list = json_node_get_array(reply);
    }
    return list;
}

JsonObject *agent_list_object(JsonArray *list, guint i)
{
    return json_array_get_object_element(list, i);
}

JsonObject *agent_reply_object(JsonNode *reply, const char *command, GError **errp)
{
    if (!reply || !JSON_NODE_HOLDS_OBJECT(reply)) {
        agent_reply_wrong(command, "it is no object", errp);
        return NULL;
    }
    return json_node_get_object(reply);
}

/* ---- single values ---- */

char *agent_parse_hostname(JsonNode *reply, GError **errp)
{
    JsonObject *object = agent_reply_object(reply, "guest-get-host-name", errp);
    const char *name = util_json_string(object, "host-name");

    if (object && !name) {
        agent_reply_wrong("guest-get-host-name", "host-name is missing", errp);
    }
    return g_strdup(name);
}

gboolean agent_parse_number(JsonNode *reply, const char *command, gint64 *number,
                            GError **errp)
{
    if (!reply || !JSON_NODE_HOLDS_VALUE(reply) ||
        json_node_get_value_type(reply) != G_TYPE_INT64) {
        return agent_reply_wrong(command, "it is no number", errp);
    }
    *number = json_node_get_int(reply);
    return TRUE;
}

char **agent_parse_keys(JsonNode *reply, GError **errp)
{
    static const char command[] = "guest-ssh-get-authorized-keys";
    JsonObject *object = agent_reply_object(reply, command, errp);
    JsonArray *list = util_json_array(object, "keys");
    guint n = list ? json_array_get_length(list) : 0;
    g_auto(GStrv) keys = g_new0(char *, MIN(n, AGENT_LIST_MAX) + 1);

    if (!object) {
        return NULL;
    }
    if (!list || n > AGENT_LIST_MAX) {
        agent_reply_wrong(command, "keys is missing, or too long", errp);
        return NULL;
    }
    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(list, i);

        if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_STRING) {
            agent_reply_wrong(command, "a key is no string", errp);
            return NULL;
        }
        keys[i] = json_node_dup_string(node);
    }
    return g_steal_pointer(&keys);
}

/* ---- CPUs ---- */

GArray *agent_parse_vcpus(JsonNode *reply, GError **errp)
{
    static const char command[] = "guest-get-vcpus";
    JsonArray *list = agent_reply_list(reply, command, errp);
    g_autoptr(GArray) vcpus = g_array_new(FALSE, FALSE, sizeof(AgentVcpu));
    guint n = list ? json_array_get_length(list) : 0;

    for (guint i = 0; i < n; i++) {
        JsonObject *object = agent_list_object(list, i);
        gint64 id = util_json_int(object, "logical-id");
        AgentVcpu vcpu = { .online = util_json_bool(object, "online"),
                           .offlinable = util_json_bool(object, "can-offline") };

        if (id < 0 || id >= VCPU_MAX || !json_object_has_member(object, "online")) {
            agent_reply_wrong(command, "logical-id or online is missing or wrong", errp);
            return NULL;
        }
        vcpu.id = (guint)id;
        g_array_append_val(vcpus, vcpu);
    }
    return list ? g_steal_pointer(&vcpus) : NULL;
}

typedef gboolean VcpuTest(const AgentVcpu *vcpu);

static gboolean is_any(const AgentVcpu *vcpu)
{
    return TRUE;
}

static gboolean is_online(const AgentVcpu *vcpu)
{
    return vcpu->online;
}

static gboolean is_offlinable(const AgentVcpu *vcpu)
{
    return vcpu->offlinable;
}

/* "0-3,5" */
static char *format_vcpus(const GArray *vcpus, VcpuTest *test)
{
    g_autofree guint8 *set = g_malloc0(VCPU_MAX + 1);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < vcpus->len; i++) {
        const AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);

        set[vcpu->id] |= test(vcpu);
    }
    for (guint i = 0; i < VCPU_MAX; i++) {
        guint last = i;

        if (!set[i]) {
            continue;
        }
        while (set[last + 1]) {
            last++;
        }
        g_string_append_printf(text, text->len ? ",%u" : "%u", i);
        if (last > i) {
            g_string_append_printf(text, "-%u", last);
        }
        i = last;
    }
    return g_string_free(text, FALSE);
}

void agent_add_vcpus(const GArray *vcpus, RpcParams *params)
{
    static const struct {
        const char *name;
        VcpuTest *test;
    } rows[] = { { "vcpus", is_any },
                 { "online", is_online },
                 { "offlinable", is_offlinable } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = format_vcpus(vcpus, rows[i].test);

        rpc_params_add_string(params, rows[i].name, text);
    }
}

/* A number below VCPU_MAX; *text gets what follows it. */
static gboolean take_number(const char **text, guint *number)
{
    char *end;
    guint64 value;

    if (!g_ascii_isdigit(**text)) {
        return FALSE;
    }
    value = g_ascii_strtoull(*text, &end, 10);
    *number = (guint)MIN(value, VCPU_MAX);
    *text = end;
    return value < VCPU_MAX;
}

GHashTable *agent_parse_cpu_map(const char *text)
{
    g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);

    for (;;) {
        guint first, last;

        if (!take_number(&text, &first)) {
            return NULL;
        }
        last = first;
        if (*text == '-' && (text++, !take_number(&text, &last) || last < first)) {
            return NULL;
        }
        for (guint i = first; i <= last; i++) {
            g_hash_table_add(set, GUINT_TO_POINTER(i));
        }
        if (!*text) {
            return g_steal_pointer(&set);
        }
        if (*text++ != ',') {
            return NULL;
        }
    }
}

JsonObject *agent_vcpus_argument(const GArray *vcpus)
{
    JsonObject *args = json_object_new();
    JsonArray *list = json_array_new();

    for (guint i = 0; i < vcpus->len; i++) {
        const AgentVcpu *vcpu = &g_array_index(vcpus, AgentVcpu, i);
        UtilJsonMember members[] = { UTIL_JSON_NUMBER("logical-id", vcpu->id),
                                     UTIL_JSON_BOOL("online", vcpu->online) };

        if (vcpu->changed) {
            json_array_add_object_element(
                list, util_json_add(json_object_new(), members, G_N_ELEMENTS(members)));
        }
    }
    json_object_set_array_member(args, "vcpus", list);
    return args;
}
