/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a device comes to work, and the way back. Of one with parts all is realized and
 * plugged before anything is reset, and reset before anything is announced.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"
#include "util/error.h"

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

void device_numbers_reset(void)
{
    unattached.next = peripheral_anon.next = 0;
}

gboolean device_check_bus(const DeviceClass *klass, const Bus *bus, gboolean hotplugged,
                          GError **errp)
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
    if (bus->owner && bus->owner->unplug == DEVICE_UNPLUG_GOING) {
        return error_set(errp, "Bus '%s' is being unplugged", bus->name);
    }
    if (hotplugged && !bus_can_hotplug(bus)) {
        return error_set(errp, "Bus '%s' does not support hotplugging", bus->name);
    }
    return TRUE;
}

static void enter_bus(Device *dev, Bus *bus)
{
    dev->bus = bus;
    if (!dev->part) {
        dev->parent = bus ? bus->owner : NULL;
    }
}

/* It is on its list from plug on. */
static void leave_bus(Device *dev)
{
    if (dev->bus) {
        g_ptr_array_remove(dev->bus->devices, dev);
        dev->bus = NULL;
    }
}

static void unplug_from_bus(Device *dev)
{
    if (dev->bus && dev->bus->klass->unplug) {
        dev->bus->klass->unplug(dev->bus, dev);
    }
}

void device_unrealize(Device *dev)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, unrealize);

    g_assert(!dev->children);
    dev->ready = FALSE;
    unplug_from_bus(dev);
    if (with) {
        with->unrealize(dev);
    }
    leave_bus(dev);
    boot_remove(dev);
    dev->realized = FALSE;
}

static void unrealize_below(Device *dev)
{
    while (dev->children) {
        device_unrealize_tree(dev->children->pdata[dev->children->len - 1]);
    }
}

void device_unrealize_tree(Device *dev)
{
    unrealize_below(dev);
    device_unrealize(dev);
    device_tree_remove(dev);
}

/* A part loses its path; it may be tried again. */
void device_unrealize_part(Device *part)
{
    g_assert(part->part && part->realized && !part->ready);
    device_unrealize_tree(part);
}

/* On the bus, up to plug. */
static gboolean make_work(Device *dev, GError **errp)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, realize);
    const BusClass *on = dev->bus ? dev->bus->klass : NULL;

    if (on && on->pre_plug && !on->pre_plug(dev->bus, dev, errp)) {
        return FALSE;
    }
    if (with && !with->realize(dev, errp)) {
        g_assert(!dev->children && !dev->buses);
        unplug_from_bus(dev);
        return FALSE;
    }
    dev->realized = TRUE;
    if (on && on->plug && !on->plug(dev->bus, dev, errp)) {
        unrealize_below(dev);
        device_unrealize(dev);
        return FALSE;
    }
    if (on) {
        g_ptr_array_add(dev->bus->devices, dev);
    }
    return TRUE;
}

static gboolean realize_on(Device *dev, Bus *bus, GError **errp)
{
    g_assert(!dev->realized);
    if (!device_check_bus(dev->klass, bus, dev->hotplugged, errp)) {
        return FALSE;
    }
    if (!boot_add(dev, errp)) {
        return FALSE;
    }
    enter_bus(dev, bus);
    if (!make_work(dev, errp)) {
        leave_bus(dev);
        boot_remove(dev);
        if (!dev->part) {
            dev->parent = NULL;
        }
        return FALSE;
    }
    device_tree_add(dev);
    return TRUE;
}

/* Calls fn for the device, and for its parts before (children_first) or after that. */
static void foreach_of_whole(Device *dev, gboolean children_first,
                             void (*fn)(Device *dev))
{
    if (!children_first) {
        fn(dev);
    }
    for (guint i = 0; dev->children && i < dev->children->len; i++) {
        Device *child = dev->children->pdata[i];

        if (child->part) {
            foreach_of_whole(child, children_first, fn);
        }
    }
    if (children_first) {
        fn(dev);
    }
}

static void set_ready(Device *dev)
{
    dev->ready = TRUE;
}

static void reset_one(Device *dev)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, reset);

    if (with) {
        with->reset(dev);
    }
}

static void announce(Device *dev)
{
    if (dev->bus && dev->bus->klass->announce) {
        dev->bus->klass->announce(dev->bus, dev);
    }
}

/* With the name that it gets in this container, unless it has one already. */
static gboolean realize_in(Container *container, Device *dev, Bus *bus, GError **errp)
{
    gboolean named = dev->path != NULL, numbered = !named && !dev->id;

    g_assert(!dev->part);
    if (numbered) {
        dev->path = g_strdup_printf("%s/device[%u]", container->path, container->next);
    } else if (!named) {
        dev->path = g_strdup_printf("/machine/peripheral/%s", dev->id);
    }
    if (!realize_on(dev, bus, errp)) {
        if (!named) {
            g_clear_pointer(&dev->path, g_free);
        }
        return FALSE;
    }
    container->next += numbered ? 1 : 0;
    foreach_of_whole(dev, FALSE, set_ready);
    foreach_of_whole(dev, FALSE, reset_one);
    foreach_of_whole(dev, TRUE, announce);
    return TRUE;
}

gboolean device_realize(Device *dev, Bus *bus, GError **errp)
{
    return realize_in(&unattached, dev, bus, errp);
}

gboolean device_realize_users(Device *dev, Bus *bus, GError **errp)
{
    return realize_in(&peripheral_anon, dev, bus, errp);
}

gboolean device_realize_part(Device *part, Bus *bus, GError **errp)
{
    g_assert(part->part && !part->parent->realized);
    part->path = g_strdup_printf("%s/%s", part->parent->path, part->part->name);
    part->hotplugged = part->parent->hotplugged;
    if (!realize_on(part, bus, errp)) {
        g_clear_pointer(&part->path, g_free);
        return FALSE;
    }
    return TRUE;
}
