/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client against a peer on a socketpair that says what each test wants. */
#include "qmp/client.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp/frame.h"
#include "util/json.h"

#define GREETING                                                                         \
    "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 8, \"minor\": 2, \"micro\": 0}, "    \
    "\"package\": \"vireo 1\"}, \"capabilities\": []}}\r\n"

typedef struct Fixture {
    GMainContext *context;
    GMainLoop *loop;
    GThread *io;
    QmpClient *client;
    int peer;

    GMutex lock;
    GCond cond;
    GPtrArray *events;
    gboolean closed, destroyed;
} Fixture;

static void on_event(const char *name, JsonObject *data, gint64 usec, gpointer opaque)
{
    Fixture *f = opaque;
    const char *device = util_json_string(data, "device");

    g_mutex_lock(&f->lock);
    g_ptr_array_add(f->events,
                    g_strdup_printf("%s %s %" G_GINT64_FORMAT, name, device, usec));
    g_cond_broadcast(&f->cond);
    g_mutex_unlock(&f->lock);
}

static void on_closed(gpointer opaque)
{
    Fixture *f = opaque;

    g_mutex_lock(&f->lock);
    f->closed = TRUE;
    g_cond_broadcast(&f->cond);
    g_mutex_unlock(&f->lock);
}

static void on_destroy(gpointer opaque)
{
    Fixture *f = opaque;

    g_mutex_lock(&f->lock);
    f->destroyed = TRUE;
    g_cond_broadcast(&f->cond);
    g_mutex_unlock(&f->lock);
}

static const QmpClientOps ops = { on_event, on_closed };

static gpointer io_main(gpointer opaque)
{
    Fixture *f = opaque;

    g_main_context_push_thread_default(f->context);
    g_main_loop_run(f->loop);
    g_main_context_pop_thread_default(f->context);
    return NULL;
}

static void set_up(Fixture *f, gconstpointer data)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    g_mutex_init(&f->lock);
    g_cond_init(&f->cond);
    f->events = g_ptr_array_new_with_free_func(g_free);
    f->context = g_main_context_new();
    f->loop = g_main_loop_new(f->context, FALSE);
    f->peer = fds[0];
    f->client = qmp_client_new(fds[1], f->context, &ops, f, on_destroy);
    f->io = g_thread_new("io", io_main, f);
}

static void wait_for(Fixture *f, gboolean *what)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    g_mutex_lock(&f->lock);
    while (!*what) {
        g_assert_true(g_cond_wait_until(&f->cond, &f->lock, deadline));
    }
    g_mutex_unlock(&f->lock);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    qmp_client_close(f->client);
    wait_for(f, &f->destroyed);
    g_assert_true(f->closed);
    qmp_client_unref(f->client);
    g_main_loop_quit(f->loop);
    g_thread_join(f->io);
    g_main_loop_unref(f->loop);
    g_main_context_unref(f->context);
    g_ptr_array_unref(f->events);
    if (f->peer >= 0) {
        close(f->peer);
    }
    g_mutex_clear(&f->lock);
    g_cond_clear(&f->cond);
}

static void peer_send(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
}

/* Reads one command; the descriptor that came with it goes to *passed, if any. */
static char *peer_read(int fd, int *passed)
{
    GString *line = g_string_new(NULL);
    char c = 0;

    while (c != '\n') {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec iov = { &c, 1 };
        struct msghdr msg = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };

        g_assert_cmpint(recvmsg(fd, &msg, MSG_CMSG_CLOEXEC), ==, 1);
        if (CMSG_FIRSTHDR(&msg) && passed) {
            memcpy(passed, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
        }
        g_string_append_c(line, c);
    }
    g_assert_true(g_str_has_suffix(line->str, "\r\n"));
    return g_string_free(line, FALSE);
}

/* What the scripted peer does for one command; "%s" in a text becomes the command's ID.
 */
typedef struct Script {
    int fd;
    const char *const *replies;
    int passed;
    char *last;
} Script;

static gpointer run_script(gpointer opaque)
{
    Script *s = opaque;

    for (guint i = 0; s->replies[i]; i++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *line = peer_read(s->fd, &s->passed);
        g_auto(GStrv) parts = g_strsplit(s->replies[i], "%s", -1);
        g_autofree char *text = NULL;

        g_assert_true(json_parser_load_from_data(parser, line, -1, NULL));
        text = g_strjoinv(
            util_json_string(json_node_get_object(json_parser_get_root(parser)), "id"),
            parts);
        peer_send(s->fd, text);
        g_free(s->last);
        s->last = g_steal_pointer(&line);
    }
    return NULL;
}

static void test_call(Fixture *f, gconstpointer data)
{
    static const char *const replies[] = {
        "{\"return\": {}, \"id\": \"%s\"}\r\n",
        "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 3, \"microseconds\": 4}}\r\n"
        "{\"return\": {\"status\": \"paused\"}, \"id\": \"%s\"}\r\n",
        "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no such thing\"}, "
        "\"id\": \"%s\"}\n",
        NULL,
    };
    Script script = { .fd = f->peer, .replies = replies, .passed = -1 };
    g_autoptr(GThread) thread = NULL;
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *args = json_object_new();

    peer_send(f->peer, GREETING);
    thread = g_thread_ref(g_thread_new("peer", run_script, &script));
    g_assert_true(qmp_client_negotiate(f->client, 10000, &err));
    g_assert_no_error(err);
    g_assert_cmpstr(qmp_client_version(f->client), ==, "8.2.0");
    g_assert_cmpstr(qmp_client_package(f->client), ==, "vireo 1");

    g_assert_true(qmp_client_call(f->client, "query-status", NULL, &reply, &err));
    g_assert_cmpstr(util_json_string(json_node_get_object(reply), "status"), ==,
                    "paused");
    /* The event before the reply has been delivered by now. */
    g_assert_cmpint(f->events->len, ==, 1);
    g_assert_cmpstr(f->events->pdata[0], ==, "STOP (null) 3000004");

    json_object_set_string_member(args, "id", "a\"b");
    g_assert_false(qmp_client_call(f->client, "device_del", args, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_DEVICE_NOT_FOUND);
    g_assert_nonnull(strstr(err->message, "'device_del': no such thing"));
    g_thread_join(thread);
    g_assert_nonnull(strstr(script.last, "\"arguments\":{\"id\":\"a\\\"b\"}"));
    g_free(script.last);
}

static void test_split(Fixture *f, gconstpointer data)
{
    static const char text[] = GREETING
        "\r\n{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"virtio-disk1\"}, "
        "\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n"
        "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 5, \"microseconds\": "
        "6}}\r\n";

    for (gsize i = 0; i < strlen(text); i++) {
        g_assert_cmpint(send(f->peer, text + i, 1, 0), ==, 1);
    }
    g_mutex_lock(&f->lock);
    while (f->events->len < 2) {
        g_cond_wait(&f->cond, &f->lock);
    }
    g_assert_cmpstr(f->events->pdata[0], ==, "DEVICE_DELETED virtio-disk1 1000002");
    g_assert_cmpstr(f->events->pdata[1], ==, "RESUME (null) 5000006");
    g_mutex_unlock(&f->lock);
}

static void test_fd(Fixture *f, gconstpointer data)
{
    static const char *const replies[] = { "{\"return\": {}, \"id\": \"%s\"}\r\n", NULL };
    Script script = { .fd = f->peer, .replies = replies, .passed = -1 };
    g_autoptr(GThread) thread = NULL;
    g_autoptr(GError) err = NULL;
    int pair[2];
    char c;

    g_assert_cmpint(pipe(pair), ==, 0);
    thread = g_thread_ref(g_thread_new("peer", run_script, &script));
    g_assert_true(
        qmp_client_call_full(f->client, "getfd", NULL, pair[1], 10000, NULL, &err));
    g_assert_no_error(err);
    g_thread_join(thread);
    close(pair[1]);
    g_assert_cmpint(script.passed, >=, 0);
    g_assert_cmpint(write(script.passed, "x", 1), ==, 1);
    g_assert_cmpint(read(pair[0], &c, 1), ==, 1);
    close(script.passed);
    close(pair[0]);
    g_free(script.last);
}

static void test_timeout(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *line = NULL;
    static const char *const replies[] = {
        /* The late answer to the first command comes before that to the second. */
        "{\"return\": {}, \"id\": \"vireo-1\"}\r\n{\"return\": {}, \"id\": \"%s\"}\r\n",
        NULL,
    };
    Script script = { .fd = f->peer, .replies = replies, .passed = -1 };
    g_autoptr(GThread) thread = NULL;

    g_assert_false(qmp_client_call_full(f->client, "stop", NULL, -1, 20, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_TIMEOUT);
    g_assert_nonnull(strstr(err->message, "'stop'"));
    g_clear_error(&err);
    g_assert_true(qmp_client_is_silent(f->client));
    g_assert_false(qmp_client_ask(f->client, "query-status", NULL));
    line = peer_read(f->peer, NULL);
    thread = g_thread_ref(g_thread_new("peer", run_script, &script));
    g_assert_true(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_no_error(err);
    g_thread_join(thread);
    g_assert_false(qmp_client_is_silent(f->client));
    g_free(script.last);
}

/* A question does not wait: neither for its answer nor for another call. */
static void test_ask(Fixture *f, gconstpointer data)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    static const char *const replies[] = {
        "{\"return\": {}, \"id\": \"%s\"}\r\n",
        NULL,
    };
    Script script = { .fd = f->peer, .replies = replies, .passed = -1 };
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GThread) thread = NULL;
    g_autoptr(GError) err = NULL;

    for (unsigned i = 0; i < 2; i++) {
        g_assert_true(qmp_client_ask(f->client, "query-status", NULL));
        g_assert_false(qmp_client_ask(f->client, "query-status", NULL));
        thread = g_thread_ref(g_thread_new("peer", run_script, &script));
        g_assert_true(
            qmp_client_answer(f->client, "query-status", deadline, &reply, &err));
        g_assert_no_error(err);
        g_assert_true(JSON_NODE_HOLDS_OBJECT(reply));
        g_clear_pointer(&reply, json_node_unref);
        g_thread_join(thread);
        g_clear_pointer(&thread, g_thread_unref);
        g_clear_pointer(&script.last, g_free);
    }
    g_assert_true(qmp_client_ask(f->client, "query-status", NULL));
    shutdown(f->peer, SHUT_RDWR);
    g_assert_false(qmp_client_answer(f->client, "query-status", deadline, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_CLOSED);
    g_assert_false(qmp_client_ask(f->client, "query-status", NULL));
}

static gpointer close_after_command(gpointer opaque)
{
    Fixture *f = opaque;

    g_free(peer_read(f->peer, NULL));
    shutdown(f->peer, SHUT_RDWR);
    return NULL;
}

static void test_eof(Fixture *f, gconstpointer data)
{
    g_autoptr(GThread) thread =
        g_thread_ref(g_thread_new("peer", close_after_command, f));
    g_autoptr(GError) err = NULL;

    g_assert_false(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_CLOSED);
    g_clear_error(&err);
    g_thread_join(thread);
    wait_for(f, &f->closed);
    g_assert_true(qmp_client_is_closed(f->client));
    g_assert_false(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_CLOSED);
}

static void test_no_greeting(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(qmp_client_negotiate(f->client, 20, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_TIMEOUT);
}

/* Each of these ends the connection, and a call with it. */
static void test_garbage(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    peer_send(f->peer, data);
    wait_for(f, &f->closed);
    g_assert_false(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_CLOSED);
    g_assert_nonnull(strstr(err->message, "the monitor sent a message"));
}

/* What nobody has asked for harms nobody; an error without an ID is the command's. */
static void test_unasked(Fixture *f, gconstpointer data)
{
    static const char *const replies[] = {
        "{\"return\": {}, \"id\": \"libvirt-1\"}\r\n{\"return\": {}}\r\n"
        "{\"what\": 1}\r\n" GREETING "{\"return\": {}, \"id\": \"%s\"}\r\n",
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"what?\"}}\r\n",
        "{\"return\": {}, \"id\": \"%s\"}\r\n",
        NULL,
    };
    Script script = { .fd = f->peer, .replies = replies, .passed = -1 };
    g_autoptr(GError) err = NULL;
    GThread *thread;

    peer_send(f->peer, GREETING);
    thread = g_thread_new("peer", run_script, &script);
    g_assert_true(qmp_client_negotiate(f->client, 10000, &err));
    g_assert_no_error(err);
    g_assert_false(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_GENERIC);
    g_assert_nonnull(strstr(err->message, "what?"));
    g_clear_error(&err);
    g_assert_true(qmp_client_call(f->client, "cont", NULL, NULL, &err));
    g_assert_no_error(err);
    g_thread_join(thread);
    g_free(script.last);
}

static void test_depth(void)
{
    g_assert_true(util_json_depth_ok("[[{}]]", 6, 3));
    g_assert_false(util_json_depth_ok("[[{}]]", 6, 2));
    g_assert_true(util_json_depth_ok("\"[[[[\\\"[[[\"", 11, 1));
}

/* A line without an end is refused once it is too long, not kept for ever. */
static void test_long(void)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(JsonObject) object = NULL;
    g_autoptr(GError) err = NULL;

    g_byte_array_set_size(buffer, QMP_LINE_MAX);
    memset(buffer->data, ' ', buffer->len);
    g_assert_true(qmp_frame_next(buffer, &object, &err));
    g_assert_null(object);
    g_byte_array_append(buffer, (const guint8 *)" ", 1);
    g_assert_false(qmp_frame_next(buffer, &object, &err));
    g_assert_error(err, QMP_ERROR, QMP_ERROR_PROTOCOL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *text;
    } garbage[] = {
        { "text", "hello\r\n" },
        { "array", "[1]\r\n" },
        { "deep",
          "{\"event\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
          "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}\r\n" },
    };

    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
    g_test_add("/qmp/call", Fixture, NULL, set_up, test_call, tear_down);
    g_test_add("/qmp/split", Fixture, NULL, set_up, test_split, tear_down);
    g_test_add("/qmp/fd", Fixture, NULL, set_up, test_fd, tear_down);
    g_test_add("/qmp/timeout", Fixture, NULL, set_up, test_timeout, tear_down);
    g_test_add("/qmp/ask", Fixture, NULL, set_up, test_ask, tear_down);
    g_test_add("/qmp/eof", Fixture, NULL, set_up, test_eof, tear_down);
    g_test_add("/qmp/unasked", Fixture, NULL, set_up, test_unasked, tear_down);
    g_test_add("/qmp/no-greeting", Fixture, NULL, set_up, test_no_greeting, tear_down);
    for (guint i = 0; i < G_N_ELEMENTS(garbage); i++) {
        g_autofree char *path = g_strdup_printf("/qmp/garbage/%s", garbage[i].name);

        g_test_add(path, Fixture, garbage[i].text, set_up, test_garbage, tear_down);
    }
    g_test_add_func("/qmp/depth", test_depth);
    g_test_add_func("/qmp/long", test_long);
    return g_test_run();
}
