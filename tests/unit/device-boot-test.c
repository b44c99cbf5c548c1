/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot order, on devices made for the purpose: a board, slots, a device in two parts.
 */
#include "config.h"

#include "device/boot.h"
#include "event/lock.h"
#include "util/error.h"

typedef struct Disk {
    Device dev;
    gint32 index;
    char *name;
    gboolean fail;
    Device *part;
    Bus *bus;
} Disk;

static Bus *slots; /* the board's */

static char *disk_boot_name(const Device *dev)
{
    return g_strdup(((const Disk *)dev)->name);
}

static char *part_boot_name(const Device *dev)
{
    return g_strdup("disk@0,0");
}

static gboolean disk_realize(Device *dev, GError **errp)
{
    return !((Disk *)dev)->fail || error_set(errp, "no realize");
}

static const BusClass slot_class = { .type = "slot" };
static const BusClass inner_class = { .type = "inner", .internal = TRUE };

static gboolean port_realize(Device *dev, GError **errp)
{
    Disk *port = (Disk *)dev;

    port->bus = bus_new(&slot_class, dev->id, dev, port);
    return TRUE;
}

static void bus_unrealize(Device *dev)
{
    g_clear_pointer(&((Disk *)dev)->bus, bus_free);
}

static gboolean whole_realize(Device *dev, GError **errp)
{
    Disk *whole = (Disk *)dev;

    whole->bus = bus_new(&inner_class, "inner", dev, whole);
    if (!device_realize_part(whole->part, whole->bus, errp)) {
        bus_unrealize(dev);
        return FALSE;
    }
    return TRUE;
}

static const Property disk_properties[] = {
    PROPERTY_BOOTINDEX(Disk, index),
    { "name", PROP_STRING, offsetof(Disk, name) },
    { "fail", PROP_BOOL, offsetof(Disk, fail) },
    { NULL },
};
static const Property name_property[] = {
    { "name", PROP_STRING, offsetof(Disk, name) },
    { NULL },
};
static const DeviceClass disk_class = {
    .name = "disk",
    .bus = "slot",
    .instance_size = sizeof(Disk),
    .properties = disk_properties,
    .user_creatable = TRUE,
    .hotpluggable = TRUE,
    .realize = disk_realize,
    .boot_name = disk_boot_name,
};
/* What it is comes from the parent. */
static const DeviceClass derived_class = {
    .name = "derived",
    .parent = &disk_class,
    .instance_size = sizeof(Disk),
    .user_creatable = TRUE,
};
static const DeviceClass port_class = {
    .name = "port",
    .bus = "slot",
    .instance_size = sizeof(Disk),
    .properties = name_property,
    .user_creatable = TRUE,
    .realize = port_realize,
    .unrealize = bus_unrealize,
    .boot_name = disk_boot_name,
};
static const DeviceClass inner_disk_class = {
    .name = "inner-disk",
    .bus = "inner",
    .instance_size = sizeof(Disk),
    .properties = disk_properties,
    .boot_name = part_boot_name,
};
static const DevicePart parts[] = {
    { "backend", &inner_disk_class, offsetof(Disk, part) },
    { NULL },
};
static const DeviceClass whole_class = {
    .name = "whole",
    .bus = "slot",
    .instance_size = sizeof(Disk),
    .properties = name_property,
    .parts = parts,
    .user_creatable = TRUE,
    .realize = whole_realize,
    .unrealize = bus_unrealize,
    .boot_name = disk_boot_name,
};
const DeviceClass *const device_class_table[] = { &disk_class,  &derived_class,
                                                  &port_class,  &inner_disk_class,
                                                  &whole_class, NULL };

static Device *add(const char *driver, const char *options, GError **errp)
{
    g_autoptr(ConfigNode) node = config_map_new();
    g_auto(GStrv) items = g_strsplit(options, " ", -1);

    config_map_set(node, "driver", config_string_new(driver));
    for (char **item = items; *item; item++) {
        char *value = strchr(*item, '=');

        *value++ = 0;
        config_map_set(node, *item, config_string_new(value));
    }
    return device_add_from_config(node, FALSE, errp);
}

static void must_add(const char *driver, const char *options)
{
    g_autoptr(GError) err = NULL;

    add(driver, options, &err);
    g_assert_no_error(err);
}

static void refused(const char *driver, const char *options, const char *message)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(add(driver, options, &err));
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(err->message, message));
}

static void expect(gboolean strict, const char *file, gsize len)
{
    g_autoptr(GByteArray) order = boot_order(strict);

    g_assert_cmpmem(order->data, order->len, file, len);
}
#define EXPECT(strict, text) expect(strict, text, sizeof(text)) /* with its NUL */

static void set_up(void)
{
    machine_lock();
    slots = bus_new(&slot_class, "slots", NULL, NULL);
}

static void tear_down(void)
{
    device_cleanup();
    expect(TRUE, NULL, 0);
    bus_free(slots);
    machine_unlock();
}

static void test_order(void)
{
    set_up();
    expect(FALSE, NULL, 0);
    expect(TRUE, NULL, 0);
    must_add("disk", "id=a name=x@3 bootindex=7");
    must_add("disk", "id=b name=x@1 bootindex=0");
    must_add("disk", "id=c name=x@2");
    must_add("derived", "id=d name=x@4 bootindex=5");
    must_add("disk", "id=e name=x@5 bootindex=-1");
    must_add("disk", "id=f name=x@6 bootindex=-2147483648");
    must_add("disk", "id=g name=x@7 bootindex=2147483647");
    EXPECT(FALSE, "/x@1\n/x@4\n/x@3\n/x@7");
    EXPECT(TRUE, "/x@1\n/x@4\n/x@3\n/x@7\nHALT");
    tear_down();
}

static void test_path(void)
{
    g_autofree char *path = NULL;

    set_up();
    must_add("port", "id=p name=pci-bridge@1,2");
    must_add("whole", "id=w bus=p name=scsi@0 bootindex=1");
    must_add("port", "id=nameless bus=p");
    must_add("disk", "id=x bus=nameless name=drive@0/disk@1 bootindex=2");
    EXPECT(FALSE, "/pci-bridge@1,2/scsi@0/disk@0,0\n/pci-bridge@1,2/drive@0/disk@1");
    path = boot_path(device_find("w"));
    g_assert_cmpstr(path, ==, "/pci-bridge@1,2/scsi@0");
    tear_down();
}

static void test_twice(void)
{
    static const char message[] = "The bootindex 3 has already been used";

    set_up();
    must_add("disk", "id=a name=x@1 bootindex=3");
    refused("disk", "id=b name=x@2 bootindex=3", message);
    refused("whole", "id=w name=x@3 bootindex=3", message);
    refused("disk", "id=n name=x@4 bootindex=2147483648", "bootindex");
    refused("disk", "id=n name=x@4 bootindex=-2147483649", "bootindex");
    refused("disk", "id=n name=x@4 bootindex=first", "bootindex");
    refused("disk", "id=n name=x@4 bootindex=-", "bootindex");
    EXPECT(FALSE, "/x@1");
    must_add("whole", "id=w name=x@3 bootindex=4");
    EXPECT(FALSE, "/x@1\n/x@3/disk@0,0");
    tear_down();
}

/* What has failed, or has gone, has no turn, and leaves its index to others. */
static void test_gone(void)
{
    set_up();
    refused("disk", "id=a name=x@1 bootindex=3 fail=on", "no realize");
    expect(FALSE, NULL, 0);
    must_add("disk", "id=a name=x@2 bootindex=3");
    must_add("disk", "id=b name=x@3 bootindex=4");
    device_unplug(device_find("a"));
    EXPECT(FALSE, "/x@3");
    must_add("disk", "id=c name=x@5 bootindex=3");
    EXPECT(FALSE, "/x@5\n/x@3");
    tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot/order", test_order);
    g_test_add_func("/boot/path", test_path);
    g_test_add_func("/boot/twice", test_twice);
    g_test_add_func("/boot/gone", test_gone);
    return g_test_run();
}
