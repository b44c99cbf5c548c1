/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a type of -object and object-add is: things that are no device and have an id.
 * The layer that the thing belongs to has its row; monitor/object.c lists them.
 */
#ifndef VIREO_CONFIG_OBJECT_H
#define VIREO_CONFIG_OBJECT_H

#include "config/kind.h"

typedef struct ObjectType {
    KindType type;
    /* own: of the rows. NULL: the machine makes it where its options name it. */
    gboolean (*create)(const void *own, const char *id, GError **errp);
    /* Refuses what is in use. With create() alone. */
    gboolean (*destroy)(const char *id, GError **errp);
} ObjectType;

#endif
