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

/* What the guest cannot see, and why: all others are compared by a migration. */
static const struct Unseen {
    const char *class_name, *property, *why; /* "not supported": it has one value */
} unseen[] = {
    { "cfi.pflash01", "drive", "the host's" },
    { "e1000", "netdev", "the host's" },
    { "e1000", "bootindex", "read in fw_cfg, at the next start" },
    { "ide-device", "drive", "the host's" },
    { "ide-device", "unit", "the bus has no other" },
    { "ide-device", "bootindex", "read in fw_cfg, at the next start" },
    { "ide-device", "write-cache", "what it has become moves with the state" },
    { "ide-device", "share-rw", "the host's" },
    { "ide-device", "werror", "a policy" },
    { "ide-device", "rerror", "a policy" },
    { "isa-debugcon", "chardev", "the host's" },
    { "isa-pit", "lost_tick_policy", "how lateness is made up for" },
    { "mc146818rtc", "lost_tick_policy", "how lateness is made up for" },
    { "isa-serial", "chardev", "the host's" },
    { "pci-device", "romfile", "its content moves as RAM" },
    { "pci-testdev", "membar-backed", "not supported" },
    { "virtio-device", "packed", "not supported" },
    { "virtio-device", "iommu_platform", "not supported" },
    { "virtio-blk-device", "drive", "the host's" },
    { "virtio-blk-device", "iothread", "the host's" },
    { "virtio-blk-device", "write-cache", "what it has become moves with the state" },
    { "virtio-blk-device", "share-rw", "the host's" },
    { "virtio-blk-device", "werror", "a policy" },
    { "virtio-blk-device", "rerror", "a policy" },
    { "virtio-blk-device", "bootindex", "read in fw_cfg, at the next start" },
    { "virtio-blk-device", "addr", "the slot, which is the bus's name" },
    { "virtio-net-device", "netdev", "the host's" },
    { "virtio-net-device", "iothread", "the host's" },
    { "virtio-net-device", "bootindex", "read in fw_cfg, at the next start" },
    { "virtio-rng-device", "rng", "the host's" },
    { "virtio-rng-device", "iothread", "the host's" },
    { "virtio-rng-device", "max-bytes", "a limit of the host's" },
    { "virtio-rng-device", "period", "a limit of the host's" },
    { "vhost-vsock-device", "guest-cid", "an event tells of another, after a migration" },
    { "vhost-vsock-device", "vhostfd", "the host's" },
    { "virtio-serial-port", "chardev", "the host's" },
    { "virtio-input-device", "display", "not supported" },
    { "vmgenid", "guid", "a guest that comes in with another is told of this one" },
    { "virtio-pci", "ioeventfd", "how the host hears of it" },
    { "virtio-pci", "ats", "not supported" },
    { "virtio-pci", "aer", "not supported" },
    { "virtio-pci", "page-per-vq", "not supported" },
    { "virtio-pci", "modern-pio-notify", "not supported" },
};

static const struct Unseen *find_unseen(const DeviceClass *klass, const char *property)
{
    for (gsize i = 0; i < G_N_ELEMENTS(unseen); i++) {
        if (strcmp(unseen[i].class_name, klass->name) == 0 &&
            strcmp(unseen[i].property, property) == 0) {
            return &unseen[i];
        }
    }
    return NULL;
}

static void check_guest(const DeviceClass *klass, GHashTable *used)
{
    for (const Property *p = klass->properties; p && p->name; p++) {
        const struct Unseen *row = find_unseen(klass, p->name);

        if (row) {
            g_hash_table_add(used, (gpointer)row);
        }
        if (p->guest == (row != NULL) && !p->ignored) {
            g_error("%s.%s: the guest's, or not?", klass->name, p->name);
        }
    }
}

/* A property is the guest's, so that both sides of a migration must agree, or is told
 * above. */
static void test_guest(void)
{
    g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);

    for (guint i = 0; device_class_table[i]; i++) {
        for (const DeviceClass *k = device_class_table[i]; k; k = k->parent) {
            check_guest(k, used);
        }
    }
    g_assert_cmpuint(g_hash_table_size(used), ==, G_N_ELEMENTS(unseen));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/device/classes/names", test_names);
    g_test_add_func("/device/classes/rows", test_rows);
    g_test_add_func("/device/classes/guest", test_guest);
    return g_test_run();
}
