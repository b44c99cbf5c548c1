/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon with one of libvirt's drivers that does as it is told, for tests. */
#pragma once
#include <glib.h>

/* What the daemon does on a call that is none of those that open the connection. */
typedef enum Conduct {
    ECHO,         /* answers with what was sent */
    REFUSE,       /* the same, as an error */
    REVERSE,      /* keeps the first call until it has answered the second */
    EVENTS,       /* answers, and sends events, of which one is another driver's */
    SLOW,         /* answers when it has been pinged seven times */
    SILENT,       /* does not answer, nor pings */
    WRONG_SERIAL, /* what follows ends the connection */
    WRONG_PROCEDURE,
    WRONG_STATUS,
    WRONG_PROGRAM,
    WRONG_TYPE,
    TOO_LONG,
    TOO_SHORT,
    HALF,
    CLOSE,
    N_CONDUCTS,
    DEAF = N_CONDUCTS, /* silent while it is being opened */
    STRANGE,           /* wants another authentication */
} Conduct;

typedef struct Daemon {
    char *dir, *path;
    int listener;
    int conduct;   /* atomic; a Conduct */
    int keepalive; /* atomic; whether it is offered */
    GThread *thread;
    GMutex lock; /* of what follows */
    GCond changed;
    GPtrArray *serving; /* GThreads */
    guint connections, ended, calls, pings, closes;
    char *uri;
    guint32 flags; /* of CONNECT_OPEN */
    guint32 last;  /* procedure */
} Daemon;

/* Listens at daemon->path, on threads of its own. */
void daemon_start(Daemon *daemon);
/* Waits until all connections have ended. */
void daemon_stop(Daemon *daemon);

/* Until it has had so many calls, or so many connections have ended. */
void wait_for_calls(Daemon *daemon, guint n);
void wait_for_ends(Daemon *daemon, guint n);
