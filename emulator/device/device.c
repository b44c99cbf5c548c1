/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: instances with their parts, and the properties of the whole. */
#include "config.h"

#include "device/internal.h"
#include "util/error.h"

static void set_defaults(const DeviceClass *klass, Device *dev)
{
    if (klass->parent) {
        set_defaults(klass->parent, dev);
    }
    for (const Property *p = klass->properties; p && p->name; p++) {
        property_set_default(p, device_class_default(dev->klass, p), dev);
    }
}

static void make_parts(const DeviceClass *klass, Device *dev)
{
    if (klass->parent) {
        make_parts(klass->parent, dev);
    }
    for (const DevicePart *p = klass->parts; p && p->name; p++) {
        Device *part = device_new(p->klass);

        part->parent = dev;
        part->part = p;
        *device_part_member(dev, p) = part;
    }
}

/* What the machine's version says of the whole. */
static void set_part_default(const Property *prop, Device *dev, void *opaque)
{
    const char *value = device_machine_default(((Device *)opaque)->klass, prop->name);

    if (dev != opaque && value) {
        property_set_default(prop, value, dev);
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
    make_parts(klass, dev);
    if (CLASS_WITH(klass, parts)) {
        device_foreach_row(klass, dev, set_part_default, dev);
    }
    if (with) {
        with->init(dev);
    }
    device_global_apply(dev);
    return dev;
}

const char *device_user_name(const Device *dev)
{
    while (dev->part) {
        dev = dev->parent;
    }
    return dev->klass->name;
}

Device *device_ref(Device *dev)
{
    dev->refs++;
    return dev;
}

/* Who still has a reference of a part has it alone. */
static void drop_parts(const DeviceClass *klass, Device *dev)
{
    for (; klass; klass = klass->parent) {
        for (const DevicePart *p = klass->parts; p && p->name; p++) {
            Device *part = *device_part_member(dev, p);

            part->parent = NULL;
            part->part = NULL;
            device_unref(part);
        }
    }
}

void device_unref(Device *dev)
{
    const DeviceClass *with;

    if (!dev || --dev->refs) {
        return;
    }
    g_assert(!dev->realized && !dev->children && !dev->buses);
    with = CLASS_WITH(dev->klass, finalize);
    if (with) {
        with->finalize(dev);
    }
    drop_parts(dev->klass, dev);
    for (const DeviceClass *klass = dev->klass; klass; klass = klass->parent) {
        properties_clear(klass->properties, dev);
    }
    g_free(dev->id);
    g_free(dev->path);
    g_free(dev);
}

void device_set_name(Device *dev, const char *name)
{
    g_free(dev->path);
    dev->path = g_strdup_printf("/machine/%s", name);
}

gboolean device_set_property(Device *dev, const char *name, ConfigNode *value,
                             GError **errp)
{
    Device *owner = dev;
    const Property *prop = device_find_row(dev->klass, name, &owner);

    g_assert(!owner->realized);
    if (!prop) {
        return error_set(errp, "Property '%s.%s' not found", dev->klass->name, name);
    }
    return property_set(prop, dev->klass->name, owner, value, errp);
}

/* The first row that is required and not in the map. */
typedef struct Missing {
    ConfigNode *node;
    const Property *prop;
} Missing;

static void find_missing(const Property *prop, Device *dev, void *opaque)
{
    Missing *m = opaque;

    if (prop->required && !m->prop && !config_map_has(m->node, prop->name)) {
        m->prop = prop;
    }
}

gboolean device_set_properties(Device *dev, ConfigNode *node, GError **errp)
{
    static const char *const not_properties[] = { "driver", "id", "bus", NULL };
    Missing missing = { node, NULL };

    for (guint i = 0; i < config_map_size(node); i++) {
        const char *key = config_map_key(node, i);
        ConfigNode *value = config_map_get(node, key);

        if (!g_strv_contains(not_properties, key) &&
            !device_set_property(dev, key, value, errp)) {
            return FALSE;
        }
    }
    device_foreach_row(dev->klass, dev, find_missing, &missing);
    return !missing.prop ||
           error_set(errp, "Parameter '%s' is missing (device '%s' needs it)",
                     missing.prop->name, dev->klass->name);
}
