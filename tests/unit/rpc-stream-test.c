/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams: data both ways, all ways to end, limits. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "rpc-peer.h"
#include "rpc/protocol.h"

enum {
    PROC_SPLICE = 1000,
    PROC_SEND,
    PROC_FAIL,
    PROC_DEAD,
    PROC_PTY,
    PROC_BLOCK
};

static struct {
    GMutex lock;
    GCond cond;
    int fd;            /* the far end of the last splice */
    RpcStream *stream; /* the last one; a reference */
    RpcClient *client; /* its client, while it is connected */
    guint closed, destroyed;
    guint blocked; /* handlers that wait for go_on */
    gboolean go_on;
    gboolean send_failed;
} shared;

static void on_closed(RpcStream *stream, gpointer opaque)
{
    g_mutex_lock(&shared.lock);
    shared.closed++;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
}

static void on_destroy(gpointer opaque)
{
    g_mutex_lock(&shared.lock);
    shared.destroyed++;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
}

static RpcStream *open_stream(RpcCall *call)
{
    RpcStream *stream = rpc_call_open_stream(call);

    rpc_stream_set_closed(stream, on_closed, &shared, on_destroy);
    g_clear_pointer(&shared.stream, rpc_stream_unref);
    shared.stream = rpc_stream_ref(stream);
    shared.client = rpc_call_client(call);
    return stream;
}

static gboolean handle_splice(RpcCall *call, const void *args, void *ret, GError **errp)
{
    g_autoptr(RpcStream) stream = open_stream(call);
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "socketpair");
    shared.fd = fds[0];
    rpc_stream_splice_fd(stream, fds[1]);
    return TRUE;
}

/* As the console of a VM: the server has the side that a terminal program would have. */
static gboolean handle_pty(RpcCall *call, const void *args, void *ret, GError **errp)
{
    g_autoptr(RpcStream) stream = open_stream(call);
    struct termios mode;

    shared.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(shared.fd, >=, 0);
    g_assert_true(!grantpt(shared.fd) && !unlockpt(shared.fd));
    int fd = open(ptsname(shared.fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(tcgetattr(fd, &mode), ==, 0);
    cfmakeraw(&mode);
    g_assert_cmpint(tcsetattr(fd, TCSANOW, &mode), ==, 0);
    rpc_stream_splice_fd(stream, fd);
    return TRUE;
}

enum { SEND_BYTES = 5 << 20 };

static void send_all(gpointer opaque)
{
    g_autofree guint8 *data = g_malloc(SEND_BYTES);
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < SEND_BYTES; i++)
        data[i] = i * 7;
    gboolean ok = rpc_stream_send(opaque, data, SEND_BYTES, &error);
    if (ok)
        rpc_stream_send_eof(opaque);
    else
        g_assert_error(error, RPC_ERROR, VIR_ERR_OPERATION_ABORTED);
    g_mutex_lock(&shared.lock);
    shared.send_failed = !ok;
    g_mutex_unlock(&shared.lock);
}

static gboolean handle_send(RpcCall *call, const void *args, void *ret, GError **errp)
{
    RpcStream *stream = open_stream(call);

    /* Too early. */
    if (rpc_stream_send(stream, "x", 1, NULL))
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "sent before the reply");
    rpc_call_after_reply(call, send_all, stream, (GDestroyNotify)rpc_stream_unref);
    return TRUE;
}

static gboolean handle_fail(RpcCall *call, const void *args, void *ret, GError **errp)
{
    rpc_stream_unref(open_stream(call));
    return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "no");
}

/* What it shows has ended before the reply is out. */
static gboolean handle_dead(RpcCall *call, const void *args, void *ret, GError **errp)
{
    g_autoptr(RpcStream) stream = open_stream(call);
    g_autoptr(GError) error = rpc_error_new(VIR_ERR_OPERATION_FAILED, "gone");

    rpc_stream_abort(stream, error);
    return TRUE;
}

static gboolean handle_block(RpcCall *call, const void *args, void *ret, GError **errp)
{
    g_mutex_lock(&shared.lock);
    shared.blocked++;
    g_cond_broadcast(&shared.cond);
    while (!shared.go_on)
        g_cond_wait(&shared.cond, &shared.lock);
    g_mutex_unlock(&shared.lock);
    return TRUE;
}

#define ROW(number_, name_, handler_)                                                    \
    {                                                                                    \
        .number = number_, .name = name_, .attributes = RPC_PROC_STREAM,                 \
        .flags_offset = -1, .handler = handler_                                          \
    }
static const RpcProc extra[] = {
    ROW(PROC_SPLICE, "SPLICE", handle_splice),
    ROW(PROC_SEND, "SEND", handle_send),
    ROW(PROC_FAIL, "FAIL", handle_fail),
    ROW(PROC_DEAD, "DEAD", handle_dead),
    ROW(PROC_PTY, "PTY", handle_pty),
    { .number = PROC_BLOCK,
      .name = "BLOCK",
      .flags_offset = -1,
      .handler = handle_block },
};

typedef struct Fixture {
    RpcServer *server;
    Peer *peer;
    guint32 serial, procedure;
} Fixture;

static void set_up(Fixture *f, gconstpointer procedure)
{
    memset(&shared, 0, sizeof(shared));
    shared.fd = -1;
    f->server = peer_server_new(extra, G_N_ELEMENTS(extra));
    rpc_server_start(f->server);
    f->peer = peer_new(f->server, 0);
    peer_open(f->peer, 0);
    f->procedure = GPOINTER_TO_UINT(procedure);
    f->serial = peer_call(f->peer, f->procedure, NULL, NULL);
    if (f->procedure != PROC_FAIL)
        peer_reply(f->peer, f->serial, NULL, NULL);
}

static void wait_guint(const guint *counter, guint value)
{
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    g_mutex_lock(&shared.lock);
    while (*counter < value)
        g_assert_true(g_cond_wait_until(&shared.cond, &shared.lock, until));
    g_mutex_unlock(&shared.lock);
}

static void tear_down(Fixture *f, gconstpointer procedure)
{
    peer_free(f->peer);
    peer_server_free(f->server);
    g_assert_cmpuint(shared.closed, ==, 1);
    g_clear_pointer(&shared.stream, rpc_stream_unref);
    g_assert_cmpuint(shared.destroyed, ==, 1);
    if (shared.fd >= 0)
        close(shared.fd);
}

static void send_stream(Fixture *f, RpcStatus status, const char *data, gsize len)
{
    peer_stream(f->peer, f->procedure, f->serial, status, data, len);
}

/* The next stream frame. */
static GByteArray *next(Fixture *f, RpcStatus status)
{
    RpcHeader h;
    GByteArray *frame = peer_wait(f->peer, RPC_TYPE_STREAM, f->serial, &h);

    g_assert_nonnull(frame);
    g_assert_cmpuint(h.procedure, ==, f->procedure);
    g_assert_cmpuint(h.program, ==, RPC_PROGRAM_REMOTE);
    g_assert_cmpuint(h.status, ==, status);
    g_byte_array_remove_range(frame, 0, RPC_FRAME_MIN);
    return frame;
}

static void expect(Fixture *f, RpcStatus status, const char *data)
{
    g_autoptr(GByteArray) payload = next(f, status);

    g_assert_cmpmem(payload->data, payload->len, data, strlen(data));
}

static void read_all(int fd, const char *expected)
{
    gsize len = strlen(expected), have = 0;
    g_autofree char *data = g_malloc(len);

    while (have < len) {
        ssize_t n = read(fd, data + have, len - have);

        g_assert_cmpint(n, >, 0);
        have += n;
    }
    g_assert_cmpmem(data, len, expected, len);
}

/* Like virsh console: talk, then finish. */
static void test_splice(Fixture *f, gconstpointer procedure)
{
    char byte;

    send_stream(f, RPC_STATUS_CONTINUE, "login\n", 6);
    read_all(shared.fd, "login\n");
    g_assert_cmpint(write(shared.fd, "Password: ", 10), ==, 10);
    expect(f, RPC_STATUS_CONTINUE, "Password: ");
    send_stream(f, RPC_STATUS_CONTINUE, "", 0);
    send_stream(f, RPC_STATUS_CONTINUE, "bye", 3);
    send_stream(f, RPC_STATUS_OK, "", 0);
    expect(f, RPC_STATUS_OK, "");
    read_all(shared.fd, "bye");
    g_assert_cmpint(read(shared.fd, &byte, 1), ==, 0);
    wait_guint(&shared.closed, 1);
    /* Late frames are dropped, and the connection goes on. */
    send_stream(f, RPC_STATUS_CONTINUE, "late", 4);
    send_stream(f, RPC_STATUS_OK, "", 0);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
}

static void test_abort(Fixture *f, gconstpointer procedure)
{
    send_stream(f, RPC_STATUS_ERROR, "", 0);
    expect(f, RPC_STATUS_OK, "");
    wait_guint(&shared.closed, 1);
}

/* What a stream holds is given back while all ordinary workers wait. */
static void test_busy(Fixture *f, gconstpointer procedure)
{
    Peer *others[(RPC_WORKERS + RPC_MAX_BUSY - 1) / RPC_MAX_BUSY];
    guint32 serial = 0;

    for (guint i = 0; i < RPC_WORKERS; i++) {
        Peer **other = &others[i / RPC_MAX_BUSY];
        if (i % RPC_MAX_BUSY == 0) {
            *other = peer_new(f->server, 0);
            peer_open(*other, 0);
        }
        serial = peer_call(*other, PROC_BLOCK, NULL, NULL);
    }
    wait_guint(&shared.blocked, RPC_WORKERS);
    send_stream(f, RPC_STATUS_ERROR, "", 0);
    expect(f, RPC_STATUS_OK, "");
    wait_guint(&shared.closed, 1);
    g_mutex_lock(&shared.lock);
    shared.go_on = TRUE;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
    peer_reply(others[G_N_ELEMENTS(others) - 1], serial, NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        peer_free(others[i]);
}

static void test_eof(Fixture *f, gconstpointer procedure)
{
    g_assert_cmpint(write(shared.fd, "end", 3), ==, 3);
    if (f->procedure == PROC_PTY) /* a hang-up takes what has not been read */
        expect(f, RPC_STATUS_CONTINUE, "end");
    close(shared.fd);
    shared.fd = -1;
    if (f->procedure != PROC_PTY)
        expect(f, RPC_STATUS_CONTINUE, "end");
    expect(f, RPC_STATUS_CONTINUE, "");
    send_stream(f, RPC_STATUS_CONTINUE, "into the void", 13);
    send_stream(f, RPC_STATUS_OK, "", 0);
    expect(f, RPC_STATUS_OK, "");
}

static void expect_error(Fixture *f, int code)
{
    g_autoptr(GByteArray) payload = next(f, RPC_STATUS_ERROR);
    RemoteError error;

    g_assert_true(
        xdr_decode(&remote_error_xdr, payload->data, payload->len, &error, NULL));
    g_assert_cmpint(error.code, ==, code);
    xdr_clear(&remote_error_xdr, &error);
    wait_guint(&shared.closed, 1);
}

static void test_server_abort(Fixture *f, gconstpointer procedure)
{
    g_autoptr(GError) error = rpc_error_new(VIR_ERR_OPERATION_FAILED, "taken over");

    rpc_stream_abort(shared.stream, error);
    expect_error(f, VIR_ERR_OPERATION_FAILED);
    rpc_stream_abort(shared.stream, error);
    rpc_stream_send_eof(shared.stream);
    g_assert_false(rpc_stream_send(shared.stream, "x", 1, NULL));
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
}

static void send_many(Fixture *f, guint bytes)
{
    g_autofree char *data = g_strnfill(64 * 1024, 'x');

    for (guint sent = 0; sent < bytes; sent += 64 * 1024)
        send_stream(f, RPC_STATUS_CONTINUE, data, 64 * 1024);
}

/* A guest that does not read its console keeps no other call waiting, and loses nothing.
 */
static void test_not_read(Fixture *f, gconstpointer procedure)
{
    g_autofree char *data = g_strnfill(768 * 1024, 'x');

    send_many(f, 768 * 1024);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
    read_all(shared.fd, data);
}

/* More than a pty takes. */
static void send_enough(Fixture *f)
{
    send_many(f, 6 * 64 * 1024);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
}

/* What is never read ends its stream, alone. */
static void test_too_much(Fixture *f, gconstpointer procedure)
{
    send_many(f, RPC_MAX_SINK_BYTES + 1024 * 1024);
    expect_error(f, VIR_ERR_OPERATION_FAILED);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
}

static void test_not_read_client_gone(Fixture *f, gconstpointer procedure)
{
    send_enough(f);
    shutdown(f->peer->fd, SHUT_RDWR);
    wait_guint(&shared.closed, 1);
}

static void test_not_read_guest_gone(Fixture *f, gconstpointer procedure)
{
    send_enough(f);
    close(shared.fd);
    shared.fd = -1;
    expect(f, RPC_STATUS_CONTINUE, "");
    send_stream(f, RPC_STATUS_OK, "", 0);
    expect(f, RPC_STATUS_OK, "");
}

static void test_hole(Fixture *f, gconstpointer procedure)
{
    RpcHeader header = { RPC_PROGRAM_REMOTE,   1,         f->procedure,
                         RPC_TYPE_STREAM_HOLE, f->serial, RPC_STATUS_CONTINUE };

    peer_send(f->peer, &header, "\0\0\0\0\0\0\1\0\0\0\0\0", 12);
    expect_error(f, VIR_ERR_OPERATION_UNSUPPORTED);
}

/* A guest that floods its console fills a bounded queue and no more. */
static void test_flood(Fixture *f, gconstpointer procedure)
{
    g_autofree char *data = g_strnfill(64 * 1024, 'y');
    gsize written = 0, got = 0;

    for (;;) {
        ssize_t n = send(shared.fd, data, 64 * 1024, MSG_DONTWAIT);

        /* How much the sockets hold is the kernel's affair: wait for what stays full. */
        struct pollfd pfd = { .fd = shared.fd, .events = POLLOUT };
        if (n > 0)
            written += n;
        else if (written > RPC_MAX_STREAM_BYTES && poll(&pfd, 1, 200) == 0)
            break;
        g_assert_cmpuint(written, <, 16 << 20);
    }
    g_assert_cmpint(peer_call(f->peer, 4711, NULL, NULL), >, 0);
    while (got < written) {
        g_autoptr(GByteArray) payload = next(f, RPC_STATUS_CONTINUE);

        g_assert_cmpint(payload->data[0], ==, 'y');
        got += payload->len;
    }
    g_assert_cmpuint(got, ==, written);
    g_assert_cmpint(peer_error(f->peer, f->peer->serial), ==, VIR_ERR_NO_SUPPORT);
}

static void test_client_gone(Fixture *f, gconstpointer procedure)
{
    send_stream(f, RPC_STATUS_CONTINUE, "x", 1);
    shutdown(f->peer->fd, SHUT_RDWR);
    wait_guint(&shared.closed, 1);
}

static void test_send(Fixture *f, gconstpointer procedure)
{
    gsize got = 0;

    for (;;) {
        g_autoptr(GByteArray) payload = next(f, RPC_STATUS_CONTINUE);

        if (!payload->len)
            break;
        g_assert_cmpuint(payload->len, <=, RPC_STREAM_CHUNK);
        for (guint i = 0; i < payload->len; i++)
            g_assert_cmpuint(payload->data[i], ==, (guint8)((got + i) * 7));
        got += payload->len;
    }
    g_assert_cmpuint(got, ==, SEND_BYTES);
    send_stream(f, RPC_STATUS_OK, "", 0);
    expect(f, RPC_STATUS_OK, "");
}

/* Keepalive overtakes the data, between two frames. */
static void test_send_ping(Fixture *f, gconstpointer procedure)
{
    RpcHeader h = {
        RPC_PROGRAM_KEEPALIVE, 1, RPC_KEEPALIVE_PING, RPC_TYPE_MESSAGE, 0, 0
    };
    gsize before = 0;

    g_byte_array_unref(next(f, RPC_STATUS_CONTINUE)); /* the sending has begun */
    peer_send(f->peer, &h, NULL, 0);
    g_byte_array_unref(peer_wait(f->peer, RPC_TYPE_MESSAGE, 0, &h));
    g_assert_cmpuint(h.procedure, ==, RPC_KEEPALIVE_PONG);
    for (GList *l = f->peer->frames.head; l; l = l->next)
        before += ((GByteArray *)l->data)->len;
    g_assert_cmpuint(before, <, SEND_BYTES / 2);
    send_stream(f, RPC_STATUS_ERROR, "", 0);
}

/* The sender waits for a client that does not read; it is freed when the client goes. */
static void test_send_gone(Fixture *f, gconstpointer procedure)
{
    g_byte_array_unref(next(f, RPC_STATUS_CONTINUE));
    shutdown(f->peer->fd, SHUT_RDWR);
    wait_guint(&shared.closed, 1);
    g_assert_true(rpc_server_stop(f->server, 10000));
    g_assert_true(shared.send_failed);
}

static void test_fail(Fixture *f, gconstpointer procedure)
{
    g_assert_cmpint(peer_error(f->peer, f->serial), ==, VIR_ERR_OPERATION_INVALID);
    wait_guint(&shared.closed, 1);
    send_stream(f, RPC_STATUS_OK, "", 0);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
}

static void test_dead(Fixture *f, gconstpointer procedure)
{
    expect_error(f, VIR_ERR_OPERATION_FAILED);
}

static void add(const char *path, void (*fn)(Fixture *, gconstpointer), guint procedure)
{
    g_test_add(path, Fixture, GUINT_TO_POINTER(procedure), set_up, fn, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/rpc/stream/splice", test_splice, PROC_SPLICE);
    add("/rpc/stream/abort", test_abort, PROC_SPLICE);
    add("/rpc/stream/busy", test_busy, PROC_SPLICE);
    add("/rpc/stream/eof", test_eof, PROC_SPLICE);
    add("/rpc/stream/pty", test_eof, PROC_PTY);
    add("/rpc/stream/server-abort", test_server_abort, PROC_SPLICE);
    add("/rpc/stream/not-read", test_not_read, PROC_SPLICE);
    add("/rpc/stream/too-much", test_too_much, PROC_SPLICE);
    add("/rpc/stream/not-read-pty", test_not_read, PROC_PTY);
    add("/rpc/stream/not-read-client-gone", test_not_read_client_gone, PROC_PTY);
    add("/rpc/stream/not-read-guest-gone", test_not_read_guest_gone, PROC_PTY);
    add("/rpc/stream/hole", test_hole, PROC_SPLICE);
    add("/rpc/stream/flood", test_flood, PROC_SPLICE);
    add("/rpc/stream/client-gone", test_client_gone, PROC_SPLICE);
    add("/rpc/stream/send", test_send, PROC_SEND);
    add("/rpc/stream/send-ping", test_send_ping, PROC_SEND);
    add("/rpc/stream/send-gone", test_send_gone, PROC_SEND);
    add("/rpc/stream/fail", test_fail, PROC_FAIL);
    add("/rpc/stream/dead", test_dead, PROC_DEAD);
    return g_test_run();
}
