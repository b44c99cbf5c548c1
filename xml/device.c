/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices whatever their kind: on their own, and found, added and removed in a domain. */
#include <libvirt/virterror.h>
#include <string.h>

#include "util/text.h"
#include "xml/internal.h"

static const XmlKind *kind_of(const DomainDevice *device)
{
    return xml_kinds[device->type];
}

const char *xml_device_type_name(DomainDeviceType type)
{
    return xml_kinds[type]->name;
}

DomainDeviceInfo *xml_device_info(const DomainDevice *device)
{
    return G_STRUCT_MEMBER_P(device->any, kind_of(device)->info);
}

GPtrArray *xml_domain_devices(const Domain *domain, DomainDeviceType type)
{
    return G_STRUCT_MEMBER(GPtrArray *, domain, xml_kinds[type]->array);
}

static gboolean type_of(const xmlNode *node, DomainDeviceType *type)
{
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        if (xml_node_is(node, xml_kinds[i]->name)) {
            *type = (DomainDeviceType)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* What libvirt has, and we do not. */
static gboolean is_refused(const char *name)
{
    static const char *const names[] = {
#define REFUSED(element) element,
#define SECRET           REFUSED
#include "xml/devices.def"
        NULL
    };

    return g_strv_contains(names, name);
}

static void refuse_type(const xmlNode *root, GError **errp)
{
    g_autofree char *shown = util_text_cut((const char *)root->name, 100);

    if (is_refused((const char *)root->name)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "element <devices/%s> is not supported by vireo", shown);
    } else {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "unknown device type '%s'", shown);
    }
}

DomainDevice *xml_device_parse(const char *text, XmlParseFlags flags, GError **errp)
{
    g_autoptr(xmlDoc) doc = xml_document_parse(text, errp);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    DomainDevice device = { 0 };

    if (!doc) {
        return NULL;
    }
    if (!type_of(root, &device.type)) {
        refuse_type(root, errp);
        return NULL;
    }
    device.any = xml_struct_parse(&kind_of(&device)->type, root, flags, errp);
    if (device.any && device.type == DOMAIN_DEVICE_SERIAL &&
        device.serial->port == G_MAXUINT) {
        device.serial->port = 0; /* among others it would be the next */
    }
    return device.any ? g_memdup2(&device, sizeof(device)) : NULL;
}

char *xml_device_format(const DomainDevice *device, XmlFormatFlags flags)
{
    XmlWriter w = { .text = g_string_new(NULL), .flags = flags };

    xml_struct_write(&kind_of(device)->type, &w, kind_of(device)->name, device->any);
    return g_string_free(w.text, FALSE);
}

gboolean xml_device_check(const DomainDevice *device, GError **errp)
{
    return xml_struct_check(&kind_of(device)->type, device->any, errp);
}

void xml_device_free(DomainDevice *device)
{
    if (device) {
        xml_struct_free(&kind_of(device)->type, device->any);
        g_free(device);
    }
}

DomainDevice *xml_device_copy(const DomainDevice *device)
{
    DomainDevice *copy = g_memdup2(device, sizeof(*device));

    copy->any = xml_struct_copy(&kind_of(device)->type, device->any);
    return copy;
}

gpointer xml_domain_add_new(Domain *domain, DomainDeviceType type)
{
    const XmlStruct *of = &xml_kinds[type]->type;
    gpointer added = xml_struct_new(of);

    xml_list_insert(xml_domain_devices(domain, type), of, added);
    return added;
}

gboolean xml_domain_foreach_device(const Domain *domain, DomainDeviceFunc func,
                                   gpointer opaque)
{
    for (guint type = 0; type < DOMAIN_DEVICE_COUNT; type++) {
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

void xml_domain_sort_devices(Domain *domain, DomainDeviceType type)
{
    xml_list_sort(xml_domain_devices(domain, type), &xml_kinds[type]->type);
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

void xml_device_adopt_place(const DomainDevice *to, const DomainDevice *from,
                            gboolean named)
{
    DomainDeviceInfo *info = xml_device_info(to);
    const DomainDeviceInfo *other = xml_device_info(from);

    g_free(info->address.usb_port);
    info->address = other->address;
    info->address.usb_port = g_strdup(other->address.usb_port);
    if (named) {
        g_free(info->alias);
        info->alias = g_strdup(other->alias);
    }
}

/* ---- which device is meant ---- */

static gboolean note_key(const XmlField *field, gconstpointer base, gpointer opaque)
{
    char **key = opaque;

    if (!(field->flags & XML_KEY)) {
        return TRUE;
    }
    *key = xml_field_text(field, base);
    return FALSE;
}

static char *key_of(const DomainDevice *device)
{
    char *key = NULL;

    xml_struct_foreach(&kind_of(device)->type, device->any, note_key, &key);
    return key ? key : g_strdup("");
}

char *xml_device_label(const DomainDevice *device)
{
    g_autofree char *key = key_of(device);

    return g_strconcat(kind_of(device)->label, *key ? " " : "", key, NULL);
}

gboolean xml_device_same_key(const DomainDevice *a, const DomainDevice *b)
{
    g_autofree char *left = key_of(a), *right = key_of(b);

    return strcmp(left, right) == 0;
}

typedef struct Pair {
    const char *match, *device;
} Pair;

static gboolean is_detail_equal(const XmlField *field, gconstpointer base,
                                gpointer opaque)
{
    const Pair *pair = opaque;
    g_autofree char *wanted = NULL, *value = NULL;

    if (!(field->flags & XML_DETAIL) || !(wanted = xml_field_text(field, base))) {
        return TRUE;
    }
    value = xml_field_text(field, pair->device + ((const char *)base - pair->match));
    return g_strcmp0(value, wanted) == 0;
}

/* What tells apart devices with the same key; absent values match all. */
static gboolean same_details(const DomainDevice *device, const DomainDevice *match)
{
    Pair pair = { match->any, device->any };

    return xml_struct_foreach(&kind_of(match)->type, match->any, is_detail_equal, &pair);
}

int xml_domain_find_device(const Domain *domain, const DomainDevice *match,
                           DomainDevice *found, GError **errp)
{
    GPtrArray *array = xml_domain_devices(domain, match->type);
    g_autofree char *label = xml_device_label(match);
    guint keys = 0, details = 0;
    int by_key = -1, by_details = -1, index;

    for (guint i = 0; i < array->len; i++) {
        DomainDevice device = { .type = match->type, .any = array->pdata[i] };

        if (xml_device_same_key(&device, match)) {
            by_key = by_key < 0 ? (int)i : by_key;
            keys++;
            if (same_details(&device, match)) {
                by_details = (int)i;
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

static gboolean has_unique_key(const XmlField *field, gconstpointer base, gpointer opaque)
{
    return !(field->flags & XML_KEY) || !(field->flags & XML_UNIQUE);
}

gboolean xml_domain_add_device(Domain *domain, const DomainDevice *device,
                               DomainDevice *added, GError **errp)
{
    const XmlStruct *type = &kind_of(device)->type;
    GPtrArray *array = xml_domain_devices(domain, device->type);
    const char *alias = xml_device_info(device)->alias;
    g_autofree char *key = key_of(device);
    /* Of those without a name there may be several. */
    gboolean unique =
        *key && !xml_struct_foreach(type, device->any, has_unique_key, NULL);
    gpointer copy;

    for (guint i = 0; unique && i < array->len; i++) {
        DomainDevice other = { .type = device->type, .any = array->pdata[i] };

        if (xml_device_same_key(&other, device)) {
            g_autofree char *label = xml_device_label(device);
            g_set_error(errp, XML_ERROR, VIR_ERR_OPERATION_INVALID, "%s already exists",
                        label);
            return FALSE;
        }
    }
    if (alias && xml_domain_find_alias(domain, alias, NULL)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_OPERATION_INVALID,
                    "alias '%s' is already in use", alias);
        return FALSE;
    }
    copy = xml_struct_copy(type, device->any);
    xml_list_insert(array, type, copy);
    if (added) {
        *added = (DomainDevice){ .type = device->type, .any = copy };
    }
    return TRUE;
}

gboolean xml_domain_remove_device(Domain *domain, const DomainDevice *match,
                                  GError **errp)
{
    int index = xml_domain_find_device(domain, match, NULL, errp);
    GPtrArray *array;

    if (index < 0) {
        return FALSE;
    }
    array = xml_domain_devices(domain, match->type);
    xml_struct_free(&kind_of(match)->type, g_ptr_array_remove_index(array, (guint)index));
    return TRUE;
}
