/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Concurrency: limits, priority, order, keepalive, close hooks, the end. */
#include <stdio.h>
#include <unistd.h>

#include "rpc-peer.h"
#include "rpc/protocol.h"

enum { PROC_BLOCK = 1000, PROC_QUICK, PROC_URGENT, PROC_HOOK };

/* What the handlers share with the test. */
static struct {
    GMutex lock;
    GCond cond;
    guint begun, most, inside; /* blocking handlers */
    gboolean go_on;
    guint hooks, destroyed;
    RpcClient *client; /* of the last PROC_HOOK; a reference */
    guint64 hook_id;
} shared;

static gboolean handle_block(RpcCall *call, const void *args, void *ret, GError **errp)
{
    g_mutex_lock(&shared.lock);
    shared.begun++;
    shared.inside++;
    shared.most = MAX(shared.most, shared.inside);
    g_cond_broadcast(&shared.cond);
    while (!shared.go_on)
        g_cond_wait(&shared.cond, &shared.lock);
    shared.inside--;
    g_mutex_unlock(&shared.lock);
    return TRUE;
}

static gboolean handle_quick(RpcCall *call, const void *args, void *ret, GError **errp)
{
    return TRUE;
}

static void on_close(RpcClient *client, gpointer opaque)
{
    g_mutex_lock(&shared.lock);
    g_assert_true(rpc_client_is_closed(client));
    g_assert_cmpuint(shared.hooks, ==, GPOINTER_TO_UINT(opaque) - 1);
    shared.hooks++;
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

static gboolean handle_hook(RpcCall *call, const void *args, void *ret, GError **errp)
{
    RpcClient *client = rpc_call_client(call);

    rpc_client_add_close_hook(client, on_close, GUINT_TO_POINTER(1), on_destroy);
    guint64 id = rpc_client_add_close_hook(client, on_close, NULL, on_destroy);
    rpc_client_add_close_hook(client, on_close, GUINT_TO_POINTER(2), on_destroy);
    if (!rpc_client_remove_close_hook(client, id) ||
        rpc_client_remove_close_hook(client, id))
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "removal");
    shared.client = rpc_client_ref(client);
    return TRUE;
}

static const RpcProc extra[] = {
    { .number = PROC_BLOCK,
      .name = "BLOCK",
      .flags_offset = -1,
      .handler = handle_block },
    { .number = PROC_QUICK,
      .name = "QUICK",
      .flags_offset = -1,
      .handler = handle_quick },
    { .number = PROC_URGENT,
      .name = "URGENT",
      .attributes = RPC_PROC_PRIORITY,
      .flags_offset = -1,
      .handler = handle_quick },
    { .number = PROC_HOOK, .name = "HOOK", .flags_offset = -1, .handler = handle_hook },
};

static RpcServer *new_server(void)
{
    RpcServer *server = peer_server_new(extra, G_N_ELEMENTS(extra));

    memset(&shared, 0, sizeof(shared));
    return server;
}

static void wait_for(const guint *counter, guint value)
{
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    g_mutex_lock(&shared.lock);
    while (*counter < value)
        g_assert_true(g_cond_wait_until(&shared.cond, &shared.lock, until));
    g_mutex_unlock(&shared.lock);
}

static void release(void)
{
    g_mutex_lock(&shared.lock);
    shared.go_on = TRUE;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
}

static void send_keepalive(Peer *peer, guint32 procedure)
{
    RpcHeader header = { RPC_PROGRAM_KEEPALIVE, 1, procedure, RPC_TYPE_MESSAGE, 0, 0 };

    peer_send(peer, &header, NULL, 0);
}

/* Waits for a keepalive message; FALSE when the connection ends instead. */
static gboolean wait_keepalive(Peer *peer, guint32 procedure)
{
    RpcHeader h;
    g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_MESSAGE, 0, &h);

    if (!frame)
        return FALSE;
    g_assert_cmpuint(h.program, ==, RPC_PROGRAM_KEEPALIVE);
    g_assert_cmpuint(h.procedure, ==, procedure);
    g_assert_cmpuint(frame->len, ==, RPC_FRAME_MIN);
    return TRUE;
}

/* A reply may overtake that of an earlier call. */
static void test_order(void)
{
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0);

    peer_open(peer, 0);
    guint32 slow = peer_call(peer, PROC_BLOCK, NULL, NULL);
    wait_for(&shared.begun, 1);
    peer_do(peer, PROC_QUICK, NULL, NULL, NULL, NULL);
    release();
    peer_reply(peer, slow, NULL, NULL);
    peer_free(peer);
    peer_server_free(server);
}

/*
 * One client fills its limit with calls that wait: keepalive is answered, and so are its
 * urgent calls, and all of other clients.
 */
static void test_limit(void)
{
    guint32 serials[RPC_MAX_BUSY + 10];
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0), *other = peer_new(server, 0);

    G_STATIC_ASSERT(RPC_MAX_BUSY >= 16 && RPC_MAX_BUSY <= RPC_WORKERS / 4);
    peer_open(peer, 0);
    peer_open(other, 0);
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++)
        serials[i] = peer_call(peer, PROC_BLOCK, NULL, NULL);
    wait_for(&shared.begun, RPC_MAX_BUSY);
    for (guint i = 0; i < 3; i++) {
        send_keepalive(peer, RPC_KEEPALIVE_PING);
        g_assert_true(wait_keepalive(peer, RPC_KEEPALIVE_PONG));
    }
    for (guint i = 0; i < RPC_MAX_IN_FLIGHT; i++)
        peer_do(peer, PROC_URGENT, NULL, NULL, NULL, NULL);
    peer_do(other, PROC_URGENT, NULL, NULL, NULL, NULL);
    peer_do(other, PROC_QUICK, NULL, NULL, NULL, NULL);
    g_mutex_lock(&shared.lock);
    g_assert_cmpuint(shared.begun, ==, RPC_MAX_BUSY);
    g_mutex_unlock(&shared.lock);
    release();
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++)
        peer_reply(peer, serials[i], NULL, NULL);
    g_assert_cmpuint(shared.begun, ==, G_N_ELEMENTS(serials));
    g_assert_cmpuint(shared.most, <=, RPC_MAX_BUSY);
    peer_free(peer);
    peer_free(other);
    peer_server_free(server);
}

/* A client that has more waiting than we hold is not read, but hears that we live. */
static void test_sign_of_life(void)
{
    guint n = RPC_MAX_BUSY + RPC_MAX_HELD + 20;
    RpcServer *server = new_server();
    server->keepalive_us = 200 * 1000; /* five of them end it, also under load */
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0);

    peer_open(peer, 0);
    send_keepalive(peer, RPC_KEEPALIVE_PING);
    g_assert_true(wait_keepalive(peer, RPC_KEEPALIVE_PONG));
    guint32 first = peer->serial + 1;
    for (guint i = 0; i < n; i++)
        peer_call(peer, PROC_BLOCK, NULL, NULL);
    for (guint i = 0; i < 5; i++)
        g_assert_true(wait_keepalive(peer, RPC_KEEPALIVE_PONG));
    release();
    for (guint i = 0; i < n; i++)
        peer_reply(peer, first + i, NULL, NULL);
    peer_free(peer);
    peer_server_free(server);
}

/*
 * We ping only who asked for it, and give up on who does not answer. Pings may be on
 * their way when the last answer is sent: they come on top.
 */
static void test_pings(void)
{
    RemoteConnectSupportsFeatureArgs args = { 10 };
    RemoteConnectSupportsFeatureRet ret;
    RpcServer *server = new_server();
    server->keepalive_us = 200 * 1000; /* five of them end it, also under load */
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0);

    peer_do(peer, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE,
            &remote_connect_supports_feature_args_xdr, &args,
            &remote_connect_supports_feature_ret_xdr, &ret);
    for (guint i = 0; i < RPC_KEEPALIVE_COUNT + 2; i++) {
        g_assert_true(wait_keepalive(peer, RPC_KEEPALIVE_PING));
        send_keepalive(peer, RPC_KEEPALIVE_PONG);
    }
    guint unanswered = 0;
    while (wait_keepalive(peer, RPC_KEEPALIVE_PING))
        g_assert_cmpuint(++unanswered, <, 10 * RPC_KEEPALIVE_COUNT);
    g_assert_cmpuint(unanswered, >=, RPC_KEEPALIVE_COUNT);
    peer_free(peer);
    peer_server_free(server);
}

static void test_hooks(void)
{
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0);

    peer_open(peer, 0);
    peer_do(peer, PROC_HOOK, NULL, NULL, NULL, NULL);
    g_assert_cmpuint(shared.destroyed, ==, 1);
    peer_free(peer);
    wait_for(&shared.hooks, 2);
    wait_for(&shared.destroyed, 3);
    /* Too late: it runs at once. */
    rpc_client_add_close_hook(shared.client, on_close, GUINT_TO_POINTER(3), on_destroy);
    wait_for(&shared.hooks, 3);
    rpc_client_unref(shared.client);
    peer_server_free(server);
    g_assert_cmpuint(shared.destroyed, ==, 4);
}

/* A handler may end its connection; its reply has nowhere to go. */
static void test_gone(void)
{
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0);

    peer_open(peer, 0);
    for (guint i = 0; i < RPC_MAX_BUSY + 5; i++)
        peer_call(peer, PROC_BLOCK, NULL, NULL);
    wait_for(&shared.begun, RPC_MAX_BUSY);
    peer_free(peer);
    while (rpc_server_n_clients(server))
        g_thread_yield();
    release();
    peer_server_free(server);
    /* What had not begun when the client went has not happened. */
    g_assert_cmpuint(shared.begun, ==, RPC_MAX_BUSY);
}

static void test_stop(void)
{
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peer = peer_new(server, 0), *silent = peer_new(server, 0);

    peer_open(peer, 0);
    peer_do(peer, PROC_HOOK, NULL, NULL, NULL, NULL);
    peer_call(peer, PROC_BLOCK, NULL, NULL);
    wait_for(&shared.begun, 1);
    g_assert_false(rpc_server_stop(server, 10));
    peer_wait_closed(peer);
    peer_wait_closed(silent);
    release();
    peer_server_free(server);
    g_assert_cmpuint(shared.hooks, ==, 2);
    rpc_client_unref(shared.client);
    peer_free(peer);
    peer_free(silent);
}

static void not_run(gpointer opaque)
{
    g_assert_not_reached();
}

static void count_drop(gpointer opaque)
{
    ++*(guint *)opaque;
}

/* Threads of the driver may still have work for a server that has stopped. */
static void test_late(void)
{
    RpcServer *server = new_server();
    guint dropped = 0;

    rpc_server_start(server);
    g_assert_true(rpc_server_stop(server, 10000));
    rpc_server_run(server, FALSE, not_run, &dropped, count_drop);
    rpc_server_run(server, TRUE, not_run, &dropped, count_drop);
    rpc_server_run(server, TRUE, not_run, NULL, NULL);
    g_assert_cmpuint(dropped, ==,
                     2); /* at once: what it holds may end before the server */
    peer_server_free(server);
}

/* Who puts a socket of his own in the place of ours keeps it. */
static void test_socket_of_another(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-rpc-XXXXXX", NULL);
    g_autofree char *ours = g_build_filename(dir, "ours", NULL);
    g_autofree char *taken = g_build_filename(dir, "taken", NULL);
    g_autofree char *away = g_build_filename(dir, "away", NULL);
    RpcServer *server = new_server();
    g_autoptr(GError) err = NULL;

    g_assert_true(rpc_server_listen_unix(server, ours, (gid_t)-1, 0, &err));
    g_assert_true(rpc_server_listen_unix(server, taken, (gid_t)-1, 0, &err));
    g_assert_cmpint(rename(taken, away), ==, 0);
    g_assert_true(g_file_set_contents(taken, "", 0, &err));
    rpc_server_start(server);
    peer_server_free(server);
    g_assert_cmpint(access(ours, F_OK), ==, -1);
    g_assert_cmpint(unlink(taken), ==, 0);
    g_assert_cmpint(unlink(away), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* Many clients at once, each with calls in flight, coming and going. */
static void test_crowd(void)
{
    RpcServer *server = new_server();
    rpc_server_start(server);
    Peer *peers[64];

    for (guint round = 0; round < 4; round++) {
        for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
            peers[i] = peer_new(server, 0);
            peer_call(peers[i], REMOTE_PROC_AUTH_LIST, NULL, NULL);
        }
        for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
            RemoteAuthListRet ret;

            if (i % 2) {
                peer_reply(peers[i], 1, &remote_auth_list_ret_xdr, &ret);
                xdr_clear(&remote_auth_list_ret_xdr, &ret);
            }
            peer_free(peers[i]);
        }
    }
    peer_server_free(server);
}

/* Looking on never waits for others' calls; what takes a domain's job may not. */
static void test_rows(void)
{
    static const guint32 high[] = {
        REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS, REMOTE_PROC_CONNECT_GET_CAPABILITIES,
        REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME,    REMOTE_PROC_DOMAIN_GET_XML_DESC,
        REMOTE_PROC_DOMAIN_GET_STATE,         REMOTE_PROC_DOMAIN_GET_INFO,
        REMOTE_PROC_DOMAIN_ABORT_JOB,         REMOTE_PROC_DOMAIN_DESTROY_FLAGS,
    };
    static const guint32 low[] = { REMOTE_PROC_DOMAIN_CREATE, REMOTE_PROC_DOMAIN_UNDEFINE,
                                   REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS };
    guint n_high = 0, n_low = 0;

    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        gboolean is_high = (remote_procs[i].attributes & RPC_PROC_PRIORITY) != 0;

        for (guint j = 0; j < G_N_ELEMENTS(high); j++)
            n_high += remote_procs[i].number == high[j] && is_high;
        for (guint j = 0; j < G_N_ELEMENTS(low); j++)
            n_low += remote_procs[i].number == low[j] && !is_high;
    }
    g_assert_cmpuint(n_high, ==, G_N_ELEMENTS(high));
    g_assert_cmpuint(n_low, ==, G_N_ELEMENTS(low));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/server/order", test_order);
    g_test_add_func("/rpc/server/limit", test_limit);
    g_test_add_func("/rpc/server/rows", test_rows);
    g_test_add_func("/rpc/server/sign-of-life", test_sign_of_life);
    g_test_add_func("/rpc/server/pings", test_pings);
    g_test_add_func("/rpc/server/hooks", test_hooks);
    g_test_add_func("/rpc/server/gone", test_gone);
    g_test_add_func("/rpc/server/stop", test_stop);
    g_test_add_func("/rpc/server/late", test_late);
    g_test_add_func("/rpc/server/socket-of-another", test_socket_of_another);
    g_test_add_func("/rpc/server/crowd", test_crowd);
    return g_test_run();
}
