/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest sees of properties: the defaults that the machine's version fixes, and
 * the values that a migration keeps.
 */
#include "config.h"

#include <string.h>

#include "device/device.h"

static const PropertyDefault *machine_defaults;

void device_set_machine_defaults(const PropertyDefault *rows)
{
    machine_defaults = rows;
}

static const char *find_row(const DeviceClass *klass, const char *property)
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
const char *device_class_default(const DeviceClass *klass, const Property *prop)
{
    for (; klass; klass = klass->parent) {
        const char *value = find_row(klass, prop->name);

        if (value) {
            return value;
        }
    }
    return prop->def;
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
            def = property_default_text(p, device_class_default(dev->klass, p));
            fn(p->name, value, def, opaque);
        }
    }
}
