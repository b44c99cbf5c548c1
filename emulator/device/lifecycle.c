/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unplug and reset: what has to wait until nothing is in flight.
 *
 * Unplug: quiesce (the device's transport turns its ioeventfds off and drains) ->
 * off the bus (irqfd off, unmapped; regions are freed after a grace period) ->
 * unrealize -> release (plug.c; nobody waits for the host) -> DEVICE_DELETED. Reset:
 * quiesce all, then reset each in order of creation. Both hold references, so neither
 * cares which other ends first.
 */
#include "config.h"

#include "device/internal.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "util/error.h"

typedef void (*DoneFn)(void *opaque);

static guint under_way; /* unplugs and quiesces that wait */
static guint changes;   /* of these: unplugs and resets */
static guint resets;    /* of these: resets */

static struct {
    DoneFn fn;
    void *opaque;
} after_changes;

static void change_done(void)
{
    if (--changes == 0 && after_changes.fn) {
        DoneFn fn = after_changes.fn;

        after_changes.fn = NULL;
        fn(after_changes.opaque);
    }
}

gboolean device_resetting(void)
{
    return resets > 0;
}

void device_after_changes(DoneFn fn, void *opaque)
{
    if (changes == 0) {
        fn(opaque);
        return;
    }
    g_assert(!after_changes.fn);
    after_changes.fn = fn;
    after_changes.opaque = opaque;
}

static void quiesce(Device *dev, DoneFn done, void *opaque)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, quiesce);

    if (with) {
        with->quiesce(dev, done, opaque);
    } else {
        done(opaque);
    }
}

typedef struct Unplug {
    Device *dev;
    DoneFn done;
    void *opaque;
} Unplug;

static void unrealize(Device *dev)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, unrealize);
    Bus *bus = dev->bus;

    dev->ready = FALSE;
    if (bus) {
        if (bus->klass->unplug) {
            bus->klass->unplug(bus, dev);
        }
        g_ptr_array_remove(bus->devices, dev);
    }
    if (with) {
        with->unrealize(dev);
    }
    dev->bus = NULL;
    dev->realized = FALSE;
}

static void emit_deleted(const Device *dev)
{
    ConfigNode *data = config_map_new();

    if (dev->id) {
        config_map_set_string(data, "device", dev->id);
    }
    config_map_set_string(data, "path", dev->path);
    vm_event_emit("DEVICE_DELETED", data);
}

static void unplug_released(void *opaque, GError *error)
{
    Unplug *u = opaque;

    if (!error) {
        emit_deleted(u->dev);
        if (u->done) {
            u->done(u->opaque);
        }
    }
    g_clear_error(&error);
    device_unref(u->dev);
    g_free(u);
}

static void unplug_quiesced(void *opaque)
{
    Unplug *u = opaque;

    unrealize(u->dev);
    g_ptr_array_remove(device_registry(), u->dev);
    device_release(u->dev, unplug_released, u);
    under_way--;
    change_done();
}

void device_unplug(Device *dev, void (*done)(void *opaque), void *opaque)
{
    Unplug *u = g_new0(Unplug, 1);

    g_assert(dev->realized && dev->ready);
    dev->unplugging = TRUE;
    dev->ready = FALSE;
    under_way++;
    changes++;
    u->dev = device_ref(dev);
    u->done = done;
    u->opaque = opaque;
    quiesce(dev, unplug_quiesced, u);
}

gboolean device_request_unplug(Device *dev, GError **errp)
{
    if (!dev->klass->hotpluggable || !dev->bus) {
        return error_set(errp, "Device '%s' does not support hotplugging",
                         dev->id ? dev->id : dev->klass->name);
    }
    if (dev->unplugging) {
        return error_set(errp, "Device %s is already in the process of unplug",
                         dev->id ? dev->id : dev->path);
    }
    if (!dev->bus->klass->request_unplug) {
        device_unplug(dev, NULL, NULL);
        return TRUE;
    }
    dev->unplugging = TRUE; /* it may be gone when the bus returns */
    if (!dev->bus->klass->request_unplug(dev->bus, dev, errp)) {
        dev->unplugging = FALSE;
        return FALSE;
    }
    return TRUE;
}

/* Quiescing all devices, and what comes after it. */
typedef struct QuiesceAll {
    GPtrArray *devices; /* a reference each */
    guint pending;
    gboolean reset;
    DoneFn done;
    void *opaque;
} QuiesceAll;

static void reset_each(GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        Device *dev = devices->pdata[i];
        const DeviceClass *with = CLASS_WITH(dev->klass, reset);

        if (with && dev->realized && dev->ready) {
            with->reset(dev);
        }
    }
}

static void one_quiesced(void *opaque)
{
    QuiesceAll *q = opaque;

    if (--q->pending) {
        return;
    }
    if (q->reset) {
        reset_each(q->devices);
        resets--;
    }
    g_ptr_array_unref(q->devices);
    if (q->done) {
        q->done(q->opaque);
    }
    under_way--;
    if (q->reset) {
        change_done();
    }
    g_free(q);
}

static GPtrArray *snapshot(void)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
    GPtrArray *registry = device_registry();

    for (guint i = 0; i < registry->len; i++) {
        g_ptr_array_add(all, device_ref(registry->pdata[i]));
    }
    return all;
}

static void quiesce_all(gboolean reset, DoneFn done, void *opaque)
{
    QuiesceAll *q = g_new0(QuiesceAll, 1);

    under_way++;
    changes += reset ? 1 : 0;
    resets += reset ? 1 : 0;
    q->devices = snapshot();
    q->reset = reset;
    q->done = done;
    q->opaque = opaque;
    q->pending = 1; /* ours, until all have been asked */
    for (guint i = 0; i < q->devices->len; i++) {
        Device *dev = q->devices->pdata[i];

        if (dev->ready) {
            q->pending++;
            quiesce(dev, one_quiesced, q);
        }
    }
    one_quiesced(q);
}

void device_quiesce_all(DoneFn done, void *opaque)
{
    quiesce_all(FALSE, done, opaque);
}

void device_reset_all(DoneFn done, void *opaque)
{
    quiesce_all(TRUE, done, opaque);
}

static gboolean is_under_way(void)
{
    return under_way > 0;
}

static void wait_for_all(void)
{
    if (under_way) {
        event_loop_run_while(event_loop_main(), is_under_way);
    }
}

void device_cleanup(void)
{
    GPtrArray *registry = device_registry();

    /* What waits for requests in flight would go on in the middle of what follows. */
    wait_for_all();
    device_quiesce_all(NULL, NULL);
    wait_for_all();
    while (registry->len) {
        Device *dev = registry->pdata[registry->len - 1];

        if (dev->realized) {
            unrealize(dev);
        }
        g_ptr_array_remove_index(registry, registry->len - 1);
    }
    device_registry_free();
}
