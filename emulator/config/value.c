/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed values of configuration nodes: "on" and true, "64M" and 67108864. */
#include "config.h"

#include "config/node.h"

#include <string.h>

#include "util/error.h"

static const char *const type_names[] = {
    [CONFIG_NULL] = "null",       [CONFIG_BOOL] = "a boolean",
    [CONFIG_INT] = "a number",    [CONFIG_UINT] = "a number",
    [CONFIG_DOUBLE] = "a number", [CONFIG_STRING] = "a string",
    [CONFIG_LIST] = "a list",     [CONFIG_MAP] = "an object",
};

char *config_node_describe(const ConfigNode *node)
{
    switch (config_node_type(node)) {
    case CONFIG_NULL:
        return g_strdup("null");
    case CONFIG_BOOL:
        return g_strdup(config_node_bool(node) ? "true" : "false");
    case CONFIG_INT:
        return g_strdup_printf("%" G_GINT64_FORMAT, config_node_int(node));
    case CONFIG_UINT:
        return g_strdup_printf("%" G_GUINT64_FORMAT, config_node_uint(node));
    case CONFIG_DOUBLE:
        return g_strdup_printf("%g", config_node_double(node));
    case CONFIG_STRING:
        return g_strdup(config_node_string(node));
    case CONFIG_LIST:
        return g_strdup("[...]");
    case CONFIG_MAP:
        return g_strdup("{...}");
    }
    return NULL;
}

static gboolean bad_value(const ConfigNode *node, const char *name, const char *expected,
                          GError **errp)
{
    g_autofree char *value = config_node_describe(node);

    return error_set(errp, "Parameter '%s' expects %s, not '%s'", name, expected, value);
}

gboolean config_node_to_bool(const ConfigNode *node, const char *name, gboolean *out,
                             GError **errp)
{
    static const char *const on[] = { "on", "yes", "true", "y", NULL };
    static const char *const off[] = { "off", "no", "false", "n", NULL };

    if (config_node_type(node) == CONFIG_BOOL) {
        *out = config_node_bool(node);
        return TRUE;
    }
    if (config_node_type(node) == CONFIG_STRING) {
        if (g_strv_contains(on, config_node_string(node))) {
            *out = TRUE;
            return TRUE;
        }
        if (g_strv_contains(off, config_node_string(node))) {
            *out = FALSE;
            return TRUE;
        }
    }
    return bad_value(node, name, "'on' or 'off'", errp);
}

/* Digits in base 10 or, with 0x, 16; *end at the first other character. */
static gboolean parse_digits(const char *s, guint64 *out, const char **end)
{
    gboolean hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    guint64 value = 0;
    const char *p = hex ? s + 2 : s;
    const char *first = p;

    for (; hex ? g_ascii_isxdigit(*p) : g_ascii_isdigit(*p); p++) {
        if (__builtin_mul_overflow(value, hex ? 16u : 10u, &value) ||
            __builtin_add_overflow(value, (guint64)g_ascii_xdigit_value(*p), &value)) {
            return FALSE;
        }
    }
    *out = value;
    *end = p;
    return p != first;
}

/* Of a typed node. */
static gboolean node_unsigned(const ConfigNode *node, guint64 *out)
{
    if (config_node_type(node) == CONFIG_INT && config_node_int(node) >= 0) {
        *out = config_node_int(node);
        return TRUE;
    }
    if (config_node_type(node) == CONFIG_UINT) {
        *out = config_node_uint(node);
        return TRUE;
    }
    return FALSE;
}

gboolean config_node_to_uint(const ConfigNode *node, const char *name, guint64 min,
                             guint64 max, guint64 *out, GError **errp)
{
    guint64 value = 0;
    const char *end;

    if (!node_unsigned(node, &value) &&
        (config_node_type(node) != CONFIG_STRING ||
         !parse_digits(config_node_string(node), &value, &end) || *end)) {
        return bad_value(node, name, "a number", errp);
    }
    if (value < min || value > max) {
        return error_set(errp,
                         "Parameter '%s' expects a number from %" G_GUINT64_FORMAT
                         " to %" G_GUINT64_FORMAT ", not '%" G_GUINT64_FORMAT "'",
                         name, min, max, value);
    }
    *out = value;
    return TRUE;
}

/* Sign and amount, of either form. */
static gboolean node_signed(const ConfigNode *node, gboolean *negative, guint64 *amount)
{
    const char *text, *end;

    if (config_node_type(node) == CONFIG_INT) {
        gint64 value = config_node_int(node);

        *negative = value < 0;
        *amount = *negative ? -(guint64)value : (guint64)value;
        return TRUE;
    }
    if (config_node_type(node) != CONFIG_STRING) {
        return FALSE;
    }
    text = config_node_string(node);
    *negative = *text == '-';
    return parse_digits(text + *negative, amount, &end) && !*end;
}

gboolean config_node_to_int(const ConfigNode *node, const char *name, gint64 min,
                            gint64 max, gint64 *out, GError **errp)
{
    gboolean negative;
    guint64 amount;

    if (!node_signed(node, &negative, &amount)) {
        return bad_value(node, name, "a number", errp);
    }
    if (amount > (negative ? -(guint64)min : (guint64)max)) {
        g_autofree char *text = config_node_describe(node);

        return error_set(errp,
                         "Parameter '%s' expects a number from %" G_GINT64_FORMAT
                         " to %" G_GINT64_FORMAT ", not '%s'",
                         name, min, max, text);
    }
    *out = (gint64)(negative ? -amount : amount);
    return TRUE;
}

/* The power of two that a suffix stands for; -1: no such suffix. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "bkmgtpe";
    const char *at;

    if (!*suffix) {
        return 0;
    }
    at = strchr(letters, g_ascii_tolower(*suffix));
    if (!at || suffix[1]) {
        return -1;
    }
    return (at - letters) * 10;
}

gboolean config_node_to_size(const ConfigNode *node, const char *name, guint64 *out,
                             GError **errp)
{
    guint64 value;
    const char *end;
    int shift;

    if (node_unsigned(node, out)) {
        return TRUE;
    }
    if (config_node_type(node) == CONFIG_STRING &&
        parse_digits(config_node_string(node), &value, &end)) {
        shift = suffix_shift(end);
        if (shift >= 0 && value <= G_MAXUINT64 >> shift) {
            *out = value << shift;
            return TRUE;
        }
    }
    return bad_value(node, name, "a size in bytes (suffixes k, M, G, T, P, E)", errp);
}

gboolean config_node_to_string(const ConfigNode *node, const char *name, const char **out,
                               GError **errp)
{
    if (config_node_type(node) != CONFIG_STRING) {
        return bad_value(node, name, "a string", errp);
    }
    *out = config_node_string(node);
    return TRUE;
}

gboolean config_get_bool(ConfigNode *map, const char *key, gboolean def, gboolean *out,
                         GError **errp)
{
    ConfigNode *node = config_map_get(map, key);

    *out = def;
    return !node || config_node_to_bool(node, key, out, errp);
}

gboolean config_get_uint(ConfigNode *map, const char *key, guint64 def, guint64 min,
                         guint64 max, guint64 *out, GError **errp)
{
    ConfigNode *node = config_map_get(map, key);

    *out = def;
    return !node || config_node_to_uint(node, key, min, max, out, errp);
}

gboolean config_get_size(ConfigNode *map, const char *key, guint64 def, guint64 *out,
                         GError **errp)
{
    ConfigNode *node = config_map_get(map, key);

    *out = def;
    return !node || config_node_to_size(node, key, out, errp);
}

gboolean config_get_string(ConfigNode *map, const char *key, const char *def,
                           const char **out, GError **errp)
{
    ConfigNode *node = config_map_get(map, key);

    *out = def;
    return !node || config_node_to_string(node, key, out, errp);
}

gboolean config_require_string(ConfigNode *map, const char *key, const char **out,
                               GError **errp)
{
    if (!config_get_string(map, key, NULL, out, errp)) {
        return FALSE;
    }
    if (!*out) {
        return error_set(errp, "Parameter '%s' is missing", key);
    }
    return TRUE;
}

gboolean config_get_node(ConfigNode *map, const char *key, ConfigType type,
                         ConfigNode **out, GError **errp)
{
    *out = config_map_get(map, key);
    if (*out && config_node_type(*out) != type) {
        bad_value(*out, key, type_names[type], errp);
        *out = NULL;
        return FALSE;
    }
    return TRUE;
}

gboolean config_check_id(const char *key, const char *id, gsize max, GError **errp)
{
    const char *p = id;

    if (g_ascii_isalpha(*p)) {
        while (g_ascii_isalnum(*p) || (*p && strchr("-._", *p))) {
            p++;
        }
    }
    if (!*id || *p || (gsize)(p - id) > max) {
        g_autofree char *text = error_printable(id, strlen(id));

        return error_set(errp,
                         "Parameter '%s' expects an identifier (a letter, then letters, "
                         "digits, '-', '.', '_', at most %zu in all), not '%s'",
                         key, max, text);
    }
    return TRUE;
}
