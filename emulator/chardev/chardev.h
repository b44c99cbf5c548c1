/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: where the bytes of a serial port or a monitor go.
 * Main loop only, under the machine lock.
 */
#ifndef VIREO_CHARDEV_CHARDEV_H
#define VIREO_CHARDEV_CHARDEV_H

#include "config/kind.h"

typedef struct Chardev Chardev;

typedef enum ChardevEvent { CHARDEV_OPENED, CHARDEV_CLOSED } ChardevEvent;

/* The one user (front end) of a chardev. */
typedef struct ChardevUser {
    /* How many bytes may arrive now; 0 pauses reading until chardev_resume(). */
    size_t (*can_receive)(void *opaque);
    void (*receive)(void *opaque, const guint8 *buf, size_t len);
    void (*event)(void *opaque, ChardevEvent event); /* peer came or went */
    void (*writable)(void *opaque);                  /* after a short write */
} ChardevUser;

extern const Kind chardev_kind;

/* `-chardev BACKEND,id=ID,...` */
Chardev *chardev_new(ConfigNode *node, GError **errp);
gboolean chardev_delete(const char *id, GError **errp);
Chardev *chardev_find(const char *id);
/* Fails when the chardev already has a user. */
gboolean chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                        GError **errp);
void chardev_detach(Chardev *chr);
/* Returns bytes taken (0..len) without blocking; none when no peer is connected. */
size_t chardev_write(Chardev *chr, const guint8 *buf, size_t len);
gboolean chardev_connected(const Chardev *chr);
void chardev_resume(Chardev *chr);
/* Takes a file descriptor that came with the last data (SCM_RIGHTS), or -1. */
int chardev_take_fd(Chardev *chr);
/* Socket: ends the current connection. */
void chardev_disconnect(Chardev *chr);
ConfigNode *chardev_query(void); /* QMP query-chardev */
void chardev_cleanup(void);

#endif
