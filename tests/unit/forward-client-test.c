/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/forward/: calls to a daemon that answers as it is told. */
#include "forward/client.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward-frame.h"
#include "process/listen.h"
#include "rpc/message.h"

#define TIMEOUT_MS 20000

/* What comes on a call; its serial is put in. */
typedef struct Answer {
    guint32 procedure;
    RpcStatus status;
    const XdrType *type; /* NULL: raw bytes, or none */
    const void *value;
    const char *raw;
    gsize raw_len;
    gboolean noise;  /* a ping and somebody's event come first */
    gboolean silent; /* none comes */
    gboolean end;    /* the connection ends instead */
    gboolean header; /* raw is the whole frame */
} Answer;

typedef struct Server {
    char *dir;
    char *path;
    int listener;
    const Answer *answers;
    guint n_answers;
    GThread *thread;
    char *uri; /* that was opened */
    guint pongs;
} Server;

static gint32 none[] = { 0 };
static RemoteAuthListRet no_auth = { 1, none };

#define AUTH                                                                             \
    {                                                                                    \
        .procedure = REMOTE_PROC_AUTH_LIST, .type = &remote_auth_list_ret_xdr,           \
        .value = &no_auth                                                                \
    }
#define OPEN                                                                             \
    {                                                                                    \
        .procedure = REMOTE_PROC_CONNECT_OPEN                                            \
    }

/* ---- the daemon ---- */

static void put(int fd, GByteArray *consumed)
{
    g_autoptr(GByteArray) frame = consumed;

    g_assert_nonnull(frame);
    g_assert_cmpint(send(fd, frame->data, frame->len, MSG_NOSIGNAL), ==, frame->len);
}

static void make_noise(int fd)
{
    RpcHeader ping = { RPC_PROGRAM_KEEPALIVE, 1, RPC_KEEPALIVE_PING,
                       RPC_TYPE_MESSAGE,      0, RPC_STATUS_OK };
    RpcHeader event = { RPC_PROGRAM_REMOTE, 1, 315, RPC_TYPE_MESSAGE, 1, RPC_STATUS_OK };
    RpcHeader stale = { RPC_PROGRAM_REMOTE, 1, 46, RPC_TYPE_REPLY, 77, RPC_STATUS_OK };

    put(fd, rpc_frame_raw(&ping, NULL, 0));
    put(fd, rpc_frame_raw(&event, "abcd", 4));
    put(fd, rpc_frame_raw(&stale, "abcd", 4));
}

static void note_uri(Server *server, const GByteArray *frame)
{
    RemoteConnectOpenArgs args = { 0 };

    if (rpc_frame_header(frame).procedure == REMOTE_PROC_CONNECT_OPEN) {
        g_assert_true(xdr_decode(&remote_connect_open_args_xdr,
                                 frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN,
                                 &args, NULL));
        g_free(server->uri);
        server->uri = g_steal_pointer(&args.name);
    }
}

/* FALSE: the connection ends. */
static gboolean answer(int fd, const Answer *a, const GByteArray *frame)
{
    RpcHeader header = rpc_frame_header(frame);

    g_assert_cmpuint(header.procedure, ==, a->procedure);
    g_assert_cmpuint(header.program, ==, RPC_PROGRAM_REMOTE);
    header.type = RPC_TYPE_REPLY;
    header.status = a->status;
    if (a->noise) {
        make_noise(fd);
    }
    if (a->end) {
        return FALSE;
    }
    if (a->header) {
        g_assert_cmpint(send(fd, a->raw, a->raw_len, MSG_NOSIGNAL), ==, a->raw_len);
    } else if (!a->silent) {
        put(fd, a->type ? rpc_frame_encode(&header, a->type, a->value, NULL)
                        : rpc_frame_raw(&header, a->raw, a->raw_len));
    }
    return TRUE;
}

static gpointer serve(gpointer opaque)
{
    Server *server = opaque;
    int fd = accept(server->listener, NULL, NULL);
    GByteArray *frame;
    guint next = 0;

    while (fd >= 0 && (frame = forward_next_frame(fd))) {
        gboolean pong = rpc_frame_header(frame).program == RPC_PROGRAM_KEEPALIVE;
        gboolean go_on = TRUE;

        note_uri(server, frame);
        if (pong) {
            server->pongs++;
        } else {
            g_assert_cmpuint(next, <, server->n_answers);
            go_on = answer(fd, &server->answers[next++], frame);
        }
        g_byte_array_unref(frame);
        if (!go_on) {
            break;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    g_assert_cmpuint(next, ==, server->n_answers);
    return NULL;
}

static void start(Server *server, const char *socket, const Answer *answers,
                  guint n_answers)
{
    g_autoptr(GError) error = NULL;

    *server = (Server){ .answers = answers, .n_answers = n_answers };
    server->dir = g_dir_make_tmp("forward-XXXXXX", &error);
    g_assert_no_error(error);
    server->path = g_build_filename(server->dir, socket, NULL);
    server->listener = process_listen_unix(server->path, &error);
    g_assert_no_error(error);
    server->thread = g_thread_new("server", serve, server);
}

static void stop(Server *server)
{
    g_thread_join(server->thread);
    close(server->listener);
    g_unlink(server->path);
    g_rmdir(server->dir);
    g_free(server->uri);
    g_free(server->path);
    g_free(server->dir);
}

#define START(server, answers)                                                           \
    start(server, "virtnetworkd-sock", answers, G_N_ELEMENTS(answers))

static ForwardClient *connect_to(const Server *server, guint timeout_ms)
{
    g_autoptr(GError) error = NULL;
    ForwardClient *client =
        forward_client_open(server->dir, "network", FALSE, timeout_ms, &error);

    g_assert_no_error(error);
    return client;
}

/* ---- tests ---- */

static RemoteNetwork network = { .name = (char *)"default", .uuid = { 1, 2, 3 } };

#define LOOKUP(...)                                                                      \
    {                                                                                    \
        .procedure = REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, __VA_ARGS__                     \
    }

static gboolean look_up(ForwardClient *client, RemoteNetworkLookupByNameRet *ret,
                        GError **errp)
{
    RemoteNetworkLookupByNameArgs args = { .name = (char *)"default" };

    return forward_call(client, REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &args, ret, errp);
}

/* Events, pings and replies of other calls between do not matter. */
static void test_call(void)
{
    static const RemoteNetworkLookupByNameRet told = { .net = { (char *)"default",
                                                                { 1, 2, 3 } } };
    const Answer answers[] = {
        AUTH,
        OPEN,
        LOOKUP(.type = &remote_network_lookup_by_name_ret_xdr, .value = &told,
               .noise = TRUE),
        LOOKUP(.type = &remote_network_lookup_by_name_ret_xdr, .value = &told),
    };
    RemoteNetworkLookupByNameRet ret = { 0 };
    g_autoptr(GError) error = NULL;
    ForwardClient *client;
    Server server;

    START(&server, answers);
    client = connect_to(&server, TIMEOUT_MS);
    for (int i = 0; i < 2; i++) {
        look_up(client, &ret, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(ret.net.name, ==, network.name);
        g_assert_cmpmem(ret.net.uuid, 16, network.uuid, 16);
        forward_clear(REMOTE_PROC_NETWORK_LOOKUP_BY_NAME, &ret);
    }
    forward_client_free(client);
    stop(&server);
}

/* The socket of the driver's own daemon, else of the one that has all. */
static void test_sockets(void)
{
    const Answer answers[] = { AUTH, OPEN };
    g_autofree char *uri =
        g_strdup_printf("network:///%s", geteuid() == 0 ? "system" : "session");
    g_autoptr(GError) error = NULL;
    Server server;

    start(&server, "libvirt-sock", answers, 2);
    forward_client_free(connect_to(&server, TIMEOUT_MS));
    g_thread_join(server.thread);
    g_assert_cmpstr(server.uri, ==, uri);
    server.thread = g_thread_new("server", serve, &server);
    forward_client_free(connect_to(&server, TIMEOUT_MS));
    stop(&server);
    g_assert_null(forward_client_open("/nowhere", "network", FALSE, TIMEOUT_MS, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_SYSTEM_ERROR);
    g_assert_nonnull(strstr(error->message, "/nowhere/libvirt-sock"));
}

static void test_authentication(void)
{
    static gint32 polkit[] = { 2 }, sasl[] = { 1 }, both[] = { 1, 0 };
    static const RemoteAuthPolkitRet complete = { 1 };
    static const struct {
        RemoteAuthListRet list;
        guint answers; /* of the three */
        int code;      /* 0: it works */
    } rows[] = {
        { { 1, polkit }, 3, 0 },
        { { 1, sasl }, 1, VIR_ERR_AUTH_FAILED },
        { { 2, both }, 1, 0 },
        { { 0, NULL }, 1, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Answer list = { .procedure = REMOTE_PROC_AUTH_LIST,
                              .type = &remote_auth_list_ret_xdr,
                              .value = &rows[i].list };
        const Answer all[] = { list,
                               { .procedure = REMOTE_PROC_AUTH_POLKIT,
                                 .type = &remote_auth_polkit_ret_xdr,
                                 .value = &complete },
                               OPEN };
        const Answer two[] = { list, OPEN };
        g_autoptr(GError) error = NULL;
        ForwardClient *client;
        Server server;

        start(&server, "virtnetworkd-sock", rows[i].answers == 3 ? all : two,
              rows[i].answers == 3 ? 3
              : rows[i].code       ? 1
                                   : 2);
        client = forward_client_open(server.dir, "network", FALSE, TIMEOUT_MS, &error);
        g_assert_cmpint(error ? rpc_error_code(error) : 0, ==, rows[i].code);
        g_assert_true((client != NULL) == !rows[i].code);
        g_clear_pointer(&client, forward_client_free);
        stop(&server);
    }
}

static void test_error(void)
{
    static const RemoteError told = { .code = VIR_ERR_NO_NETWORK,
                                      .domain = VIR_FROM_NETWORK,
                                      .message = (char *)"Network not found: x",
                                      .level = VIR_ERR_ERROR };
    const Answer answers[] = {
        AUTH,
        OPEN,
        LOOKUP(.status = RPC_STATUS_ERROR, .type = &remote_error_xdr, .value = &told),
        LOOKUP(.status = RPC_STATUS_ERROR, .raw = "what", .raw_len = 4),
    };
    RemoteNetworkLookupByNameRet ret = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *message = NULL;
    RpcErrorDetails details;
    ForwardClient *client;
    Server server;

    START(&server, answers);
    client = connect_to(&server, TIMEOUT_MS);
    g_assert_false(look_up(client, &ret, &error));
    g_assert_cmpint(rpc_error_code(error), ==, VIR_ERR_NO_NETWORK);
    rpc_error_get_details(error, &details);
    g_assert_cmpint(details.domain, ==, VIR_FROM_NETWORK);
    message = rpc_error_message(error);
    g_assert_cmpstr(message, ==, "Network not found: x");
    g_clear_error(&error);
    g_assert_false(look_up(client, &ret, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_RPC);
    forward_client_free(client);
    stop(&server);
}

/* What is no reply is an error, and nothing is read of it. */
static void test_hostile(void)
{
    static const struct {
        Answer answer;
        int code;
        gboolean broken; /* the connection cannot be used after it */
    } rows[] = {
        { LOOKUP(.raw = "\0\0\0\7def", .raw_len = 7), VIR_ERR_RPC, FALSE },
        { LOOKUP(.raw = "\377\377\377\377defaultxxxxx", .raw_len = 16), VIR_ERR_RPC,
          FALSE },
        { LOOKUP(.raw = "", .raw_len = 0), VIR_ERR_RPC, FALSE },
        { LOOKUP(.raw = "\177\377\377\377", .raw_len = 4, .header = TRUE), VIR_ERR_RPC,
          TRUE },
        { LOOKUP(.raw = "\0\0\0\3", .raw_len = 4, .header = TRUE), VIR_ERR_RPC, TRUE },
        { LOOKUP(.end = TRUE), VIR_ERR_SYSTEM_ERROR, TRUE },
        { LOOKUP(.silent = TRUE), VIR_ERR_OPERATION_TIMEOUT, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Answer answers[] = { AUTH, OPEN, rows[i].answer };
        RemoteNetworkLookupByNameRet ret = { 0 };
        g_autoptr(GError) error = NULL, again = NULL;
        ForwardClient *client;
        Server server;

        START(&server, answers);
        client = connect_to(&server, rows[i].answer.silent ? 500 : TIMEOUT_MS);
        g_assert_false(look_up(client, &ret, &error));
        g_assert_error(error, RPC_ERROR, rows[i].code);
        g_assert_null(ret.net.name);
        if (rows[i].broken) {
            g_assert_false(look_up(client, &ret, &again));
            g_assert_error(again, RPC_ERROR, VIR_ERR_SYSTEM_ERROR);
        }
        forward_client_free(client);
        stop(&server);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/forward/call", test_call);
    g_test_add_func("/forward/sockets", test_sockets);
    g_test_add_func("/forward/authentication", test_authentication);
    g_test_add_func("/forward/error", test_error);
    g_test_add_func("/forward/hostile", test_hostile);
    return g_test_run();
}
