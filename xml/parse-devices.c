/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <devices>: its elements in turn, and what must hold between them. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

/* Elements that must say one thing to mean "none": without it libvirt would
 * choose a model. */
static const struct {
    const char *element;
    const char *child; /* that has the attribute, or NULL */
    const char *attr;
    size_t present; /* gboolean of Domain */
} none_rows[] = {
    { "controller", NULL, "model", offsetof(Domain, usb_none) },
    { "memballoon", NULL, "model", offsetof(Domain, balloon_none) },
    { "video", "model", "type", offsetof(Domain, video_none) },
    { "audio", NULL, "type", 0 },
};

static gboolean parse_none(const xmlNode *devices, Domain *domain, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(none_rows); i++) {
        for (const xmlNode *node = xml_node_child(devices, none_rows[i].element); node;
             node = xml_node_next(node)) {
            const xmlNode *holder =
                none_rows[i].child ? xml_node_child(node, none_rows[i].child) : node;
            g_autofree char *value = xml_node_attr(holder, none_rows[i].attr);

            if (!value) {
                g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                            "element <devices/%s> without %s='none' is not supported by "
                            "vireo",
                            none_rows[i].element, none_rows[i].attr);
                return FALSE;
            }
            if (none_rows[i].present) {
                G_STRUCT_MEMBER(gboolean, domain, none_rows[i].present) = TRUE;
            }
        }
    }
    return TRUE;
}

/* What must be unique among a domain's devices, as "target vda", "alias x" ... */
static gboolean check_unique(GHashTable *seen, const char *kind, const char *value,
                             GError **errp)
{
    if (!value) {
        return TRUE;
    }
    if (!g_hash_table_add(seen, g_strdup_printf("%s '%s'", kind, value))) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR, "%s is used by two devices: '%s'",
                    kind, value);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_device(const Domain *domain, const DomainDevice *device,
                             GHashTable *seen, GError **errp)
{
    const DomainDeviceInfo *info = xml_device_info(device);
    g_autofree char *order =
        info->boot_order ? g_strdup_printf("%u", info->boot_order) : NULL;
    g_autofree char *slot =
        info->slot != DOMAIN_SLOT_NONE ? g_strdup_printf("%d", info->slot) : NULL;
    g_autofree char *port = device->type == DOMAIN_DEVICE_SERIAL
                                ? g_strdup_printf("%u", device->serial->port)
                                : NULL;
    const char *target = device->type == DOMAIN_DEVICE_DISK ? device->disk->target : NULL;
    const char *tap =
        device->type == DOMAIN_DEVICE_INTERFACE ? device->interface->target : NULL;

    if (info->boot_order && domain->boot_count) {
        g_set_error(
            errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
            "per-device <boot order='%u'/> cannot be used together with <os/boot>",
            info->boot_order);
        return FALSE;
    }
    return xml_device_check_iothread(domain, device, errp) &&
           check_unique(seen, "boot order", order, errp) &&
           check_unique(seen, "alias", info->alias, errp) &&
           check_unique(seen, "virtio-mmio slot", slot, errp) &&
           check_unique(seen, "serial port", port, errp) &&
           check_unique(seen, "disk target", target, errp) &&
           check_unique(seen, "interface target", tap, errp);
}

static gint compare_ports(gconstpointer a, gconstpointer b)
{
    const DomainSerial *const *left = a, *const *right = b;

    return (int)(*left)->port - (int)(*right)->port;
}

/*
 * Serial ports without <target port> take the next number. A <console> is the
 * first serial port again; alone, it makes one.
 */
static gboolean parse_console(const xmlNode *devices, Domain *domain, XmlParseFlags flags,
                              GError **errp)
{
    const xmlNode *console = xml_node_child(devices, "console");
    DomainDevice *device;

    if (console && xml_node_next(console)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "a second element <devices/console> is not supported by vireo");
        return FALSE;
    }
    if (!console || domain->serials->len) {
        return TRUE;
    }
    device = xml_device_parse_node(console, DOMAIN_DEVICE_SERIAL, flags, errp);
    if (!device) {
        return FALSE;
    }
    device->serial->port = 0;
    g_ptr_array_add(domain->serials, device->serial);
    g_free(device);
    return TRUE;
}

static gboolean has_port(const xmlNode *serial)
{
    const xmlNode *target = xml_node_child(serial, "target");

    return target && xmlHasProp((xmlNode *)target, (const xmlChar *)"port");
}

static gboolean parse_type(const xmlNode *devices, DomainDeviceType type, Domain *domain,
                           XmlParseFlags flags, GError **errp)
{
    GPtrArray *array = xml_domain_devices(domain, type);
    guint port = 0;

    for (const xmlNode *node = xml_node_child(devices, xml_device_type_name(type)); node;
         node = xml_node_next(node)) {
        DomainDevice *device = xml_device_parse_node(node, type, flags, errp);

        if (!device) {
            return FALSE;
        }
        if (type == DOMAIN_DEVICE_SERIAL) {
            device->serial->port = has_port(node) ? device->serial->port : port;
            port = device->serial->port + 1;
        }
        g_ptr_array_add(array, device->any);
        g_free(device);
    }
    return TRUE;
}

static gboolean check_devices(Domain *domain, GError **errp)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean ordered = FALSE;

    for (DomainDeviceType type = 0; type <= DOMAIN_DEVICE_RNG; type++) {
        GPtrArray *array = xml_domain_devices(domain, type);

        for (guint i = 0; i < array->len; i++) {
            DomainDevice device = { .type = type, .any = array->pdata[i] };
            ordered |= xml_device_info(&device)->boot_order != 0;
            if (!check_device(domain, &device, seen, errp)) {
                return FALSE;
            }
        }
    }
    if (!domain->boot_count && !ordered) { /* libvirt's default */
        domain->boot[domain->boot_count++] = DOMAIN_BOOT_HD;
    }
    return TRUE;
}

gboolean xml_devices_parse(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                           GError **errp)
{
    const xmlNode *devices = xml_node_child(root, "devices");

    if (devices && xml_node_next(devices)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "more than one element <domain/devices>");
        return FALSE;
    }
    domain->emulator = xml_node_child_text(devices, "emulator");
    if (domain->emulator && !xml_path_check(xml_node_child(devices, "emulator"), NULL,
                                            domain->emulator, errp)) {
        return FALSE;
    }
    for (DomainDeviceType type = 0; type <= DOMAIN_DEVICE_RNG; type++) {
        if (!parse_type(devices, type, domain, flags, errp)) {
            return FALSE;
        }
    }
    if (!parse_none(devices, domain, errp) ||
        !parse_console(devices, domain, flags, errp)) {
        return FALSE;
    }
    g_ptr_array_sort(domain->serials, compare_ports);
    return check_devices(domain, errp);
}
