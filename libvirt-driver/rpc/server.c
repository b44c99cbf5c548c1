/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "rpc/server.h"

#include <glib-unix.h>
#include <unistd.h>

#include "rpc/internal.h"

RpcServer *rpc_server_new(void)
{
    RpcServer *server = g_new0(RpcServer, 1);

    server->context = g_main_context_new();
    server->procs = remote_procs;
    server->n_procs = REMOTE_N_PROCS;
    server->keepalive_us = RPC_KEEPALIVE_SECONDS * G_TIME_SPAN_SECOND;
    server->workers =
        rpc_workers_new(RPC_WORKERS, RPC_RESERVED_WORKERS, RPC_WORKER_IDLE_MS);
    server->clients =
        g_hash_table_new_full(NULL, NULL, (GDestroyNotify)rpc_client_unref, NULL);
    g_mutex_init(&server->lock);
    g_mutex_init(&server->events_lock);
    g_cond_init(&server->stopped);
    return server;
}

void rpc_server_free(RpcServer *server)
{
    g_assert(!server->thread && !g_hash_table_size(server->clients));
    g_slist_free_full(server->listeners, (GDestroyNotify)rpc_listener_free);
    g_hash_table_unref(server->clients);
    if (server->workers)
        rpc_workers_free(server->workers);
    g_main_context_unref(server->context);
    g_mutex_clear(&server->lock);
    g_mutex_clear(&server->events_lock);
    g_cond_clear(&server->stopped);
    g_free(server);
}

void rpc_server_set_driver(RpcServer *server, gpointer driver)
{
    server->driver = driver;
}

gpointer rpc_server_get_driver(RpcServer *server)
{
    return server->driver;
}

void rpc_server_set_forward(RpcServer *server, void (*fn)(RpcCall *call, gpointer opaque),
                            gpointer opaque)
{
    server->forward = fn;
    server->forward_opaque = opaque;
}

GMainContext *rpc_server_context(RpcServer *server)
{
    return server->context;
}

void rpc_server_wake(RpcServer *server)
{
    if (!g_main_context_is_owner(server->context))
        g_main_context_wakeup(server->context);
}

void rpc_server_run(RpcServer *server, gboolean priority, void (*fn)(gpointer opaque),
                    gpointer opaque, GDestroyNotify drop)
{
    rpc_workers_push(server->workers, priority, fn, opaque, drop);
}

/* ---- clients ---- */

void rpc_server_accepted(RpcServer *server, int fd, RpcListenFlags flags)
{
    RpcClient *client = rpc_client_new(server, fd, flags);

    g_mutex_lock(&server->lock);
    client->id = ++server->last_client;
    g_hash_table_add(server->clients, rpc_client_ref(client));
    g_mutex_unlock(&server->lock);
    g_debug("client %" G_GUINT64_FORMAT " connects%s, uid %d, pid %d", client->id,
            client->read_only ? " read-only" : "",
            client->has_uid ? (int)client->uid : -1,
            client->has_uid ? (int)client->pid : -1);
    rpc_io_attach(client);
    rpc_client_unref(client);
}

void rpc_server_drop(RpcServer *server, RpcClient *client)
{
    g_mutex_lock(&server->lock);
    g_hash_table_steal(server->clients, client);
    g_mutex_unlock(&server->lock);
    rpc_client_unref(client);
}

guint rpc_server_n_clients(RpcServer *server)
{
    g_mutex_lock(&server->lock);
    guint n = g_hash_table_size(server->clients);
    g_mutex_unlock(&server->lock);
    return n;
}

/* A socket that someone else has connected. */
typedef struct Given {
    int fd;
    RpcListenFlags flags;
} Given;

static gboolean accept_given(gpointer opaque)
{
    RpcServer *server = opaque;

    g_mutex_lock(&server->lock);
    g_autofree Given *given = g_queue_pop_head(&server->given);
    gboolean stopping = server->stopping;
    g_mutex_unlock(&server->lock);
    if (stopping)
        close(given->fd);
    else
        rpc_server_accepted(server, given->fd, given->flags);
    return G_SOURCE_REMOVE;
}

void rpc_server_add_client(RpcServer *server, int fd, RpcListenFlags flags)
{
    Given *given = g_new(Given, 1);

    given->fd = fd;
    given->flags = flags;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    g_mutex_lock(&server->lock);
    g_queue_push_tail(&server->given, given);
    g_mutex_unlock(&server->lock);
    g_main_context_invoke(server->context, accept_given, server);
}

/* ---- the I/O thread ---- */

static gpointer io_main(gpointer opaque)
{
    RpcServer *server = opaque;

    g_main_context_push_thread_default(server->context);
    while (!server->quit)
        g_main_context_iteration(server->context, TRUE);
    g_main_context_pop_thread_default(server->context);
    return NULL;
}

void rpc_server_start(RpcServer *server)
{
    g_assert(!server->thread);
    for (GSList *l = server->listeners; l; l = l->next)
        rpc_listener_start(l->data, server->context);
    rpc_workers_start(server->workers);
    server->thread = g_thread_new("rpc-io", io_main, server);
}

static gboolean stop_io(gpointer opaque)
{
    RpcServer *server = opaque;

    g_slist_free_full(g_steal_pointer(&server->listeners),
                      (GDestroyNotify)rpc_listener_free);
    g_mutex_lock(&server->lock);
    GList *clients = g_hash_table_get_keys(server->clients);
    g_list_foreach(clients, (GFunc)(void (*)(void))rpc_client_ref, NULL);
    g_mutex_unlock(&server->lock);
    for (GList *l = clients; l; l = l->next)
        rpc_io_close(l->data, "the daemon ends");
    g_list_free_full(clients, (GDestroyNotify)rpc_client_unref);

    g_mutex_lock(&server->lock);
    server->stopping = TRUE;
    g_cond_broadcast(&server->stopped);
    g_mutex_unlock(&server->lock);
    return G_SOURCE_REMOVE;
}

static gboolean quit_io(gpointer opaque)
{
    ((RpcServer *)opaque)->quit = TRUE;
    return G_SOURCE_REMOVE;
}

gboolean rpc_server_stop(RpcServer *server, guint timeout_ms)
{
    if (!server->thread)
        return TRUE;
    g_main_context_invoke(server->context, stop_io, server);
    g_mutex_lock(&server->lock);
    while (!server->stopping)
        g_cond_wait(&server->stopped, &server->lock);
    g_mutex_unlock(&server->lock);
    if (!rpc_workers_stop(server->workers, timeout_ms))
        return FALSE;
    g_main_context_invoke(server->context, quit_io, server);
    g_clear_pointer(&server->thread, g_thread_join);
    return TRUE;
}
