/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/device-toys.h"

#include <string.h>

#include "event/lock.h"
#include "event/vm-event.h"
#include "util/error.h"

Toys toys;

/* A callback that waits, of a device or of the host. */
typedef struct Waiter {
    void (*quiesced)(void *opaque);
    DeviceChanged changed;
    void *opaque;
    char *step;
} Waiter;

static GSList *quiescing; /* Device with waiters, borrowed */
static GSList *host;      /* Waiter, the first one first */
static GPtrArray *deleted, *refused;

static const char *name_of(const Device *dev)
{
    return dev->part ? dev->part->name : dev->id ? dev->id : dev->klass->name;
}

static void note(char letter, const Device *dev)
{
    g_string_append_printf(toys.trace, "%c %s ", letter, name_of(dev));
}

/* A step that may fail. */
static gboolean step(char letter, const Device *dev, GError **errp)
{
    g_autofree char *text = g_strdup_printf("%c %s", letter, name_of(dev));

    if (++toys.steps == toys.fail_step || g_strcmp0(text, toys.fail_at) == 0) {
        return error_set(errp, "no %s", text);
    }
    g_string_append_printf(toys.trace, "%s ", text);
    return TRUE;
}

/* --- devices --- */

static void toy_init(Device *dev)
{
    toys.live++;
}

static void toy_finalize(Device *dev)
{
    Toy *toy = (Toy *)dev;

    g_assert_null(toy->quiescing);
    toys.live--;
}

static gboolean toy_realize(Device *dev, GError **errp)
{
    if (!step('r', dev, errp)) {
        return FALSE;
    }
    toys.realized++;
    return TRUE;
}

static void toy_unrealize(Device *dev)
{
    g_assert_null(dev->children);
    toys.realized--;
    note('u', dev);
}

static void toy_reset(Device *dev)
{
    g_assert_true(dev->ready);
    ((Toy *)dev)->resets++;
    note('x', dev);
}

static void toy_quiesce(Device *dev, void (*done)(void *opaque), void *opaque)
{
    Toy *toy = (Toy *)dev;

    note('q', dev);
    if (!toys.slow_quiesce) {
        done(opaque);
        return;
    }
    if (!toy->quiescing) {
        quiescing = g_slist_append(quiescing, dev);
    }
    Waiter *w = g_new0(Waiter, 1);
    w->quiesced = done;
    w->opaque = opaque;
    toy->quiescing = g_slist_append(toy->quiescing, w);
}

gboolean toys_finish_quiesce(Device *dev)
{
    GSList *waiters = g_steal_pointer(&((Toy *)dev)->quiescing);
    gboolean any = waiters != NULL;

    quiescing = g_slist_remove(quiescing, dev);
    if (any) {
        note('Q', dev);
    }
    for (GSList *l = waiters; l; l = l->next) {
        Waiter *w = l->data;

        w->quiesced(w->opaque);
    }
    g_slist_free_full(waiters, g_free);
    return any;
}

gboolean toys_finish_any(guint random)
{
    guint n = g_slist_length(quiescing);

    return n && toys_finish_quiesce(g_slist_nth_data(quiescing, random % n));
}

/* w and error are consumed. */
static void answer(Waiter *w, GError *error)
{
    if (w->step[0] == 'L') {
        toys.held--;
    } else if (!error && (++toys.steps == toys.fail_step ||
                          g_strcmp0(w->step, toys.fail_at) == 0)) {
        error_set(&error, "no %s", w->step);
    } else {
        toys.held += error ? 0 : 1;
    }
    if (!error) {
        g_string_append_printf(toys.trace, "%s ", w->step);
    }
    w->changed(w->opaque, error);
    g_free(w->step);
    g_free(w);
}

static void ask_host(char letter, Device *dev, DeviceChanged done, void *opaque)
{
    Waiter *w = g_new0(Waiter, 1);

    w->changed = done;
    w->opaque = opaque;
    w->step = g_strdup_printf("%c %s", letter, name_of(dev));
    if (toys.slow_host) {
        host = g_slist_append(host, w);
    } else {
        answer(w, NULL);
    }
}

gboolean toys_finish_host(GError *error)
{
    Waiter *w = host ? host->data : NULL;

    if (w) {
        host = g_slist_delete_link(host, host);
        answer(w, error);
    }
    return w != NULL;
}

static void toy_acquire(Device *dev, DeviceChanged done, void *opaque)
{
    ask_host('A', dev, done, opaque);
}

static void toy_release(Device *dev, DeviceChanged done, void *opaque)
{
    ask_host('L', dev, done, opaque);
}

#define ROW(name_, type_, member_, ...)                                                  \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(Toy, member_), __VA_ARGS__      \
    }

static const Property toy_rows[] = {
    ROW("size", PROP_U32, size, .def = "1", .guest = TRUE, .help = "a size"),
    { NULL },
};

static const DeviceClass toy_class = {
    .name = "toy",
    .bus = "slot",
    .instance_size = sizeof(Toy),
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
    .properties = toy_rows,
    .init = toy_init,
    .realize = toy_realize,
    .unrealize = toy_unrealize,
    .reset = toy_reset,
    .quiesce = toy_quiesce,
    .finalize = toy_finalize,
    .acquire = toy_acquire,
    .release = toy_release,
};

/* --- the bus and its guest --- */

static gboolean slot_pre_plug(Bus *bus, Device *dev, GError **errp)
{
    g_assert_true(dev->bus == bus && !dev->realized);
    if (!step('R', dev, errp)) {
        return FALSE;
    }
    ((Toy *)dev)->reserved = TRUE;
    toys.reserved++;
    return TRUE;
}

static gboolean slot_plug(Bus *bus, Device *dev, GError **errp)
{
    if (!step('p', dev, errp)) {
        return FALSE;
    }
    ((Toy *)dev)->plugged = TRUE;
    toys.plugged++;
    return TRUE;
}

static void slot_announce(Bus *bus, Device *dev)
{
    g_assert_true(dev->ready);
    note('!', dev);
}

static void slot_unplug(Bus *bus, Device *dev)
{
    Toy *toy = (Toy *)dev;

    note('P', dev);
    g_assert_true(toy->reserved);
    toys.reserved--;
    toys.plugged -= toy->plugged ? 1 : 0;
    toy->reserved = toy->plugged = FALSE;
}

static gboolean slot_request_unplug(Bus *bus, Device *dev, GError **errp)
{
    if (toys.too_early) {
        return device_unplug_too_early(dev, errp);
    }
    toys.asked++;
    note('?', dev);
    if (toys.guest_is_quick) {
        device_unplug(dev);
    }
    return TRUE;
}

static const BusClass slots_class = {
    .type = "slot",
    .pre_plug = slot_pre_plug,
    .plug = slot_plug,
    .announce = slot_announce,
    .unplug = slot_unplug,
    .request_unplug = slot_request_unplug,
};

static gboolean never(const Bus *bus)
{
    return FALSE;
}

static const BusClass fixed_class = { .type = "fixed-slot", .can_hotplug = never };
static Bus *fixed;

/* --- one with a bus, one with parts --- */

static gboolean port_realize(Device *dev, GError **errp)
{
    if (!toy_realize(dev, errp)) {
        return FALSE;
    }
    ((Toy *)dev)->bus = bus_new(&slots_class, dev->id, dev, NULL);
    return TRUE;
}

static void port_unrealize(Device *dev)
{
    bus_free(((Toy *)dev)->bus);
    toy_unrealize(dev);
}

static const DeviceClass port_class = {
    .name = "port",
    .parent = &toy_class,
    .instance_size = sizeof(Toy),
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
    .realize = port_realize,
    .unrealize = port_unrealize,
};

static const BusClass inner_class = {
    .type = "slot",
    .internal = TRUE,
    .pre_plug = slot_pre_plug,
    .plug = slot_plug,
    .announce = slot_announce,
    .unplug = slot_unplug,
};

static const Property core_rows[] = {
    ROW("depth", PROP_U32, depth, .def = "7", .help = "of the core"),
    ROW("size", PROP_U32, colour, .def = "70", .help = "hidden by the toy's"),
    { NULL },
};

static const DeviceClass core_class = {
    .name = "core",
    .bus = "slot",
    .instance_size = sizeof(Toy),
    .properties = core_rows,
    .init = toy_init,
    .realize = toy_realize,
    .unrealize = toy_unrealize,
    .reset = toy_reset,
    .quiesce = toy_quiesce,
    .finalize = toy_finalize,
};

static const DevicePart front_parts[] = {
    { "core", &core_class, offsetof(Toy, core) },
    { NULL },
};

static const Property front_rows[] = {
    ROW("drive", PROP_STRING, drive, .required = TRUE, .help = "of the front"),
    ROW("colour", PROP_U32, colour, .def = "3", .guest = TRUE, .help = "of the front"),
    { NULL },
};

/* FALSE: nothing of it is there. */
static gboolean realize_inside(Toy *toy, Toy *first, Toy *second, GError **errp)
{
    toy->bus = bus_new(&inner_class, "inside", &toy->dev, NULL);
    if (!device_realize_part(&first->dev, toy->bus, errp)) {
        g_clear_pointer(&toy->bus, bus_free);
        return FALSE;
    }
    if (second && !device_realize_part(&second->dev, toy->bus, errp)) {
        device_unrealize_part(&first->dev);
        g_clear_pointer(&toy->bus, bus_free);
        return FALSE;
    }
    return TRUE;
}

static gboolean whole_realize(Device *dev, GError **errp)
{
    Toy *toy = (Toy *)dev;

    if (!toy_realize(dev, errp)) {
        return FALSE;
    }
    if (!realize_inside(toy, toy->front ? toy->front : toy->core, toy->back, errp)) {
        toys.realized--;
        note('u', dev);
        return FALSE;
    }
    return TRUE;
}

static const DeviceClass front_class = {
    .name = "front",
    .parent = &toy_class,
    .instance_size = sizeof(Toy),
    .properties = front_rows,
    .parts = front_parts,
    .realize = whole_realize,
    .unrealize = port_unrealize,
};

static const DeviceClass back_class = {
    .name = "back",
    .bus = "slot",
    .instance_size = sizeof(Toy),
    .init = toy_init,
    .realize = toy_realize,
    .unrealize = toy_unrealize,
    .reset = toy_reset,
    .finalize = toy_finalize,
    .acquire = toy_acquire,
    .release = toy_release,
};

static const DevicePart whole_parts[] = {
    { "front", &front_class, offsetof(Toy, front) },
    { "back", &back_class, offsetof(Toy, back) },
    { NULL },
};

static const DeviceClass whole_class = {
    .name = "whole",
    .parent = &toy_class,
    .instance_size = sizeof(Toy),
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
    .parts = whole_parts,
    .realize = whole_realize,
    .unrealize = port_unrealize,
};

static const DeviceClass fixed_toy_class = {
    .name = "fixed-toy",
    .bus = "fixed-slot",
    .instance_size = sizeof(Device),
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
};

static const DeviceClass rigid_class = {
    .name = "rigid",
    .parent = &toy_class,
    .instance_size = sizeof(Toy),
    .user_creatable = TRUE,
};

const DeviceClass *const device_class_table[] = {
    &toy_class,  &port_class,      &whole_class, &core_class, &front_class,
    &back_class, &fixed_toy_class, &rigid_class, NULL
};

/* --- for the tests --- */

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    const char *path = config_map_string(data, "path");
    gboolean gone = strcmp(name, "DEVICE_DELETED") == 0;

    g_assert_true(gone || strcmp(name, "DEVICE_UNPLUG_GUEST_ERROR") == 0);
    g_ptr_array_add(gone ? deleted : refused, g_strdup(path));
    g_string_append_printf(
        toys.trace, "%c%s ", gone ? '+' : '-',
        config_map_has(data, "device") ? config_map_string(data, "device") : path);
}

static guint count(GPtrArray *paths, const char *path, guint *when)
{
    guint n = 0;

    for (guint i = paths->len; i-- > 0;) {
        if (strcmp(paths->pdata[i], path) == 0) {
            n++;
            *when = i + 1;
        }
    }
    return n;
}

guint toys_deleted(const char *path, guint *when)
{
    *when = 0;
    return count(deleted, path, when);
}

guint toys_refused(const char *path)
{
    guint when;

    return count(refused, path, &when);
}

void toys_set_up(void)
{
    static gboolean once;

    if (!once) {
        once = TRUE;
        if (!machine_lock_held()) {
            machine_lock();
        }
        vm_event_subscribe(on_event, NULL);
    }
    memset(&toys, 0, sizeof(toys));
    toys.trace = g_string_new(NULL);
    deleted = g_ptr_array_new_with_free_func(g_free);
    refused = g_ptr_array_new_with_free_func(g_free);
    toys.slots = bus_new(&slots_class, "slots.0", NULL, NULL);
    fixed = bus_new(&fixed_class, "fixed.0", NULL, NULL);
}

void toys_tear_down(void)
{
    toys.slow_quiesce = toys.slow_host = FALSE;
    while (toys_finish_any(0) || toys_finish_host(NULL)) {
    }
    device_cleanup();
    bus_free(toys.slots);
    bus_free(fixed);
    g_assert_cmpuint(toys.live, ==, 0);
    g_assert_cmpuint(toys.realized, ==, 0);
    g_assert_cmpuint(toys.reserved, ==, 0);
    g_assert_cmpuint(toys.plugged, ==, 0);
    g_ptr_array_unref(deleted);
    g_ptr_array_unref(refused);
    g_string_free(toys.trace, TRUE);
}

void toys_expect(const char *trace)
{
    g_assert_cmpstr(toys.trace->str, ==, trace);
    g_string_truncate(toys.trace, 0);
}

/* As the command line's grammar gives it. */
static ConfigNode *node_of(const char *options)
{
    g_auto(GStrv) parts = g_strsplit(options, ",", -1);
    ConfigNode *node = config_map_new();

    for (guint i = 0; parts[i] && *parts[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(parts[i], "=", 2);

        config_map_set(node, pair[0], config_string_new(pair[1]));
    }
    return node;
}

Device *toys_add(const char *options, GError **errp)
{
    g_autoptr(ConfigNode) node = node_of(options);

    return device_add_from_config(node, FALSE, errp);
}

static void plug_done(void *opaque, GError *error)
{
    ToysPlug *plug = opaque;

    g_assert_false(plug->done);
    plug->done = TRUE;
    plug->error = error;
}

void toys_plug_later(const char *options, ToysPlug *plug)
{
    g_autoptr(ConfigNode) node = node_of(options);

    *plug = (ToysPlug){ 0 };
    device_add_later(node, NULL, plug_done, plug);
}

Device *toys_plug(const char *options)
{
    g_autoptr(ConfigNode) node = node_of(options);
    ToysPlug plug;

    toys_plug_later(options, &plug);
    g_assert_no_error(plug.error);
    g_assert_true(plug.done);
    return device_find(config_map_string(node, "id"));
}
