/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550's transmitter and readers that are late: nothing is lost, the guest waits.
 * A reader here reads when the transmitter has become busy, and only then.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "tests/device/board.h"

#define COM1      0x3f8
#define IRQ       4
#define LINES     8000
#define WIDTH     6
#define DEPTH     16384 /* of the queue behind the FIFO */
#define PIECE     1024
#define PIPE_SIZE 4096 /* a full one is soon had */

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

static char *dir;

static guint8 in(QTest *q, unsigned reg)
{
    return qtest_inb(q, COM1 + reg);
}

static void out(QTest *q, unsigned reg, guint8 value)
{
    qtest_outb(q, COM1 + reg, value);
}

/* Each opens the reader's end; *q has the port on the other. */

static int open_pipe(QTest **q, const char *options)
{
    g_autofree char *path = g_build_filename(dir, "pipe", NULL);

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE), ==, PIPE_SIZE);
    *q = qtest_start("-M microvm -m 16 -nodefaults -serial file:%s %s", path, options);
    g_unlink(path);
    return fd;
}

static int open_fifos(QTest **q, const char *options)
{
    g_autofree char *path = g_build_filename(dir, "fifo", NULL);
    g_autofree char *from = g_strconcat(path, ".out", NULL);
    g_autofree char *to = g_strconcat(path, ".in", NULL);

    g_assert_cmpint(mkfifo(from, 0600) | mkfifo(to, 0600), ==, 0);
    int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE), ==, PIPE_SIZE);
    *q = qtest_start("-M microvm -m 16 -nodefaults -serial pipe:%s %s", path, options);
    g_unlink(from);
    g_unlink(to);
    return fd;
}

/* chardev: what the port is on, a socket by its path. */
static int open_socket(QTest **q, const char *chardev, const char *options)
{
    g_autofree char *path = g_build_filename(dir, "unix", NULL);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *q = qtest_start("-M microvm -m 16 -nodefaults %s,path=%s,server=on,wait=off %s",
                     chardev, path, options);
    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
    g_unlink(path);
    board_sync(*q); /* it has seen us */
    return fd;
}

static int open_unix(QTest **q, const char *options)
{
    return open_socket(q, "-serial socket", options);
}

static int open_mux(QTest **q, const char *options)
{
    return open_socket(q, "-serial chardev:m -chardev socket,id=m,mux=on", options);
}

static char *pty_path(QTest *q)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\": \"query-chardev\"}");
    JsonArray *list = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(list); i++) {
        const char *name = json_object_get_string_member(
            json_array_get_object_element(list, i), "filename");
        if (g_str_has_prefix(name, "pty:")) {
            return g_strdup(name + strlen("pty:"));
        }
    }
    g_assert_not_reached();
}

static int open_pty(QTest **q, const char *options)
{
    *q = qtest_start("-M microvm -m 16 -nodefaults -serial pty %s", options);
    g_autofree char *path = pty_path(*q);
    return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

typedef int (*OpenFn)(QTest **q, const char *options);

/* What is there now. */
static void read_all(int fd, GByteArray *got)
{
    guint8 buf[65536];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_byte_array_append(got, buf, n);
    }
    g_assert_true(n < 0 && errno == EAGAIN);
}

/* Busy, also after the loop has gone round: it is the reader who is waited for. */
static gboolean blocked(QTest *q)
{
    for (int i = 0; i < 3; i++) {
        if (in(q, LSR) & 0x20) {
            return FALSE;
        }
        board_qmp(q, "query-status");
    }
    g_assert_cmphex(in(q, LSR) & 0x60, ==, 0);
    return TRUE;
}

/* So much at a time, until the reader is waited for. */
static void send_until_blocked(QTest *q, const GByteArray *text, guint *sent, guint piece)
{
    while (*sent < text->len && !blocked(q)) {
        guint n = MIN(piece, text->len - *sent);

        qtest_outs(q, COM1, text->data + *sent, n);
        *sent += n;
    }
}

static GByteArray *make_lines(void)
{
    GByteArray *text = g_byte_array_new();

    for (guint i = 0; i < LINES; i++) {
        g_autofree char *line = g_strdup_printf("%05u\n", i);
        g_byte_array_append(text, (const guint8 *)line, WIDTH);
    }
    return text;
}

static void test_late(gconstpointer open_end)
{
    g_autoptr(GByteArray) text = make_lines(), got = g_byte_array_new();
    QTest *q;
    int fd = ((OpenFn)open_end)(&q, "");
    guint sent = 0, waits = 0;

    out(q, FCR, 0x01);
    while (sent < text->len) {
        send_until_blocked(q, text, &sent, PIECE / 2);
        waits += sent < text->len;
        read_all(fd, got);
    }
    while (!(in(q, LSR) & 0x20)) {
        read_all(fd, got);
    }
    read_all(fd, got);
    g_assert_cmpuint(waits, >, 0); /* or the reader was not late */
    g_assert_cmpmem(got->data, got->len, text->data, text->len);
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    close(fd);
    qtest_stop(q);
}

static void fill(QTest *q, GByteArray *sent)
{
    g_autoptr(GByteArray) text = make_lines(), more = g_byte_array_new();
    guint n = 0;

    for (int i = 0; i < 80; i++) { /* a socket takes more than one of it */
        g_byte_array_append(more, text->data, text->len);
    }
    send_until_blocked(q, more, &n, PIECE);
    g_byte_array_append(sent, more->data, n);
}

/* No interrupt while it is busy; one when all has gone. */
static void test_interrupt(void)
{
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    QTest *q;
    int fd = open_pipe(&q, "");
    guint64 seen = 0;

    out(q, FCR, 0x01);
    fill(q, sent);
    qtest_irq_intercept_in(q, "ioapic");
    out(q, IER, 0x02);
    g_assert_cmphex(in(q, IIR), ==, 0xc1);
    g_assert_cmpuint(board_irq_raised(q, IRQ, &seen), ==, 0);
    while (got->len < sent->len) {
        read_all(fd, got);
    }
    qtest_wait_irq(q, IRQ, 1);
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    g_assert_cmphex(in(q, IIR), ==, 0xc2);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    close(fd);
    qtest_stop(q);
}

/* A guest that does not look, and one that clears the FIFO or resets: nothing is lost. */
static void test_impatient(void)
{
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    guint8 more[8000];
    QTest *q;
    int fd = open_unix(&q, "");

    out(q, FCR, 0x01);
    fill(q, sent);
    for (guint i = 0; i < sizeof(more); i++) {
        more[i] = i * 7;
    }
    qtest_outs(q, COM1, more, sizeof(more));
    g_byte_array_append(sent, more, sizeof(more));
    out(q, FCR, 0x07);
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    out(q, DATA, 'x');
    g_assert_cmphex(in(q, LSR), ==, 0x00);
    board_reset(q);
    g_assert_cmphex(in(q, LSR), ==, 0x60);
    out(q, DATA, 'y');
    g_byte_array_append(sent, (const guint8 *)"xy", 2);
    while (got->len < sent->len) {
        read_all(fd, got);
    }
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    close(fd);
    qtest_stop(q);
}

/* More than is kept: what was first comes first. */
static void test_full(void)
{
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    g_autofree guint8 *more = g_malloc0(2 * DEPTH);
    QTest *q;
    int fd = open_pipe(&q, "");

    out(q, FCR, 0x01);
    fill(q, sent);
    qtest_outs(q, COM1, more, 2 * DEPTH);
    while (!(in(q, LSR) & 0x20)) {
        read_all(fd, got);
    }
    read_all(fd, got);
    g_assert_cmpuint(got->len, >=, sent->len + DEPTH - PIECE);
    g_assert_cmpuint(got->len, <=, sent->len + DEPTH);
    g_assert_cmpmem(got->data, sent->len, sent->data, sent->len);
    close(fd);
    qtest_stop(q);
}

/* The reader goes for good: the guest must not wait for it. */
static void test_gone(gconstpointer open_end)
{
    g_autoptr(GByteArray) sent = g_byte_array_new();
    QTest *q;
    int fd = ((OpenFn)open_end)(&q, "");

    out(q, FCR, 0x01);
    fill(q, sent);
    close(fd);
    while (!(in(q, LSR) & 0x20)) {
    }
    for (guint i = 0; i < 100; i++) {
        qtest_outs(q, COM1, "0123456789abcdef", 16);
    }
    while (in(q, LSR) != 0x60) {
    }
    qtest_stop(q);
}

static const char *status(QTest *q)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
    JsonObject *o = json_node_get_object(info);

    return json_object_has_member(o, "status")
               ? g_intern_string(json_object_get_string_member(o, "status"))
               : "none";
}

/* What the reader has not got yet goes along, and is not sent twice. */
static void test_migrate(void)
{
    g_autofree char *path = g_build_filename(dir, "stream", NULL);
    g_autofree char *incoming = g_strdup_printf("-incoming unix:%s", path);
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    QTest *from, *to;
    char end;
    int source = open_unix(&from, ""), target = open_unix(&to, incoming);

    out(from, FCR, 0x01);
    fill(from, sent);
    out(from, IER, 0x02);
    qtest_irq_intercept_in(to, "ioapic");
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    while (strcmp(status(from), "completed") != 0) {
        g_assert_cmpstr(status(from), !=, "failed");
    }
    board_wait(to, "RESUME");
    for (int i = 0; i < 3; i++) { /* the source could send now, and must not */
        read_all(source, got);
        board_qmp(from, "query-status");
    }
    g_assert_cmpuint(got->len, <, sent->len);
    qtest_wait_irq(to, IRQ, 1);
    while (got->len < sent->len) {
        read_all(target, got);
    }
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    g_assert_cmphex(in(to, LSR), ==, 0x60);
    qtest_stop(from);
    qtest_stop(to);
    g_assert_cmpint(read(target, &end, 1), ==, 0);
    close(source);
    close(target);
}

/* `stop` holds the output, `cont` goes on with it. */
static void test_stop(void)
{
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    QTest *q;
    int fd = open_pipe(&q, "");

    out(q, FCR, 0x01);
    fill(q, sent);
    board_qmp(q, "stop");
    for (int i = 0; i < 3; i++) {
        read_all(fd, got);
        board_qmp(q, "query-status");
    }
    g_assert_cmpuint(got->len, <, sent->len);
    board_qmp(q, "cont");
    while (got->len < sent->len) {
        read_all(fd, got);
    }
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    close(fd);
    qtest_stop(q);
}

/* What a late reader has not taken when another takes its place goes to that one. */
static void test_change(void)
{
    g_autofree char *path = g_build_filename(dir, "rest", NULL);
    g_autoptr(GByteArray) sent = g_byte_array_new(), got = g_byte_array_new();
    g_autofree char *rest = NULL;
    guint8 buf[PIPE_SIZE];
    ssize_t n;
    gsize len;
    QTest *q;
    int fd = open_pipe(&q, "");

    out(q, FCR, 0x01);
    fill(q, sent);
    json_node_unref(qtest_qmp_ok(
        q,
        "{\"execute\": \"chardev-change\", \"arguments\": {\"id\": \"serial0\", "
        "\"backend\": {\"type\": \"file\", \"data\": {\"out\": \"%s\"}}}}",
        path));
    while (in(q, LSR) != 0x60) {
    }
    while ((n = read(fd, buf, sizeof(buf))) != 0) { /* until its writer has gone */
        if (n > 0) {
            g_byte_array_append(got, buf, (guint)n);
        } else {
            GPollFD writer = { .fd = fd, .events = G_IO_IN };

            g_assert_cmpint(errno, ==, EAGAIN);
            g_poll(&writer, 1, -1);
        }
    }
    g_assert_true(g_file_get_contents(path, &rest, &len, NULL));
    g_assert_cmpuint(len, >, 0);
    g_byte_array_append(got, (const guint8 *)rest, (guint)len);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    close(fd);
    qtest_stop(q);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-serial-XXXXXX", NULL);
    g_test_add_data_func("/serial-tx/late/pipe", open_pipe, test_late);
    g_test_add_data_func("/serial-tx/late/unix", open_unix, test_late);
    g_test_add_data_func("/serial-tx/late/pty", open_pty, test_late);
    g_test_add_data_func("/serial-tx/late/fifos", open_fifos, test_late);
    g_test_add_data_func("/serial-tx/late/mux", open_mux, test_late);
    g_test_add_func("/serial-tx/interrupt", test_interrupt);
    g_test_add_func("/serial-tx/impatient", test_impatient);
    g_test_add_func("/serial-tx/full", test_full);
    g_test_add_data_func("/serial-tx/gone/pipe", open_pipe, test_gone);
    g_test_add_data_func("/serial-tx/gone/unix", open_unix, test_gone);
    g_test_add_data_func("/serial-tx/gone/pty", open_pty, test_gone);
    g_test_add_data_func("/serial-tx/gone/mux", open_mux, test_gone);
    g_test_add_func("/serial-tx/change", test_change);
    g_test_add_func("/serial-tx/migrate", test_migrate);
    g_test_add_func("/serial-tx/stop", test_stop);
    int result = g_test_run();
    g_rmdir(dir);
    g_free(dir);
    return result;
}
