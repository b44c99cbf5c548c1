/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor changes of a disk at run time, in the main loop and in an iothread: its
 * size, its limits, the options of its nodes; and that it is told of a write beyond a
 * place.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/virtio-common.h"

#define MIB (1u << 20)

static char *dir;

static QTest *start(VirtioDriver *d, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q =
        qtest_start("-machine microvm -m 16M -object iothread,id=io "
                    "-object throttle-group,id=tg,x-iops-total=1000000 "
                    "-blockdev driver=file,node-name=f,filename=%s "
                    "-blockdev driver=raw,node-name=r,file=f "
                    "-blockdev driver=throttle,throttle-group=tg,node-name=n,file=r "
                    "-device virtio-blk-device,id=d,drive=n,"
                    "bus=virtio-mmio-bus.0%s",
                    path, more);

    qtest_bus_set(q);
    virtio_driver_start(d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    return q;
}

static guint8 one(VirtioDriver *d, guint32 type, guint64 sector)
{
    guint8 data[4096] = { 0 };

    return virtio_driver_blk(d, type, sector, data, sizeof(data));
}

static void test_resize(gconstpointer more)
{
    VirtioDriver d;
    QTest *q = start(&d, more);
    g_autofree char *error = NULL, *path = g_build_filename(dir, "image", NULL);
    g_autofree char *data = NULL;
    gsize len;

    g_assert_cmpuint(blk_capacity(&d), ==, MIB / 512);
    qmp(q,
        "{\"execute\":\"block_resize\",\"arguments\":{\"node-name\":\"n\","
        "\"size\":%u}}",
        2 * MIB);
    g_assert_cmpuint(blk_capacity(&d), ==, 2 * MIB / 512);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 2 * MIB / 512 - 8), ==, VIRTIO_BLK_S_OK);
    qmp(q,
        "{\"execute\":\"block_resize\",\"arguments\":{\"device\":\"d\","
        "\"size\":%u}}",
        MIB / 2);
    g_assert_cmpuint(blk_capacity(&d), ==, MIB / 2 / 512);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, MIB / 512 - 8), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 0), ==, VIRTIO_BLK_S_OK);
    error = qtest_qmp_fails(q, "{\"execute\":\"block_resize\",\"arguments\":"
                               "{\"node-name\":\"n\",\"size\":-1}}");
    g_assert_cmpstr(error, ==, "Parameter 'size' expects a >0 size");
    qtest_stop(q);
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    g_assert_cmpuint(len, ==, MIB / 2);
}

static JsonObject *inserted(QTest *q, JsonNode **reply)
{
    *reply = qtest_qmp_ok(q, "{\"execute\":\"query-block\"}");
    return json_object_get_object_member(
        json_array_get_object_element(json_node_get_array(*reply), 0), "inserted");
}

/* Some requests at once, the others by the guest's clock. */
static void test_limits(gconstpointer more)
{
    VirtioDriver d;
    QTest *q = start(&d, more);
    g_autoptr(JsonNode) reply = NULL;
    g_autofree char *error = NULL;

    qmp(q, "{\"execute\":\"block_set_io_throttle\",\"arguments\":{\"id\":\"d\","
           "\"bps\":0,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":10,"
           "\"iops_wr\":0,\"iops_rd_max\":20,\"iops_rd_max_length\":2,\"group\":\"g\"}}");
    JsonObject *info = inserted(q, &reply);
    g_assert_cmpint(json_object_get_int_member(info, "iops_rd"), ==, 10);
    g_assert_cmpint(json_object_get_int_member(info, "iops_rd_max"), ==, 20);
    g_assert_cmpint(json_object_get_int_member(info, "iops_rd_max_length"), ==, 2);
    g_assert_cmpint(json_object_get_int_member(info, "bps"), ==, 0);
    g_assert_cmpstr(json_object_get_string_member(info, "group"), ==, "g");
    for (guint i = 0; i < 4; i++) { /* writes are free */
        g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 0), ==, VIRTIO_BLK_S_OK);
    }
    error = qtest_qmp_fails(
        q, "{\"execute\":\"block_set_io_throttle\",\"arguments\":{\"id\":\"x\","
           "\"bps\":1,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,"
           "\"iops_wr\":0}}");
    g_assert_cmpstr(error, ==, "Device 'x' not found");
    g_clear_pointer(&error, g_free);
    error = qtest_qmp_fails(q, "{\"execute\":\"object-del\",\"arguments\":"
                               "{\"id\":\"tg\"}}");
    g_assert_nonnull(strstr(error, "in use"));
    qtest_stop(q);
}

static void test_options(gconstpointer more)
{
    VirtioDriver d;
    QTest *q = start(&d, more);
    g_autofree char *path = g_build_filename(dir, "image", NULL), *error = NULL;

    qmp(q,
        "{\"execute\":\"blockdev-reopen\",\"arguments\":{\"options\":[{\"driver\":"
        "\"file\",\"node-name\":\"f\",\"filename\":\"%s\",\"aio\":\"threads\","
        "\"discard\":\"unmap\"},{\"driver\":\"raw\",\"node-name\":\"r\","
        "\"file\":\"f\",\"offset\":4096}]}}",
        path);
    g_assert_cmpuint(blk_capacity(&d), ==, (MIB - 4096) / 512);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 0), ==, VIRTIO_BLK_S_OK);
    error = qtest_qmp_fails(q, "{\"execute\":\"blockdev-set-active\",\"arguments\":"
                               "{\"node-name\":\"n\",\"active\":false}}");
    g_assert_nonnull(strstr(error, "in use by a VM that runs"));
    qmp(q, "{\"execute\":\"stop\"}");
    qmp(q, "{\"execute\":\"blockdev-set-active\",\"arguments\":{\"active\":false}}");
    qmp(q, "{\"execute\":\"cont\"}"); /* takes all */
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_IN, 0), ==, VIRTIO_BLK_S_OK);
    qtest_stop(q);
}

static void test_threshold(gconstpointer more)
{
    VirtioDriver d;
    QTest *q = start(&d, more);
    JsonObject *data;

    qmp(q, "{\"execute\":\"block-set-write-threshold\",\"arguments\":{\"node-name\":"
           "\"f\",\"write-threshold\":65536}}");
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 120), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 124), ==, VIRTIO_BLK_S_OK);
    g_autoptr(JsonObject) event = qtest_event_wait(q, "BLOCK_WRITE_THRESHOLD");
    data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "node-name"), ==, "f");
    g_assert_cmpint(json_object_get_int_member(data, "amount-exceeded"), ==, 2048);
    g_assert_cmpint(json_object_get_int_member(data, "write-threshold"), ==, 65536);
    g_assert_cmpint(one(&d, VIRTIO_BLK_T_OUT, 256), ==, VIRTIO_BLK_S_OK);
    qmp(q, "{\"execute\":\"query-block\"}");
    g_assert_false(qtest_event_seen(q, "BLOCK_WRITE_THRESHOLD")); /* once */
    qtest_stop(q);
}

static const struct {
    const char *name;
    GTestDataFunc run;
} tests[] = {
    { "resize", test_resize },
    { "limits", test_limits },
    { "options", test_options },
    { "threshold", test_threshold },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-change-XXXXXX", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *main = g_strdup_printf("/block-change/%s/main", tests[i].name);
        g_autofree char *io = g_strdup_printf("/block-change/%s/iothread", tests[i].name);
        g_test_add_data_func(main, "", tests[i].run);
        g_test_add_data_func(io, ",iothread=io", tests[i].run);
    }
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
