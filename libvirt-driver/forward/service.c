/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one lock here protects who has which connections, and is never held while anything
 * waits. The worker with the first call for a daemon opens the connection; calls that
 * come meanwhile wait in a queue, not on workers.
 */
#include "forward/service.h"

#include "forward/client.h"
#include "forward/relay.h"

enum {
    OPEN_MS = 15000, /* less than what the daemon's own end waits for */
    KEEPALIVE_SECONDS = 5,
    FEATURE_KEEPALIVE = 10,
};

static const char *const drivers[] = { "network", "storage",  "nodedev",
                                       "secret",  "nwfilter", "interface" };

/* A client's way to one driver. */
typedef struct Lane {
    ForwardRelay *relay; /* NULL: not opened yet */
    gboolean opening;    /* a worker does it */
    GQueue waiting;      /* of RpcCall, meanwhile */
} Lane;

typedef struct Owner {
    int refs; /* atomic */
    ForwardService *service;
    gboolean gone; /* the client has ended */
    Lane lanes[G_N_ELEMENTS(drivers)];
} Owner;

struct ForwardService {
    char *dir;
    guint open_ms;
    gint64 keepalive_us;
    GMutex lock;        /* of what follows, and of the owners' lanes */
    GHashTable *owners; /* RpcClient -> Owner, a reference */
};

/* Of those in forward.def all are known. */
static guint driver_index(const char *name)
{
    guint i = 0;

    while (i < G_N_ELEMENTS(drivers) && !g_str_equal(drivers[i], name)) {
        i++;
    }
    g_assert(i < G_N_ELEMENTS(drivers));
    return i;
}

/* ---- owners ---- */

static void owner_unref(gpointer opaque)
{
    Owner *owner = opaque;

    if (!g_atomic_int_dec_and_test(&owner->refs)) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_assert(!owner->lanes[i].relay && g_queue_is_empty(&owner->lanes[i].waiting));
    }
    g_free(owner);
}

/* A client has ended: a hook, see rpc_client_add_close_hook(). */
static void drop_client(RpcClient *client, gpointer opaque)
{
    ForwardService *service = opaque;
    ForwardRelay *relays[G_N_ELEMENTS(drivers)] = { NULL };
    Owner *owner = NULL;

    g_mutex_lock(&service->lock);
    if (g_hash_table_steal_extended(service->owners, client, NULL, (gpointer *)&owner)) {
        owner->gone = TRUE;
        for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
            relays[i] = g_steal_pointer(&owner->lanes[i].relay);
        }
    }
    g_mutex_unlock(&service->lock);
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_clear_pointer(&relays[i], forward_relay_close);
    }
    g_clear_pointer(&owner, owner_unref);
}

/* That of a client, made if there is none (*made); borrowed. With the lock held. */
static Owner *owner_of(ForwardService *service, RpcClient *client, gboolean *made)
{
    Owner *owner = g_hash_table_lookup(service->owners, client);

    *made = !owner;
    if (!owner) {
        owner = g_new0(Owner, 1);
        owner->refs = 1;
        owner->service = service;
        g_hash_table_insert(service->owners, client, owner);
    }
    return owner;
}

/* ---- opening ---- */

static gboolean offers_keepalive(ForwardClient *client, gboolean *offered, GError **errp)
{
    RemoteConnectSupportsFeatureArgs args = { .feature = FEATURE_KEEPALIVE };
    RemoteConnectSupportsFeatureRet ret = { 0 };

    if (!forward_call(client, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE, &args, &ret, errp)) {
        return FALSE;
    }
    *offered = ret.supported == 1;
    return TRUE;
}

/* Waits for the daemon; NULL with an error. */
static ForwardRelay *open_relay(const ForwardService *service, RpcClient *client,
                                const RpcProc *proc, GError **errp)
{
    gboolean read_only = rpc_client_is_read_only(client), keepalive = FALSE;
    g_autofree char *path = forward_socket(service->dir, proc->driver);
    ForwardRelayOptions options = { .client = client,
                                    .driver = proc->driver,
                                    .path = path };
    g_autoptr(ForwardClient) upstream = NULL;

    /* Without one it is an error as of stock virtqemud: who is told that there is no such
     * driver goes on without it, and fails for reasons that nobody understands. */
    upstream = forward_client_open(service->dir, proc->driver, read_only,
                                   service->open_ms, errp);
    if (!upstream || !offers_keepalive(upstream, &keepalive, errp)) {
        return NULL;
    }
    options.keepalive_us = keepalive ? service->keepalive_us : 0;
    return forward_relay_new(g_steal_pointer(&upstream), &options);
}

/* Those that have waited for the connection, or for the news that there is none. */
static void serve_waiting(GQueue *calls, ForwardRelay *relay, const GError *error)
{
    g_autoptr(GError) ended =
        rpc_error_new(VIR_ERR_SYSTEM_ERROR, "the connection to "
                                            "libvirt's daemon has ended");
    RpcCall *call;

    while ((call = g_queue_pop_head(calls))) {
        if (!relay || !forward_relay_call(relay, call)) {
            rpc_call_finish(call, error ? error : ended);
        }
    }
}

/* On the worker of the first of the calls that wait in the lane. Drops owner. */
static void open_lane(Owner *owner, RpcClient *client, const RpcProc *proc)
{
    ForwardService *service = owner->service;
    Lane *lane = &owner->lanes[driver_index(proc->driver)];
    g_autoptr(GError) error = NULL;
    ForwardRelay *relay = open_relay(service, client, proc, &error), *unused = NULL;
    GQueue calls;

    g_mutex_lock(&service->lock);
    lane->opening = FALSE;
    calls = lane->waiting;
    g_queue_init(&lane->waiting);
    if (owner->gone) {
        unused = relay;
    } else {
        lane->relay = relay;
    }
    /* With the lock, for else another might close it. */
    serve_waiting(&calls, relay, error);
    g_mutex_unlock(&service->lock);
    g_clear_pointer(&unused, forward_relay_close);
    owner_unref(owner);
}

/* ---- calls ---- */

static gboolean check_length(RpcCall *call)
{
    guint len = rpc_call_frame(call)->len;
    g_autoptr(GError) error = NULL;

    if (len <= FORWARD_CALL_MAX) {
        return TRUE;
    }
    error = rpc_error_new(VIR_ERR_RPC, "%s of %u bytes is too long: at most %d",
                          rpc_call_proc(call)->name, len, FORWARD_CALL_MAX);
    rpc_call_finish(call, error);
    return FALSE;
}

static void forward(RpcCall *call, gpointer opaque)
{
    ForwardService *service = opaque;
    const RpcProc *proc = rpc_call_proc(call);
    g_autoptr(RpcClient) client = rpc_client_ref(rpc_call_client(call));
    Owner *owner, *to_open = NULL;
    ForwardRelay *ended = NULL;
    gboolean made;
    Lane *lane;

    if (!check_length(call)) {
        return;
    }
    g_mutex_lock(&service->lock);
    owner = owner_of(service, client, &made);
    lane = &owner->lanes[driver_index(proc->driver)];
    if (lane->opening || !lane->relay || !forward_relay_call(lane->relay, call)) {
        g_queue_push_tail(&lane->waiting, call);
        if (!lane->opening) {
            ended = g_steal_pointer(&lane->relay);
            lane->opening = TRUE;
            g_atomic_int_inc(&owner->refs);
            to_open = owner;
        }
    }
    g_mutex_unlock(&service->lock);
    g_clear_pointer(&ended, forward_relay_close);
    if (made) {
        rpc_client_add_close_hook(client, drop_client, service, NULL);
    }
    if (to_open) {
        open_lane(to_open, client, proc);
    }
}

/* ---- the service ---- */

ForwardService *forward_service_new(RpcServer *server,
                                    const ForwardServiceOptions *options)
{
    ForwardService *service = g_new0(ForwardService, 1);

    service->dir = g_strdup(options->dir);
    service->open_ms = options->open_ms ? options->open_ms : OPEN_MS;
    service->keepalive_us = options->keepalive_us
                                ? options->keepalive_us
                                : KEEPALIVE_SECONDS * G_TIME_SPAN_SECOND;
    g_mutex_init(&service->lock);
    service->owners = g_hash_table_new_full(NULL, NULL, NULL, owner_unref);
    rpc_server_set_forward(server, forward, service);
    return service;
}

void forward_service_free(ForwardService *service)
{
    g_assert(g_hash_table_size(service->owners) == 0);
    g_hash_table_unref(service->owners);
    g_mutex_clear(&service->lock);
    g_free(service->dir);
    g_free(service);
}
