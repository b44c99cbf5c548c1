/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of an emulator's QMP socket.
 *
 * Workers call commands and block for the reply; one command is outstanding at a time,
 * further callers wait their turn. The socket is read on the thread of the GMainContext
 * given at creation, which also calls the event and closed callbacks, in the order of
 * the stream: what an event before a reply has changed is there when the call returns.
 * What the emulator sends is hostile input: lines are bounded, their depth limited.
 */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define QMP_LINE_MAX           (16u << 20) /* bytes of one message */
#define QMP_DEPTH_MAX          64
#define QMP_TIMEOUT_DEFAULT_MS 30000

#define QMP_ERROR qmp_error_quark()
GQuark qmp_error_quark(void);

typedef enum QmpErrorCode {
    /* What the emulator answered: its error classes. */
    QMP_ERROR_GENERIC,
    QMP_ERROR_COMMAND_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_ACTIVE,
    QMP_ERROR_DEVICE_NOT_FOUND,
    QMP_ERROR_KVM_MISSING_CAP,
    QMP_ERROR_MIGRATION_EXPECTED,
    /* No answer. */
    QMP_ERROR_CLOSED,   /* the connection has ended: so has the VM, maybe */
    QMP_ERROR_TIMEOUT,  /* an answer may still come; it is dropped */
    QMP_ERROR_PROTOCOL, /* not QMP; the connection is closed */
} QmpErrorCode;

typedef struct QmpClient QmpClient;

typedef struct QmpClientOps {
    /* data may be NULL, usec is the emulator's time; both only for the call. */
    void (*event)(const char *name, JsonObject *data, gint64 usec, gpointer opaque);
    /* The connection has ended, by whichever side; called once, last. */
    void (*closed)(gpointer opaque);
    /* A command that had timed out has been answered; may be NULL. */
    void (*late_reply)(gpointer opaque);
} QmpClientOps;

/*
 * A client on a connected socket, which it owns from here on. destroy (may be NULL) is
 * called on opaque when no callback can come any more.
 */
QmpClient *qmp_client_new(int fd, GMainContext *context, const QmpClientOps *ops,
                          gpointer opaque, GDestroyNotify destroy);
QmpClient *qmp_client_ref(QmpClient *client);
void qmp_client_unref(QmpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpClient, qmp_client_unref)

/* Ends the connection; calls in progress fail with QMP_ERROR_CLOSED. Any thread. */
void qmp_client_close(QmpClient *client);
gboolean qmp_client_is_closed(QmpClient *client);

/* Waits for the greeting and enters command mode. To be called once, before others. */
gboolean qmp_client_negotiate(QmpClient *client, guint timeout_ms, GError **errp);

/* From the greeting, after negotiation: "8.2.0", and the package; both borrowed. */
const char *qmp_client_version(QmpClient *client);
const char *qmp_client_package(QmpClient *client);

/*
 * Executes a command. args (may be NULL) is consumed. reply (may be NULL) gets what the
 * command returned, to be freed with json_node_unref. Not on the context's own thread.
 */
gboolean qmp_client_call(QmpClient *client, const char *command, JsonObject *args,
                         JsonNode **reply, GError **errp);

/* The same with a descriptor to pass along (-1: none; it stays the caller's), and a
 * time limit for the whole. */
gboolean qmp_client_call_full(QmpClient *client, const char *command, JsonObject *args,
                              int fd, guint timeout_ms, JsonNode **reply, GError **errp);

/*
 * Sends a whole message of somebody else's (borrowed), of which only the ID is changed;
 * *reply gets the whole answer, an error too, with the message's own ID if it has one. To
 * be freed with json_object_unref.
 */
gboolean qmp_client_call_raw(QmpClient *client, JsonObject *message, guint timeout_ms,
                             JsonObject **reply, GError **errp);

/*
 * A question that does not wait, so that many emulators can be asked side by side; args
 * (may be NULL) is consumed. FALSE (nothing has been sent) while another call is in
 * progress, when the last one has never been answered, or the connection has ended. After
 * TRUE the answer must be fetched: until then other calls wait.
 */
gboolean qmp_client_ask(QmpClient *client, const char *command, JsonObject *args);
/* deadline: monotonic, us. */
gboolean qmp_client_answer(QmpClient *client, const char *command, gint64 deadline,
                           JsonNode **reply, GError **errp);
/* Whether it owes an answer that somebody has waited for in vain. */
gboolean qmp_client_is_silent(QmpClient *client);

G_END_DECLS
