/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that a user names: -device and device_add. */
#include "config.h"

#include "device/internal.h"
#include "util/error.h"

/* The bus that bus= names, or a free one of the class's type. */
static Bus *choose_bus(const DeviceClass *klass, ConfigNode *node, GError **errp)
{
    const char *name;
    Bus *bus;

    if (!config_get_string(node, "bus", NULL, &name, errp)) {
        return NULL;
    }
    if (name) {
        bus = bus_find(name);
        if (!bus) {
            error_set(errp, "Bus '%s' not found", name);
        }
        return bus;
    }
    return bus_find_free(klass, node, errp);
}

static const DeviceClass *choose_class(ConfigNode *node, gboolean hotplugged,
                                       GError **errp)
{
    const DeviceClass *klass;
    const char *driver;

    if (!config_get_string(node, "driver", NULL, &driver, errp)) {
        return NULL;
    }
    if (!driver) {
        error_set(errp, "Parameter 'driver' is missing");
        return NULL;
    }
    klass = device_class_find(driver);
    if (!klass) {
        error_set(errp, "'%s' is not a valid device model name", driver);
        return NULL;
    }
    if (klass->abstract) {
        error_set(errp, "Parameter 'driver' expects a non-abstract device type, not '%s'",
                  driver);
        return NULL;
    }
    if (!klass->user_creatable) {
        error_set(errp, "Parameter 'driver' expects a pluggable device type, not '%s'",
                  driver);
        return NULL;
    }
    if (hotplugged && !klass->hotpluggable) {
        error_set(errp, "Device '%s' does not support hotplugging", klass->name);
        return NULL;
    }
    return klass;
}

static gboolean check_id(const char *id, GError **errp)
{
    if (!config_check_id("id", id, CONFIG_ID_MAX, errp)) {
        return FALSE;
    }
    if (device_find(id) || device_id_changes(id)) {
        return error_set(errp, "Duplicate device ID '%s'", id);
    }
    return TRUE;
}

gboolean device_choose_bus(const DeviceClass *klass, ConfigNode *node,
                           gboolean hotplugged, Bus **bus, GError **errp)
{
    *bus = CLASS_WITH(klass, bus) ? choose_bus(klass, node, errp) : NULL;
    return !CLASS_WITH(klass, bus) ||
           (*bus && device_check_bus(klass, *bus, hotplugged, errp));
}

Device *device_from_config(ConfigNode *node, gboolean hotplugged, Bus **bus,
                           GError **errp)
{
    const DeviceClass *klass = choose_class(node, hotplugged, errp);
    g_autoptr(Device) dev = NULL;
    const char *id;

    if (!klass || !config_get_string(node, "id", NULL, &id, errp) ||
        (id && !check_id(id, errp)) ||
        !device_choose_bus(klass, node, hotplugged, bus, errp)) {
        return NULL;
    }
    dev = device_new(klass);
    dev->id = g_strdup(id);
    dev->hotplugged = hotplugged;
    return device_set_properties(dev, node, errp) ? g_steal_pointer(&dev) : NULL;
}

Device *device_add_from_config(ConfigNode *node, gboolean hotplugged, GError **errp)
{
    Bus *bus;
    g_autoptr(Device) dev = device_from_config(node, hotplugged, &bus, errp);

    /* borrowed: the tree keeps it */
    return dev && device_realize_users(dev, bus, errp) ? dev : NULL;
}
