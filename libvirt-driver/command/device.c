/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/device.h"

#include "command/command.h"

/* How libvirt's cache modes become the properties of nodes and devices. */
static const struct {
    gboolean direct;
    gboolean no_flush;
    gboolean write_cache;
} cache_modes[] = {
    [DOMAIN_DISK_CACHE_NONE] = { TRUE, FALSE, TRUE },
    [DOMAIN_DISK_CACHE_WRITETHROUGH] = { FALSE, FALSE, FALSE },
    [DOMAIN_DISK_CACHE_WRITEBACK] = { FALSE, FALSE, TRUE },
    [DOMAIN_DISK_CACHE_DIRECTSYNC] = { TRUE, FALSE, FALSE },
    [DOMAIN_DISK_CACHE_UNSAFE] = { FALSE, TRUE, TRUE },
};

char *device_storage_node(const DomainDisk *disk)
{
    return g_strdup_printf("libvirt-%u-storage", disk->node_index);
}

char *device_format_node(const DomainDisk *disk)
{
    return g_strdup_printf("libvirt-%u-format", disk->node_index);
}

/* Both nodes of a disk carry the cache mode, unless it is the default. */
static void add_cache(JsonObject *node, const DomainDisk *disk)
{
    JsonObject *cache;

    if (disk->cache == DOMAIN_DISK_CACHE_DEFAULT) {
        return;
    }
    cache = json_object_new();
    json_object_set_boolean_member(cache, "direct", cache_modes[disk->cache].direct);
    json_object_set_boolean_member(cache, "no-flush", cache_modes[disk->cache].no_flush);
    json_object_set_object_member(node, "cache", cache);
}

JsonObject *device_disk_storage(const DomainDisk *disk)
{
    g_autofree char *name = device_storage_node(disk);
    JsonObject *node = json_object_new();

    json_object_set_string_member(
        node, "driver", disk->type == DOMAIN_DISK_BLOCK ? "host_device" : "file");
    json_object_set_string_member(node, "filename", disk->source);
    if (disk->io != DOMAIN_DISK_IO_DEFAULT) {
        json_object_set_string_member(node, "aio", xml_disk_io_names[disk->io]);
    }
    json_object_set_string_member(node, "node-name", name);
    json_object_set_boolean_member(node, "read-only", disk->readonly);
    /* The guest's own, if other VMs may write, too: no image lock can hold. */
    if (disk->shareable && !disk->readonly) {
        json_object_set_string_member(node, "locking", "off");
    }
    if (disk->discard == DOMAIN_DISK_DISCARD_UNMAP) {
        json_object_set_string_member(node, "discard", "unmap");
    }
    add_cache(node, disk);
    return node;
}

JsonObject *device_disk_format(const DomainDisk *disk)
{
    g_autofree char *name = device_format_node(disk);
    g_autofree char *storage = device_storage_node(disk);
    JsonObject *node = json_object_new();

    json_object_set_string_member(node, "node-name", name);
    json_object_set_boolean_member(node, "read-only", disk->readonly);
    if (disk->discard != DOMAIN_DISK_DISCARD_DEFAULT) {
        json_object_set_string_member(node, "discard",
                                      xml_disk_discard_names[disk->discard]);
    }
    add_cache(node, disk);
    json_object_set_string_member(node, "driver", xml_disk_format_names[disk->format]);
    json_object_set_string_member(node, "file", storage);
    return node;
}

/* What all virtio devices of a microvm begin with. */
static JsonObject *virtio_device(const char *driver, const DomainDeviceInfo *info)
{
    g_autofree char *bus = g_strdup_printf("virtio-mmio-bus.%d", info->slot);
    JsonObject *device = json_object_new();

    json_object_set_string_member(device, "driver", driver);
    json_object_set_string_member(device, "bus", bus);
    json_object_set_string_member(device, "id", info->alias);
    return device;
}

JsonObject *device_disk(const DomainDisk *disk, guint boot_index)
{
    g_autofree char *node = device_format_node(disk);
    JsonObject *device = virtio_device("virtio-blk-device", &disk->info);

    if (disk->iothread) {
        g_autofree char *iothread = g_strdup_printf("iothread%u", disk->iothread);
        json_object_set_string_member(device, "iothread", iothread);
    }
    json_object_set_string_member(device, "drive", node);
    if (boot_index) {
        json_object_set_int_member(device, "bootindex", boot_index);
    }
    if (disk->cache != DOMAIN_DISK_CACHE_DEFAULT) {
        json_object_set_string_member(
            device, "write-cache", cache_modes[disk->cache].write_cache ? "on" : "off");
    }
    if (disk->serial) {
        json_object_set_string_member(device, "serial", disk->serial);
    }
    return device;
}

char *device_netdev_id(const DomainInterface *interface)
{
    return g_strdup_printf("host%s", interface->info.alias);
}

JsonObject *device_netdev(const DomainInterface *interface, const char *fd)
{
    g_autofree char *id = device_netdev_id(interface);
    JsonObject *netdev = json_object_new();

    json_object_set_string_member(netdev, "type", "tap");
    json_object_set_string_member(netdev, "fd", fd);
    json_object_set_string_member(netdev, "id", id);
    return netdev;
}

JsonObject *device_interface(const DomainInterface *interface, guint boot_index)
{
    g_autofree char *netdev = device_netdev_id(interface);
    JsonObject *device = virtio_device("virtio-net-device", &interface->info);
    char mac[18];

    xml_mac_format(interface->mac, mac);
    json_object_set_string_member(device, "netdev", netdev);
    json_object_set_string_member(device, "mac", mac);
    if (boot_index) {
        json_object_set_int_member(device, "bootindex", boot_index);
    }
    return device;
}

char *command_chardev_id(const DomainSerial *serial)
{
    return g_strdup_printf("char%s", serial->info.alias);
}

JsonObject *device_serial(const DomainSerial *serial)
{
    g_autofree char *chardev = command_chardev_id(serial);
    JsonObject *device = json_object_new();

    json_object_set_string_member(device, "driver", "isa-serial");
    json_object_set_string_member(device, "chardev", chardev);
    json_object_set_string_member(device, "id", serial->info.alias);
    json_object_set_int_member(device, "index", serial->port);
    return device;
}

char *device_rng_id(const DomainRng *rng)
{
    return g_strdup_printf("obj%s", rng->info.alias);
}

JsonObject *device_rng_backend(const DomainRng *rng)
{
    g_autofree char *id = device_rng_id(rng);
    JsonObject *backend = json_object_new();

    json_object_set_string_member(backend, "qom-type", "rng-random");
    json_object_set_string_member(backend, "id", id);
    json_object_set_string_member(backend, "filename", rng->filename);
    return backend;
}

JsonObject *device_rng(const DomainRng *rng)
{
    g_autofree char *id = device_rng_id(rng);
    JsonObject *device = virtio_device("virtio-rng-device", &rng->info);

    json_object_set_string_member(device, "rng", id);
    return device;
}
