/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices compose: parts, buses as nodes, and what walks the tree. */
#include "config.h"

#include <string.h>

#include "config/json.h"
#include "device/global.h"
#include "monitor/qmp-command.h"
#include "unit/device-toys.h"

#define WHOLE "/machine/peripheral/w"

static void add_path(Device *dev, void *opaque)
{
    g_string_append_printf(opaque, "%s ", strrchr(dev->path, '/') + 1);
}

static void expect_tree(const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);

    device_foreach(add_path, all);
    g_assert_cmpstr(all->str, ==, expected);
}

/* All is plugged before anything is reset, and reset before anything is announced. */
static void test_life(void)
{
    toys_set_up();
    Device *w = toys_plug("driver=whole,id=w,drive=d");
    toys_expect("A w A front A back R w r w R front r front R core r core p core p front "
                "R back r back p back p w x w x front x core x back "
                "! core ! front ! back ! w ");
    Toy *front = ((Toy *)w)->front;
    g_assert_true(front->dev.parent == w && front->core->dev.parent == &front->dev);
    g_assert_true(device_find_path(WHOLE "/front/core") == &front->core->dev);
    g_assert_true(front->core->dev.hotplugged && front->core->dev.ready);
    g_assert_null(device_find_path(WHOLE "/core"));
    g_assert_null(device_find("front"));
    expect_tree("w front core back ");
    g_assert_true(device_request_unplug(w, NULL));
    toys_expect("? w ");
    device_unplug(w);
    toys_expect("q w q front q core P back u back P core u core P front u front P w u w "
                "L back +" WHOLE "/back +" WHOLE "/front/core L front +" WHOLE "/front "
                "L w +w ");
    expect_tree("");
    toys_tear_down();
}

/* What is there of a device that has just been made or has failed. */
static void expect_nothing(void)
{
    g_assert_cmpuint(toys.live, ==, 0);
    g_assert_cmpuint(toys.realized, ==, 0);
    g_assert_cmpuint(toys.reserved, ==, 0);
    g_assert_cmpuint(toys.plugged, ==, 0);
    g_assert_cmpuint(toys.held, ==, 0);
    g_assert_cmpuint(toys.slots->devices->len, ==, 0);
    g_assert_null(device_find("w"));
    g_assert_null(bus_find("w"));
    expect_tree("");
}

/* Each of the steps fails in turn; then it goes well. */
static void check_each_step(const char *options)
{
    guint n = 0;

    do {
        ToysPlug plug;

        toys_set_up();
        toys.fail_step = ++n;
        toys_plug_later(options, &plug);
        g_assert_true(plug.done);
        g_assert_true((toys.steps < n) == !plug.error);
        if (plug.error) {
            g_assert_true(g_str_has_prefix(plug.error->message, "no "));
            expect_nothing();
            toys.fail_step = 0;
            toys_plug_later(options, &plug);
        }
        g_assert_no_error(plug.error);
        g_assert_cmpuint(toys.held, >, 0);
        g_assert_nonnull(device_find("w"));
        n = toys.fail_step ? 0 : n;
        toys_tear_down();
    } while (n);
}

static void test_failing_steps(void)
{
    check_each_step("driver=toy,id=w");
    check_each_step("driver=port,id=w");
    check_each_step("driver=whole,id=w,drive=d");
}

/* In which order things are undone, at the steps that differ most. */
static void test_roll_back(void)
{
    static const struct {
        const char *fail_at, *trace;
    } cases[] = {
        { "A back", "A w A front L front L w " },
        { "R w", "A w A front A back L back L front L w " },
        { "r core", "A w A front A back R w r w R front r front R core P core u front "
                    "P front u w P w L back L front L w " },
        { "p back", "A w A front A back R w r w R front r front R core r core p core "
                    "p front R back r back P back u back P core u core P front u front "
                    "u w P w L back L front L w " },
        { "p w",
          "A w A front A back R w r w R front r front R core r core p core p front "
          "R back r back p back P back u back P core u core P front u front P w "
          "u w L back L front L w " },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ToysPlug plug;

        toys_set_up();
        toys.fail_at = cases[i].fail_at;
        toys_plug_later("driver=whole,id=w,drive=d", &plug);
        g_assert_nonnull(plug.error);
        g_clear_error(&plug.error);
        toys_expect(cases[i].trace);
        expect_nothing();
        toys_tear_down();
    }
}

/* --- rows --- */

static void test_set_rows(void)
{
    static const char *const failing[][2] = {
        { "driver=whole,id=w", "Parameter 'drive' is missing (device 'whole' needs it)" },
        { "driver=whole,id=w,drive=d,nix=1", "Property 'whole.nix' not found" },
        { "driver=whole,id=w,drive=d,colour=red",
          "Parameter 'colour' expects a number, not 'red'" },
    };

    toys_set_up();
    for (guint i = 0; i < G_N_ELEMENTS(failing); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(toys_add(failing[i][0], &err));
        g_assert_cmpstr(err->message, ==, failing[i][1]);
    }
    Toy *w = (Toy *)toys_add("driver=whole,id=w,drive=d,colour=5,depth=6,size=9", NULL);
    g_assert_cmpstr(w->front->drive, ==, "d");
    g_assert_cmpuint(w->front->colour, ==, 5);
    g_assert_cmpuint(w->front->core->depth, ==, 6);
    g_assert_cmpuint(w->size, ==, 9);
    g_assert_cmpuint(w->front->size, ==, 1);
    g_assert_cmpuint(w->front->core->colour, ==, 70);
    g_assert_null(w->drive);
    toys_tear_down();
}

static void add_guest_property(const char *name, const char *value, const char *def,
                               void *opaque)
{
    g_string_append_printf(opaque, "%s=%s(%s) ", name, value, def);
}

static void add_guest_properties(Device *dev, void *opaque)
{
    device_foreach_guest_property(dev, add_guest_property, opaque);
}

/* What is said of the whole wins, but not for what it hides. */
static void test_machine_defaults(void)
{
    static const PropertyDefault rows[] = {
        { "front", "colour", "30" }, { "whole", "colour", "31" },
        { "whole", "size", "8" },    { "core", "depth", "70" },
        { "front", "depth", "71" },  { NULL },
    };
    g_autoptr(GString) all = g_string_new(NULL);

    toys_set_up();
    device_set_machine_defaults(rows);
    Toy *w = (Toy *)toys_add("driver=whole,id=w,drive=d", NULL);
    g_assert_cmpuint(w->front->core->depth, ==, 71);
    device_foreach(add_guest_properties, all);
    g_assert_cmpstr(all->str, ==, "size=8(8) colour=31(31) size=1(1) ");
    toys_tear_down();
    device_set_machine_defaults(NULL);
}

/* -global: of the part, which gives way to that of the whole. */
static void test_globals(void)
{
    static const char *const values[][3] = { { "front", "colour", "40" },
                                             { "front", "drive", "x" },
                                             { "whole", "drive", "y" } };

    toys_set_up();
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(ConfigNode) node = config_map_new();

        config_map_set_string(node, "driver", values[i][0]);
        config_map_set_string(node, "property", values[i][1]);
        config_map_set_string(node, "value", values[i][2]);
        g_assert_true(device_global_add(node, NULL));
    }
    Device *w = device_new(device_class_find("whole"));
    g_assert_cmpuint(((Toy *)w)->front->colour, ==, 40);
    g_assert_cmpstr(((Toy *)w)->front->drive, ==, "y");
    device_unref(w);
    device_global_cleanup();
    toys_tear_down();
}

static void test_introspection(void)
{
    const DeviceClass *klass = device_class_find("whole");
    g_autofree char *help = device_class_help(klass);
    g_autoptr(ConfigNode) list = device_class_list_properties(klass);
    static const char *const names[] = { "size", "drive", "colour", "depth" };
    static const char *const defaults[] = { "1", NULL, "3", "7" };

    g_assert_cmpuint(config_list_size(list), ==, G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        ConfigNode *row = config_list_at(list, i);
        const ConfigNode *def = config_map_peek(row, "default-value");
        g_autofree char *text = def ? config_node_describe(def) : NULL;

        g_assert_cmpstr(config_map_string(row, "name"), ==, names[i]);
        g_assert_cmpstr(text, ==, defaults[i]);
        g_assert_nonnull(strstr(help, names[i]));
    }
    g_assert_nonnull(strstr(help, "of the front"));
    g_assert_null(strstr(help, "hidden"));
}

static char *ask(const char *command, const char *path, const char *property)
{
    g_autoptr(ConfigNode) args = config_map_new(), ret = NULL;
    g_autoptr(GError) err = NULL;

    config_map_set_string(args, "path", path);
    if (property) {
        config_map_set_string(args, "property", property);
    }
    ret = qmp_command_find(command)->run(args, &err);
    return ret ? config_to_json(ret, FALSE) : g_strdup(err->message);
}

/* Single quotes stand for JSON's. */
static void expect_answer(const char *command, const char *path, const char *property,
                          const char *expected)
{
    g_autofree char *answer = g_strdelimit(ask(command, path, property), "\"", '\'');

    g_assert_cmpstr(answer, ==, expected);
}

static void expect_children(const char *path, const char *expected)
{
    g_autoptr(ConfigNode) args = config_map_new(), list = NULL;
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    config_map_set_string(args, "path", path);
    list = qmp_command_find("qom-list")->run(args, &err);
    g_assert_no_error(err);
    for (guint i = 0; i < config_list_size(list); i++) {
        const ConfigNode *row = config_list_at(list, i);

        if (g_str_has_prefix(config_map_string(row, "type"), "child<")) {
            g_string_append_printf(text, "%s %s, ", config_map_string(row, "name"),
                                   config_map_string(row, "type"));
        }
    }
    g_assert_cmpstr(text->str, ==, expected);
}

/* Parts are found where QEMU has them. */
static void test_paths(void)
{
    toys_set_up();
    toys_add("driver=port,id=w0", NULL);
    toys_add("driver=whole,id=w,drive=d,bus=w0", NULL);
    expect_children(WHOLE, "front child<front>, back child<back>, inside child<slot>, ");
    expect_children(WHOLE "/front", "core child<core>, inside child<slot>, ");
    expect_children(WHOLE "0", "w0 child<slot>, ");
    expect_answer("qom-get", WHOLE, "back", "'" WHOLE "/back'");
    expect_answer("qom-get", WHOLE "/front", "core", "'" WHOLE "/front/core'");
    expect_answer("qom-get", WHOLE "/front/core", "type", "'core'");
    expect_answer("qom-get", WHOLE, "front/core",
                  "Property 'whole.front/core' not found");
    expect_answer("qom-get", WHOLE, "drive", "'d'"); /* a part's row */
    expect_answer("qom-get", WHOLE, "parent_bus", "'" WHOLE "0/w0'");
    expect_answer("qom-get", WHOLE "/back", "parent_bus", "'" WHOLE "/inside'");
    expect_answer("qom-get", WHOLE "/core", "type", "Device '" WHOLE "/core' not found");
    toys_tear_down();
}

/* --- buses --- */

static void test_buses(void)
{
    g_autoptr(GError) err = NULL;

    toys_set_up();
    toys_add("driver=port,id=p1", NULL);
    toys_add("driver=port,id=p2,bus=p1", NULL);
    toys_add("driver=toy,id=slots.0,bus=p2", NULL);
    toys_add("driver=toy,id=a,bus=slots.0", NULL);
    toys_add("driver=whole,id=w,drive=d,bus=p1", NULL);
    toys_add("driver=port,id=p1b", NULL);
    expect_tree("p1 p2 slots.0 w front core back a p1b ");
    g_assert_true(device_find("slots.0")->parent == device_find("p2"));
    g_assert_null(device_find("a")->parent);

    g_assert_null(bus_find("inside"));
    g_assert_null(toys_add("driver=toy,id=x,bus=inside", &err));
    g_assert_cmpstr(err->message, ==, "Bus 'inside' not found");
    toys.slots->alias = "first";
    g_assert_true(bus_find("first") == toys.slots);
    g_string_truncate(toys.trace, 0);
    device_cleanup();
    toys_expect("q p1 q p2 q slots.0 q w q front q core q a q p1b "
                "P p1b u p1b P a u a "
                "P back u back P core u core P front u front P w u w "
                ""
                "P slots.0 u slots.0 P p2 u p2 P p1 u p1 ");
    toys_tear_down();
}

/* A device may be called as a bus is that is there. */
static void test_names(void)
{
    toys_set_up();
    toys_add("driver=port,id=slots.0", NULL);
    g_assert_true(bus_find("slots.0") == toys.slots);
    toys_tear_down();
}

static void test_refuses_hotplug(void)
{
    g_autoptr(GError) err = NULL;
    ToysPlug plug;

    toys_set_up();
    Device *dev = toys_add("driver=fixed-toy,id=a", &err);
    g_assert_no_error(err);
    toys_plug_later("driver=fixed-toy,id=b", &plug);
    g_assert_cmpstr(plug.error->message, ==,
                    "Bus 'fixed.0' does not support hotplugging");
    g_clear_error(&plug.error);
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Bus 'fixed.0' does not support hotplugging");
    g_clear_error(&err);
    dev = toys_add("driver=rigid,id=r", NULL);
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Device 'r' does not support hotplugging");
    g_assert_null(device_unplug_state(dev));
    toys_tear_down();
}

/* --- reset --- */

static void count(void *opaque)
{
    ++*(int *)opaque;
}

static void make_some(void)
{
    toys_add("driver=port,id=p1", NULL);
    toys_add("driver=port,id=p2,bus=p1", NULL);
    toys_add("driver=toy,id=a,bus=p2", NULL);
    toys_add("driver=toy,id=b", NULL);
    g_string_truncate(toys.trace, 0);
}

static void test_reset_below(void)
{
    int done = 0;

    toys_set_up();
    make_some();
    device_reset(device_find("p2"), count, &done);
    toys_expect("q p2 q a x p2 x a ");
    bus_reset(bus_find("p1"), count, &done);
    toys_expect("q p2 q a x p2 x a ");
    bus_reset(bus_find("p2"), NULL, NULL);
    toys_expect("q a x a ");
    device_reset_all(count, &done);
    toys_expect("q p1 q p2 q a q b x p1 x p2 x a x b ");
    g_assert_cmpint(done, ==, 3);
    toys_tear_down();
}

/* Nothing is reset before all of it stands still, and only that is held. */
static void test_reset_waits(void)
{
    Device *p2, *a, *b;
    int done = 0;

    toys_set_up();
    make_some();
    p2 = device_find("p2");
    a = device_find("a");
    b = device_find("b");
    toys.slow_quiesce = TRUE;
    device_reset(p2, count, &done);
    bus_reset(bus_find("p2"), count, &done);
    g_assert_true(device_is_held(p2) && device_is_held(a) && !device_is_held(b));
    g_assert_false(device_resetting());
    g_string_truncate(toys.trace, 0);
    toys_finish_quiesce(a);
    toys_expect("Q a x a ");
    g_assert_cmpint(done, ==, 1);
    g_assert_true(device_is_held(a));
    toys_finish_quiesce(p2);
    toys_expect("Q p2 x p2 x a ");
    g_assert_cmpint(done, ==, 2);
    g_assert_false(device_is_held(p2) || device_is_held(a));
    toys_tear_down();
}

/* What goes meanwhile is left alone, and waited for all the same. */
static void test_unplug_during_reset(void)
{
    Device *a;
    int done = 0;

    toys_set_up();
    make_some();
    a = device_find("a");
    toys.slow_quiesce = TRUE;
    device_reset(device_find("p1"), count, &done);
    device_unplug(a);
    g_assert_true(device_is_held(a));
    toys_finish_quiesce(device_find("p1"));
    toys_finish_quiesce(device_find("p2"));
    g_assert_cmpint(done, ==, 0);
    g_string_truncate(toys.trace, 0);
    toys_finish_quiesce(a);
    toys_expect("Q a x p1 x p2 P a u a L a +a ");
    g_assert_cmpint(done, ==, 1);
    toys_tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/tree/life", test_life);
    g_test_add_func("/device/tree/failing-steps", test_failing_steps);
    g_test_add_func("/device/tree/roll-back", test_roll_back);
    g_test_add_func("/device/tree/set-rows", test_set_rows);
    g_test_add_func("/device/tree/machine-defaults", test_machine_defaults);
    g_test_add_func("/device/tree/globals", test_globals);
    g_test_add_func("/device/tree/introspection", test_introspection);
    g_test_add_func("/device/tree/paths", test_paths);
    g_test_add_func("/device/tree/buses", test_buses);
    g_test_add_func("/device/tree/names", test_names);
    g_test_add_func("/device/tree/refuses-hotplug", test_refuses_hotplug);
    g_test_add_func("/device/tree/reset-below", test_reset_below);
    g_test_add_func("/device/tree/reset-waits", test_reset_waits);
    g_test_add_func("/device/tree/unplug-during-reset", test_unplug_during_reset);
    return g_test_run();
}
