/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of data beside the calls (console, screenshot, tunnelled data). It is bound
 * to the procedure and serial of the call that opened it, ends when either side
 * finishes or aborts it, and always ends with its connection. The protocol has no
 * window: what we send waits in a bounded queue, what the client sends in another.
 *
 * All functions may be called from any thread.
 */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RpcStream RpcStream;

RpcStream *rpc_stream_ref(RpcStream *stream);
void rpc_stream_unref(RpcStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcStream, rpc_stream_unref)

/*
 * Calls fn(stream, opaque) once, on a worker and with priority, when the stream has
 * ended, whoever ended it; also when it already has. It must not wait for long. destroy
 * (may be NULL) is called on opaque afterwards. At most one per stream.
 */
void rpc_stream_set_closed(RpcStream *stream,
                           void (*fn)(RpcStream *stream, gpointer opaque),
                           gpointer opaque, GDestroyNotify destroy);

/*
 * Moves data both ways between the client and fd (a pty or a socket, made non-blocking;
 * owned by the stream from here on, also if it has already ended) on the I/O thread. The
 * end of fd is sent as end of data; the client then finishes the stream. When
 * a client has sent 1 MiB more than fd takes, the stream ends with an error. Its socket
 * is read all the time: other calls on it may be for other domains.
 */
void rpc_stream_splice_fd(RpcStream *stream, int fd);

/*
 * Sends data to the client, waiting while the queue is full; not on the I/O thread, and
 * not before the reply (rpc_call_after_reply is the place to begin). Fails with
 * VIR_ERR_OPERATION_ABORTED once the stream has ended.
 */
gboolean rpc_stream_send(RpcStream *stream, const void *data, gsize len, GError **errp);

/* Tells the client that there is no more data; it then finishes the stream. */
void rpc_stream_send_eof(RpcStream *stream);

/* Ends the stream with an error, which the client sees. error stays the caller's. */
void rpc_stream_abort(RpcStream *stream, const GError *error);

G_END_DECLS
