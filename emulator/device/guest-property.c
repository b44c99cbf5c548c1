/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest sees of properties: the defaults that the machine's version fixes, and
 * the values that a migration keeps.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"

static const PropertyDefault *machine_defaults;

void device_set_machine_defaults(const PropertyDefault *rows)
{
    machine_defaults = rows;
}

static const char *find_value(const DeviceClass *klass, const char *property)
{
    for (const PropertyDefault *d = machine_defaults; d && d->class_name; d++) {
        if (strcmp(d->class_name, klass->name) == 0 &&
            strcmp(d->property, property) == 0) {
            return d->value;
        }
    }
    return NULL;
}

/* The nearest class wins, as with everything that is inherited. */
const char *device_machine_default(const DeviceClass *klass, const char *property)
{
    for (; klass; klass = klass->parent) {
        const char *value = find_value(klass, property);

        if (value) {
            return value;
        }
    }
    return NULL;
}

const char *device_class_default(const DeviceClass *klass, const Property *prop)
{
    const char *value = device_machine_default(klass, prop->name);

    return value ? value : prop->def;
}

const char *device_row_default(const Device *dev, const Property *prop)
{
    const char *value = device_class_default(dev->klass, prop);

    for (const Device *d = dev; d->part; d = d->parent) {
        Device *owner = d->parent;
        const char *here = device_machine_default(owner->klass, prop->name);

        device_find_row(owner->klass, prop->name, &owner);
        if (here && owner == dev) {
            value = here;
        }
    }
    return value;
}

void device_foreach_guest_property(const Device *dev, GuestPropertyFn fn, void *opaque)
{
    for (const DeviceClass *klass = dev->klass; klass; klass = klass->parent) {
        for (const Property *p = klass->properties; p && p->name; p++) {
            g_autofree char *value = NULL, *def = NULL;

            if (!p->guest) {
                continue;
            }
            value = property_text(p, dev);
            def = property_default_text(p, device_row_default(dev, p));
            fn(p->name, value, def, opaque);
        }
    }
}

void device_foreach_guest_fact(const Device *dev, GuestPropertyFn fn, void *opaque)
{
    const DeviceClass *klass = dev->klass;

    while (klass && !klass->guest_facts) {
        klass = klass->parent;
    }
    if (klass) {
        klass->guest_facts(dev, fn, opaque);
    }
}
