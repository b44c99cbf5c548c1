/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc-peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/protocol.h"

enum { PATIENCE_MS = 10000 };

RpcServer *peer_server_new(const RpcProc *extra, guint n_extra)
{
    RpcServer *server = rpc_server_new();
    RpcProc *table = g_new(RpcProc, REMOTE_N_PROCS + n_extra);

    memcpy(table, remote_procs, sizeof(remote_procs));
    if (n_extra)
        memcpy(table + REMOTE_N_PROCS, extra, n_extra * sizeof(*extra));
    server->procs = table;
    server->n_procs = REMOTE_N_PROCS + n_extra;
    return server;
}

void peer_server_free(RpcServer *server)
{
    g_assert_true(rpc_server_stop(server, PATIENCE_MS));
    g_free((void *)server->procs);
    rpc_server_free(server);
}

Peer *peer_new(RpcServer *server, RpcListenFlags flags)
{
    Peer *peer = g_new0(Peer, 1);
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    peer->fd = fds[0];
    rpc_server_add_client(server, fds[1], flags);
    return peer;
}

void peer_free(Peer *peer)
{
    close(peer->fd);
    rpc_reader_clear(&peer->reader);
    g_queue_clear_full(&peer->frames, (GDestroyNotify)g_byte_array_unref);
    g_free(peer);
}

void peer_write(Peer *peer, const void *data, gsize len)
{
    const guint8 *p = data;

    while (len) {
        ssize_t n = send(peer->fd, p, len, MSG_NOSIGNAL);

        g_assert_cmpint(n, >, 0);
        p += n;
        len -= n;
    }
}

void peer_send(Peer *peer, const RpcHeader *header, const void *payload, gsize len)
{
    g_autoptr(GByteArray) frame = rpc_frame_new(header);

    if (len)
        g_byte_array_append(frame, payload, len);
    g_assert_true(rpc_frame_finish(frame, NULL));
    peer_write(peer, frame->data, frame->len);
}

guint32 peer_call(Peer *peer, guint32 procedure, const XdrType *type, const void *args)
{
    RpcHeader header = { RPC_PROGRAM_REMOTE, 1, procedure, RPC_TYPE_CALL, ++peer->serial,
                         RPC_STATUS_OK };
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) frame = rpc_frame_encode(&header, type, args, &error);

    g_assert_no_error(error);
    peer_write(peer, frame->data, frame->len);
    return peer->serial;
}

/* The next frame, or NULL at the end of the connection. */
static GByteArray *read_frame(Peer *peer)
{
    for (;;) {
        struct pollfd poll_fd = { peer->fd, POLLIN, 0 };
        GByteArray *frame;
        gsize room;
        guint8 *to = rpc_reader_want(&peer->reader, &room);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(poll(&poll_fd, 1, PATIENCE_MS), ==, 1);
        ssize_t n = recv(peer->fd, to, room, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return NULL;
        g_assert_cmpint(n, >, 0);
        rpc_reader_got(&peer->reader, n, &frame, &error);
        g_assert_no_error(error);
        if (frame)
            return frame;
    }
}

static gboolean matches(const GByteArray *frame, RpcType type, guint32 serial,
                        RpcHeader *header)
{
    *header = rpc_frame_header(frame);
    return header->type == type && header->serial == serial;
}

GByteArray *peer_wait(Peer *peer, RpcType type, guint32 serial, RpcHeader *header)
{
    GByteArray *frame;

    for (GList *l = peer->frames.head; l; l = l->next) {
        frame = l->data;
        if (matches(frame, type, serial, header)) {
            g_queue_delete_link(&peer->frames, l);
            return frame;
        }
    }
    while ((frame = read_frame(peer))) {
        if (matches(frame, type, serial, header))
            return frame;
        g_queue_push_tail(&peer->frames, frame);
    }
    return NULL;
}

static void decode_frame(const GByteArray *frame, const XdrType *type, void *value)
{
    g_autoptr(GError) error = NULL;

    if (!type) {
        g_assert_cmpuint(frame->len, ==, RPC_FRAME_MIN);
        return;
    }
    xdr_decode(type, frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN, value,
               &error);
    g_assert_no_error(error);
}

void peer_reply(Peer *peer, guint32 serial, const XdrType *type, void *ret)
{
    RpcHeader h;
    g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_REPLY, serial, &h);

    g_assert_nonnull(frame);
    if (h.status == RPC_STATUS_ERROR) {
        RemoteError error;

        decode_frame(frame, &remote_error_xdr, &error);
        g_error("procedure %u failed: %s", h.procedure, error.message);
    }
    decode_frame(frame, type, ret);
}

int peer_error(Peer *peer, guint32 serial)
{
    RpcHeader h;
    RemoteError error;
    g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_REPLY, serial, &h);

    g_assert_nonnull(frame);
    g_assert_cmpuint(h.status, ==, RPC_STATUS_ERROR);
    decode_frame(frame, &remote_error_xdr, &error);
    int code = error.code;
    g_assert_cmpint(error.domain, ==, code == VIR_ERR_RPC ? VIR_FROM_RPC : VIR_FROM_QEMU);
    xdr_clear(&remote_error_xdr, &error);
    return code;
}

void peer_do(Peer *peer, guint32 procedure, const XdrType *args_type, const void *args,
             const XdrType *ret_type, void *ret)
{
    peer_reply(peer, peer_call(peer, procedure, args_type, args), ret_type, ret);
}

int peer_fail(Peer *peer, guint32 procedure, const XdrType *args_type, const void *args)
{
    return peer_error(peer, peer_call(peer, procedure, args_type, args));
}

void peer_open(Peer *peer, guint32 flags)
{
    RemoteConnectOpenArgs args = { NULL, flags };

    peer_do(peer, REMOTE_PROC_CONNECT_OPEN, &remote_connect_open_args_xdr, &args, NULL,
            NULL);
}

void peer_wait_closed(Peer *peer)
{
    GByteArray *frame;

    while ((frame = read_frame(peer)))
        g_byte_array_unref(frame);
}

void peer_stream(Peer *peer, guint32 procedure, guint32 serial, RpcStatus status,
                 const void *data, gsize len)
{
    RpcHeader header = {
        RPC_PROGRAM_REMOTE, 1, procedure, RPC_TYPE_STREAM, serial, status
    };

    peer_send(peer, &header, data, len);
}
