/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a call on its worker: checks, arguments, handler, reply. */
#include <stdlib.h>
#include <string.h>

#include "rpc/forward.h"
#include "rpc/internal.h"
#include "rpc/qemu.h"

typedef struct RpcAfter {
    void (*fn)(gpointer opaque);
    gpointer opaque;
    GDestroyNotify destroy;
} RpcAfter;

static int compare_number(const void *key, const void *row)
{
    guint32 number = *(const guint32 *)key, other = ((const RpcProc *)row)->number;

    return (number > other) - (number < other);
}

static const RpcProc *find_in(const RpcProc *procs, gsize n, const RpcHeader *h)
{
    return bsearch(&h->procedure, procs, n, sizeof(RpcProc), compare_number);
}

/* Rows of calls that the daemon itself makes have no handler; clients' are forwarded. */
static const RpcProc *find_remote(const RpcServer *server, const RpcHeader *h)
{
    const RpcProc *proc = find_in(server->procs, server->n_procs, h);
    const RpcProc *forwarded =
        proc && proc->handler ? NULL : find_in(forward_procs, FORWARD_N_PROCS, h);

    return forwarded ? forwarded : proc;
}

/* NULL: there is none. */
static const RpcProc *find(const RpcServer *server, const RpcHeader *h)
{
    if (h->version != RPC_PROGRAM_VERSION)
        return NULL;
    switch (h->program) {
    case RPC_PROGRAM_REMOTE:
        return find_remote(server, h);
    case RPC_PROGRAM_QEMU:
        return find_in(qemu_procs, QEMU_N_PROCS, h);
    default:
        return NULL;
    }
}

RpcCall *rpc_call_new(RpcClient *client, GByteArray *frame)
{
    RpcCall *call = g_new0(RpcCall, 1);

    call->users = 1;
    call->client = rpc_client_ref(client);
    call->frame = frame;
    call->header = rpc_frame_header(frame);
    call->proc = find(client->server, &call->header);
    return call;
}

gboolean rpc_call_has_priority(const RpcCall *call)
{
    return !call->proc || call->proc->attributes & RPC_PROC_PRIORITY;
}

static void after_free(gpointer opaque)
{
    RpcAfter *after = opaque;

    if (after->destroy)
        after->destroy(after->opaque);
    g_free(after);
}

void rpc_call_free(RpcCall *call)
{
    g_slist_free_full(call->after, after_free);
    if (call->stream)
        rpc_stream_unref(call->stream);
    g_byte_array_unref(call->frame);
    rpc_client_unref(call->client);
    g_free(call);
}

RpcClient *rpc_call_client(const RpcCall *call)
{
    return call->client;
}

RpcServer *rpc_call_server(const RpcCall *call)
{
    return call->client->server;
}

RpcStream *rpc_call_open_stream(RpcCall *call)
{
    g_assert(call->proc->attributes & RPC_PROC_STREAM && !call->stream);
    call->stream = rpc_stream_new(call->client, &call->header);
    return rpc_stream_ref(call->stream);
}

void rpc_call_after_reply(RpcCall *call, void (*fn)(gpointer opaque), gpointer opaque,
                          GDestroyNotify destroy)
{
    RpcAfter *after = g_new(RpcAfter, 1);

    after->fn = fn;
    after->opaque = opaque;
    after->destroy = destroy;
    call->after = g_slist_prepend(call->after, after);
}

/* ---- checks ---- */

static gboolean set_unknown(const RpcHeader *h, GError **errp)
{
    guint32 number = h->procedure;
    const char *name = h->program == RPC_PROGRAM_REMOTE ? rpc_proc_name(number) : NULL;

    return name ? rpc_error_set(errp, VIR_ERR_NO_SUPPORT, "%s", name)
                : rpc_error_set(errp, VIR_ERR_NO_SUPPORT, "procedure %u", number);
}

static gboolean check_known(const RpcCall *call, GError **errp)
{
    const RpcHeader *h = &call->header;

    if ((h->program != RPC_PROGRAM_REMOTE && h->program != RPC_PROGRAM_QEMU) ||
        h->version != RPC_PROGRAM_VERSION)
        return rpc_error_set(errp, VIR_ERR_RPC, "Cannot find program %u version %u",
                             h->program, h->version);
    if (!call->proc)
        return set_unknown(h, errp);
    return TRUE;
}

/* What the connection may do in its present state; also after the arguments are known. */
static gboolean check_allowed(const RpcCall *call, GError **errp)
{
    const RpcProc *proc = call->proc;
    RpcClient *client = call->client;

    g_mutex_lock(&client->lock);
    gboolean authenticated = client->authenticated, opened = client->opened;
    gboolean read_only = client->read_only;
    guint n_streams = client->n_streams;
    g_mutex_unlock(&client->lock);
    if (!authenticated && !(proc->attributes & RPC_PROC_BEFORE_AUTH))
        return rpc_error_set(errp, VIR_ERR_RPC, "authentication required");
    if (!opened && !(proc->attributes & RPC_PROC_BEFORE_OPEN))
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "connection not open");
    if (!proc->handler && !(proc->driver && client->server->forward))
        return rpc_error_set(errp, VIR_ERR_NO_SUPPORT, "%s", proc->name);
    if (read_only && !(proc->attributes & RPC_PROC_READ_ONLY))
        return rpc_error_set(errp, VIR_ERR_OPERATION_DENIED,
                             "read only access prevents %s (%s)", proc->name, proc->acl);
    if (proc->attributes & RPC_PROC_STREAM && n_streams >= RPC_MAX_STREAMS)
        return rpc_error_set(errp, VIR_ERR_RESOURCE_BUSY,
                             "the connection has %u streams, no more are allowed",
                             n_streams);
    return TRUE;
}

static gboolean check_flags(const RpcCall *call, const void *args, GError **errp)
{
    const RpcProc *proc = call->proc;
    guint32 flags;

    if (proc->flags_offset < 0)
        return TRUE;
    memcpy(&flags, (const guint8 *)args + proc->flags_offset, sizeof(flags));
    if (flags & ~proc->flags)
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "unsupported flags (0x%x) in function %s",
                             flags & ~proc->flags, proc->name);
    if (flags & proc->rw_flags && rpc_client_is_read_only(call->client))
        return rpc_error_set(errp, VIR_ERR_OPERATION_DENIED,
                             "read only access prevents %s with flags 0x%x", proc->name,
                             flags & proc->rw_flags);
    return TRUE;
}

/* ---- execution ---- */

static void forward(RpcCall *call)
{
    RpcServer *server = call->client->server;

    rpc_call_defer(call);
    server->forward(call, server->forward_opaque);
}

/* The reply's frame; or NULL with an error, or if the call has been deferred. */
static GByteArray *execute(RpcCall *call, GError **errp)
{
    const RpcProc *proc = call->proc;
    RpcHeader header = call->header;
    GByteArray *frame = NULL;

    if (!check_known(call, errp) || !check_allowed(call, errp))
        return NULL;
    if (!proc->handler) {
        forward(call);
        return NULL;
    }
    const guint8 *payload = call->frame->data + RPC_FRAME_MIN;
    gsize len = call->frame->len - RPC_FRAME_MIN;
    g_autofree void *args = proc->args ? g_malloc0(proc->args->size) : NULL;
    g_autofree void *ret = proc->ret ? g_malloc0(proc->ret->size) : NULL;
    if (!proc->args && len) {
        rpc_error_set(errp, VIR_ERR_RPC, "%" G_GSIZE_FORMAT " bytes too many after %s",
                      len, proc->name);
        return NULL;
    }
    if (proc->args && !xdr_decode(proc->args, payload, len, args, errp))
        return NULL;
    if (check_flags(call, args, errp) && proc->handler(call, args, ret, errp)) {
        header.type = RPC_TYPE_REPLY;
        header.status = RPC_STATUS_OK;
        frame = rpc_frame_encode(&header, proc->ret, ret, errp);
    }
    xdr_clear(proc->args, args);
    xdr_clear(proc->ret, ret);
    return frame;
}

static void reply_error(RpcCall *call, const GError *error)
{
    g_autoptr(GError) own = NULL;

    if (!error) /* a handler that failed without saying why */
        error = own =
            rpc_error_new(VIR_ERR_INTERNAL_ERROR, "%s failed", call->proc->name);
    g_debug("client %" G_GUINT64_FORMAT " procedure %u: %s", call->client->id,
            call->header.procedure, error->message);
    rpc_client_send(call->client, RPC_OUT_REPLY,
                    rpc_frame_error(&call->header, RPC_TYPE_REPLY, error), NULL);
}

static void release(RpcCall *call)
{
    if (g_atomic_int_dec_and_test(&call->users))
        rpc_call_free(call);
}

void rpc_call_defer(RpcCall *call)
{
    g_assert(!call->proc->ret && !call->stream && !call->deferred);
    g_atomic_int_inc(&call->users);
    call->deferred = TRUE;
}

void rpc_call_finish(RpcCall *call, const GError *error)
{
    RpcHeader header = call->header;

    if (error) {
        reply_error(call, error);
    } else {
        header.type = RPC_TYPE_REPLY;
        header.status = RPC_STATUS_OK;
        rpc_client_send(call->client, RPC_OUT_REPLY, rpc_frame_raw(&header, NULL, 0),
                        NULL);
    }
    release(call);
}

const RpcProc *rpc_call_proc(const RpcCall *call)
{
    return call->proc;
}

GByteArray *rpc_call_frame(RpcCall *call)
{
    return call->frame;
}

void rpc_call_finish_frame(RpcCall *call, GByteArray *reply)
{
    rpc_frame_set_serial(reply, call->header.serial);
    rpc_client_send(call->client, RPC_OUT_REPLY, reply, NULL);
    release(call);
}

/* The worker is free again for other calls. */
static void end_call(RpcCall *call)
{
    RpcClient *client = call->client;

    if (!rpc_call_has_priority(call)) {
        g_mutex_lock(&client->lock);
        client->busy--;
        g_mutex_unlock(&client->lock);
        rpc_server_wake(client->server);
    }
    release(call);
}

void rpc_call_drop(gpointer call)
{
    end_call(call);
}

void rpc_call_run(gpointer opaque)
{
    RpcCall *call = opaque;
    g_autoptr(GError) error = NULL;

    /* Nobody waits for it any more: what has not begun shall not happen. */
    if (rpc_client_is_closed(call->client)) {
        end_call(call);
        return;
    }
    GByteArray *frame = execute(call, &error);
    gboolean success = frame != NULL;
    if (call->deferred) {
        g_clear_pointer(&frame, g_byte_array_unref);
        end_call(call);
        return;
    }
    if (!success)
        reply_error(call, error);
    if (call->stream)
        rpc_stream_opened(call->stream, frame);
    else if (success && call->deliver)
        call->deliver(call, frame);
    else if (success)
        rpc_client_send(call->client, RPC_OUT_REPLY, frame, NULL);
    call->after = g_slist_reverse(call->after);
    for (GSList *l = success ? call->after : NULL; l; l = l->next)
        ((RpcAfter *)l->data)->fn(((RpcAfter *)l->data)->opaque);
    end_call(call);
}
