/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of a client. Reference counted; the object outlives its socket for as
 * long as someone holds a reference. All functions here may be called from any thread.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct RpcClient RpcClient;
typedef struct RpcServer RpcServer;

RpcClient *rpc_client_ref(RpcClient *client);
void rpc_client_unref(RpcClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcClient, rpc_client_unref)

RpcServer *rpc_client_server(const RpcClient *client);

/* A number for logs, unique in the life of the daemon. */
guint64 rpc_client_id(const RpcClient *client);

gboolean rpc_client_is_read_only(RpcClient *client);

/* TRUE once the connection has ended. */
gboolean rpc_client_is_closed(RpcClient *client);

/* The peer's uid; FALSE for connections that have none (TCP). */
gboolean rpc_client_get_uid(const RpcClient *client, uid_t *uid);

/*
 * What must end with the connection (an autodestroyed VM, a migration after Begin, an
 * incoming VM after Prepare): fn(client, opaque) runs once on a worker when the
 * connection has ended, also when it already had ended before this call. A reserved
 * worker may run it, so it must not wait long.
 * Handlers of the same client may still be running then. Hooks run in the order of
 * their creation. destroy (may be NULL) is called on opaque after fn, or at the removal.
 * Returns an ID for the removal, never 0.
 */
typedef void (*RpcCloseHook)(RpcClient *client, gpointer opaque);
guint64 rpc_client_add_close_hook(RpcClient *client, RpcCloseHook fn, gpointer opaque,
                                  GDestroyNotify destroy);

/* TRUE: fn was not called and will not be. FALSE: it is running, or has run. */
gboolean rpc_client_remove_close_hook(RpcClient *client, guint64 id);

G_END_DECLS
