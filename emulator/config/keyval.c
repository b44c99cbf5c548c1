/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/keyval.h"

#include <string.h>

#include "util/error.h"

#define KEY_MAX_DEPTH 16

/* Reads up to a single ',' (two stand for one); returns what follows it. */
static const char *read_value(const char *p, GString *out)
{
    for (; *p; p++) {
        if (*p == ',') {
            if (p[1] != ',') {
                return p + 1;
            }
            p++;
        }
        g_string_append_c(out, *p);
    }
    return p;
}

static gboolean key_error(const char *key, const char *what, GError **errp)
{
    return error_set(errp, "%s '%s'", what, key);
}

/* Puts value under the dotted key; takes over the reference to value. */
static gboolean set_nested(ConfigNode *map, const char *key, ConfigNode *take,
                           GError **errp)
{
    g_autoptr(ConfigNode) value = take;
    g_auto(GStrv) parts = g_strsplit(key, ".", KEY_MAX_DEPTH + 1);
    guint n = g_strv_length(parts);
    ConfigNode *next;

    if (n == 0 || n > KEY_MAX_DEPTH) {
        return key_error(key, "Invalid parameter", errp);
    }
    for (guint i = 0; i < n; i++) {
        if (!*parts[i]) {
            return key_error(key, "Invalid parameter", errp);
        }
        next = config_map_peek(map, parts[i]);
        if (i + 1 == n) {
            break;
        }
        if (!next) {
            next = config_map_new();
            config_map_set(map, parts[i], next);
        } else if (config_node_type(next) != CONFIG_MAP) {
            return key_error(parts[i], "Both a value and nested keys for parameter",
                             errp);
        }
        map = next;
    }
    if (next && config_node_type(next) == CONFIG_MAP) {
        return key_error(key, "Both a value and nested keys for parameter", errp);
    }
    config_map_set(map, parts[n - 1], g_steal_pointer(&value));
    return TRUE;
}

/* What a key names that may come several times: the texts in their order. */
static gboolean add_again(ConfigNode *map, const char *key, const char *text,
                          GError **errp)
{
    ConfigNode *list = config_map_peek(map, key);

    if (!list) {
        list = config_list_new();
        config_map_set(map, key, list);
    } else if (config_node_type(list) != CONFIG_LIST) {
        return key_error(key, "Both a value and nested keys for parameter", errp);
    }
    config_list_add_string(list, text);
    return TRUE;
}

typedef enum Grammar { NESTED, FLAT } Grammar;

/* One item; *text moves behind it. again: keys that may come several times, or NULL. */
static gboolean parse_item(ConfigNode *map, const char **text, const char *implied,
                           Grammar grammar, const char *const *again, GError **errp)
{
    size_t len = strcspn(*text, "=,");
    g_autoptr(GString) value = g_string_new(NULL);
    g_autofree char *key = NULL;

    if ((*text)[len] == '=') {
        key = g_strndup(*text, len);
        *text = read_value(*text + len + 1, value);
    } else if (implied) {
        key = g_strdup(implied);
        *text = read_value(*text, value);
    } else {
        g_autofree char *word = g_strndup(*text, len);

        *text += len + ((*text)[len] == ',');
        if (g_str_has_prefix(word, "no") && word[2]) {
            key = g_strdup(word + 2);
            g_string_assign(value, "off");
        } else {
            key = g_steal_pointer(&word);
            g_string_assign(value, "on");
        }
    }
    if (again && g_strv_contains(again, key)) {
        return add_again(map, key, value->str, errp);
    }
    if (grammar == FLAT) {
        config_map_set(map, key, config_string_new(value->str));
        return TRUE;
    }
    return set_nested(map, key, config_string_new(value->str), errp);
}

/* The list that a map with the keys 0..n-1 stands for, else NULL. */
static ConfigNode *map_to_list(ConfigNode *map)
{
    guint n = config_map_size(map);
    ConfigNode *list;

    for (guint i = 0; i < n; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);

        if (!config_map_has(map, key)) {
            return NULL;
        }
    }
    if (n == 0) {
        return NULL;
    }
    list = config_list_new();
    for (guint i = 0; i < n; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);

        config_list_add(list, config_node_ref(config_map_peek(map, key)));
    }
    return list;
}

/* Replaces nested maps that stand for lists; depth is bounded by set_nested(). */
static void convert_lists(ConfigNode *map)
{
    for (guint i = 0; i < config_map_size(map); i++) {
        ConfigNode *value = config_map_value(map, i);
        ConfigNode *list;

        if (config_node_type(value) != CONFIG_MAP) {
            continue;
        }
        convert_lists(value);
        list = map_to_list(value);
        if (list) {
            config_map_set(map, config_map_key(map, i), list);
        }
    }
}

static gboolean parse_nested(ConfigNode *map, const char *text, const char *implied,
                             const char *const *again, GError **errp)
{
    while (*text) {
        if (!parse_item(map, &text, implied, NESTED, again, errp)) {
            return FALSE;
        }
        implied = NULL;
    }
    convert_lists(map);
    return TRUE;
}

gboolean keyval_parse_into(ConfigNode *map, const char *text, const char *implied,
                           GError **errp)
{
    return parse_nested(map, text, implied, NULL, errp);
}

gboolean keyval_parse_flat_into(ConfigNode *map, const char *text, const char *implied,
                                GError **errp)
{
    while (*text) {
        if (!parse_item(map, &text, implied, FLAT, NULL, errp)) {
            return FALSE;
        }
        implied = NULL;
    }
    return TRUE;
}

ConfigNode *keyval_parse(const char *text, const char *implied, GError **errp)
{
    return keyval_parse_again(text, implied, NULL, errp);
}

ConfigNode *keyval_parse_again(const char *text, const char *implied,
                               const char *const *again, GError **errp)
{
    g_autoptr(ConfigNode) map = config_map_new();

    if (!parse_nested(map, text, implied, again, errp)) {
        return NULL;
    }
    return g_steal_pointer(&map);
}
