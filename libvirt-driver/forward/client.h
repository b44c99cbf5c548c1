/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to libvirt's other daemons, over their UNIX sockets and the protocol that our own
 * clients speak to us. One connection has one call at a time and belongs to one thread;
 * each call waits for its reply, or for the end of its time.
 */
#pragma once
#include <glib.h>

#include "rpc/protocol.h"

G_BEGIN_DECLS

typedef struct ForwardClient ForwardClient;

/*
 * The socket of the daemon that has a driver ("network"), in dir: the driver's own, or if
 * there is none, that of the daemon that has all drivers. The caller's.
 */
char *forward_socket(const char *dir, const char *driver);

/*
 * Connects to the daemon of a driver. timeout_ms is the limit of this as a whole and of
 * each call. read_only: the daemon shall refuse what writes. SYSTEM_ERROR naming the
 * socket; OPERATION_TIMEOUT; or what the daemon says against it.
 */
ForwardClient *forward_client_open(const char *dir, const char *driver,
                                   gboolean read_only, guint timeout_ms, GError **errp);
void forward_client_free(ForwardClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardClient, forward_client_free)

/*
 * One call: args and ret are the structures of the procedure's row in protocol.def, or
 * NULL where it has none; ret is cleared with forward_clear() after success. An error of
 * the daemon is passed on as it is; after any other the connection is of no more use, and
 * calls fail.
 */
gboolean forward_call(ForwardClient *client, RemoteProcedure procedure, const void *args,
                      void *ret, GError **errp);
void forward_clear(RemoteProcedure procedure, void *ret);

/*
 * Between two calls: the socket, which is the caller's from here on; *serial gets that of
 * the last call. The client is good for forward_client_free() alone.
 */
int forward_client_steal_fd(ForwardClient *client, guint32 *serial);

G_END_DECLS
