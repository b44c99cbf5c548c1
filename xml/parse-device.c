/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device elements into structures. The table of support.c has been applied. */
#include <libvirt/virterror.h>
#include <net/if.h>
#include <string.h>

#include "xml/internal.h"

#define SERIAL_PORT_MAX   255
#define SLOT_MAX          4095
#define ALIAS_MAX         64
#define USER_ALIAS_PREFIX "ua-"

static gboolean missing(const xmlNode *node, const char *what, GError **errp)
{
    g_autofree char *path = xml_node_path(node);

    g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR, "missing %s in element <%s>", what,
                path);
    return FALSE;
}

/* Whether @text has only bytes of @allowed or letters and digits. */
static gboolean plain_text(const char *text, const char *allowed)
{
    for (; *text; text++) {
        if (!g_ascii_isalnum(*text) && !strchr(allowed, *text)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean parse_alias(const xmlNode *node, DomainDeviceInfo *info,
                            XmlParseFlags flags, GError **errp)
{
    const xmlNode *child = xml_node_child(node, "alias");
    g_autofree char *name = xml_node_attr(child, "name");

    if (!name ||
        (!(flags & XML_PARSE_STATUS) && !g_str_has_prefix(name, USER_ALIAS_PREFIX))) {
        return TRUE;
    }
    if (!*name || strlen(name) > ALIAS_MAX || !plain_text(name, "-_.")) {
        return xml_node_invalid(child, "name", name,
                                "letters, digits, '-', '_' and '.' only", errp);
    }
    info->alias = g_steal_pointer(&name);
    return TRUE;
}

static gboolean parse_info(const xmlNode *node, DomainDeviceInfo *info,
                           XmlParseFlags flags, GError **errp)
{
    const xmlNode *address = xml_node_child(node, "address");
    const xmlNode *boot = xml_node_child(node, "boot");
    g_autofree char *type = xml_node_attr(address, "type");
    guint slot = G_MAXUINT;

    if (!parse_alias(node, info, flags, errp)) {
        return FALSE;
    }
    if (address) {
        if (!type) {
            return missing(address, "attribute 'type'", errp);
        }
        info->address = DOMAIN_ADDRESS_VIRTIO_MMIO;
        if ((flags & XML_PARSE_STATUS) &&
            !xml_node_uint(address, "slot", SLOT_MAX, &slot, errp)) {
            return FALSE;
        }
        info->slot = slot == G_MAXUINT ? DOMAIN_SLOT_NONE : (int)slot;
    }
    if (boot) {
        if (!xml_node_uint(boot, "order", G_MAXINT, &info->boot_order, errp)) {
            return FALSE;
        }
        if (!info->boot_order) {
            return xml_node_invalid(boot, "order", "0", "orders begin with 1", errp);
        }
    }
    return TRUE;
}

static gboolean parse_disk_source(const xmlNode *node, DomainDisk *disk,
                                  XmlParseFlags flags, GError **errp)
{
    const xmlNode *source = xml_node_child(node, "source");
    const char *attr = disk->type == DOMAIN_DISK_BLOCK ? "dev" : "file";

    disk->source = xml_node_attr(source, attr);
    if (!disk->source) {
        g_autofree char *what = g_strdup_printf("source attribute '%s'", attr);
        return missing(source ? source : node, what, errp);
    }
    if (!xml_path_check(source, attr, disk->source, errp)) {
        return FALSE;
    }
    return !(flags & XML_PARSE_STATUS) ||
           xml_node_uint(source, "index", G_MAXINT, &disk->node_index, errp);
}

/* Without a bus, libvirt takes it from the letters of the name. */
static gboolean parse_disk_target(const xmlNode *node, DomainDisk *disk, GError **errp)
{
    const xmlNode *target = xml_node_child(node, "target");
    g_autofree char *bus = xml_node_attr(target, "bus");
    static const char *const prefixes[] = { "vd", "sd", "hd", "xvd", "ubd", "fd" };
    const char *letters = NULL;

    disk->target = xml_node_attr(target, "dev");
    if (!disk->target) {
        return missing(target ? target : node, "target attribute 'dev'", errp);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes) && !letters; i++) {
        if (g_str_has_prefix(disk->target, prefixes[i])) {
            letters = disk->target + strlen(prefixes[i]);
        }
    }
    if (!letters || !*letters || strlen(letters) > 4 ||
        letters[strspn(letters, "abcdefghijklmnopqrstuvwxyz")]) {
        return xml_node_invalid(target, "dev", disk->target, "not a disk's name", errp);
    }
    if (!bus && !g_str_has_prefix(disk->target, "vd")) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "attribute dev='%s' of element <devices/disk/target> asks for a bus "
                    "other than virtio, which is not supported by vireo",
                    disk->target);
        return FALSE;
    }
    disk->bus = DOMAIN_DISK_BUS_VIRTIO;
    return TRUE;
}

static gboolean parse_disk_serial(const xmlNode *node, DomainDisk *disk, GError **errp)
{
    const xmlNode *serial = xml_node_child(node, "serial");

    disk->serial = xml_node_text(serial);
    if (disk->serial && (!*disk->serial || !plain_text(disk->serial, "-_+. "))) {
        return xml_node_invalid(serial, NULL, disk->serial,
                                "letters, digits, '-', '_', '+', '.' and spaces only",
                                errp);
    }
    return TRUE;
}

static gboolean parse_disk(const xmlNode *node, gpointer opaque, XmlParseFlags flags,
                           GError **errp)
{
    DomainDisk *disk = opaque;
    const xmlNode *driver = xml_node_child(node, "driver");
    int type = 0, format = 0, cache = 0, io = 0, discard = 0;

    if (!xml_node_enum(node, "type", xml_disk_type_names, &type, errp) ||
        !xml_node_enum(driver, "type", xml_disk_format_names, &format, errp) ||
        !xml_node_enum(driver, "cache", xml_disk_cache_names, &cache, errp) ||
        !xml_node_enum(driver, "io", xml_disk_io_names, &io, errp) ||
        !xml_node_enum(driver, "discard", xml_disk_discard_names, &discard, errp)) {
        return FALSE;
    }
    disk->type = type;
    disk->format = format;
    disk->cache = cache;
    disk->io = io;
    disk->discard = discard;
    disk->readonly = xml_node_child(node, "readonly") != NULL;
    disk->shareable = xml_node_child(node, "shareable") != NULL;
    return xml_node_uint(driver, "iothread", G_MAXINT, &disk->iothread, errp) &&
           parse_disk_source(node, disk, flags, errp) &&
           parse_disk_target(node, disk, errp) && parse_disk_serial(node, disk, errp) &&
           parse_info(node, &disk->info, flags, errp);
}

/* A name that the kernel takes for a network device. */
static gboolean check_ifname(const xmlNode *node, const char *attr, const char *name,
                             GError **errp)
{
    if (!*name || strlen(name) >= IFNAMSIZ || !plain_text(name, "-_.") ||
        name[0] == '.') {
        return xml_node_invalid(node, attr, name, "not the name of a network device",
                                errp);
    }
    return TRUE;
}

static gboolean parse_mac(const xmlNode *node, DomainInterface *interface, GError **errp)
{
    const xmlNode *mac = xml_node_child(node, "mac");
    g_autofree char *address = xml_node_attr(mac, "address");

    if (!address) {
        guint32 random = g_random_int();
        guint8 generated[6] = { 0x52, 0x54, 0, random, random >> 8, random >> 16 };
        memcpy(interface->mac, generated, sizeof(generated));
        return TRUE;
    }
    if (!xml_mac_parse(address, interface->mac)) {
        return xml_node_invalid(mac, "address", address, "not a MAC address", errp);
    }
    if (interface->mac[0] & 1) {
        return xml_node_invalid(mac, "address", address,
                                "expected a unicast MAC address, found multicast", errp);
    }
    return TRUE;
}

static gboolean parse_interface_ends(const xmlNode *node, DomainInterface *interface,
                                     XmlParseFlags flags, GError **errp)
{
    const xmlNode *source = xml_node_child(node, "source");
    const xmlNode *target = xml_node_child(node, "target");
    g_autofree char *name = xml_node_attr(target, "dev");
    int managed = DOMAIN_TRISTATE_ABSENT;

    if (interface->type == DOMAIN_INTERFACE_BRIDGE) {
        interface->bridge = xml_node_attr(source, "bridge");
        if (!interface->bridge) {
            return missing(source ? source : node, "source attribute 'bridge'", errp);
        }
        if (!check_ifname(source, "bridge", interface->bridge, errp)) {
            return FALSE;
        }
    }
    if (!xml_node_enum(target, "managed", xml_yes_no_names, &managed, errp)) {
        return FALSE;
    }
    interface->managed = managed;
    if (managed != DOMAIN_TRISTATE_ABSENT &&
        interface->type != DOMAIN_INTERFACE_ETHERNET) {
        return xml_node_invalid(target, "managed", xml_yes_no_names[managed],
                                "for interface type 'ethernet' only", errp);
    }
    if (managed == DOMAIN_TRISTATE_NO && !name) {
        return missing(target, "attribute 'dev'", errp);
    }
    if (name && ((flags & XML_PARSE_STATUS) || managed == DOMAIN_TRISTATE_NO ||
                 !g_str_has_prefix(name, "vnet"))) {
        interface->target = g_steal_pointer(&name);
        return check_ifname(target, "dev", interface->target, errp);
    }
    return TRUE;
}

static gboolean parse_interface(const xmlNode *node, gpointer opaque, XmlParseFlags flags,
                                GError **errp)
{
    DomainInterface *interface = opaque;
    g_autofree char *type_text = xml_node_attr(node, "type");
    int type = 0, model = 0;

    if (!type_text) {
        return missing(node, "attribute 'type'", errp);
    }
    if (!xml_node_enum(node, "type", xml_interface_type_names, &type, errp) ||
        !xml_node_enum(xml_node_child(node, "model"), "type", xml_interface_model_names,
                       &model, errp)) {
        return FALSE;
    }
    interface->type = type;
    interface->model = model;
    interface->link_up = xml_node_child(node, "link") != NULL;
    return parse_mac(node, interface, errp) &&
           parse_interface_ends(node, interface, flags, errp) &&
           parse_info(node, &interface->info, flags, errp);
}

static gboolean parse_serial(const xmlNode *node, gpointer opaque, XmlParseFlags flags,
                             GError **errp)
{
    DomainSerial *serial = opaque;
    const xmlNode *source = xml_node_child(node, "source");
    const xmlNode *target = xml_node_child(node, "target");
    g_autofree char *mode = xml_node_attr(source, "mode");
    int type = DOMAIN_CHARDEV_PTY;

    if (!xml_node_enum(node, "type", xml_chardev_type_names, &type, errp) ||
        !xml_node_uint(target, "port", SERIAL_PORT_MAX, &serial->port, errp)) {
        return FALSE;
    }
    serial->type = type;
    if (type == DOMAIN_CHARDEV_UNIX || (flags & XML_PARSE_STATUS)) {
        serial->path = xml_node_attr(source, "path");
    }
    if (type == DOMAIN_CHARDEV_UNIX) {
        if (!serial->path) {
            return missing(source ? source : node, "source attribute 'path'", errp);
        }
        if (!mode) { /* libvirt's default is connect, which support.c refuses */
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "element <devices/serial/source> without mode='bind' is not "
                        "supported by vireo");
            return FALSE;
        }
        if (!xml_path_check(source, "path", serial->path, errp)) {
            return FALSE;
        }
    }
    return parse_alias(node, &serial->info, flags, errp);
}

static gboolean parse_rng(const xmlNode *node, gpointer opaque, XmlParseFlags flags,
                          GError **errp)
{
    DomainRng *rng = opaque;
    const xmlNode *backend = xml_node_child(node, "backend");
    g_autofree char *model = xml_node_attr(node, "model");
    g_autofree char *backend_model = xml_node_attr(backend, "model");

    if (!model) {
        return missing(node, "attribute 'model'", errp);
    }
    if (!backend_model) {
        return missing(backend ? backend : node, "backend attribute 'model'", errp);
    }
    rng->filename = xml_node_text(backend);
    if (!*g_strstrip(rng->filename)) {
        g_free(rng->filename);
        rng->filename = g_strdup("/dev/random");
    }
    return xml_path_check(backend, NULL, rng->filename, errp) &&
           parse_info(node, &rng->info, flags, errp);
}

DomainDevice *xml_device_parse_node(const xmlNode *node, DomainDeviceType type,
                                    XmlParseFlags flags, GError **errp)
{
    static gboolean (*const parsers[])(const xmlNode *, gpointer, XmlParseFlags,
                                       GError **) = {
        [DOMAIN_DEVICE_DISK] = parse_disk,
        [DOMAIN_DEVICE_INTERFACE] = parse_interface,
        [DOMAIN_DEVICE_SERIAL] = parse_serial,
        [DOMAIN_DEVICE_RNG] = parse_rng,
    };
    g_autoptr(DomainDevice) device = g_new0(DomainDevice, 1);

    device->type = type;
    device->any = xml_device_new(type);
    return parsers[type](node, device->any, flags, errp) ? g_steal_pointer(&device)
                                                         : NULL;
}

gboolean xml_device_check_iothread(const Domain *domain, const DomainDevice *device,
                                   GError **errp)
{
    guint iothread = device->type == DOMAIN_DEVICE_DISK ? device->disk->iothread : 0;

    if (iothread > domain->iothreads) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "disk %s has iothread='%u', but the domain has <iothreads>%u",
                    device->disk->target, iothread, domain->iothreads);
        return FALSE;
    }
    return TRUE;
}

static gboolean device_type_of(const xmlNode *node, DomainDeviceType *type)
{
    for (*type = DOMAIN_DEVICE_DISK; *type <= DOMAIN_DEVICE_RNG; (*type)++) {
        if (xml_node_is(node, xml_device_type_name(*type))) {
            return TRUE;
        }
    }
    return FALSE;
}

DomainDevice *xml_device_parse(const char *text, const Domain *domain,
                               XmlParseFlags flags, GError **errp)
{
    g_autoptr(xmlDoc) doc = xml_document_parse(text, errp);
    g_autoptr(DomainDevice) device = NULL;
    const xmlNode *root;
    DomainDeviceType type;

    if (!doc) {
        return NULL;
    }
    root = xmlDocGetRootElement(doc);
    if (!xml_support_check(root, "devices", errp)) {
        return NULL;
    }
    if (!device_type_of(root, &type)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "element <devices/%.100s> cannot be plugged or unplugged",
                    (const char *)root->name);
        return NULL;
    }
    device = xml_device_parse_node(root, type, flags, errp);
    if (!device || (domain && !xml_device_check_iothread(domain, device, errp))) {
        return NULL;
    }
    return g_steal_pointer(&device);
}
