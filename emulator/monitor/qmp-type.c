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

static gboolean check(const QmpType *type, const ConfigNode *node, const char *path,
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

/* Whether the JSON type alone fits: how alternates are told apart. */
static gboolean type_fits(const QmpType *type, const ConfigNode *node)
{
    static const guint fits[] = {
        [QMP_META_STR] = 1 << CONFIG_STRING,
        [QMP_META_ENUM] = 1 << CONFIG_STRING,
        [QMP_META_INT] = 1 << CONFIG_INT, /* as QEMU: 64 bits with a sign */
        [QMP_META_NUMBER] = 1 << CONFIG_INT | 1 << CONFIG_UINT | 1 << CONFIG_DOUBLE,
        [QMP_META_BOOL] = 1 << CONFIG_BOOL,
        [QMP_META_NULL] = 1 << CONFIG_NULL,
        [QMP_META_ARRAY] = 1 << CONFIG_LIST,
        [QMP_META_OBJECT] = 1 << CONFIG_MAP,
        [QMP_META_ANY] = ~0u,
        [QMP_META_ALTERNATE] = ~0u,
    };

    return fits[type->meta] >> config_node_type(node) & 1;
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

static gboolean check_enum(const QmpType *type, const ConfigNode *node, const char *path,
                           GError **errp)
{
    const char *value = config_node_string(node);

    return g_strv_contains(type->values, value) ||
           error_set(errp, "Parameter '%s' does not accept value '%s'", path, value);
}

static gboolean check_list(const QmpType *type, const ConfigNode *node, const char *path,
                           GError **errp)
{
    for (guint i = 0; i < config_list_size(node); i++) {
        g_autofree char *at = g_strdup_printf("%s[%u]", path, i);

        if (!check(type->element, config_list_at(node, i), at, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_alternate(const QmpType *type, const ConfigNode *node,
                                const char *path, GError **errp)
{
    for (const QmpMember *m = type->members; m->name; m++) {
        if (type_fits(m->type, node)) {
            return check(m->type, node, path, errp);
        }
    }
    return wrong_type(path, meta_word(type->meta), errp);
}

static gboolean check_members(const QmpMember *m, const ConfigNode *map, const char *path,
                              GError **errp)
{
    for (; m && m->name; m++) {
        g_autofree char *at = join(path, m->name);
        const ConfigNode *value = config_map_peek(map, m->name);

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

static const QmpType *find_variant(const QmpType *type, const ConfigNode *map)
{
    const char *value = type->variants ? config_map_string(map, type->tag) : NULL;

    if (!value) {
        return NULL;
    }
    for (const QmpVariant *v = type->variants; v->value; v++) {
        if (strcmp(v->value, value) == 0) {
            return v->type;
        }
    }
    return NULL;
}

static gboolean check_object(const QmpType *type, const ConfigNode *map, const char *path,
                             GError **errp)
{
    const QmpType *variant;

    if (!check_members(type->members, map, path, errp)) {
        return FALSE;
    }
    variant = find_variant(type, map); /* the tag is a string: checked above */
    if (variant && !check_members(variant->members, map, path, errp)) {
        return FALSE;
    }
    if (type->open || (variant && variant->open)) {
        return TRUE;
    }
    for (guint i = 0; i < config_map_size(map); i++) {
        const char *name = config_map_key(map, i);

        if (!has_member(type->members, name) &&
            !(variant && has_member(variant->members, name))) {
            g_autofree char *at = join(path, name);

            return error_set(errp, "Parameter '%s' is unexpected", at);
        }
    }
    return TRUE;
}

static gboolean check(const QmpType *type, const ConfigNode *node, const char *path,
                      GError **errp)
{
    if (!type_fits(type, node)) {
        return wrong_type(path, meta_word(type->meta), errp);
    }
    switch (type->meta) {
    case QMP_META_ENUM:
        return check_enum(type, node, path, errp);
    case QMP_META_ARRAY:
        return check_list(type, node, path, errp);
    case QMP_META_ALTERNATE:
        return check_alternate(type, node, path, errp);
    case QMP_META_OBJECT:
        return check_object(type, node, path, errp);
    default:
        return TRUE;
    }
}

gboolean qmp_type_check(const QmpType *type, const ConfigNode *node, GError **errp)
{
    return check(type, node, "", errp);
}
