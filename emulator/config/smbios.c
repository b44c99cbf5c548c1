/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -smbios: fields of a structure, or a file with one. Strings of type 11 come in any
 * number, in one option or in several; what the types have is read where they are built
 * (firmware/smbios-options.c).
 */
#include "config.h"

#include <string.h>

#include "config/internal.h"
#include "config/keyval.h"
#include "util/error.h"

/* Behind the item at p; two commas stand for one. */
static const char *item_end(const char *p)
{
    while (*p && (*p != ',' || p[1] == ',')) {
        p += *p == ',' ? 2 : 1;
    }
    return p;
}

static gboolean comes_again(const char *item)
{
    return g_str_has_prefix(item, "value=") || g_str_has_prefix(item, "path=");
}

/* The items of arg that come again into list, all others into rest. */
static void split(const char *arg, GPtrArray *list, GString *rest)
{
    for (const char *p = arg; *p;) {
        const char *end = item_end(p);
        if (comes_again(p)) {
            g_ptr_array_add(list, g_strndup(p, (gsize)(end - p)));
        } else {
            g_string_append_printf(rest, "%s%.*s", rest->len ? "," : "", (int)(end - p),
                                   p);
        }
        p = *end ? end + 1 : end;
    }
}

/* As QEMU: 1, 0x1. Others are left as they are: whoever reads them refuses them. */
static void plain_type(ConfigNode *map)
{
    const char *text = config_map_string(map, "type");
    char *end = NULL;
    if (text && g_ascii_isdigit(*text)) {
        guint64 type = g_ascii_strtoull(text, &end, 0);
        if (!*end && type <= G_MAXINT) {
            g_autofree char *plain = g_strdup_printf("%d", (int)type);
            config_map_set_string(map, "type", plain);
        }
    }
}

static gboolean take_uuid(ConfigNode *tree, const ConfigNode *map, GError **errp)
{
    const char *type = config_map_string(map, "type");
    const char *uuid = config_map_string(map, "uuid");
    if (g_strcmp0(type, "1") != 0 || !uuid) {
        return TRUE;
    }
    if (!g_uuid_string_is_valid(uuid)) {
        return error_set(errp, "Invalid UUID");
    }
    config_map_set_string(tree, "uuid", uuid);
    return TRUE;
}

/* item: one that comes again, or NULL. */
static gboolean add_map(ConfigNode *tree, const char *rest, const char *item,
                        const char *origin, GError **errp)
{
    g_autoptr(ConfigNode) map = keyval_parse(rest, NULL, errp);
    if (!map || (item && !keyval_parse_into(map, item, NULL, errp))) {
        return FALSE;
    }
    plain_type(map);
    if (!take_uuid(tree, map, errp)) {
        return FALSE;
    }
    config_node_set_origin(map, origin);
    config_list_add(config_tree_list(tree, "smbios"), g_steal_pointer(&map));
    return TRUE;
}

gboolean config_add_smbios(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) rest = g_string_new(NULL);
    g_autofree char *origin = g_strdup_printf("-smbios %s", arg);
    split(arg, list, rest);
    for (guint i = 0; i < list->len; i++) {
        if (!add_map(tree, rest->str, list->pdata[i], origin, errp)) {
            return FALSE;
        }
    }
    return list->len || add_map(tree, rest->str, NULL, origin, errp);
}
