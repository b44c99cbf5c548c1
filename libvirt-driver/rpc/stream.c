/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream is OPENING until the reply of its call is queued, then OPEN until one side
 * ends it; an ENDED stream is known to nobody but those who hold references. Its state
 * is protected by the lock of its client.
 */
#include "rpc/stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "rpc/internal.h"

typedef enum StreamState { STREAM_OPENING, STREAM_OPEN, STREAM_ENDED } StreamState;

struct RpcStream {
    int refs;          /* atomic */
    RpcClient *client; /* a reference */
    RpcHeader header;  /* of its frames; status varies */

    /* Under client->lock. */
    StreamState state;
    gsize queued; /* bytes on their way to the client */
    gboolean eof; /* no more data to the client */
    GByteArray *early; /* the frame that ends a stream which is still OPENING */
    GByteArray *sink;  /* with a splice: bytes on their way to its fd */
    void (*closed)(RpcStream *stream, gpointer opaque);
    gpointer closed_opaque;
    GDestroyNotify closed_destroy;
    gboolean closed_due; /* it was set when the stream ended */
};

RpcStream *rpc_stream_ref(RpcStream *stream)
{
    g_atomic_int_inc(&stream->refs);
    return stream;
}

void rpc_stream_unref(RpcStream *stream)
{
    if (!g_atomic_int_dec_and_test(&stream->refs))
        return;
    g_clear_pointer(&stream->early, g_byte_array_unref);
    g_clear_pointer(&stream->sink, g_byte_array_unref);
    rpc_client_unref(stream->client);
    g_free(stream);
}

RpcStream *rpc_stream_new(RpcClient *client, const RpcHeader *call)
{
    RpcStream *stream = g_new0(RpcStream, 1);

    stream->refs = 1;
    stream->client = rpc_client_ref(client);
    stream->header = *call;
    stream->header.type = RPC_TYPE_STREAM;
    g_mutex_lock(&client->lock);
    if (client->closed) {
        stream->state = STREAM_ENDED;
    } else {
        client->streams = g_list_prepend(client->streams, rpc_stream_ref(stream));
        client->n_streams++;
    }
    g_mutex_unlock(&client->lock);
    return stream;
}

/* ---- the end ---- */

static void drop_closed(gpointer opaque)
{
    RpcStream *stream = opaque;

    if (stream->closed_destroy)
        stream->closed_destroy(stream->closed_opaque);
    rpc_stream_unref(stream);
}

static void run_closed(gpointer opaque)
{
    RpcStream *stream = opaque;

    stream->closed(stream, stream->closed_opaque);
    drop_closed(stream);
}

/*
 * With client->lock held. TRUE: the caller calls finish_end after unlocking, and gives
 * up the reference that the client's list had.
 */
static gboolean end_locked(RpcStream *stream)
{
    RpcClient *client = stream->client;

    if (stream->state == STREAM_ENDED)
        return FALSE;
    stream->state = STREAM_ENDED;
    stream->closed_due = stream->closed != NULL;
    client->streams = g_list_remove(client->streams, stream);
    client->n_streams--;
    g_cond_broadcast(&client->room);
    return TRUE;
}

static void finish_end(RpcStream *stream)
{
    RpcServer *server = stream->client->server;

    /* The reference of the list passes to the job, or goes. What a stream holds is given
     * back even while all ordinary workers wait. */
    if (stream->closed_due)
        rpc_server_run(server, TRUE, run_closed, stream, drop_closed);
    else
        rpc_stream_unref(stream);
    rpc_server_wake(server);
}

void rpc_stream_set_closed(RpcStream *stream,
                           void (*fn)(RpcStream *stream, gpointer opaque),
                           gpointer opaque, GDestroyNotify destroy)
{
    g_mutex_lock(&stream->client->lock);
    g_assert(!stream->closed);
    stream->closed = fn;
    stream->closed_opaque = opaque;
    stream->closed_destroy = destroy;
    gboolean ended = stream->state == STREAM_ENDED;
    g_mutex_unlock(&stream->client->lock);
    if (ended)
        rpc_server_run(stream->client->server, TRUE, run_closed, rpc_stream_ref(stream),
                       drop_closed);
}

void rpc_streams_close(RpcClient *client)
{
    for (;;) {
        g_mutex_lock(&client->lock);
        RpcStream *stream = client->streams ? client->streams->data : NULL;
        if (stream)
            end_locked(stream);
        g_mutex_unlock(&client->lock);
        if (!stream)
            return;
        finish_end(stream);
    }
}

/* With client->lock held: takes len bytes from a splice's sink. */
static void sunk_locked(RpcStream *stream, gsize len)
{
    g_byte_array_remove_range(stream->sink, 0, len);
}

/* ---- frames to the client ---- */

static GByteArray *make_frame(RpcStream *stream, RpcStatus status, const void *data,
                              gsize len)
{
    RpcHeader header = stream->header;

    header.status = status;
    return rpc_frame_raw(&header, data, len);
}

static void send_locked(RpcStream *stream, GByteArray *frame)
{
    stream->queued += frame->len - RPC_FRAME_MIN;
    rpc_client_send_locked(stream->client, RPC_OUT_STREAM, frame, stream);
}

void rpc_stream_sent_locked(RpcStream *stream, gsize len)
{
    stream->queued -= len;
}

void rpc_stream_opened(RpcStream *stream, GByteArray *reply)
{
    RpcClient *client = stream->client;
    gboolean ended = FALSE;

    g_mutex_lock(&client->lock);
    if (reply)
        rpc_client_send_locked(client, RPC_OUT_REPLY, reply, NULL);
    if (stream->state == STREAM_OPENING && reply) {
        stream->state = STREAM_OPEN;
        if (stream->eof)
            send_locked(stream, make_frame(stream, RPC_STATUS_CONTINUE, NULL, 0));
        if (stream->early) {
            send_locked(stream, g_steal_pointer(&stream->early));
            ended = end_locked(stream);
        }
    } else {
        ended = end_locked(stream);
    }
    g_mutex_unlock(&client->lock);
    if (ended)
        finish_end(stream);
    rpc_server_wake(client->server);
}

gboolean rpc_stream_send(RpcStream *stream, const void *data, gsize len, GError **errp)
{
    RpcClient *client = stream->client;
    const guint8 *bytes = data;
    gboolean ok = TRUE;

    g_mutex_lock(&client->lock);
    while (ok && len) {
        while (stream->state == STREAM_OPEN && stream->queued >= RPC_MAX_STREAM_BYTES)
            g_cond_wait(&client->room, &client->lock);
        ok = stream->state == STREAM_OPEN && !stream->eof;
        if (!ok)
            break;
        gsize chunk = MIN(len, RPC_STREAM_CHUNK);
        send_locked(stream, make_frame(stream, RPC_STATUS_CONTINUE, bytes, chunk));
        rpc_server_wake(client->server);
        bytes += chunk;
        len -= chunk;
    }
    g_mutex_unlock(&client->lock);
    return ok || rpc_error_set(errp, VIR_ERR_OPERATION_ABORTED, "the stream is not open");
}

void rpc_stream_send_eof(RpcStream *stream)
{
    g_mutex_lock(&stream->client->lock);
    if (stream->state == STREAM_OPEN && !stream->eof)
        send_locked(stream, make_frame(stream, RPC_STATUS_CONTINUE, NULL, 0));
    stream->eof = TRUE;
    if (stream->sink) /* a splice has ended in both directions */
        sunk_locked(stream, stream->sink->len);
    g_mutex_unlock(&stream->client->lock);
    rpc_server_wake(stream->client->server);
}

void rpc_stream_abort(RpcStream *stream, const GError *error)
{
    GByteArray *frame = rpc_frame_error(&stream->header, RPC_TYPE_STREAM, error);
    gboolean ended = FALSE;

    g_mutex_lock(&stream->client->lock);
    if (stream->state == STREAM_OPEN) {
        send_locked(stream, frame);
        ended = end_locked(stream);
    } else if (stream->state == STREAM_OPENING && !stream->early) {
        stream->early = frame;
    } else {
        g_byte_array_unref(frame);
    }
    g_mutex_unlock(&stream->client->lock);
    if (ended)
        finish_end(stream);
}

/* ---- frames from the client ---- */

/* A reference to the open stream that a frame belongs to, or NULL. */
static RpcStream *find(RpcClient *client, const RpcHeader *header)
{
    RpcStream *found = NULL;

    g_mutex_lock(&client->lock);
    for (GList *l = client->streams; l && !found; l = l->next) {
        RpcStream *s = l->data;

        if (s->state == STREAM_OPEN && s->header.serial == header->serial &&
            s->header.procedure == header->procedure &&
            s->header.program == header->program)
            found = rpc_stream_ref(s);
    }
    g_mutex_unlock(&client->lock);
    return found;
}

static void abort_with(RpcStream *stream, int code, const char *message)
{
    g_autoptr(GError) error = rpc_error_new(code, "%s", message);

    rpc_stream_abort(stream, error);
}

/* What comes for a stream without a splice is dropped. */
static void receive_data(RpcStream *stream, const guint8 *data, gsize len)
{
    if (!len)
        return;
    g_mutex_lock(&stream->client->lock);
    gboolean splice = stream->sink != NULL;
    gboolean much = splice && stream->sink->len + len > RPC_MAX_SINK_BYTES;
    if (splice && !stream->eof && !much)
        g_byte_array_append(stream->sink, data, len);
    g_mutex_unlock(&stream->client->lock);
    /* Not reading the socket would keep all other calls of the client waiting. */
    if (much)
        abort_with(stream, VIR_ERR_OPERATION_FAILED,
                   "1 MiB of input has not been read on the other side");
}

/* The client finishes or aborts; both are confirmed alike. */
static void receive_end(RpcStream *stream)
{
    g_mutex_lock(&stream->client->lock);
    gboolean ended = stream->state == STREAM_OPEN;
    if (ended) {
        send_locked(stream, make_frame(stream, RPC_STATUS_OK, NULL, 0));
        end_locked(stream);
    }
    g_mutex_unlock(&stream->client->lock);
    if (ended)
        finish_end(stream);
}

void rpc_stream_receive(RpcClient *client, GByteArray *frame)
{
    RpcHeader header = rpc_frame_header(frame);
    g_autoptr(RpcStream) stream = find(client, &header);

    if (!stream)
        ; /* it has ended here, and the client does not know yet */
    else if (header.type == RPC_TYPE_STREAM_HOLE)
        abort_with(stream, VIR_ERR_OPERATION_UNSUPPORTED, "sparse streams");
    else if (header.status == RPC_STATUS_CONTINUE)
        receive_data(stream, frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN);
    else
        receive_end(stream);
    g_byte_array_unref(frame);
}

/* ---- splice ---- */

typedef struct SpliceSource {
    GSource source;
    RpcStream *stream; /* a reference */
    GPollFD poll;
    gboolean polled;
} SpliceSource;

static gboolean splice_prepare(GSource *source, int *timeout)
{
    SpliceSource *splice = (SpliceSource *)source;
    RpcStream *stream = splice->stream;
    gushort events = 0;

    g_mutex_lock(&stream->client->lock);
    gboolean ended = stream->state == STREAM_ENDED;
    if (stream->state == STREAM_OPEN && !stream->eof) {
        if (stream->queued < RPC_MAX_STREAM_BYTES)
            events |= G_IO_IN;
        if (stream->sink->len)
            events |= G_IO_OUT;
    }
    g_mutex_unlock(&stream->client->lock);
    splice->poll.events = events;
    /* A hang-up is reported whether asked for or not: do not poll without need. */
    if (events && !splice->polled)
        g_source_add_poll(source, &splice->poll);
    else if (!events && splice->polled)
        g_source_remove_poll(source, &splice->poll);
    splice->polled = events != 0;
    if (!events)
        splice->poll.revents = 0;
    *timeout = -1;
    return ended;
}

static gboolean splice_check(GSource *source)
{
    return ((SpliceSource *)source)->poll.revents != 0;
}

static void splice_write(SpliceSource *splice)
{
    RpcStream *stream = splice->stream;

    g_mutex_lock(&stream->client->lock);
    if (stream->sink->len) {
        ssize_t n = write(splice->poll.fd, stream->sink->data, stream->sink->len);
        if (n > 0)
            sunk_locked(stream, n);
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            sunk_locked(stream, stream->sink->len); /* the reader sees the end */
    }
    g_mutex_unlock(&stream->client->lock);
}

static void splice_read(SpliceSource *splice)
{
    RpcStream *stream = splice->stream;
    guint8 data[32 * 1024];
    ssize_t n = read(splice->poll.fd, data, sizeof(data));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* a pty whose other side is closed fails with EIO */
        rpc_stream_send_eof(stream);
        return;
    }
    g_mutex_lock(&stream->client->lock);
    if (stream->state == STREAM_OPEN)
        send_locked(stream, make_frame(stream, RPC_STATUS_CONTINUE, data, n));
    g_mutex_unlock(&stream->client->lock);
}

static gboolean splice_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    SpliceSource *splice = (SpliceSource *)source;
    RpcStream *stream = splice->stream;

    g_mutex_lock(&stream->client->lock);
    gboolean ended = stream->state == STREAM_ENDED;
    g_mutex_unlock(&stream->client->lock);
    if (ended) {
        splice_write(splice); /* what was sent just before the end */
        return G_SOURCE_REMOVE;
    }
    if (splice->poll.revents & G_IO_OUT)
        splice_write(splice);
    if (splice->poll.revents & (G_IO_IN | G_IO_HUP | G_IO_ERR) &&
        (splice->poll.events & G_IO_IN || !(splice->poll.revents & G_IO_OUT)))
        splice_read(splice);
    return G_SOURCE_CONTINUE;
}

static void splice_finalize(GSource *source)
{
    SpliceSource *splice = (SpliceSource *)source;

    close(splice->poll.fd);
    rpc_stream_unref(splice->stream);
}

static GSourceFuncs splice_funcs = {
    .prepare = splice_prepare,
    .check = splice_check,
    .dispatch = splice_dispatch,
    .finalize = splice_finalize,
};

void rpc_stream_splice_fd(RpcStream *stream, int fd)
{
    GSource *source = g_source_new(&splice_funcs, sizeof(SpliceSource));
    SpliceSource *splice = (SpliceSource *)source;

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    g_source_set_name(source, "rpc-splice");
    splice->stream = rpc_stream_ref(stream);
    splice->poll.fd = fd;
    g_mutex_lock(&stream->client->lock);
    g_assert(!stream->sink);
    stream->sink = g_byte_array_new();
    g_mutex_unlock(&stream->client->lock);
    g_source_attach(source, stream->client->server->context);
    g_source_unref(source);
}
