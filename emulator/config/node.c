/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration tree: counted nodes, maps in order of insertion.
 *
 * A map is an array of entries: the maps of a configuration have a handful of
 * keys, and a reader looks each of them up once.
 */
#include "config.h"

#include "config/node.h"

#include <string.h>

#include "util/error.h"

typedef struct Entry {
    char *key;
    ConfigNode *value;
    gboolean used;
} Entry;

struct ConfigNode {
    ConfigType type;
    gint refs;
    char *origin;
    union {
        gboolean b;
        gint64 i;
        guint64 u;
        double d;
        char *s;
        GPtrArray *list; /* of ConfigNode */
        GArray *map;     /* of Entry */
    } u;
};

static ConfigNode *node_new(ConfigType type)
{
    ConfigNode *node = g_new0(ConfigNode, 1);

    node->type = type;
    node->refs = 1;
    return node;
}

static void entry_clear(gpointer data)
{
    Entry *entry = data;

    g_free(entry->key);
    config_node_unref(entry->value);
}

ConfigNode *config_map_new(void)
{
    ConfigNode *node = node_new(CONFIG_MAP);

    node->u.map = g_array_new(FALSE, FALSE, sizeof(Entry));
    g_array_set_clear_func(node->u.map, entry_clear);
    return node;
}

ConfigNode *config_list_new(void)
{
    ConfigNode *node = node_new(CONFIG_LIST);

    node->u.list = g_ptr_array_new_with_free_func((GDestroyNotify)config_node_unref);
    return node;
}

ConfigNode *config_string_new(const char *value)
{
    ConfigNode *node = node_new(CONFIG_STRING);

    node->u.s = g_strdup(value);
    return node;
}

ConfigNode *config_int_new(gint64 value)
{
    ConfigNode *node = node_new(CONFIG_INT);

    node->u.i = value;
    return node;
}

ConfigNode *config_uint_new(guint64 value)
{
    ConfigNode *node;

    if (value <= G_MAXINT64) {
        return config_int_new((gint64)value);
    }
    node = node_new(CONFIG_UINT);
    node->u.u = value;
    return node;
}

ConfigNode *config_double_new(double value)
{
    ConfigNode *node = node_new(CONFIG_DOUBLE);

    node->u.d = value;
    return node;
}

ConfigNode *config_bool_new(gboolean value)
{
    ConfigNode *node = node_new(CONFIG_BOOL);

    node->u.b = value;
    return node;
}

ConfigNode *config_null_new(void)
{
    return node_new(CONFIG_NULL);
}

ConfigNode *config_node_ref(ConfigNode *node)
{
    g_atomic_int_inc(&node->refs);
    return node;
}

void config_node_unref(ConfigNode *node)
{
    if (!node || !g_atomic_int_dec_and_test(&node->refs)) {
        return;
    }
    if (node->type == CONFIG_STRING) {
        g_free(node->u.s);
    } else if (node->type == CONFIG_LIST) {
        g_ptr_array_unref(node->u.list);
    } else if (node->type == CONFIG_MAP) {
        g_array_unref(node->u.map);
    }
    g_free(node->origin);
    g_free(node);
}

ConfigType config_node_type(const ConfigNode *node)
{
    return node->type;
}

const char *config_node_string(const ConfigNode *node)
{
    g_assert(node->type == CONFIG_STRING);
    return node->u.s;
}

gint64 config_node_int(const ConfigNode *node)
{
    g_assert(node->type == CONFIG_INT);
    return node->u.i;
}

guint64 config_node_uint(const ConfigNode *node)
{
    g_assert(node->type == CONFIG_UINT);
    return node->u.u;
}

double config_node_double(const ConfigNode *node)
{
    g_assert(node->type == CONFIG_DOUBLE);
    return node->u.d;
}

gboolean config_node_bool(const ConfigNode *node)
{
    g_assert(node->type == CONFIG_BOOL);
    return node->u.b;
}

void config_node_set_origin(ConfigNode *node, const char *origin)
{
    g_free(node->origin);
    node->origin = g_strdup(origin);
}

const char *config_node_origin(const ConfigNode *node)
{
    return node->origin;
}

void config_prefix_origin(const ConfigNode *node, const char *option, GError **errp)
{
    g_prefix_error(errp, "%s: ", node->origin ? node->origin : option);
}

static Entry *map_find(const ConfigNode *map, const char *key)
{
    g_assert(map->type == CONFIG_MAP);
    for (guint i = 0; i < map->u.map->len; i++) {
        Entry *entry = &g_array_index(map->u.map, Entry, i);

        if (strcmp(entry->key, key) == 0) {
            return entry;
        }
    }
    return NULL;
}

void config_map_append(ConfigNode *map, const char *key, ConfigNode *value)
{
    Entry entry = { .key = g_strdup(key), .value = value };

    g_assert(map->type == CONFIG_MAP);
    g_array_append_val(map->u.map, entry);
}

void config_map_set(ConfigNode *map, const char *key, ConfigNode *value)
{
    Entry *entry = map_find(map, key);

    if (entry) {
        config_node_unref(entry->value);
        entry->value = value;
        return;
    }
    config_map_append(map, key, value);
}

gboolean config_map_has(const ConfigNode *map, const char *key)
{
    return map_find(map, key) != NULL;
}

guint config_map_size(const ConfigNode *map)
{
    g_assert(map->type == CONFIG_MAP);
    return map->u.map->len;
}

const char *config_map_key(const ConfigNode *map, guint i)
{
    g_assert(map->type == CONFIG_MAP && i < map->u.map->len);
    return g_array_index(map->u.map, Entry, i).key;
}

ConfigNode *config_map_value(const ConfigNode *map, guint i)
{
    g_assert(map->type == CONFIG_MAP && i < map->u.map->len);
    return g_array_index(map->u.map, Entry, i).value;
}

ConfigNode *config_map_get(ConfigNode *map, const char *key)
{
    Entry *entry = map_find(map, key);

    if (!entry) {
        return NULL;
    }
    entry->used = TRUE;
    return entry->value;
}

ConfigNode *config_map_peek(const ConfigNode *map, const char *key)
{
    Entry *entry = map_find(map, key);

    return entry ? entry->value : NULL;
}

void config_map_remove(ConfigNode *map, const char *key)
{
    Entry *entry = map_find(map, key);

    if (entry) {
        g_array_remove_index(map->u.map, entry - (Entry *)(void *)map->u.map->data);
    }
}

void config_list_add(ConfigNode *list, ConfigNode *value)
{
    g_assert(list->type == CONFIG_LIST);
    g_ptr_array_add(list->u.list, value);
}

guint config_list_size(const ConfigNode *list)
{
    g_assert(list->type == CONFIG_LIST);
    return list->u.list->len;
}

ConfigNode *config_list_at(const ConfigNode *list, guint i)
{
    g_assert(list->type == CONFIG_LIST && i < list->u.list->len);
    return g_ptr_array_index(list->u.list, i);
}

gboolean config_check_unused(const ConfigNode *map, GError **errp)
{
    g_assert(map->type == CONFIG_MAP);
    for (guint i = 0; i < map->u.map->len; i++) {
        const Entry *entry = &g_array_index(map->u.map, Entry, i);

        if (!entry->used) {
            return error_set(errp, "Invalid parameter '%s'", entry->key);
        }
    }
    return TRUE;
}
