/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real class table: what every row of it must fulfil. */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "event/loop.h"

static void add_name(GHashTable *names, const char *name)
{
    if (name && !g_hash_table_add(names, (gpointer)name)) {
        g_error("'%s' is in the class table twice", name);
    }
}

static void test_names(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; device_class_table[i]; i++) {
        add_name(names, device_class_table[i]->name);
        add_name(names, device_class_table[i]->alias);
    }
}

static void check_properties(const DeviceClass *klass)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (; klass; klass = klass->parent) {
        for (const Property *p = klass->properties; p && p->name; p++) {
            g_assert_true(p->hidden || p->help);
            g_assert_true(p->ignored || p->offset >= sizeof(Device));
            g_assert_true(p->type != PROP_ENUM || p->names);
            if (!g_hash_table_add(names, (gpointer)p->name)) {
                g_error("property '%s.%s' is there twice", klass->name, p->name);
            }
        }
    }
}

static void add_row(const Property *prop, void *opaque)
{
    g_ptr_array_add(opaque, (gpointer)prop->name);
}

/* The rows of parts, too: none of two parts has the name of another's. */
static void check_parts(const DeviceClass *klass, GHashTable *names)
{
    for (; klass; klass = klass->parent) {
        for (const DevicePart *p = klass->parts; p && p->name; p++) {
            g_autoptr(GPtrArray) rows = g_ptr_array_new();

            g_assert_true(p->offset + sizeof(Device *) <= klass->instance_size);
            g_assert_nonnull(device_class_find(p->klass->name));
            device_class_foreach_property(p->klass, add_row, rows);
            for (guint i = 0; i < rows->len; i++) {
                if (!g_hash_table_add(names, rows->pdata[i])) {
                    g_error("two parts of '%s' have a property '%s'", klass->name,
                            (char *)rows->pdata[i]);
                }
            }
        }
    }
}

static void check_state(const StateDesc *desc)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    g_assert_cmpuint(desc->version, >, 0);
    for (const StateField *f = desc->fields; f->name; f++) {
        if (!g_hash_table_add(names, (gpointer)f->name)) {
            g_error("state field '%s' of '%s' is there twice", f->name, desc->name);
        }
        g_assert_true(f->count || f->indirect);
        g_assert_true(f->since <= desc->version);
        if (f->type == STATE_STRUCT) {
            g_assert_nonnull(f->nested);
            g_assert_true(f->stride || f->count == 1);
            check_state(f->nested);
        }
    }
}

/* Making one sets the defaults, which fails loudly when one is wrong. */
static void test_rows(void)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];
        g_autoptr(Device) dev = device_new(klass);
        g_autofree char *help = device_class_help(klass);
        g_autoptr(ConfigNode) list = device_class_list_properties(klass);
        g_autoptr(GHashTable) part_rows = g_hash_table_new(g_str_hash, g_str_equal);

        g_assert_true(dev->klass == klass);
        g_assert_nonnull(list);
        g_assert_nonnull(klass->desc);
        check_properties(klass);
        check_parts(klass, part_rows);
        if (klass->state) {
            check_state(klass->state);
        }
        g_assert_true(g_str_has_prefix(help, klass->name));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/device/classes/names", test_names);
    g_test_add_func("/device/classes/rows", test_rows);
    return g_test_run();
}
