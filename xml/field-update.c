/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to change of a device that runs: the rows say what may (XML_LIVE_UPDATE). */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

typedef struct Update {
    const char *label; /* of the device */
    GError **errp;
} Update;

static gboolean update(const Update *u, const XmlStruct *type, gpointer base,
                       gconstpointer to);

static gpointer member(const XmlField *field, gconstpointer base)
{
    return (char *)base + field->offset;
}

static gboolean refuse(const Update *u, const char *path)
{
    g_set_error(u->errp, XML_ERROR, VIR_ERR_OPERATION_UNSUPPORTED,
                "cannot modify field '%s' of %s while the domain runs", path, u->label);
    return FALSE;
}

/* Whether the XML says nothing of it, so that it stays. A value of the user's own that is
 * missing has been taken away. */
static gboolean is_left_open(const XmlField *field, gconstpointer to, const char *text)
{
    switch (field->type) {
    case XML_FIELD_STRING:
        return !text && (field->keeps || field->flags & (XML_DETAIL | XML_LIVE |
                                                         XML_STATUS | XML_STORED));
    case XML_FIELD_ENUM:
        return !*text || strcmp(text, "default") == 0;
    case XML_FIELD_UINT:
        return !xml_field_is_given(field, to);
    default:
        return FALSE;
    }
}

static void take(const XmlField *field, gpointer base, gconstpointer to)
{
    gpointer at = member(field, base);

    if (field->type == XML_FIELD_STRING) {
        g_free(*(char **)at);
        *(char **)at = xml_field_text(field, to);
    } else {
        g_assert(field->type == XML_FIELD_ENUM);
        *(int *)at = *(const int *)member(field, to);
    }
}

static gboolean update_value(const Update *u, const XmlField *field, gpointer base,
                             gconstpointer to)
{
    g_autofree char *now = xml_field_text(field, base);
    g_autofree char *wanted = xml_field_text(field, to);

    if (g_strcmp0(now, wanted) == 0 || is_left_open(field, to, wanted)) {
        return TRUE;
    }
    if (!(field->flags & XML_LIVE_UPDATE)) {
        return refuse(u, field->path);
    }
    take(field, base, to);
    return TRUE;
}

static gboolean update_pointer(const Update *u, const XmlField *field, gpointer base,
                               gconstpointer to)
{
    gpointer now = *(gpointer *)member(field, base);
    gconstpointer wanted = *(gpointer *)member(field, to);

    if (field->flags & XML_LIVE_UPDATE) {
        *(gpointer *)member(field, base) =
            wanted ? xml_struct_copy(field->of, wanted) : NULL;
        xml_struct_free(field->of, now);
        return TRUE;
    }
    return !wanted || (now ? update(u, field->of, now, wanted) : refuse(u, field->path));
}

static gboolean update_list(const Update *u, const XmlField *field, gpointer base,
                            gconstpointer to)
{
    GPtrArray *now = *(GPtrArray **)member(field, base);
    GPtrArray *wanted = *(GPtrArray **)member(field, to);

    if (now->len != wanted->len) {
        return refuse(u, field->path);
    }
    for (guint i = 0; i < now->len; i++) {
        if (!update(u, field->of, now->pdata[i], wanted->pdata[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean update_field(const Update *u, const XmlField *field, gpointer base,
                             gconstpointer to)
{
    switch (field->type) {
    case XML_FIELD_GROUP:
        return update(u, field->of, member(field, base), member(field, to));
    case XML_FIELD_POINTER:
        return update_pointer(u, field, base, to);
    case XML_FIELD_LIST:
        return update_list(u, field, base, to);
    case XML_FIELD_MARKUP:
    case XML_FIELD_CONST:
    case XML_FIELD_REFUSED:
    case XML_FIELD_HOOK:
        return TRUE;
    default:
        return update_value(u, field, base, to);
    }
}

static gboolean update(const Update *u, const XmlStruct *type, gpointer base,
                       gconstpointer to)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];

        if (xml_field_applies(field, base) && xml_field_applies(field, to) &&
            !update_field(u, field, base, to)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean xml_device_update(const DomainDevice *device, const DomainDevice *to,
                           GError **errp)
{
    g_autofree char *label = xml_device_label(device);
    Update u = { label, errp };

    return update(&u, &xml_kinds[device->type]->type, device->any, to->any);
}
