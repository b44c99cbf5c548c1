/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices into XML, their children in libvirt's order. */
#include <string.h>

#include "xml/internal.h"

static gboolean inactive(const XmlWriter *w)
{
    return (w->flags & XML_FORMAT_INACTIVE) && !(w->flags & XML_FORMAT_STATUS);
}

static void write_alias(XmlWriter *w, const DomainDeviceInfo *info)
{
    if (info->alias && (!inactive(w) || g_str_has_prefix(info->alias, "ua-"))) {
        xml_write_begin(w, "alias");
        xml_write_attr(w, "name", info->alias);
        xml_write_end_empty(w);
    }
}

static void write_info(XmlWriter *w, const DomainDeviceInfo *info)
{
    if (info->boot_order) {
        xml_write_begin(w, "boot");
        xml_write_attr_uint(w, "order", info->boot_order);
        xml_write_end_empty(w);
    }
    write_alias(w, info);
    if (info->address == DOMAIN_ADDRESS_VIRTIO_MMIO) {
        xml_write_begin(w, "address");
        xml_write_attr(w, "type", "virtio-mmio");
        if ((w->flags & XML_FORMAT_STATUS) && info->slot != DOMAIN_SLOT_NONE) {
            xml_write_attr_uint(w, "slot", info->slot);
        }
        xml_write_end_empty(w);
    }
}

/* Index 0 of these enumerations means "not given". */
static void write_enum(XmlWriter *w, const char *attr, const char *const *names,
                       int value)
{
    xml_write_attr(w, attr, value ? names[value] : NULL);
}

static void write_disk(XmlWriter *w, const DomainDisk *disk)
{
    gboolean live = !inactive(w) && disk->node_index;

    xml_write_begin(w, "disk");
    xml_write_attr(w, "type", xml_disk_type_names[disk->type]);
    xml_write_attr(w, "device", "disk");
    xml_write_end_open(w);
    xml_write_begin(w, "driver");
    xml_write_attr(w, "name", "qemu");
    xml_write_attr(w, "type", xml_disk_format_names[disk->format]);
    write_enum(w, "cache", xml_disk_cache_names, disk->cache);
    write_enum(w, "io", xml_disk_io_names, disk->io);
    write_enum(w, "discard", xml_disk_discard_names, disk->discard);
    if (disk->iothread) {
        xml_write_attr_uint(w, "iothread", disk->iothread);
    }
    xml_write_end_empty(w);
    xml_write_begin(w, "source");
    xml_write_attr(w, disk->type == DOMAIN_DISK_BLOCK ? "dev" : "file", disk->source);
    if (live) {
        xml_write_attr_uint(w, "index", disk->node_index);
    }
    xml_write_end_empty(w);
    if (live) {
        xml_write_empty(w, "backingStore");
    }
    xml_write_begin(w, "target");
    xml_write_attr(w, "dev", disk->target);
    xml_write_attr(w, "bus", xml_disk_bus_names[disk->bus]);
    xml_write_end_empty(w);
    if (disk->readonly) {
        xml_write_empty(w, "readonly");
    }
    if (disk->shareable) {
        xml_write_empty(w, "shareable");
    }
    xml_write_text(w, "serial", disk->serial);
    write_info(w, &disk->info);
    xml_write_close(w, "disk");
}

static void write_interface(XmlWriter *w, const DomainInterface *interface)
{
    char mac[18];
    gboolean ours = interface->target && interface->managed != DOMAIN_TRISTATE_NO &&
                    g_str_has_prefix(interface->target, "vnet");
    const char *target = ours && inactive(w) ? NULL : interface->target;

    xml_mac_format(interface->mac, mac);
    xml_write_begin(w, "interface");
    xml_write_attr(w, "type", xml_interface_type_names[interface->type]);
    xml_write_end_open(w);
    xml_write_begin(w, "mac");
    xml_write_attr(w, "address", mac);
    xml_write_end_empty(w);
    if (interface->bridge) {
        xml_write_begin(w, "source");
        xml_write_attr(w, "bridge", interface->bridge);
        xml_write_end_empty(w);
    }
    if (target || interface->managed) {
        xml_write_begin(w, "target");
        xml_write_attr(w, "dev", target);
        write_enum(w, "managed", xml_yes_no_names, interface->managed);
        xml_write_end_empty(w);
    }
    if (interface->model) {
        xml_write_begin(w, "model");
        write_enum(w, "type", xml_interface_model_names, interface->model);
        xml_write_end_empty(w);
    }
    if (interface->link_up) {
        xml_write_begin(w, "link");
        xml_write_attr(w, "state", "up");
        xml_write_end_empty(w);
    }
    write_info(w, &interface->info);
    xml_write_close(w, "interface");
}

/* <source>, where there is something to say. A PTY's path is live data. */
static void write_chardev_source(XmlWriter *w, const DomainSerial *serial)
{
    gboolean unix_socket = serial->type == DOMAIN_CHARDEV_UNIX;

    if (serial->path && (unix_socket || !inactive(w))) {
        xml_write_begin(w, "source");
        xml_write_attr(w, "mode", unix_socket ? "bind" : NULL);
        xml_write_attr(w, "path", serial->path);
        xml_write_end_empty(w);
    }
}

static void write_serial(XmlWriter *w, const DomainSerial *serial)
{
    xml_write_begin(w, "serial");
    xml_write_attr(w, "type", xml_chardev_type_names[serial->type]);
    xml_write_end_open(w);
    write_chardev_source(w, serial);
    xml_write_begin(w, "target");
    xml_write_attr(w, "type", "isa-serial");
    xml_write_attr_uint(w, "port", serial->port);
    xml_write_end_open(w);
    xml_write_begin(w, "model");
    xml_write_attr(w, "name", "isa-serial");
    xml_write_end_empty(w);
    xml_write_close(w, "target");
    write_alias(w, &serial->info);
    xml_write_close(w, "serial");
}

void xml_console_write(XmlWriter *w, const DomainSerial *serial)
{
    xml_write_begin(w, "console");
    xml_write_attr(w, "type", xml_chardev_type_names[serial->type]);
    if (serial->type == DOMAIN_CHARDEV_PTY && !inactive(w)) {
        xml_write_attr(w, "tty", serial->path);
    }
    xml_write_end_open(w);
    write_chardev_source(w, serial);
    xml_write_begin(w, "target");
    xml_write_attr(w, "type", "serial");
    xml_write_attr_uint(w, "port", 0);
    xml_write_end_empty(w);
    write_alias(w, &serial->info);
    xml_write_close(w, "console");
}

static void write_rng(XmlWriter *w, const DomainRng *rng)
{
    xml_write_begin(w, "rng");
    xml_write_attr(w, "model", "virtio");
    xml_write_end_open(w);
    xml_write_begin(w, "backend");
    xml_write_attr(w, "model", "random");
    xml_write_end_text(w, "backend", rng->filename);
    write_info(w, &rng->info);
    xml_write_close(w, "rng");
}

void xml_device_write(XmlWriter *w, const DomainDevice *device)
{
    switch (device->type) {
    case DOMAIN_DEVICE_DISK:
        write_disk(w, device->disk);
        break;
    case DOMAIN_DEVICE_INTERFACE:
        write_interface(w, device->interface);
        break;
    case DOMAIN_DEVICE_SERIAL:
        write_serial(w, device->serial);
        break;
    case DOMAIN_DEVICE_RNG:
        write_rng(w, device->rng);
        break;
    }
}

char *xml_device_format(const DomainDevice *device, XmlFormatFlags flags)
{
    XmlWriter w = { .text = g_string_new(NULL), .flags = flags };

    xml_device_write(&w, device);
    return g_string_free(w.text, FALSE);
}
