/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buses: where devices are plugged. A bus is a name, a class and the devices on
 * it; how a device is connected is the business of the bus's class. All buses are
 * kept in order of creation, which is the order in which free ones are given out.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"
#include "util/error.h"

static GPtrArray *buses;

static void list_add(GPtrArray **list, Bus *bus)
{
    if (!*list) {
        *list = g_ptr_array_new();
    }
    g_ptr_array_add(*list, bus);
}

static void list_remove(GPtrArray **list, Bus *bus)
{
    g_ptr_array_remove(*list, bus);
    if ((*list)->len == 0) {
        g_clear_pointer(list, g_ptr_array_unref);
    }
}

Bus *bus_new(const BusClass *klass, const char *name, Device *owner, void *opaque)
{
    Bus *bus = g_new0(Bus, 1);

    bus->klass = klass;
    bus->name = g_strdup(name);
    bus->owner = owner;
    bus->opaque = opaque;
    bus->devices = g_ptr_array_new();
    list_add(&buses, bus);
    if (owner) {
        list_add(&owner->buses, bus);
    }
    return bus;
}

void bus_free(Bus *bus)
{
    if (!bus) {
        return;
    }
    g_assert(bus->devices->len == 0);
    list_remove(&buses, bus);
    if (bus->owner) {
        list_remove(&bus->owner->buses, bus);
    }
    g_ptr_array_unref(bus->devices);
    g_free(bus->name);
    g_free(bus);
}

Bus *bus_find(const char *name)
{
    for (guint i = 0; buses && i < buses->len; i++) {
        Bus *bus = buses->pdata[i];

        if (!bus->klass->internal &&
            (strcmp(bus->name, name) == 0 || g_strcmp0(bus->alias, name) == 0)) {
            return bus;
        }
    }
    return NULL;
}

void bus_foreach(void (*fn)(Bus *bus, void *opaque), void *opaque)
{
    for (guint i = 0; buses && i < buses->len; i++) {
        fn(buses->pdata[i], opaque);
    }
}

gboolean bus_full(const Bus *bus)
{
    return bus->klass->max_devices && bus->devices->len >= bus->klass->max_devices;
}

gboolean bus_can_hotplug(const Bus *bus)
{
    return !bus->klass->can_hotplug || bus->klass->can_hotplug(bus);
}

/* There for devices of users that want one of the type. */
static gboolean is_offered(const Bus *bus, const char *type)
{
    return !bus->klass->internal && strcmp(bus->klass->type, type) == 0 &&
           !(bus->owner && bus->owner->unplug == DEVICE_UNPLUG_GOING);
}

static BusFit bus_fit(const Bus *bus, const DeviceClass *klass, ConfigNode *options)
{
    if (bus_full(bus)) {
        return BUS_REFUSES;
    }
    return bus->klass->fits ? bus->klass->fits(bus, klass, options) : BUS_SUITS;
}

Bus *bus_find_free(const DeviceClass *klass, ConfigNode *options, GError **errp)
{
    const char *type = CLASS_WITH(klass, bus)->bus;
    BusFit best_fit = BUS_REFUSES;
    guint n = 0, full = 0;
    Bus *best = NULL;

    for (guint i = 0; buses && i < buses->len; i++) {
        Bus *bus = buses->pdata[i];
        BusFit fit;

        if (!is_offered(bus, type)) {
            continue;
        }
        n++;
        full += bus_full(bus);
        fit = bus_fit(bus, klass, options);
        if (fit > best_fit) {
            best = bus;
            best_fit = fit;
        }
    }
    if (!n) {
        error_set(errp, "No '%s' bus found for device '%s'", type, klass->name);
    } else if (!best && n == full) {
        error_set(errp, "No free '%s' bus for device '%s'", type, klass->name);
    } else if (!best) {
        error_set(errp,
                  "No free '%s' bus for device '%s': %u of %u are in use, the others are "
                  "not for this device (see bus=)",
                  type, klass->name, full, n);
    }
    return best;
}
