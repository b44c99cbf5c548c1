/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of rpc/ share. Theory of operation:
 *
 * The I/O thread runs a GMainContext with one source per listener, per client (io.c)
 * and per spliced stream (stream.c). Sources look at the state of their object in
 * prepare(), so whoever changes that state only has to wake the context
 * (rpc_server_wake). Only the I/O thread reads and writes sockets; others append to a
 * client's output queue.
 *
 * A call goes: io.c reads a frame -> held queue of its client -> begun when the client
 * has fewer than RPC_MAX_IN_FLIGHT calls -> worker: dispatch.c checks, decodes, runs
 * the handler, encodes -> output queue -> io.c writes. It counts as in flight until its
 * reply is written, which bounds the queue. Calls that may wait are besides held back
 * while RPC_MAX_BUSY of the client's occupy workers: it can neither take the workers
 * from others, nor keep its own calls of priority from being served. Frames are read
 * beyond the limits, as far as the held queues allow, so that keepalive is still served.
 *
 * Locks: server->events_lock before client->lock; server->lock is a leaf; streams are
 * protected by the lock of their client. No lock is held while foreign code runs.
 */
#pragma once
#include <glib.h>

#include "rpc/call.h"
#include "rpc/client.h"
#include "rpc/event.h"
#include "rpc/message.h"
#include "rpc/server.h"
#include "rpc/stream.h"
#include "rpc/worker.h"

G_BEGIN_DECLS

enum {
    RPC_MAX_CLIENTS = 5000,
    RPC_MAX_IN_FLIGHT = 32,            /* calls of one client */
    RPC_MAX_BUSY = 16,                 /* of them, on workers and without priority */
    RPC_MAX_HELD = 256,                /* calls read beyond that */
    RPC_MAX_HELD_BYTES = 4 << 20,      /* of them */
    RPC_MAX_EVENTS = 8192,             /* waiting for one client */
    RPC_MAX_EVENT_BYTES = 8 << 20,     /* of them */
    RPC_MAX_STREAMS = 64,              /* of one client */
    RPC_MAX_STREAM_BYTES = 256 * 1024, /* of a stream, on their way to the client */
    RPC_MAX_SINK_BYTES = 1 << 20,      /* of a stream, on their way to a descriptor */
    RPC_MAX_REGISTRATIONS = 1024,      /* for events, of one client */
    RPC_WORKERS = 512, /* at most; they come and go, and mostly wait for emulators */
    RPC_RESERVED_WORKERS = 5,
    RPC_KEEPALIVE_SECONDS = 5,
    RPC_KEEPALIVE_COUNT = 5, /* unanswered pings before we give up */
};

/* What an entry of the output queue is, for the accounting when it has left. */
typedef enum RpcOutKind {
    RPC_OUT_REPLY,
    RPC_OUT_EVENT,
    RPC_OUT_STREAM,
    RPC_OUT_KEEPALIVE,
} RpcOutKind;

typedef struct RpcOut {
    GByteArray *frame;
    gsize sent;
    RpcOutKind kind;
    RpcStream *stream; /* of RPC_OUT_STREAM; a reference */
} RpcOut;

typedef struct RpcHook {
    guint64 id;
    RpcCloseHook fn;
    gpointer opaque;
    GDestroyNotify destroy;
} RpcHook;

struct RpcClient {
    int refs; /* atomic */
    RpcServer *server;
    guint64 id;
    gboolean local; /* a UNIX socket */
    gboolean has_uid;
    uid_t uid;
    pid_t pid;

    GMutex lock; /* of what follows */
    GCond room;  /* stream bytes have left, or the connection has ended */
    gboolean closed;
    gboolean read_only, authenticated, opened;
    gboolean close_when_sent;
    gboolean wants_keepalive; /* asked for the feature, or has sent a ping */
    gboolean pings;           /* asked for the feature: we may ping */
    char *disconnect;         /* why to end the connection, or NULL */
    char *uri;                /* after CONNECT_OPEN */
    GQueue out;               /* of RpcOut */
    guint n_events;           /* of them, and their bytes */
    gsize event_bytes;
    gboolean keepalive_queued;
    guint in_flight;
    guint busy;     /* calls without priority on workers */
    GQueue held[2]; /* of RpcCall: without priority, with it */
    gsize held_bytes;
    GQueue hooks; /* of RpcHook */
    guint64 last_hook;
    GList *streams; /* of RpcStream, a reference each */
    guint n_streams;

    /* Under server->events_lock. */
    gint32 last_callback;
    guint n_registrations;

    /* Of the I/O thread alone. */
    int fd;
    GSource *source;
    GPollFD poll;
    RpcReader reader;
    gint64 last_frame; /* monotonic time of the last frame from the client */
    gint64 next_ping;  /* when the keepalive acts next */
    gint64 last_ping;  /* when it was sent, if one is unanswered */
    guint unanswered;  /* pings */
};

struct RpcCall {
    RpcClient *client; /* a reference */
    GByteArray *frame;
    RpcHeader header;
    const RpcProc *proc; /* NULL: unknown */
    RpcStream *stream;   /* opened by the handler; a reference */
    GSList *after;       /* of RpcAfter, last first */
    /* How to queue the reply when that has to happen together with something else. */
    void (*deliver)(RpcCall *call, GByteArray *reply);
    int users; /* atomic: its worker, and who has deferred it */
    gboolean deferred;
    int event_id; /* the registration that it makes, see event.c */
    gint32 callback;
};

struct RpcServer {
    GMainContext *context;
    GThread *thread;
    RpcWorkers *workers;
    const RpcProc *procs; /* the dispatch table; tests have their own */
    guint n_procs;
    gint64 keepalive_us; /* silence of a client before we ping it */
    gpointer driver;
    void (*forward)(RpcCall *call, gpointer opaque); /* see rpc_server_set_forward */
    gpointer forward_opaque;
    GSList *listeners; /* of RpcListener; before start and in the I/O thread */

    GMutex lock;         /* of what follows */
    GHashTable *clients; /* a reference each */
    guint64 last_client;
    GQueue given; /* sockets on their way to the I/O thread */
    gboolean stopping;
    gboolean quit;
    GCond stopped;

    GMutex events_lock;
    GQueue registrations[REMOTE_N_EVENTS]; /* of RpcRegistration (event.c) */
};

/* ---- server.c ---- */
void rpc_server_wake(RpcServer *server);
/* A connected socket has been accepted; the server owns fd from here on. */
void rpc_server_accepted(RpcServer *server, int fd, RpcListenFlags flags);
/* Forgets a client whose connection has ended. */
void rpc_server_drop(RpcServer *server, RpcClient *client);

/* ---- listener.c ---- */
typedef struct RpcListener RpcListener;
void rpc_listener_start(RpcListener *listener, GMainContext *context);
void rpc_listener_free(RpcListener *listener);

/* ---- client.c ---- */
RpcClient *rpc_client_new(RpcServer *server, int fd, RpcListenFlags flags);
/* Appends a frame to the output; dropped when the connection has ended. */
void rpc_client_send(RpcClient *client, RpcOutKind kind, GByteArray *frame,
                     RpcStream *stream);
/* The same with client->lock held; the caller wakes the I/O thread. */
void rpc_client_send_locked(RpcClient *client, RpcOutKind kind, GByteArray *frame,
                            RpcStream *stream);
void rpc_out_free(RpcOut *out);
/* Ends the connection when what is queued has been sent. */
void rpc_client_close_when_sent(RpcClient *client);
/* Runs the close hooks on a worker. The connection has ended. */
void rpc_client_run_hooks(RpcClient *client);

/* ---- io.c: the I/O thread's side of a client ---- */
void rpc_io_attach(RpcClient *client);
/* Ends the connection at once; I/O thread only. */
void rpc_io_close(RpcClient *client, const char *reason);

/* ---- dispatch.c ---- */
RpcCall *rpc_call_new(RpcClient *client, GByteArray *frame);
gboolean rpc_call_has_priority(const RpcCall *call);
void rpc_call_free(RpcCall *call);
/* Checks, runs and answers the call, and frees it; on a worker. */
void rpc_call_run(gpointer call);
/* What the workers, which have stopped, do with it instead. */
void rpc_call_drop(gpointer call);

/* ---- stream.c ---- */
/* A frame of type STREAM or STREAM_HOLE; takes the frame. I/O thread. */
void rpc_stream_receive(RpcClient *client, GByteArray *frame);
/*
 * The opening call has succeeded: queues its reply and opens the stream in one step, for
 * the client may answer at once. reply NULL: the call has failed.
 */
void rpc_stream_opened(RpcStream *stream, GByteArray *reply);
RpcStream *rpc_stream_new(RpcClient *client, const RpcHeader *call);
/* len bytes of payload have left; client->lock is held. */
void rpc_stream_sent_locked(RpcStream *stream, gsize len);
/* All streams of a connection that has ended. */
void rpc_streams_close(RpcClient *client);

/* ---- event.c ---- */
void rpc_events_drop_client(RpcClient *client);

G_END_DECLS
