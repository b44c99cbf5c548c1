/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unplug: the guest's side, a state machine of each device, and what then happens to it
 * and to all below it.
 *
 *   NONE       device_request_unplug() -> REQUESTED, where the bus asks the guest
 *   REQUESTED  again: the bus is asked again; device_unplug_refused(),
 *              device_unplug_taken_back() -> NONE; device_unplug(), a reset of the
 *              machine -> GOING
 *   any        device_unplug() -> GOING: quiesce (the device's transport turns its
 *              ioeventfds off and drains) -> off the bus (irqfd off, unmapped; regions
 *              are freed after a grace period) -> unrealize -> release (plug.c; nobody
 *              waits for the host) -> DEVICE_DELETED
 *
 * A subtree goes as one: it is quiesced as a whole, what is below comes first in all that
 * follows. What was GOING before its parent ends by itself, and the parent waits for it.
 * What can end at the same time is taken off the maps in one transaction.
 */
#include "config.h"

#include "accel/flush.h"
#include "device/internal.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "memory/address-map.h"
#include "util/error.h"

/* One that goes, with all below it that did not go before. */
typedef struct Going {
    GPtrArray *devices; /* the first one is that with all the others below it */
    gboolean quiesced;
    GPtrArray *changes; /* of those that are still to be released */
    gboolean ends;      /* the process: nobody is told of the others */
} Going;

static GSList *going;         /* until they are unrealized */
static gboolean more_to_come; /* they are taken away together */

static struct {
    void (*fn)(void *opaque);
    void *opaque;
} when_gone;

static const char *name_of(const Device *dev)
{
    return dev->id ? dev->id : dev->path;
}

static void emit(const char *event, const Device *dev)
{
    ConfigNode *data = config_map_new();

    if (dev->id) {
        config_map_set_string(data, "device", dev->id);
    }
    config_map_set_string(data, "path", dev->path);
    vm_event_emit(event, data);
}

/* --- release, children first --- */

static void release_next(Going *g)
{
    if (g->changes->len) {
        device_release(g_ptr_array_steal_index(g->changes, g->changes->len - 1));
        return;
    }
    g_ptr_array_unref(g->changes);
    g_ptr_array_unref(g->devices);
    g_free(g);
}

static void released(void *opaque, GError *error)
{
    Going *g = opaque;

    g->ends = g->ends || error;
    if (!g->ends) {
        emit("DEVICE_DELETED", g->devices->pdata[g->changes->len]);
    }
    g_clear_error(&error);
    release_next(g);
}

/* --- unrealize, children first --- */

static void count_one(Device *dev, void *opaque)
{
    ++*(guint *)opaque;
}

/* Nothing is in flight, and of what went before nothing is left below. */
static gboolean can_end(const Going *g)
{
    guint n = 0;

    if (!g->quiesced || vm_flushing()) { /* it may be one of the disks */
        return FALSE;
    }
    device_foreach_below(g->devices->pdata[0], count_one, &n);
    return n == g->devices->len;
}

static Going *find_ending(void)
{
    for (GSList *l = going; l; l = l->next) {
        if (can_end(l->data)) {
            return l->data;
        }
    }
    return NULL;
}

static void unrealize(Going *g)
{
    going = g_slist_remove(going, g);
    g->changes = g_ptr_array_new();
    for (guint i = 0; i < g->devices->len; i++) {
        g_ptr_array_add(g->changes,
                        device_release_later(g->devices->pdata[i], released, g));
    }
    device_unrealize_tree(g->devices->pdata[0]);
}

/* What they have on the maps goes at once; then it is not in use any more. */
static void take_away_all(void)
{
    g_autoptr(GPtrArray) ended = g_ptr_array_new();
    Going *g;

    address_map_begin();
    while ((g = find_ending())) {
        unrealize(g);
        g_ptr_array_add(ended, g);
    }
    address_map_settle();
    for (guint i = 0; i < ended->len; i++) {
        release_next(ended->pdata[i]);
        device_change_end();
    }
}

static void tell_gone(void)
{
    if (!going && when_gone.fn) {
        void (*fn)(void *opaque) = when_gone.fn;

        when_gone.fn = NULL;
        fn(when_gone.opaque);
    }
}

static void quiesced(void *opaque)
{
    Going *g = opaque;

    g->quiesced = TRUE;
    if (!more_to_come) {
        take_away_all();
        tell_gone();
    }
}

static void flushed(void)
{
    if (!more_to_come) {
        take_away_all();
        tell_gone();
    }
}

static void begin(void *opaque)
{
    Going *g = opaque;

    device_quiesce_each(g->devices, quiesced, g);
}

/* --- the state machine --- */

static void add_going(Device *dev, void *opaque)
{
    if (dev->unplug != DEVICE_UNPLUG_GOING) {
        dev->unplug = DEVICE_UNPLUG_GOING;
        dev->ready = FALSE;
        g_ptr_array_add(opaque, device_ref(dev));
    }
}

void device_unplug(Device *dev)
{
    Going *g;

    g_assert(dev->realized && !dev->part);
    if (dev->unplug == DEVICE_UNPLUG_GOING) {
        return;
    }
    g = g_new0(Going, 1);
    g->devices = device_list_new();
    device_foreach_below(dev, add_going, g->devices);
    going = g_slist_append(going, g);
    vm_set_flushed(flushed);
    device_change_begin();
    if (event_loop_current() == event_loop_main()) {
        begin(g);
    } else {
        event_loop_post(event_loop_main(), begin, g);
    }
}

gboolean device_unplug_too_early(const Device *dev, GError **errp)
{
    return error_set(errp, "Device %s is already in the process of unplug", name_of(dev));
}

gboolean device_is_hotpluggable(const Device *dev)
{
    return dev->klass->hotpluggable && dev->bus && !dev->part &&
           bus_can_hotplug(dev->bus);
}

static gboolean check_unplug(const Device *dev, GError **errp)
{
    if (dev->unplug == DEVICE_UNPLUG_GOING) {
        return device_unplug_too_early(dev, errp);
    }
    if (dev->bus && !bus_can_hotplug(dev->bus)) {
        return error_set(errp, "Bus '%s' does not support hotplugging", dev->bus->name);
    }
    return (dev->klass->hotpluggable && dev->bus) ||
           error_set(errp, "Device '%s' does not support hotplugging",
                     dev->id ? dev->id : dev->klass->name);
}

gboolean device_request_unplug(Device *dev, GError **errp)
{
    guint32 before = dev->unplug;

    if (!check_unplug(dev, errp)) {
        return FALSE;
    }
    if (!dev->bus->klass->request_unplug) {
        device_unplug(dev);
        return TRUE;
    }
    dev->unplug = DEVICE_UNPLUG_REQUESTED; /* it may be gone when the bus returns */
    if (!dev->bus->klass->request_unplug(dev->bus, dev, errp)) {
        dev->unplug = before;
        return FALSE;
    }
    return TRUE;
}

void device_unplug_refused(Device *dev)
{
    if (dev->unplug == DEVICE_UNPLUG_REQUESTED) {
        dev->unplug = DEVICE_UNPLUG_NONE;
        emit("DEVICE_UNPLUG_GUEST_ERROR", dev);
    }
}

void device_unplug_taken_back(Device *dev)
{
    if (dev->unplug == DEVICE_UNPLUG_REQUESTED) {
        dev->unplug = DEVICE_UNPLUG_NONE;
    }
}

void device_unplug_all_requested(void (*fn)(void *opaque), void *opaque)
{
    g_autoptr(GPtrArray) all = device_list_all();

    g_assert(!when_gone.fn);
    when_gone.fn = fn;
    when_gone.opaque = opaque;
    more_to_come = TRUE;
    for (guint i = 0; i < all->len; i++) {
        Device *dev = all->pdata[i];

        if (dev->unplug == DEVICE_UNPLUG_REQUESTED) {
            device_unplug(dev);
        }
    }
    more_to_come = FALSE;
    take_away_all();
    tell_gone();
}

/* --- the stream --- */

static gboolean is_requested(void *opaque)
{
    return ((Device *)opaque)->unplug == DEVICE_UNPLUG_REQUESTED;
}

static const StateField unplug_fields[] = {
    STATE_FIELD("unplug", STATE_U32, Device, unplug, .limit = DEVICE_UNPLUG_REQUESTED),
    { NULL },
};

static const StateDesc unplug_state = {
    .name = "unplug", .version = 1, .fields = unplug_fields, .needed = is_requested
};

const StateDesc *device_unplug_state(const Device *dev)
{
    gboolean asks = dev->klass->hotpluggable && dev->bus && !dev->part &&
                    dev->bus->klass->request_unplug;

    return asks ? &unplug_state : NULL;
}
