/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded turns (tests/device/turn.h) of sockets and timers. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/json.h"
#include "tests/device/turn.h"
#include "tests/device/virtio-common.h"

static int connect_to(const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    while (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN); /* others wait to be accepted */
    }
    return fd;
}

/* Writes all of it, reading away what comes, until that many lines have come. */
static void exchange(int fd, const char *text, gsize len, unsigned lines)
{
    static char buf[65536];

    while (len || lines) {
        ssize_t n = len ? write(fd, text, len) : 0;

        if (n > 0) {
            text += n;
            len -= n;
        }
        n = read(fd, buf, sizeof(buf));
        g_assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        for (ssize_t i = 0; i < n; i++) {
            lines -= buf[i] == '\n';
        }
    }
}

/* With a second monitor, on the socket. */
static QTest *start_with_monitor(const char *path)
{
    return qtest_start("-machine microvm -m 16M "
                       "-chardev socket,id=m,path=%s,server=on,wait=off "
                       "-mon chardev=m,mode=control",
                       path);
}

/* What is no command is answered like one, and is one in its turn. */
static void test_qmp_junk(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    QTest *q = start_with_monitor(path);
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < 2000; i++) {
        g_string_append(text, i % 2 ? "x\n" : "{'}\n");
    }
    int fd = connect_to(path);
    exchange(fd, text->str, text->len, 2001);
    turn_check(q, "qmp-commands", 2000, 1);
    close(fd);
    qtest_stop(q);
    rmdir(dir);
}

/* A command of that many values, as they are counted. */
static void append_command(GString *text, unsigned values)
{
    g_string_append(text, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":[0");
    for (unsigned i = 4; i < values; i++) { /* three brackets, a comma */
        g_string_append(text, ",0");
    }
    g_string_append(text, "]}}\n");
}

/* Of as many values as may be, and one more, while another monitor asks. */
static void test_qmp_values(void)
{
    static const char hello[] = "{\"execute\":\"qmp_capabilities\"}";
    const unsigned commands = 40;
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    QTest *q = start_with_monitor(path);
    g_autoptr(GString) large = g_string_new(NULL), more = g_string_new(NULL);
    int fd = connect_to(path);

    exchange(fd, hello, strlen(hello), 2);
    append_command(large, JSON_MAX_VALUES);
    append_command(more, JSON_MAX_VALUES + 1);
    for (unsigned i = 0; i < commands; i++) {
        exchange(fd, more->str, more->len, 1);
        g_assert_cmpint(write(fd, large->str, large->len), ==, (gssize)large->len);
        qmp(q, "{\"execute\": \"query-status\"}");
        exchange(fd, "", 0, 1);
    }
    turn_check(q, "qmp-values", commands * (guint64)JSON_MAX_VALUES, JSON_MAX_VALUES);
    g_assert_cmpuint(turn_of(q, "qmp-values").peak, ==, JSON_MAX_VALUES);
    turn_check(q, "qmp-commands", 2 * commands, 1);
    close(fd);
    qtest_stop(q);
    rmdir(dir);
}

/* The longest, whose id comes back at six times its length; and longer ones. */
static void test_qmp_bytes(void)
{
    const unsigned commands = 10;
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    QTest *q = start_with_monitor(path);
    g_autoptr(GString) large = g_string_new("{\"execute\":\"x\",\"id\":\"");
    g_autoptr(GString) more = NULL;
    int fd = connect_to(path);

    while (large->len < JSON_MAX_BYTES - 2) {
        g_string_append_c(large, '\177');
    }
    more = g_string_new(large->str);
    g_string_append(large, "\"}");
    g_string_append(more, "x\"}\n");
    for (unsigned i = 0; i < commands; i++) {
        exchange(fd, large->str, large->len, i ? 1 : 2);
        exchange(fd, more->str, more->len, 1);
    }
    turn_check(q, "qmp-bytes", commands * (guint64)JSON_MAX_BYTES, JSON_MAX_BYTES);
    g_assert_cmpuint(turn_of(q, "qmp-bytes").peak, ==, JSON_MAX_BYTES);
    close(fd);
    qtest_stop(q);
    rmdir(dir);
}

/* Commands in one piece, replies that are long, from several clients at once. */
static void test_qmp(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    QTest *q = start_with_monitor(path);
    GString *text = g_string_new("{\"execute\":\"qmp_capabilities\"}");

    for (unsigned i = 0; i < 200; i++) {
        g_string_append(text, "{\"execute\":\"query-qmp-schema\"}");
    }
    int fd = connect_to(path);
    exchange(fd, text->str, text->len, 202);
    turn_check(q, "qmp-commands", 200, 1);
    turn_check(q, "chardev-out", 200 * 10 * KIB, 64 * KIB);
    close(fd);
    qtest_stop(q);
    g_string_free(text, TRUE);
    rmdir(dir);
}

#define PAGE  (4 * KIB)
#define PAGES 24 /* less than the ring has, and than a socket holds */

/* A port's peer says much: several buffers of the guest's are filled in a turn. */
static void test_port(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "port", NULL);
    QTest *q = qtest_start("-machine microvm -m 16M -nodefaults "
                           "-chardev socket,id=s,path=%s,server=on,wait=off "
                           "-device virtio-serial-device,max_ports=1,"
                           "bus=virtio-mmio-bus.2 -device virtconsole,chardev=s",
                           path);
    g_autofree guint8 *data = g_malloc(PAGES * PAGE), *got = g_malloc(PAGES * PAGE);
    int fd = connect_to(path);
    guint32 head, len;
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 2, 32, RINGS);
    for (guint i = 0; i < PAGES * PAGE; i++) {
        data[i] = (guint8)(i * 7 + i / PAGE);
    }
    g_assert_cmpint(write(fd, data, PAGES * PAGE), ==, PAGES * PAGE);
    for (guint i = 0; i < PAGES; i++) {
        GuestBuffer b = { 8 * MIB + i * PAGE, PAGE, TRUE };
        guest_ring_add(&d.rings[0], &b, 1);
    }
    virtio_driver_kick(&d, 0);
    for (guint i = 0; i < PAGES; i++) {
        virtio_driver_wait_used(&d, 0, &head, &len);
        g_assert_cmpuint(len, ==, PAGE);
    }
    qtest_bus.memory.read(8 * MIB, got, PAGES * PAGE);
    g_assert_cmpmem(got, PAGES * PAGE, data, PAGES * PAGE);
    turn_check(q, "chardev-in", PAGES * PAGE, 32 * KIB);
    g_assert_cmpuint(turn_of(q, "chardev-in").peak, >, PAGE);
    close(fd);
    qtest_stop(q);
    rmdir(dir);
}

#define LUMPS 16

/* A chain of MiB for a large ring buffer is not copied at once, and nothing is lost. */
static void test_ringbuf(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M -chardev ringbuf,id=r,size=8M "
                           "-device virtio-serial-device,max_ports=1,"
                           "bus=virtio-mmio-bus.2 -device virtconsole,chardev=r");
    GuestBuffer lumps[LUMPS];
    guint32 head, len;
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 2, 32, RINGS);
    qtest_memset(q, 8 * MIB, 'x', MIB - 1);
    qtest_writeb(q, 9 * MIB - 1, '.');
    for (guint i = 0; i < LUMPS; i++) {
        lumps[i] = (GuestBuffer){ 8 * MIB, MIB, FALSE };
    }
    guest_ring_add(&d.rings[1], lumps, LUMPS);
    virtio_driver_kick(&d, 1);
    virtio_driver_wait_used(&d, 1, &head, &len);
    for (guint i = 0; i < 8; i++) { /* it has the last ones */
        g_autoptr(JsonNode) said =
            qtest_qmp_ok(q, "{\"execute\": \"ringbuf-read\", \"arguments\": "
                            "{\"device\": \"r\", \"size\": 1048576}}");
        const char *text = json_node_get_string(said);
        g_assert_cmpuint(strspn(text, "x"), ==, MIB - 1);
        g_assert_cmpstr(text + MIB - 1, ==, ".");
    }
    turn_check(q, "chardev-out", LUMPS * MIB, 64 * KIB);
    qtest_stop(q);
}

/* The fastest periodic interrupt, and clients that knock one after the other. */
static void test_timers(void)
{
    QTest *q = qtest_start("-machine microvm,rtc=on -m 16M");

    qtest_outb(q, 0x70, 10);
    qtest_outb(q, 0x71, 0x23);
    qtest_outb(q, 0x70, 11);
    qtest_outb(q, 0x71, 0x42);
    qtest_clock_step(q, 1000000000);
    turn_check(q, "timers", 8000, 64);
    qtest_stop(q);
}

static void test_connections(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    QTest *q = start_with_monitor(path);

    for (unsigned i = 0; i < 8; i++) {
        close(connect_to(path));
    }
    while (turn_of(q, "connections").total < 8) {
    }
    turn_check(q, "connections", 8, 1);
    qtest_stop(q);
    rmdir(dir);
}

static void test_qtest(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < 20000; i++) {
        g_string_append_c(text, '\n');
    }
    g_string_append(text, "endianness");
    g_free(qtest_command_line(q, text->str));
    turn_check(q, "qtest-commands", 20000, 64);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/turn/qmp", test_qmp);
    g_test_add_func("/turn/qmp/junk", test_qmp_junk);
    g_test_add_func("/turn/qmp/values", test_qmp_values);
    g_test_add_func("/turn/qmp/bytes", test_qmp_bytes);
    g_test_add_func("/turn/port", test_port);
    g_test_add_func("/turn/ringbuf", test_ringbuf);
    g_test_add_func("/turn/timers", test_timers);
    g_test_add_func("/turn/connections", test_connections);
    g_test_add_func("/turn/qtest", test_qtest);
    return g_test_run();
}
