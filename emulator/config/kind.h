/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds of things that a user makes by naming a type: block nodes, network back ends,
 * character devices, objects. Each type has one list of rows; from the lists come what
 * -blockdev, -netdev, -chardev, -object and their QMP commands take, their help, their
 * part of the manual and of query-qmp-schema. A new type is a row list beside its code,
 * and an entry in its kind's table.
 */
#ifndef VIREO_CONFIG_KIND_H
#define VIREO_CONFIG_KIND_H

#include "config/property.h"

typedef struct KindType {
    const char *name;
    const char *help;     /* a few words, without a full stop */
    const Property *rows; /* ends with a NULL name; NULL: none */
    size_t size;          /* of the structure that the rows are of */
    gboolean cold;        /* made at the start only: no QMP command takes it */
} KindType;

struct Kind {
    const char *option;             /* of the command line: "blockdev" */
    const char *tag;                /* the key that names the type: "driver" */
    const Property *common;         /* what all types have, in a structure of its own */
    const KindType *(*at)(guint i); /* in the order of help; NULL: no more */
    const char *heading;            /* of the types' help, as in QEMU, or NULL */
};

/* For kinds whose things have an id and nothing else in common; of a char *. */
extern const Property kind_id_rows[];

const KindType *kind_find(const Kind *kind, const char *name);
/* The type that node names; errors when it names none, or one that is not there. */
const KindType *kind_type(const Kind *kind, ConfigNode *node, GError **errp);
/* The structure whose member `type` it is; NULL for NULL. */
#define KIND_OWNER(type_, owner_)                                                        \
    ({                                                                                   \
        const KindType *t_ = (type_);                                                    \
        t_ ? (const owner_ *)(const void *)((const guint8 *)t_ - offsetof(owner_, type)) \
           : NULL;                                                                       \
    })
/*
 * Reads node by the common rows (common) and by those of the type (own: type->size zero
 * bytes); refuses all other keys. What the structures then own goes by
 * properties_clear(), on failure too.
 */
gboolean kind_read(const Kind *kind, const KindType *type, ConfigNode *node, void *common,
                   void *own, GError **errp);

/* `-blockdev help`, or of one type: owned. NULL with an error: there is no such type. */
char *kind_help(const Kind *kind, const char *type, GError **errp);

#endif
