/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O thread's side of a client: reading, routing, writing, keepalive. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/internal.h"

enum {
    READS_PER_TURN = 32, /* then other clients get a turn */
};

typedef struct ClientSource {
    GSource source;
    RpcClient *client; /* a reference */
} ClientSource;

/* Whether more frames can be taken; with client->lock held. */
static gboolean can_read(const RpcClient *client)
{
    return !client->close_when_sent &&
           client->held[FALSE].length + client->held[TRUE].length < RPC_MAX_HELD &&
           client->held_bytes < RPC_MAX_HELD_BYTES;
}

/* The queue whose first call can begin, or NULL; with client->lock held. */
static GQueue *can_begin(RpcClient *client)
{
    if (client->in_flight >= RPC_MAX_IN_FLIGHT)
        return NULL;
    if (client->held[TRUE].length)
        return &client->held[TRUE];
    return client->held[FALSE].length && client->busy < RPC_MAX_BUSY
               ? &client->held[FALSE]
               : NULL;
}

/* ---- ending ---- */

void rpc_io_close(RpcClient *client, const char *reason)
{
    g_mutex_lock(&client->lock);
    if (client->closed) {
        g_mutex_unlock(&client->lock);
        return;
    }
    client->closed = TRUE;
    GQueue held[2] = { client->held[FALSE], client->held[TRUE] }, out = client->out;
    g_queue_init(&client->held[FALSE]);
    g_queue_init(&client->held[TRUE]);
    g_queue_init(&client->out);
    g_cond_broadcast(&client->room);
    g_mutex_unlock(&client->lock);

    g_debug("client %" G_GUINT64_FORMAT " ends: %s", client->id, reason);
    g_queue_clear_full(&held[FALSE], (GDestroyNotify)rpc_call_free);
    g_queue_clear_full(&held[TRUE], (GDestroyNotify)rpc_call_free);
    g_queue_clear_full(&out, (GDestroyNotify)rpc_out_free);
    close(client->fd);
    client->fd = -1;
    rpc_streams_close(client);
    rpc_events_drop_client(client);
    rpc_client_run_hooks(client);
    rpc_server_drop(client->server, client);
    g_source_destroy(client->source);
    g_clear_pointer(&client->source, g_source_unref); /* may free the client */
}

/* ---- keepalive ---- */

static void send_keepalive(RpcClient *client, guint32 procedure)
{
    RpcHeader header = { .program = RPC_PROGRAM_KEEPALIVE,
                         .version = RPC_PROGRAM_VERSION,
                         .procedure = procedure,
                         .type = RPC_TYPE_MESSAGE };

    g_mutex_lock(&client->lock);
    if (!client->keepalive_queued)
        rpc_client_send_locked(client, RPC_OUT_KEEPALIVE, rpc_frame_raw(&header, NULL, 0),
                               NULL);
    g_mutex_unlock(&client->lock);
}

static void receive_keepalive(RpcClient *client, guint32 procedure)
{
    if (procedure != RPC_KEEPALIVE_PING)
        return;
    g_mutex_lock(&client->lock);
    client->wants_keepalive = TRUE;
    g_mutex_unlock(&client->lock);
    send_keepalive(client, RPC_KEEPALIVE_PONG);
}

/*
 * A client whose socket we do not read cannot answer, and its pings wait unread: it gets
 * a sign of life instead (every frame counts as one).
 */
static void sign_of_life(RpcClient *client, gint64 now)
{
    gint64 due = now + client->server->keepalive_us / 2;

    if (client->next_ping < 0 || client->next_ping > due)
        client->next_ping = due;
    if (now < client->next_ping)
        return;
    send_keepalive(client, RPC_KEEPALIVE_PONG);
    client->last_frame = now;
    client->next_ping = due;
}

/* Acts when it is time. Returns a reason to end the connection, or NULL. */
static const char *run_keepalive(RpcClient *client, gint64 now)
{
    g_mutex_lock(&client->lock);
    gboolean wanted = client->wants_keepalive, pings = client->pings;
    gboolean reading = can_read(client);
    g_mutex_unlock(&client->lock);

    if (wanted && !reading) {
        sign_of_life(client, now);
        return NULL;
    }
    if (!pings) {
        client->next_ping = -1;
        return NULL;
    }
    /* Each has its time for an answer, also if we were held up. */
    gint64 due = (client->unanswered ? client->last_ping : client->last_frame) +
                 client->server->keepalive_us;
    if (now >= due) {
        if (client->unanswered >= RPC_KEEPALIVE_COUNT)
            return "it does not answer keepalive messages";
        client->unanswered++;
        client->last_ping = now;
        due = now + client->server->keepalive_us;
        send_keepalive(client, RPC_KEEPALIVE_PING);
    }
    /* An earlier time stays: it costs less than a change per frame. */
    if (client->next_ping <= now || client->next_ping > due)
        client->next_ping = due;
    return NULL;
}

/* ---- calls ---- */

static void begin_calls(RpcClient *client)
{
    g_autoptr(GPtrArray) calls = g_ptr_array_new();

    g_mutex_lock(&client->lock);
    for (GQueue *queue; (queue = can_begin(client));) {
        RpcCall *call = g_queue_pop_head(queue);

        client->held_bytes -= call->frame->len;
        client->in_flight++;
        client->busy += !rpc_call_has_priority(call);
        g_ptr_array_add(calls, call);
    }
    g_mutex_unlock(&client->lock);
    for (guint i = 0; i < calls->len; i++) {
        RpcCall *call = calls->pdata[i];

        rpc_server_run(client->server, rpc_call_has_priority(call), rpc_call_run, call,
                       rpc_call_drop);
    }
}

/* Takes frame. Returns a reason to end the connection, or NULL. */
static const char *route(RpcClient *client, GByteArray *frame)
{
    RpcHeader header = rpc_frame_header(frame);

    client->last_frame = g_get_monotonic_time();
    client->unanswered = 0;
    if (header.program == RPC_PROGRAM_KEEPALIVE) {
        g_byte_array_unref(frame);
        receive_keepalive(client, header.procedure);
        return NULL;
    }
    switch (header.type) {
    case RPC_TYPE_CALL: {
        RpcCall *call = rpc_call_new(client, frame);

        g_mutex_lock(&client->lock);
        g_queue_push_tail(&client->held[rpc_call_has_priority(call)], call);
        client->held_bytes += frame->len;
        g_mutex_unlock(&client->lock);
        begin_calls(client);
        return NULL;
    }
    case RPC_TYPE_STREAM:
    case RPC_TYPE_STREAM_HOLE:
        rpc_stream_receive(client, frame);
        return NULL;
    case RPC_TYPE_CALL_WITH_FDS:
        g_byte_array_unref(frame);
        return "it passes file descriptors, which was not offered";
    default:
        g_byte_array_unref(frame);
        return "it sent a frame of a type that only servers send";
    }
}

static const char *read_frames(RpcClient *client)
{
    for (guint i = 0; i < READS_PER_TURN; i++) {
        g_autoptr(GError) error = NULL;
        GByteArray *frame;
        gsize len;

        g_mutex_lock(&client->lock);
        gboolean go_on = can_read(client) && !client->disconnect;
        g_mutex_unlock(&client->lock);
        if (!go_on)
            return NULL;
        guint8 *to = rpc_reader_want(&client->reader, &len);
        ssize_t n = recv(client->fd, to, len, 0);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? NULL : "reading failed";
        if (!n)
            return "end of file";
        if (!rpc_reader_got(&client->reader, n, &frame, &error)) {
            g_message("client %" G_GUINT64_FORMAT " sent %s", client->id, error->message);
            return "it does not speak the protocol";
        }
        const char *reason = frame ? route(client, frame) : NULL;
        if (reason)
            return reason;
    }
    return NULL;
}

/* ---- output ---- */

static void sent_locked(RpcClient *client, RpcOut *out)
{
    switch (out->kind) {
    case RPC_OUT_REPLY:
        client->in_flight--;
        break;
    case RPC_OUT_EVENT:
        client->n_events--;
        client->event_bytes -= out->frame->len;
        break;
    case RPC_OUT_STREAM:
        rpc_stream_sent_locked(out->stream, out->frame->len - RPC_FRAME_MIN);
        g_cond_broadcast(&client->room);
        break;
    case RPC_OUT_KEEPALIVE:
        client->keepalive_queued = FALSE;
        break;
    }
}

/* Writes what the socket takes. Returns a reason to end the connection, or NULL. */
static const char *write_frames(RpcClient *client)
{
    g_autoptr(GPtrArray) done =
        g_ptr_array_new_with_free_func((GDestroyNotify)rpc_out_free);
    const char *reason = NULL;
    RpcOut *out;

    /* The lock is held while sending: the socket does not block. */
    g_mutex_lock(&client->lock);
    while ((out = g_queue_peek_head(&client->out))) {
        ssize_t n = send(client->fd, out->frame->data + out->sent,
                         out->frame->len - out->sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                reason = "writing failed";
            break;
        }
        out->sent += n;
        if (out->sent < out->frame->len)
            continue;
        g_queue_pop_head(&client->out);
        sent_locked(client, out);
        g_ptr_array_add(done, out);
    }
    if (!out && client->close_when_sent && !client->in_flight)
        reason = "closed by the client";
    g_mutex_unlock(&client->lock);
    return reason;
}

/* ---- the source ---- */

static gboolean client_prepare(GSource *source, int *timeout)
{
    RpcClient *client = ((ClientSource *)source)->client;
    gboolean ready;

    g_mutex_lock(&client->lock);
    client->poll.events = 0;
    if (can_read(client))
        client->poll.events |= G_IO_IN;
    if (client->out.length)
        client->poll.events |= G_IO_OUT;
    ready = client->disconnect || can_begin(client) != NULL ||
            (client->close_when_sent && !client->out.length && !client->in_flight);
    g_mutex_unlock(&client->lock);
    g_source_set_ready_time(source, client->next_ping);
    *timeout = -1;
    return ready;
}

static gboolean client_check(GSource *source)
{
    RpcClient *client = ((ClientSource *)source)->client;
    gboolean ready;

    g_mutex_lock(&client->lock);
    ready = client->poll.revents || client->disconnect || can_begin(client) != NULL;
    g_mutex_unlock(&client->lock);
    return ready;
}

static gboolean client_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    RpcClient *client = ((ClientSource *)source)->client;
    gushort revents = client->poll.revents;
    const char *reason = NULL;
    g_autofree char *asked = NULL;

    g_mutex_lock(&client->lock);
    asked = g_strdup(client->disconnect);
    g_mutex_unlock(&client->lock);
    if (asked) {
        g_message("disconnecting client %" G_GUINT64_FORMAT ": %s", client->id, asked);
        reason = asked;
    }
    if (!reason && revents & G_IO_IN)
        reason = read_frames(client);
    else if (!reason && revents & (G_IO_HUP | G_IO_ERR | G_IO_NVAL))
        reason = "the peer is gone";
    if (!reason) {
        begin_calls(client);
        reason = run_keepalive(client, g_get_monotonic_time());
    }
    if (!reason)
        reason = write_frames(client);
    if (reason)
        rpc_io_close(client, reason);
    return G_SOURCE_CONTINUE;
}

static void client_finalize(GSource *source)
{
    rpc_client_unref(((ClientSource *)source)->client);
}

static GSourceFuncs client_funcs = {
    .prepare = client_prepare,
    .check = client_check,
    .dispatch = client_dispatch,
    .finalize = client_finalize,
};

void rpc_io_attach(RpcClient *client)
{
    GSource *source = g_source_new(&client_funcs, sizeof(ClientSource));

    ((ClientSource *)source)->client = rpc_client_ref(client);
    g_source_set_name(source, "rpc-client");
    client->source = source;
    client->poll.fd = client->fd;
    client->next_ping = -1;
    client->last_frame = g_get_monotonic_time();
    g_source_add_poll(source, &client->poll);
    g_source_attach(source, client->server->context);
}
