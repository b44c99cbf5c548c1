/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands and events of QMP as rows. A file of commands has its rows beside its
 * handlers; commands.c lists the files.
 */
#ifndef VIREO_MONITOR_QMP_COMMAND_H
#define VIREO_MONITOR_QMP_COMMAND_H

#include "config/node.h"
#include "monitor/qmp-type.h"
#include "monitor/qmp.h"

/*
 * args are checked against the row. Returns what goes into "return" (NULL without
 * an error: an empty object), or NULL with an error. Main loop, under the machine
 * lock.
 */
typedef ConfigNode *(*QmpHandler)(ConfigNode *args, GError **errp);

typedef struct QmpCommand {
    const char *name;
    QmpHandler run;
    const QmpType *args;               /* an object; NULL: no arguments */
    const QmpType *ret;                /* NULL: an empty object */
    const char *const *features;       /* ends with NULL */
    void (*prepare)(ConfigNode *args); /* a dialect's defaults, before checking */
} QmpCommand;

typedef struct QmpEvent {
    const char *name;
    const QmpType *data; /* NULL: none */
} QmpEvent;

/* Tables of rows that end with a NULL name; the list ends with NULL. */
extern const QmpCommand *const qmp_command_tables[];
extern const QmpEvent qmp_event_table[];

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

/* The monitor whose command is running. */
typedef struct QmpServer QmpServer;
QmpServer *qmp_current_server(void);
Chardev *qmp_server_chardev(QmpServer *server);
/* getfd: takes over fd, even when it fails; replaces one of the same name. */
gboolean qmp_server_add_fd(QmpServer *server, const char *name, int fd, GError **errp);
gboolean qmp_server_close_fd(QmpServer *server, const char *name);

/*
 * One message of a client: a reply to send, or NULL. *negotiated is the client's
 * state, which qmp_capabilities changes.
 */
ConfigNode *qmp_dispatch(ConfigNode *message, gboolean *negotiated);
/* The reply that only says error. id may be NULL. */
ConfigNode *qmp_error_reply(const GError *error, ConfigNode *id);
/* The event as clients get it. */
ConfigNode *qmp_event_message(const char *name, ConfigNode *data);
char *qmp_greeting(void);

#endif
