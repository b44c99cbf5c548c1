/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, copying, freeing and comparing structures, row by row. */
#include "xml/field.h"

#include <libvirt/virterror.h>
#include <string.h>

static gpointer member(const XmlField *field, gconstpointer base)
{
    return (char *)base + field->offset;
}

gboolean xml_field_applies(const XmlField *field, gconstpointer base)
{
    return !field->when.mask ||
           (field->when.mask & XML_BIT(G_STRUCT_MEMBER(int, base, field->when.offset)));
}

void xml_list_insert(GPtrArray *array, const XmlStruct *of, gpointer item)
{
    guint place = array->len;

    while (of->compare && place > 0 && of->compare(array->pdata[place - 1], item) > 0) {
        place--;
    }
    g_ptr_array_insert(array, (int)place, item);
}

static int compare_items(gconstpointer a, gconstpointer b, gpointer compare)
{
    return ((GCompareFunc)compare)(*(gconstpointer *)a, *(gconstpointer *)b);
}

void xml_list_sort(GPtrArray *array, const XmlStruct *of)
{
    if (of->compare) {
        g_ptr_array_sort_with_data(array, compare_items, (gpointer)of->compare);
    }
}

static void init(const XmlStruct *type, gpointer base)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        gpointer at = member(field, base);

        if (field->type == XML_FIELD_GROUP) {
            init(field->of, at);
        } else if (field->type == XML_FIELD_LIST) {
            *(GPtrArray **)at = g_ptr_array_new();
        } else if (field->flags & XML_AGAIN) {
            continue;
        } else if (field->type == XML_FIELD_ENUM) {
            *(int *)at = (int)field->fallback;
        } else if (field->type == XML_FIELD_UINT) {
            *(guint *)at = (guint)field->fallback;
        } else if (field->type == XML_FIELD_UINT64) {
            *(guint64 *)at = field->fallback;
        }
    }
}

gpointer xml_struct_new(const XmlStruct *type)
{
    gpointer base = g_malloc0(type->size);

    init(type, base);
    return base;
}

static void clear(const XmlStruct *type, gpointer base)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        gpointer at = member(field, base);

        if (field->type == XML_FIELD_GROUP) {
            clear(field->of, at);
        } else if (field->type == XML_FIELD_LIST) {
            GPtrArray *array = *(GPtrArray **)at;
            for (guint n = 0; n < array->len; n++) {
                xml_struct_free(field->of, array->pdata[n]);
            }
            g_ptr_array_unref(array);
        } else if (field->type == XML_FIELD_POINTER) {
            xml_struct_free(field->of, *(gpointer *)at);
        } else if ((field->type == XML_FIELD_STRING || field->type == XML_FIELD_MARKUP) &&
                   !(field->flags & XML_AGAIN)) {
            g_free(*(char **)at);
        }
    }
}

void xml_struct_free(const XmlStruct *type, gpointer base)
{
    if (base) {
        clear(type, base);
        xml_extras_free(*(GPtrArray **)base);
        g_free(base);
    }
}

/* What the members of @base, a copy byte by byte, point to becomes its own. */
static void own(const XmlStruct *type, gpointer base)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        gpointer at = member(field, base);

        if (field->type == XML_FIELD_GROUP) {
            own(field->of, at);
        } else if (field->type == XML_FIELD_LIST) {
            GPtrArray *from = *(GPtrArray **)at, *to = g_ptr_array_new();
            for (guint n = 0; n < from->len; n++) {
                g_ptr_array_add(to, xml_struct_copy(field->of, from->pdata[n]));
            }
            *(GPtrArray **)at = to;
        } else if (field->type == XML_FIELD_POINTER) {
            gpointer from = *(gpointer *)at;
            *(gpointer *)at = from ? xml_struct_copy(field->of, from) : NULL;
        } else if ((field->type == XML_FIELD_STRING || field->type == XML_FIELD_MARKUP) &&
                   !(field->flags & XML_AGAIN)) {
            *(char **)at = g_strdup(*(char **)at);
        }
    }
}

gpointer xml_struct_copy(const XmlStruct *type, gconstpointer base)
{
    gpointer copy = g_memdup2(base, type->size);

    *(GPtrArray **)copy = xml_extras_copy(*(GPtrArray *const *)base);
    own(type, copy);
    return copy;
}

char *xml_field_text(const XmlField *field, gconstpointer base)
{
    gconstpointer at = member(field, base);
    char text[DOMAIN_UUID_STR_LEN];

    switch (field->type) {
    case XML_FIELD_STRING:
        return g_strdup(*(char *const *)at);
    case XML_FIELD_ENUM:
        return g_strdup(field->names[*(const int *)at]);
    case XML_FIELD_FLAG:
        return g_strdup_printf("%d", *(const gboolean *)at != FALSE);
    case XML_FIELD_UINT:
        return field->flags & XML_HEX
                   ? g_strdup_printf("0x%0*x", field->width, *(const guint *)at)
                   : g_strdup_printf("%u", *(const guint *)at);
    case XML_FIELD_UINT64:
    case XML_FIELD_KIB:
        return g_strdup_printf(field->flags & XML_HEX ? "0x%" G_GINT64_MODIFIER "x"
                                                      : "%" G_GUINT64_FORMAT,
                               *(const guint64 *)at);
    case XML_FIELD_MAC:
        xml_mac_format(at, text);
        return g_strdup(text);
    case XML_FIELD_UUID:
        xml_uuid_format(at, text);
        return g_strdup(text);
    default:
        return NULL;
    }
}

gboolean xml_struct_foreach(const XmlStruct *type, gconstpointer base, XmlFieldFunc func,
                            gpointer opaque)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];

        if (!xml_field_applies(field, base)) {
            continue;
        }
        if (field->type == XML_FIELD_GROUP
                ? !xml_struct_foreach(field->of, member(field, base), func, opaque)
                : !func(field, base, opaque)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean refuse(const char *message, GError **errp)
{
    g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED, "%s", message);
    return FALSE;
}

static gboolean check_fields(const XmlStruct *type, gconstpointer base, GError **errp)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        gpointer at = member(field, base);

        if (field->type == XML_FIELD_GROUP) {
            if (!check_fields(field->of, at, errp)) {
                return FALSE;
            }
        } else if (field->type == XML_FIELD_LIST) {
            GPtrArray *array = *(GPtrArray **)at;
            for (guint n = 0; n < array->len; n++) {
                if (!xml_struct_check(field->of, array->pdata[n], errp)) {
                    return FALSE;
                }
            }
        } else if (field->type == XML_FIELD_POINTER && *(gpointer *)at &&
                   !xml_struct_check(field->of, *(gpointer *)at, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean xml_struct_check(const XmlStruct *type, gconstpointer base, GError **errp)
{
    const GPtrArray *extras = *(GPtrArray *const *)base;

    if (extras && extras->len) {
        return refuse(((const XmlExtra *)extras->pdata[0])->message, errp);
    }
    return check_fields(type, base, errp);
}

/* ---- two versions ---- */

static const char *field_words(const XmlField *field)
{
    return field->what ? field->what : field->path;
}

static gboolean differs(const XmlField *field, const char *from, const char *to,
                        GError **errp)
{
    g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                "Target %s '%s' does not match source '%s'", field_words(field),
                to ? to : "", from ? from : "");
    return FALSE;
}

static gboolean same_list(const XmlField *field, gconstpointer from, gconstpointer to,
                          GError **errp)
{
    GPtrArray *a = *(GPtrArray **)member(field, from);
    GPtrArray *b = *(GPtrArray **)member(field, to);

    if (a->len != b->len) {
        const char *slash = strrchr(field->path, '/');
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "Target number of %s devices '%u' does not match source '%u'",
                    slash ? slash + 1 : field->path, b->len, a->len);
        return FALSE;
    }
    for (guint i = 0; i < a->len; i++) {
        if (!xml_struct_same(field->of, a->pdata[i], b->pdata[i], errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean same_field(const XmlField *field, gconstpointer from, gconstpointer to,
                           GError **errp)
{
    g_autofree char *a = xml_field_text(field, from), *b = xml_field_text(field, to);

    if (field->guest) {
        return field->guest(*(guint *)member(field, from)) ==
                   field->guest(*(guint *)member(field, to)) ||
               differs(field, a, b, errp);
    }
    /* What one side has not been given yet is not another value. */
    if ((field->keeps || field->flags & (XML_LIVE | XML_STATUS | XML_STORED)) &&
        (!a || !b || !xml_field_is_given(field, from) ||
         !xml_field_is_given(field, to))) {
        return TRUE;
    }
    return g_strcmp0(a, b) == 0 || differs(field, a, b, errp);
}

gboolean xml_field_is_given(const XmlField *field, gconstpointer base)
{
    gconstpointer at = member(field, base);

    return field->type != XML_FIELD_UINT || *(const guint *)at != field->fallback;
}

gboolean xml_struct_same(const XmlStruct *type, gconstpointer from, gconstpointer to,
                         GError **errp)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        gboolean same = TRUE;

        if (field->type == XML_FIELD_GROUP) {
            same =
                xml_struct_same(field->of, member(field, from), member(field, to), errp);
        } else if ((field->flags & XML_ABI) && xml_field_applies(field, from) &&
                   xml_field_applies(field, to)) {
            same = field->type == XML_FIELD_LIST ? same_list(field, from, to, errp)
                                                 : same_field(field, from, to, errp);
        }
        if (!same) {
            return FALSE;
        }
    }
    return TRUE;
}
