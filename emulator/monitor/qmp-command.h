/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands and events of QMP as rows. A file of commands has its rows beside its
 * handlers; commands.c lists the files.
 */
#ifndef VIREO_MONITOR_QMP_COMMAND_H
#define VIREO_MONITOR_QMP_COMMAND_H

#include "config/kind.h"
#include "monitor/qmp-type.h"
#include "monitor/qmp.h"

typedef struct QmpServer QmpServer;
/* What a client waits for: a command that has begun. */
typedef struct QmpReply QmpReply;

/*
 * args are checked against the row. Main loop, under the machine lock. run: returns
 * what goes into "return" (NULL without an error: an empty object), or NULL with an
 * error. start: begins, and qmp_reply_done() tells the end, now or later; what it keeps
 * of args it has referenced. Until then that monitor's further commands wait, others go
 * on: what was checked at the start may have changed at the end.
 */
typedef ConfigNode *(*QmpHandler)(ConfigNode *args, GError **errp);
typedef void (*QmpStart)(ConfigNode *args, QmpReply *reply);

typedef struct QmpCommand {
    const char *name;
    const char *help; /* a sentence for the manual, without its full stop */
    QmpHandler run; /* or: */
    QmpStart start;
    const QmpType *args;               /* an object; NULL: no arguments, or: */
    const Kind *kind;                  /* what makes one of it */
    const QmpType *ret;                /* NULL: an empty object */
    const char *const *features;       /* ends with NULL */
    gboolean to_guest; /* the guest is to hear of it: refused while the VM is not here */
    void (*prepare)(ConfigNode *args); /* a dialect's defaults, before checking */
} QmpCommand;

typedef struct QmpEvent {
    const char *name;
    const char *help; /* as above */
    const QmpType *data; /* NULL: none */
    guint per_second;    /* of one that a guest can make: see event-limit.h. 0: it cannot */
} QmpEvent;

/* Tables of rows that end with a NULL name; the list ends with NULL. */
extern const QmpCommand *const qmp_command_tables[];
extern const QmpEvent qmp_event_table[];

/* The type of its arguments, an object. */
const QmpType *qmp_command_args(const QmpCommand *command);
const QmpCommand *qmp_command_find(const char *name);
void qmp_command_foreach(void (*fn)(const QmpCommand *command, void *opaque),
                         void *opaque);

/* query-qmp-schema, from the rows. */
ConfigNode *qmp_schema(void);

/* An error of another class than GenericError. Returns NULL. */
ConfigNode *qmp_fail(GError **errp, QmpErrorClass klass, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* A string argument that the row requires, or NULL when it is optional and missing. */
const char *qmp_arg_string(ConfigNode *args, const char *name);

/*
 * Exactly once; ret (NULL: an empty object) or error, both consumed. Main loop, under
 * the machine lock. The client may have gone meanwhile: then nobody hears of it.
 */
void qmp_reply_done(QmpReply *reply, ConfigNode *ret, GError *error);
/*
 * The monitor, whose descriptors have names; for start() itself: later it may be gone.
 * NULL: a human's, which has none.
 */
QmpServer *qmp_reply_server(const QmpReply *reply);

/* Between whoever runs commands and reply.c: send() takes over the message. */
typedef void (*QmpSend)(void *opaque, ConfigNode *message);
QmpReply *qmp_reply_new(QmpServer *server, QmpSend send, void *opaque);
void qmp_reply_set_id(QmpReply *reply, ConfigNode *id); /* NULL: none */
/* The client has gone; the reply will come to its end all the same. */
void qmp_reply_forget(QmpReply *reply);

ChardevFront *qmp_server_chardev(QmpServer *server);
GHashTable *qmp_server_fds(QmpServer *server); /* see fds.h */

/*
 * One message of a client; the reply is done now or later. *negotiated is the client's
 * state, which qmp_capabilities changes.
 */
void qmp_dispatch(ConfigNode *message, gboolean *negotiated, QmpReply *reply);
/*
 * A command of the human monitor's: it is there, args (borrowed) are checked as far as
 * its row says more than that a kind has them; that may have been said by key=value.
 */
void qmp_run(const char *name, ConfigNode *args, QmpReply *reply);
/* The event as clients get it. */
ConfigNode *qmp_event_message(const char *name, ConfigNode *data);
char *qmp_greeting(void);

#endif
