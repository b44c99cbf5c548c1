/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `-global`. The values are no defaults in the sense of the machine's version: a stream
 * tells them to its reader like any other value that a device was given.
 */
#include "config.h"

#include "device/global.h"

#include "device/internal.h"
#include "util/error.h"
#include "util/log.h"

typedef struct Global {
    const DeviceClass *klass;
    char *property;
    ConfigNode *value;
} Global;

static GArray *globals;

static void global_clear(gpointer global)
{
    Global *g = global;
    g_free(g->property);
    config_node_unref(g->value);
}

gboolean device_global_add(ConfigNode *node, GError **errp)
{
    const char *driver, *property, *text;
    if (!config_require_string(node, "driver", &driver, errp) ||
        !config_require_string(node, "property", &property, errp) ||
        !config_require_string(node, "value", &text, errp) ||
        !config_check_unused(node, errp)) {
        return FALSE;
    }
    const DeviceClass *klass = device_class_find(driver);
    if (!klass) { /* there will be none that it could be of */
        log_warn("global %s.%s has invalid class name", driver, property);
        return TRUE;
    }
    ConfigNode *value = config_map_get(node, "value");
    g_autoptr(Device) trial = device_new(klass);
    if (!device_set_property(trial, property, value, errp)) {
        return FALSE;
    }
    if (!globals) {
        globals = g_array_new(FALSE, FALSE, sizeof(Global));
        g_array_set_clear_func(globals, global_clear);
    }
    Global global = { klass, g_strdup(property), config_node_ref(value) };
    g_array_append_val(globals, global);
    return TRUE;
}

/* The value is right, unless a derived class has a row of that name with other limits. */
void device_global_apply(Device *dev)
{
    for (guint i = 0; globals && i < globals->len; i++) {
        const Global *g = &g_array_index(globals, Global, i);
        g_autoptr(GError) error = NULL;
        if (device_class_is_a(dev->klass, g->klass) &&
            !device_set_property(dev, g->property, g->value, &error)) {
            log_warn("-global %s.%s: %s", g->klass->name, g->property, error->message);
        }
    }
}

void device_global_cleanup(void)
{
    g_clear_pointer(&globals, g_array_unref);
}
