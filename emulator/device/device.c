/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices: instances, their life, and the registry that knows them all in order
 * of creation. Unplug and reset are in lifecycle.c.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"
#include "util/error.h"

/* All realized devices, a reference each. */
static GPtrArray *registry;

/*
 * Devices without an id are numbered in each container. The stream names them so: a
 * number is used up only by what has become a device.
 */
typedef struct Container {
    const char *path;
    guint next;
} Container;

static Container unattached = { "/machine/unattached" };
static Container peripheral_anon = { "/machine/peripheral-anon" };

GPtrArray *device_registry(void)
{
    if (!registry) {
        registry = g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
    }
    return registry;
}

void device_registry_free(void)
{
    g_clear_pointer(&registry, g_ptr_array_unref);
    unattached.next = peripheral_anon.next = 0;
}

static void set_defaults(const DeviceClass *klass, Device *dev)
{
    if (klass->parent) {
        set_defaults(klass->parent, dev);
    }
    for (const Property *p = klass->properties; p && p->name; p++) {
        property_set_default(p, device_class_default(dev->klass, p), dev);
    }
}

Device *device_new(const DeviceClass *klass)
{
    Device *dev = g_malloc0(klass->instance_size);
    const DeviceClass *with = CLASS_WITH(klass, init);

    g_assert(klass->instance_size >= sizeof(Device));
    dev->klass = klass;
    dev->refs = 1;
    set_defaults(klass, dev);
    if (with) {
        with->init(dev);
    }
    device_global_apply(dev);
    return dev;
}

Device *device_ref(Device *dev)
{
    dev->refs++;
    return dev;
}

void device_unref(Device *dev)
{
    const DeviceClass *with;

    if (!dev || --dev->refs) {
        return;
    }
    g_assert(!dev->realized);
    with = CLASS_WITH(dev->klass, finalize);
    if (with) {
        with->finalize(dev);
    }
    for (const DeviceClass *klass = dev->klass; klass; klass = klass->parent) {
        properties_clear(klass->properties, dev);
    }
    g_free(dev->id);
    g_free(dev->path);
    g_free(dev);
}

static const Property *find_property(const DeviceClass *klass, const char *name)
{
    for (; klass; klass = klass->parent) {
        const Property *prop = properties_find(klass->properties, name);

        if (prop) {
            return prop;
        }
    }
    return NULL;
}

gboolean device_set_property(Device *dev, const char *name, ConfigNode *value,
                             GError **errp)
{
    const Property *prop = find_property(dev->klass, name);

    g_assert(!dev->realized);
    if (!prop) {
        return error_set(errp, "Property '%s.%s' not found", dev->klass->name, name);
    }
    return property_set(prop, dev->klass->name, dev, value, errp);
}

gboolean device_set_properties(Device *dev, ConfigNode *node, GError **errp)
{
    static const char *const not_properties[] = { "driver", "id", "bus", NULL };

    for (guint i = 0; i < config_map_size(node); i++) {
        const char *key = config_map_key(node, i);
        ConfigNode *value = config_map_get(node, key);

        if (!g_strv_contains(not_properties, key) &&
            !device_set_property(dev, key, value, errp)) {
            return FALSE;
        }
    }
    for (const DeviceClass *klass = dev->klass; klass; klass = klass->parent) {
        for (const Property *p = klass->properties; p && p->name; p++) {
            if (p->required && !config_map_has(node, p->name)) {
                return error_set(errp, "Parameter '%s' is missing (device '%s' needs it)",
                                 p->name, dev->klass->name);
            }
        }
    }
    return TRUE;
}

static gboolean check_bus(const DeviceClass *klass, const Bus *bus, GError **errp)
{
    const DeviceClass *with = CLASS_WITH(klass, bus);

    if (!bus) {
        return TRUE;
    }
    if (!with || strcmp(with->bus, bus->klass->type) != 0) {
        return error_set(errp, "Device '%s' can't go on %s bus '%s'", klass->name,
                         bus->klass->type, bus->name);
    }
    if (bus_full(bus)) {
        return error_set(errp, "Bus '%s' is full", bus->name);
    }
    return TRUE;
}

void device_set_name(Device *dev, const char *name)
{
    g_free(dev->path);
    dev->path = g_strdup_printf("/machine/%s", name);
}

static gboolean realize_on(Device *dev, Bus *bus, GError **errp)
{
    const DeviceClass *realize = CLASS_WITH(dev->klass, realize);
    const DeviceClass *unrealize = CLASS_WITH(dev->klass, unrealize);
    const DeviceClass *reset = CLASS_WITH(dev->klass, reset);

    g_assert(!dev->realized);
    if (!check_bus(dev->klass, bus, errp)) {
        return FALSE;
    }
    dev->bus = bus;
    if (realize && !realize->realize(dev, errp)) {
        dev->bus = NULL;
        return FALSE;
    }
    if (bus && bus->klass->plug && !bus->klass->plug(bus, dev, errp)) {
        if (unrealize) {
            unrealize->unrealize(dev);
        }
        dev->bus = NULL;
        return FALSE;
    }
    if (bus) {
        g_ptr_array_add(bus->devices, dev);
    }
    dev->realized = TRUE;
    dev->ready = TRUE;
    g_ptr_array_add(device_registry(), device_ref(dev));
    if (reset) {
        reset->reset(dev);
    }
    return TRUE;
}

/* With the name that it gets in this container, unless it has one already. */
static gboolean realize_in(Container *container, Device *dev, Bus *bus, GError **errp)
{
    gboolean numbered = !dev->path && !dev->id;

    if (numbered) {
        dev->path = g_strdup_printf("%s/device[%u]", container->path, container->next);
    } else if (!dev->path) {
        dev->path = g_strdup_printf("/machine/peripheral/%s", dev->id);
    }
    if (!realize_on(dev, bus, errp)) {
        if (numbered) {
            g_clear_pointer(&dev->path, g_free);
        }
        return FALSE;
    }
    container->next += numbered ? 1 : 0;
    return TRUE;
}

gboolean device_realize(Device *dev, Bus *bus, GError **errp)
{
    return realize_in(&unattached, dev, bus, errp);
}

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

gboolean device_choose_bus(const DeviceClass *klass, ConfigNode *node, Bus **bus,
                           GError **errp)
{
    *bus = CLASS_WITH(klass, bus) ? choose_bus(klass, node, errp) : NULL;
    return !CLASS_WITH(klass, bus) || (*bus && check_bus(klass, *bus, errp));
}

Device *device_from_config(ConfigNode *node, gboolean hotplugged, Bus **bus,
                           GError **errp)
{
    const DeviceClass *klass = choose_class(node, hotplugged, errp);
    g_autoptr(Device) dev = NULL;
    const char *id;

    if (!klass || !config_get_string(node, "id", NULL, &id, errp) ||
        (id && !check_id(id, errp)) || !device_choose_bus(klass, node, bus, errp)) {
        return NULL;
    }
    dev = device_new(klass);
    dev->id = g_strdup(id);
    dev->hotplugged = hotplugged;
    return device_set_properties(dev, node, errp) ? g_steal_pointer(&dev) : NULL;
}

gboolean device_realize_users(Device *dev, Bus *bus, GError **errp)
{
    return realize_in(&peripheral_anon, dev, bus, errp);
}

Device *device_add_from_config(ConfigNode *node, gboolean hotplugged, GError **errp)
{
    Bus *bus;
    g_autoptr(Device) dev = device_from_config(node, hotplugged, &bus, errp);

    /* borrowed: the registry keeps it */
    return dev && device_realize_users(dev, bus, errp) ? dev : NULL;
}

Device *device_find(const char *id)
{
    for (guint i = 0; registry && i < registry->len; i++) {
        Device *dev = registry->pdata[i];

        if (g_strcmp0(dev->id, id) == 0) {
            return dev;
        }
    }
    return NULL;
}

void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque)
{
    for (guint i = 0; registry && i < registry->len; i++) {
        fn(registry->pdata[i], opaque);
    }
}
