/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of the QEMU guest agent, over the socket of its channel.
 *
 * A call is made by the worker that wants it, start to end: connect if need be,
 * synchronise with an ID of its own, send the command, read the answer. Between calls
 * nothing is read: what a guest says unasked waits in the socket until the emulator holds
 * it back, and is thrown away by the next call's synchronisation, as is a late answer. So
 * a guest costs memory only while it answers, and then a bounded amount; and it blocks
 * nobody but who has asked it. One call at a time; few others wait for their turn.
 */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define AGENT_REPLY_MAX   (10u << 20)  /* bytes of one answer, as in libvirt */
#define AGENT_VALUES_MAX  (256u << 10) /* JSON values in it: each takes memory */
#define AGENT_DEPTH_MAX   64
#define AGENT_DISCARD_MAX (16u << 20) /* bytes that synchronisation throws away */
#define AGENT_IGNORED_MAX 1000        /* lines before an answer that are none */
#define AGENT_SYNC_S      5
#define AGENT_SHUTDOWN_S  60
#define AGENT_WAITERS     8
#define AGENT_TURN_S      30

typedef struct AgentClient AgentClient;

/* What the VM's monitor tells of; bits. */
typedef enum AgentEvent {
    AGENT_EVENT_SHUTDOWN = 1 << 0,
    AGENT_EVENT_RESET = 1 << 1,
    AGENT_EVENT_GONE = 1 << 2, /* the guest has closed the port */
} AgentEvent;

typedef struct AgentRequest {
    const char *path;      /* of the channel's socket */
    const char *text;      /* the command, JSON on one line */
    const char *name;      /* of the command, for errors */
    int sync_seconds;      /* for the synchronisation; negative: AGENT_SYNC_S */
    int seconds;           /* for the answer; VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_*, too */
    AgentEvent instead;    /* what stands for an answer, which then is NULL, or 0 */
    const gint *cancelled; /* atomic: nobody wants the answer any more; or NULL */
} AgentRequest;

AgentClient *agent_client_new(void);
AgentClient *agent_client_ref(AgentClient *client);
void agent_client_unref(AgentClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentClient, agent_client_unref)

/*
 * Makes a call, on a worker, without locks held. *reply gets the whole answer, which is
 * not an error, to be freed with json_object_unref. Errors are RPC_ERROR: that of libvirt
 * for the agent, or OPERATION_UNSUPPORTED for a command that it does not know.
 */
gboolean agent_client_call(AgentClient *client, const AgentRequest *request,
                           JsonObject **reply, GError **errp);

/* Tells the call in progress, if there is one. Any thread, never waits. */
void agent_client_notify(AgentClient *client, AgentEvent event);
/* Makes it look at its "cancelled". */
void agent_client_wake(AgentClient *client);

/* How many calls wait for their turn: for tests. */
guint agent_client_waiting(AgentClient *client);

/*
 * Takes a command as a client has written it apart: NULL with VIR_ERR_INTERNAL_ERROR if
 * it is no JSON object. *name gets what it executes. Both are to be freed.
 */
char *agent_command_check(const char *text, char **name, GError **errp);
/* A command; args (may be NULL) is consumed. To be freed. */
char *agent_command_new(const char *name, JsonObject *args);

/* An answer from a line of text: for agent_client_call and tests. */
JsonObject *agent_reply_parse(const char *text, gsize len, GError **errp);

G_END_DECLS
