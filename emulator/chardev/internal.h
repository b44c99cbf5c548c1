/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between chardev.c and the back ends.
 *
 * A back end opens descriptors; chardev.c does all reading and writing on them. It
 * reads only while the user has room, since a hang-up would otherwise spin.
 */
#ifndef VIREO_CHARDEV_INTERNAL_H
#define VIREO_CHARDEV_INTERNAL_H

#include "chardev/chardev.h"
#include "event/loop.h"

#define CHARDEV_MAX_FDS 16

typedef struct ChardevBackend {
    KindType type; /* its rows: of chr->options, which are read before open() */
    /* Creates chr->data. */
    gboolean (*open)(Chardev *chr, GError **errp);
    /* The user was attached: from now on the peer may come. NULL: nothing to do. */
    void (*start)(Chardev *chr);
    /* The peer is gone and its descriptors are no longer used. NULL: stay so. */
    void (*closed)(Chardev *chr);
    /*
     * The peer has hung up while the user has no room for what it had sent: the next peer
     * may take its place. NULL: nobody else can come.
     */
    void (*hung_up)(Chardev *chr);
    /* Looks for a peer now, before a write finds none. NULL: nothing to look for. */
    void (*probe)(Chardev *chr);
    char *(*describe)(Chardev *chr); /* query-chardev's filename, owned */
    void (*free)(Chardev *chr);
    gboolean socket;    /* descriptors may come along */
    gboolean discard;   /* takes everything and has no descriptor */
    gboolean eof_stays; /* end of input is not the end of output */
} ChardevBackend;

struct Chardev {
    const ChardevBackend *backend;
    char *id;
    void *options, *data; /* the back end's */
    const ChardevUser *user;
    void *opaque;
    /* The connected peer; -1 where it does not read or write. */
    int in_fd, out_fd;
    gboolean connected;
    gboolean hang_up; /* chardev_disconnect(): end it whatever the user's room */
    EventHandler *in_handler, *out_handler;
    EventHandler *hup_handler; /* while the user has no room */
    int fds[CHARDEV_MAX_FDS];
    guint n_fds;
};

extern const ChardevBackend chardev_stdio, chardev_pty, chardev_socket, chardev_file,
    chardev_null;

/* The peer is there: descriptors are non-blocking and stay the back end's. */
void chardev_peer_opened(Chardev *chr, int in_fd, int out_fd);
/* The peer is gone: handlers off, event, then the back end's closed(). */
void chardev_peer_closed(Chardev *chr);

#endif
