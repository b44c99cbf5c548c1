/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "rpc/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "rpc/internal.h"

RpcClient *rpc_client_new(RpcServer *server, int fd, RpcListenFlags flags)
{
    RpcClient *client = g_new0(RpcClient, 1);
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    struct ucred cred;
    socklen_t cred_len = sizeof(cred);

    client->refs = 1;
    g_mutex_init(&client->lock);
    g_cond_init(&client->room);
    client->server = server;
    client->fd = fd;
    client->read_only = !!(flags & RPC_LISTEN_READ_ONLY);
    client->authenticated = !(flags & RPC_LISTEN_AUTH);
    if (!getsockname(fd, (struct sockaddr *)&address, &len))
        client->local = address.ss_family == AF_UNIX;
    if (client->local && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len)) {
        client->has_uid = TRUE;
        client->uid = cred.uid;
        client->pid = cred.pid;
    }
    return client;
}

RpcClient *rpc_client_ref(RpcClient *client)
{
    g_atomic_int_inc(&client->refs);
    return client;
}

void rpc_client_unref(RpcClient *client)
{
    if (!g_atomic_int_dec_and_test(&client->refs))
        return;
    g_assert(!client->streams && g_queue_is_empty(&client->hooks));
    g_queue_clear_full(&client->out, (GDestroyNotify)rpc_out_free);
    rpc_reader_clear(&client->reader);
    g_free(client->uri);
    g_free(client->disconnect);
    g_mutex_clear(&client->lock);
    g_cond_clear(&client->room);
    g_free(client);
}

RpcServer *rpc_client_server(const RpcClient *client)
{
    return client->server;
}

guint64 rpc_client_id(const RpcClient *client)
{
    return client->id;
}

gboolean rpc_client_is_read_only(RpcClient *client)
{
    g_mutex_lock(&client->lock);
    gboolean read_only = client->read_only;
    g_mutex_unlock(&client->lock);
    return read_only;
}

gboolean rpc_client_is_closed(RpcClient *client)
{
    g_mutex_lock(&client->lock);
    gboolean closed = client->closed;
    g_mutex_unlock(&client->lock);
    return closed;
}

gboolean rpc_client_get_uid(const RpcClient *client, uid_t *uid)
{
    if (client->has_uid)
        *uid = client->uid;
    return client->has_uid;
}

static void disconnect_locked(RpcClient *client, const char *reason)
{
    if (!client->disconnect)
        client->disconnect = g_strdup(reason);
}

void rpc_client_close_when_sent(RpcClient *client)
{
    g_mutex_lock(&client->lock);
    client->close_when_sent = TRUE;
    g_mutex_unlock(&client->lock);
    rpc_server_wake(client->server);
}

/* ---- output queue ---- */

void rpc_out_free(RpcOut *out)
{
    g_byte_array_unref(out->frame);
    if (out->stream)
        rpc_stream_unref(out->stream);
    g_free(out);
}

/* A keepalive goes before everything but a frame that has been begun. */
static void push_keepalive(RpcClient *client, RpcOut *out)
{
    RpcOut *head = g_queue_peek_head(&client->out);

    client->keepalive_queued = TRUE;
    g_queue_push_nth(&client->out, out, head && head->sent ? 1 : 0);
}

static void push_event(RpcClient *client, RpcOut *out)
{
    client->n_events++;
    client->event_bytes += out->frame->len;
    if (client->n_events > RPC_MAX_EVENTS || client->event_bytes > RPC_MAX_EVENT_BYTES)
        disconnect_locked(client, "it does not read its events");
    g_queue_push_tail(&client->out, out);
}

void rpc_client_send_locked(RpcClient *client, RpcOutKind kind, GByteArray *frame,
                            RpcStream *stream)
{
    if (client->closed || client->disconnect) {
        g_byte_array_unref(frame);
        return;
    }
    RpcOut *out = g_new0(RpcOut, 1);
    out->frame = frame;
    out->kind = kind;
    out->stream = stream ? rpc_stream_ref(stream) : NULL;
    if (kind == RPC_OUT_KEEPALIVE)
        push_keepalive(client, out);
    else if (kind == RPC_OUT_EVENT)
        push_event(client, out);
    else
        g_queue_push_tail(&client->out, out);
}

void rpc_client_send(RpcClient *client, RpcOutKind kind, GByteArray *frame,
                     RpcStream *stream)
{
    g_mutex_lock(&client->lock);
    rpc_client_send_locked(client, kind, frame, stream);
    g_mutex_unlock(&client->lock);
    rpc_server_wake(client->server);
}

/* ---- close hooks ---- */

typedef struct HookRun {
    RpcClient *client;
    GQueue hooks;
} HookRun;

static void hook_free(gpointer opaque)
{
    RpcHook *hook = opaque;

    if (hook->destroy)
        hook->destroy(hook->opaque);
    g_free(hook);
}

static void drop_hooks(gpointer opaque)
{
    HookRun *run = opaque;

    g_queue_clear_full(&run->hooks, hook_free);
    rpc_client_unref(run->client);
    g_free(run);
}

static void run_hooks(gpointer opaque)
{
    HookRun *run = opaque;

    for (GList *l = run->hooks.head; l; l = l->next) {
        RpcHook *hook = l->data;

        hook->fn(run->client, hook->opaque);
    }
    drop_hooks(run);
}

void rpc_client_run_hooks(RpcClient *client)
{
    HookRun *run = g_new0(HookRun, 1);

    run->client = rpc_client_ref(client);
    g_mutex_lock(&client->lock);
    run->hooks = client->hooks;
    g_queue_init(&client->hooks);
    g_mutex_unlock(&client->lock);
    if (g_queue_is_empty(&run->hooks)) {
        rpc_client_unref(client);
        g_free(run);
        return;
    }
    /* Not behind calls that take long: it may be what ends them. */
    rpc_server_run(client->server, TRUE, run_hooks, run, drop_hooks);
}

guint64 rpc_client_add_close_hook(RpcClient *client, RpcCloseHook fn, gpointer opaque,
                                  GDestroyNotify destroy)
{
    RpcHook *hook = g_new0(RpcHook, 1);

    hook->fn = fn;
    hook->opaque = opaque;
    hook->destroy = destroy;
    g_mutex_lock(&client->lock);
    guint64 id = hook->id = ++client->last_hook;
    g_queue_push_tail(&client->hooks, hook);
    gboolean closed = client->closed;
    g_mutex_unlock(&client->lock);
    if (closed)
        rpc_client_run_hooks(client);
    return id;
}

gboolean rpc_client_remove_close_hook(RpcClient *client, guint64 id)
{
    RpcHook *found = NULL;

    g_mutex_lock(&client->lock);
    for (GList *l = client->hooks.head; l; l = l->next) {
        if (((RpcHook *)l->data)->id != id)
            continue;
        found = l->data;
        g_queue_delete_link(&client->hooks, l);
        break;
    }
    g_mutex_unlock(&client->lock);
    if (found)
        hook_free(found);
    return found != NULL;
}
