/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/qtest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 30000

typedef struct Channel {
    int fd;
    GString *in;
} Channel;

struct QTest {
    pid_t pid;
    char *dir, *messages; /* messages: file that is its stderr */
    Channel qtest, qmp;
    GQueue events;               /* JsonObject, not waited for yet */
    GHashTable *levels, *raised; /* by line + 1 */
};

static const char *build_dir(void)
{
    const char *dir = g_getenv("builddir");
    return dir ? dir : ".";
}

/* What the emulator said, in the failure. */
static void fail(QTest *q, const char *what)
{
    g_autofree char *said = NULL;
    g_file_get_contents(q->messages, &said, NULL, NULL);
    g_error("%s; the emulator said: %s", what, said && *said ? said : "nothing");
}

static void wait_readable(QTest *q, int fd, const char *what)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int n;
    do {
        n = poll(&p, 1, TIMEOUT_MS);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        g_autofree char *text = g_strdup_printf("timed out waiting for %s", what);
        fail(q, text);
    }
}

/* One line without its end. NULL: the channel was closed. */
static char *read_line(QTest *q, Channel *c, const char *what)
{
    char *end;
    while (!(end = memchr(c->in->str, '\n', c->in->len))) {
        char buf[65536];
        wait_readable(q, c->fd, what);
        ssize_t n = read(c->fd, buf, sizeof(buf));
        if (n <= 0) {
            return NULL;
        }
        g_string_append_len(c->in, buf, n);
    }
    char *line = g_strndup(c->in->str, (gsize)(end - c->in->str));
    g_string_erase(c->in, 0, end + 1 - c->in->str);
    return g_strchomp(line);
}

static void send_text(QTest *q, Channel *c, const char *text)
{
    for (gsize left = strlen(text); left;) {
        ssize_t n = send(c->fd, text, left, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            fail(q, "the emulator has closed its socket");
        }
        left -= (gsize)MAX(n, 0);
        text += MAX(n, 0);
    }
}

/* Life */

static int listen_on(const char *dir, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void die_with_parent(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static pid_t spawn(const char *command, const char *messages)
{
    g_auto(GStrv) argv = NULL;
    g_autoptr(GError) error = NULL;
    GPid pid;
    int fd = g_open(messages, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_shell_parse_argv(command, NULL, &argv, &error);
    g_assert_no_error(error);
    g_spawn_async_with_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent,
                           NULL, &pid, -1, -1, fd, &error);
    g_assert_no_error(error);
    close(fd);
    return pid;
}

/* The emulator connects; if it ends instead, that is said. */
static int accept_from(QTest *q, int listener)
{
    struct pollfd p = { .fd = listener, .events = POLLIN };
    for (int waited = 0; waited < TIMEOUT_MS; waited += 20) {
        if (poll(&p, 1, 20) > 0) {
            int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            close(listener);
            return fd;
        }
        if (waitpid(q->pid, NULL, WNOHANG) != 0) {
            fail(q, "the emulator ended at start");
        }
    }
    fail(q, "the emulator does not connect");
    return -1;
}

static void open_qmp(QTest *q)
{
    g_autofree char *greeting = read_line(q, &q->qmp, "the QMP greeting");
    g_assert_nonnull(greeting);
    g_assert_nonnull(strstr(greeting, "\"QMP\""));
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\": \"qmp_capabilities\"}");
    g_assert_nonnull(reply);
}

/* own: the arguments of the accelerator; with qtest it connects to that socket. */
static QTest *start(const char *own, gboolean with_qtest, const char *args)
{
    QTest *q = g_new0(QTest, 1);
    q->dir = g_dir_make_tmp("vireo-qtest-XXXXXX", NULL);
    q->messages = g_build_filename(q->dir, "stderr", NULL);
    int qtest = listen_on(q->dir, "qtest"), qmp = listen_on(q->dir, "qmp");
    g_autofree char *plain = g_strdup_printf("%s/vireo %s -qmp unix:@DIR@/qmp %s",
                                             build_dir(), own, args);
    g_auto(GStrv) parts = g_strsplit(plain, "@DIR@", -1);
    g_autofree char *command = g_strjoinv(q->dir, parts);
    q->pid = spawn(command, q->messages);
    q->levels = g_hash_table_new(NULL, NULL);
    q->raised = g_hash_table_new(NULL, NULL);
    q->qtest.in = g_string_new(NULL);
    q->qmp.in = g_string_new(NULL);
    q->qmp.fd = accept_from(q, qmp);
    if (with_qtest) {
        q->qtest.fd = accept_from(q, qtest);
    } else {
        q->qtest.fd = qtest;
    }
    open_qmp(q);
    return q;
}

QTest *qtest_start(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *args = g_strdup_vprintf(format, ap);
    va_end(ap);
    return start("-accel qtest -qtest unix:@DIR@/qtest -qtest-log @DIR@/log", TRUE, args);
}

QTest *qtest_start_kvm(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *args = g_strdup_vprintf(format, ap);
    va_end(ap);
    return start("-accel kvm -serial file:@DIR@/serial", FALSE, args);
}

char *qtest_serial(QTest *q, const char *text)
{
    g_autofree char *path = g_build_filename(q->dir, "serial", NULL);
    for (int waited = 0; waited < TIMEOUT_MS; waited += 2) {
        char *said = NULL;
        g_file_get_contents(path, &said, NULL, NULL);
        if (!text || (said && strstr(said, text))) {
            return said;
        }
        g_free(said);
        g_usleep(2000); /* a file has no way to wait for more */
    }
    g_autofree char *what = g_strdup_printf("the guest does not say '%s'", text);
    fail(q, what);
    return NULL;
}

int qtest_run(const char *args, char **messages)
{
    g_autofree char *command =
        g_strdup_printf("%s/vireo %s", build_dir(), args);
    g_autofree char *out = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    g_spawn_command_line_sync(command, &out, messages, &status, &error);
    g_assert_no_error(error);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void remove_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        g_unlink(child);
    }
    g_rmdir(path);
}

static int wait_child(QTest *q)
{
    int status;
    for (int waited = 0; waited < TIMEOUT_MS; waited += 5) {
        pid_t pid = waitpid(q->pid, &status, WNOHANG);
        if (pid == q->pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        g_usleep(5000); /* waitpid has no limit of its own */
    }
    kill(q->pid, SIGKILL);
    fail(q, "the emulator does not end");
    return -1;
}

int qtest_wait_exit(QTest *q)
{
    int status = wait_child(q);
    if (status) {
        g_autofree char *said = NULL;
        g_file_get_contents(q->messages, &said, NULL, NULL);
        g_test_message("the emulator exited with %d: %s", status, said);
    }
    close(q->qtest.fd);
    close(q->qmp.fd);
    g_string_free(q->qtest.in, TRUE);
    g_string_free(q->qmp.in, TRUE);
    g_queue_clear_full(&q->events, (GDestroyNotify)json_object_unref);
    g_hash_table_unref(q->levels);
    g_hash_table_unref(q->raised);
    remove_dir(q->dir);
    g_free(q->dir);
    g_free(q->messages);
    g_free(q);
    return status;
}

void qtest_stop(QTest *q)
{
    send_text(q, &q->qmp, "{\"execute\": \"quit\"}\n");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

const char *qtest_dir(QTest *q)
{
    return q->dir;
}

int qtest_pid(const QTest *q)
{
    return q->pid;
}

/* Commands */

/* "IRQ raise N" and "IRQ lower N". */
static void note_irq(QTest *q, const char *line)
{
    gboolean raise = g_str_has_prefix(line, "IRQ raise ");
    guint n = (guint)g_ascii_strtoull(line + strlen("IRQ raise "), NULL, 10);
    gpointer key = GUINT_TO_POINTER(n + 1);
    g_hash_table_insert(q->levels, key, GINT_TO_POINTER(raise));
    if (raise) {
        gsize times = GPOINTER_TO_SIZE(g_hash_table_lookup(q->raised, key));
        g_hash_table_insert(q->raised, key, GSIZE_TO_POINTER(times + 1));
    }
}

static void send_line(QTest *q, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    send_text(q, &q->qtest, text);
}

/* The next reply; interrupts on the way are noted. */
static char *next_reply(QTest *q, const char *line)
{
    for (;;) {
        char *reply = read_line(q, &q->qtest, line);
        if (!reply) {
            fail(q, "the emulator has closed the qtest socket");
        }
        if (!g_str_has_prefix(reply, "IRQ ")) {
            return reply;
        }
        note_irq(q, reply);
        g_free(reply);
    }
}

char *qtest_command_line(QTest *q, const char *line)
{
    send_line(q, line);
    return next_reply(q, line);
}

void qtest_begin(QTest *q, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *line = g_strdup_vprintf(format, ap);
    va_end(ap);
    send_line(q, line);
}

void qtest_finish(QTest *q)
{
    g_autofree char *reply = next_reply(q, "the end of an access");
    g_assert_cmpstr(reply, ==, "OK");
}

/* A command that must succeed; returns what stands after "OK ". */
static char *command(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *command(QTest *q, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *line = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *reply = qtest_command_line(q, line);
    if (!g_str_has_prefix(reply, "OK")) {
        g_error("%.60s: %s", line, reply);
    }
    return g_strdup(reply[2] ? reply + 3 : "");
}

void qtest_outs(QTest *q, guint16 port, const void *buf, gsize len)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (gsize i = 0; i < len; i++) {
        g_string_append_printf(text, "outb 0x%x 0x%x\n", port, ((const guint8 *)buf)[i]);
    }
    send_text(q, &q->qtest, text->str);
    for (gsize i = 0; i < len; i++) {
        g_autofree char *reply = next_reply(q, "outb");
        g_assert_cmpstr(reply, ==, "OK");
    }
}

static guint64 number_command(QTest *q, const char *name, guint64 addr)
{
    g_autofree char *value = command(q, "%s 0x%" G_GINT64_MODIFIER "x", name, addr);
    return g_ascii_strtoull(value, NULL, 0);
}

static void store_command(QTest *q, const char *name, guint64 addr, guint64 value)
{
    g_free(command(q, "%s 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x", name,
                   addr, value));
}

#define PORT(suffix, type)                                                               \
    void qtest_out##suffix(QTest *q, guint16 port, type value)                           \
    {                                                                                    \
        store_command(q, "out" #suffix, port, value);                                    \
    }                                                                                    \
    type qtest_in##suffix(QTest *q, guint16 port)                                        \
    {                                                                                    \
        return (type)number_command(q, "in" #suffix, port);                              \
    }
#define MEMORY(suffix, type)                                                             \
    void qtest_write##suffix(QTest *q, guint64 addr, type value)                         \
    {                                                                                    \
        store_command(q, "write" #suffix, addr, value);                                  \
    }                                                                                    \
    type qtest_read##suffix(QTest *q, guint64 addr)                                      \
    {                                                                                    \
        return (type)number_command(q, "read" #suffix, addr);                            \
    }

PORT(b, guint8)
PORT(w, guint16)
PORT(l, guint32)
MEMORY(b, guint8)
MEMORY(w, guint16)
MEMORY(l, guint32)
MEMORY(q, guint64)

void qtest_memwrite(QTest *q, guint64 addr, const void *buf, gsize len)
{
    if (len) {
        g_autofree char *text = g_base64_encode(buf, len);
        g_free(command(q, "b64write 0x%" G_GINT64_MODIFIER "x %" G_GSIZE_FORMAT " %s",
                       addr, len, text));
    }
}

void qtest_memread(QTest *q, guint64 addr, void *buf, gsize len)
{
    gsize n = 0;
    g_autofree char *text =
        command(q, "b64read 0x%" G_GINT64_MODIFIER "x %" G_GSIZE_FORMAT, addr, len);
    g_autofree guchar *data = g_base64_decode(text, &n);
    g_assert_cmpuint(n, ==, len);
    memcpy(buf, data, len);
}

void qtest_memset(QTest *q, guint64 addr, guint8 value, gsize len)
{
    g_free(command(q, "memset 0x%" G_GINT64_MODIFIER "x %" G_GSIZE_FORMAT " 0x%x", addr,
                   len, value));
}

static gint64 clock_command(QTest *q, const char *line)
{
    g_autofree char *now = command(q, "%s", line);
    return g_ascii_strtoll(now, NULL, 10);
}

gint64 qtest_clock_step(QTest *q, gint64 ns)
{
    g_autofree char *line = g_strdup_printf("clock_step %" G_GINT64_FORMAT, ns);
    return clock_command(q, line);
}

gint64 qtest_clock_step_next(QTest *q)
{
    return clock_command(q, "clock_step");
}

gint64 qtest_clock_set(QTest *q, gint64 now)
{
    g_autofree char *line = g_strdup_printf("clock_set %" G_GINT64_FORMAT, now);
    return clock_command(q, line);
}

void qtest_irq_intercept_in(QTest *q, const char *device)
{
    g_free(command(q, "irq_intercept_in %s", device));
}

/* A command that does nothing brings what has been reported before it. */
static void collect_irqs(QTest *q)
{
    g_free(command(q, "endianness"));
}

gboolean qtest_get_irq(QTest *q, unsigned n)
{
    collect_irqs(q);
    return GPOINTER_TO_INT(g_hash_table_lookup(q->levels, GUINT_TO_POINTER(n + 1)));
}

guint64 qtest_irq_raised(QTest *q, unsigned n)
{
    collect_irqs(q);
    return GPOINTER_TO_SIZE(g_hash_table_lookup(q->raised, GUINT_TO_POINTER(n + 1)));
}

void qtest_wait_irq(QTest *q, unsigned n, guint64 times)
{
    while (GPOINTER_TO_SIZE(g_hash_table_lookup(q->raised, GUINT_TO_POINTER(n + 1))) <
           times) {
        g_autofree char *line = read_line(q, &q->qtest, "an interrupt");
        if (!line) {
            fail(q, "the emulator has closed the qtest socket");
        }
        g_assert_true(g_str_has_prefix(line, "IRQ "));
        note_irq(q, line);
    }
}

/* QMP */

/* The next message; events are kept, and NULL returned for them. */
static JsonObject *next_message(QTest *q, const char *what)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *line = read_line(q, &q->qmp, what);
    if (!line) {
        fail(q, "the emulator has closed the QMP socket");
    }
    json_parser_load_from_data(parser, line, -1, &error);
    g_assert_no_error(error);
    JsonObject *message = json_node_dup_object(json_parser_get_root(parser));
    if (json_object_has_member(message, "event")) {
        g_queue_push_tail(&q->events, message);
        return NULL;
    }
    return message;
}

static JsonObject *run_qmp(QTest *q, const char *text)
{
    JsonObject *reply = NULL;
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    send_text(q, &q->qmp, line);
    while (!reply) {
        reply = next_message(q, text);
    }
    return reply;
}

JsonObject *qtest_qmp(QTest *q, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    return run_qmp(q, text);
}

static char *error_text(JsonObject *reply)
{
    JsonObject *error = json_object_has_member(reply, "error")
                            ? json_object_get_object_member(reply, "error")
                            : NULL;
    return error ? g_strdup(json_object_get_string_member(error, "desc")) : NULL;
}

JsonNode *qtest_qmp_ok(QTest *q, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(JsonObject) reply = run_qmp(q, text);
    g_autofree char *error = error_text(reply);
    if (error) {
        g_error("%s: %s", text, error);
    }
    return json_node_copy(json_object_get_member(reply, "return"));
}

char *qtest_qmp_fails(QTest *q, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(JsonObject) reply = run_qmp(q, text);
    char *error = error_text(reply);
    if (!error) {
        g_error("%s: succeeded where it should fail", text);
    }
    return error;
}

static JsonObject *take_event(QTest *q, const char *name)
{
    for (GList *l = q->events.head; l; l = l->next) {
        JsonObject *event = l->data;
        if (g_str_equal(json_object_get_string_member(event, "event"), name)) {
            g_queue_delete_link(&q->events, l);
            return event;
        }
    }
    return NULL;
}

JsonObject *qtest_event_wait(QTest *q, const char *name)
{
    JsonObject *event;
    while (!(event = take_event(q, name))) {
        g_autoptr(JsonObject) reply = next_message(q, name);
        g_assert_null(reply); /* nobody has asked for anything */
    }
    return event;
}

gboolean qtest_event_seen(QTest *q, const char *name)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");
    g_autoptr(JsonObject) event = take_event(q, name);
    return node && event;
}

void qtest_wait_migrated(QTest *q)
{
    for (;;) {
        g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        const char *status = json_object_has_member(o, "status")
                                 ? json_object_get_string_member(o, "status")
                                 : "none";
        g_assert_cmpstr(status, !=, "failed");
        if (strcmp(status, "completed") == 0) {
            return;
        }
        g_usleep(1000);
    }
}
