/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a structure into the document, row by row: elements are opened when the first row
 * below them has a value, and closed when a row elsewhere has one. */
#include <string.h>

#include "xml/field.h"

#define DEPTH_MAX 4
#define STEP_MAX  64

/* The elements that are open within the structure's own. */
typedef struct Cursor {
    XmlWriter *w;
    const GPtrArray *extras;
    char open[1 + DEPTH_MAX][STEP_MAX]; /* [0] is the structure's */
    guint depth;                        /* of the innermost */
    gboolean in_tag;                    /* its start tag still takes attributes */
    gboolean closed;                    /* the structure's own had text */
} Cursor;

static void leave(Cursor *c)
{
    if (c->in_tag) {
        xml_write_end_empty(c->w);
    } else {
        xml_write_close(c->w, c->open[c->depth]);
    }
    c->in_tag = FALSE;
    c->depth--;
}

static void enter(Cursor *c, const char *name, size_t length)
{
    if (c->in_tag) {
        xml_write_end_open(c->w);
    }
    g_assert(c->depth < DEPTH_MAX && length < STEP_MAX);
    c->depth++;
    memcpy(c->open[c->depth], name, length);
    c->open[c->depth][length] = '\0';
    xml_write_begin(c->w, c->open[c->depth]);
    c->in_tag = TRUE;
}

/* The number of steps of the path that are open. */
static guint common_steps(const Cursor *c, const char *path, const char *end,
                          const char **rest)
{
    guint n = 0;

    while (path < end && n < c->depth) {
        size_t length = strcspn(path, "/@");

        if (strlen(c->open[n + 1]) != length || strncmp(c->open[n + 1], path, length)) {
            break;
        }
        n++;
        path += length + (path[length] == '/');
    }
    *rest = path;
    return n;
}

/* Makes the element that [path, end) means the innermost open one. */
static void move_to(Cursor *c, const char *path, const char *end)
{
    const char *rest;
    guint common = common_steps(c, path, end, &rest);

    while (c->depth > common) {
        leave(c);
    }
    while (rest < end) {
        size_t length = strcspn(rest, "/@");
        enter(c, rest, length);
        rest += length + (rest[length] == '/');
    }
}

/* The path's parent element, its last step is returned. */
static const char *move_to_parent(Cursor *c, const char *path)
{
    const char *slash = strrchr(path, '/');

    move_to(c, path, slash ? slash : path);
    if (c->in_tag) {
        xml_write_end_open(c->w);
        c->in_tag = FALSE;
    }
    return slash ? slash + 1 : path;
}

static void write_value(Cursor *c, const char *path, const char *value)
{
    const char *at = strchr(path, '@');

    move_to(c, path, at ? at : path + strlen(path));
    if (at) {
        g_assert(c->in_tag); /* or the rows are in a wrong order */
        xml_write_attr(c->w, at + 1, value);
    } else {
        xml_write_end_text(c->w, c->open[c->depth], value);
        c->in_tag = FALSE;
        c->closed = c->depth == 0;
        c->depth -= !c->closed;
    }
}

static void write_markup(Cursor *c, const char *path, const char *markup)
{
    move_to_parent(c, path);
    xml_write_verbatim(c->w, markup);
}

/* Returns whether something that was not understood stands at this place. */
static gboolean write_extras(Cursor *c, const XmlField *field)
{
    const char *text;
    guint n;

    for (n = 0; (text = xml_extra_find(c->extras, field, n)); n++) {
        if (strchr(field->path, '@')) {
            write_value(c, field->path, text);
        } else {
            write_markup(c, field->path, text);
        }
    }
    return n > 0;
}

static void write_list(Cursor *c, const XmlField *field, gconstpointer base)
{
    GPtrArray *array = G_STRUCT_MEMBER(GPtrArray *, base, field->offset);

    for (guint i = 0; i < array->len; i++) {
        const char *name = move_to_parent(c, field->path);
        xml_struct_write(field->of, c->w, name, array->pdata[i]);
    }
}

static void write_pointer(Cursor *c, const XmlField *field, gconstpointer base)
{
    gpointer value = G_STRUCT_MEMBER(gpointer, base, field->offset);

    if (value) {
        const char *name = move_to_parent(c, field->path);
        xml_struct_write(field->of, c->w, name, value);
    }
}

/* Whether a simple field's value is worth a word. */
static gboolean has_value(const XmlField *field, gconstpointer base)
{
    gconstpointer at = (const char *)base + field->offset;
    const char *name;

    if (field->flags & XML_ALWAYS) {
        return TRUE;
    }
    switch (field->type) {
    case XML_FIELD_UINT:
        return *(const guint *)at != field->fallback;
    case XML_FIELD_UINT64:
        return *(const guint64 *)at != field->fallback;
    case XML_FIELD_FLAG:
        return *(const gboolean *)at;
    case XML_FIELD_ENUM:
        name = field->names[*(const int *)at];
        return *name && strcmp(name, "default") != 0;
    default:
        return TRUE;
    }
}

static void write_simple(Cursor *c, const XmlField *field, gconstpointer base)
{
    g_autofree char *text = has_value(field, base) ? xml_field_text(field, base) : NULL;

    if (!text) {
        return;
    }
    if (field->type == XML_FIELD_FLAG) {
        move_to(c, field->path, field->path + strlen(field->path));
        return;
    }
    if (field->type == XML_FIELD_KIB) {
        move_to(c, field->path, field->path + strlen(field->path));
        xml_write_attr(c->w, "unit", "KiB");
    }
    write_value(c, field->path, text);
}

/* What only runs have, or who asks for secrets may see, is not for everybody. */
static gboolean is_shown(const Cursor *c, const XmlField *field, gconstpointer base)
{
    XmlFormatFlags flags = c->w->flags;
    gboolean status = (flags & XML_FORMAT_STATUS) != 0;
    guint rows = field->flags;

    if (!xml_field_applies(field, base) || (rows & XML_READ_ONLY) ||
        ((rows & XML_LIVE) && xml_write_inactive(c->w)) ||
        ((rows & XML_STATUS) && !status) ||
        ((rows & XML_STORED) && !status && !(flags & XML_FORMAT_STORED)) ||
        ((rows & XML_SECURE) && !status && !(flags & XML_FORMAT_SECURE))) {
        return FALSE;
    }
    if (field->keeps && xml_write_inactive(c->w)) {
        gconstpointer value = G_STRUCT_MEMBER(gconstpointer, base, field->offset);
        return value && field->keeps(base, value);
    }
    return TRUE;
}

static void write_fields(Cursor *c, const XmlStruct *type, gconstpointer base)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];

        if (!is_shown(c, field, base) || write_extras(c, field)) {
            continue;
        }
        switch (field->type) {
        case XML_FIELD_GROUP:
            write_fields(c, field->of, (const char *)base + field->offset);
            break;
        case XML_FIELD_LIST:
            write_list(c, field, base);
            break;
        case XML_FIELD_POINTER:
            write_pointer(c, field, base);
            break;
        case XML_FIELD_MARKUP:
            if (G_STRUCT_MEMBER(char *, base, field->offset)) {
                write_markup(c, field->path,
                             G_STRUCT_MEMBER(char *, base, field->offset));
            }
            break;
        case XML_FIELD_HOOK:
            move_to_parent(c, field->path);
            field->write(c->w, base);
            break;
        case XML_FIELD_CONST:
            write_value(c, field->path, field->text);
            break;
        case XML_FIELD_REFUSED:
            break;
        default:
            write_simple(c, field, base);
        }
    }
}

void xml_struct_write(const XmlStruct *type, XmlWriter *w, const char *name,
                      gconstpointer base)
{
    Cursor c = { .w = w, .extras = *(GPtrArray *const *)base, .in_tag = TRUE };

    g_assert(strlen(name) < STEP_MAX);
    memcpy(c.open[0], name, strlen(name) + 1);
    xml_write_begin(w, name);
    write_fields(&c, type, base);
    while (c.depth > 0) {
        leave(&c);
    }
    if (!c.closed) {
        leave(&c);
    }
}
