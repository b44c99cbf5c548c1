/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes, properties, realize, unplug and reset on devices made for the purpose. */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "event/lock.h"
#include "event/vm-event.h"
#include "util/error.h"

typedef struct Toy {
    Device dev;
    gboolean flag;
    guint8 small;
    guint16 queues;
    guint64 size, big;
    char *drive, *fail;
    guint8 mac[6];
    int mode;
    OnOffAuto lazy;

    GSList *waiters;
} Toy;

typedef struct Waiter {
    void (*quiesced)(void *opaque);
    void *opaque;
} Waiter;

/* What happened, one letter each. */
static GString *trace;
static gboolean slow; /* quiesce waits for finish_quiesce() */

static gboolean toy_realize(Device *dev, GError **errp)
{
    if (g_strcmp0(((Toy *)dev)->fail, "realize") == 0) {
        return error_set(errp, "no realize");
    }
    g_string_append_c(trace, 'r');
    return TRUE;
}

static void toy_reset(Device *dev)
{
    g_string_append_c(trace, 'R');
}

static void toy_quiesce(Device *dev, void (*done)(void *opaque), void *opaque)
{
    Toy *toy = (Toy *)dev;

    g_string_append_c(trace, 'q');
    if (slow) {
        Waiter *w = g_new(Waiter, 1);

        *w = (Waiter){ done, opaque };
        toy->waiters = g_slist_append(toy->waiters, w);
    } else {
        done(opaque);
    }
}

static void finish_quiesce(Device *dev)
{
    GSList *waiters = g_steal_pointer(&((Toy *)dev)->waiters);

    g_string_append_c(trace, 'Q');
    for (GSList *l = waiters; l; l = l->next) {
        Waiter *w = l->data;

        w->quiesced(w->opaque);
    }
    g_slist_free_full(waiters, g_free);
}

static void toy_unrealize(Device *dev)
{
    g_string_append_c(trace, 'u');
}

static void toy_finalize(Device *dev)
{
    g_string_append_c(trace, 'f');
}

static const char *const modes[] = { "fast", "slow", NULL };

#define PROP(name_, type_, member, ...)                                                  \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(Toy, member), __VA_ARGS__       \
    }

static const Property base_properties[] = {
    PROP("flag", PROP_BOOL, flag, .def = "on", .help = "a flag"),
    PROP("size", PROP_SIZE, size, .def = "4k", .max = 1 << 20, .guest = TRUE),
    { NULL },
};

static const Property toy_properties[] = {
    PROP("small", PROP_U8, small, .guest = TRUE),
    PROP("queues", PROP_U16, queues, .def = "1", .min = 1, .max = 64),
    PROP("big", PROP_U64, big),
    PROP("drive", PROP_STRING, drive, .required = TRUE),
    PROP("fail", PROP_STRING, fail),
    PROP("mac", PROP_MAC, mac),
    PROP("mode", PROP_ENUM, mode, .names = modes, .def = "slow", .guest = TRUE),
    PROP("lazy", PROP_AUTO, lazy),
    { .name = "rombar", .type = PROP_U32, .ignored = TRUE },
    { NULL },
};

static const DeviceClass base_class = {
    .name = "toy-base",
    .bus = "toy-bus",
    .instance_size = sizeof(Toy),
    .properties = base_properties,
    .realize = toy_realize,
    .reset = toy_reset,
    .quiesce = toy_quiesce,
    .unrealize = toy_unrealize,
    .finalize = toy_finalize,
};
static const DeviceClass toy_class = {
    .name = "toy",
    .alias = "plaything",
    .parent = &base_class,
    .instance_size = sizeof(Toy),
    .properties = toy_properties,
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
};
static const DeviceClass fixed_class = {
    .name = "fixed",
    .bus = "other-bus",
    .instance_size = sizeof(Device),
    .user_creatable = TRUE,
};
static const DeviceClass board_class = {
    .name = "board-only",
    .instance_size = sizeof(Device),
};

const DeviceClass *const device_class_table[] = { &base_class, &toy_class, &fixed_class,
                                                  &board_class, NULL };

static gboolean bus_plug(Bus *bus, Device *dev, GError **errp)
{
    if (g_strcmp0(((Toy *)dev)->fail, "plug") == 0) {
        return error_set(errp, "no plug");
    }
    g_string_append_c(trace, 'p');
    return TRUE;
}

static void bus_unplug(Bus *bus, Device *dev)
{
    g_string_append_c(trace, 'P');
}

static const BusClass toy_bus = {
    .type = "toy-bus", .max_devices = 1, .plug = bus_plug, .unplug = bus_unplug
};
static Bus *buses[2];

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    if (strcmp(name, "DEVICE_DELETED") == 0) {
        g_string_append_printf(
            trace, "[%s %s]",
            config_map_has(data, "device") ? config_map_string(data, "device") : "-",
            config_map_string(data, "path"));
    }
}

static void set_up(void)
{
    trace = g_string_new(NULL);
    slow = FALSE;
    buses[0] = bus_new(&toy_bus, "toy-bus.0", NULL, NULL);
    buses[1] = bus_new(&toy_bus, "toy-bus.1", NULL, NULL);
}

static void tear_down(void)
{
    slow = FALSE;
    device_cleanup();
    bus_free(buses[0]);
    bus_free(buses[1]);
    g_string_free(trace, TRUE);
}

/* Takes and empties the trace. */
static void expect_trace(const char *expected)
{
    g_assert_cmpstr(trace->str, ==, expected);
    g_string_truncate(trace, 0);
}

/* "key=value,..." as the command line's grammar gives it. */
static ConfigNode *options(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    ConfigNode *node = config_map_new();

    for (guint i = 0; parts[i] && *parts[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(parts[i], "=", 2);

        config_map_set(node, pair[0], config_string_new(pair[1]));
    }
    return node;
}

static Device *add(const char *text, GError **errp)
{
    g_autoptr(ConfigNode) node = options(text);

    return device_add_from_config(node, FALSE, errp);
}

static void test_properties(void)
{
    g_autoptr(ConfigNode) node = NULL;
    g_autoptr(GError) err = NULL;
    static const guint8 mac[6] = { 0x52, 0x54, 0, 0x12, 0xab, 0xCD };
    Toy *toy;

    set_up();
    node = options("driver=toy,small=0xff,size=64k,drive=d0,mac=52:54:00:12:aB:Cd,"
                   "mode=fast,lazy=off,rombar=0");
    config_map_set(node, "queues", config_int_new(64));
    config_map_set(node, "flag", config_bool_new(FALSE));
    toy = (Toy *)device_add_from_config(node, FALSE, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(toy->small, ==, 255);
    g_assert_cmpuint(toy->queues, ==, 64);
    g_assert_cmpuint(toy->size, ==, 65536);
    g_assert_cmpstr(toy->drive, ==, "d0");
    g_assert_cmpmem(toy->mac, 6, mac, 6);
    g_assert_cmpint(toy->mode, ==, 0);
    g_assert_cmpint(toy->lazy, ==, ON_OFF_AUTO_OFF);
    g_assert_false(toy->flag);
    g_assert_cmpstr(toy->dev.path, ==, "/machine/peripheral-anon/device[0]");
    tear_down();
}

/*
 * What fails takes no number: the stream names devices by them, and a destination is
 * started with those that are there.
 */
static void test_numbers(void)
{
    static const char *const failing[] = { "driver=toy,drive=d,foo=1", "driver=toy",
                                           "driver=toy,drive=d,fail=realize",
                                           "driver=toy,drive=d,queues=65" };
    Device *first = device_new(&toy_class), *second = device_new(&toy_class);
    g_autoptr(GError) err = NULL;
    Toy *toy;

    set_up();
    ((Toy *)first)->fail = g_strdup("realize");
    for (guint i = 0; i < G_N_ELEMENTS(failing); i++) {
        g_assert_null(add(failing[i], NULL));
        g_assert_false(device_realize(first, NULL, NULL));
    }
    g_assert_true(device_realize(second, NULL, NULL));
    g_assert_cmpstr(second->path, ==, "/machine/unattached/device[0]");
    toy = (Toy *)add("driver=toy,drive=d", &err);
    g_assert_no_error(err);
    g_assert_cmpstr(toy->dev.path, ==, "/machine/peripheral-anon/device[0]");
    g_clear_pointer(&((Toy *)first)->fail, g_free);
    g_assert_true(device_realize(first, NULL, NULL));
    g_assert_cmpstr(first->path, ==, "/machine/unattached/device[1]");
    device_unref(first);
    device_unref(second);
    tear_down();
}

static void test_defaults(void)
{
    g_autoptr(GError) err = NULL;
    Toy *toy;

    set_up();
    toy = (Toy *)add("driver=plaything,drive=x,id=a", &err);
    g_assert_no_error(err);
    g_assert_true(toy->flag);
    g_assert_cmpuint(toy->size, ==, 4096);
    g_assert_cmpint(toy->mode, ==, 1);
    g_assert_cmpint(toy->lazy, ==, ON_OFF_AUTO_AUTO);
    g_assert_true(device_find("a") == &toy->dev);
    g_assert_cmpstr(toy->dev.path, ==, "/machine/peripheral/a");
    expect_trace("rpR");
    tear_down();
    g_assert_null(device_find("a"));
}

static void add_guest_property(const char *name, const char *value, const char *def,
                               void *opaque)
{
    g_string_append_printf(opaque, "%s=%s(%s) ", name, value, def);
}

static void expect_guest_properties(Toy *toy, const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);

    device_foreach_guest_property(&toy->dev, add_guest_property, all);
    g_assert_cmpstr(all->str, ==, expected);
}

/* What a machine's version says of a class holds for those derived from it, too. */
static void test_machine_defaults(void)
{
    static const PropertyDefault rows[] = {
        { "toy-base", "size", "8k" },  { "toy", "small", "3" },
        { "toy-base", "small", "4" },  { "toy-base", "flag", "off" },
        { "other-toy", "small", "5" }, { NULL },
    };
    g_autoptr(GError) err = NULL;
    Toy *toy;

    set_up();
    toy = (Toy *)add("driver=toy,drive=x,id=a,mode=fast", &err);
    g_assert_no_error(err);
    expect_guest_properties(toy, "small=0(0) mode=fast(slow) size=4096(4096) ");
    tear_down();

    set_up();
    device_set_machine_defaults(rows);
    toy = (Toy *)add("driver=toy,drive=x,id=a,size=4k", &err);
    g_assert_no_error(err);
    g_assert_false(toy->flag);
    expect_guest_properties(toy, "small=3(3) mode=slow(slow) size=4096(8192) ");
    tear_down();
    device_set_machine_defaults(NULL);
}

static void test_errors(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "id=a", "Parameter 'driver' is missing" },
        { "driver=nix", "'nix' is not a valid device model name" },
        { "driver=board-only",
          "Parameter 'driver' expects a pluggable device type, not 'board-only'" },
        { "driver=fixed", "No 'other-bus' bus found for device 'fixed'" },
        { "driver=toy,bus=nix", "Bus 'nix' not found" },
        { "driver=fixed,bus=toy-bus.0",
          "Device 'fixed' can't go on toy-bus bus 'toy-bus.0'" },
        { "driver=toy,drive=d,foo=1", "Property 'toy.foo' not found" },
        { "driver=toy", "Parameter 'drive' is missing (device 'toy' needs it)" },
        { "driver=toy,drive=d,flag=maybe",
          "Parameter 'flag' expects 'on' or 'off', not 'maybe'" },
        { "driver=toy,drive=d,queues=65",
          "Parameter 'queues' expects a number from 1 to 64, not '65'" },
        { "driver=toy,drive=d,queues=0",
          "Parameter 'queues' expects a number from 1 to 64, not '0'" },
        { "driver=toy,drive=d,small=256",
          "Parameter 'small' expects a number from 0 to 255, not '256'" },
        { "driver=toy,drive=d,small=two",
          "Parameter 'small' expects a number, not 'two'" },
        { "driver=toy,drive=d,size=2M",
          "Parameter 'size' expects a size from 0 to 1048576, not '2097152'" },
        { "driver=toy,drive=d,mode=idle",
          "Parameter 'mode' does not accept value 'idle' (it is one of fast, slow)" },
        { "driver=toy,drive=d,lazy=yes",
          "Parameter 'lazy' does not accept value 'yes' (it is one of auto, on, off)" },
        { "driver=toy,drive=d,rombar=x", "Parameter 'rombar' expects a number, not 'x'" },
        { "driver=toy,drive=d,id=1a", "Parameter 'id' expects an identifier (a letter, "
                                      "then letters, digits, '-', '.', "
                                      "'_', at most 255 in all), not '1a'" },
        { "driver=toy,drive=d,id=taken", "Duplicate device ID 'taken'" },
        { "driver=toy,drive=d,bus=toy-bus.0", "Bus 'toy-bus.0' is full" },
    };
    static const char *const bad_macs[] = { "", "52:54:00:12:34", "52:54:00:12:34:5g",
                                            "52-54-00-12-34-56", "52:54:00:12:34:56:78" };

    set_up();
    add("driver=toy,drive=d,id=taken", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(add(cases[i].options, &err));
        g_assert_cmpstr(err->message, ==, cases[i].message);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad_macs); i++) {
        g_autofree char *text = g_strdup_printf("driver=toy,drive=d,mac=%s", bad_macs[i]);
        g_autoptr(GError) err = NULL;

        g_assert_null(add(text, &err));
        g_assert_true(g_str_has_prefix(err->message, "Property 'toy.mac' doesn't take"));
    }
    g_assert_cmpuint(buses[1]->devices->len, ==, 0);
    tear_down();
}

static void test_roll_back(void)
{
    g_autoptr(GError) err = NULL;

    set_up();
    g_assert_null(add("driver=toy,drive=d,id=a,fail=realize", &err));
    g_assert_cmpstr(err->message, ==, "no realize");
    expect_trace("Pf");
    g_clear_error(&err);
    g_assert_null(add("driver=toy,drive=d,id=a,fail=plug", &err));
    g_assert_cmpstr(err->message, ==, "no plug");
    expect_trace("rPuf");
    g_assert_null(device_find("a"));
    g_assert_cmpuint(buses[0]->devices->len, ==, 0);
    g_assert_nonnull(add("driver=toy,drive=d,id=a", NULL));
    tear_down();
}

static void test_buses_in_order(void)
{
    g_autoptr(GError) err = NULL;

    set_up();
    g_assert_true(add("driver=toy,drive=d,id=b,bus=toy-bus.1", NULL)->bus == buses[1]);
    g_assert_true(add("driver=toy,drive=d,id=a", NULL)->bus == buses[0]);
    g_assert_null(add("driver=toy,drive=d,id=c", &err));
    g_assert_cmpstr(err->message, ==, "No free 'toy-bus' bus for device 'toy'");
    tear_down();
}

static void test_unplug(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    set_up();
    dev = add("driver=toy,drive=d,id=a", NULL);
    g_string_truncate(trace, 0);
    slow = TRUE;
    g_assert_true(device_request_unplug(dev, &err));
    expect_trace("q");
    g_assert_true(device_find("a") == dev);
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Device a is already in the process of unplug");
    finish_quiesce(dev);
    expect_trace("QPu[a /machine/peripheral/a]f");
    g_assert_null(device_find("a"));
    g_assert_cmpuint(buses[0]->devices->len, ==, 0);
    tear_down();
}

static void test_unplug_refused(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Device) dev = NULL;
    g_autoptr(ConfigNode) node = options("driver=fixed");

    set_up();
    dev = device_new(&fixed_class);
    g_assert_true(device_realize(dev, NULL, NULL));
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Device 'fixed' does not support hotplugging");
    g_clear_error(&err);
    g_assert_null(device_add_from_config(node, TRUE, &err));
    g_assert_cmpstr(err->message, ==, "Device 'fixed' does not support hotplugging");
    tear_down();
}

static void count(void *opaque)
{
    (*(int *)opaque)++;
}

static void test_reset(void)
{
    Device *a, *b;
    int done = 0;

    set_up();
    a = add("driver=toy,drive=d,id=a", NULL);
    b = add("driver=toy,drive=d,id=b", NULL);
    g_string_truncate(trace, 0);
    device_reset_all(count, &done);
    expect_trace("qqRR");
    g_assert_cmpint(done, ==, 1);

    slow = TRUE;
    device_reset_all(count, &done);
    expect_trace("qq");
    finish_quiesce(b);
    expect_trace("Q");
    g_assert_cmpint(done, ==, 1);
    finish_quiesce(a);
    expect_trace("QRR");
    g_assert_cmpint(done, ==, 2);
    tear_down();
}

/* A device whose unplug is under way when the machine is reset goes first. */
static void test_reset_during_unplug(void)
{
    Device *a;
    int done = 0;

    set_up();
    a = add("driver=toy,drive=d,id=a", NULL);
    add("driver=toy,drive=d,id=b", NULL);
    g_string_truncate(trace, 0);
    slow = TRUE;
    device_unplug(a);
    slow = FALSE;
    device_reset_all(count, &done);
    expect_trace("q");
    g_assert_true(device_resetting());
    g_assert_cmpint(done, ==, 0);
    finish_quiesce(a);
    expect_trace("QPu[a /machine/peripheral/a]fqR");
    g_assert_cmpint(done, ==, 1);
    tear_down();
}

static ConfigNode *find_row(ConfigNode *rows, const char *name)
{
    for (guint i = 0; i < config_list_size(rows); i++) {
        ConfigNode *row = config_list_at(rows, i);

        if (strcmp(config_map_string(row, "name"), name) == 0) {
            return row;
        }
    }
    return NULL;
}

static void test_introspection(void)
{
    g_autoptr(ConfigNode) rows = device_class_list_properties(&toy_class);
    g_autofree char *help = device_class_help(&toy_class);

    g_assert_cmpuint(config_list_size(rows), ==, 11);
    g_assert_cmpstr(config_map_string(find_row(rows, "flag"), "type"), ==, "bool");
    g_assert_true(
        config_node_bool(config_map_peek(find_row(rows, "flag"), "default-value")));
    g_assert_cmpint(
        config_node_int(config_map_peek(find_row(rows, "size"), "default-value")), ==,
        4096);
    g_assert_cmpstr(config_map_string(find_row(rows, "queues"), "type"), ==, "uint16");
    g_assert_false(config_map_has(find_row(rows, "drive"), "default-value"));
    g_assert_nonnull(strstr(help, "toy options:\n"));
    g_assert_nonnull(strstr(help, "  flag=<bool>              - a flag (default: on)\n"));
    g_assert_true(device_class_is_a(&toy_class, &base_class));
    g_assert_false(device_class_is_a(&base_class, &toy_class));
    g_assert_true(device_class_find("plaything") == &toy_class);
    g_assert_null(device_class_find("nix"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    machine_lock();
    vm_event_subscribe(on_event, NULL);
    g_test_add_func("/device/properties", test_properties);
    g_test_add_func("/device/numbers", test_numbers);
    g_test_add_func("/device/defaults", test_defaults);
    g_test_add_func("/device/machine-defaults", test_machine_defaults);
    g_test_add_func("/device/errors", test_errors);
    g_test_add_func("/device/roll-back", test_roll_back);
    g_test_add_func("/device/buses-in-order", test_buses_in_order);
    g_test_add_func("/device/unplug", test_unplug);
    g_test_add_func("/device/unplug-refused", test_unplug_refused);
    g_test_add_func("/device/reset", test_reset);
    g_test_add_func("/device/reset-during-unplug", test_reset_during_unplug);
    g_test_add_func("/device/introspection", test_introspection);
    return g_test_run();
}
