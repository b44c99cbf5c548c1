/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-serial in the real emulator: ports that come and go, names, who has opened what,
 * bytes both ways of which none gets lost when either side is late, a migration in the
 * middle of them.
 */
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/virtio-common.h"

#define PORT(nr) ((nr) ? 2 * (nr) + 2 : 0) /* its receive queue */
#define QUEUES   8                         /* ports 0 to 2 */
#define ROOM     4096

typedef struct Guest {
    QTest *q;
    VirtioDriver d;
    guint64 next; /* free memory */
} Guest;

static char *dir;

static int connect_to(const char *name)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

/* suffix: of the sockets, so that two can be there at a time. */
static char *options(const char *suffix)
{
    return g_strdup_printf(
        "-machine microvm -m 16M "
        "-chardev socket,id=c0,path=%s/c0%s,server=on,wait=off "
        "-chardev socket,id=c1,path=%s/c1%s,server=on,wait=off "
        "-device virtio-serial-device,id=s,max_ports=3,bus=virtio-mmio-bus.2 "
        "-device virtconsole,id=console,chardev=c0 "
        "-device virtserialport,id=channel,bus=s.0,nr=1,chardev=c1,name=org.vireo.1",
        dir, suffix, dir, suffix);
}

static void begin(Guest *g, const char *suffix)
{
    g_autofree char *args = options(suffix);

    g->q = qtest_start("%s", args);
    qtest_bus_set(g->q);
    virtio_driver_start(&g->d, &qtest_bus, SLOT(2), ~0ull, QUEUES, 32, RINGS);
    g->next = g->d.data;
}

static guint64 room(Guest *g, guint bytes)
{
    guint64 at = g->next;

    g->next += bytes;
    return at;
}

/* n buffers for what comes by a queue. */
static void offer(Guest *g, unsigned queue, guint n, guint bytes)
{
    for (guint i = 0; i < n; i++) {
        GuestBuffer b = { room(g, bytes), bytes, TRUE };
        guest_ring_add(&g->d.rings[queue], &b, 1);
    }
    virtio_driver_kick(&g->d, queue);
}

static void give(Guest *g, unsigned queue, const void *bytes, guint n, gboolean wait)
{
    GuestBuffer b = { room(g, n), n, FALSE };
    guint32 head, len;

    qtest_bus.memory.write(b.addr, bytes, n);
    guest_ring_add(&g->d.rings[queue], &b, 1);
    virtio_driver_kick(&g->d, queue);
    if (wait) {
        virtio_driver_wait_used(&g->d, queue, &head, &len);
    }
}

static void say(Guest *g, guint32 id, guint16 event, guint16 value)
{
    struct virtio_console_control m = { id, event, value };

    give(g, 3, &m, sizeof(m), TRUE);
}

/* The text of a used buffer: its descriptor says where it is. */
static gsize take(Guest *g, unsigned queue, guint8 *buf, gsize size)
{
    guint32 head, len;
    guint64 addr;

    virtio_driver_wait_used(&g->d, queue, &head, &len);
    g_assert_cmpuint(len, <=, size);
    qtest_bus.memory.read(g->d.rings[queue].desc + 16 * head, &addr, 8);
    qtest_bus.memory.read(GUINT64_FROM_LE(addr), buf, len);
    return len;
}

static void hear(Guest *g, guint32 id, guint16 event, guint16 value, const char *name)
{
    guint8 buf[256] = { 0 };
    struct virtio_console_control m;
    gsize len = take(g, 2, buf, sizeof(buf) - 1);

    memcpy(&m, buf, sizeof(m));
    g_assert_cmpuint(m.id, ==, id);
    g_assert_cmpuint(m.event, ==, event);
    g_assert_cmpuint(m.value, ==, value);
    g_assert_cmpuint(len, ==, sizeof(m) + (name ? strlen(name) + 1 : 0));
    if (name) {
        g_assert_cmpstr((const char *)buf + sizeof(m), ==, name);
    }
}

static void quiet(Guest *g, unsigned queue)
{
    guint32 head, len;

    for (guint i = 0; i < 3; i++) {
        board_sync(g->q);
    }
    g_assert_false(guest_ring_take(&g->d.rings[queue], &head, &len));
}

/* There is one of these events a second. */
static void change(Guest *g, const char *id, gboolean open)
{
    qtest_clock_step(g->q, G_GINT64_CONSTANT(1000000001));
    g_autoptr(JsonObject) event = qtest_event_wait(g->q, "VSERPORT_CHANGE");
    JsonObject *data = json_object_get_object_member(event, "data");

    g_assert_cmpstr(json_object_get_string_member(data, "id"), ==, id);
    g_assert_cmpint(json_object_get_boolean_member(data, "open"), ==, open);
}

/* As Linux does it, for both ports, and the guest opens the channel. */
static void meet(Guest *g)
{
    offer(g, 2, 16, 128);
    say(g, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    hear(g, 0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
    hear(g, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
    say(g, 0, VIRTIO_CONSOLE_PORT_READY, 1);
    hear(g, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
    hear(g, 0, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    say(g, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    hear(g, 1, VIRTIO_CONSOLE_PORT_NAME, 1, "org.vireo.1");
    quiet(g, 2); /* the host's side is closed */
    say(g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    change(g, "channel", TRUE);
}

static void test_control(void)
{
    Guest g;
    begin(&g, "");
    g_assert_cmpuint(virtio_driver_read(&g.d, VIRTIO_MMIO_CONFIG + 4), ==, 3);
    meet(&g);
    int host = connect_to("c1");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    close(host);
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
    say(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    change(&g, "channel", FALSE);
    /* what nobody knows changes nothing */
    say(&g, 7, VIRTIO_CONSOLE_PORT_OPEN, 1);
    say(&g, 2, VIRTIO_CONSOLE_PORT_READY, 1);
    say(&g, 1, 99, 1);
    give(&g, 3, "abc", 3, TRUE);
    quiet(&g, 2);
    /* a driver that begins anew hears of all again */
    say(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    change(&g, "channel", TRUE);
    virtio_driver_start(&g.d, &qtest_bus, SLOT(2), ~0ull, QUEUES, 32, RINGS);
    g.next = g.d.data;
    change(&g, "channel", FALSE);
    meet(&g);
    qtest_stop(g.q);
}

static void test_data(void)
{
    Guest g;
    guint8 buf[64];
    begin(&g, "");
    meet(&g);
    /* to nobody: lost, and not waited for */
    give(&g, PORT(1) + 1, "gone", 4, TRUE);
    int host = connect_to("c1"), terminal = connect_to("c0");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    give(&g, PORT(1) + 1, "hello", 5, TRUE);
    g_assert_cmpint(read(host, buf, sizeof(buf)), ==, 5);
    g_assert_cmpmem(buf, 5, "hello", 5);
    /* the other way: it waits for buffers */
    g_assert_cmpint(write(host, "0123456789", 10), ==, 10);
    quiet(&g, PORT(1));
    offer(&g, PORT(1), 3, 4);
    g_assert_cmpuint(take(&g, PORT(1), buf, sizeof(buf)), ==, 4);
    g_assert_cmpuint(take(&g, PORT(1), buf + 4, sizeof(buf)), ==, 4);
    g_assert_cmpuint(take(&g, PORT(1), buf + 8, sizeof(buf)), ==, 2);
    g_assert_cmpmem(buf, 10, "0123456789", 10);
    /* and for the port to be opened */
    say(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    offer(&g, PORT(1), 1, 4);
    g_assert_cmpint(write(host, "x", 1), ==, 1);
    quiet(&g, PORT(1));
    say(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    g_assert_cmpuint(take(&g, PORT(1), buf, sizeof(buf)), ==, 1);
    /* the console, and its byte without a driver */
    say(&g, 0, VIRTIO_CONSOLE_PORT_OPEN, 1);
    give(&g, 1, "login:", 6, TRUE);
    g_assert_cmpint(read(terminal, buf, sizeof(buf)), ==, 6);
    virtio_driver_write(&g.d, VIRTIO_MMIO_CONFIG + 8, '!');
    g_assert_cmpint(read(terminal, buf, sizeof(buf)), ==, 1);
    g_assert_cmpint(buf[0], ==, '!');
    give(&g, PORT(2) + 1, "nobody", 6, TRUE); /* a port that is not there */
    qtest_stop(g.q);
    close(host);
    close(terminal);
}

/* The host reads nothing for a while: the guest's buffer stays with it until it does. */
static void fill(Guest *g, gsize bytes)
{
    g_autofree guint8 *text = g_malloc(bytes);

    for (gsize i = 0; i < bytes; i++) {
        text[i] = (guint8)(i * 7 + i / 251);
    }
    give(g, PORT(1) + 1, text, (guint)bytes, FALSE);
}

static void read_filled(int host, gsize bytes)
{
    guint8 buf[8192];

    for (gsize at = 0; at < bytes;) {
        gssize n = read(host, buf, MIN(sizeof(buf), bytes - at));
        g_assert_cmpint(n, >, 0);
        for (gssize i = 0; i < n; i++, at++) {
            g_assert_cmpuint(buf[i], ==, (guint8)(at * 7 + at / 251));
        }
    }
}

#define MUCH (2u << 20)

static void test_late_reader(void)
{
    Guest g;
    guint32 head, len;
    begin(&g, "");
    meet(&g);
    int host = connect_to("c1");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    fill(&g, MUCH);
    quiet(&g, PORT(1) + 1);
    qmp(g.q, "{\"execute\": \"stop\"}");
    qmp(g.q, "{\"execute\": \"cont\"}");
    read_filled(host, MUCH);
    virtio_driver_wait_used(&g.d, PORT(1) + 1, &head, &len);
    /* one that goes away lets the guest go on */
    fill(&g, MUCH);
    quiet(&g, PORT(1) + 1);
    close(host);
    virtio_driver_wait_used(&g.d, PORT(1) + 1, &head, &len);
    qtest_stop(g.q);
}

/* In the middle of a buffer: what one host has read, the other does not get again. */
static void test_migrate(void)
{
    Guest g;
    guint32 head, len;
    begin(&g, "");
    meet(&g);
    int host = connect_to("c1");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    fill(&g, MUCH);
    quiet(&g, PORT(1) + 1);
    g_autofree char *args = options("b");
    QTest *from = g.q;
    g.q = board_migrate(from, args);
    change(&g, "channel", TRUE);
    qtest_bus_set(g.q);
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL); /* nobody is there yet */
    qtest_stop(from);
    gsize there = 0;
    guint8 buf[8192];
    for (gssize n; (n = read(host, buf, sizeof(buf))) > 0; there += (gsize)n) {
    }
    g_assert_cmpuint(there, >, 0);
    g_assert_cmpuint(there, <, MUCH);
    close(host);
    virtio_driver_wait_used(&g.d, PORT(1) + 1, &head, &len); /* the rest: to nobody */
    host = connect_to("c1b");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    give(&g, PORT(1) + 1, "hello", 5, TRUE);
    g_assert_cmpint(read(host, buf, sizeof(buf)), ==, 5);
    qtest_stop(g.q);
    close(host);
}

static void add(Guest *g, const char *more)
{
    qmp(g->q,
        "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"virtserialport\", "
        "\"id\": \"new\", \"bus\": \"s.0\", \"name\": \"new\"%s}}",
        more);
}

static void add_fails(Guest *g, const char *more, const char *why)
{
    g_autofree char *said = qtest_qmp_fails(
        g->q,
        "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"virtserialport\", "
        "\"id\": \"no\", \"bus\": \"s.0\"%s}}",
        more);

    g_assert_cmpstr(said, ==, why);
}

static void test_plug(void)
{
    Guest g;
    begin(&g, "");
    meet(&g);
    add_fails(&g, ",\"nr\": 1", "virtio-serial-bus: A port already exists at id 1");
    add_fails(&g, ",\"nr\": 3",
              "virtio-serial-bus: Out-of-range port id specified, max. allowed: 2");
    add_fails(
        &g, ",\"nr\": 0",
        "Port number 0 on virtio-serial devices reserved for virtconsole devices for "
        "backward compatibility.");
    add_fails(&g, ",\"name\": \"org.vireo.1\"",
              "virtio-serial-bus: A port already exists by name org.vireo.1");
    for (guint i = 0; i < 2; i++) {
        add(&g, "");
        hear(&g, 2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
        say(&g, 2, VIRTIO_CONSOLE_PORT_READY, 1);
        hear(&g, 2, VIRTIO_CONSOLE_PORT_NAME, 1, "new");
        say(&g, 2, VIRTIO_CONSOLE_PORT_OPEN, 1);
        change(&g, "new", TRUE);
        add_fails(&g, "",
                  "virtio-serial-bus: Maximum port limit for this device reached");
        qmp(g.q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"new\"}}");
        board_wait(g.q, "DEVICE_DELETED");
        change(&g, "new", FALSE);
        hear(&g, 2, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
        offer(&g, 2, 8, 128);
    }
    qtest_stop(g.q);
}

/* A guest that gives no buffer for what it is told of hears it when it does. */
static void test_no_buffers(void)
{
    Guest g;
    begin(&g, "");
    for (guint i = 0; i < 100; i++) {
        say(&g, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        say(&g, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    }
    int host = connect_to("c1");
    offer(&g, 2, 16, 128);
    hear(&g, 0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
    hear(&g, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
    hear(&g, 1, VIRTIO_CONSOLE_PORT_NAME, 1, "org.vireo.1");
    hear(&g, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
    quiet(&g, 2);
    close(host);
    qtest_stop(g.q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-serial-XXXXXX", NULL);
    g_test_add_func("/virtio-serial/control", test_control);
    g_test_add_func("/virtio-serial/data", test_data);
    g_test_add_func("/virtio-serial/late-reader", test_late_reader);
    g_test_add_func("/virtio-serial/migrate", test_migrate);
    g_test_add_func("/virtio-serial/plug", test_plug);
    g_test_add_func("/virtio-serial/no-buffers", test_no_buffers);
    int status = g_test_run();
    for (const char *const *name =
             (const char *const[]){ "c0", "c1", "c0b", "c1b", NULL };
         *name; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        unlink(path);
    }
    rmdir(dir);
    return status;
}
