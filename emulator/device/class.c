/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The class table: look-up, and what -device X,help and introspection say. */
#include "config.h"

#include <string.h>

#include "device/internal.h"

const DeviceClass *device_class_find(const char *name)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];

        if (strcmp(klass->name, name) == 0 || g_strcmp0(klass->alias, name) == 0 ||
            g_strcmp0(klass->brief, name) == 0) {
            return klass;
        }
    }
    return NULL;
}

gboolean device_class_is_a(const DeviceClass *klass, const DeviceClass *parent)
{
    for (; klass; klass = klass->parent) {
        if (klass == parent) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What device_class_foreach_property() calls. */
typedef struct ClassRows {
    void (*fn)(const Property *prop, void *opaque);
    void *opaque;
} ClassRows;

static void call_with_row(const Property *prop, Device *dev, void *opaque)
{
    const ClassRows *rows = opaque;

    if (!prop->hidden) {
        rows->fn(prop, rows->opaque);
    }
}

void device_class_foreach_property(const DeviceClass *klass,
                                   void (*fn)(const Property *prop, void *opaque),
                                   void *opaque)
{
    ClassRows rows = { fn, opaque };

    device_foreach_row(klass, NULL, call_with_row, &rows);
}

static void add_property(const Property *prop, void *opaque)
{
    ConfigNode *o = config_map_new();

    config_map_set_string(o, "name", prop->name);
    config_map_set_string(o, "type", property_type_name(prop));
    if (prop->help) {
        config_map_set_string(o, "description", prop->help);
    }
    if (prop->def) {
        config_map_set(o, "default-value", property_default_value(prop));
    }
    config_list_add(opaque, o);
}

ConfigNode *device_class_list_properties(const DeviceClass *klass)
{
    ConfigNode *list = config_list_new();

    device_class_foreach_property(klass, add_property, list);
    return list;
}

static void add_help(const Property *prop, void *opaque)
{
    property_help_line(prop, prop->name, opaque);
}

char *device_class_help(const DeviceClass *klass)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s options:\n", klass->name);
    device_class_foreach_property(klass, add_help, text);
    return g_string_free(text, FALSE);
}
