/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks input against the rows; a path ("caps[0].state") names what is wrong. */
#include "config.h"

#include "monitor/qmp-type.h"

#include <string.h>

#include "util/error.h"

const QmpType qmp_str = { .meta = QMP_META_STR };
const QmpType qmp_int = { .meta = QMP_META_INT };
const QmpType qmp_number = { .meta = QMP_META_NUMBER };
const QmpType qmp_bool = { .meta = QMP_META_BOOL };
const QmpType qmp_null = { .meta = QMP_META_NULL };
const QmpType qmp_any = { .meta = QMP_META_ANY };
const QmpType qmp_empty = { .meta = QMP_META_OBJECT,
                            .members = (const QmpMember[]){ { NULL } } };
const QmpType qmp_str_list = { .meta = QMP_META_ARRAY, .element = &qmp_str };

static gboolean check(const QmpType *type, JsonNode *json, const char *path,
                      GError **errp);

static char *join(const char *path, const char *name)
{
    return *path ? g_strdup_printf("%s.%s", path, name) : g_strdup(name);
}

static gboolean wrong_type(const char *path, const char *expected, GError **errp)
{
    return error_set(errp, "Invalid parameter type for '%s', expected: %s",
                     *path ? path : "arguments", expected);
}

static gboolean holds(JsonNode *json, GType type)
{
    return JSON_NODE_HOLDS_VALUE(json) && json_node_get_value_type(json) == type;
}

/* Whether the JSON type alone fits: how alternates are told apart. */
static gboolean json_type_fits(const QmpType *type, JsonNode *json)
{
    switch (type->meta) {
    case QMP_META_STR:
    case QMP_META_ENUM:
        return holds(json, G_TYPE_STRING);
    case QMP_META_INT:
        return holds(json, G_TYPE_INT64);
    case QMP_META_NUMBER:
        return holds(json, G_TYPE_INT64) || holds(json, G_TYPE_DOUBLE);
    case QMP_META_BOOL:
        return holds(json, G_TYPE_BOOLEAN);
    case QMP_META_NULL:
        return JSON_NODE_HOLDS_NULL(json);
    case QMP_META_ARRAY:
        return JSON_NODE_HOLDS_ARRAY(json);
    case QMP_META_OBJECT:
        return JSON_NODE_HOLDS_OBJECT(json);
    default:
        return TRUE;
    }
}

static const char *meta_word(QmpMeta meta)
{
    static const char *const words[] = {
        [QMP_META_STR] = "string",    [QMP_META_INT] = "integer",
        [QMP_META_NUMBER] = "number", [QMP_META_BOOL] = "boolean",
        [QMP_META_NULL] = "null",     [QMP_META_ANY] = "any",
        [QMP_META_ENUM] = "string",   [QMP_META_ARRAY] = "array",
        [QMP_META_OBJECT] = "object", [QMP_META_ALTERNATE] = "another type",
    };

    return words[meta];
}

static gboolean check_enum(const QmpType *type, JsonNode *json, const char *path,
                           GError **errp)
{
    const char *value = json_node_get_string(json);

    return g_strv_contains(type->values, value) ||
           error_set(errp, "Parameter '%s' does not accept value '%s'", path, value);
}

static gboolean check_list(const QmpType *type, JsonNode *json, const char *path,
                           GError **errp)
{
    JsonArray *array = json_node_get_array(json);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *at = g_strdup_printf("%s[%u]", path, i);

        if (!check(type->element, json_array_get_element(array, i), at, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_alternate(const QmpType *type, JsonNode *json, const char *path,
                                GError **errp)
{
    for (const QmpMember *m = type->members; m->name; m++) {
        if (json_type_fits(m->type, json)) {
            return check(m->type, json, path, errp);
        }
    }
    return wrong_type(path, meta_word(type->meta), errp);
}

static gboolean check_members(const QmpMember *m, JsonObject *object, const char *path,
                              GError **errp)
{
    for (; m && m->name; m++) {
        g_autofree char *at = join(path, m->name);
        JsonNode *value = json_object_get_member(object, m->name);

        if (!value && !m->optional) {
            return error_set(errp, "Parameter '%s' is missing", at);
        }
        if (value && !check(m->type, value, at, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean has_member(const QmpMember *m, const char *name)
{
    for (; m && m->name; m++) {
        if (strcmp(m->name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static const QmpType *find_variant(const QmpType *type, JsonObject *object)
{
    const char *value;

    if (!type->variants || !json_object_has_member(object, type->tag)) {
        return NULL;
    }
    value = json_object_get_string_member(object, type->tag);
    for (const QmpVariant *v = type->variants; v->value; v++) {
        if (strcmp(v->value, value) == 0) {
            return v->type;
        }
    }
    return NULL;
}

static gboolean check_object(const QmpType *type, JsonNode *json, const char *path,
                             GError **errp)
{
    JsonObject *object = json_node_get_object(json);
    const QmpType *variant;
    JsonObjectIter iter;
    const char *name;

    if (!check_members(type->members, object, path, errp)) {
        return FALSE;
    }
    variant = find_variant(type, object); /* the tag is a string: checked above */
    if (variant && !check_members(variant->members, object, path, errp)) {
        return FALSE;
    }
    if (type->open || (variant && variant->open)) {
        return TRUE;
    }
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, NULL)) {
        if (!has_member(type->members, name) &&
            !(variant && has_member(variant->members, name))) {
            g_autofree char *at = join(path, name);

            return error_set(errp, "Parameter '%s' is unexpected", at);
        }
    }
    return TRUE;
}

static gboolean check(const QmpType *type, JsonNode *json, const char *path,
                      GError **errp)
{
    if (!json_type_fits(type, json)) {
        return wrong_type(path, meta_word(type->meta), errp);
    }
    switch (type->meta) {
    case QMP_META_ENUM:
        return check_enum(type, json, path, errp);
    case QMP_META_ARRAY:
        return check_list(type, json, path, errp);
    case QMP_META_ALTERNATE:
        return check_alternate(type, json, path, errp);
    case QMP_META_OBJECT:
        return check_object(type, json, path, errp);
    default:
        return TRUE;
    }
}

gboolean qmp_type_check(const QmpType *type, JsonNode *json, GError **errp)
{
    return check(type, json, "", errp);
}
