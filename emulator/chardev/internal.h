/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between chardev.c, stream.c and the back ends.
 *
 * A back end opens descriptors; stream.c does all reading and writing on them. It
 * reads only while the front end has room, since a hang-up would otherwise spin.
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

struct ChardevFront {
    Chardev *chr;
    const ChardevUser *user;
    void *opaque;
    gboolean open; /* query-chardev's frontend-open */
};

struct Chardev {
    const ChardevBackend *backend;
    char *id;
    void *options, *data; /* the back end's */
    ChardevFront *front;  /* or NULL */
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

/* To the front end. */
void chardev_tell(Chardev *chr, ChardevEvent event);
size_t chardev_room(const Chardev *chr); /* how much it can take */

/* As chardev_write() and so on; of one that is connected. */
size_t stream_write(Chardev *chr, const guint8 *buf, size_t len);
void stream_resume(Chardev *chr);
int stream_take_fd(Chardev *chr);
void stream_disconnect(Chardev *chr);
void stream_stop(Chardev *chr);  /* no front end: no handler */
void stream_clear(Chardev *chr); /* nor what has come and was not asked for */

/* The peer is there: descriptors are non-blocking and stay the back end's. */
void chardev_peer_opened(Chardev *chr, int in_fd, int out_fd);
/* The peer is gone: handlers off, event, then the back end's closed(). */
void chardev_peer_closed(Chardev *chr);

#endif
