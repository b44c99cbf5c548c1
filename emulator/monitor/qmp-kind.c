/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP types from rows. Nothing is made before a client asks: a start pays nothing. */
#include "config.h"

#include <string.h>

#include "monitor/qmp-kind.h"

static GHashTable *kinds; /* Kind -> QmpType */

static const QmpType on_off_auto = { .meta = QMP_META_ENUM, .values = on_off_auto_names };

static QmpType *new_type(QmpMeta meta)
{
    QmpType *type = g_new0(QmpType, 1);

    type->meta = meta;
    return type;
}

static const QmpMember *row_members(const Property *rows, GArray *members);

static const QmpType *enum_type(const char *const *names)
{
    QmpType *type = new_type(QMP_META_ENUM);

    type->values = names;
    return type;
}

static const QmpType *group_type(const Property *rows)
{
    QmpType *type = new_type(QMP_META_OBJECT);

    type->members = row_members(rows, g_array_new(TRUE, TRUE, sizeof(QmpMember)));
    return type;
}

/* An object of the kind, or the name of one. */
static const QmpType *reference_type(const Kind *kind, gboolean nullable)
{
    const QmpMember members[] = { { "definition", qmp_kind_type(kind), FALSE },
                                  { "reference", &qmp_str, FALSE },
                                  { nullable ? "null" : NULL, &qmp_null, FALSE },
                                  { NULL, NULL, FALSE } };
    QmpType *type = new_type(QMP_META_ALTERNATE);

    type->members = g_memdup2(members, sizeof(members));
    return type;
}

/* QAPI's String: an object, so that members can be added. */
static const QmpType *strings_type(void)
{
    static const QmpMember members[] = { { "str", &qmp_str, FALSE },
                                         { NULL, NULL, FALSE } };
    static const QmpType string = { .meta = QMP_META_OBJECT, .members = members };
    static const QmpType list = { .meta = QMP_META_ARRAY, .element = &string };

    return &list;
}

static const QmpType *row_type(const Property *row)
{
    switch (row->type) {
    case PROP_BOOL:
    case PROP_MAYBE:
        return &qmp_bool;
    case PROP_U8:
    case PROP_U16:
    case PROP_U32:
    case PROP_U64:
    case PROP_SIZE:
    case PROP_PCI_ADDR:
    case PROP_S32:
        return &qmp_int;
    case PROP_STRING:
    case PROP_ID:
    case PROP_MAC:
        return &qmp_str;
    case PROP_STRINGS:
        return strings_type();
    case PROP_ENUM:
        return enum_type(row->names);
    case PROP_AUTO:
        return &on_off_auto;
    case PROP_GROUP:
        return group_type(row->rows);
    case PROP_KIND:
        return row->reference ? reference_type(row->kind, row->nullable)
                              : qmp_kind_type(row->kind);
    }
    g_assert_not_reached();
}

/* Appends the rows to members, an array that it takes over. */
static const QmpMember *row_members(const Property *rows, GArray *members)
{
    for (const Property *row = rows; row && row->name; row++) {
        QmpMember member = { row->name, NULL, !row->required };

        if (!row->hidden) {
            member.type = row_type(row);
            g_array_append_val(members, member);
        }
    }
    return (const QmpMember *)(void *)g_array_free(members, FALSE);
}

/* The values of the tag, and a variant for each that has rows. */
static void add_types(QmpType *type, const Kind *kind, GArray *members)
{
    GPtrArray *names = g_ptr_array_new();
    GArray *variants = g_array_new(TRUE, TRUE, sizeof(QmpVariant));
    const KindType *t;

    for (guint i = 0; (t = kind->at(i)); i++) {
        QmpVariant variant = { t->name, NULL };

        if (t->cold) {
            continue;
        }
        g_ptr_array_add(names, (gpointer)t->name);
        if (t->rows) {
            variant.type = group_type(t->rows);
            g_array_append_val(variants, variant);
        }
    }
    g_ptr_array_add(names, NULL);
    QmpMember tag = { kind->tag,
                      enum_type((const char *const *)g_ptr_array_free(names, FALSE)),
                      FALSE };
    g_array_append_val(members, tag);
    type->tag = kind->tag;
    type->variants = (const QmpVariant *)(void *)g_array_free(variants, FALSE);
}

const QmpType *qmp_kind_type(const Kind *kind)
{
    QmpType *type = kinds ? g_hash_table_lookup(kinds, kind) : NULL;

    if (!type) {
        GArray *members = g_array_new(TRUE, TRUE, sizeof(QmpMember));

        type = new_type(QMP_META_OBJECT);
        kinds = kinds ? kinds : g_hash_table_new(NULL, NULL);
        g_hash_table_insert(kinds, (gpointer)kind, type); /* now: it may name itself */
        add_types(type, kind, members);
        type->members = row_members(kind->common, members);
    }
    return type;
}
