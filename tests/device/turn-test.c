/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded turns (event/turn.h) of devices and of the migration; those of sockets and
 * timers are in turn-socket-test.c.
 */
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/turn.h"
#include "tests/device/virtio-common.h"

#define TABLE   0x500000u /* an indirect table of the most descriptors */
#define HEADER  0x700000u /* what the first may point to, */
#define STATUS  0x780000u /* a block request's */
#define BUFFER  0x800000u /* and the others do */
#define ENTRIES 1024u
#define WHOLE   (ENTRIES * (guint32)sizeof(struct vring_desc))
#define PIECE   2048u /* of a block request: all pieces are just below 2 MiB */

#define RANGE_SECTORS 0x3fffffu /* of a discard */

/* A table of ENTRIES descriptors of len bytes; first: a readable one before. */
static void write_table(guint32 first, guint32 len, gboolean writable, guint32 last)
{
    g_autofree struct vring_desc *table = g_new0(struct vring_desc, ENTRIES);
    unsigned flag = writable ? VRING_DESC_F_WRITE : 0;

    for (unsigned i = 0; i < ENTRIES; i++) {
        table[i] = (struct vring_desc){ BUFFER, len, VRING_DESC_F_NEXT | flag, i + 1 };
    }
    if (first) {
        table[0].addr = HEADER;
        table[0].len = first;
        table[0].flags &= ~VRING_DESC_F_WRITE;
    }
    table[ENTRIES - 1].flags &= ~VRING_DESC_F_NEXT;
    table[ENTRIES - 1].len = last;
    qtest_bus.memory.write(TABLE, table, ENTRIES * sizeof(table[0]));
}

static void take(VirtioDriver *d, unsigned queue, unsigned used)
{
    guint32 head, len;

    for (unsigned i = 0; i < used; i++) {
        virtio_driver_wait_used(d, queue, &head, &len);
    }
}

/* All entries of the ring are that table, made available at once; waits for `used`. */
static void fill_ring(VirtioDriver *d, unsigned queue, guint32 size, unsigned used)
{
    GuestRing *ring = &d->rings[queue];

    for (guint16 i = 0; i < ring->num; i++) {
        guest_ring_set_desc(ring, i, TABLE, size, VRING_DESC_F_INDIRECT, 0);
        guest_ring_make_available(ring, i);
    }
    virtio_driver_kick(d, queue);
    take(d, queue, used);
}

/* data: more of the device's options. */
static void test_rng(gconstpointer data)
{
    QTest *q = qtest_start("-machine microvm -m 64M -object iothread,id=io -object "
                           "rng-random,id=r -device virtio-rng-device,rng=r,"
                           "bus=virtio-mmio-bus.2%s",
                           (const char *)data);
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 1, 8, RINGS);
    write_table(0, 8 * MIB / ENTRIES * 64, TRUE, 1); /* 512 MiB a request */
    fill_ring(&d, 0, WHOLE, 8);
    turn_check(q, "rng-bytes", 8 * 64 * KIB, 64 * KIB);
    turn_check(q, "descriptors", 8 * ENTRIES, 4 * KIB);
    qtest_stop(q);
}

#define NUMBERS (64 * 1024u)

/* Pages that do not follow one another: every second one of a half, 16 times. */
static void test_balloon(void)
{
    g_autofree guint32 *numbers = g_new(guint32, NUMBERS);
    QTest *q = qtest_start("-machine microvm -m 64M "
                           "-device virtio-balloon-device,bus=virtio-mmio-bus.2");
    GuestBuffer buffer = { BUFFER, NUMBERS * 4, FALSE };
    VirtioDriver d;

    for (guint i = 0; i < NUMBERS; i++) {
        numbers[i] = GUINT32_TO_LE(8192 + 2 * i % 8192);
    }
    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 2, 8, RINGS);
    qtest_memwrite(q, BUFFER, numbers, NUMBERS * 4);
    guest_ring_add(&d.rings[0], &buffer, 1);
    virtio_driver_kick(&d, 0);
    take(&d, 0, 1);
    turn_check(q, "balloon-pages", NUMBERS, 2303);
    qtest_stop(q);
}

typedef struct BlkRow {
    const char *path, *options; /* of the node */
    guint32 type;
} BlkRow;

static const BlkRow blk_rows[] = {
    { "/turn/blk/read/io_uring", "aio=io_uring", VIRTIO_BLK_T_IN },
    { "/turn/blk/read/threads", "aio=threads", VIRTIO_BLK_T_IN },
    { "/turn/blk/write/io_uring", "aio=io_uring", VIRTIO_BLK_T_OUT },
    { "/turn/blk/write/threads", "aio=threads", VIRTIO_BLK_T_OUT },
};

static const BlkRow range_rows[] = {
    { "/turn/blk/discard", "discard=unmap", VIRTIO_BLK_T_DISCARD },
    { "/turn/blk/write-zeroes", "discard=unmap", VIRTIO_BLK_T_WRITE_ZEROES },
};

static void put_status(guint8 status)
{
    qtest_bus.memory.write(STATUS, &status, 1);
}

static guint8 get_status(void)
{
    guint8 status;

    qtest_bus.memory.read(STATUS, &status, 1);
    return status;
}

/* Header, as much data as goes in that many pieces of 2 KiB, status. */
static void write_request(guint32 type)
{
    struct virtio_blk_outhdr header = { .type = type };
    const struct vring_desc last = { STATUS, 1, VRING_DESC_F_WRITE, 0 };

    qtest_bus.memory.write(HEADER, &header, sizeof(header));
    write_table(sizeof(header), PIECE, type == VIRTIO_BLK_T_IN, 1);
    qtest_bus.memory.write(TABLE + (ENTRIES - 1) * sizeof(last), &last, sizeof(last));
}

/* Reads or writes as long as the disk, by a ring full of requests of many pieces. */
static void test_blk(gconstpointer data)
{
    const BlkRow *row = data;
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = make_image(dir, "disk", 64 * MIB, 0x5a);
    QTest *q = qtest_start("-machine microvm -m 64M -object iothread,id=io "
                           "-blockdev driver=file,node-name=n,filename=%s,%s "
                           "-device virtio-blk-device,drive=n,queue-size=64,"
                           "bus=virtio-mmio-bus.3",
                           path, row->options);
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(3), ~0ull, 1, 64, RINGS);
    write_request(row->type);
    put_status(0xff);
    fill_ring(&d, 0, WHOLE, 64);
    g_assert_cmpuint(get_status(), ==, VIRTIO_BLK_S_OK);
    turn_check(q, "descriptors", 64 * ENTRIES, 4 * KIB);
    if (strstr(row->options, "io_uring") && turn_of(q, "block-bytes").total) {
        turn_check(q, "block-bytes", 64 * (ENTRIES - 2) * PIECE, 8 * MIB);
    }
    qtest_stop(q);
    unlink(path);
    rmdir(dir);
}

/* As long a range as a request may name, in as many requests as the ring has. */
static void write_range_request(guint32 type)
{
    const struct vring_desc table[] = {
        { HEADER, sizeof(struct virtio_blk_outhdr), VRING_DESC_F_NEXT, 1 },
        { BUFFER, sizeof(struct virtio_blk_discard_write_zeroes), VRING_DESC_F_NEXT, 2 },
        { STATUS, 1, VRING_DESC_F_WRITE, 0 },
    };
    const struct virtio_blk_outhdr header = { .type = type };
    const struct virtio_blk_discard_write_zeroes range = {
        .num_sectors = RANGE_SECTORS,
        .flags = type == VIRTIO_BLK_T_DISCARD ? 0 : VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP,
    };

    qtest_bus.memory.write(HEADER, &header, sizeof(header));
    qtest_bus.memory.write(BUFFER, &range, sizeof(range));
    qtest_bus.memory.write(TABLE, table, sizeof(table));
}

/* The device's limit is what we take for the largest. */
static void check_limit(VirtioDriver *d)
{
    const unsigned config = 0x100;

    g_assert_cmpuint(virtio_driver_read(d, config + offsetof(struct virtio_blk_config,
                                                             max_discard_sectors)),
                     ==, RANGE_SECTORS);
    g_assert_cmpuint(virtio_driver_read(d, config + offsetof(struct virtio_blk_config,
                                                             max_write_zeroes_sectors)),
                     ==, RANGE_SECTORS);
}

static void test_blk_range(gconstpointer data)
{
    const BlkRow *row = data;
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = make_image(dir, "disk", MIB, 0x5a);
    VirtioDriver d;
    QTest *q;

    g_assert_cmpint(truncate(path, RANGE_SECTORS * 512ll), ==, 0);
    q = qtest_start("-machine microvm -m 64M "
                    "-blockdev driver=file,node-name=n,filename=%s,%s "
                    "-device virtio-blk-device,drive=n,queue-size=1024,"
                    "bus=virtio-mmio-bus.3",
                    path, row->options);
    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(3), ~0ull, 1, 1024, RINGS);
    check_limit(&d);
    write_range_request(row->type);
    put_status(0xff);
    for (unsigned i = 0; i < 2; i++) {
        fill_ring(&d, 0, 3 * sizeof(struct vring_desc), 1024);
    }
    g_assert_cmpuint(get_status(), ==, VIRTIO_BLK_S_OK);
    turn_check(q, "descriptors", 2 * 1024 * 3, 4 * KIB);
    turn_check(q, "block-done", 2 * 1024, 512);
    qtest_stop(q);
    unlink(path);
    rmdir(dir);
}

/* Small requests of which more end at once than a turn may look at. */
static void test_blk_done(void)
{
    const struct vring_desc table[] = {
        { HEADER, sizeof(struct virtio_blk_outhdr), VRING_DESC_F_NEXT, 1 },
        { BUFFER, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2 },
        { BUFFER + 512, 1, VRING_DESC_F_WRITE, 0 },
    };
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN };
    g_autofree char *dir = g_dir_make_tmp("vireo-turn-XXXXXX", NULL);
    g_autofree char *path = make_image(dir, "disk", MIB, 0x5a);
    QTest *q = qtest_start("-machine microvm -m 64M "
                           "-blockdev driver=file,node-name=f,filename=%s "
                           "-blockdev driver=x-test,node-name=n,file=f "
                           "-device virtio-blk-device,drive=n,queue-size=1024,"
                           "bus=virtio-mmio-bus.3",
                           path);
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(3), ~0ull, 1, 1024, RINGS);
    qtest_bus.memory.write(HEADER, &header, sizeof(header));
    qtest_bus.memory.write(TABLE, table, sizeof(table));
    block_testing(q, "n fail any 0 1048576 EIO 1024"); /* at once, not by the kernel */
    fill_ring(&d, 0, sizeof(table), 1024);
    turn_check(q, "block-done", 1024, 512);
    block_testing(q, "n hold");
    fill_ring(&d, 0, sizeof(table), 0);
    while (blocks_held(q, "n") < 1024) {
    }
    block_testing(q, "n release");
    take(&d, 0, 1024);
    turn_check(q, "posted", 1024, 64);
    qtest_stop(q);
    unlink(path);
    rmdir(dir);
}

static void bring_up(const char *ifname)
{
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    close(fd);
}

/* The longest packets, a ring full of them. */
static void test_net(void)
{
    QTest *q = qtest_start("-machine microvm -m 64M -netdev tap,id=n,ifname=vireo5 "
                           "-device virtio-net-device,netdev=n,bus=virtio-mmio-bus.4");
    VirtioDriver d;

    qtest_bus_set(q);
    bring_up("vireo5");
    virtio_driver_start(&d, &qtest_bus, SLOT(4), ~0ull, 2, 256, RINGS);
    write_table(0, 63, FALSE, 63);
    for (unsigned i = 0; i < 4; i++) {
        fill_ring(&d, 1, WHOLE, 256);
    }
    turn_check(q, "descriptors", 4 * 256 * ENTRIES, 4 * KIB);
    /* and in few pieces, so that it is bytes that count */
    for (unsigned i = 0; i < 256; i++) {
        GuestBuffer b = { BUFFER, 12 + 65000, FALSE };
        guest_ring_add(&d.rings[1], &b, 1);
    }
    virtio_driver_kick(&d, 1);
    take(&d, 1, 256);
    turn_check(q, "net-bytes", 256 * 65000, 2 * MIB);
    turn_check(q, "packets", 1000, 256);
    qtest_stop(q);
}

static void send_packets(const char *ifname, unsigned n)
{
    static const guint8 frame[1514] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_ifindex = (int)if_nametoindex(ifname) };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    while (n--) {
        g_assert_cmpint(
            sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)), ==,
            sizeof(frame));
    }
    close(fd);
}

/* Packets that have come before the guest has room for them, which then is for all. */
static void test_net_receive(void)
{
    QTest *q = qtest_start("-machine microvm -m 64M -netdev tap,id=n,ifname=vireo6 "
                           "-device virtio-net-device,netdev=n,rx_queue_size=1024,"
                           "tx_queue_size=1024,bus=virtio-mmio-bus.4");
    const unsigned packets = 450; /* a tap keeps 500 */
    VirtioDriver d;

    qtest_bus_set(q);
    bring_up("vireo6");
    virtio_driver_start(&d, &qtest_bus, SLOT(4), 0, 2, 1024, RINGS);
    send_packets("vireo6", packets);
    for (unsigned i = 0; i < 1024; i++) {
        GuestBuffer b = { BUFFER + 2048 * i, 2048, TRUE };
        guest_ring_add(&d.rings[0], &b, 1);
    }
    virtio_driver_kick(&d, 0);
    take(&d, 0, packets);
    turn_check(q, "packets", packets, 256);
    qtest_stop(q);
}

static gboolean migrated(QTest *q)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
    const char *status =
        json_object_get_string_member(json_node_get_object(info), "status");

    g_assert_cmpstr(status, !=, "failed");
    return strcmp(status, "completed") == 0;
}

/* All of RAM goes, and its log is read, without the machine lock. */
static void test_migration(void)
{
    QTest *from = qtest_start("-machine microvm -m 256M"), *to;
    g_autofree char *uri = g_strdup_printf("unix:%s/stream", qtest_dir(from));
    Turn t;

    to = qtest_start("-machine microvm -m 256M -incoming %s", uri);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri));
    while (!migrated(from)) {
        g_usleep(1000);
    }
    t = turn_of(from, "log-pages");
    g_assert_cmpuint(t.total, >=, 2 * 256 * MIB / 4096); /* sent, its log read */
    g_assert_cmpuint(t.peak, ==, 0);
    qtest_stop(from);
    qtest_stop(to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/turn/rng/main", "", test_rng);
    g_test_add_data_func("/turn/rng/iothread", ",iothread=io", test_rng);
    for (gsize i = 0; i < G_N_ELEMENTS(blk_rows); i++) {
        g_test_add_data_func(blk_rows[i].path, &blk_rows[i], test_blk);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(range_rows); i++) {
        g_test_add_data_func(range_rows[i].path, &range_rows[i], test_blk_range);
    }
    g_test_add_func("/turn/balloon", test_balloon);
    g_test_add_func("/turn/blk/done", test_blk_done);
    g_test_add_func("/turn/migration", test_migration);
    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        return g_test_run() ? 1 : 77; /* the rest was not run */
    }
    g_test_add_func("/turn/net/send", test_net);
    g_test_add_func("/turn/net/receive", test_net_receive);
    return g_test_run();
}
