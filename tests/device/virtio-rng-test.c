/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-rng in the real emulator: entropy, its limit, sources that end or wait. */
#include <fcntl.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"

static QTest *start(const char *object, const char *device)
{
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io -object %s "
                           "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.2%s",
                           object, device);

    qtest_bus_set(q);
    return q;
}

/* Asks for len bytes; returns how many have come. */
static guint32 ask(VirtioDriver *d, guint8 *buf, guint32 len)
{
    GuestBuffer b = { d->data, len, TRUE };
    guint32 head, used;

    guest_ring_add(&d->rings[0], &b, 1);
    virtio_driver_kick(d, 0);
    virtio_driver_wait_used(d, 0, &head, &used);
    qtest_bus.memory.read(d->data, buf, used);
    return used;
}

/* data: more of the device's options. */
static void test_bytes(gconstpointer data)
{
    QTest *q = start("rng-random,id=r", data);
    guint8 one[64] = { 0 }, two[64] = { 0 };
    VirtioDriver d;

    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 1, 8, RINGS);
    g_assert_cmpuint(ask(&d, one, 64), ==, 64);
    g_assert_cmpuint(ask(&d, two, 64), ==, 64);
    g_assert_cmpint(memcmp(one, two, 64), !=, 0);
    qmp(q, "{\"execute\":\"system_reset\"}");
    wait_event(q, "RESET");
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 1, 8, RINGS);
    g_assert_cmpuint(ask(&d, two, 64), ==, 64);
    qtest_stop(q);
}

/* Without rng= a source of its own, which goes with the device; only at start. */
static void test_own(gconstpointer data)
{
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                           "-device virtio-rng-device,id=a,bus=virtio-mmio-bus.2%s",
                           (const char *)data);
    guint8 one[64] = { 0 }, two[64] = { 0 };
    VirtioDriver d;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(2), ~0ull, 1, 8, RINGS);
    g_assert_cmpuint(ask(&d, one, 64), ==, 64);
    g_assert_cmpuint(ask(&d, two, 64), ==, 64);
    g_assert_cmpint(memcmp(one, two, 64), !=, 0);
    g_autofree char *error =
        qtest_qmp_fails(q, "{\"execute\":\"device_add\",\"arguments\":"
                           "{\"driver\":\"virtio-rng-device\",\"id\":\"b\"}}");
    g_assert_cmpstr(error, ==, "Parameter 'rng' is missing");
    qtest_stop(q);
}

/* 100 bytes a second, by the clock of the guest. */
static void test_limit(void)
{
    QTest *q = start("rng-builtin,id=r", ",max-bytes=100,period=1000");
    GuestBuffer b = { 0, 80, TRUE };
    guint32 head, len;
    VirtioDriver d;
    guint8 buf[80];

    virtio_driver_start(&d, &qtest_bus, SLOT(2), 0, 1, 8, RINGS);
    b.addr = d.data;
    g_assert_cmpuint(ask(&d, buf, 80), ==, 80);
    g_assert_cmpuint(ask(&d, buf, 80), ==, 20);
    guest_ring_add(&d.rings[0], &b, 1);
    virtio_driver_kick(&d, 0);
    qtest_clock_step(q, 999 * 1000000);
    g_assert_false(guest_ring_take(&d.rings[0], &head, &len));
    qtest_clock_step(q, 2 * 1000000);
    virtio_driver_wait_used(&d, 0, &head, &len);
    g_assert_cmpuint(len, ==, 80);
    qtest_stop(q);
}

/* A pipe that has nothing yet: the request waits, and can be taken back. */
static void test_slow_source(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-rng-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "source", NULL);
    g_autofree char *object = g_strdup_printf("rng-random,id=r,filename=%s", path);
    GuestBuffer b = { 0, 16, TRUE };
    guint32 head, len;
    VirtioDriver d;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int writer = open(path, O_RDWR | O_CLOEXEC);
    QTest *q = start(object, "");
    for (unsigned round = 0; round < 2; round++) {
        virtio_driver_start(&d, &qtest_bus, SLOT(2), 0, 1, 8, RINGS);
        b.addr = d.data;
        guest_ring_add(&d.rings[0], &b, 1);
        virtio_driver_kick(&d, 0);
        g_assert_false(guest_ring_take(&d.rings[0], &head, &len));
        if (round == 0) {
            virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
        }
    }
    g_assert_cmpint(write(writer, "0123456789", 10), ==, 10);
    virtio_driver_wait_used(&d, 0, &head, &len);
    g_assert_cmpuint(len, ==, 10);
    qtest_stop(q);
    close(writer);
    unlink(path);
    rmdir(dir);
}

static void test_refused(void)
{
    g_autofree char *messages = NULL;

    g_assert_cmpint(qtest_run("-accel qtest -machine microvm -m 16M -device "
                              "virtio-rng-device,rng=nope",
                              &messages),
                    ==, 1);
    g_assert_nonnull(strstr(messages, "nope"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/virtio-rng/bytes/main", "", test_bytes);
    g_test_add_data_func("/virtio-rng/bytes/iothread", ",iothread=io", test_bytes);
    g_test_add_data_func("/virtio-rng/own/main", "", test_own);
    g_test_add_data_func("/virtio-rng/own/iothread", ",iothread=io", test_own);
    g_test_add_func("/virtio-rng/limit", test_limit);
    g_test_add_func("/virtio-rng/slow-source", test_slow_source);
    g_test_add_func("/virtio-rng/refused", test_refused);
    return g_test_run();
}
