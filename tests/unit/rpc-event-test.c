/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registrations, filters, order and overflow of events. */
#include <string.h>

#include "rpc-peer.h"
#include "rpc/event.h"

static RpcServer *server;

static gint32 enrol(Peer *peer, gint32 event_id, RemoteDomain *dom)
{
    RemoteConnectDomainEventCallbackRegisterAnyArgs args = { event_id, dom };
    RemoteConnectDomainEventCallbackRegisterAnyRet ret;

    peer_do(peer, REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY,
            &remote_connect_domain_event_callback_register_any_args_xdr, &args,
            &remote_connect_domain_event_callback_register_any_ret_xdr, &ret);
    return ret.callbackID;
}

static int cancel(Peer *peer, gint32 callback)
{
    RemoteConnectDomainEventCallbackDeregisterAnyArgs args = { callback };
    guint32 serial =
        peer_call(peer, REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY,
                  &remote_connect_domain_event_callback_deregister_any_args_xdr, &args);
    RpcHeader h;
    GByteArray *frame = peer_wait(peer, RPC_TYPE_REPLY, serial, &h);

    g_assert_nonnull(frame);
    g_byte_array_unref(frame);
    return h.status;
}

static RemoteDomain domain(const char *name, guint8 uuid)
{
    RemoteDomain dom = { .name = (char *)name, .id = uuid };

    memset(dom.uuid, uuid, sizeof(dom.uuid));
    return dom;
}

static void emit(const char *name, guint8 uuid, int detail)
{
    RemoteDomainEventCallbackLifecycleMsg msg = { .dom = domain(name, uuid),
                                                  .event = VIR_DOMAIN_EVENT_STARTED,
                                                  .detail = detail };

    rpc_event_emit(server, VIR_DOMAIN_EVENT_ID_LIFECYCLE, &msg);
}

static void expect(Peer *peer, gint32 callback, const char *name, int detail)
{
    RemoteDomainEventCallbackLifecycleMsg msg;
    g_autoptr(GError) error = NULL;
    RpcHeader h;
    g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_MESSAGE, 1, &h);

    g_assert_nonnull(frame);
    g_assert_cmpuint(h.procedure, ==, 318);
    g_assert_cmpuint(h.status, ==, RPC_STATUS_OK);
    xdr_decode(&remote_domain_event_callback_lifecycle_msg_xdr, frame->data + 28,
               frame->len - 28, &msg, &error);
    g_assert_no_error(error);
    g_assert_cmpint(msg.callbackID, ==, callback);
    g_assert_cmpstr(msg.dom.name, ==, name);
    g_assert_cmpint(msg.detail, ==, detail);
    xdr_clear(&remote_domain_event_callback_lifecycle_msg_xdr, &msg);
}

static Peer *connect_peer(RpcListenFlags flags)
{
    Peer *peer = peer_new(server, flags);

    peer_open(peer, 0);
    return peer;
}

static void test_registration(void)
{
    RemoteDomain b = domain("b", 2);
    Peer *peer = connect_peer(RPC_LISTEN_READ_ONLY);
    gint32 all = enrol(peer, 0, NULL), some = enrol(peer, 0, &b);

    g_assert_cmpint(all, !=, some);
    for (int id = 1; id <= 27; id++)
        enrol(peer, id, NULL);
    emit("a", 1, 10);
    emit("b", 2, 11);
    emit("c", 3, 12);
    expect(peer, all, "a", 10);
    expect(peer, all, "b", 11);
    expect(peer, some, "b", 11);
    expect(peer, all, "c", 12);
    g_assert_cmpint(cancel(peer, all), ==, RPC_STATUS_OK);
    g_assert_cmpint(cancel(peer, all), ==, RPC_STATUS_ERROR);
    g_assert_cmpint(cancel(peer, -1), ==, RPC_STATUS_ERROR);
    emit("a", 1, 13);
    emit("b", 2, 14);
    expect(peer, some, "b", 14);
    peer_free(peer);
}

static void test_unknown_id(void)
{
    static const gint32 ids[] = { -1, 28, G_MAXINT32, G_MININT32 };
    Peer *peer = connect_peer(0);

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        RemoteConnectDomainEventCallbackRegisterAnyArgs args = { ids[i], NULL };

        g_assert_cmpint(
            peer_fail(peer, 316,
                      &remote_connect_domain_event_callback_register_any_args_xdr, &args),
            ==, VIR_ERR_INTERNAL_ERROR);
    }
    peer_free(peer);
}

static void test_too_many(void)
{
    Peer *peer = connect_peer(0);
    RemoteConnectDomainEventCallbackRegisterAnyArgs args = { 1, NULL };

    for (guint i = 0; i < RPC_MAX_REGISTRATIONS; i++)
        enrol(peer, 1, NULL);
    g_assert_cmpint(peer_fail(peer, 316,
                              &remote_connect_domain_event_callback_register_any_args_xdr,
                              &args),
                    ==, VIR_ERR_RESOURCE_BUSY);
    peer_free(peer);
}

/* Events of several threads: everybody sees the same order. */
static gpointer emitter(gpointer opaque)
{
    for (int i = 0; i < 200; i++)
        emit("x", GPOINTER_TO_UINT(opaque), i);
    return NULL;
}

static void test_order(void)
{
    Peer *peers[2] = { connect_peer(0), connect_peer(0) };
    GThread *threads[3];
    GByteArray *seen[2] = { g_byte_array_new(), g_byte_array_new() };

    for (guint i = 0; i < 2; i++)
        g_assert_cmpint(enrol(peers[i], 0, NULL), ==, 0);
    for (guint i = 0; i < 3; i++)
        threads[i] = g_thread_new("emitter", emitter, GUINT_TO_POINTER(i + 1));
    for (guint i = 0; i < 2; i++) {
        for (guint k = 0; k < 600; k++) {
            RpcHeader h;
            g_autoptr(GByteArray) frame = peer_wait(peers[i], RPC_TYPE_MESSAGE, 1, &h);

            g_byte_array_append(seen[i], frame->data, frame->len);
        }
    }
    g_assert_cmpmem(seen[0]->data, seen[0]->len, seen[1]->data, seen[1]->len);
    for (guint i = 0; i < 3; i++)
        g_thread_join(threads[i]);
    for (guint i = 0; i < 2; i++) {
        g_byte_array_unref(seen[i]);
        peer_free(peers[i]);
    }
}

/* Who does not read is disconnected; others lose nothing. */
static void test_overflow(void)
{
    Peer *deaf = connect_peer(0), *good = connect_peer(0);
    guint n = 0;

    enrol(deaf, 0, NULL);
    enrol(good, 0, NULL);
    g_autofree char *name = g_strnfill(20000, 'n');
    while (rpc_server_n_clients(server) == 2) {
        emit(name, 1, n);
        expect(good, 0, name, n++);
        g_assert_cmpuint(n, <, 10000);
    }
    /* Not before its queue was full. */
    g_assert_cmpuint(n, >, RPC_MAX_EVENT_BYTES / 21000);
    peer_wait_closed(deaf);
    emit("last", 1, 7);
    expect(good, 0, "last", 7);
    peer_free(deaf);
    peer_free(good);
}

/* Every kind of message reaches the wire. */
static void test_kinds(void)
{
    Peer *peer = connect_peer(0);

    for (int id = 0; id < REMOTE_N_EVENTS; id++) {
        const XdrType *type = remote_events[id].msg;
        g_autofree guint8 *msg = g_malloc0(type->size);
        RpcHeader h;

        *(RemoteDomain *)(void *)(msg + remote_events[id].dom_offset) = domain("d", 1);
        for (guint i = 0; i < type->n_fields; i++) {
            if (type->fields[i].kind == XDR_STRING && type->fields[i].shape == XDR_ONE)
                *(const char **)(void *)(msg + type->fields[i].offset) = "s";
        }
        if (id == VIR_DOMAIN_EVENT_ID_GRAPHICS) {
            RemoteDomainEventCallbackGraphicsMsg *g = (void *)msg;
            g->local.node = g->remote.node = (char *)"n";
            g->local.service = g->remote.service = (char *)"s";
        }
        gint32 callback = enrol(peer, id, NULL);
        rpc_event_emit(server, id, msg);
        g_autoptr(GByteArray) frame = peer_wait(peer, RPC_TYPE_MESSAGE, 1, &h);
        g_assert_cmpuint(h.procedure, ==, remote_events[id].number);
        g_assert_cmpuint(xdr_peek_u32(frame->data + 28), ==, callback);
    }
    peer_free(peer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    server = peer_server_new(NULL, 0);
    rpc_server_start(server);
    /* First: it counts the clients. */
    g_test_add_func("/rpc/event/overflow", test_overflow);
    g_test_add_func("/rpc/event/registration", test_registration);
    g_test_add_func("/rpc/event/unknown-id", test_unknown_id);
    g_test_add_func("/rpc/event/too-many", test_too_many);
    g_test_add_func("/rpc/event/order", test_order);
    g_test_add_func("/rpc/event/kinds", test_kinds);
    int status = g_test_run();
    peer_server_free(server);
    return status;
}
