/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property rows of a whole: those of its class and the ancestors, and those of its
 * parts that none of these hides. What is asked of a class is asked without an instance.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"

Device **device_part_member(Device *dev, const DevicePart *part)
{
    return (Device **)((guint8 *)dev + part->offset);
}

static Device *part_of(Device *dev, const DevicePart *part)
{
    return dev ? *device_part_member(dev, part) : NULL;
}

static const Property *find_own(const DeviceClass *klass, const char *name)
{
    const Property *prop = NULL;

    for (; klass && !prop; klass = klass->parent) {
        prop = properties_find(klass->properties, name);
    }
    return prop;
}

static const Property *find_in_parts(const DeviceClass *klass, const char *name,
                                     Device **dev)
{
    const Property *prop = klass->parent ? find_in_parts(klass->parent, name, dev) : NULL;

    for (const DevicePart *p = klass->parts; !prop && p && p->name; p++) {
        Device *part = part_of(*dev, p);

        prop = device_find_row(p->klass, name, &part);
        if (prop) {
            *dev = part;
        }
    }
    return prop;
}

const Property *device_find_row(const DeviceClass *klass, const char *name, Device **dev)
{
    const Property *prop = find_own(klass, name);

    return prop ? prop : find_in_parts(klass, name, dev);
}

/* One walk of the rows, in the order in which they are looked up. */
typedef struct Walk {
    GHashTable *seen; /* names: what comes later is hidden */
    DeviceRowFn fn;
    void *opaque;
} Walk;

static void walk_own(const Walk *w, const DeviceClass *klass, Device *dev)
{
    if (klass->parent) {
        walk_own(w, klass->parent, dev);
    }
    for (const Property *p = klass->properties; p && p->name; p++) {
        if (g_hash_table_add(w->seen, (gpointer)p->name)) {
            w->fn(p, dev, w->opaque);
        }
    }
}

static void walk_parts(const Walk *w, const DeviceClass *klass, Device *dev)
{
    if (klass->parent) {
        walk_parts(w, klass->parent, dev);
    }
    for (const DevicePart *p = klass->parts; p && p->name; p++) {
        Device *part = part_of(dev, p);

        walk_own(w, p->klass, part);
        walk_parts(w, p->klass, part);
    }
}

void device_foreach_row(const DeviceClass *klass, Device *dev, DeviceRowFn fn,
                        void *opaque)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Walk w = { seen, fn, opaque };

    walk_own(&w, klass, dev);
    walk_parts(&w, klass, dev);
}

static void walk_attributes(const DeviceClass *klass, Device *dev,
                            void (*fn)(const DeviceAttribute *attribute, Device *owner,
                                       void *opaque),
                            void *opaque)
{
    if (klass->parent) {
        walk_attributes(klass->parent, dev, fn, opaque);
    }
    for (const DeviceAttribute *a = klass->attributes; a && a->name; a++) {
        fn(a, dev, opaque);
    }
    for (const DevicePart *p = klass->parts; p && p->name; p++) {
        Device *part = part_of(dev, p);

        walk_attributes(part->klass, part, fn, opaque);
    }
}

void device_foreach_attribute(Device *dev,
                              void (*fn)(const DeviceAttribute *attribute, Device *owner,
                                         void *opaque),
                              void *opaque)
{
    walk_attributes(dev->klass, dev, fn, opaque);
}
