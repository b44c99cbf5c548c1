/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices over QMP, as QEMU 7.2 answers; a guest and a monitor on one socket;
 * a host that does not answer (see late.h).
 */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/late.h"

#define COM1 0x3f8

enum { DATA, IER, IIR, LCR, MCR, LSR };

static int connect_to(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    return fd;
}

/* Reads on until the text has come; what came before it is gone. */
static void expect_on(int fd, const char *text)
{
    g_autoptr(GString) got = g_string_new(NULL);
    char byte;

    while (!g_str_has_suffix(got->str, text)) {
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
        g_string_append_c(got, byte);
    }
}

static void send_on(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
}

static void guest_says(QTest *q, const char *text)
{
    qtest_outs(q, COM1 + DATA, text, strlen(text));
}

static void guest_hears(QTest *q, const char *text)
{
    for (; *text; text++) {
        while (!(qtest_inb(q, COM1 + LSR) & 0x01)) {
        }
        g_assert_cmphex(qtest_inb(q, COM1 + DATA), ==, *text);
    }
}

#define ADD(id, backend)                                                                 \
    "{\"execute\": \"chardev-add\", \"arguments\": {\"id\": \"" id "\", \"backend\": "   \
    "{" backend "}}}"
#define CHANGE(id, backend)                                                              \
    "{\"execute\": \"chardev-change\", \"arguments\": {\"id\": \"" id                    \
    "\", \"backend\": {" backend "}}}"
#define REMOVE(id)                                                                       \
    "{\"execute\": \"chardev-remove\", \"arguments\": {\"id\": \"" id "\"}}"
#define BREAK(id)                                                                        \
    "{\"execute\": \"chardev-send-break\", \"arguments\": {\"id\": \"" id "\"}}"
#define NULL_BACKEND "\"type\": \"null\", \"data\": {}"

static void ok(QTest *q, const char *command)
{
    json_node_unref(qtest_qmp_ok(q, "%s", command));
}

static void fails(QTest *q, const char *command, const char *message)
{
    g_autofree char *said = qtest_qmp_fails(q, "%s", command);

    g_assert_cmpstr(said, ==, message);
}

/* filename and frontend-open of one, as "FILENAME true"; NULL: there is none. */
static char *state(QTest *q, const char *id)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\": \"query-chardev\"}");
    JsonArray *list = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *o = json_array_get_object_element(list, i);
        if (g_str_equal(json_object_get_string_member(o, "label"), id)) {
            return g_strdup_printf(
                "%s %s", json_object_get_string_member(o, "filename"),
                json_object_get_boolean_member(o, "frontend-open") ? "true" : "false");
        }
    }
    return NULL;
}

static void expect_state(QTest *q, const char *id, const char *text)
{
    g_autofree char *is = state(q, id);

    g_assert_cmpstr(is, ==, text);
}

static void test_errors(void)
{
    static const char *const rows[][2] = {
        { ADD("t", NULL_BACKEND), "Chardev with id 't' already exists" },
        { ADD("b", "\"type\": \"file\", \"data\": {\"out\": \"/nonexistent/x\"}"),
          "Failed to add chardev 'b': Could not open '/nonexistent/x': No such file or "
          "directory" },
        { ADD("b", "\"type\": \"socket\", \"data\": {\"server\": false, \"addr\": {"
                   "\"type\": \"unix\", \"data\": {\"path\": \"/nonexistent/s\"}}}"),
          "Failed to add chardev 'b': Failed to connect to '/nonexistent/s': No such "
          "file "
          "or directory" },
        { ADD("b", "\"type\": \"socket\", \"data\": {\"server\": false, \"addr\": {"
                   "\"type\": \"inet\", \"data\": {\"host\": \"127.0.0.1\", \"port\": "
                   "\"1\"}}}"),
          "Failed to add chardev 'b': Failed to connect to '127.0.0.1:1': Connection "
          "refused" },
        { ADD("b", "\"type\": \"socket\", \"data\": {\"wait\": true, \"addr\": {"
                   "\"type\": \"unix\", \"data\": {\"path\": \"/nonexistent/s\"}}}"),
          "Failed to add chardev 'b': 'wait' is only for the start of the emulator" },
        { ADD("b", "\"type\": \"pipe\", \"data\": {\"device\": \"/nonexistent/p\"}"),
          "Failed to add chardev 'b': Could not open '/nonexistent/p': No such file or "
          "directory" },
        { ADD("b", "\"type\": \"ringbuf\", \"data\": {\"size\": 3}"),
          "Failed to add chardev 'b': size of ringbuf chardev must be power of two" },
        { ADD("b", "\"type\": \"mux\", \"data\": {\"chardev\": \"zz\"}"),
          "Failed to add chardev 'b': mux: base chardev zz not found" },
        { ADD("b", "\"type\": \"null\", \"data\": {\"logfile\": \"/nonexistent/l\"}"),
          "Failed to add chardev 'b': Could not create '/nonexistent/l': No such file or "
          "directory" },
        { REMOVE("nope"), "Chardev 'nope' not found" },
        { REMOVE("t"), "Chardev 't' is busy" },
        { REMOVE("m-base"), "Chardev 'm-base' is busy" },
        { BREAK("nope"), "Chardev 'nope' not found" },
        { CHANGE("nope", NULL_BACKEND), "Chardev 'nope' does not exist" },
        { CHANGE("m", NULL_BACKEND), "Mux device hotswap not supported yet" },
        { CHANGE("m-base", NULL_BACKEND),
          "Chardev user does not support chardev hotswap" },
        { CHANGE("compat_monitor0", NULL_BACKEND),
          "Chardev user does not support chardev hotswap" },
    };
    QTest *q = qtest_start("-M microvm -m 16 -nodefaults -chardev null,id=t "
                           "-chardev null,id=m,mux=on -serial chardev:t");

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        fails(q, rows[i][0], rows[i][1]);
    }
    g_assert_null(state(q, "b"));
    expect_state(q, "t", "null true");
    expect_state(q, "m", "mux false");
    ok(q, REMOVE("m"));
    g_assert_null(state(q, "m-base"));
    qtest_stop(q);
}

static void test_backends(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -nodefaults");
    g_autoptr(JsonNode) node =
        qtest_qmp_ok(q, "{\"execute\": \"query-chardev-backends\"}");
    g_autofree char *text = json_to_string(node, FALSE);
    g_autoptr(JsonNode) pty =
        qtest_qmp_ok(q, ADD("p", "\"type\": \"pty\", \"data\": {}"));
    g_autoptr(JsonNode) ring = NULL;

    g_assert_nonnull(strstr(text, "{\"name\":\"ringbuf\"}"));
    g_assert_nonnull(strstr(text, "{\"name\":\"mux\"}"));
    g_assert_true(g_str_has_prefix(
        json_object_get_string_member(json_node_get_object(pty), "pty"), "/dev/pts/"));
    ok(q, REMOVE("p"));
    fails(q, ADD("f", "\"type\": \"pty\", \"data\": {\"fd\": \"0\"}"),
          "Failed to add chardev 'f': File descriptor '0' is not the master side of a "
          "terminal: Inappropriate ioctl for device");
    ok(q, ADD("s", "\"type\": \"socket\", \"data\": {\"wait\": false, \"telnet\": false, "
                   "\"addr\": {\"type\": \"inet\", \"data\": {\"host\": \"127.0.0.1\", "
                   "\"port\": \"0\"}}}"));
    g_autofree char *socket = state(q, "s");
    g_assert_true(g_str_has_prefix(socket, "disconnected:tcp:127.0.0.1:"));
    g_assert_true(g_str_has_suffix(socket, ",server=on false"));
    ok(q, REMOVE("s"));
    ok(q, ADD("r", "\"type\": \"ringbuf\", \"data\": {\"size\": 64}"));
    ok(q, "{\"execute\": \"ringbuf-write\", \"arguments\": {\"device\": \"r\", \"data\": "
          "\"aGVs/8O2bG8=\", \"format\": \"base64\"}}");
    ring = qtest_qmp_ok(q, "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": "
                           "\"r\", \"size\": 3}}");
    g_assert_cmpstr(json_node_get_string(ring), ==, "hel");
    json_node_unref(ring);
    ring = qtest_qmp_ok(q, "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": "
                           "\"r\", \"size\": 30}}");
    g_assert_cmpstr(json_node_get_string(ring), ==, "\xef\xbf\xbd\xc3\xb6lo");
    json_node_unref(ring);
    ring = qtest_qmp_ok(q, "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": "
                           "\"r\", \"size\": 30}}");
    g_assert_cmpstr(json_node_get_string(ring), ==, ""); /* all has been read */
    fails(q,
          "{\"execute\": \"ringbuf-write\", \"arguments\": {\"device\": \"r\", "
          "\"data\": \"####\", \"format\": \"base64\"}}",
          "Base64 data contains invalid characters");
    fails(q,
          "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"r\", "
          "\"size\": 0}}",
          "size must be greater than zero");
    qtest_stop(q);
}

/* The guest writes to what is behind its port now, and never loses its port. */
static void test_change(void)
{
    g_autofree char *file = g_build_filename(late_dir, "file", NULL);
    g_autofree char *log = g_build_filename(late_dir, "log", NULL);
    g_autofree char *path = g_build_filename(late_dir, "sock", NULL);
    g_autofree char *to_file = g_strdup_printf(
        CHANGE("serial0", "\"type\": \"file\", \"data\": {\"out\": \"%s\"}"), file);
    g_autofree char *to_socket =
        g_strdup_printf(CHANGE("serial0", "\"type\": \"socket\", \"data\": {\"logfile\": "
                                          "\"%s\", \"addr\": {\"type\": \"unix\", "
                                          "\"data\": {\"path\": \"%s\"}}}"),
                        log, path);
    g_autofree char *text = NULL, *logged = NULL;
    QTest *q = qtest_start("-M microvm -m 16 -nodefaults -serial null");
    int fd;

    guest_says(q, "to nobody");
    ok(q, to_file);
    expect_state(q, "serial0", "file true");
    guest_says(q, "to the file");
    ok(q, to_socket);
    guest_says(q, "to the log alone, ");
    fd = connect_to(late_dir, "sock");
    send_on(fd, "x");
    guest_hears(q, "x");
    guest_says(q, "to both");
    expect_on(fd, "to both");
    ok(q, BREAK("serial0"));
    g_assert_cmphex(qtest_inb(q, COM1 + LSR) & 0x11, ==, 0x11);
    g_assert_cmphex(qtest_inb(q, COM1 + DATA), ==, 0);
    ok(q, CHANGE("serial0", NULL_BACKEND));
    g_assert_cmpint(read(fd, &fd, 1), ==, 0);
    guest_says(q, "to nobody");
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "to the file");
    g_assert_true(g_file_get_contents(log, &logged, NULL, NULL));
    g_assert_cmpstr(logged, ==, "to the log alone, to both");
    qtest_stop(q);
    g_unlink(file);
    g_unlink(log);
    g_assert_cmpint(access(path, F_OK), ==, -1);
}

/* A serial port and a monitor on one socket. */
static void test_mux(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -nodefaults "
                           "-serial mon:unix:%s/mux,server=on,wait=off",
                           late_dir);
    int fd = connect_to(late_dir, "mux");

    send_on(fd, "ls");
    guest_hears(q, "ls");
    guest_says(q, "file");
    expect_on(fd, "file");
    send_on(fd, "more\1cinfo status\r\1c.");
    expect_on(fd, "VM status: running");
    guest_hears(q, "more.");
    send_on(fd, "\1b");
    while (!(qtest_inb(q, COM1 + LSR) & 0x10)) {
    }
    expect_state(q, "serial0", "mux true");
    send_on(fd, "\1x");
    expect_on(fd, "QEMU: Terminated");
    close(fd);
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

/* Where the host is asked others are served, and the name is taken. */
static void test_late(void)
{
    g_autofree char *add = g_strdup_printf(
        ADD("n", "\"type\": \"file\", \"data\": {\"out\": \"%s/late\"}"), late_dir);
    g_autofree char *late = g_build_filename(late_dir, "late", NULL);
    Vm vm;

    late_open(&vm, "");
    g_free(qtest_command_line(vm.q, "block n silent"));
    say_text(&vm.b, add);
    until_asked(&vm, 1);
    assert_served(&vm);
    g_assert_null(state(vm.q, "n"));
    fails(vm.q, ADD("n", NULL_BACKEND), "Chardev with id 'n' already exists");
    fails(vm.q, REMOVE("n"), "Chardev 'n' not found");
    expect_nothing(&vm.b);
    g_free(qtest_command_line(vm.q, "block n answers"));
    expect(&vm.b, DONE);
    expect_state(vm.q, "n", "file false");
    late_close(&vm);
    g_unlink(late);
}

static void test_refusals(void)
{
    board_refuses("-M microvm -serial mon:null -serial mon:none", "'mon:none'");
    board_refuses("-M microvm -serial udp::1@:2", "'udp' is not supported");
    board_refuses("-M microvm -chardev udp,id=u,port=1",
                  "Parameter 'backend' does not accept value 'udp'");
    board_refuses("-M microvm -qmp mon:null", "'mon' is not supported");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/errors", test_errors);
    g_test_add_func("/chardev/backends", test_backends);
    g_test_add_func("/chardev/change", test_change);
    g_test_add_func("/chardev/mux", test_mux);
    g_test_add_func("/chardev/late", test_late);
    g_test_add_func("/chardev/refusals", test_refusals);
    return late_run();
}
