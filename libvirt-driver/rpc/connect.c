/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The procedures of a connection that need to know nothing of domains. */
#include "config.h"

#include <libvirt/libvirt.h>
#include <string.h>
#include <unistd.h>

#include "rpc/internal.h"
#include "util/hostname.h"

/* ---- authentication ---- */

enum { AUTH_NONE = 0 };

gboolean remote_auth_list(RpcCall *call, RemoteAuthListRet *ret, GError **errp)
{
    ret->n_types = 1;
    ret->types = g_new(gint32, 1);
    ret->types[0] = AUTH_NONE;
    return TRUE;
}

gboolean remote_auth_polkit(RpcCall *call, RemoteAuthPolkitRet *ret, GError **errp)
{
    return rpc_error_set(
        errp, VIR_ERR_AUTH_FAILED,
        "client tried to authenticate with polkit, which is not offered");
}

/* ---- opening and closing ---- */

/* The URI that a client asks for, without parameters; NULL with an error. */
static char *check_uri(const char *name, GError **errp)
{
    static const char *const schemes[] = { "vireo", "qemu", NULL };
    gboolean system = geteuid() == 0;

    if (!name || !*name)
        return g_strdup(system ? "vireo:///system" : "vireo:///session");
    const char *colon = strstr(name, "://");
    gsize scheme_len = strcspn(name, "+:");
    g_autofree char *scheme = g_strndup(name, scheme_len);
    if (!colon || colon < name + scheme_len || !g_strv_contains(schemes, scheme)) {
        rpc_error_set(errp, VIR_ERR_NO_CONNECT, "%s", name);
        return NULL;
    }
    const char *path = colon + strlen("://");
    g_autofree char *plain = g_strndup(path, strcspn(path, "?#"));
    if (!g_str_equal(plain, system ? "/system" : "/session")) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                      "unexpected URI path '%s': this daemon is that of vireo:///%s",
                      plain, system ? "system" : "session");
        return NULL;
    }
    return g_strdup_printf("%s://%s", scheme, plain);
}

gboolean remote_connect_open(RpcCall *call, const RemoteConnectOpenArgs *args,
                             GError **errp)
{
    RpcClient *client = rpc_call_client(call);
    g_autofree char *uri = check_uri(args->name, errp);

    if (!uri)
        return FALSE;
    g_mutex_lock(&client->lock);
    gboolean again = client->opened;
    if (!again) {
        client->opened = TRUE;
        client->uri = g_steal_pointer(&uri);
        /* Clients leak internal bits here; only this one has a meaning for us. */
        if (args->flags & VIR_CONNECT_RO)
            client->read_only = TRUE;
    }
    g_mutex_unlock(&client->lock);
    return !again ||
           rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "connection already open");
}

static void close_client(gpointer client)
{
    rpc_client_close_when_sent(client);
}

gboolean remote_connect_close(RpcCall *call, GError **errp)
{
    rpc_call_after_reply(call, close_client, rpc_client_ref(rpc_call_client(call)),
                         (GDestroyNotify)rpc_client_unref);
    return TRUE;
}

/* A closed socket is seen by the client itself; there is nothing to keep. */
gboolean remote_connect_register_close_callback(RpcCall *call, GError **errp)
{
    return TRUE;
}

gboolean remote_connect_unregister_close_callback(RpcCall *call, GError **errp)
{
    return TRUE;
}

/* ---- features ---- */

enum { FEATURE_PROGRAM_KEEPALIVE = 10 };

/*
 * What clients negotiate (VIR_DRV_FEATURE_*), where the answer is yes. Not offered: old
 * migration protocols 1, 2, 3 and 5, peer-to-peer 4, passing file descriptors 8, offline
 * migration 12.
 */
static const gint32 features[] = {
    6,                         /* migration version 3 */
    7,                         /* protection against changes during a migration */
    9,                         /* strings in typed parameters */
    FEATURE_PROGRAM_KEEPALIVE, /* keepalive messages */
    11,                        /* migratable XML */
    13,                        /* migration with typed parameters */
    14,                        /* events by callback ID */
    15,                        /* close callbacks */
    16,                        /* network update: arguments in the right order */
};

gboolean remote_connect_supports_feature(RpcCall *call,
                                         const RemoteConnectSupportsFeatureArgs *args,
                                         RemoteConnectSupportsFeatureRet *ret,
                                         GError **errp)
{
    RpcClient *client = rpc_call_client(call);

    for (guint i = 0; i < G_N_ELEMENTS(features); i++)
        ret->supported |= features[i] == args->feature;
    if (args->feature == FEATURE_PROGRAM_KEEPALIVE) {
        g_mutex_lock(&client->lock);
        client->wants_keepalive = client->pings = TRUE;
        g_mutex_unlock(&client->lock);
    }
    return TRUE;
}

/* ---- information ---- */

/* Clients act on the type; the driver behaves as QEMU's. */
gboolean remote_connect_get_type(RpcCall *call, RemoteConnectGetTypeRet *ret,
                                 GError **errp)
{
    ret->type = g_strdup("QEMU");
    return TRUE;
}

gboolean remote_connect_get_uri(RpcCall *call, RemoteConnectGetUriRet *ret, GError **errp)
{
    RpcClient *client = rpc_call_client(call);

    g_mutex_lock(&client->lock);
    ret->uri = g_strdup(client->uri);
    g_mutex_unlock(&client->lock);
    return TRUE;
}

/* The version of libvirt whose interface this driver was built for. */
gboolean remote_connect_get_lib_version(RpcCall *call, RemoteConnectGetLibVersionRet *ret,
                                        GError **errp)
{
    ret->lib_ver = LIBVIR_VERSION_NUMBER;
    return TRUE;
}

gboolean remote_connect_get_hostname(RpcCall *call, RemoteConnectGetHostnameRet *ret,
                                     GError **errp)
{
    ret->hostname = driver_hostname();
    return ret->hostname ||
           rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "failed to determine host name");
}

gboolean remote_connect_is_secure(RpcCall *call, RemoteConnectIsSecureRet *ret,
                                  GError **errp)
{
    ret->secure = rpc_call_client(call)->local;
    return TRUE;
}

/*
 * A proxy (virtproxyd) tells who its user is. Accepted from root alone; nothing depends
 * on it yet, so it is checked and logged.
 */
gboolean remote_connect_set_identity(RpcCall *call,
                                     const RemoteConnectSetIdentityArgs *args,
                                     GError **errp)
{
    static const char *const known[] = { "user-name",
                                         "unix-user-id",
                                         "group-name",
                                         "unix-group-id",
                                         "process-id",
                                         "process-time",
                                         "sasl-user-name",
                                         "x509-distinguished-name",
                                         "selinux-context",
                                         "system.token",
                                         NULL };
    const char *user = "unknown";
    uid_t uid;

    if (!rpc_client_get_uid(rpc_call_client(call), &uid) || uid != 0)
        return rpc_error_set(errp, VIR_ERR_ACCESS_DENIED,
                             "only root may set the identity of a connection");
    if (!rpc_params_check(args->params, args->n_params, known, errp) ||
        !rpc_params_get_string(args->params, args->n_params, "user-name", &user, errp))
        return FALSE;
    g_debug("client %" G_GUINT64_FORMAT " acts for user %s",
            rpc_client_id(rpc_call_client(call)), user);
    return TRUE;
}
