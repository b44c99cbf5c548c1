/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of a guest agent out of a stream of bytes, all of which a guest can choose. */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define AGENT_SYNC_LINE_MAX 256

/* Looks for the answer to guest-sync-delimited. */
typedef struct AgentSync {
    guint32 id;
    gboolean in_line; /* a byte 0xFF has come, and not too much behind it */
    guint len;
    char line[AGENT_SYNC_LINE_MAX];
} AgentSync;

/* TRUE: the answer is there; what has come before it counts for nothing. */
gboolean agent_sync_feed(AgentSync *sync, const guint8 *data, gsize len);

/*
 * Takes whole lines out of buffer until one is an answer; *reply is NULL when none is
 * there. *ignored counts lines that are not. FALSE with an error (RPC_ERROR) when what
 * comes is no answer of an agent, or too much.
 */
gboolean agent_frame_reply(GByteArray *buffer, guint *ignored, JsonObject **reply,
                           GError **errp);

G_END_DECLS
