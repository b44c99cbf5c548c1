/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures of domain XML as tables of fields. One row says where a value stands in the
 * document and in the structure, and what may be done with it; parsing, formatting,
 * copying, freeing, the ABI check and the difference between two versions all go
 * through the rows, in their order, which is that of the document.
 *
 * A path is relative to the structure's element: "serial" is an element's text,
 * "driver@cache" an attribute of a child, "@type" one of the element itself, "" its text,
 * in a row after all others. Elements and
 * attributes without a row are unknown, and dropped, as libvirt does. Those that libvirt
 * knows and we cannot honour have rows of type XML_FIELD_REFUSED, and enumerations have a
 * list of further values: what stands there is kept as it was written ("extra"), comes
 * back when the structure is formatted, and is a refusal when it is checked
 * (xml_domain_check): the parser itself refuses only what libvirt's schema does.
 *
 * Each structure begins with a GPtrArray *extras, NULL when there are none.
 */
#ifndef XML_FIELD_H
#define XML_FIELD_H

#include "xml/domain.h"
#include "xml/node.h"
#include "xml/writer.h"

typedef enum XmlFieldType {
    XML_FIELD_STRING,  /* char * */
    XML_FIELD_ENUM,    /* int; names[] */
    XML_FIELD_UINT,    /* guint, min..max */
    XML_FIELD_UINT64,  /* guint64 */
    XML_FIELD_KIB,     /* guint64, an element with a unit */
    XML_FIELD_FLAG,    /* gboolean: the element is there */
    XML_FIELD_MAC,     /* guint8[6] */
    XML_FIELD_UUID,    /* guint8[16] */
    XML_FIELD_MARKUP,  /* char *: an element as it is, with its namespaces */
    XML_FIELD_CONST,   /* always written; other values are refused */
    XML_FIELD_REFUSED, /* known to libvirt, not supported; text: harmless values */
    XML_FIELD_GROUP,   /* a structure within this one, of the same element */
    XML_FIELD_POINTER, /* one structure of its own, of a child element, or NULL */
    XML_FIELD_LIST,    /* GPtrArray * of structures of child elements */
    XML_FIELD_HOOK,    /* written by write() */
} XmlFieldType;

enum {
    XML_ABI = 1 << 0,      /* the guest sees it */
    XML_SECURE = 1 << 1,   /* written only when secrets are asked for */
    XML_LIVE = 1 << 2,     /* of a run: not in a definition */
    XML_STATUS = 1 << 3,   /* of a run and for us alone */
    XML_STORED = 1 << 4,   /* for us alone, of definitions and runs */
    XML_REQUIRED = 1 << 5, /* an error when missing, unless something else is refused */
    XML_KEY = 1 << 6,      /* makes a device the one that is meant */
    XML_DETAIL = 1 << 7,   /* tells apart devices with the same key, where given */
    XML_UNIQUE = 1 << 8,   /* no two devices of a domain have the same */
    XML_ALWAYS = 1 << 9,   /* written even when it has its fallback value */
    XML_AGAIN = 1 << 10,   /* an earlier row has the same member */
    XML_HEX = 1 << 11,     /* 0x..., of `width` digits at least */
    XML_EMPTY_NONE = 1 << 12, /* an empty string is none */
    XML_READ_ONLY = 1 << 13,  /* not written */
    /* A STRING or ENUM that may change while the domain runs; a POINTER that is replaced,
     * also by none. */
    XML_LIVE_UPDATE = 1 << 14,
};

typedef struct XmlStruct XmlStruct;

typedef struct XmlField {
    const char *path;
    XmlFieldType type;
    size_t offset;
    guint flags;
    const char *what;         /* how messages name it, the path when NULL; REFUSED: why */
    const char *const *names; /* ENUM; "" and "default" are not written */
    /* ENUM: libvirt's further values, separated by '|', "*" for any; REFUSED: harmless
     * ones; CONST: the value */
    const char *text;
    guint64 min, max; /* max 0: what the type holds */
    guint64 fallback; /* ENUM, UINT...: when absent */
    int width;
    /* STRING: what is wrong with @text, or NULL. */
    const char *(*check)(const char *text);
    /* Whether a definition keeps it; otherwise it is as XML_LIVE. */
    gboolean (*keeps)(gconstpointer base, gconstpointer value);
    /* ABI of an ENUM: what the guest sees of a value. */
    guint (*guest)(guint value);
    /* Valid only when the bit of the number at `offset` is in `mask`; 0: always. */
    struct {
        size_t offset;
        guint mask;
    } when;
    const XmlStruct *of; /* GROUP, POINTER, LIST */
    void (*write)(XmlWriter *w, gconstpointer base);
} XmlField;

struct XmlStruct {
    size_t size;
    const XmlField *fields;
    guint count;
    /* What rows cannot say, after they have been parsed; may be NULL. */
    gboolean (*finish)(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp);
    GCompareFunc compare; /* the order of a LIST; NULL: as written */
    gboolean strict;      /* XML_REQUIRED also when something is refused */
};

/* A row: path, structure, member, and what else there is to say. */
#define XML_ROW(t, p, s, m, ...)                                                         \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_##t, .offset = offsetof(s, m), __VA_ARGS__        \
    }
#define XML_STRING(...) XML_ROW(STRING, __VA_ARGS__, )
#define XML_UINT(...)   XML_ROW(UINT, __VA_ARGS__, )
#define XML_UINT64(...) XML_ROW(UINT64, __VA_ARGS__, )
#define XML_KIB(...)    XML_ROW(KIB, __VA_ARGS__, )
#define XML_FLAG(...)   XML_ROW(FLAG, __VA_ARGS__, )
#define XML_MAC(...)    XML_ROW(MAC, __VA_ARGS__, )
#define XML_UUID(...)   XML_ROW(UUID, __VA_ARGS__, )
#define XML_MARKUP(...) XML_ROW(MARKUP, __VA_ARGS__, )
/* After the member the names. */
#define XML_ENUM(p, s, m, values, ...)                                                   \
    XML_ROW(ENUM, p, s, m, .names = (values), __VA_ARGS__)
#define XML_CONST(p, value, ...)                                                         \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_CONST, .text = (value), __VA_ARGS__               \
    }

#define XML_ROWS(rows)       .fields = (rows), .count = G_N_ELEMENTS(rows)
#define XML_WHEN(s, m, mask) .when = { offsetof(s, m), (mask) }
#define XML_BIT(value)       (1u << (value))

/* Something that is kept as it was written, or a refusal of several things together. */
typedef struct XmlExtra {
    const XmlField *field; /* NULL: a refusal only */
    char *text;            /* the attribute's value, or the element's markup */
    char *message;
} XmlExtra;

/* A new structure, with the fallbacks of its fields. */
gpointer xml_struct_new(const XmlStruct *type);
void xml_struct_free(const XmlStruct *type, gpointer base);
gpointer xml_struct_copy(const XmlStruct *type, gconstpointer base);

/* Reads @node into a new structure; NULL with an XML_ERROR. */
gpointer xml_struct_parse(const XmlStruct *type, const xmlNode *node, XmlParseFlags flags,
                          GError **errp);

/* Writes the element @name. */
void xml_struct_write(const XmlStruct *type, XmlWriter *w, const char *name,
                      gconstpointer base);

/* CONFIG_UNSUPPORTED, with the words of the first extra in it or below. */
gboolean xml_struct_check(const XmlStruct *type, gconstpointer base, GError **errp);

/* CONFIG_UNSUPPORTED naming the first field of XML_ABI that differs. */
gboolean xml_struct_same(const XmlStruct *type, gconstpointer from, gconstpointer to,
                         GError **errp);

/* Brings an array in its order. */
void xml_list_sort(GPtrArray *array, const XmlStruct *of);
/* Inserts @item in its order. */
void xml_list_insert(GPtrArray *array, const XmlStruct *of, gpointer item);

/* Whether a number differs from what it is when nothing has been given. */
gboolean xml_field_is_given(const XmlField *field, gconstpointer base);

/* A simple field's value as text; NULL when it has none. Free with g_free. */
char *xml_field_text(const XmlField *field, gconstpointer base);

/* Calls @func for each simple field, also those of groups, until it returns FALSE. */
typedef gboolean (*XmlFieldFunc)(const XmlField *field, gconstpointer base,
                                 gpointer opaque);
gboolean xml_struct_foreach(const XmlStruct *type, gconstpointer base, XmlFieldFunc func,
                            gpointer opaque);

/* Whether the row counts for what @base is. */
gboolean xml_field_applies(const XmlField *field, gconstpointer base);

/* extra.c: adds to *extras. */
void xml_extra_keep(GPtrArray **extras, const XmlField *field, const xmlNode *node,
                    const char *attr);
void xml_extra_refuse_node(GPtrArray **extras, const xmlNode *node);
void xml_extra_refuse(GPtrArray **extras, const char *format, ...) G_GNUC_PRINTF(2, 3);
void xml_extras_free(GPtrArray *extras);
GPtrArray *xml_extras_copy(const GPtrArray *extras);
/* The kept text at @field, the @nth; or NULL. */
const char *xml_extra_find(const GPtrArray *extras, const XmlField *field, guint nth);
/* @node with the namespaces that it needs, as text. */
char *xml_markup(const xmlNode *node);
/* Sets XML_ERROR "missing ... in element <...>". Returns FALSE. */
gboolean xml_missing(const xmlNode *node, const char *what, GError **errp);

/* Refuses an element of @node's name that does not say attr='none'. TRUE. */
gboolean xml_refuse_unless_none(GPtrArray **extras, const xmlNode *node, const char *attr,
                                gboolean none);

/* Checks for STRING fields. */
const char *xml_check_path(const char *text);
const char *xml_check_ifname(const char *text);
gboolean xml_plain_text(const char *text, const char *allowed);

#endif
