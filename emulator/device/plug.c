/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go at run time, as far as the host is asked for them: acquire ->
 * realize, unrealize -> release. Meanwhile such a device is in no tree, nobody finds it;
 * its id is taken.
 */
#include "config.h"

#include "device/internal.h"
#include "event/pending.h"

/* One that comes or goes. */
struct DeviceChange {
    Pending pending;
    GPtrArray *devices; /* it, and when it comes its parts */
    guint held;         /* the first ones, which have what they acquire */
    ConfigNode *config; /* of one that comes; a reference */
    gboolean (*may)(GError **errp);
};

static PendingList changes;

gboolean device_id_changes(const char *id)
{
    return pending_has_name(&changes, id);
}

static DeviceChange *change_new(Device *dev, DeviceChanged done, void *opaque)
{
    DeviceChange *c = g_new0(DeviceChange, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    pending_take_name(&c->pending, dev->id);
    c->devices = device_list_new();
    g_ptr_array_add(c->devices, device_ref(dev));
    return c;
}

static void change_end(DeviceChange *c, GError *error)
{
    pending_end(&c->pending, error);
    config_node_unref(c->config);
    g_ptr_array_unref(c->devices);
    g_free(c);
}

static void release_next(DeviceChange *c);

static void released(void *opaque, GError *error)
{
    DeviceChange *c = opaque;

    if (!c->pending.undone) {
        c->pending.undone = g_steal_pointer(&error);
    }
    g_clear_error(&error);
    release_next(c);
}

/* The other way round. */
static void release_next(DeviceChange *c)
{
    const DeviceClass *with = NULL;
    Device *dev = NULL;

    while (c->held && !with) {
        dev = c->devices->pdata[--c->held];
        with = CLASS_WITH(dev->klass, release);
    }
    if (with) {
        with->release(dev, released, c);
    } else {
        change_end(c, NULL);
    }
}

DeviceChange *device_release_later(Device *dev, DeviceChanged done, void *opaque)
{
    DeviceChange *c = change_new(dev, done, opaque);

    c->held = 1;
    return c;
}

void device_release(DeviceChange *c)
{
    release_next(c);
}

/* The bus that was free may not be so any more. */
static gboolean realize(const DeviceChange *c, GError **errp)
{
    Device *dev = c->devices->pdata[0];
    Bus *bus;

    return (!c->may || c->may(errp)) &&
           device_choose_bus(dev->klass, c->config, TRUE, &bus, errp) &&
           device_realize_users(dev, bus, errp);
}

static void acquire_next(DeviceChange *c);

static void acquired(void *opaque, GError *error)
{
    DeviceChange *c = opaque;

    if (error) {
        c->pending.undone = error;
        release_next(c);
        return;
    }
    c->held++;
    acquire_next(c);
}

static void acquire_next(DeviceChange *c)
{
    for (; c->held < c->devices->len; c->held++) {
        Device *dev = c->devices->pdata[c->held];
        const DeviceClass *with = CLASS_WITH(dev->klass, acquire);

        if (with) {
            with->acquire(dev, acquired, c);
            return;
        }
    }
    if (realize(c, &c->pending.undone)) {
        change_end(c, NULL);
    } else {
        release_next(c);
    }
}

static void add_parts(GPtrArray *devices, Device *dev, const DeviceClass *klass)
{
    if (klass->parent) {
        add_parts(devices, dev, klass->parent);
    }
    for (const DevicePart *p = klass->parts; p && p->name; p++) {
        Device *part = *device_part_member(dev, p);

        g_ptr_array_add(devices, device_ref(part));
        add_parts(devices, part, part->klass);
    }
}

void device_add_later(ConfigNode *node, gboolean (*may)(GError **errp),
                      DeviceChanged done, void *opaque)
{
    GError *error = NULL;
    Bus *bus;
    g_autoptr(Device) dev =
        !may || may(&error) ? device_from_config(node, TRUE, &bus, &error) : NULL;
    DeviceChange *c;

    if (!dev) {
        done(opaque, error);
        return;
    }
    c = change_new(dev, done, opaque);
    add_parts(c->devices, dev, dev->klass);
    c->config = config_node_ref(node);
    c->may = may;
    acquire_next(c);
}
