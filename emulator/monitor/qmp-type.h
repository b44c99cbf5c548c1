/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of QMP as rows. Argument checking, error texts and query-qmp-schema are
 * made from them.
 */
#ifndef VIREO_MONITOR_QMP_TYPE_H
#define VIREO_MONITOR_QMP_TYPE_H

#include "config/node.h"

typedef struct QmpType QmpType;

typedef enum QmpMeta {
    QMP_META_STR,
    QMP_META_INT,
    QMP_META_NUMBER,
    QMP_META_BOOL,
    QMP_META_NULL,
    QMP_META_ANY,
    QMP_META_ENUM,
    QMP_META_ARRAY,
    QMP_META_OBJECT,
    QMP_META_ALTERNATE, /* one of its members' types, told apart by JSON type */
} QmpMeta;

typedef struct QmpMember {
    const char *name;
    const QmpType *type;
    gboolean optional;
} QmpMember;

/* Further members of an object whose tag member has this value. */
typedef struct QmpVariant {
    const char *value;
    const QmpType *type;
} QmpVariant;

struct QmpType {
    QmpMeta meta;
    const QmpType *element;     /* array */
    const char *const *values;  /* enum: ends with NULL */
    const QmpMember *members;   /* object, alternate: ends with a NULL name */
    const char *tag;            /* object: the enum member that selects a variant */
    const QmpVariant *variants; /* ends with a NULL value; a value may be missing */
    gboolean open;              /* object: more members are its owner's to check */
};

extern const QmpType qmp_str, qmp_int, qmp_number, qmp_bool, qmp_null, qmp_any;
extern const QmpType qmp_empty; /* object without members */
extern const QmpType qmp_str_list;

/* Static rows: QMP_OBJECT(name, { "member", &type, optional }, ...). */
#define QMP_ENUM(name_, ...)                                                             \
    static const QmpType name_ = { .meta = QMP_META_ENUM,                                \
                                   .values =                                             \
                                       (const char *const[]){ __VA_ARGS__, NULL } }
#define QMP_LIST(name_, element_)                                                        \
    static const QmpType name_ = { .meta = QMP_META_ARRAY, .element = element_ }
#define QMP_OBJECT(name_, ...)                                                           \
    static const QmpType name_ = { .meta = QMP_META_OBJECT,                              \
                                   .members =                                            \
                                       (const QmpMember[]){ __VA_ARGS__, { NULL } } }

/* Whether node is what the type says; errors as QEMU words them. */
gboolean qmp_type_check(const QmpType *type, const ConfigNode *node, GError **errp);

#endif
