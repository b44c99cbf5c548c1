/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go at run time, as far as the host is asked for them: acquire ->
 * realize, unrealize -> release. Meanwhile such a device is in no list, nobody finds it;
 * its id is taken.
 */
#include "config.h"

#include "device/internal.h"
#include "event/pending.h"

/* One that comes or goes; a reference. */
typedef struct Change {
    Pending pending;
    Device *dev;
    ConfigNode *config; /* of one that comes; a reference */
    gboolean (*may)(GError **errp);
} Change;

static PendingList changes;

gboolean device_id_changes(const char *id)
{
    return pending_has_name(&changes, id);
}

static Change *change_new(Device *dev, DeviceChanged done, void *opaque)
{
    Change *c = g_new0(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    pending_take_name(&c->pending, dev->id);
    c->dev = device_ref(dev);
    return c;
}

static void change_end(Change *c, GError *error)
{
    pending_end(&c->pending, error);
    config_node_unref(c->config);
    device_unref(c->dev);
    g_free(c);
}

static void released(void *opaque, GError *error)
{
    change_end(opaque, error);
}

static void release(Change *c)
{
    const DeviceClass *with = CLASS_WITH(c->dev->klass, release);

    if (with) {
        with->release(c->dev, released, c);
    } else {
        released(c, NULL);
    }
}

void device_release(Device *dev, DeviceChanged done, void *opaque)
{
    release(change_new(dev, done, opaque));
}

/* The bus that was free may not be so any more. */
static gboolean realize(const Change *c, GError **errp)
{
    Bus *bus;

    return (!c->may || c->may(errp)) &&
           device_choose_bus(c->dev->klass, c->config, &bus, errp) &&
           device_realize_users(c->dev, bus, errp);
}

static void acquired(void *opaque, GError *error)
{
    Change *c = opaque;

    if (error || realize(c, &c->pending.undone)) {
        change_end(c, error);
    } else {
        release(c);
    }
}

void device_add_later(ConfigNode *node, gboolean (*may)(GError **errp),
                      DeviceChanged done, void *opaque)
{
    GError *error = NULL;
    Bus *bus;
    g_autoptr(Device) dev =
        !may || may(&error) ? device_from_config(node, TRUE, &bus, &error) : NULL;
    const DeviceClass *with;
    Change *c;

    if (!dev) {
        done(opaque, error);
        return;
    }
    c = change_new(dev, done, opaque);
    c->config = config_node_ref(node);
    c->may = may;
    with = CLASS_WITH(dev->klass, acquire);
    if (with) {
        with->acquire(dev, acquired, c);
    } else {
        acquired(c, NULL);
    }
}
