/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest agent for tests: it listens on a socket, answers guest-sync-delimited as the
 * real one does, and other commands as the test says. Its own thread serves one
 * connection after the other.
 */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

typedef struct AgentFake AgentFake;

/*
 * What the agent does with a line from its client (NUL-terminated, 0xFF before it cut
 * off); on its thread. FALSE: it ends the connection.
 */
typedef gboolean AgentFakeFn(AgentFake *fake, const char *line, gpointer opaque);

AgentFake *agent_fake_new(AgentFakeFn *fn, gpointer opaque);
void agent_fake_free(AgentFake *fake);
const char *agent_fake_path(const AgentFake *fake);

/* The lines that it has got so far, of all connections; and how often it was connected
 * to.
 */
guint agent_fake_lines(AgentFake *fake);
guint agent_fake_connections(AgentFake *fake);
/* Waits for that many lines; fails the test after 10 seconds. */
void agent_fake_wait_lines(AgentFake *fake, guint n);

/* For its function: writes text, of any length; FALSE when nobody reads it any more. */
gboolean agent_fake_say(AgentFake *fake, const char *text, gsize len);
/* The answer to a guest-sync-delimited, with delta added to its ID; FALSE: it is another
 * command. */
gboolean agent_fake_sync(AgentFake *fake, const char *line, gint64 delta);
