/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices of every kind migrate in mid-life, and a destination that is made
 * differently refuses by name while the source goes on.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"

#define MIB       (1u << 20)
#define GED_SLEEP 0xfea00010u
/* A driver that does not announce its NIC: nothing interrupts it by itself. */
#define NOT_TOLD (~(1ull << 21))

enum { DISK, RNG, NET, PLUGGED, VACANT, HALF_WAY, N_SLOTS };

static char *dir; /* for images that outlive one emulator */
static gboolean have_tap;

/* Migration */

static char *migrate_info(QTest *q, const char *member)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\":\"query-migrate\"}");
    JsonObject *info = json_node_get_object(node);

    return g_strdup(json_object_has_member(info, member)
                        ? json_object_get_string_member(info, member)
                        : "");
}

/* Until the migration has ended; it must be with `status`. */
static void wait_end(QTest *q, const char *status)
{
    for (;;) {
        g_autofree char *now = migrate_info(q, "status");

        if (g_str_equal(now, "completed") || g_str_equal(now, "failed") ||
            g_str_equal(now, "cancelled")) {
            g_autofree char *why = migrate_info(q, "error-desc");

            if (!g_str_equal(now, status)) {
                g_error("migration is %s instead of %s: %s", now, status, why);
            }
            return;
        }
    }
}

static void assert_status(QTest *q, const char *status)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\":\"query-status\"}");

    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(node), "status"),
                    ==, status);
}

static char *stream_uri(void)
{
    static unsigned n;

    return g_strdup_printf("unix:%s/stream%u", dir, n++);
}

static void migrate(QTest *q, const char *uri)
{
    qmp(q, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}", uri);
}

/* Disks */

static void add_disk(QTest *q, const char *id, const char *path, unsigned slot)
{
    qmp(q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"file\","
        "\"node-name\":\"%s-node\",\"filename\":\"%s\"}}",
        id, path);
    qmp(q,
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-device\","
        "\"id\":\"%s\",\"drive\":\"%s-node\",\"bus\":\"virtio-mmio-bus.%u\"}}",
        id, id, slot);
}

static void write_sectors(VirtioDriver *d, guint8 first, guint8 end)
{
    guint8 buf[512];

    for (unsigned i = first; i < end; i++) {
        memset(buf, i + 1, sizeof(buf));
        g_assert_cmpint(virtio_driver_blk(d, VIRTIO_BLK_T_OUT, i, buf, 512), ==, 0);
    }
}

static void check_sectors(VirtioDriver *d, guint8 first, guint8 end)
{
    guint8 buf[512];

    for (unsigned i = first; i < end; i++) {
        g_assert_cmpint(virtio_driver_blk(d, VIRTIO_BLK_T_IN, i, buf, 512), ==, 0);
        g_assert_cmphex(buf[0], ==, i + 1);
        g_assert_cmphex(buf[511], ==, i + 1);
    }
}

/* The image cannot be opened by another emulator. */
static void assert_locked(const char *path)
{
    g_autofree char *messages = NULL;
    g_autofree char *args =
        g_strdup_printf("-accel qtest -machine microvm -blockdev driver=file,node-name=n,"
                        "filename=%s -device virtio-blk-device,drive=n",
                        path);

    g_assert_cmpint(qtest_run(args, &messages), ==, 1);
    g_assert_nonnull(strstr(messages, "lock"));
    g_assert_nonnull(strstr(messages, path));
}

/* Everything in mid-life */

typedef struct Guest {
    VirtioDriver d[N_SLOTS];
    guint32 registers[N_SLOTS][64];
} Guest;

static void use_rng(VirtioDriver *d)
{
    guint8 buf[64] = { 0 }, zero[64] = { 0 };
    GuestBuffer b = { d->data, sizeof(buf), TRUE };
    guint32 head, used;

    qtest_bus.memory.write(d->data, zero, sizeof(zero));
    guest_ring_add(&d->rings[0], &b, 1);
    virtio_driver_kick(d, 0);
    virtio_driver_wait_used(d, 0, &head, &used);
    g_assert_cmpuint(used, ==, sizeof(buf));
    qtest_bus.memory.read(d->data, buf, sizeof(buf));
    g_assert_cmpint(memcmp(buf, zero, sizeof(buf)), !=, 0);
}

static void use_net(VirtioDriver *d)
{
    guint8 packet[12 + 60] = { [12 ... 17] = 0xff, [18] = 2, [24] = 0x88, [25] = 0xb5 };
    GuestBuffer b = { d->data, sizeof(packet), FALSE };
    guint32 head, len;

    qtest_bus.memory.write(d->data, packet, sizeof(packet));
    guest_ring_add(&d->rings[1], &b, 1);
    virtio_driver_kick(d, 1);
    virtio_driver_wait_used(d, 1, &head, &len);
}

static void interface_up(const char *ifname)
{
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    close(fd);
}

static void start_driver(Guest *g, unsigned slot, unsigned queues)
{
    virtio_driver_start(&g->d[slot], &qtest_bus, SLOT(slot), NOT_TOLD, queues,
                        slot == RNG ? 8 : 64, RINGS + slot * MIB);
}

static void prepare(QTest *q, Guest *g)
{
    guint32 head, len;

    start_driver(g, DISK, 1);
    start_driver(g, PLUGGED, 1);
    start_driver(g, VACANT, 1);
    start_driver(g, RNG, 1);
    write_sectors(&g->d[DISK], 0, 100);
    write_sectors(&g->d[PLUGGED], 0, 70);
    write_sectors(&g->d[VACANT], 0, 3);
    for (unsigned i = 0; i < 70; i++) {
        use_rng(&g->d[RNG]); /* indices beyond the ring's size */
    }
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"gone\"}}");
    wait_event(q, "DEVICE_DELETED");
    if (have_tap) {
        start_driver(g, NET, 2);
        GuestBuffer b = { g->d[NET].data + 0x1000, 2000, TRUE };
        for (unsigned i = 0; i < 8; i++) {
            guest_ring_add(&g->d[NET].rings[0], &b, 1); /* taken ahead at the source */
        }
        virtio_driver_kick(&g->d[NET], 0);
        use_net(&g->d[NET]);
        g_assert_false(guest_ring_take(&g->d[NET].rings[1], &head, &len));
    }
    /* a driver that has only begun: selectors, one queue half set up */
    g->d[HALF_WAY] = (VirtioDriver){ .bus = &qtest_bus, .base = SLOT(HALF_WAY) };
    g_assert_true(virtio_driver_negotiate(&g->d[HALF_WAY], 1ull << VIRTIO_F_VERSION_1));
    virtio_driver_write(&g->d[HALF_WAY], VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    virtio_driver_write(&g->d[HALF_WAY], VIRTIO_MMIO_QUEUE_SEL, 1);
    virtio_driver_write(&g->d[HALF_WAY], VIRTIO_MMIO_QUEUE_NUM, 8);
    virtio_driver_write(&g->d[HALF_WAY], VIRTIO_MMIO_QUEUE_READY, 1);
}

/* All of them, the interrupt status too: the guest is told of nothing. */
static void read_registers(QTest *q, guint32 out[N_SLOTS][64])
{
    for (unsigned slot = 0; slot < N_SLOTS; slot++) {
        for (unsigned i = 0; i < 64; i++) {
            out[slot][i] = qtest_readl(q, SLOT(slot) + 4 * i);
        }
    }
}

static void check(QTest *q, Guest *g)
{
    guint32 now[N_SLOTS][64];
    guint8 buf[512];

    read_registers(q, now);
    for (unsigned slot = 0; slot < N_SLOTS; slot++) {
        for (unsigned i = 0; i < 64; i++) {
            if (now[slot][i] != g->registers[slot][i]) {
                g_error("slot %u, register 0x%x: 0x%x instead of 0x%x", slot, 4 * i,
                        now[slot][i], g->registers[slot][i]);
            }
        }
    }
    check_sectors(&g->d[DISK], 0, 100);
    check_sectors(&g->d[PLUGGED], 0, 70);
    write_sectors(&g->d[PLUGGED], 70, 140);
    check_sectors(&g->d[PLUGGED], 70, 140);
    g_assert_cmpuint(blk_capacity(&g->d[DISK]), ==, MIB / 512);
    g_assert_cmpuint(blk_capacity(&g->d[VACANT]), ==, 0);
    g_assert_cmpint(virtio_driver_blk(&g->d[VACANT], VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    for (unsigned i = 0; i < 70; i++) {
        use_rng(&g->d[RNG]);
    }
    if (have_tap) {
        use_net(&g->d[NET]);
    }
}

static QTest *start(const char *disk, const char *tap, const char *more)
{
    g_autofree char *net =
        g_strdup_printf("-netdev tap,id=net,ifname=%s -device virtio-net-device,id=nic,"
                        "netdev=net,mac=52:54:00:12:34:56,bus=virtio-mmio-bus.2",
                        tap);
    return qtest_start(
        "-machine microvm -m 16M -nodefaults -object iothread,id=io "
        "-object rng-builtin,id=r "
        "-blockdev driver=file,node-name=n,filename=%s "
        "-device virtio-blk-device,id=disk,drive=n,iothread=io,bus=virtio-mmio-bus.0 "
        "-device virtio-rng-device,id=rng,rng=r,bus=virtio-mmio-bus.1 "
        "-device virtio-blk-device,id=half,drive=h,num-queues=2,bus=virtio-mmio-bus.5 "
        "-blockdev driver=file,node-name=h,filename=%s.half %s %s",
        disk, disk, have_tap ? net : "", more);
}

/* data: the destination waits for migrate-incoming. */
static void test_all(gconstpointer data)
{
    gboolean defer = GPOINTER_TO_INT(data);
    g_autofree char *disk = make_image(dir, "all", MIB, 0),
                    *plugged = make_image(dir, "plugged", MIB, 0),
                    *gone = make_image(dir, "gone", MIB, 0), *uri = stream_uri();
    g_free(make_image(dir, "all.half", MIB, 0));
    g_autofree char *more = g_strdup_printf(
        "-incoming %s -blockdev driver=file,node-name=hot-node,filename=%s "
        "-device virtio-blk-device,id=hot,drive=hot-node,bus=virtio-mmio-bus.3",
        defer ? "defer" : uri, plugged);
    QTest *from = start(disk, "vireo-from", ""), *to;
    g_autofree Guest *g = g_new0(Guest, 1);

    qtest_bus_set(from);
    if (have_tap) {
        interface_up("vireo-from");
    }
    add_disk(from, "hot", plugged, PLUGGED);
    add_disk(from, "gone", gone, VACANT);
    prepare(from, g);
    read_registers(from, g->registers);

    to = start(disk, "vireo-to", more);
    assert_status(to, "inmigrate");
    if (have_tap) {
        interface_up("vireo-to");
    }
    if (defer) {
        qmp(to, "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"%s\"}}", uri);
        g_free(qtest_qmp_fails(to,
                               "{\"execute\":\"migrate-incoming\","
                               "\"arguments\":{\"uri\":\"%s\"}}",
                               uri));
    }
    migrate(from, uri);
    wait_end(from, "completed");
    wait_event(to, "RESUME");
    assert_status(from, "postmigrate");
    assert_status(to, "running");
    qtest_bus_set(to);
    check(to, g);
    assert_locked(disk);
    assert_locked(plugged);
    qtest_stop(from);
    qtest_stop(to);
}

#define DISK_ARGS                                                                        \
    "-machine microvm -m 16M -blockdev driver=file,node-name=n,filename=%s "             \
    "-device virtio-blk-device,id=disk,drive=n,bus=virtio-mmio-bus.0 %s"

/* An image that has grown on the way: the guest is told at the destination. */
static void test_grown(void)
{
    g_autofree char *path = make_image(dir, "grown", MIB, 0), *uri = stream_uri();
    g_autofree char *incoming = g_strconcat("-incoming ", uri, NULL);
    QTest *from = qtest_start(DISK_ARGS, path, ""), *to;
    VirtioDriver d;

    qtest_bus_set(from);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    g_assert_cmpint(truncate(path, 2 * MIB), ==, 0);
    to = qtest_start(DISK_ARGS, path, incoming);
    migrate(from, uri);
    wait_end(from, "completed");
    wait_event(to, "RESUME");
    qtest_bus_set(to);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==,
                     VIRTIO_MMIO_INT_CONFIG);
    g_assert_cmpuint(blk_capacity(&d), ==, 2 * MIB / 512);
    qtest_stop(from);
    qtest_stop(to);
}

/* Who owns the disk when the management layer decides */

static void test_owner(void)
{
    g_autofree char *path = make_image(dir, "owner", MIB, 0), *uri = stream_uri();
    g_autofree char *incoming = g_strconcat("-S -incoming ", uri, NULL);
    QTest *from = qtest_start(DISK_ARGS, path, ""),
          *to = qtest_start(DISK_ARGS, path, incoming);
    VirtioDriver d;

    qtest_bus_set(from);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    write_sectors(&d, 0, 10);
    migrate(from, uri);
    wait_end(from, "completed");
    wait_end(to, "completed");
    assert_status(from, "postmigrate");
    assert_status(to, "paused");
    g_autofree char *again = qtest_qmp_fails(
        from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}", uri);
    g_assert_nonnull(strstr(again, "previous migration"));

    /* paused there: it has not taken the image, and the source may go on */
    qmp(from, "{\"execute\":\"cont\"}");
    assert_status(from, "running");
    check_sectors(&d, 0, 10);
    write_sectors(&d, 0, 20);
    g_autofree char *held = qtest_qmp_fails(to, "{\"execute\":\"cont\"}");
    g_assert_nonnull(strstr(held, path));
    assert_status(to, "paused");
    qtest_stop(to);

    /* the next one runs, and the source may not */
    to = qtest_start(DISK_ARGS, path, incoming);
    migrate(from, uri);
    wait_end(from, "completed");
    wait_end(to, "completed");
    qmp(to, "{\"execute\":\"cont\"}");
    assert_status(to, "running");
    g_autofree char *taken = qtest_qmp_fails(from, "{\"execute\":\"cont\"}");
    g_assert_nonnull(strstr(taken, path));
    assert_status(from, "postmigrate");
    qtest_bus_set(to);
    check_sectors(&d, 0, 20);

    /* it has gone: the source resumes */
    qtest_stop(to);
    qmp(from, "{\"execute\":\"cont\"}");
    assert_status(from, "running");
    qtest_bus_set(from);
    assert_locked(path);
    qtest_stop(from);
}

/* A VM that is paused is paused there, too; cont during the migration is a wish. */
static void test_paused(void)
{
    g_autofree char *path = make_image(dir, "paused", MIB, 0), *uri = stream_uri();
    g_autofree char *incoming = g_strconcat("-incoming ", uri, NULL);
    QTest *from = qtest_start(DISK_ARGS, path, ""),
          *to = qtest_start(DISK_ARGS, path, incoming);

    qmp(from, "{\"execute\":\"stop\"}");
    migrate(from, uri);
    wait_end(from, "completed");
    wait_end(to, "completed");
    assert_status(to, "paused");
    qtest_stop(to);
    qmp(from, "{\"execute\":\"cont\"}");

    to = qtest_start("-S " DISK_ARGS, path, incoming);
    qmp(to, "{\"execute\":\"cont\"}");
    assert_status(to, "inmigrate");
    migrate(from, uri);
    wait_end(from, "completed");
    wait_event(to, "RESUME");
    assert_status(to, "running");
    qtest_stop(from);
    qtest_stop(to);
}

/* Refusals */

#define BLK        "-device virtio-blk-device,id=disk,drive=n,bus=virtio-mmio-bus.0"
#define RNG0(slot) "-device virtio-rng-device,id=rng,rng=r,bus=virtio-mmio-bus." slot

static const struct Refusal {
    const char *name, *source, *destination, *why;
} refusals[] = {
    { "memory", "-m 16M " BLK, "-m 32M " BLK, "RAM block" },
    { "cpus", "-m 16M " BLK, "-m 16M -smp 2 " BLK, "cpus=" },
    { "missing", "-m 16M " BLK " " RNG0("1"), "-m 16M " BLK, "virtio-rng-device" },
    { "extra", "-m 16M " BLK, "-m 16M " BLK " " RNG0("1"), "virtio-rng-device" },
    { "slot", "-m 16M " BLK " " RNG0("1"), "-m 16M " BLK " " RNG0("2"),
      "virtio-mmio-bus.2" },
    { "class", "-m 16M " BLK " -device virtio-rng-device,id=x,rng=r",
      "-m 16M " BLK " -device virtio-blk-device,id=x,drive=other", "virtio-blk-device" },
    { "queues", "-m 16M " BLK, "-m 16M " BLK ",num-queues=3", "queues" },
    { "queue-size", "-m 16M " BLK, "-m 16M " BLK ",queue-size=16",
      "queue-size=16" },
    { "serial", "-m 16M " BLK ",serial=a", "-m 16M " BLK ",serial=b", "serial=b, but" },
    { "block-size", "-m 16M " BLK, "-m 16M " BLK ",logical_block_size=4096",
      "block_size=4096, but" },
    { "port", "-m 16M " BLK " -device isa-serial,id=s,index=1",
      "-m 16M " BLK " -device isa-serial,id=s,index=2", "s index=2, but" },
    { "features", "-m 16M " BLK, "-m 16M " BLK ",discard=off", "discard=o" },
};

static void test_refusal(gconstpointer data)
{
    const struct Refusal *r = data;
    g_autofree char *path = make_image(dir, "refused", MIB, 0), *uri = stream_uri(),
                    *other = make_image(dir, "refused-other", MIB, 0);
    g_autofree char *common =
        g_strdup_printf("-machine microvm -nodefaults -object rng-builtin,id=r "
                        "-blockdev driver=file,node-name=n,filename=%s "
                        "-blockdev driver=file,node-name=other,filename=%s",
                        path, other);
    QTest *from = qtest_start("%s %s", common, r->source),
          *to = qtest_start("%s %s -incoming %s", common, r->destination, uri);
    VirtioDriver d;

    qtest_bus_set(from);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    write_sectors(&d, 0, 10);
    migrate(from, uri);
    wait_end(from, "failed");
    wait_end(to, "failed");
    g_autofree char *here = migrate_info(to, "error-desc"),
                    *there = migrate_info(from, "error-desc");
    g_test_message("%s", there);
    g_assert_nonnull(strstr(here, r->why));
    g_assert_nonnull(strstr(there, here));
    assert_status(to, "inmigrate");
    assert_status(from, "running");
    check_sectors(&d, 0, 10);
    write_sectors(&d, 10, 20);
    assert_locked(path);
    qtest_stop(to);

    to = qtest_start("%s %s -incoming %s", common, r->source, uri);
    migrate(from, uri);
    wait_end(from, "completed");
    wait_event(to, "RESUME");
    qtest_bus_set(to);
    check_sectors(&d, 0, 20);
    qtest_stop(from);
    qtest_stop(to);
}

/* Powers off while its memory is on the way, at a speed that takes seconds. */
static void power_off_in_mid_copy(QTest *q, const char *uri)
{
    qtest_memset(q, MIB, 0x5a, 8 * MIB);
    qmp(q, "{\"execute\":\"migrate-set-parameters\",\"arguments\":"
           "{\"max-bandwidth\":1048576}}");
    migrate(q, uri);
    for (;;) {
        g_autofree char *now = migrate_info(q, "status");

        if (g_str_equal(now, "active")) {
            break;
        }
    }
    qtest_writeb(q, GED_SLEEP, 0x20 | 5 << 2);
    wait_event(q, "SHUTDOWN");
}

/* The process ends with its guest, which then is nowhere. */
static void test_power_off(void)
{
    g_autofree char *uri = stream_uri();
    QTest *from = qtest_start("-machine microvm -m 16M"),
          *to = qtest_start("-machine microvm -m 16M -incoming %s", uri);

    power_off_in_mid_copy(from, uri);
    g_assert_cmpint(qtest_wait_exit(from), ==, 0);
    wait_end(to, "failed");
    assert_status(to, "inmigrate");
    qtest_stop(to);
}

/* A guest that is off arrives so, and does not run without a reset. */
static void test_shutdown_state(void)
{
    g_autofree char *uri = stream_uri();
    QTest *from = qtest_start("-machine microvm -m 16M -no-shutdown"),
          *to = qtest_start("-machine microvm -m 16M -no-shutdown -incoming %s", uri);

    power_off_in_mid_copy(from, uri);
    assert_status(from, "shutdown");
    qmp(from, "{\"execute\":\"migrate-set-parameters\",\"arguments\":"
              "{\"max-bandwidth\":0}}");
    wait_end(from, "completed");
    wait_end(to, "completed");
    assert_status(from, "postmigrate");
    assert_status(to, "shutdown");
    g_autofree char *why = qtest_qmp_fails(to, "{\"execute\":\"cont\"}"),
                    *here = qtest_qmp_fails(from, "{\"execute\":\"cont\"}");
    g_assert_nonnull(strstr(why, "Reset"));
    g_assert_nonnull(strstr(here, "Reset"));
    qmp(to, "{\"execute\":\"system_reset\"}");
    wait_event(to, "RESET");
    assert_status(to, "prelaunch");
    qmp(to, "{\"execute\":\"cont\"}");
    assert_status(to, "running");
    qtest_stop(from);
    qtest_stop(to);
}

/* What migrate itself refuses. */
static void test_arguments(void)
{
    static const struct {
        const char *uri, *why;
    } cases[] = {
        { "frob:x", "unknown migration protocol: frob:x" },
        { "tcp:localhost", "no port" },
        { "unix:", "unix:" },
        { "fd:nope", "nope" },
    };
    QTest *q = qtest_start("-machine microvm -m 16M");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = qtest_qmp_fails(
            q, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}", cases[i].uri);
        g_assert_nonnull(strstr(text, cases[i].why));
    }
    g_free(qtest_qmp_fails(
        q, "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"tcp:[::1]:1\"}}"));
    migrate(q, "unix:/nowhere/at/all");
    wait_end(q, "failed");
    g_autofree char *why = migrate_info(q, "error-desc");
    g_assert_nonnull(strstr(why, "/nowhere/at/all"));
    assert_status(q, "running");
    qmp(q, "{\"execute\":\"migrate_cancel\"}");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    have_tap = unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
    dir = g_dir_make_tmp("vireo-migration-XXXXXX", NULL);
    g_test_add_data_func("/migration/all", GINT_TO_POINTER(FALSE), test_all);
    g_test_add_data_func("/migration/all-defer", GINT_TO_POINTER(TRUE), test_all);
    g_test_add_func("/migration/grown", test_grown);
    g_test_add_func("/migration/owner", test_owner);
    g_test_add_func("/migration/paused", test_paused);
    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strconcat("/migration/refused/", refusals[i].name, NULL);
        g_test_add_data_func(path, &refusals[i], test_refusal);
    }
    g_test_add_func("/migration/power-off", test_power_off);
    g_test_add_func("/migration/shutdown-state", test_shutdown_state);
    g_test_add_func("/migration/arguments", test_arguments);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
