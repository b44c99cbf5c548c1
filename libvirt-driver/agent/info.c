/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virDomainGetGuestInfo, but for file systems, disks and interfaces. */
#include <math.h>

#include "agent/reply.h"
#include "util/json.h"

/* A member that may be a whole number or a fraction. */
static gboolean get_double(JsonObject *object, const char *name, double *value)
{
    JsonNode *node = object && json_object_has_member(object, name)
                         ? json_object_get_member(object, name)
                         : NULL;
    GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node)
                                                     : G_TYPE_INVALID;

    if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE) {
        return FALSE;
    }
    *value = json_node_get_double(node);
    return isfinite(*value);
}

static void add_user(JsonObject *user, double login, guint i, RpcParams *params)
{
    static const struct {
        const char *member, *field;
    } rows[] = { { "user", "name" }, { "domain", "domain" } };
    g_autofree char *time = g_strdup_printf("user.%u.login-time", i);

    for (guint j = 0; j < G_N_ELEMENTS(rows); j++) {
        const char *value = util_json_string(user, rows[j].member);
        g_autofree char *field = g_strdup_printf("user.%u.%s", i, rows[j].field);

        if (value) {
            rpc_params_add_string(params, field, value);
        }
    }
    rpc_params_add_ullong(params, time, (guint64)(login * 1000)); /* ms */
}

gboolean agent_add_users(JsonNode *reply, RpcParams *params, GError **errp)
{
    static const char command[] = "guest-get-users";
    JsonArray *list = agent_reply_list(reply, command, errp);
    guint n = list ? json_array_get_length(list) : 0;

    if (!list) {
        return FALSE;
    }
    rpc_params_add_uint(params, "user.count", n);
    for (guint i = 0; i < n; i++) {
        JsonObject *user = agent_list_object(list, i);
        double login;

        if (!util_json_string(user, "user") || !get_double(user, "login-time", &login) ||
            login < 0 || login > 1e15) {
            return agent_reply_wrong(command, "user or login-time is missing or wrong",
                                     errp);
        }
        add_user(user, login, i, params);
    }
    return TRUE;
}

gboolean agent_add_os(JsonNode *reply, RpcParams *params, GError **errp)
{
    static const char *const members[] = {
        "id",      "name",    "pretty-name", "version",        "version-id",
        "machine", "variant", "variant-id",  "kernel-release", "kernel-version",
    };
    JsonObject *object = agent_reply_object(reply, "guest-get-osinfo", errp);

    for (guint i = 0; object && i < G_N_ELEMENTS(members); i++) {
        const char *value = util_json_string(object, members[i]);
        g_autofree char *field = g_strconcat("os.", members[i], NULL);

        if (value) {
            rpc_params_add_string(params, field, value);
        }
    }
    return object != NULL;
}

gboolean agent_add_timezone(JsonNode *reply, RpcParams *params, GError **errp)
{
    static const char command[] = "guest-get-timezone";
    JsonObject *object = agent_reply_object(reply, command, errp);
    const char *zone = util_json_string(object, "zone");
    JsonNode *offset;
    gint64 seconds;

    if (!object) {
        return FALSE;
    }
    offset = json_object_has_member(object, "offset")
                 ? json_object_get_member(object, "offset")
                 : NULL;
    if (!agent_parse_number(offset, command, &seconds, errp)) {
        return FALSE;
    }
    if (zone) {
        rpc_params_add_string(params, "timezone.name", zone);
    }
    rpc_params_add_int(params, "timezone.offset",
                       (gint32)CLAMP(seconds, G_MININT, G_MAXINT));
    return TRUE;
}

gboolean agent_add_hostname(JsonNode *reply, RpcParams *params, GError **errp)
{
    g_autofree char *name = agent_parse_hostname(reply, errp);

    if (name) {
        rpc_params_add_string(params, "hostname", name);
    }
    return name != NULL;
}

gboolean agent_add_load(JsonNode *reply, RpcParams *params, GError **errp)
{
    static const struct {
        const char *member, *field;
    } rows[] = { { "load1m", "load.1m" },
                 { "load5m", "load.5m" },
                 { "load15m", "load.15m" } };
    JsonObject *object = agent_reply_object(reply, "guest-get-load", errp);

    for (guint i = 0; object && i < G_N_ELEMENTS(rows); i++) {
        double value;

        if (!get_double(object, rows[i].member, &value)) {
            return agent_reply_wrong("guest-get-load", rows[i].member, errp);
        }
        rpc_params_add_double(params, rows[i].field, value);
    }
    return object != NULL;
}
