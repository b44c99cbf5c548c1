/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the document into a structure, row by row. */
#include <libvirt/virterror.h>
#include <net/if.h>
#include <string.h>

#include "xml/field.h"

#define CHILDREN_MAX 65536 /* each row looks through them */
#define STEP_MAX     64    /* of one step of a path */

typedef struct Parse {
    XmlParseFlags flags;
    GPtrArray **extras;
} Parse;

/* Where a row's value stands. */
typedef struct Place {
    xmlNode *parent; /* of the element; for a path "@x" the structure's own element */
    xmlNode *node;   /* the first element at the path, or NULL */
    char name[STEP_MAX];
    const char *attr; /* or NULL: the element's text */
} Place;

/* "qemu:commandline" stands for an element in libvirt's namespace of that driver. */
static gboolean node_matches(const xmlNode *node, const char *name)
{
    static const char base[] = "http://libvirt.org/schemas/domain/";
    const char *colon = strchr(name, ':'), *href;
    size_t length;

    if (!colon) {
        return xml_node_is(node, name);
    }
    length = (size_t)(colon - name);
    href =
        node->type == XML_ELEMENT_NODE && node->ns ? (const char *)node->ns->href : NULL;
    return href && g_str_has_prefix(href, base) &&
           strcspn(href + strlen(base), "/") == length &&
           strncmp(href + strlen(base), name, length) == 0 &&
           strcmp((const char *)node->name, colon + 1) == 0;
}

static xmlNode *first_match(xmlNode *node, const char *name)
{
    while (node && !node_matches(node, name)) {
        node = node->next;
    }
    return node;
}

static void find_place(const xmlNode *node, const char *path, Place *place)
{
    const char *at = strchr(path, '@');
    const char *end = at ? at : path + strlen(path);

    *place = (Place){ .parent = (xmlNode *)node, .node = (xmlNode *)node };
    place->attr = at ? at + 1 : NULL;
    while (path < end) {
        size_t length = strcspn(path, "/@");

        g_assert(length < STEP_MAX);
        memcpy(place->name, path, length);
        place->name[length] = '\0';
        place->parent = place->node;
        place->node =
            place->parent ? first_match(place->parent->children, place->name) : NULL;
        path += length + (path[length] == '/');
    }
}

static char *place_text(const Place *place)
{
    return place->attr ? xml_node_attr(place->node, place->attr)
                       : xml_node_text(place->node);
}

static gpointer member(const XmlField *field, gpointer base)
{
    return (char *)base + field->offset;
}

static gboolean listed(const char *list, const char *text)
{
    g_auto(GStrv) words = list ? g_strsplit(list, "|", -1) : NULL;

    return words &&
           (strcmp(list, "*") == 0 || g_strv_contains((const char *const *)words, text));
}

/* A value that only runs have, in something else. */
static gboolean dropped(const Parse *p, const XmlField *field, gconstpointer base,
                        gconstpointer value)
{
    return !(p->flags & XML_PARSE_STATUS) && field->keeps && !field->keeps(base, value);
}

static gboolean parse_string(const Parse *p, const XmlField *field, const Place *place,
                             gpointer base, GError **errp)
{
    g_autofree char *text = place_text(place);
    const char *reason;

    if (!text || ((field->flags & XML_EMPTY_NONE) && !*text) ||
        dropped(p, field, base, text)) {
        return TRUE;
    }
    reason = field->check ? field->check(text) : NULL;
    if (reason) {
        return xml_node_invalid(place->node, place->attr, text, reason, errp);
    }
    g_free(*(char **)member(field, base));
    *(char **)member(field, base) = g_steal_pointer(&text);
    return TRUE;
}

static gboolean parse_enum(const Parse *p, const XmlField *field, const Place *place,
                           gpointer base, GError **errp)
{
    g_autofree char *text = place_text(place);
    int index;

    if (!text) {
        return TRUE;
    }
    index = xml_names_index(field->names, g_strstrip(text));
    if (index < 0 && *text && listed(field->text, text)) {
        xml_extra_keep(p->extras, field, place->node, place->attr);
        return TRUE;
    }
    if (index < 0) {
        return xml_node_invalid(place->node, place->attr, text, NULL, errp);
    }
    *(int *)member(field, base) = index;
    return TRUE;
}

static gboolean parse_number(const Parse *p, const XmlField *field, const Place *place,
                             gpointer base, GError **errp)
{
    guint64 type_max = field->type == XML_FIELD_UINT ? G_MAXINT : G_MAXINT64;
    guint64 max = field->max ? field->max : type_max, number;
    g_autofree char *text = place_text(place);
    gboolean hex = (field->flags & XML_HEX) && text && g_str_has_prefix(text, "0x");

    if (!text) {
        return TRUE;
    }
    g_strstrip(text);
    if (!g_ascii_string_to_unsigned(text + (hex ? 2 : 0), hex ? 16 : 10, field->min, max,
                                    &number, NULL)) {
        g_autofree char *reason = g_strdup_printf("not a number from %" G_GUINT64_FORMAT
                                                  " to %" G_GUINT64_FORMAT,
                                                  field->min, max);
        return xml_node_invalid(place->node, place->attr, text, reason, errp);
    }
    if (field->type == XML_FIELD_UINT) {
        *(guint *)member(field, base) = (guint)number;
    } else {
        *(guint64 *)member(field, base) = number;
    }
    return TRUE;
}

static gboolean parse_kib(const Parse *p, const XmlField *field, const Place *place,
                          gpointer base, GError **errp)
{
    guint64 *kib = member(field, base);

    if (place->node && !xml_node_memory(place->node, kib, errp)) {
        return FALSE;
    }
    return !place->node || *kib >= field->min ||
           xml_node_invalid(place->node, NULL, "0", "it must not be 0", errp);
}

static gboolean parse_flag(const Parse *p, const XmlField *field, const Place *place,
                           gpointer base, GError **errp)
{
    *(gboolean *)member(field, base) = place->node != NULL;
    return TRUE;
}

static gboolean parse_mac(const Parse *p, const XmlField *field, const Place *place,
                          gpointer base, GError **errp)
{
    g_autofree char *text = place_text(place);
    guint8 *mac = member(field, base);

    if (text && !xml_mac_parse(text, mac)) {
        return xml_node_invalid(place->node, place->attr, text, "not a MAC address",
                                errp);
    }
    if (text && (mac[0] & 1)) {
        return xml_node_invalid(place->node, place->attr, text,
                                "expected a unicast MAC address, found multicast", errp);
    }
    return TRUE;
}

static gboolean parse_uuid(const Parse *p, const XmlField *field, const Place *place,
                           gpointer base, GError **errp)
{
    g_autofree char *text = place_text(place);

    if (text && !xml_uuid_parse(g_strstrip(text), member(field, base))) {
        return xml_node_invalid(place->node, place->attr, text, "not a UUID", errp);
    }
    return TRUE;
}

static gboolean parse_markup(const Parse *p, const XmlField *field, const Place *place,
                             gpointer base, GError **errp)
{
    *(char **)member(field, base) = place->node ? xml_markup(place->node) : NULL;
    return TRUE;
}

static gboolean parse_const(const Parse *p, const XmlField *field, const Place *place,
                            gpointer base, GError **errp)
{
    g_autofree char *text = place_text(place);

    if (text && strcmp(g_strstrip(text), field->text) != 0) {
        xml_extra_keep(p->extras, field, place->node, place->attr);
    }
    return TRUE;
}

static gboolean parse_refused(const Parse *p, const XmlField *field, const Place *place,
                              gpointer base, GError **errp)
{
    for (xmlNode *node = place->node; node;
         node = place->attr ? NULL : first_match(node->next, place->name)) {
        g_autofree char *text =
            place->attr ? xml_node_attr(node, place->attr) : xml_node_text(node);

        if (text && !listed(field->text, g_strstrip(text)) &&
            (*text || !(field->flags & XML_EMPTY_NONE))) {
            xml_extra_keep(p->extras, field, node, place->attr);
        }
    }
    return TRUE;
}

static gboolean parse_pointer(const Parse *p, const XmlField *field, const Place *place,
                              gpointer base, GError **errp)
{
    gpointer value = NULL;

    if (place->node &&
        !(value = xml_struct_parse(field->of, place->node, p->flags, errp))) {
        return FALSE;
    }
    if (value && dropped(p, field, base, value)) {
        xml_struct_free(field->of, value);
        value = NULL;
    }
    *(gpointer *)member(field, base) = value;
    return TRUE;
}

static gboolean parse_list(const Parse *p, const XmlField *field, const Place *place,
                           gpointer base, GError **errp)
{
    GPtrArray *array = *(GPtrArray **)member(field, base);

    for (xmlNode *node = place->node; node; node = first_match(node->next, place->name)) {
        gpointer item = xml_struct_parse(field->of, node, p->flags, errp);

        if (!item) {
            return FALSE;
        }
        g_ptr_array_add(array, item);
    }
    return TRUE;
}

static gboolean parse_fields(const Parse *p, const XmlStruct *type, const xmlNode *node,
                             gpointer base, GError **errp);

static gboolean parse_field(const Parse *p, const XmlField *field, const xmlNode *node,
                            gpointer base, GError **errp)
{
    static gboolean (*const parsers[])(const Parse *, const XmlField *, const Place *,
                                       gpointer, GError **) = {
        [XML_FIELD_STRING] = parse_string,   [XML_FIELD_ENUM] = parse_enum,
        [XML_FIELD_UINT] = parse_number,     [XML_FIELD_UINT64] = parse_number,
        [XML_FIELD_KIB] = parse_kib,         [XML_FIELD_FLAG] = parse_flag,
        [XML_FIELD_MAC] = parse_mac,         [XML_FIELD_UUID] = parse_uuid,
        [XML_FIELD_MARKUP] = parse_markup,   [XML_FIELD_CONST] = parse_const,
        [XML_FIELD_REFUSED] = parse_refused, [XML_FIELD_POINTER] = parse_pointer,
        [XML_FIELD_LIST] = parse_list,
    };
    guint status = XML_LIVE | XML_STATUS | XML_STORED;
    gboolean stored = (p->flags & XML_PARSE_STORED) && (field->flags & XML_STORED);
    Place place;

    if (((field->flags & status) && !(p->flags & XML_PARSE_STATUS) && !stored) ||
        !xml_field_applies(field, base) || field->type == XML_FIELD_HOOK) {
        return TRUE;
    }
    if (field->type == XML_FIELD_GROUP) {
        return parse_fields(p, field->of, node, member(field, base), errp);
    }
    find_place(node, field->path, &place);
    return parsers[field->type](p, field, &place, base, errp);
}

static gboolean parse_fields(const Parse *p, const XmlStruct *type, const xmlNode *node,
                             gpointer base, GError **errp)
{
    for (guint i = 0; i < type->count; i++) {
        if (!parse_field(p, &type->fields[i], node, base, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* What is refused anyway may lack what it would need. */
static gboolean check_required(const XmlStruct *type, const xmlNode *node, gpointer base,
                               GError **errp)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        g_autofree char *what = NULL;
        Place place;

        if (field->type == XML_FIELD_GROUP) {
            if (!check_required(field->of, node, member(field, base), errp)) {
                return FALSE;
            }
            continue;
        }
        if (!(field->flags & XML_REQUIRED) || !xml_field_applies(field, base)) {
            continue;
        }
        find_place(node, field->path, &place);
        if (place.attr ? xmlHasProp(place.node, (const xmlChar *)place.attr) != NULL
                       : place.node != NULL) {
            continue;
        }
        what = place.attr && place.name[0]
                   ? g_strdup_printf("%s attribute '%s'", place.name, place.attr)
               : place.attr ? g_strdup_printf("attribute '%s'", place.attr)
                            : g_strdup_printf("element <%s/%s>", (const char *)node->name,
                                              field->path);
        return xml_missing(node, what, errp);
    }
    return TRUE;
}

static gboolean too_many_children(const xmlNode *node, GError **errp)
{
    guint count = 0;

    for (const xmlNode *child = node->children; child; child = child->next) {
        if (++count > CHILDREN_MAX) {
            g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                        "an element has more than %d children", CHILDREN_MAX);
            return TRUE;
        }
    }
    return FALSE;
}

gpointer xml_struct_parse(const XmlStruct *type, const xmlNode *node, XmlParseFlags flags,
                          GError **errp)
{
    gpointer base = xml_struct_new(type);
    GPtrArray **extras = base;
    Parse p = { .flags = flags, .extras = extras };

    if (too_many_children(node, errp) || !parse_fields(&p, type, node, base, errp) ||
        (!(flags & XML_PARSE_MATCH) && (type->strict || !*extras) &&
         !check_required(type, node, base, errp)) ||
        (type->finish && !type->finish(node, base, flags, errp))) {
        xml_struct_free(type, base);
        return NULL;
    }
    return base;
}

gboolean xml_missing(const xmlNode *node, const char *what, GError **errp)
{
    g_autofree char *path = xml_node_path(node);

    g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR, "missing %s in element <%s>", what,
                path);
    return FALSE;
}

gboolean xml_plain_text(const char *text, const char *allowed)
{
    for (; *text; text++) {
        if (!g_ascii_isalnum(*text) && !strchr(allowed, *text)) {
            return FALSE;
        }
    }
    return TRUE;
}

const char *xml_check_path(const char *text)
{
    return text[0] == '/' ? NULL : "not an absolute path";
}

const char *xml_check_ifname(const char *text)
{
    return !*text || strlen(text) >= IFNAMSIZ || text[0] == '.' ||
                   !xml_plain_text(text, "-_.")
               ? "not the name of a network device"
               : NULL;
}
