/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-blockstats: what a disk counts of its guest's requests, in the main loop and in
 * an iothread; those that fail, that are done again, that cannot be; and how long they
 * take, by the guest's clock.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/virtio-common.h"

#define MIB   (1u << 20)
#define BATCH 3
#define PLACE 0x2000 /* of a request of a batch */

static char *dir;

static QTest *start(VirtioDriver *d, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q =
        qtest_start("-machine microvm -m 16M -object iothread,id=io "
                    "-blockdev driver=file,node-name=f,filename=%s,discard=unmap "
                    "-blockdev driver=raw,node-name=r,file=f,offset=65536,discard=unmap "
                    "-blockdev driver=x-test,node-name=n,file=r,discard=unmap "
                    "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0%s",
                    path, more);

    qtest_bus_set(q);
    virtio_driver_start(d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    return q;
}

static guint8 one(VirtioDriver *d, guint32 type, guint64 sector, guint32 len)
{
    struct virtio_blk_discard_write_zeroes range = { .sector = sector,
                                                     .num_sectors = len / 512 };
    guint8 data[4096] = { 0 };

    if (type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES) {
        return virtio_driver_blk(d, type, 0, &range, sizeof(range));
    }
    return virtio_driver_blk(d, type, sector, data, len);
}

/* The entry of a disk (qdev) or a node; NULL: there is none. Owned by *reply. */
static JsonObject *find(QTest *q, const char *member, const char *name, JsonNode **reply)
{
    JsonArray *array;

    *reply = g_str_equal(member, "qdev")
                 ? qtest_qmp_ok(q, "{\"execute\":\"query-blockstats\"}")
                 : qtest_qmp_ok(q, "{\"execute\":\"query-blockstats\","
                                   "\"arguments\":{\"query-nodes\":true}}");
    array = json_node_get_array(*reply);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *entry = json_array_get_object_element(array, i);

        if (g_str_equal(json_object_get_string_member(entry, member), name)) {
            return entry;
        }
    }
    return NULL;
}

typedef struct Expected {
    const char *name;
    gint64 value;
} Expected;

/* All numbers but times; those not named are 0. */
static void check(QTest *q, const Expected *expected, guint n)
{
    static const char *const counters[] = {
        "rd_bytes",
        "wr_bytes",
        "unmap_bytes",
        "rd_operations",
        "wr_operations",
        "flush_operations",
        "unmap_operations",
        "failed_rd_operations",
        "failed_wr_operations",
        "failed_flush_operations",
        "failed_unmap_operations",
        "invalid_rd_operations",
        "invalid_wr_operations",
        "invalid_flush_operations",
        "invalid_unmap_operations",
        "rd_merged",
        "wr_merged",
        "unmap_merged",
    };
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *stats =
        json_object_get_object_member(find(q, "qdev", "d", &reply), "stats");

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        gint64 value = 0;

        for (guint j = 0; j < n; j++) {
            value =
                g_str_equal(expected[j].name, counters[i]) ? expected[j].value : value;
        }
        g_test_message("%s", counters[i]);
        g_assert_cmpint(json_object_get_int_member(stats, counters[i]), ==, value);
    }
}

static gint64 number(QTest *q, const char *member, const char *name, const char *what)
{
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *entry = find(q, member, name, &reply);

    return json_object_get_int_member(json_object_get_object_member(entry, "stats"),
                                      what);
}

static void test_count(gconstpointer options)
{
    static const Expected nothing[] = { { "rd_bytes", 0 } };
    static const Expected all[] = {
        { "rd_bytes", 1536 },
        { "rd_operations", 2 },
        { "wr_bytes", 3072 },
        { "wr_operations", 2 },
        { "flush_operations", 1 },
        { "unmap_bytes", 1024 },
        { "unmap_operations", 1 },
        { "failed_rd_operations", 1 },
        { "failed_wr_operations", 1 },
        { "failed_flush_operations", 1 },
        { "invalid_rd_operations", 1 },
        { "invalid_wr_operations", 2 },
        { "invalid_unmap_operations", 1 },
    };
    VirtioDriver d;
    QTest *q = start(&d, options);

    check(q, nothing, G_N_ELEMENTS(nothing));
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 0, 512), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 100, 1024), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 8, 1024), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_WRITE_ZEROES, 16, 2048), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_FLUSH, 0, 0), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_DISCARD, 40, 1024), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_GET_ID, 0, 20), ==, 0); /* of no medium */
    block_testing(q, "n fail any 0 1048576 EIO 3");
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 0, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 1000, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_FLUSH, 0, 0), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 9999, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 9999, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_WRITE_ZEROES, 9999, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_DISCARD, 9999, 512), ==, VIRTIO_BLK_S_IOERR);
    check(q, all, G_N_ELEMENTS(all));
    qmp(q, "{\"execute\":\"system_reset\"}");
    wait_event(q, "RESET");
    check(q, all, G_N_ELEMENTS(all));
    qtest_stop(q);
}

/* An error that is ignored is a write; one that stops the VM is nothing before `cont`. */
static void test_policy(void)
{
    static const Expected ignored[] = { { "wr_bytes", 512 }, { "wr_operations", 1 } };
    static const Expected again[] = { { "rd_bytes", 512 }, { "rd_operations", 1 } };
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN };
    guint32 head, len;
    VirtioDriver d;
    QTest *q = start(&d, ",werror=ignore,rerror=stop");

    block_testing(q, "n fail write 0 1048576 EIO 1");
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 0, 512), ==, 0);
    check(q, ignored, G_N_ELEMENTS(ignored));
    qtest_stop(q);

    q = start(&d, ",werror=ignore,rerror=stop");
    block_testing(q, "n fail read 0 1048576 EIO 1");
    GuestBuffer chain[] = { { d.data, 16, FALSE },
                            { d.data + 4096, 512, TRUE },
                            { d.data + 64, 1, TRUE } };
    qtest_bus.memory.write(d.data, &header, sizeof(header));
    guest_ring_add(&d.rings[0], chain, 3);
    virtio_driver_kick(&d, 0);
    wait_event(q, "STOP");
    check(q, NULL, 0);
    qmp(q, "{\"execute\":\"cont\"}");
    virtio_driver_wait_used(&d, 0, &head, &len);
    check(q, again, G_N_ELEMENTS(again));
    qtest_stop(q);
}

/* Several at once wait for 7 ms; then nothing happens for 5. */
static void test_time(gconstpointer options)
{
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT };
    guint32 head, len;
    VirtioDriver d;
    QTest *q = start(&d, options);

    block_testing(q, "n hold");
    for (unsigned i = 0; i < BATCH; i++) {
        guint64 at = d.data + PLACE * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 512, FALSE },
                                { at + 64, 1, TRUE } };
        header.sector = i;
        qtest_bus.memory.write(at, &header, sizeof(header));
        guest_ring_add(&d.rings[0], chain, 3);
    }
    virtio_driver_kick(&d, 0);
    while (blocks_held(q, "n") < BATCH) {
    }
    qtest_clock_step(q, 7000000);
    block_testing(q, "n release");
    for (unsigned i = 0; i < BATCH; i++) {
        virtio_driver_wait_used(&d, 0, &head, &len);
    }
    qtest_clock_step(q, 5000000);
    g_assert_cmpint(number(q, "qdev", "d", "wr_operations"), ==, BATCH);
    g_assert_cmpint(number(q, "qdev", "d", "wr_total_time_ns"), ==, BATCH * 7000000);
    g_assert_cmpint(number(q, "qdev", "d", "idle_time_ns"), ==, 5000000);
    g_assert_cmpint(number(q, "qdev", "d", "rd_total_time_ns"), ==, 0);
    qtest_stop(q);
}

/* Each node knows how far it has been written; the requests are the disk's. */
static void test_nodes(void)
{
    g_autoptr(JsonNode) reply = NULL;
    VirtioDriver d;
    QTest *q = start(&d, "");

    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 100, 512), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 3, 512), ==, 0);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 200, 512), ==, 0);
    g_assert_cmpint(number(q, "node-name", "n", "wr_highest_offset"), ==, 101 * 512);
    g_assert_cmpint(number(q, "node-name", "r", "wr_highest_offset"), ==, 101 * 512);
    g_assert_cmpint(number(q, "node-name", "f", "wr_highest_offset"), ==,
                    65536 + 101 * 512);
    g_assert_cmpint(number(q, "node-name", "n", "wr_operations"), ==, 0);

    JsonObject *disk = find(q, "qdev", "d", &reply);
    JsonObject *below = json_object_get_object_member(disk, "parent");
    g_assert_cmpstr(json_object_get_string_member(disk, "device"), ==, "");
    g_assert_cmpstr(json_object_get_string_member(disk, "node-name"), ==, "n");
    g_assert_cmpstr(json_object_get_string_member(below, "node-name"), ==, "r");
    g_clear_pointer(&reply, json_node_unref);
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}");
    wait_event(q, "DEVICE_DELETED");
    g_assert_null(find(q, "qdev", "d", &reply)); /* the node is there still: */
    g_assert_cmpint(number(q, "node-name", "n", "wr_highest_offset"), ==, 101 * 512);
    qtest_stop(q);
}

/* A disk that cannot be written, and has no name of its own. */
static void test_read_only(void)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    const char *name = "/machine/peripheral-anon/device[0]";
    QTest *q = qtest_start("-machine microvm -m 16M -blockdev driver=file,node-name=n,"
                           "filename=%s,read-only=on -device virtio-blk-device,drive=n,"
                           "bus=virtio-mmio-bus.0",
                           path);
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 0, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(number(q, "qdev", name, "invalid_wr_operations"), ==, 1);
    g_assert_cmpint(number(q, "qdev", name, "wr_highest_offset"), ==, 0);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-stats-XXXXXX", NULL);
    g_test_add_data_func("/blk-stats/count/main", "", test_count);
    g_test_add_data_func("/blk-stats/count/iothread", ",iothread=io", test_count);
    g_test_add_func("/blk-stats/policy", test_policy);
    g_test_add_data_func("/blk-stats/time/main", "", test_time);
    g_test_add_data_func("/blk-stats/time/iothread", ",iothread=io", test_time);
    g_test_add_func("/blk-stats/nodes", test_nodes);
    g_test_add_func("/blk-stats/read-only", test_read_only);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
