/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to requests that the medium has not done yet: the block driver "x-test"
 * holds them, and nothing that has to wait for them goes on before it lets them go.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "tests/device/virtio-common.h"

#define MIB (1u << 20)

static char *dir;

static void add_requests(VirtioDriver *d, guint32 type, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct virtio_blk_outhdr header = { .type = type, .sector = i };
        guint64 at = d->data + 0x4000 * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 512, type == VIRTIO_BLK_T_IN },
                                { at + 64, 1, TRUE } };
        qtest_bus.memory.write(at, &header, 16);
        guest_ring_add(&d->rings[0], chain, 3);
    }
    virtio_driver_kick(d, 0);
}

static guint16 used_idx(VirtioDriver *d)
{
    guint16 used;

    qtest_bus.memory.read(d->rings[0].used + 2, &used, 2);
    return GUINT16_FROM_LE(used);
}

static guint8 status_of(VirtioDriver *d, unsigned i)
{
    guint8 status;

    qtest_bus.memory.read(d->data + 0x4000 * i + 64, &status, 1);
    return status;
}

/* n requests wait at the medium, and used.idx has not moved. */
static QTest *hold(VirtioDriver *d, const char *more, guint32 type, unsigned n)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                           "-blockdev driver=file,node-name=f,filename=%s "
                           "-blockdev driver=x-test,node-name=n,file=f "
                           "-device virtio-blk-device,id=d,drive=n,"
                           "bus=virtio-mmio-bus.0%s",
                           path, more);

    qtest_bus_set(q);
    virtio_driver_start(d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    block_testing(q, "n hold");
    add_requests(d, type, n);
    while (blocks_held(q, "n") < n) {
    }
    g_assert_cmpuint(used_idx(d), ==, 0);
    return q;
}

static void status_query(QTest *q)
{
    qmp(q, "{\"execute\":\"query-status\"}");
}

static void test_machine_reset(gconstpointer iothread)
{
    VirtioDriver d;
    QTest *q = hold(&d, iothread, VIRTIO_BLK_T_IN, 20);
    guint8 buf[512];

    qmp(q, "{\"execute\":\"system_reset\"}");
    for (unsigned i = 0; i < 20; i++) {
        status_query(q);
        g_assert_false(qtest_event_seen(q, "RESET"));
        g_assert_cmpuint(used_idx(&d), ==, i);
        block_testing(q, "n release 1");
        while (used_idx(&d) == i) {
        }
    }
    wait_event(q, "RESET");
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
    g_assert_cmpuint(used_idx(&d), ==, 20);
    block_testing(q, "n release");
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    qtest_stop(q);
}

/* What was asked for before the unplug is done; what comes while it waits fails. */
static void test_unplug(gconstpointer iothread)
{
    VirtioDriver d;
    QTest *q = hold(&d, iothread, VIRTIO_BLK_T_OUT, 10);

    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}");
    add_requests(&d, VIRTIO_BLK_T_OUT, 12); /* the first ten have their buffers again */
    status_query(q);
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    g_assert_cmpuint(blocks_held(q, "n"), ==, 10);
    g_assert_cmpuint(used_idx(&d), ==, 0);
    block_testing(q, "n release");
    wait_event(q, "DEVICE_DELETED");
    while (used_idx(&d) < 22) {
    }
    g_assert_cmpint(status_of(&d, 11), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpint(status_of(&d, 0), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(blocks_seen(q, "n"), ==, 10);
    qmp(q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"n\"}}");
    qtest_stop(q);
}

/* A flush at the end of a stop, and nothing of the guest's after it. */
static void test_stop_is_final(gconstpointer iothread)
{
    VirtioDriver d;
    QTest *q = hold(&d, iothread, VIRTIO_BLK_T_OUT, 10);

    block_testing(q, "n release");
    qmp(q, "{\"execute\":\"stop\"}");
    wait_event(q, "STOP");
    while (used_idx(&d) < 10) {
    }
    guint64 seen = blocks_seen(q, "n");
    add_requests(&d, VIRTIO_BLK_T_OUT, 5);
    status_query(q);
    g_assert_cmpuint(used_idx(&d), ==, 10);
    g_assert_cmpuint(blocks_seen(q, "n"), >=, seen); /* a flush may have come */
    qmp(q, "{\"execute\":\"cont\"}");
    while (used_idx(&d) < 15) {
    }
    qtest_stop(q);
}

static void test_refused(void)
{
    static const char args[] =
        "-accel qtest -machine microvm -m 16M -blockdev "
        "driver=x-test,node-name=n,file.driver=file,file.filename=/dev/null";
    g_autofree char *messages = NULL;

    g_assert_cmpint(qtest_run(args, &messages), ==, 1);
    g_assert_nonnull(strstr(messages, "'x-test'"));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(gconstpointer);
    } tests[] = { { "reset", test_machine_reset },
                  { "unplug", test_unplug },
                  { "stop", test_stop_is_final } };

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-flight-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *main_loop =
            g_strdup_printf("/blk-flight/%s/main", tests[i].name);
        g_autofree char *io = g_strdup_printf("/blk-flight/%s/iothread", tests[i].name);
        g_test_add_data_func(main_loop, "", tests[i].fn);
        g_test_add_data_func(io, ",iothread=io", tests[i].fn);
    }
    g_test_add_func("/blk-flight/refused", test_refused);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
