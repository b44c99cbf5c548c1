/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon in the real emulator, whose memory is a file: what the guest gives back
 * is not there any more, and a migration does not bring it back.
 */
#include <linux/virtio_balloon.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/virtio-common.h"

#define MIB     (1u << 20)
#define FIRST   2048 /* page: at 8 MiB */
#define PAGES   1024
#define REPORTS (1ull << VIRTIO_BALLOON_F_REPORTING)

static char *dir;

static char *memory(const char *name)
{
    return g_strdup_printf("-machine microvm,memory-backend=m -m 16M "
                           "-object memory-backend-file,id=m,size=16M,share=on,"
                           "mem-path=%s/%s "
                           "-device virtio-balloon-device,id=b,bus=virtio-mmio-bus.2,"
                           "free-page-reporting=on",
                           dir, name);
}

static QTest *start(void)
{
    g_autofree char *options = memory("ram");
    QTest *q = qtest_start("%s", options);

    qtest_bus_set(q);
    return q;
}

/* Bytes of the file that are there. */
static guint64 there(const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return (guint64)st.st_blocks * 512;
}

static void fill(QTest *q, guint64 page, guint n)
{
    qtest_memset(q, page * 4096, 0x5a, (gsize)n * 4096);
}

/* The numbers of n pages by a queue, in steps up or down. */
static void tell(VirtioDriver *d, unsigned queue, guint32 page, guint n, int step)
{
    g_autofree guint32 *numbers = g_new(guint32, n);
    GuestBuffer buffer = { d->data, n * 4, FALSE };
    guint32 head, len;

    for (guint i = 0; i < n; i++) {
        numbers[i] = GUINT32_TO_LE(page + i * (guint)step);
    }
    qtest_bus.memory.write(d->data, numbers, n * 4);
    guest_ring_add(&d->rings[queue], &buffer, 1);
    virtio_driver_kick(d, queue);
    virtio_driver_wait_used(d, queue, &head, &len);
    g_assert_cmpuint(len, ==, 0);
}

static gint64 actual(QTest *q)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-balloon\"}");

    return json_object_get_int_member(json_node_get_object(info), "actual");
}

/* Pages go in each order; numbers that are none are passed over. */
static void test_inflate(void)
{
    static const int steps[] = { 1, -1, 3 };
    QTest *q = start();
    VirtioDriver d;

    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        fill(q, FIRST - 8, PAGES + 16);
        fill(q, d.data / 4096, 2);
        guint64 full = there("ram");
        tell(&d, 0, steps[i] < 0 ? FIRST + PAGES - 1 : FIRST,
             steps[i] == 3 ? PAGES / 3 : PAGES, steps[i]);
        g_assert_cmpuint(full - there("ram"), ==,
                         (steps[i] == 3 ? PAGES / 3 : PAGES) * 4096);
        g_assert_cmphex(qtest_readb(q, (FIRST - 1) * 4096 + 4095), ==, 0x5a);
        g_assert_cmphex(qtest_readb(q, FIRST * 4096), ==, 0);
        g_assert_cmphex(qtest_readb(q, (FIRST + PAGES) * 4096), ==, 0x5a);
        tell(&d, 1, FIRST, PAGES, 1);
    }
    guint64 before = there("ram");
    tell(&d, 0, 4096, 10, 1);          /* behind the end */
    tell(&d, 0, 0xfffffff0, PAGES, 1); /* and around */
    tell(&d, 0, 4096 - 2, 4, 1);       /* two of them are memory */
    g_assert_cmpuint(there("ram"), <=, before);
    qtest_stop(q);
}

#define MANY  (256u << 10) /* numbers of a buffer; a chain of such takes many turns */
#define CHAIN 8

/* A chain that takes several turns is on its way while another queue is served. */
static void test_two_queues(void)
{
    g_autofree guint32 *numbers = g_new(guint32, MANY);
    QTest *q = start();
    GuestBuffer taken[CHAIN];
    guint32 head, len;
    VirtioDriver d;

    for (guint i = 0; i < CHAIN; i++) {
        taken[i] = (GuestBuffer){ 4 * MIB, MANY * 4, FALSE };
    }
    memset(numbers, 0xff, MANY * 4);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    qtest_bus.memory.write(4 * MIB, numbers, MANY * 4);
    fill(q, FIRST, PAGES);
    fill(q, d.data / 4096, 2);
    guint64 full = there("ram");
    guest_ring_add(&d.rings[1], taken, CHAIN);
    virtio_driver_kick(&d, 1);
    tell(&d, 0, FIRST, PAGES, 1);
    g_assert_cmpuint(full - there("ram"), ==, PAGES * 4096);
    virtio_driver_wait_used(&d, 1, &head, &len);
    qtest_stop(q);
}

/* What is asked for, and what the guest says that it has done. */
static void test_target(void)
{
    QTest *q = start();
    VirtioDriver d;

    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    g_assert_cmpint(actual(q), ==, 16 * MIB);
    qmp(q, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 12582912}}");
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, PAGES);
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==, 2);
    g_assert_cmpint(actual(q), ==, 16 * MIB);
    virtio_driver_write(&d, VIRTIO_MMIO_CONFIG + 4, PAGES);
    g_autoptr(JsonObject) change = qtest_event_wait(q, "BALLOON_CHANGE");
    JsonObject *data = json_object_get_object_member(change, "data");
    g_assert_cmpint(json_object_get_int_member(data, "actual"), ==, 12 * MIB);
    g_assert_cmpint(actual(q), ==, 12 * MIB);
    virtio_driver_write(&d, VIRTIO_MMIO_CONFIG, 7); /* is not the driver's */
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, PAGES);
    qmp(q, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 999999999999}}");
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, 0);
    g_autofree char *no =
        qtest_qmp_fails(q, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 0}}");
    g_assert_cmpstr(no, ==, "Parameter 'target' expects a size");
    virtio_driver_write(&d, VIRTIO_MMIO_CONFIG + 4, 0xffffffff); /* a lie */
    g_assert_cmpint(actual(q), ==, 0);
    qtest_stop(q);
}

/* Free pages that are reported; not while they have a pattern. */
static void test_report(void)
{
    QTest *q = start();
    GuestBuffer pages[2] = { { FIRST * 4096, 64 * 4096, TRUE },
                             { (FIRST + 128) * 4096, 32 * 4096, TRUE } };
    guint32 head, len;
    VirtioDriver d;

    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    g_assert_cmphex(d.features & REPORTS, ==, REPORTS);
    for (guint i = 0; i < 2; i++) {
        fill(q, FIRST, PAGES);
        guint64 full = there("ram");
        virtio_driver_write(&d, VIRTIO_MMIO_CONFIG + 12, i ? 0xaaaaaaaa : 0);
        guest_ring_add(&d.rings[3], pages, 2);
        virtio_driver_kick(&d, 3);
        virtio_driver_wait_used(&d, 3, &head, &len);
        g_assert_cmpuint(full - there("ram"), ==, i ? 0 : 96 * 4096);
        g_assert_cmphex(qtest_readb(q, FIRST * 4096), ==, i ? 0x5a : 0);
    }
    qtest_stop(q);
}

static JsonNode *get(QTest *q, const char *property)
{
    return qtest_qmp_ok(q,
                        "{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                        "\"/machine/peripheral/b\", \"property\": \"%s\"}}",
                        property);
}

static gint64 stat_of(QTest *q, const char *name, gint64 *updated)
{
    g_autoptr(JsonNode) all = get(q, "guest-stats");
    JsonObject *o = json_node_get_object(all);

    *updated = json_object_get_int_member(o, "last-update");
    return json_object_get_int_member(json_object_get_object_member(o, "stats"), name);
}

static void set_interval(QTest *q, const char *value, const char *error)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"qom-set\", \"arguments\": {\"path\": \"/machine/peripheral/b\","
        "\"property\": \"guest-stats-polling-interval\", \"value\": %s}}",
        value);

    if (error) {
        g_autofree char *said = qtest_qmp_fails(q, "%s", command);
        g_assert_cmpstr(said, ==, error);
    } else {
        qmp(q, "%s", command);
    }
}

static void put_stats(VirtioDriver *d, guint64 value)
{
    struct virtio_balloon_stat stats[3] = {
        { GUINT16_TO_LE(VIRTIO_BALLOON_S_MEMFREE), GUINT64_TO_LE(value) },
        { GUINT16_TO_LE(999), 1 },
        { GUINT16_TO_LE(VIRTIO_BALLOON_S_AVAIL), GUINT64_TO_LE(value + 1) },
    };
    GuestBuffer buffer = { d->data, sizeof(stats), FALSE };

    qtest_bus.memory.write(d->data, stats, sizeof(stats));
    guest_ring_add(&d->rings[2], &buffer, 1);
    virtio_driver_kick(d, 2);
}

/* The driver's buffer is kept until the next answer is wanted. */
static void test_stats(void)
{
    QTest *q = start();
    guint32 head, len;
    gint64 updated;
    VirtioDriver d;

    g_assert_cmpint(stat_of(q, "stat-free-memory", &updated), ==, -1);
    g_assert_cmpint(updated, ==, 0);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    put_stats(&d, 1000);
    while (stat_of(q, "stat-free-memory", &updated) != 1000) {
    }
    g_assert_cmpint(stat_of(q, "stat-available-memory", &updated), ==, 1001);
    g_assert_cmpint(stat_of(q, "stat-swap-in", &updated), ==, -1);
    g_assert_cmpint(updated, >, 0);
    g_assert_false(guest_ring_take(&d.rings[2], &head, &len));
    set_interval(q, "-1", "timer value must be greater than zero");
    set_interval(q, "4294967296", "timer value is too big");
    set_interval(q, "5", NULL); /* asks at once */
    virtio_driver_wait_used(&d, 2, &head, &len);
    put_stats(&d, 2000);
    while (stat_of(q, "stat-free-memory", &updated) != 2000) {
    }
    qtest_clock_step(q, G_GINT64_CONSTANT(4999999999));
    g_assert_false(guest_ring_take(&d.rings[2], &head, &len));
    qtest_clock_step(q, 2);
    virtio_driver_wait_used(&d, 2, &head, &len);
    put_stats(&d, 3000);
    qmp(q, "{\"execute\": \"stop\"}"); /* the buffer is the driver's meanwhile */
    qmp(q, "{\"execute\": \"cont\"}");
    while (stat_of(q, "stat-free-memory", &updated) != 3000) {
    }
    set_interval(q, "0", NULL);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    g_assert_cmpint(stat_of(q, "stat-free-memory", &updated), ==, -1);
    qtest_stop(q);
}

/* What was given back stays away on both sides; target and state come along. */
static void test_migrate(void)
{
    QTest *from = start();
    g_autofree char *options = memory("there");
    VirtioDriver d;

    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 4, 32, RINGS);
    fill(from, FIRST, PAGES);
    qmp(from, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 12582912}}");
    tell(&d, 0, FIRST, PAGES, 1);
    fill(from, FIRST + 5, 1); /* and used again, without a word */
    virtio_driver_write(&d, VIRTIO_MMIO_CONFIG + 4, PAGES);
    guint64 before = there("ram");
    QTest *to = board_migrate(from, options);
    g_assert_cmpuint(there("ram"), ==, before);
    g_assert_cmpuint(there("there"), <, before + MIB);
    qtest_bus_set(to);
    g_assert_cmpint(actual(to), ==, 12 * MIB);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, PAGES);
    g_assert_cmphex(qtest_readb(to, (FIRST + 5) * 4096), ==, 0x5a);
    g_assert_cmphex(qtest_readb(to, FIRST * 4096), ==, 0);
    qtest_stop(from);
    qtest_stop(to);
}

static void test_none(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    g_autofree char *no = qtest_qmp_fails(q, "{\"execute\": \"query-balloon\"}");

    g_assert_cmpstr(no, ==, "No balloon device has been activated");
    qtest_stop(q);
    board_refuses("-machine q35 -device virtio-balloon-pci -device virtio-balloon-pci",
                  "Only one balloon device is supported");
    board_refuses("-machine q35 -device virtio-balloon-pci,free-page-hint=on",
                  "free-page-hint");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-balloon-XXXXXX", NULL);
    g_test_add_func("/balloon/inflate", test_inflate);
    g_test_add_func("/balloon/two-queues", test_two_queues);
    g_test_add_func("/balloon/target", test_target);
    g_test_add_func("/balloon/report", test_report);
    g_test_add_func("/balloon/stats", test_stats);
    g_test_add_func("/balloon/migrate", test_migrate);
    g_test_add_func("/balloon/none", test_none);
    int status = g_test_run();
    for (const char *const *name = (const char *const[]){ "ram", "there", NULL }; *name;
         name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        unlink(path);
    }
    rmdir(dir);
    return status;
}
