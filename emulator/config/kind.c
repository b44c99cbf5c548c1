/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds by their tables: which type, its rows, its help. */
#include "config.h"

#include <string.h>

#include "config/kind.h"
#include "util/error.h"

const Property kind_id_rows[] = {
    { "id", PROP_ID, 0, .max = CONFIG_ID_MAX, .required = TRUE, .help = "Its name" },
    { NULL },
};

const KindType *kind_find(const Kind *kind, const char *name)
{
    const KindType *type;

    for (guint i = 0; (type = kind->at(i)); i++) {
        if (strcmp(type->name, name) == 0) {
            return type;
        }
    }
    return NULL;
}

static gboolean unknown(const Kind *kind, const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const KindType *type;

    for (guint i = 0; (type = kind->at(i)); i++) {
        g_ptr_array_add(names, (void *)type->name);
    }
    g_ptr_array_add(names, NULL);
    return property_bad_value(kind->tag, name, (const char *const *)names->pdata, errp);
}

const KindType *kind_type(const Kind *kind, ConfigNode *node, GError **errp)
{
    const KindType *type;
    const char *name;

    if (!config_require_string(node, kind->tag, &name, errp)) {
        return NULL;
    }
    type = kind_find(kind, name);
    if (!type) {
        unknown(kind, name, errp);
    }
    return type;
}

gboolean kind_read(const Kind *kind, const KindType *type, ConfigNode *node, void *common,
                   void *own, GError **errp)
{
    properties_set_defaults(kind->common, common);
    properties_set_defaults(type->rows, own);
    if (!properties_read(kind->common, "", type->name, node, common, errp) ||
        !properties_read(type->rows, "", type->name, node, own, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < config_map_size(node); i++) {
        const char *key = config_map_key(node, i);

        if (strcmp(key, kind->tag) != 0 && !properties_find(kind->common, key) &&
            !properties_find(type->rows, key)) {
            return error_set(errp, "Invalid parameter '%s'", key);
        }
    }
    return TRUE;
}

static void add_line(const Property *prop, const char *name, void *opaque)
{
    property_help_line(prop, name, opaque);
}

char *kind_help(const Kind *kind, const char *name, GError **errp)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const KindType *type = name ? kind_find(kind, name) : NULL;

    if (name && !type) {
        unknown(kind, name, errp);
        return NULL;
    }
    if (type) {
        g_string_append_printf(text, "%s options:\n", name);
        properties_foreach(kind->common, add_line, text);
        properties_foreach(type->rows, add_line, text);
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    if (kind->heading) {
        g_string_append_printf(text, "%s:\n", kind->heading);
    } else {
        g_string_append_printf(text, "Types of -%s:\n", kind->option);
    }
    for (guint i = 0; (type = kind->at(i)); i++) {
        g_string_append_printf(text, "  %-22s %s\n", type->name, type->help);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
