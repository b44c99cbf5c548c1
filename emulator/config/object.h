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
    /*
     * own: of the rows; fd: of its file, which it takes over when it succeeds, or -1.
     * NULL: the machine makes it where its options name it.
     */
    gboolean (*create)(const void *own, const char *id, int fd, GError **errp);
    /*
     * Refuses what is in use. With create() alone. *fd: what is to be closed, where that
     * holds up nobody.
     */
    gboolean (*destroy)(const char *id, int *fd, GError **errp);
    /* What is opened for it, to be read without waiting; NULL: nothing. */
    const char *(*path)(const void *own);
} ObjectType;

#endif
