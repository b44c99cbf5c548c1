/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RPC server. One I/O thread owns all sockets, frames and queues; workers run the
 * handlers. Order of use: new, listen..., start, ..., stop, free.
 */
#pragma once
#include <glib.h>

#include "rpc/client.h"

G_BEGIN_DECLS

typedef struct RpcCall RpcCall;

typedef enum RpcListenFlags {
    RPC_LISTEN_READ_ONLY = 1 << 0,
    /* Clients must authenticate first. No method is offered yet, so none gets in. */
    RPC_LISTEN_AUTH = 1 << 1,
} RpcListenFlags;

RpcServer *rpc_server_new(void);
void rpc_server_free(RpcServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcServer, rpc_server_free)

/* What the handlers of other layers work on; borrowed. Set before start. */
void rpc_server_set_driver(RpcServer *server, gpointer driver);
gpointer rpc_server_get_driver(RpcServer *server);

/*
 * Who gets the calls of the rows in forward.def: fn runs on a worker, after all checks;
 * the call is deferred (see call.h), and fn sees to it that it is finished. Set before
 * start.
 */
void rpc_server_set_forward(RpcServer *server, void (*fn)(RpcCall *call, gpointer opaque),
                            gpointer opaque);

/* That of the I/O thread, for sources that never block; it runs from start to stop. */
GMainContext *rpc_server_context(RpcServer *server);

/*
 * Listens on a UNIX socket: an old one in its place is removed (the caller holds the
 * daemon's lock, so it is stale), and the socket is removed by rpc_server_stop. gid: the
 * group that may connect, or -1 for the owner alone.
 */
gboolean rpc_server_listen_unix(RpcServer *server, const char *path, gid_t gid,
                                RpcListenFlags flags, GError **errp);

/*
 * Listens on TCP without authentication. address: [ADDRESS:]PORT with a literal
 * address; PORT alone is the loopback address.
 */
gboolean rpc_server_listen_tcp(RpcServer *server, const char *address, GError **errp);

/* Listens on a socket that someone else has bound (systemd); owns fd from here on. */
gboolean rpc_server_listen_fd(RpcServer *server, int fd, RpcListenFlags flags,
                              GError **errp);

/* Serves a connected socket, which the server owns from here on. After start. */
void rpc_server_add_client(RpcServer *server, int fd, RpcListenFlags flags);

/* Starts to serve. */
void rpc_server_start(RpcServer *server);

/*
 * Stops listening, ends all connections, runs their close hooks and waits for the
 * handlers, at most timeout_ms. FALSE: some are still running, and the server must not
 * be freed.
 */
gboolean rpc_server_stop(RpcServer *server, guint timeout_ms);

/* Clients connected now, for --timeout; any thread. */
guint rpc_server_n_clients(RpcServer *server);

/*
 * Runs fn(opaque) on a worker; with priority, on a reserved one if need be. drop(opaque)
 * instead, if the workers have stopped; NULL: opaque holds nothing.
 */
void rpc_server_run(RpcServer *server, gboolean priority, void (*fn)(gpointer opaque),
                    gpointer opaque, GDestroyNotify drop);

G_END_DECLS
