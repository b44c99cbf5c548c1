/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward/client.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/listen.h"
#include "rpc/message.h"

#define AUTH_NONE   0 /* remote_auth_type */
#define AUTH_POLKIT 2

struct ForwardClient {
    int fd;
    char *path; /* of the socket */
    guint timeout_ms;
    gint64 opened_by; /* while it is being opened, the end of the time for that */
    gint64 deadline;  /* of the call in progress */
    guint32 serial;
    gboolean broken; /* what comes next is not known */
    RpcReader reader;
};

static const RpcProc *find_proc(RemoteProcedure number)
{
    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        if (remote_procs[i].number == number) {
            return &remote_procs[i];
        }
    }
    g_assert_not_reached(); /* it is one of the table's own names */
}

/* ---- bytes ---- */

static gboolean fail(ForwardClient *client, GError **errp, const char *what)
{
    return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "the daemon at '%s': %s",
                         client->path, what);
}

static gboolean wait_for(ForwardClient *client, short events, GError **errp)
{
    struct pollfd pfd = { .fd = client->fd, .events = events };
    int ready;

    do {
        gint64 left = client->deadline - g_get_monotonic_time();

        ready = left > 0 ? poll(&pfd, 1, (int)(left / 1000) + 1) : 0;
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) {
        return TRUE;
    }
    return ready < 0 ? fail(client, errp, g_strerror(errno))
                     : rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                                     "the daemon at '%s' does not answer", client->path);
}

static gboolean send_frame(ForwardClient *client, GByteArray *consumed, GError **errp)
{
    g_autoptr(GByteArray) frame = consumed;

    for (gsize sent = 0; sent < frame->len;) {
        ssize_t n = send(client->fd, frame->data + sent, frame->len - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0) {
            sent += (gsize)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            return fail(client, errp, g_strerror(errno));
        } else if (errno == EAGAIN && !wait_for(client, POLLOUT, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The next frame, the caller's; or NULL. */
static GByteArray *receive_frame(ForwardClient *client, GError **errp)
{
    GByteArray *frame = NULL;

    while (!frame) {
        gsize room;
        guint8 *to = rpc_reader_want(&client->reader, &room);
        ssize_t n = recv(client->fd, to, room, MSG_DONTWAIT);

        if (n > 0) {
            if (!rpc_reader_got(&client->reader, (gsize)n, &frame, errp)) {
                return NULL;
            }
        } else if (n == 0) {
            fail(client, errp, "it has closed the connection");
            return NULL;
        } else if (errno != EAGAIN && errno != EINTR) {
            fail(client, errp, g_strerror(errno));
            return NULL;
        } else if (errno == EAGAIN && !wait_for(client, POLLIN, errp)) {
            return NULL;
        }
    }
    return frame;
}

/* ---- calls ---- */

static gboolean answer_ping(ForwardClient *client, const RpcHeader *ping, GError **errp)
{
    RpcHeader pong = *ping;

    if (ping->program != RPC_PROGRAM_KEEPALIVE || ping->procedure != RPC_KEEPALIVE_PING) {
        return TRUE;
    }
    pong.procedure = RPC_KEEPALIVE_PONG;
    return send_frame(client, rpc_frame_raw(&pong, NULL, 0), errp);
}

/* The reply's frame. What else comes (events of others, pings) is not for us, and does
 * not make the wait longer. */
static GByteArray *receive_reply(ForwardClient *client, guint32 procedure, GError **errp)
{
    while (wait_for(client, POLLIN, errp)) {
        g_autoptr(GByteArray) frame = receive_frame(client, errp);
        RpcHeader header;

        if (!frame) {
            return NULL;
        }
        header = rpc_frame_header(frame);
        if (header.program == RPC_PROGRAM_REMOTE && header.type == RPC_TYPE_REPLY &&
            header.serial == client->serial && header.procedure == procedure) {
            return g_steal_pointer(&frame);
        }
        if (!answer_ping(client, &header, errp)) {
            return NULL;
        }
    }
    return NULL;
}

static gboolean pass_on_error(const guint8 *payload, gsize len, GError **errp)
{
    RemoteError error = { 0 };
    RpcErrorDetails details;

    if (!xdr_decode(&remote_error_xdr, payload, len, &error, errp)) {
        return FALSE;
    }
    details = (RpcErrorDetails){ .domain = error.domain,
                                 .level = error.level,
                                 .str = { error.str1, error.str2, error.str3 },
                                 .int1 = error.int1,
                                 .int2 = error.int2 };
    g_propagate_error(
        errp,
        rpc_error_new_details(error.code, error.message ? error.message : "", &details));
    xdr_clear(&remote_error_xdr, &error);
    return FALSE;
}

static gboolean take_reply(const RpcProc *proc, const GByteArray *frame, void *ret,
                           GError **errp)
{
    const guint8 *payload = frame->data + RPC_FRAME_MIN;
    gsize len = frame->len - RPC_FRAME_MIN;

    if (rpc_frame_header(frame).status != RPC_STATUS_OK) {
        return pass_on_error(payload, len, errp);
    }
    return !proc->ret || xdr_decode(proc->ret, payload, len, ret, errp);
}

gboolean forward_call(ForwardClient *client, RemoteProcedure procedure, const void *args,
                      void *ret, GError **errp)
{
    const RpcProc *proc = find_proc(procedure);
    RpcHeader header = { RPC_PROGRAM_REMOTE, RPC_PROGRAM_VERSION, proc->number,
                         RPC_TYPE_CALL,      ++client->serial,    RPC_STATUS_OK };
    g_autoptr(GByteArray) frame = NULL, reply = NULL;

    if (client->broken) {
        return fail(client, errp, "the connection has been given up");
    }
    frame = rpc_frame_encode(&header, proc->args, args, errp);
    if (!frame) {
        return FALSE;
    }
    client->deadline = MIN(g_get_monotonic_time() + (gint64)client->timeout_ms * 1000,
                           client->opened_by);
    if (send_frame(client, g_steal_pointer(&frame), errp)) {
        reply = receive_reply(client, proc->number, errp);
    }
    client->broken = reply == NULL;
    return reply && take_reply(proc, reply, ret, errp);
}

void forward_clear(RemoteProcedure procedure, void *ret)
{
    xdr_clear(find_proc(procedure)->ret, ret);
}

/* ---- the connection ---- */

char *forward_socket(const char *dir, const char *driver)
{
    g_autofree char *name = g_strdup_printf("virt%sd-sock", driver);
    g_autofree char *own = g_build_filename(dir, name, NULL);

    return g_file_test(own, G_FILE_TEST_EXISTS)
               ? g_steal_pointer(&own)
               : g_build_filename(dir, "libvirt-sock", NULL);
}

/* Who may is the daemon's to say: for root and others of its own user it is nothing, or
 * the kernel's word for who we are. */
static gboolean authenticate(ForwardClient *client, GError **errp)
{
    RemoteAuthListRet list = { 0 };
    RemoteAuthPolkitRet polkit = { 0 };
    gint32 type = AUTH_NONE;

    if (!forward_call(client, REMOTE_PROC_AUTH_LIST, NULL, &list, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < list.n_types; i++) {
        type = i == 0 || list.types[i] == AUTH_NONE ? list.types[i] : type;
    }
    forward_clear(REMOTE_PROC_AUTH_LIST, &list);
    if (type == AUTH_NONE) {
        return TRUE;
    }
    if (type != AUTH_POLKIT) {
        return rpc_error_set(errp, VIR_ERR_AUTH_FAILED,
                             "the daemon at '%s' wants authentication of type %d",
                             client->path, type);
    }
    return forward_call(client, REMOTE_PROC_AUTH_POLKIT, NULL, &polkit, errp);
}

static gboolean open_driver(ForwardClient *client, const char *driver, gboolean read_only,
                            GError **errp)
{
    g_autofree char *uri =
        g_strdup_printf("%s:///%s", driver, geteuid() == 0 ? "system" : "session");
    RemoteConnectOpenArgs args = { .name = uri, .flags = read_only ? VIR_CONNECT_RO : 0 };

    return forward_call(client, REMOTE_PROC_CONNECT_OPEN, &args, NULL, errp);
}

ForwardClient *forward_client_open(const char *dir, const char *driver,
                                   gboolean read_only, guint timeout_ms, GError **errp)
{
    g_autoptr(ForwardClient) client = g_new0(ForwardClient, 1);
    g_autoptr(GError) err = NULL;

    client->timeout_ms = timeout_ms;
    client->opened_by = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    client->path = forward_socket(dir, driver);
    client->fd = process_connect_unix(client->path, timeout_ms, &err);
    if (client->fd < 0) {
        rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "no daemon has libvirt's %s driver: %s",
                      driver, err->message);
        return NULL;
    }
    if (!authenticate(client, errp) || !open_driver(client, driver, read_only, errp)) {
        return NULL;
    }
    client->opened_by = G_MAXINT64;
    return g_steal_pointer(&client);
}

int forward_client_steal_fd(ForwardClient *client, guint32 *serial)
{
    *serial = client->serial;
    client->broken = TRUE;
    return g_steal_fd(&client->fd);
}

void forward_client_free(ForwardClient *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    rpc_reader_clear(&client->reader);
    g_free(client->path);
    g_free(client);
}
