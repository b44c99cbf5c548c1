/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/forward/: clients' calls to a daemon that does as it is told. */
#include "forward/service.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward-daemon.h"
#include "forward/relay.h"
#include "rpc-peer.h"
#include "rpc/forward.h"

#define LOOKUP FORWARD_PROC_STORAGE_POOL_LOOKUP_BY_NAME

/* ---- the fixture ---- */

typedef struct Fixture {
    Daemon daemon;
    RpcServer *server;
    ForwardService *service;
    Peer *peer, *other; /* other: a second client */
} Fixture;

static Peer *connect_peer(Fixture *f, guint32 flags)
{
    Peer *peer = peer_new(f->server, 0);

    peer_open(peer, flags);
    return peer;
}

static void set_up_with(Fixture *f, guint open_ms, gint64 keepalive_us)
{
    g_autoptr(GError) error = NULL;
    ForwardServiceOptions options = { .open_ms = open_ms, .keepalive_us = keepalive_us };

    g_mutex_init(&f->daemon.lock);
    g_cond_init(&f->daemon.changed);
    g_atomic_int_set(&f->daemon.keepalive, TRUE);
    f->daemon.serving = g_ptr_array_new();
    options.dir = f->daemon.dir = g_dir_make_tmp("forward-XXXXXX", &error);
    g_assert_no_error(error);
    f->daemon.path = g_build_filename(f->daemon.dir, "virtstoraged-sock", NULL);
    f->server = peer_server_new(NULL, 0);
    f->service = forward_service_new(f->server, &options);
    rpc_server_start(f->server);
    f->peer = connect_peer(f, 0);
    f->other = connect_peer(f, 0);
}

static void set_up(Fixture *f, gconstpointer data)
{
    set_up_with(f, 0, 0);
    daemon_start(&f->daemon);
}

static void stop_server(Fixture *f)
{
    g_clear_pointer(&f->peer, peer_free);
    g_clear_pointer(&f->other, peer_free);
    peer_server_free(f->server);
    forward_service_free(f->service);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    stop_server(f);
    if (f->daemon.thread) {
        daemon_stop(&f->daemon);
    }
    g_unlink(f->daemon.path);
    g_assert_cmpint(g_rmdir(f->daemon.dir), ==, 0);
    g_ptr_array_unref(f->daemon.serving);
    g_free(f->daemon.uri);
    g_free(f->daemon.path);
    g_free(f->daemon.dir);
    g_mutex_clear(&f->daemon.lock);
    g_cond_clear(&f->daemon.changed);
}

/* One of the daemon's numbers. */
static guint get(Fixture *f, const guint *number)
{
    g_mutex_lock(&f->daemon.lock);
    guint now = *number;
    g_mutex_unlock(&f->daemon.lock);
    return now;
}

#define COUNT(f, what) get(f, &(f)->daemon.what)

/* Returns its serial. */
static guint32 call(Peer *peer, guint32 procedure, const char *payload)
{
    RpcHeader header = {
        RPC_PROGRAM_REMOTE, 1, procedure, RPC_TYPE_CALL, 0, RPC_STATUS_OK
    };

    header.serial = ++peer->serial;
    peer_send(peer, &header, payload, strlen(payload));
    return header.serial;
}

static void expect(Peer *peer, guint32 serial, RpcStatus status, const char *payload)
{
    RpcHeader h;
    g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_REPLY, serial, &h);

    g_assert_nonnull(frame);
    g_assert_cmpuint(h.status, ==, status);
    g_assert_cmpuint(h.program, ==, RPC_PROGRAM_REMOTE);
    g_assert_cmpmem(frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN, payload,
                    strlen(payload));
}

static int failure(Peer *peer, guint32 procedure)
{
    return peer_error(peer, call(peer, procedure, "abcd"));
}

/* ---- what is passed on ---- */

/* What is in calls and replies is nobody's but the daemon's and the client's. */
static void test_calls(Fixture *f, gconstpointer data)
{
    g_autofree char *big = g_strnfill(3 << 20, 'x');
    guint32 serials[20];

    for (guint i = 0; i < G_N_ELEMENTS(serials); i++) {
        serials[i] =
            call(i % 2 ? f->peer : f->other, LOOKUP, i % 3 ? "some" : "other!!!");
    }
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++) {
        expect(i % 2 ? f->peer : f->other, serials[i], RPC_STATUS_OK,
               i % 3 ? "some" : "other!!!");
    }
    expect(f->peer, call(f->peer, LOOKUP, big), RPC_STATUS_OK, big);
    g_assert_cmpuint(COUNT(f, connections), ==, 2);
    g_assert_cmpuint(COUNT(f, calls), ==, 21);
    g_assert_cmpuint(COUNT(f, last), ==, LOOKUP);
    g_assert_cmpstr(f->daemon.uri, ==,
                    geteuid() == 0 ? "storage:///system" : "storage:///session");
    g_assert_cmpuint(COUNT(f, flags), ==, 0);
}

static void test_errors(Fixture *f, gconstpointer data)
{
    g_atomic_int_set(&f->daemon.conduct, REFUSE);
    expect(f->peer, call(f->peer, LOOKUP, "an error's bytes"), RPC_STATUS_ERROR,
           "an error's bytes");
    expect(f->peer, call(f->peer, LOOKUP, "next"), RPC_STATUS_ERROR, "next");
    g_assert_cmpuint(COUNT(f, connections), ==, 1);
}

/* A call that takes long holds up no other. */
static void test_reverse(Fixture *f, gconstpointer data)
{
    guint32 first, second;

    g_atomic_int_set(&f->daemon.conduct, REVERSE);
    first = call(f->peer, LOOKUP, "first");
    second = call(f->peer, FORWARD_PROC_STORAGE_POOL_GET_INFO, "second");
    expect(f->peer, second, RPC_STATUS_OK, "second");
    expect(f->peer, first, RPC_STATUS_OK, "first");
}

/* They come after the reply, in their order, and only those of the driver. */
static void test_events(Fixture *f, gconstpointer data)
{
    RpcHeader h;

    g_atomic_int_set(&f->daemon.conduct, EVENTS);
    expect(f->peer,
           call(f->peer, FORWARD_PROC_CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY, "reg!"),
           RPC_STATUS_OK, "reg!");
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GByteArray) frame = peer_wait(f->peer, RPC_TYPE_MESSAGE, 1, &h);

        g_assert_nonnull(frame);
        g_assert_cmpuint(h.procedure, ==, i ? 373 : 370);
        g_assert_cmpmem(frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN,
                        "\0\0\0\7", 4);
    }
}

/* ---- what is refused ---- */

static void test_read_only(Fixture *f, gconstpointer data)
{
    Peer *reader = connect_peer(f, VIR_CONNECT_RO);
    guint writes = 0;

    for (guint i = 0; i < FORWARD_N_PROCS; i++) {
        if (!(forward_procs[i].attributes & RPC_PROC_READ_ONLY)) {
            writes++;
            g_assert_cmpint(failure(reader, forward_procs[i].number), ==,
                            VIR_ERR_OPERATION_DENIED);
        }
    }
    g_assert_cmpuint(writes, >, 40);
    g_assert_cmpuint(COUNT(f, connections), ==, 0);
    expect(reader, call(reader, LOOKUP, "look"), RPC_STATUS_OK, "look");
    g_assert_cmpuint(COUNT(f, flags), ==, VIR_CONNECT_RO);
    g_assert_cmpuint(COUNT(f, calls), ==, 1);
    peer_free(reader);
}

static void test_refused(Fixture *f, gconstpointer data)
{
    static const guint32 by_name[] = { 118, 208, 209, 301 };
    g_autofree char *big = g_strnfill(FORWARD_CALL_MAX, 'x');
    Peer *closed = peer_new(f->server, 0);

    for (guint i = 0; i < G_N_ELEMENTS(by_name); i++) {
        g_assert_cmpint(failure(f->peer, by_name[i]), ==, VIR_ERR_NO_SUPPORT);
    }
    g_assert_cmpint(peer_error(f->peer, call(f->peer, LOOKUP, big)), ==, VIR_ERR_RPC);
    g_assert_cmpint(failure(closed, LOOKUP), ==, VIR_ERR_INTERNAL_ERROR); /* not open */
    peer_free(closed);
    g_assert_cmpuint(COUNT(f, connections), ==, 0);
}

/* ---- daemons that are not there, or do not do what they should ---- */

static void test_absent(void)
{
    g_autoptr(GError) error = NULL;
    Fixture f = { 0 };

    set_up_with(&f, 0, 0);
    g_assert_cmpint(failure(f.peer, LOOKUP), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_true(g_file_set_contents(f.daemon.path, "", -1, &error));
    g_assert_cmpint(failure(f.peer, LOOKUP), ==, VIR_ERR_SYSTEM_ERROR);
    g_unlink(f.daemon.path);
    daemon_start(&f.daemon); /* it has come */
    expect(f.peer, call(f.peer, LOOKUP, "here"), RPC_STATUS_OK, "here");
    tear_down(&f, NULL);
}

/* An error for who has called, and nothing for others; the next call tries again. */
static void test_hostile(Fixture *f, gconstpointer data)
{
    guint connections = 2;

    expect(f->other, call(f->other, LOOKUP, "other"), RPC_STATUS_OK, "other");
    for (guint i = WRONG_SERIAL; i < N_CONDUCTS; i++) {
        g_atomic_int_set(&f->daemon.conduct, i);
        g_assert_cmpint(failure(f->peer, LOOKUP), ==, VIR_ERR_SYSTEM_ERROR);
        wait_for_ends(&f->daemon, connections - 1);
        g_atomic_int_set(&f->daemon.conduct, ECHO);
        expect(f->other, call(f->other, LOOKUP, "other"), RPC_STATUS_OK, "other");
        expect(f->peer, call(f->peer, LOOKUP, "again"), RPC_STATUS_OK, "again");
        connections++;
        g_assert_cmpuint(COUNT(f, connections), ==, connections);
    }
}

/* All calls of the client that wait get the error. */
static void test_silent(void)
{
    Fixture f = { 0 };
    guint32 serials[3];

    set_up_with(&f, 0, 1000);
    daemon_start(&f.daemon);
    g_atomic_int_set(&f.daemon.conduct, SILENT);
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++) {
        serials[i] = call(f.peer, LOOKUP, "abcd");
    }
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++) {
        g_assert_cmpint(peer_error(f.peer, serials[i]), ==, VIR_ERR_SYSTEM_ERROR);
    }
    tear_down(&f, NULL);
    g_assert_cmpuint(f.daemon.pings, ==, 5);
}

/* Who answers pings may take as long as it likes. */
static void test_slow(void)
{
    Fixture f = { 0 };

    set_up_with(&f, 0, 500000);
    daemon_start(&f.daemon);
    g_atomic_int_set(&f.daemon.conduct, SLOW);
    expect(f.peer, call(f.peer, LOOKUP, "slow"), RPC_STATUS_OK, "slow");
    tear_down(&f, NULL);
    g_assert_cmpuint(f.daemon.pings, ==, 7);
}

static void test_opening(void)
{
    Fixture f = { 0 };

    set_up_with(&f, 50, 0);
    daemon_start(&f.daemon);
    g_atomic_int_set(&f.daemon.conduct, DEAF);
    g_assert_cmpint(failure(f.peer, LOOKUP), ==, VIR_ERR_OPERATION_TIMEOUT);
    g_atomic_int_set(&f.daemon.conduct, STRANGE);
    g_assert_cmpint(failure(f.peer, LOOKUP), ==, VIR_ERR_AUTH_FAILED);
    tear_down(&f, NULL);
}

/* ---- ends ---- */

/* The connection ends with its client, whatever waits on it. */
static void test_client_ends(Fixture *f, gconstpointer data)
{
    expect(f->other, call(f->other, LOOKUP, "done"), RPC_STATUS_OK, "done");
    g_atomic_int_set(&f->daemon.conduct, SILENT);
    g_atomic_int_set(&f->daemon.keepalive, FALSE);
    call(f->peer, LOOKUP, "abcd");
    call(f->peer, LOOKUP, "abcd");
    wait_for_calls(&f->daemon, 3);
    g_clear_pointer(&f->peer, peer_free);
    g_clear_pointer(&f->other, peer_free);
    wait_for_ends(&f->daemon, 2);
    g_assert_cmpuint(COUNT(f, closes), ==, 2);
}

/* A daemon that never answers does not keep ours from ending. */
static void test_server_ends(Fixture *f, gconstpointer data)
{
    g_atomic_int_set(&f->daemon.conduct, SILENT);
    g_atomic_int_set(&f->daemon.keepalive, FALSE);
    call(f->peer, LOOKUP, "abcd");
    wait_for_calls(&f->daemon, 1);
    g_assert_true(rpc_server_stop(f->server, 10000));
    wait_for_ends(&f->daemon, 1);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/forward/service/calls", test_calls);
    ADD("/forward/service/errors", test_errors);
    ADD("/forward/service/reverse", test_reverse);
    ADD("/forward/service/events", test_events);
    ADD("/forward/service/read-only", test_read_only);
    ADD("/forward/service/refused", test_refused);
    g_test_add_func("/forward/service/absent", test_absent);
    ADD("/forward/service/hostile", test_hostile);
    g_test_add_func("/forward/service/silent", test_silent);
    g_test_add_func("/forward/service/slow", test_slow);
    g_test_add_func("/forward/service/opening", test_opening);
    ADD("/forward/service/client-ends", test_client_ends);
    ADD("/forward/service/server-ends", test_server_ends);
    return g_test_run();
}
