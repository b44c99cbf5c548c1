/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows that describe the migration state of a structure: devices and vCPUs alike.
 * device/state.c writes and reads the stream from them.
 *
 * A later release adds to what there is only so that both directions go on working for
 * a VM that does not use what is new:
 *   - a field that most do without: .since = the description's next version, and
 *     .optional (left out while it is .absent) or .needed. The description's version in
 *     the stream is that of the newest field that is written, so that an older reader
 *     refuses exactly the VMs that it would damage, by section and field;
 *   - a field that nobody misses when it is lost: .may_skip, too;
 *   - more of what belongs together: a description of its own with .needed.
 * A field is never removed, renamed or given another type. What is not in the stream is
 * .absent after loading, not what it was before.
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
    guint32 since;       /* first version of the description that has it; 0: the first */
    guint64 limit;       /* != 0: a loaded number above it is refused */
    gboolean optional;   /* left out when every element is absent (of a count: when it is
                            0); not for structures */
    guint64 absent;      /* a number that is not in the stream; structures: their rows' */
    gboolean may_skip;   /* a reader that does not know it may go on without it */
    /* FALSE: left out; of the structure that has the field. NULL: see optional. */
    gboolean (*needed)(void *opaque);
    const StateDesc *nested;
    size_t stride; /* STATE_STRUCT arrays: size of an element */
    /*
     * offset holds a pointer to the elements. With a count it is NULL or has room for so
     * many, and loading makes that (g_malloc()). Without one, realize has allocated as
     * many as the member at count_offset says, and the stream must bring exactly those.
     */
    gboolean indirect;
} StateField;

struct StateDesc {
    const char *name;
    guint32 version;                  /* the newest: the highest since of its rows */
    const StateField *fields;         /* ends with a NULL name */
    gboolean (*needed)(void *opaque); /* FALSE: left out; NULL: always needed */
    gboolean may_skip;                /* of a section: as of a field */
    /* Fills in what the rows point at; a failure is that of the whole save. */
    gboolean (*pre_save)(void *opaque, GError **errp);
    gboolean (*post_load)(void *opaque, guint32 version, GError **errp);
};

/*
 * Rows: a scalar or one structure; an array, count 0 where realize says how many; one of
 * which the member used_ says how many there are.
 */
#define STATE_FIELD(name_, type_, owner_, member_, ...)                                  \
    STATE_ARRAY(name_, type_, owner_, member_, 1, __VA_ARGS__)
#define STATE_ARRAY(name_, type_, owner_, member_, count_, ...)                          \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(owner_, member_),               \
        .count = count_, __VA_ARGS__                                                     \
    }
#define STATE_COUNTED(name_, type_, owner_, member_, count_, used_, ...)                 \
    STATE_ARRAY(name_, type_, owner_, member_, count_,                                   \
                .count_offset = offsetof(owner_, used_), __VA_ARGS__)

#endif
