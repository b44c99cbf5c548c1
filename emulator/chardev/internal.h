/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between chardev.c, what is beside it, and the back ends.
 *
 * A back end opens descriptors; stream.c does all reading and writing on them. It
 * reads only while the front end has room, since a hang-up would otherwise spin. Those
 * without descriptors (mux, ringbuf) have calls of their own for that.
 */
#ifndef VIREO_CHARDEV_INTERNAL_H
#define VIREO_CHARDEV_INTERNAL_H

#include "chardev/chardev.h"
#include "event/loop.h"

#define CHARDEV_MAX_FDS 16

typedef struct ChardevLog ChardevLog;

typedef struct ChardevBackend {
    KindType type; /* its rows: of chr->options, which are read before check() */
    /* Comes into being in three steps, each may be NULL. Here: without the host. */
    gboolean (*check)(Chardev *chr, GError **errp);
    /* The host is asked: at start, or on a thread that has chr to itself. */
    gboolean (*prepare)(Chardev *chr, GError **errp);
    gboolean (*open)(Chardev *chr, GError **errp);
    /* The front end was attached: from now on the peer may come. NULL: nothing to do. */
    void (*start)(Chardev *chr);
    /* The peer is gone and its descriptors are no longer used. NULL: stay so. */
    void (*closed)(Chardev *chr);
    /*
     * The peer has hung up while the front end has no room for what it had sent: the next
     * peer may take its place. NULL: nobody else can come.
     */
    void (*hung_up)(Chardev *chr);
    /* Looks for a peer now, before a write finds none. NULL: nothing to look for. */
    void (*probe)(Chardev *chr);
    char *(*describe)(Chardev *chr); /* query-chardev's filename, owned; NULL: its name */
    void (*free)(Chardev *chr);      /* after any step; NULL: nothing is left */
    /* Instead of stream.c's, of one that is connected. */
    size_t (*write)(Chardev *chr, ChardevFront *front, const guint8 *buf, size_t len);
    void (*resume)(Chardev *chr, ChardevFront *front);
    /* With these it has many front ends, and chr->front is none of them. */
    gboolean (*attach)(Chardev *chr, ChardevFront *front, GError **errp);
    void (*detach)(Chardev *chr, ChardevFront *front);
    void (*tell)(Chardev *chr, ChardevEvent event);
    gboolean (*is_open)(const Chardev *chr); /* a front end is, as query-chardev has it */
    gboolean (*is_busy)(const Chardev *chr); /* has a front end */
    ChardevFront *(*below)(const Chardev *chr); /* its hold on what is below, or NULL */
    gboolean socket;                            /* descriptors may come along */
    gboolean discard;   /* takes everything and has no descriptor */
    gboolean eof_stays; /* end of input is not the end of output */
} ChardevBackend;

/* What -chardev has for all back ends. */
typedef struct ChardevCommon {
    char *id, *logfile;
    gboolean mux, logappend;
} ChardevCommon;

struct ChardevFront {
    Chardev *chr;
    const ChardevUser *user;
    void *opaque;
    gboolean open;  /* query-chardev's frontend-open */
    gboolean waits; /* to be told that it may write */
};

struct Chardev {
    const ChardevBackend *backend;
    ChardevCommon common;
    void *options, *data; /* the back end's */
    ChardevFront *front;  /* or NULL */
    gboolean late;        /* made after the start */
    gboolean retired;     /* goes while the VM lives: nobody waits for its files */
    ChardevLog *log;      /* or NULL */
    /* The connected peer; -1 where it does not read or write. */
    int in_fd, out_fd;
    gboolean connected;
    gboolean hang_up; /* chardev_disconnect(): end it whatever the room */
    EventHandler *in_handler, *out_handler;
    EventHandler *hup_handler; /* while the front end has no room */
    int fds[CHARDEV_MAX_FDS];
    guint n_fds;
};

extern const ChardevBackend chardev_stdio, chardev_pty, chardev_socket, chardev_file,
    chardev_null, chardev_pipe, chardev_mux, chardev_ringbuf;

/* To a front end. */
void chardev_tell_front(ChardevFront *front, ChardevEvent event);
size_t chardev_front_room(const ChardevFront *front); /* how much it can take */
void chardev_wake(ChardevFront *front);               /* if it waits; NULL: nobody */
/* To the only one, or to all. */
void chardev_tell(Chardev *chr, ChardevEvent event);

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

/*
 * A file to write, in the steps of a chardev: a descriptor of a set (fdset.h) in the
 * first, files in the second, where the first has found no other. FALSE: errno.
 */
gboolean chardev_file_check(const char *path, int flags, int *fd);
gboolean chardev_file_prepare(const char *path, int flags, int *fd);
/* Closes a file (-1: none), which a silent server may hold up. */
void chardev_file_close(const Chardev *chr, int fd, gboolean make_blocking);

/*
 * logfile=: what front ends have written, once the peer has taken it. A log that is late
 * to take it (a pipe of virtlogd's) holds up the front end, and loses nothing.
 */
gboolean log_check(Chardev *chr, GError **errp);
gboolean log_prepare(Chardev *chr, GError **errp);
void log_free(Chardev *chr);
/* How much may be written now; 0: the front end is woken. */
size_t log_room(Chardev *chr);
void log_add(Chardev *chr, const guint8 *buf, size_t len); /* no more than that */

/* The list: chardev.c */
Chardev *chardev_alloc(ConfigNode *node, GError **errp);
void chardev_free(gpointer chr);
void chardev_list(Chardev *chr);
/* In the place of old, which goes; its front end, if any, has chr. */
void chardev_replace(Chardev *old, Chardev *chr);
gboolean chardev_prepare(Chardev *chr, GError **errp);

#endif
