/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/event.h"

#include <string.h>

#include "rpc/internal.h"

typedef struct RpcRegistration {
    RpcClient *client; /* borrowed: it drops its registrations when it ends */
    int event_id;
    gint32 callback;
    gboolean active; /* the reply that names it has been queued */
    gboolean has_uuid;
    guint8 uuid[16]; /* of the only domain that it wants */
} RpcRegistration;

/* With events_lock held; the link, or NULL. */
static GList *find(RpcServer *server, int event_id, RpcClient *client, gint32 callback)
{
    for (GList *l = server->registrations[event_id].head; l; l = l->next) {
        RpcRegistration *r = l->data;

        if (r->client == client && r->callback == callback)
            return l;
    }
    return NULL;
}

/*
 * Queues the reply and makes the registration count in one step: no event comes before
 * the reply that names its callback, and none after it is missed.
 */
static void deliver(RpcCall *call, GByteArray *reply)
{
    RpcServer *server = call->client->server;

    g_mutex_lock(&server->events_lock);
    rpc_client_send(call->client, RPC_OUT_REPLY, reply, NULL);
    GList *l = find(server, call->event_id, call->client, call->callback);
    if (l)
        ((RpcRegistration *)l->data)->active = TRUE;
    g_mutex_unlock(&server->events_lock);
}

gboolean remote_connect_domain_event_callback_register_any(
    RpcCall *call, const RemoteConnectDomainEventCallbackRegisterAnyArgs *args,
    RemoteConnectDomainEventCallbackRegisterAnyRet *ret, GError **errp)
{
    RpcClient *client = rpc_call_client(call);
    RpcServer *server = client->server;

    if (args->eventID < 0 || args->eventID >= REMOTE_N_EVENTS)
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "unsupported event ID %d",
                             args->eventID);
    RpcRegistration *r = g_new0(RpcRegistration, 1);
    r->client = client;
    r->event_id = args->eventID;
    r->has_uuid = args->dom != NULL;
    if (args->dom)
        memcpy(r->uuid, args->dom->uuid, sizeof(r->uuid));

    g_mutex_lock(&server->events_lock);
    gboolean room = client->n_registrations < RPC_MAX_REGISTRATIONS &&
                    client->last_callback < G_MAXINT32 && !rpc_client_is_closed(client);
    if (room) {
        client->n_registrations++;
        r->callback = ret->callbackID = client->last_callback++;
        g_queue_push_tail(&server->registrations[r->event_id], r);
    }
    g_mutex_unlock(&server->events_lock);
    if (!room) {
        g_free(r);
        return rpc_error_set(errp, VIR_ERR_RESOURCE_BUSY,
                             "the connection has %d event callbacks, no more are allowed",
                             RPC_MAX_REGISTRATIONS);
    }

    call->event_id = args->eventID;
    call->callback = ret->callbackID;
    call->deliver = deliver;
    return TRUE;
}

gboolean remote_connect_domain_event_callback_deregister_any(
    RpcCall *call, const RemoteConnectDomainEventCallbackDeregisterAnyArgs *args,
    GError **errp)
{
    RpcClient *client = rpc_call_client(call);
    RpcServer *server = client->server;
    gboolean found = FALSE;

    g_mutex_lock(&server->events_lock);
    for (int i = 0; i < REMOTE_N_EVENTS && !found; i++) {
        GList *l = find(server, i, client, args->callbackID);

        if (!l)
            continue;
        found = TRUE;
        client->n_registrations--;
        g_free(l->data);
        g_queue_delete_link(&server->registrations[i], l);
    }
    g_mutex_unlock(&server->events_lock);
    return found ||
           rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                         "domain event callback %d not registered", args->callbackID);
}

void rpc_events_drop_client(RpcClient *client)
{
    RpcServer *server = client->server;

    g_mutex_lock(&server->events_lock);
    for (int i = 0; i < REMOTE_N_EVENTS; i++) {
        GQueue *queue = &server->registrations[i];

        for (GList *l = queue->head, *next; l; l = next) {
            next = l->next;
            if (((RpcRegistration *)l->data)->client != client)
                continue;
            g_free(l->data);
            g_queue_delete_link(queue, l);
        }
    }
    client->n_registrations = 0;
    g_mutex_unlock(&server->events_lock);
}

void rpc_event_emit(RpcServer *server, int event_id, const void *msg)
{
    g_assert(event_id >= 0 && event_id < REMOTE_N_EVENTS);
    const RpcEvent *event = &remote_events[event_id];
    const RemoteDomain *dom = (const void *)((const guint8 *)msg + event->dom_offset);
    g_autoptr(GError) error = NULL;
    /* Stock servers give their events the serial 1. */
    RpcHeader header = { .program = RPC_PROGRAM_REMOTE,
                         .version = RPC_PROGRAM_VERSION,
                         .procedure = event->number,
                         .type = RPC_TYPE_MESSAGE,
                         .serial = 1 };
    g_autoptr(GByteArray) frame = rpc_frame_encode(&header, event->msg, msg, &error);

    if (!frame) {
        g_critical("cannot encode %s: %s", event->name, error->message);
        return;
    }
    g_mutex_lock(&server->events_lock);
    for (GList *l = server->registrations[event_id].head; l; l = l->next) {
        const RpcRegistration *r = l->data;

        if (!r->active || (r->has_uuid && memcmp(r->uuid, dom->uuid, sizeof(r->uuid))))
            continue;
        GByteArray *copy = g_byte_array_sized_new(frame->len);
        g_byte_array_append(copy, frame->data, frame->len);
        xdr_poke_u32(copy->data + RPC_FRAME_MIN, r->callback);
        rpc_client_send(r->client, RPC_OUT_EVENT, copy, NULL);
    }
    g_mutex_unlock(&server->events_lock);
}

void rpc_event_pass(RpcClient *client, GByteArray *frame)
{
    rpc_client_send(client, RPC_OUT_EVENT, frame, NULL);
}
