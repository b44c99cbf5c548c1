/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a source on the I/O thread looks at the queue in prepare() and
 * reads and writes the socket. The daemon's numbers (serials) are ours, and a table tells
 * whose call each is. Whatever is not the reply to one of them, an event of this driver,
 * or a ping ends the connection, and with it, by errors, the calls that wait: nothing of
 * what a daemon does reaches anyone but its client.
 */
#include "forward/relay.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/event.h"
#include "rpc/message.h"
#include "rpc/server.h"

enum {
    READS_PER_TURN = 32, /* then others get a turn */
    PINGS = 5,           /* unanswered ones, before the daemon is given up */
};

/* The messages that each driver's events are, by their procedures' numbers. */
static const struct {
    guint32 number;
    const char *driver;
} messages[] = {
    { 315, "network" }, /* NETWORK_EVENT_LIFECYCLE */
    { 370, "storage" }, /* STORAGE_POOL_EVENT_LIFECYCLE */
    { 373, "storage" }, /* STORAGE_POOL_EVENT_REFRESH */
    { 376, "nodedev" }, /* NODE_DEVICE_EVENT_LIFECYCLE */
    { 377, "nodedev" }, /* NODE_DEVICE_EVENT_UPDATE */
    { 382, "secret" },  /* SECRET_EVENT_LIFECYCLE */
    { 383, "secret" },  /* SECRET_EVENT_VALUE_CHANGED */
    { 446, "network" }, /* NETWORK_EVENT_CALLBACK_METADATA_CHANGE */
};

struct ForwardRelay {
    int refs; /* atomic */
    RpcClient *client;
    const char *driver;
    char *path;
    gint64 keepalive_us;

    GMutex lock; /* of what follows; a leaf */
    GSource *source;
    gboolean ended;
    GQueue out;        /* of GByteArray */
    gboolean pong;     /* one is in it */
    GHashTable *calls; /* serial -> RpcCall */
    guint32 serial;
    gint64 quiet_since; /* since when the daemon has said nothing to calls that wait */
    guint pings;        /* since then */

    /* Of the I/O thread alone. */
    int fd;
    GPollFD poll;
    gsize sent; /* of the first frame in out */
    RpcReader reader;
};

typedef struct RelaySource {
    GSource source;
    ForwardRelay *relay; /* a reference */
} RelaySource;

/* ---- life ---- */

/* What the daemon takes for the end, if a frame may begin here. */
static void say_goodbye(ForwardRelay *relay)
{
    RpcHeader header = { .program = RPC_PROGRAM_REMOTE,
                         .version = RPC_PROGRAM_VERSION,
                         .procedure = REMOTE_PROC_CONNECT_CLOSE,
                         .type = RPC_TYPE_CALL,
                         .serial = ++relay->serial };
    g_autoptr(GByteArray) frame = rpc_frame_raw(&header, NULL, 0);

    /* If there is no room, the end of the socket says it. */
    if (!relay->sent &&
        send(relay->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        g_debug("%s: not told of the end of a connection", relay->path);
    }
}

static void relay_unref(ForwardRelay *relay)
{
    if (!g_atomic_int_dec_and_test(&relay->refs)) {
        return;
    }
    g_assert(!relay->source && g_hash_table_size(relay->calls) == 0);
    say_goodbye(relay);
    close(relay->fd);
    g_queue_clear_full(&relay->out, (GDestroyNotify)g_byte_array_unref);
    rpc_reader_clear(&relay->reader);
    g_hash_table_unref(relay->calls);
    rpc_client_unref(relay->client);
    g_mutex_clear(&relay->lock);
    g_free(relay->path);
    g_free(relay);
}

/* Calls that wait get reason for their error. Any thread. */
static void relay_end(ForwardRelay *relay, const char *reason)
{
    g_autoptr(GError) error = rpc_error_new(
        VIR_ERR_SYSTEM_ERROR, "the daemon at '%s': %s", relay->path, reason);
    g_autoptr(GHashTable) calls = NULL;
    GHashTableIter iter;
    GSource *source;
    gpointer call;

    g_mutex_lock(&relay->lock);
    relay->ended = TRUE;
    source = g_steal_pointer(&relay->source);
    calls = relay->calls;
    relay->calls = g_hash_table_new(NULL, NULL);
    g_mutex_unlock(&relay->lock);
    g_hash_table_iter_init(&iter, calls);
    while (g_hash_table_iter_next(&iter, NULL, &call)) {
        rpc_call_finish(call, error);
    }
    if (source) {
        g_source_destroy(source);
        g_source_unref(source);
    }
}

void forward_relay_close(ForwardRelay *relay)
{
    relay_end(relay, "the connection ends");
    relay_unref(relay);
}

/* ---- calls ---- */

gboolean forward_relay_call(ForwardRelay *relay, RpcCall *call)
{
    GByteArray *frame = rpc_call_frame(call);

    g_mutex_lock(&relay->lock);
    if (relay->ended) {
        g_mutex_unlock(&relay->lock);
        return FALSE;
    }
    if (g_hash_table_size(relay->calls) == 0) {
        relay->quiet_since = g_get_monotonic_time();
        relay->pings = 0;
    }
    rpc_frame_set_serial(frame, ++relay->serial);
    g_hash_table_insert(relay->calls, GUINT_TO_POINTER(relay->serial), call);
    g_queue_push_tail(&relay->out, g_byte_array_ref(frame));
    g_mutex_unlock(&relay->lock);
    g_main_context_wakeup(rpc_server_context(rpc_client_server(relay->client)));
    return TRUE;
}

/* ---- what the daemon sends ---- */

/* The call that a frame is the reply to; NULL: it is none. */
static RpcCall *take_call(ForwardRelay *relay, const RpcHeader *h)
{
    gpointer key = GUINT_TO_POINTER(h->serial);
    RpcCall *call;

    g_mutex_lock(&relay->lock);
    call = g_hash_table_lookup(relay->calls, key);
    if (call && rpc_call_proc(call)->number == h->procedure &&
        (h->status == RPC_STATUS_OK || h->status == RPC_STATUS_ERROR)) {
        g_hash_table_remove(relay->calls, key);
    } else {
        call = NULL;
    }
    g_mutex_unlock(&relay->lock);
    return call;
}

static gboolean is_event(const ForwardRelay *relay, guint32 number)
{
    for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
        if (messages[i].number == number) {
            return g_str_equal(messages[i].driver, relay->driver);
        }
    }
    return FALSE;
}

/* One at a time: who pings and does not read gets no more. */
static void answer_ping(ForwardRelay *relay)
{
    RpcHeader header = { .program = RPC_PROGRAM_KEEPALIVE,
                         .version = RPC_PROGRAM_VERSION,
                         .procedure = RPC_KEEPALIVE_PONG,
                         .type = RPC_TYPE_MESSAGE };

    g_mutex_lock(&relay->lock);
    if (!relay->pong) {
        relay->pong = TRUE;
        g_queue_push_tail(&relay->out, rpc_frame_raw(&header, NULL, 0));
    }
    g_mutex_unlock(&relay->lock);
}

/* Takes frame. Returns a reason to end the connection, or NULL. */
static const char *route(ForwardRelay *relay, GByteArray *consumed)
{
    g_autoptr(GByteArray) frame = consumed;
    RpcHeader h = rpc_frame_header(frame);

    g_mutex_lock(&relay->lock);
    relay->quiet_since = g_get_monotonic_time();
    relay->pings = 0;
    g_mutex_unlock(&relay->lock);
    if (h.program == RPC_PROGRAM_KEEPALIVE) {
        if (h.procedure == RPC_KEEPALIVE_PING) {
            answer_ping(relay);
        }
        return NULL;
    }
    if (h.program != RPC_PROGRAM_REMOTE || h.version != RPC_PROGRAM_VERSION) {
        return "it has sent a frame of another program";
    }
    if (h.type == RPC_TYPE_REPLY) {
        RpcCall *call = take_call(relay, &h);

        if (!call) {
            return "it has sent a reply that belongs to no call";
        }
        rpc_call_finish_frame(call, g_steal_pointer(&frame));
        return NULL;
    }
    if (h.type != RPC_TYPE_MESSAGE) {
        return "it has sent a frame that nobody has asked for";
    }
    if (is_event(relay, h.procedure)) {
        rpc_event_pass(relay->client, g_steal_pointer(&frame));
    }
    return NULL;
}

/* Returns a reason to end the connection, the caller's; or NULL. */
static char *read_frames(ForwardRelay *relay)
{
    for (guint i = 0; i < READS_PER_TURN; i++) {
        g_autoptr(GError) error = NULL;
        const char *reason;
        GByteArray *frame;
        gsize room;
        guint8 *to = rpc_reader_want(&relay->reader, &room);
        ssize_t n = recv(relay->fd, to, room, MSG_DONTWAIT);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? NULL : g_strdup(g_strerror(errno));
        }
        if (n == 0) {
            return g_strdup("it has closed the connection");
        }
        if (!rpc_reader_got(&relay->reader, (gsize)n, &frame, &error)) {
            return g_strdup_printf("it has sent %s", error->message);
        }
        reason = frame ? route(relay, frame) : NULL;
        if (reason) {
            return g_strdup(reason);
        }
    }
    return NULL;
}

/* ---- what is sent to it ---- */

static GByteArray *first_out(ForwardRelay *relay)
{
    GByteArray *frame;

    g_mutex_lock(&relay->lock);
    frame = g_queue_peek_head(&relay->out);
    g_mutex_unlock(&relay->lock);
    return frame; /* only this thread takes it away */
}

static void drop_first(ForwardRelay *relay)
{
    GByteArray *frame;

    relay->sent = 0;
    g_mutex_lock(&relay->lock);
    frame = g_queue_pop_head(&relay->out);
    if (rpc_frame_header(frame).program == RPC_PROGRAM_KEEPALIVE &&
        rpc_frame_header(frame).procedure == RPC_KEEPALIVE_PONG) {
        relay->pong = FALSE;
    }
    g_mutex_unlock(&relay->lock);
    g_byte_array_unref(frame);
}

static char *write_frames(ForwardRelay *relay)
{
    GByteArray *frame;

    while ((frame = first_out(relay))) {
        ssize_t n = send(relay->fd, frame->data + relay->sent, frame->len - relay->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? NULL : g_strdup(g_strerror(errno));
        }
        relay->sent += (gsize)n;
        if (relay->sent == frame->len) {
            drop_first(relay);
        }
    }
    return NULL;
}

/* ---- silence ---- */

/* When it is time for a ping; -1: nobody waits. With the lock held. */
static gint64 next_ping(const ForwardRelay *relay)
{
    if (!relay->keepalive_us || g_hash_table_size(relay->calls) == 0) {
        return -1;
    }
    return relay->quiet_since + relay->keepalive_us * (relay->pings + 1);
}

static char *run_keepalive(ForwardRelay *relay)
{
    RpcHeader header = { .program = RPC_PROGRAM_KEEPALIVE,
                         .version = RPC_PROGRAM_VERSION,
                         .procedure = RPC_KEEPALIVE_PING,
                         .type = RPC_TYPE_MESSAGE };
    gint64 now = g_get_monotonic_time(), due;
    gboolean given_up = FALSE;

    g_mutex_lock(&relay->lock);
    due = next_ping(relay);
    if (due >= 0 && now >= due) {
        given_up = ++relay->pings > PINGS;
        /* Each has its time for an answer, also if we were held up. */
        relay->quiet_since = now - relay->keepalive_us * relay->pings;
        g_queue_push_tail(&relay->out, rpc_frame_raw(&header, NULL, 0));
    }
    g_mutex_unlock(&relay->lock);
    return given_up ? g_strdup("it does not answer") : NULL;
}

/* ---- the source ---- */

static gboolean relay_prepare(GSource *source, int *timeout)
{
    ForwardRelay *relay = ((RelaySource *)source)->relay;

    gint64 due;

    g_mutex_lock(&relay->lock);
    relay->poll.events = G_IO_IN | (relay->out.length ? G_IO_OUT : 0);
    due = next_ping(relay);
    g_mutex_unlock(&relay->lock);
    g_source_set_ready_time(source, due);
    *timeout = -1;
    return FALSE;
}

static gboolean relay_check(GSource *source)
{
    return ((RelaySource *)source)->relay->poll.revents != 0;
}

static gboolean relay_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    ForwardRelay *relay = ((RelaySource *)source)->relay;
    g_autofree char *reason = NULL;

    if (relay->poll.revents & ~G_IO_OUT) {
        reason = read_frames(relay);
    }
    if (!reason) {
        reason = run_keepalive(relay);
    }
    if (!reason) {
        reason = write_frames(relay);
    }
    if (reason) {
        g_message("the daemon at '%s': %s", relay->path, reason);
        relay_end(relay, reason);
        shutdown(relay->fd,
                 SHUT_RDWR); /* the descriptor lives until the last reference */
    }
    return G_SOURCE_CONTINUE;
}

static void relay_finalize(GSource *source)
{
    relay_unref(((RelaySource *)source)->relay);
}

static GSourceFuncs relay_funcs = {
    .prepare = relay_prepare,
    .check = relay_check,
    .dispatch = relay_dispatch,
    .finalize = relay_finalize,
};

ForwardRelay *forward_relay_new(ForwardClient *client, const ForwardRelayOptions *options)
{
    ForwardRelay *relay = g_new0(ForwardRelay, 1);
    GSource *source = g_source_new(&relay_funcs, sizeof(RelaySource));

    relay->refs = 2; /* the caller's and the source's */
    relay->client = rpc_client_ref(options->client);
    relay->driver = options->driver;
    relay->path = g_strdup(options->path);
    relay->keepalive_us = options->keepalive_us;
    g_mutex_init(&relay->lock);
    relay->calls = g_hash_table_new(NULL, NULL);
    relay->fd = forward_client_steal_fd(client, &relay->serial);
    forward_client_free(client);
    relay->poll.fd = relay->fd;
    relay->source = g_source_ref(source);
    ((RelaySource *)source)->relay = relay;
    g_source_set_name(source, "forward-relay");
    g_source_add_poll(source, &relay->poll);
    g_source_attach(source, rpc_server_context(rpc_client_server(relay->client)));
    g_source_unref(source);
    return relay;
}
