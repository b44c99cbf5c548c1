/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's end of a connection to a server in the same process, for tests. */
#pragma once
#include "rpc/internal.h"

typedef struct Peer {
    int fd;
    guint32 serial; /* of the last call */
    RpcReader reader;
    GQueue frames; /* read while waiting for others */
} Peer;

/*
 * A server that knows some procedures more, sorted by number and above those of the
 * protocol. Start it with rpc_server_start.
 */
RpcServer *peer_server_new(const RpcProc *extra, guint n_extra);
void peer_server_free(RpcServer *server);

/* Connects; peer_free closes. */
Peer *peer_new(RpcServer *server, RpcListenFlags flags);
void peer_free(Peer *peer);

/* Sends bytes as they are. */
void peer_write(Peer *peer, const void *data, gsize len);
void peer_send(Peer *peer, const RpcHeader *header, const void *payload, gsize len);

/* Sends a call of the remote program; returns its serial. */
guint32 peer_call(Peer *peer, guint32 procedure, const XdrType *type, const void *args);

/*
 * The next frame of this type and serial; others stay for later. Fails the test after
 * ten seconds. NULL when the server has closed the connection.
 */
GByteArray *peer_wait(Peer *peer, RpcType type, guint32 serial, RpcHeader *header);

/* The reply to a call, decoded into *ret (may be NULL); fails the test if it is an error.
 */
void peer_reply(Peer *peer, guint32 serial, const XdrType *type, void *ret);

/* The code of the error that answers a call. */
int peer_error(Peer *peer, guint32 serial);

/* A call and its reply, or its error. */
void peer_do(Peer *peer, guint32 procedure, const XdrType *args_type, const void *args,
             const XdrType *ret_type, void *ret);
int peer_fail(Peer *peer, guint32 procedure, const XdrType *args_type, const void *args);

/* CONNECT_OPEN of the default URI. */
void peer_open(Peer *peer, guint32 flags);

/* Waits until the server has closed the connection. */
void peer_wait_closed(Peer *peer);

/* A stream frame for the call with this serial. */
void peer_stream(Peer *peer, guint32 procedure, guint32 serial, RpcStatus status,
                 const void *data, gsize len);
