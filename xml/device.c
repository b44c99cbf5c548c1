/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a domain: making, copying and freeing them, and finding the one
 * that a piece of XML means. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

static void info_clear(DomainDeviceInfo *info)
{
    g_free(info->alias);
}

static void info_copy(DomainDeviceInfo *to)
{
    to->alias = g_strdup(to->alias);
}

static void disk_free(gpointer opaque)
{
    DomainDisk *disk = opaque;

    g_free(disk->source);
    g_free(disk->target);
    g_free(disk->serial);
    info_clear(&disk->info);
    g_free(disk);
}

static gpointer disk_copy(gconstpointer from)
{
    DomainDisk *disk = g_memdup2(from, sizeof(DomainDisk));

    disk->source = g_strdup(disk->source);
    disk->target = g_strdup(disk->target);
    disk->serial = g_strdup(disk->serial);
    info_copy(&disk->info);
    return disk;
}

static void interface_free(gpointer opaque)
{
    DomainInterface *interface = opaque;

    g_free(interface->bridge);
    g_free(interface->target);
    info_clear(&interface->info);
    g_free(interface);
}

static gpointer interface_copy(gconstpointer from)
{
    DomainInterface *interface = g_memdup2(from, sizeof(DomainInterface));

    interface->bridge = g_strdup(interface->bridge);
    interface->target = g_strdup(interface->target);
    info_copy(&interface->info);
    return interface;
}

static void serial_free(gpointer opaque)
{
    DomainSerial *serial = opaque;

    g_free(serial->path);
    info_clear(&serial->info);
    g_free(serial);
}

static gpointer serial_copy(gconstpointer from)
{
    DomainSerial *serial = g_memdup2(from, sizeof(DomainSerial));

    serial->path = g_strdup(serial->path);
    info_copy(&serial->info);
    return serial;
}

static void rng_free(gpointer opaque)
{
    DomainRng *rng = opaque;

    g_free(rng->filename);
    info_clear(&rng->info);
    g_free(rng);
}

static gpointer rng_copy(gconstpointer from)
{
    DomainRng *rng = g_memdup2(from, sizeof(DomainRng));

    rng->filename = g_strdup(rng->filename);
    info_copy(&rng->info);
    return rng;
}

static const struct {
    const char *name;
    gboolean unique; /* whether same_key() may hold for one device only */
    size_t size;
    size_t info;  /* offset of DomainDeviceInfo in the device */
    size_t array; /* offset of the GPtrArray in Domain */
    GDestroyNotify free;
    gpointer (*copy)(gconstpointer from);
} device_types[] = {
    [DOMAIN_DEVICE_DISK] = { "disk", TRUE, sizeof(DomainDisk), offsetof(DomainDisk, info),
                             offsetof(Domain, disks), disk_free, disk_copy },
    [DOMAIN_DEVICE_INTERFACE] = { "interface", FALSE, sizeof(DomainInterface),
                                  offsetof(DomainInterface, info),
                                  offsetof(Domain, interfaces), interface_free,
                                  interface_copy },
    [DOMAIN_DEVICE_SERIAL] = { "serial", TRUE, sizeof(DomainSerial),
                               offsetof(DomainSerial, info), offsetof(Domain, serials),
                               serial_free, serial_copy },
    [DOMAIN_DEVICE_RNG] = { "rng", FALSE, sizeof(DomainRng), offsetof(DomainRng, info),
                            offsetof(Domain, rngs), rng_free, rng_copy },
};

const char *xml_device_type_name(DomainDeviceType type)
{
    return device_types[type].name;
}

DomainDeviceInfo *xml_device_info(const DomainDevice *device)
{
    return G_STRUCT_MEMBER_P(device->any, device_types[device->type].info);
}

gpointer xml_device_new(DomainDeviceType type)
{
    DomainDevice device = { .type = type, .any = g_malloc0(device_types[type].size) };

    xml_device_info(&device)->slot = DOMAIN_SLOT_NONE;
    return device.any;
}

GPtrArray *xml_domain_devices(const Domain *domain, DomainDeviceType type)
{
    return G_STRUCT_MEMBER(GPtrArray *, domain, device_types[type].array);
}

void xml_device_free(DomainDevice *device)
{
    if (device) {
        device_types[device->type].free(device->any);
        g_free(device);
    }
}

DomainDevice *xml_device_copy(const DomainDevice *device)
{
    DomainDevice *copy = g_memdup2(device, sizeof(*device));

    copy->any = device_types[device->type].copy(device->any);
    return copy;
}

static void domain_devices_init(Domain *domain, const Domain *from)
{
    for (DomainDeviceType type = 0; type < G_N_ELEMENTS(device_types); type++) {
        GPtrArray *array = g_ptr_array_new_with_free_func(device_types[type].free);
        GPtrArray *others = from ? xml_domain_devices(from, type) : NULL;

        for (guint i = 0; others && i < others->len; i++) {
            g_ptr_array_add(array, device_types[type].copy(others->pdata[i]));
        }
        G_STRUCT_MEMBER(GPtrArray *, domain, device_types[type].array) = array;
    }
}

Domain *xml_domain_new(void)
{
    Domain *domain = g_new0(Domain, 1);

    domain->id = -1;
    domain_devices_init(domain, NULL);
    return domain;
}

/* The strings that a Domain owns. */
static const size_t domain_strings[] = {
    offsetof(Domain, name),          offsetof(Domain, title),
    offsetof(Domain, description),   offsetof(Domain, metadata),
    offsetof(Domain, partition),     offsetof(Domain, machine),
    offsetof(Domain, kernel),        offsetof(Domain, initrd),
    offsetof(Domain, cmdline),       offsetof(Domain, emulator),
    offsetof(Domain, seclabel_model)
};

Domain *xml_domain_copy(const Domain *domain)
{
    Domain *copy = g_memdup2(domain, sizeof(*domain));

    for (size_t i = 0; i < G_N_ELEMENTS(domain_strings); i++) {
        char **string = G_STRUCT_MEMBER_P(copy, domain_strings[i]);
        *string = g_strdup(*string);
    }
    domain_devices_init(copy, domain);
    return copy;
}

void xml_domain_free(Domain *domain)
{
    if (!domain) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(domain_strings); i++) {
        g_free(G_STRUCT_MEMBER(char *, domain, domain_strings[i]));
    }
    for (DomainDeviceType type = 0; type < G_N_ELEMENTS(device_types); type++) {
        g_ptr_array_unref(xml_domain_devices(domain, type));
    }
    g_free(domain);
}

gboolean xml_domain_foreach_device(const Domain *domain, DomainDeviceFunc func,
                                   gpointer opaque)
{
    for (DomainDeviceType type = 0; type < G_N_ELEMENTS(device_types); type++) {
        GPtrArray *array = xml_domain_devices(domain, type);

        for (guint i = 0; i < array->len; i++) {
            DomainDevice device = { .type = type, .any = array->pdata[i] };
            if (!func(&device, opaque)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

typedef struct AliasSearch {
    const char *alias;
    DomainDevice *found;
} AliasSearch;

static gboolean alias_differs(const DomainDevice *device, gpointer opaque)
{
    AliasSearch *search = opaque;

    if (g_strcmp0(xml_device_info(device)->alias, search->alias) != 0) {
        return TRUE;
    }
    if (search->found) {
        *search->found = *device;
    }
    return FALSE;
}

gboolean xml_domain_find_alias(const Domain *domain, const char *alias,
                               DomainDevice *found)
{
    AliasSearch search = { alias, found };

    return !xml_domain_foreach_device(domain, alias_differs, &search);
}

/* How messages name a device: its target, MAC, port or backend. */
static char *device_label(const DomainDevice *device)
{
    char mac[18];

    switch (device->type) {
    case DOMAIN_DEVICE_DISK:
        return g_strdup_printf("disk %s", device->disk->target);
    case DOMAIN_DEVICE_INTERFACE:
        xml_mac_format(device->interface->mac, mac);
        return g_strdup_printf("interface with MAC address %s", mac);
    case DOMAIN_DEVICE_SERIAL:
        return g_strdup_printf("serial port %u", device->serial->port);
    case DOMAIN_DEVICE_RNG:
    default:
        return g_strdup_printf("rng with backend %s", device->rng->filename);
    }
}

/* Whether both have what makes a device of this type unique. */
static gboolean same_key(const DomainDevice *a, const DomainDevice *b)
{
    switch (a->type) {
    case DOMAIN_DEVICE_DISK:
        return strcmp(a->disk->target, b->disk->target) == 0;
    case DOMAIN_DEVICE_INTERFACE:
        return memcmp(a->interface->mac, b->interface->mac, 6) == 0;
    case DOMAIN_DEVICE_SERIAL:
        return a->serial->port == b->serial->port;
    case DOMAIN_DEVICE_RNG:
    default:
        return strcmp(a->rng->filename, b->rng->filename) == 0;
    }
}

/* What tells apart devices with the same key; absent values match all. */
static gboolean same_details(const DomainDevice *device, const DomainDevice *match)
{
    const char *alias = xml_device_info(match)->alias;

    if (alias && g_strcmp0(xml_device_info(device)->alias, alias) != 0) {
        return FALSE;
    }
    return match->type != DOMAIN_DEVICE_INTERFACE || !match->interface->target ||
           g_strcmp0(device->interface->target, match->interface->target) == 0;
}

int xml_domain_find_device(const Domain *domain, const DomainDevice *match,
                           DomainDevice *found, GError **errp)
{
    GPtrArray *array = xml_domain_devices(domain, match->type);
    g_autofree char *label = device_label(match);
    guint keys = 0, details = 0;
    int by_key = -1, by_details = -1, index;

    for (guint i = 0; i < array->len; i++) {
        DomainDevice device = { .type = match->type, .any = array->pdata[i] };

        if (same_key(&device, match)) {
            by_key = by_key < 0 ? (int)i : by_key;
            keys++;
            if (same_details(&device, match)) {
                by_details = i;
                details++;
            }
        }
    }
    if (!keys) {
        g_set_error(errp, XML_ERROR, VIR_ERR_DEVICE_MISSING, "%s not found", label);
        return -1;
    }
    if (keys > 1 && details != 1) {
        g_set_error(errp, XML_ERROR, VIR_ERR_OPERATION_FAILED,
                    "more than one device matches %s", label);
        return -1;
    }
    index = keys == 1 ? by_key : by_details;
    if (found) {
        *found = (DomainDevice){ .type = match->type, .any = array->pdata[index] };
    }
    return index;
}

gboolean xml_domain_add_device(Domain *domain, const DomainDevice *device,
                               DomainDevice *added, GError **errp)
{
    GPtrArray *array = xml_domain_devices(domain, device->type);
    const char *alias = xml_device_info(device)->alias;
    gpointer copy;
    guint place = array->len;

    for (guint i = 0; i < array->len; i++) {
        DomainDevice other = { .type = device->type, .any = array->pdata[i] };

        if (device_types[device->type].unique && same_key(&other, device)) {
            g_autofree char *label = device_label(device);
            g_set_error(errp, XML_ERROR, VIR_ERR_OPERATION_INVALID, "%s already exists",
                        label);
            return FALSE;
        }
        if (device->type == DOMAIN_DEVICE_SERIAL && place == array->len &&
            other.serial->port > device->serial->port) {
            place = i;
        }
    }
    if (alias && xml_domain_find_alias(domain, alias, NULL)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_OPERATION_INVALID,
                    "alias '%s' is already in use", alias);
        return FALSE;
    }
    if (!xml_device_check_iothread(domain, device, errp)) {
        return FALSE;
    }
    copy = device_types[device->type].copy(device->any);
    g_ptr_array_insert(array, place, copy);
    if (added) {
        *added = (DomainDevice){ .type = device->type, .any = copy };
    }
    return TRUE;
}

gboolean xml_domain_remove_device(Domain *domain, const DomainDevice *match,
                                  GError **errp)
{
    int index = xml_domain_find_device(domain, match, NULL, errp);

    if (index < 0) {
        return FALSE;
    }
    g_ptr_array_remove_index(xml_domain_devices(domain, match->type), index);
    return TRUE;
}
