/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/json.h"

gboolean util_json_depth_ok(const char *text, gsize len, guint limit)
{
    gboolean in_string = FALSE;
    guint depth = 0;

    for (gsize i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = FALSE;
            }
        } else if (c == '"') {
            in_string = TRUE;
        } else if (c == '{' || c == '[') {
            if (++depth > limit) {
                return FALSE;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return TRUE;
}

static JsonNode *member(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : NULL;
}

const char *util_json_string(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

JsonObject *util_json_object(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *util_json_array(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

gboolean util_json_bool(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_BOOLEAN &&
           json_node_get_boolean(node);
}

gint64 util_json_int(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_INT64
               ? json_node_get_int(node)
               : -1;
}

JsonObject *util_json_pair(const char *key, const char *value)
{
    const UtilJsonMember member = UTIL_JSON_TEXT(key, value);

    return util_json_add(json_object_new(), &member, 1);
}

JsonObject *util_json_add(JsonObject *object, const UtilJsonMember *members, guint count)
{
    for (guint i = 0; i < count; i++) {
        const UtilJsonMember *m = &members[i];

        if (m->type == G_TYPE_STRING) {
            json_object_set_string_member(object, m->name, m->text);
        } else if (m->type == G_TYPE_INT64) {
            json_object_set_int_member(object, m->name, m->number);
        } else if (m->type == G_TYPE_BOOLEAN) {
            json_object_set_boolean_member(object, m->name, m->number != 0);
        }
    }
    return object;
}
