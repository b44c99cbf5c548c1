/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go at run time, as far as the host is asked for them: acquire ->
 * realize, unrealize -> release. Meanwhile such a device is in no list, nobody finds it;
 * its id is taken.
 */
#include "config.h"

#include "device/internal.h"

/* One that comes or goes; a reference. */
typedef struct Change {
    Device *dev;
    ConfigNode *config; /* of one that comes; a reference */
    gboolean (*may)(GError **errp);
    GError *error; /* why it does not come */
    DeviceChanged done;
    void *opaque;
} Change;

static GSList *changes;

gboolean device_id_changes(const char *id)
{
    for (GSList *l = changes; l; l = l->next) {
        if (g_strcmp0(((Change *)l->data)->dev->id, id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static Change *change_new(Device *dev, DeviceChanged done, void *opaque)
{
    Change *c = g_new0(Change, 1);

    c->dev = device_ref(dev);
    c->done = done;
    c->opaque = opaque;
    changes = g_slist_prepend(changes, c);
    return c;
}

static void change_end(Change *c, GError *error)
{
    changes = g_slist_remove(changes, c);
    c->done(c->opaque, error);
    config_node_unref(c->config);
    device_unref(c->dev);
    g_free(c);
}

/* Why it does not come is worth more than that the process ends. */
static void released(void *opaque, GError *error)
{
    Change *c = opaque;

    if (c->error) {
        g_clear_error(&error);
        error = g_steal_pointer(&c->error);
    }
    change_end(c, error);
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

    if (error || realize(c, &c->error)) {
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
