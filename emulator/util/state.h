/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows that describe the migration state of a structure: devices and vCPUs alike.
 * device/state.c writes and reads the stream from them.
 */
#ifndef VIREO_UTIL_STATE_H
#define VIREO_UTIL_STATE_H

#include <glib.h>

typedef enum StateType {
    STATE_U8,
    STATE_U16,
    STATE_U32,
    STATE_U64,
    STATE_BOOL,   /* gboolean */
    STATE_BYTES,  /* guint8[count] */
    STATE_STRUCT, /* nested description, inline */
} StateType;

typedef struct StateDesc StateDesc;
typedef struct StateField {
    const char *name;
    StateType type;
    size_t offset;
    guint32 count;       /* elements of an array; 1 for a scalar */
    size_t count_offset; /* != 0: guint32 member with the used count (<= count) */
    guint32 since;       /* first version of the description that has it */
    guint64 limit;       /* != 0: a loaded number above it is refused */
    const StateDesc *nested;
    size_t stride; /* STATE_STRUCT arrays: size of an element */
    /*
     * offset holds a pointer to the elements, which realize has allocated: as many
     * as the member at count_offset says, and the stream must bring exactly those.
     */
    gboolean indirect;
} StateField;

struct StateDesc {
    const char *name;
    guint32 version;
    const StateField *fields;         /* ends with a NULL name */
    gboolean (*needed)(void *opaque); /* FALSE: not saved; may then be missing */
    /* Fills in what the rows point at; a failure is that of the whole save. */
    gboolean (*pre_save)(void *opaque, GError **errp);
    gboolean (*post_load)(void *opaque, guint32 version, GError **errp);
};

#endif
