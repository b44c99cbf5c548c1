/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks of the tree for what has to wait until nothing is in flight: quiesce, reset, the
 * end. A reset quiesces a subtree, then resets it, parents first. It holds references,
 * and so does an unplug (unplug.c), so neither cares which other ends first.
 */
#include "config.h"

#include "device/internal.h"
#include "event/loop.h"

typedef void (*DoneFn)(void *opaque);

static guint under_way; /* unplugs and quiesces that wait */
static guint changes;   /* of these: unplugs and resets */
static guint resets;    /* of these: resets of all */

static struct {
    DoneFn fn;
    void *opaque;
} after_changes;

void device_change_begin(void)
{
    under_way++;
    changes++;
}

void device_change_end(void)
{
    under_way--;
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

gboolean device_is_held(const Device *dev)
{
    return resets > 0 || dev->resetting > 0 || dev->unplug == DEVICE_UNPLUG_GOING;
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

/* Several devices, of which some wait. */
typedef struct Quiesce {
    GPtrArray *devices; /* a reference */
    guint pending;
    DoneFn done;
    void *opaque;
} Quiesce;

static void one_quiesced(void *opaque)
{
    Quiesce *q = opaque, over = *q;

    if (--q->pending == 0) {
        g_ptr_array_unref(q->devices);
        g_free(q);
        over.done(over.opaque);
    }
}

static void quiesce_one(Device *dev, Quiesce *q)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, quiesce);

    if (dev->realized && with) {
        q->pending++;
        with->quiesce(dev, one_quiesced, q);
    }
}

void device_quiesce_each(GPtrArray *devices, DoneFn done, void *opaque)
{
    Quiesce *q = g_new0(Quiesce, 1);

    q->devices = g_ptr_array_ref(devices);
    q->done = done;
    q->opaque = opaque;
    q->pending = 1; /* ours, until all have been asked */
    for (guint i = 0; i < devices->len; i++) {
        quiesce_one(devices->pdata[i], q);
    }
    one_quiesced(q);
}

/* Who waits for a reset or for all to be quiesced. */
typedef struct Wait {
    GPtrArray *devices; /* of a reset: a reference each */
    gboolean all;
    DoneFn done;
    void *opaque;
} Wait;

static Wait *wait_new(GPtrArray *devices, DoneFn done, void *opaque)
{
    Wait *w = g_new0(Wait, 1);

    w->devices = devices;
    w->done = done;
    w->opaque = opaque;
    return w;
}

static void wait_end(Wait *w)
{
    g_clear_pointer(&w->devices, g_ptr_array_unref);
    if (w->done) {
        w->done(w->opaque);
    }
    g_free(w);
}

static void all_quiesced(void *opaque)
{
    wait_end(opaque);
    under_way--;
}

void device_quiesce_all(DoneFn done, void *opaque)
{
    g_autoptr(GPtrArray) all = device_list_all();

    under_way++;
    device_quiesce_each(all, all_quiesced, wait_new(NULL, done, opaque));
}

static void reset_one(Device *dev)
{
    const DeviceClass *with = CLASS_WITH(dev->klass, reset);

    if (with && dev->realized && dev->ready) {
        with->reset(dev);
    }
    dev->resetting--;
}

static void reset_quiesced(void *opaque)
{
    Wait *w = opaque;

    for (guint i = 0; i < w->devices->len; i++) {
        reset_one(w->devices->pdata[i]);
    }
    resets -= w->all ? 1 : 0;
    wait_end(w);
    device_change_end();
}

/* device_change_begin() has been called. */
static void reset_begin(Wait *w)
{
    for (guint i = 0; i < w->devices->len; i++) {
        ((Device *)w->devices->pdata[i])->resetting++;
    }
    device_quiesce_each(w->devices, reset_quiesced, w);
}

void device_reset(Device *dev, DoneFn done, void *opaque)
{
    GPtrArray *devices = device_list_new();

    device_list_add_below(devices, dev);
    device_change_begin();
    reset_begin(wait_new(devices, done, opaque));
}

void bus_reset(Bus *bus, DoneFn done, void *opaque)
{
    GPtrArray *devices = device_list_new();

    for (guint i = 0; i < bus->devices->len; i++) {
        device_list_add_below(devices, bus->devices->pdata[i]);
    }
    device_change_begin();
    reset_begin(wait_new(devices, done, opaque));
}

static void reset_all(void *opaque)
{
    Wait *w = opaque;

    w->devices = device_list_all();
    reset_begin(w);
}

void device_reset_all(DoneFn done, void *opaque)
{
    Wait *w = wait_new(NULL, done, opaque);

    w->all = TRUE;
    resets++;
    device_change_begin();
    device_unplug_all_requested(reset_all, w);
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
    Device *last;

    /* What waits for requests in flight would go on in the middle of what follows. */
    wait_for_all();
    device_quiesce_all(NULL, NULL);
    wait_for_all();
    while ((last = device_tree_last())) {
        device_unrealize_tree(last);
    }
    device_numbers_reset();
}
