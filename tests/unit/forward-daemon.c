/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward-daemon.h"

#include <sys/socket.h>
#include <unistd.h>

#include "forward-frame.h"
#include "process/listen.h"
#include "rpc/message.h"
#include "rpc/protocol.h"

typedef struct Link {
    Daemon *daemon;
    int fd;
    GByteArray *kept;
    guint pings;
} Link;

/* ---- the daemon ---- */

static Conduct conduct_of(const Link *link)
{
    return (Conduct)g_atomic_int_get(&link->daemon->conduct);
}

/* The other end may have gone. */
static void put(int fd, const RpcHeader *header, const void *payload, gsize len)
{
    g_autoptr(GByteArray) frame = rpc_frame_new(header);

    if (len > 0) {
        g_byte_array_append(frame, payload, len);
    }
    g_assert_true(rpc_frame_finish(frame, NULL));
    if (send(fd, frame->data, frame->len, MSG_NOSIGNAL) < 0) {
        g_debug("the client has gone");
    }
}

static void put_value(int fd, const RpcHeader *header, const XdrType *type,
                      const void *value)
{
    g_autoptr(GByteArray) frame = rpc_frame_encode(header, type, value, NULL);

    g_assert_nonnull(frame);
    put(fd, header, frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN);
}

static void note_open(Daemon *daemon, const GByteArray *frame)
{
    RemoteConnectOpenArgs args = { 0 };

    g_assert_true(xdr_decode(&remote_connect_open_args_xdr, frame->data + RPC_FRAME_MIN,
                             frame->len - RPC_FRAME_MIN, &args, NULL));
    g_mutex_lock(&daemon->lock);
    g_free(daemon->uri);
    daemon->uri = args.name;
    daemon->flags = args.flags;
    g_mutex_unlock(&daemon->lock);
}

/* TRUE: it was a call that opens or ends the connection. */
static gboolean serve_opening(Link *link, const GByteArray *frame, RpcHeader h)
{
    Daemon *daemon = link->daemon;
    gint32 types[] = { conduct_of(link) == STRANGE ? 1 : 0 };
    RemoteAuthListRet list = { 1, types };
    RemoteConnectSupportsFeatureRet feature = { g_atomic_int_get(&daemon->keepalive) };

    h.type = RPC_TYPE_REPLY;
    switch (h.procedure) {
    case REMOTE_PROC_AUTH_LIST:
        put_value(link->fd, &h, &remote_auth_list_ret_xdr, &list);
        return TRUE;
    case REMOTE_PROC_CONNECT_OPEN:
        note_open(daemon, frame);
        put(link->fd, &h, NULL, 0);
        return TRUE;
    case REMOTE_PROC_CONNECT_SUPPORTS_FEATURE:
        put_value(link->fd, &h, &remote_connect_supports_feature_ret_xdr, &feature);
        return TRUE;
    case REMOTE_PROC_CONNECT_CLOSE:
        g_mutex_lock(&daemon->lock);
        daemon->closes++;
        g_mutex_unlock(&daemon->lock);
        return TRUE;
    default:
        return FALSE;
    }
}

/* The reply to the call in frame, which may be wrong in one of many ways. */
static void reply(Link *link, const GByteArray *frame)
{
    Conduct conduct = conduct_of(link);
    RpcHeader h = rpc_frame_header(frame);

    h.type = conduct == WRONG_TYPE ? RPC_TYPE_STREAM : RPC_TYPE_REPLY;
    h.status = conduct == REFUSE         ? RPC_STATUS_ERROR
               : conduct == WRONG_STATUS ? RPC_STATUS_CONTINUE
                                         : RPC_STATUS_OK;
    h.serial += conduct == WRONG_SERIAL ? 7 : 0;
    h.procedure += conduct == WRONG_PROCEDURE ? 1 : 0;
    h.program += conduct == WRONG_PROGRAM ? 1 : 0;
    put(link->fd, &h, frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN);
}

static void send_events(Link *link)
{
    static const guint32 numbers[] = { 370, 315, 373 };

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        RpcHeader h = { RPC_PROGRAM_REMOTE, 1, numbers[i],
                        RPC_TYPE_MESSAGE,   1, RPC_STATUS_OK };

        put(link->fd, &h, "\0\0\0\7", 4);
    }
}

/* FALSE: the connection ends. */
static gboolean serve_call(Link *link, GByteArray *frame)
{
    static const guint8 lengths[][8] = { { 0x7f, 0xff, 0xff, 0xff }, { 0, 0, 0, 27 } };

    switch (conduct_of(link)) {
    case SLOW:
        link->kept = g_byte_array_ref(frame);
        return TRUE;
    case SILENT:
        return TRUE;
    case REVERSE:
        if (!link->kept) {
            link->kept = g_byte_array_ref(frame);
            return TRUE;
        }
        reply(link, frame);
        reply(link, link->kept);
        return TRUE;
    case TOO_LONG:
    case TOO_SHORT:
        send(link->fd, lengths[conduct_of(link) == TOO_SHORT], 8, MSG_NOSIGNAL);
        return TRUE;
    case HALF:
        send(link->fd, frame->data, frame->len / 2, MSG_NOSIGNAL);
        return FALSE;
    case CLOSE:
        return FALSE;
    default:
        reply(link, frame);
        if (conduct_of(link) == EVENTS) {
            send_events(link);
        }
        return TRUE;
    }
}

static void serve_keepalive(Link *link, RpcHeader h)
{
    Daemon *daemon = link->daemon;

    g_assert_cmpuint(h.procedure, ==, RPC_KEEPALIVE_PING);
    g_mutex_lock(&daemon->lock);
    daemon->pings++;
    g_mutex_unlock(&daemon->lock);
    if (conduct_of(link) == SILENT) {
        return;
    }
    h.procedure = RPC_KEEPALIVE_PONG;
    put(link->fd, &h, NULL, 0);
    if (++link->pings == 7 && link->kept) {
        reply(link, link->kept);
    }
}

static gboolean serve_frame(Link *link, GByteArray *frame)
{
    Daemon *daemon = link->daemon;
    RpcHeader h = rpc_frame_header(frame);

    if (h.program == RPC_PROGRAM_KEEPALIVE) {
        serve_keepalive(link, h);
        return TRUE;
    }
    if (conduct_of(link) == DEAF || serve_opening(link, frame, h)) {
        return TRUE;
    }
    g_mutex_lock(&daemon->lock);
    daemon->calls++;
    daemon->last = h.procedure;
    g_cond_broadcast(&daemon->changed);
    g_mutex_unlock(&daemon->lock);
    return serve_call(link, frame);
}

static gpointer serve(gpointer opaque)
{
    Link *link = opaque;
    GByteArray *frame;
    gboolean go_on = TRUE;

    while (go_on && (frame = forward_next_frame(link->fd))) {
        go_on = serve_frame(link, frame);
        g_byte_array_unref(frame);
    }
    close(link->fd);
    g_clear_pointer(&link->kept, g_byte_array_unref);
    g_mutex_lock(&link->daemon->lock);
    link->daemon->ended++;
    g_cond_broadcast(&link->daemon->changed);
    g_mutex_unlock(&link->daemon->lock);
    g_free(link);
    return NULL;
}

static gpointer accept_all(gpointer opaque)
{
    Daemon *daemon = opaque;
    int fd;

    while ((fd = accept(daemon->listener, NULL, NULL)) >= 0) {
        Link *link = g_new0(Link, 1);

        link->daemon = daemon;
        link->fd = fd;
        g_mutex_lock(&daemon->lock);
        daemon->connections++;
        g_ptr_array_add(daemon->serving, g_thread_new("serve", serve, link));
        g_mutex_unlock(&daemon->lock);
    }
    return NULL;
}

void daemon_start(Daemon *daemon)
{
    g_autoptr(GError) error = NULL;

    daemon->listener = process_listen_unix(daemon->path, &error);
    g_assert_no_error(error);
    daemon->thread = g_thread_new("accept", accept_all, daemon);
}

void daemon_stop(Daemon *daemon)
{
    shutdown(daemon->listener, SHUT_RDWR);
    g_thread_join(daemon->thread);
    close(daemon->listener);
    for (guint i = 0; i < daemon->serving->len; i++) {
        g_thread_join(daemon->serving->pdata[i]);
    }
    g_ptr_array_set_size(daemon->serving, 0);
}

void wait_for_calls(Daemon *daemon, guint n)
{
    g_mutex_lock(&daemon->lock);
    while (daemon->calls < n) {
        g_cond_wait(&daemon->changed, &daemon->lock);
    }
    g_mutex_unlock(&daemon->lock);
}

void wait_for_ends(Daemon *daemon, guint n)
{
    g_mutex_lock(&daemon->lock);
    while (daemon->ended < n) {
        g_cond_wait(&daemon->changed, &daemon->lock);
    }
    g_mutex_unlock(&daemon->lock);
}
