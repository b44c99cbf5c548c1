/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <disk> */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

static const char *const type_names[] = { "file", "block", NULL };
static const char *const device_names[] = { "disk", "cdrom", NULL };
static const char *const bus_names[] = { "virtio", "sata", NULL };
static const char *const tray_names[] = { "", "closed", "open", NULL };
static const char *const error_names[] = { "",       "report",   "stop",
                                           "ignore", "enospace", NULL };
static const char *const read_error_names[] = { "", "report", "stop", "ignore", NULL };
const char *const xml_disk_cache_names[] = { "default",   "none",       "writethrough",
                                             "writeback", "directsync", "unsafe",
                                             NULL };
const char *const xml_disk_io_names[] = { "default", "native", "threads", "io_uring",
                                          NULL };
const char *const xml_disk_discard_names[] = { "", "ignore", "unmap", NULL };

/* What the guest sees of it is whether there is a write cache. */
static guint write_cache(guint cache)
{
    return cache != DOMAIN_DISK_CACHE_WRITETHROUGH &&
           cache != DOMAIN_DISK_CACHE_DIRECTSYNC;
}

static guint discards(guint discard)
{
    return discard == DOMAIN_DISK_DISCARD_UNMAP;
}

/* The letters of "vda" ..., or NULL. */
static const char *letters_of(const char *target)
{
    static const char *const prefixes[] = { "vd", "sd", "hd", "xvd", "ubd", "fd" };

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(target, prefixes[i])) {
            return target + strlen(prefixes[i]);
        }
    }
    return NULL;
}

static const char *check_target(const char *text)
{
    const char *letters = letters_of(text);

    return !letters || !*letters || strlen(letters) > 4 ||
                   letters[strspn(letters, "abcdefghijklmnopqrstuvwxyz")]
               ? "not a disk's name"
               : NULL;
}

static const char *check_serial(const char *text)
{
    return *text && xml_plain_text(text, "-_+. ")
               ? NULL
               : "letters, digits, '-', '_', '+', '.' and spaces only";
}

static const char *check_wwn(const char *text)
{
    const char *digits = text + (g_str_has_prefix(text, "0x") ? 2 : 0);

    return strlen(digits) == 16 &&
                   digits[strspn(digits, "0123456789abcdefABCDEF")] == '\0'
               ? NULL
               : "not 16 hexadecimal digits";
}

guint xml_disk_index(const DomainDisk *disk)
{
    guint number = 0;

    for (const char *c = letters_of(disk->target); *c; c++) {
        number = number * 26 + (guint)(*c - 'a') + 1;
    }
    return number - 1;
}

static const XmlField rows[] = {
    XML_ENUM("@type", DomainDisk, source.type, type_names,
             .text = "dir|network|volume|nvme|vhostuser|vhostvdpa"),
    XML_ENUM("@device", DomainDisk, device, device_names, .text = "floppy|lun",
             .flags = XML_ABI, .what = "disk device"),
    XML_VIRTIO_MODEL(DomainDisk, .text = "*", .flags = XML_ABI, .what = "disk model"),
    XML_REFUSE("@rawio"),
    XML_REFUSE("@sgio"),
    XML_REFUSE("@snapshot"),
    XML_CONST("driver@name", "qemu"),
    XML_ENUM("driver@type", DomainDisk, source.format, xml_disk_format_names,
             .fallback = DOMAIN_DISK_FORMAT_RAW, .text = "*"),
    XML_ENUM("driver@cache", DomainDisk, cache, xml_disk_cache_names, .flags = XML_ABI,
             .guest = write_cache, .what = "disk cache"),
    XML_ENUM("driver@error_policy", DomainDisk, error_policy, error_names),
    XML_ENUM("driver@rerror_policy", DomainDisk, rerror_policy, read_error_names),
    XML_ENUM("driver@io", DomainDisk, io, xml_disk_io_names),
    XML_REFUSE_BUT("driver@ioeventfd", "on"),
    XML_REFUSE_BUT("driver@event_idx", "on"),
    XML_REFUSE_BUT("driver@copy_on_read", "off"),
    XML_ENUM("driver@discard", DomainDisk, discard, xml_disk_discard_names,
             .flags = XML_ABI, .guest = discards, .what = "disk discard"),
    XML_REFUSE_BUT("driver@detect_zeroes", "off"),
    XML_REFUSE_BUT("driver@discard_no_unref", "off"),
    XML_UINT("driver@iothread", DomainDisk, iothread, .max = G_MAXUINT32),
    XML_REFUSE_BUT("driver@queues", "1"),
    XML_REFUSE("driver@queue_size"),
    XML_VIRTIO_DRIVER("driver"),
    XML_REFUSE("driver/iothreads"),
    XML_REFUSE("driver/metadata_cache"),
    XML_REFUSE("driver/throttlefilters"),
    XML_GROUP(DomainDisk, source, xml_medium),
    XML_UINT("source@index", DomainDisk, source.node_index, .flags = XML_LIVE),
    XML_GROUP(DomainDisk, source, xml_storage),
    XML_REFUSE("backenddomain"),
    XML_STRING("target@dev", DomainDisk, target,
               .flags = XML_REQUIRED | XML_KEY | XML_UNIQUE | XML_ABI,
               .check = check_target, .what = "disk target"),
    XML_ENUM("target@bus", DomainDisk, bus, bus_names,
             .text = "ide|fdc|scsi|xen|usb|uml|sd|nvme", .flags = XML_ABI,
             .what = "disk bus"),
    /* Of one that runs it is where the guest has it, whatever an update says. */
    XML_ENUM("target@tray", DomainDisk, tray, tray_names, .flags = XML_LIVE_UPDATE),
    XML_REFUSE_BUT("target@removable", "off"),
    XML_UINT("target@rotation_rate", DomainDisk, rotation_rate, .min = 1,
             .max = G_MAXUINT16, .flags = XML_ABI, .what = "disk rotation rate"),
    XML_FLAG("readonly", DomainDisk, readonly, .flags = XML_ABI, .what = "disk readonly"),
    XML_FLAG("shareable", DomainDisk, shareable),
    XML_STRING("serial", DomainDisk, serial, .flags = XML_ABI, .check = check_serial,
               .what = "disk serial"),
    XML_REFUSE("transient"),
    XML_STRING("wwn", DomainDisk, wwn, .flags = XML_ABI, .check = check_wwn,
               .what = "disk wwn"),
    XML_REFUSE("vendor"),
    XML_REFUSE("product"),
    XML_REFUSE("geometry"),
    XML_REFUSE("blockio"),
    XML_REFUSE("iotune"),
    XML_REFUSE("throttlefilters"),
    XML_REFUSE("mirror"),
    XML_REFUSE("auth"),
    XML_REFUSE("encryption"),
    XML_INFO(DomainDisk, xml_info),
};

/* Only a removable drive can be without an image. */
static gboolean finish_source(const xmlNode *node, DomainDisk *disk, XmlParseFlags flags,
                              GError **errp)
{
    g_autofree char *what = NULL;

    if (disk->device == DOMAIN_DISK_DEVICE_CDROM) {
        disk->readonly = TRUE;
        return TRUE;
    }
    if (disk->source.path || disk->extras || (flags & XML_PARSE_MATCH)) {
        return TRUE;
    }
    what = g_strdup_printf("source attribute '%s'", xml_source_attr(&disk->source));
    return xml_missing(node, what, errp);
}

/* What only some have. */
static gboolean finish_kind(DomainDisk *disk, GError **errp)
{
    const char *wrong = NULL;

    if (disk->model && disk->bus != DOMAIN_DISK_BUS_VIRTIO) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "disk model '%s' not supported for bus '%s'",
                    xml_virtio_names[disk->model], bus_names[disk->bus]);
        return FALSE;
    }
    if (disk->tray && disk->device != DOMAIN_DISK_DEVICE_CDROM) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "tray is only valid for cdrom and floppy");
        return FALSE;
    }
    if (disk->bus != DOMAIN_DISK_BUS_SATA && disk->rotation_rate) {
        wrong = "rotation rate is only valid for SCSI/IDE/SATA bus";
    } else if (disk->device != DOMAIN_DISK_DEVICE_DISK && disk->rotation_rate) {
        wrong = "rotation rate is only valid for disks, not for device 'cdrom'";
    } else if (disk->bus != DOMAIN_DISK_BUS_SATA && disk->wwn) {
        wrong = "Only ide and scsi disk support wwn, and those on SATA";
    }
    if (wrong) {
        xml_extra_refuse(&disk->extras, "%s: disk %s", wrong, disk->target);
    }
    return TRUE;
}

/* Without a bus, libvirt takes it from the letters of the name. */
static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainDisk *disk = base;
    g_autofree char *bus = xml_node_attr(xml_node_child(node, "target"), "bus");

    if (!finish_source(node, disk, flags, errp)) {
        return FALSE;
    }
    if (!disk->target) { /* refused: it still needs a name of its own */
        return xml_missing(node, "target attribute 'dev'", errp);
    }
    if (disk->tray == DOMAIN_TRAY_CLOSED) {
        disk->tray = DOMAIN_TRAY_DEFAULT;
    }
    if (!bus && !g_str_has_prefix(disk->target, "vd")) {
        xml_extra_refuse(&disk->extras,
                         "attribute dev='%s' of element <devices/disk/target> without "
                         "bus='sata' asks for a bus that is not supported by vireo",
                         disk->target);
    }
    if (!disk->extras && !finish_kind(disk, errp)) {
        return FALSE;
    }
    if (!disk->extras && disk->device == DOMAIN_DISK_DEVICE_CDROM &&
        disk->bus == DOMAIN_DISK_BUS_VIRTIO) {
        xml_extra_refuse(&disk->extras,
                         "disk type of '%s' does not support ejectable media",
                         disk->target);
    }
    return TRUE;
}

void xml_disk_swap_source(DomainDisk *disk, DomainDisk *from)
{
    DomainStorage source = disk->source;

    disk->source = from->source;
    from->source = source;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return (int)xml_disk_index(a) - (int)xml_disk_index(b);
}

const XmlKind xml_kind_disk = {
    .name = "disk",
    .label = "disk",
    XML_KIND(DomainDisk, disks, rows),
    .type.finish = finish,
    .type.compare = compare,
};
