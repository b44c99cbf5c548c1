/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QMP server with a command table of its own: sessions, envelopes, argument
 * checks and their texts, several clients, events, hostile input.
 */
#include "config.h"

#include "config/keyval.h"
#include "device/device.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"
#include "util/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The commands under test */

QMP_ENUM(color, "red", "green");
QMP_LIST(color_list, &color);
QMP_OBJECT(point, { "x", &qmp_int }, { "y", &qmp_int, TRUE });
static const QmpType name_or_point = {
    .meta = QMP_META_ALTERNATE,
    .members = (const QmpMember[]){ { "p", &point }, { "n", &qmp_str }, { NULL } }
};
QMP_OBJECT(green_options, { "shade", &qmp_int });
static const QmpType union_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "color", &color }, { NULL } },
    .tag = "color",
    .variants = (const QmpVariant[]){ { "green", &green_options }, { NULL } },
};
QMP_OBJECT(all_args, { "s", &qmp_str, TRUE }, { "i", &qmp_int, TRUE },
           { "b", &qmp_bool, TRUE }, { "n", &qmp_number, TRUE }, { "e", &color, TRUE },
           { "l", &color_list, TRUE }, { "o", &point, TRUE },
           { "a", &name_or_point, TRUE }, { "u", &union_args, TRUE });
QMP_OBJECT(echo_args, { "text", &qmp_str });
QMP_OBJECT(echo_ret, { "text", &qmp_str });
static const QmpType open_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "driver", &qmp_str }, { NULL } },
    .open = TRUE,
};

static ConfigNode *run_nothing(ConfigNode *args, GError **errp)
{
    return NULL;
}

static ConfigNode *run_echo(ConfigNode *args, GError **errp)
{
    ConfigNode *object = config_map_new();

    config_map_set_string(object, "text", qmp_arg_string(args, "text"));
    return object;
}

static ConfigNode *run_fail(ConfigNode *args, GError **errp)
{
    error_set(errp, "it \"failed\"");
    return NULL;
}

static ConfigNode *run_missing(ConfigNode *args, GError **errp)
{
    return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device 'x' not found");
}

static ConfigNode *run_event(ConfigNode *args, GError **errp)
{
    ConfigNode *data = config_map_new();

    config_map_set_bool(data, "guest", FALSE);
    vm_event_emit("STOP", NULL);
    vm_event_emit("SHUTDOWN", data);
    return NULL;
}

static void start_getfd(ConfigNode *args, QmpReply *reply)
{
    QmpServer *server = qmp_reply_server(reply);
    autofd int fd = chardev_take_fd(qmp_server_chardev(server));
    GError *error = NULL;

    if (fd < 0) {
        error_set(&error, "none");
    } else {
        qmp_fds_add(server, qmp_arg_string(args, "text"), &fd, &error);
    }
    qmp_reply_done(reply, NULL, error);
}

/* The last one that was lent. */
static QmpLentFd lent;

static void start_lend(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;

    qmp_fds_lend(qmp_reply_server(reply), qmp_arg_string(args, "text"), &lent, &error);
    qmp_reply_done(reply, NULL, error);
}

/* What waits for the test to end it. */
static GQueue waiting = G_QUEUE_INIT;

static void start_wait(ConfigNode *args, QmpReply *reply)
{
    g_queue_push_tail(&waiting, reply);
}

static void prepare_default(ConfigNode *args)
{
    if (!config_map_has(args, "text")) {
        config_map_set_string(args, "text", "default");
    }
}

static const QmpCommand commands[] = {
    { "qmp_capabilities", NULL, run_nothing },
    { "echo", NULL, run_echo, .args = &echo_args, .ret = &echo_ret },
    { "echo-default", NULL, run_echo, .args = &echo_args, .prepare = prepare_default },
    { "check", NULL, run_nothing, .args = &all_args },
    { "union", NULL, run_nothing, .args = &union_args },
    { "open", NULL, run_nothing, .args = &open_args },
    { "fail", NULL, run_fail },
    { "missing", NULL, run_missing },
    { "event", NULL, run_event },
    { "getfd", .start = start_getfd, .args = &echo_args },
    { "lend", .start = start_lend, .args = &echo_args },
    { "wait", .start = start_wait },
    { .name = NULL },
};
const QmpCommand *const qmp_command_tables[] = { commands, NULL };
const QmpEvent qmp_event_table[] = { { NULL } };

/* Clients */

typedef struct Client {
    int fd;
    char id[8];
    GString *in;
} Client;

static void client_open(Client *client, const char *id, const char *more)
{
    g_autoptr(ConfigNode) node = NULL;
    g_autofree char *options = NULL;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    fd_lend(pair[0]);
    options = g_strdup_printf("socket,id=%s,fd=%d", id, pair[0]);
    node = keyval_parse(options, "backend", NULL);
    g_strlcpy(client->id, id, sizeof(client->id));
    client->fd = pair[1];
    client->in = g_string_new(NULL);
    g_assert_true(
        qmp_server_add(chardev_new(node, NULL), g_str_equal(more, "pretty"), NULL));
}

static void client_send(Client *client, const char *text)
{
    size_t len = strlen(text);

    g_assert_cmpint(send(client->fd, text, len, MSG_NOSIGNAL), ==, (ssize_t)len);
}

static void client_fill(Client *client)
{
    char buf[4096];
    ssize_t n;

    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    while ((n = recv(client->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
        g_string_append_len(client->in, buf, n);
    }
}

/* The next line without its CRLF. */
static char *client_line(Client *client)
{
    char *end, *line;

    while (!(end = strstr(client->in->str, "\r\n"))) {
        client_fill(client);
    }
    line = g_strndup(client->in->str, end - client->in->str);
    g_string_erase(client->in, 0, strlen(line) + 2);
    return line;
}

/* A reply without the spaces that are outside of strings. */
static char *client_reply(Client *client)
{
    char *line = client_line(client);
    char *out = line;
    gboolean inside = FALSE;

    for (const char *p = line; *p; p++) {
        inside ^= *p == '"' && (p == line || p[-1] != '\\');
        if (inside || *p != ' ') {
            *out++ = *p;
        }
    }
    *out = 0;
    return line;
}

static void expect(Client *client, const char *send, const char *reply)
{
    g_autofree char *line = NULL;

    if (send) {
        client_send(client, send);
    }
    line = client_reply(client);
    g_assert_cmpstr(line, ==, reply);
}

#define GREETING                                                                         \
    "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":0,\"minor\":2,\"major\":8},"             \
    "\"package\":\"vireo " PACKAGE_VERSION "\"},\"capabilities\":[]}}"

static void client_ready(Client *client, const char *id)
{
    client_open(client, id, "");
    expect(client, NULL, GREETING);
    expect(client, "{\"execute\":\"qmp_capabilities\"}\r\n", "{\"return\":{}}");
}

static void clients_close(Client *clients, guint n)
{
    qmp_cleanup();
    for (guint i = 0; i < n; i++) {
        g_assert_true(chardev_delete(clients[i].id, NULL));
        close(clients[i].fd);
        g_string_free(clients[i].in, TRUE);
    }
}

#define ERROR(klass, desc) "{\"error\":{\"class\":\"" klass "\",\"desc\":\"" desc "\"}}"

static void test_negotiation(void)
{
    Client c;

    client_open(&c, "c", "");
    expect(&c, NULL, GREETING);
    expect(&c, "{\"execute\":\"echo\",\"id\":1}",
           "{\"id\":1,\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting "
           "capabilities negotiation with 'qmp_capabilities'\"}}");
    vm_event_emit("STOP", NULL); /* not for a client that has not negotiated */
    expect(&c, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"x\":1}}",
           ERROR("GenericError", "Parameter 'x' is unexpected"));
    expect(&c, "{\"execute\":\"qmp_capabilities\"}", "{\"return\":{}}");
    expect(&c, "{\"execute\":\"qmp_capabilities\"}",
           ERROR("CommandNotFound",
                 "Capabilities negotiation is already complete, command ignored"));
    clients_close(&c, 1);
}

static void test_envelope(void)
{
    static const struct {
        const char *send, *reply;
    } rows[] = {
        { "{\"execute\":\"echo\",\"arguments\":{\"text\":\"\\u00e9\\\"\"},\"id\":[1,{}]}",
          "{\"return\":{\"text\":\"\\u00e9\\\"\"},\"id\":[1,{}]}" },
        { "{\"execute\":\"echo-default\"}", "{\"return\":{\"text\":\"default\"}}" },
        { "{\"execute\":\"fail\",\"id\":null}",
          "{\"id\":null,\"error\":{\"class\":\"GenericError\",\"desc\":\"it "
          "\\\"failed\\\"\"}}" },
        { "{\"execute\":\"missing\"}", ERROR("DeviceNotFound", "Device 'x' not found") },
        { "{\"execute\":\"nope\"}",
          ERROR("CommandNotFound", "The command nope has not been found") },
        { "[]", ERROR("GenericError", "QMP input must be a JSON object") },
        { "{}", ERROR("GenericError", "QMP input lacks member 'execute'") },
        { "{\"execute\":1}",
          ERROR("GenericError", "QMP input member 'execute' must be a string") },
        { "{\"execute\":\"echo\",\"arguments\":[]}",
          ERROR("GenericError", "QMP input member 'arguments' must be an object") },
        { "{\"execute\":\"echo\",\"extra\":1}",
          ERROR("GenericError", "QMP input member 'extra' is unexpected") },
        { "{\"exec-oob\":\"echo\"}",
          ERROR("GenericError", "QMP input member 'exec-oob' is unexpected") },
        { "rubbish\n", ERROR("GenericError", "JSON parse error, expecting value") },
    };
    Client c;

    client_ready(&c, "c");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        expect(&c, rows[i].send, rows[i].reply);
    }
    clients_close(&c, 1);
}

static void test_arguments(void)
{
    static const struct {
        const char *command, *args, *desc; /* desc NULL: accepted */
    } rows[] = {
        { "echo", "{}", "Parameter 'text' is missing" },
        { "echo", "{\"text\":1}", "Invalid parameter type for 'text', expected: string" },
        { "echo", "{\"text\":null}",
          "Invalid parameter type for 'text', expected: string" },
        { "fail", "{\"x\":1}", "Parameter 'x' is unexpected" },
        { "check", "{\"i\":\"1\"}", "Invalid parameter type for 'i', expected: integer" },
        { "check", "{\"i\":1.5}", "Invalid parameter type for 'i', expected: integer" },
        { "check", "{\"i\":9223372036854775808}",
          "Invalid parameter type for 'i', expected: integer" },
        { "check", "{\"b\":1}", "Invalid parameter type for 'b', expected: boolean" },
        { "check", "{\"n\":1}", NULL },
        { "check", "{\"n\":true}", "Invalid parameter type for 'n', expected: number" },
        { "check", "{\"e\":\"red\",\"l\":[\"red\",\"green\"]}", NULL },
        { "check", "{\"e\":\"blue\"}", "Parameter 'e' does not accept value 'blue'" },
        { "check", "{\"l\":[\"red\",\"blue\"]}",
          "Parameter 'l[1]' does not accept value 'blue'" },
        { "check", "{\"l\":{}}", "Invalid parameter type for 'l', expected: array" },
        { "check", "{\"o\":{\"x\":1}}", NULL },
        { "check", "{\"o\":{}}", "Parameter 'o.x' is missing" },
        { "check", "{\"o\":{\"x\":1,\"z\":1}}", "Parameter 'o.z' is unexpected" },
        { "check", "{\"o\":[]}", "Invalid parameter type for 'o', expected: object" },
        { "check", "{\"a\":\"n\"}", NULL },
        { "check", "{\"a\":{\"x\":1}}", NULL },
        { "check", "{\"a\":{}}", "Parameter 'a.x' is missing" },
        { "check", "{\"a\":1}",
          "Invalid parameter type for 'a', expected: another type" },
        { "check", "{\"u\":{\"color\":\"green\"}}", "Parameter 'u.shade' is missing" },
        { "union", "{\"color\":\"red\"}", NULL },
        { "union", "{\"color\":\"red\",\"shade\":1}", "Parameter 'shade' is unexpected" },
        { "union", "{\"color\":\"green\",\"shade\":1}", NULL },
        { "union", "{\"color\":\"blue\"}",
          "Parameter 'color' does not accept value 'blue'" },
        { "union", "{}", "Parameter 'color' is missing" },
        { "union", "{\"color\":[]}",
          "Invalid parameter type for 'color', expected: string" },
        { "open", "{\"driver\":\"d\",\"anything\":{\"a\":[1]}}", NULL },
        { "open", "{\"driver\":\"d\",\"anything\":1.5}", NULL },
        { "check", "{\"n\":1.5}", NULL },
    };
    Client c;

    client_ready(&c, "c");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *send = g_strdup_printf("{\"execute\":\"%s\",\"arguments\":%s}",
                                                rows[i].command, rows[i].args);
        g_autofree char *reply =
            rows[i].desc ? g_strdup_printf(ERROR("GenericError", "%s"), rows[i].desc)
                         : g_strdup("{\"return\":{}}");

        expect(&c, send, reply);
    }
    clients_close(&c, 1);
}

/* Every byte may be the last of a packet. */
static void test_split(void)
{
    static const char text[] =
        "{\"execute\":\"echo\",\"arguments\":{\"text\":\"}{\"}}\r\n";
    Client c;

    client_ready(&c, "c");
    for (size_t split = 1; split < strlen(text); split++) {
        g_autofree char *first = g_strndup(text, split);

        client_send(&c, first);
        client_fill(&c);
        expect(&c, text + split, "{\"return\":{\"text\":\"}{\"}}");
    }
    clients_close(&c, 1);
}

static void test_pipelined(void)
{
    g_autoptr(GString) many = g_string_new(NULL);
    Client c;

    client_ready(&c, "c");
    for (int i = 0; i < 500; i++) {
        g_string_append_printf(many, "{\"execute\":\"fail\",\"id\":%d}", i);
    }
    client_send(&c, many->str);
    for (int i = 0; i < 500; i++) {
        g_autofree char *line = client_reply(&c);
        g_autofree char *id = g_strdup_printf("{\"id\":%d,", i);

        g_assert_true(g_str_has_prefix(line, id));
    }
    clients_close(&c, 1);
}

static char *without_timestamp(const char *line)
{
    const char *end = strchr(line, '}');

    g_assert_true(g_str_has_prefix(line, "{\"timestamp\":{\"seconds\":"));
    return g_strconcat("{", end + 2, NULL);
}

static void expect_event(Client *client, const char *event)
{
    g_autofree char *line = client_reply(client);
    g_autofree char *rest = without_timestamp(line);

    g_assert_cmpstr(rest, ==, event);
}

static void test_events(void)
{
    Client c[2];

    client_ready(&c[0], "a");
    client_ready(&c[1], "b");
    client_send(&c[0], "{\"execute\":\"event\"}");
    for (int i = 0; i < 2; i++) {
        expect_event(&c[i], "{\"event\":\"STOP\"}");
        expect_event(&c[i], "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":false}}");
    }
    expect(&c[0], NULL, "{\"return\":{}}");
    expect(&c[1], "{\"execute\":\"fail\"}", ERROR("GenericError", "it \\\"failed\\\""));
    clients_close(c, 2);
}

/* A getfd command with n copies of a descriptor. */
static void send_getfd(Client *client, const char *name, int fd, guint n)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * 20)];
        struct cmsghdr align;
    } control = { 0 };
    g_autofree char *text =
        g_strdup_printf("{\"execute\":\"getfd\",\"arguments\":{\"text\":\"%s\"}}", name);
    struct iovec iov = { text, strlen(text) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = CMSG_SPACE(sizeof(int) * n) };

    *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int) * n),
                                             .cmsg_level = SOL_SOCKET,
                                             .cmsg_type = SCM_RIGHTS };
    for (guint i = 0; i < n; i++) {
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)) + i * sizeof(int), &fd, sizeof(int));
    }
    g_assert_cmpint(sendmsg(client->fd, &msg, 0), >, 0);
}

#define LEND(name) "{\"execute\":\"lend\",\"arguments\":{\"text\":\"" name "\"}}"

/* What a layer below does with the number that it is told. */
static int claim_lent(void)
{
    g_autofree char *number = g_strdup_printf("%d", lent.fd);
    int fd = fd_claim(number, NULL);

    g_assert_cmpint(fd, ==, lent.fd);
    qmp_fds_take_back(&lent);
    return fd;
}

/* A name belongs to its monitor. */
static void test_fds_of_others(void)
{
    Client c[2];

    client_ready(&c[0], "a");
    client_ready(&c[1], "b");
    send_getfd(&c[0], "f", 0, 1);
    expect(&c[0], NULL, "{\"return\":{}}");
    expect(&c[1], LEND("f"),
           ERROR("GenericError", "File descriptor named 'f' has not been found"));
    expect(&c[0], LEND("f"), "{\"return\":{}}");
    qmp_fds_take_back(&lent);
    clients_close(c, 2);
}

static void test_getfd(void)
{
    int pipes[2], fd;
    char byte;
    Client c;

    client_ready(&c, "c");
    g_assert_cmpint(pipe(pipes), ==, 0);
    send_getfd(&c, "f", pipes[1], 1);
    expect(&c, NULL, "{\"return\":{}}");
    expect(&c, "{\"execute\":\"getfd\",\"arguments\":{\"text\":\"f\"}}",
           ERROR("GenericError", "none"));
    expect(&c, LEND("g"),
           ERROR("GenericError", "File descriptor named 'g' has not been found"));
    expect(&c, LEND("f"), "{\"return\":{}}");
    qmp_fds_take_back(&lent); /* nobody has claimed it */
    expect(&c, LEND("f"), "{\"return\":{}}");
    fd = claim_lent();
    expect(&c, LEND("f"),
           ERROR("GenericError", "File descriptor named 'f' has not been found"));
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
    close(fd);
    send_getfd(&c, "f", pipes[1], 1); /* left in the table: no leak */
    expect(&c, NULL, "{\"return\":{}}");
    close(pipes[0]);
    close(pipes[1]);
    clients_close(&c, 1);
}

/* The end of a pipe tells when the last copy of its other end is closed. */
static gboolean at_end(int fd, int ms)
{
    struct pollfd pfd = { .fd = fd };

    return poll(&pfd, 1, ms) == 1 && pfd.revents & POLLHUP;
}

static void test_many_fds(void)
{
    int pipes[2];
    Client c;

    client_ready(&c, "c");
    for (int i = 0; i < 65; i++) {
        g_autofree char *name = g_strdup_printf("f%d", i);

        g_assert_cmpint(pipe(pipes), ==, 0);
        send_getfd(&c, name, pipes[1], 1);
        close(pipes[1]);
        expect(&c, NULL,
               i < 64 ? "{\"return\":{}}"
                      : ERROR("GenericError", "Too many file descriptors are stored "
                                              "(64): 'f64' is refused"));
        g_assert_true(at_end(pipes[0], 0) == (i == 64));
        close(pipes[0]);
    }
    g_assert_cmpint(pipe(pipes), ==, 0);
    send_getfd(&c, "f0", pipes[1], 1); /* one of the same name is replaced */
    expect(&c, NULL, "{\"return\":{}}");
    send_getfd(&c, "f0", pipes[1], 20); /* the kernel closes what is too much for us, */
    expect(&c, NULL, "{\"return\":{}}");
    send_getfd(&c, "f0", pipes[1], 1); /* and we what nobody asked for */
    expect(&c, NULL, "{\"return\":{}}");
    expect(&c, LEND("f0"), "{\"return\":{}}");
    close(claim_lent());
    close(pipes[1]);
    g_assert_true(at_end(pipes[0], 60000)); /* on a thread */
    close(pipes[0]);
    clients_close(&c, 1);
}

/* A client that sends but does not read: its input waits, memory does not grow. */
static void test_flood(void)
{
    static const char text[] = "{\"execute\":\"fail\"}";
    g_autoptr(GString) block = g_string_new(NULL);
    size_t sent = 0, replies = 0;
    Client c;
    ssize_t n;

    client_ready(&c, "c");
    for (int i = 0; i < 100; i++) {
        g_string_append(block, text);
    }
    for (int idle = 0; idle < 3;) {
        n = send(c.fd, block->str, block->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += MAX(n, 0);
        idle = n > 0 ? 0 : idle + 1;
        for (int i = 0; i < 100; i++) {
            event_loop_iterate(event_loop_main(), FALSE);
        }
        g_assert_cmpuint(sent, <, 8 * 1024 * 1024);
    }
    while (replies < sent / strlen(text)) { /* then everything is answered */
        g_free(client_line(&c));
        replies++;
    }
    clients_close(&c, 1);
}

static void test_hostile(void)
{
    g_autoptr(GString) deep = g_string_new(NULL);
    Client c;

    client_ready(&c, "c");
    for (int i = 0; i < 20000; i++) {
        g_string_append(deep, "{\"a\":");
    }
    g_string_append(deep, "\n");
    client_send(&c, deep->str);
    expect(&c, NULL, ERROR("GenericError", "JSON parse error, nested too deeply"));
    expect(&c, "{\"execute\":\"fail\",\"id\":18446744073709551616}",
           ERROR("GenericError", "JSON parse error, number out of range or not decimal: "
                                 "18446744073709551616"));
    expect(&c, "{\"execute\":\"fail\",\"execute\":\"fail\"}",
           ERROR("GenericError", "JSON parse error, duplicate key 'execute'"));
    expect(&c, "}}}\n", ERROR("GenericError", "JSON parse error, expecting value"));
    client_send(&c, "}{\"execute\":\"fail\"}"); /* and no line ever ends */
    expect(&c, NULL, ERROR("GenericError", "JSON parse error, expecting value"));
    expect(&c, NULL, ERROR("GenericError", "it \\\"failed\\\""));
    client_send(&c, "{]\n");
    g_free(client_line(&c)); /* the parser's own words */
    client_send(&c, "{\"\xff\xfe\":1}");
    g_free(client_line(&c));
    expect(&c, "{\"execute\":\"fail\"}", ERROR("GenericError", "it \\\"failed\\\""));
    clients_close(&c, 1);
}

/* As QEMU lays it out. */
static void test_layout(void)
{
    static const char send[] =
        "{\"execute\":\"echo\",\"arguments\":{\"text\":\"\\u001f\\u007f"
        "\\ud83d\\ude00\\/\\t\"},\"id\":[1,-2.5,{},null]}";
    g_autofree char *plain = NULL;
    g_autofree char *pretty = NULL;
    Client c[2];

    client_ready(&c[0], "c");
    client_send(&c[0], send);
    plain = client_line(&c[0]);
    g_assert_cmpstr(plain, ==,
                    "{\"return\": {\"text\": \"\\u001f\\u007f\\ud83d\\ude00/\\t\"}, "
                    "\"id\": [1, -2.5, {}, null]}");
    client_open(&c[1], "p", "pretty");
    g_free(client_line(&c[1]));
    client_send(&c[1], "{\"execute\":\"qmp_capabilities\",\"id\":[1,2]}");
    pretty = client_line(&c[1]);
    g_assert_cmpstr(pretty, ==,
                    "{\n    \"return\": {\n    },\n    \"id\": [\n        1,\n"
                    "        2\n    ]\n}");
    clients_close(c, 2);
}

static void end_wait(void)
{
    qmp_reply_done(g_queue_pop_head(&waiting), NULL, NULL);
}

/* A command that takes its time holds up its own monitor alone. */
static void test_later(void)
{
    Client c[2];

    client_ready(&c[0], "a");
    client_ready(&c[1], "b");
    client_send(&c[0], "{\"execute\":\"wait\",\"id\":1}{\"execute\":\"echo-default\"}"
                       "{\"execute\":\"wait\",\"id\":2}{\"execute\":\"nope\"}");
    client_fill(&c[0]);
    g_assert_cmpuint(waiting.length, ==, 1);
    g_assert_cmpuint(c[0].in->len, ==, 0);
    expect(&c[1], "{\"execute\":\"echo-default\"}",
           "{\"return\":{\"text\":\"default\"}}");
    client_send(&c[1], "{\"execute\":\"event\"}"); /* events do not wait */
    expect_event(&c[0], "{\"event\":\"STOP\"}");
    expect_event(&c[0], "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":false}}");
    end_wait();
    g_assert_cmpuint(waiting.length, ==, 0); /* the next one is not begun in here */
    expect(&c[0], NULL, "{\"return\":{},\"id\":1}");
    expect(&c[0], NULL, "{\"return\":{\"text\":\"default\"}}");
    client_fill(&c[0]);
    g_assert_cmpuint(waiting.length, ==, 1);
    g_assert_cmpuint(c[0].in->len, ==, 0);
    end_wait();
    expect(&c[0], NULL, "{\"return\":{},\"id\":2}");
    expect(&c[0], NULL, ERROR("CommandNotFound", "The command nope has not been found"));
    clients_close(c, 2);
}

/* Input is still read, up to what one read gives, and no more. */
static void test_later_flood(void)
{
    static const char text[] = "{\"execute\":\"fail\"}";
    guint sent = 0;
    Client c;

    client_ready(&c, "c");
    client_send(&c, "{\"execute\":\"wait\"}");
    client_fill(&c);
    while (send(c.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)strlen(text)) {
        sent++;
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_cmpuint(c.in->len, ==, 0);
    end_wait();
    expect(&c, NULL, "{\"return\":{}}");
    for (; sent > 0; sent--) {
        expect(&c, NULL, ERROR("GenericError", "it \\\"failed\\\""));
    }
    clients_close(&c, 1);
}

/* Neither a client that has gone nor a monitor that has is told, and nothing leaks. */
static void test_later_gone(void)
{
    Client c;

    client_ready(&c, "c");
    client_send(&c, "{\"execute\":\"wait\"}");
    client_fill(&c);
    shutdown(c.fd, SHUT_RDWR);
    client_fill(&c);
    end_wait();
    client_fill(&c);
    clients_close(&c, 1);

    client_ready(&c, "c");
    client_send(&c, "{\"execute\":\"wait\"}{\"execute\":\"nope\"}");
    client_fill(&c);
    clients_close(&c, 1);
    end_wait();
    event_loop_iterate(event_loop_main(), FALSE);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/qmp/negotiation", test_negotiation);
    g_test_add_func("/qmp/envelope", test_envelope);
    g_test_add_func("/qmp/arguments", test_arguments);
    g_test_add_func("/qmp/split", test_split);
    g_test_add_func("/qmp/pipelined", test_pipelined);
    g_test_add_func("/qmp/events", test_events);
    g_test_add_func("/qmp/getfd", test_getfd);
    g_test_add_func("/qmp/fds-of-others", test_fds_of_others);
    g_test_add_func("/qmp/later", test_later);
    g_test_add_func("/qmp/later/flood", test_later_flood);
    g_test_add_func("/qmp/later/gone", test_later_gone);
    g_test_add_func("/qmp/many-fds", test_many_fds);
    g_test_add_func("/qmp/flood", test_flood);
    g_test_add_func("/qmp/hostile", test_hostile);
    g_test_add_func("/qmp/layout", test_layout);
    rc = g_test_run();
    chardev_cleanup();
    return rc;
}
