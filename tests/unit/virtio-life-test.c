/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver's life with the mmio transport: resets with requests in flight, plug and
 * unplug under a bound driver, stop and go on.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "accel/run-state.h"
#include "block/testing.h"
#include "config/dialect.h"
#include "tests/unit/block-late.h"
#include "virtio-disk.h"

/* What the node of the disk does with requests; returns how many it holds. */
static guint64 testing(const char *command, const char *n)
{
    const char *const args[] = { "n", command, n, NULL };
    const char *const count[] = { "n", "count", NULL };
    g_autofree char *reply = block_testing_command((char **)args);
    g_autofree char *counts = block_testing_command((char **)count);

    g_assert_cmpstr(reply, ==, "OK");
    return g_ascii_strtoull(counts + 3, NULL, 10);
}

static guint16 used_idx(VirtioDriver *d)
{
    guint16 used;

    mem_read(d->rings[0].used + 2, &used, 2);
    return GUINT16_FROM_LE(used);
}

/* The loops have had their turns, also those of iothreads: nothing more comes of it. */
static void let_settle(void)
{
    for (unsigned i = 0; i < 50; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
        g_thread_yield();
    }
}

/* The guest's write of 0 waits for what the medium has, one by one. */
static void test_reset_waits(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    gboolean done;

    testing("hold", NULL);
    queue_writes(&d, 5);
    while (testing("hold", NULL) < 5) {
        bus_wait_some();
    }
    bus_begin_write32(SLOT(0) + VIRTIO_MMIO_STATUS, 0, &done);
    for (unsigned i = 0; i < 5; i++) {
        let_settle();
        g_assert_false(done);
        g_assert_cmpuint(used_idx(&d), ==, i);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 15);
        testing("release", "1");
        while (i < 4 && used_idx(&d) == i) {
            bus_wait_some();
        }
    }
    while (!done) {
        bus_wait();
    }
    g_assert_cmpuint(used_idx(&d), ==, 5);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
    testing("release", NULL);
    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    stop_disk(dev);
}

/* The guest's write of 0 comes back when all has been given back, and not before. */
static void test_reset_in_flight(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);

    for (unsigned round = 0; round < 20; round++) {
        guint16 used;
        queue_writes(&d, 20);
        if (round & 1) { /* some have been taken already */
            event_loop_iterate(event_loop_main(), FALSE);
        }
        virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==, 0);
        mem_read(d.rings[0].used + 2, &used, 2);
        virtio_driver_kick(&d, 0);
        event_loop_iterate(event_loop_main(), FALSE);
        guint16 later;
        mem_read(d.rings[0].used + 2, &later, 2);
        g_assert_cmpuint(used, ==, later);
        virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    }
    queue_writes(&d, 20);
    stop_disk(dev);
}

/* The bus that a new disk gets which names none; it stays there until it is unplugged. */
static char *bus_of_new_disk(const char *drive, Device **dev)
{
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"virtio-blk-device\",\"id\":\"new\",\"drive\":\"%s\"}", drive);
    g_autoptr(GError) error = NULL;

    *dev = add_device(&error, json);
    g_assert_no_error(error);
    return g_strdup((*dev)->bus->name);
}

/* What the driver of an unplugged disk has yet to write reaches no other disk. */
static void test_unplugged_driver(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    g_autoptr(GError) error = NULL;
    guint8 buf[512] = { 0xee };

    add_node("m", image2, FALSE);
    unplug(dev);
    g_autofree char *first = bus_of_new_disk("m", &dev);
    g_assert_cmpstr(first, ==, "virtio-mmio-bus.1");
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    unplug(dev); /* no driver has met it: the slot can be had again, when it must */
    g_autofree char *second = bus_of_new_disk("m", &dev);
    g_assert_cmpstr(second, ==, "virtio-mmio-bus.2");
    unplug(dev);
    g_autofree char *third = bus_of_new_disk("m", &dev);
    g_assert_cmpstr(third, ==, "virtio-mmio-bus.1");
    unplug(dev);
    g_assert_null(add_device(&error, "{\"driver\":\"virtio-blk-device\",\"drive\":\"m\","
                                     "\"addr\":\"0x0\",\"bus\":\"virtio-mmio-bus.0\"}"));
    g_assert_nonnull(strstr(error->message, "held by the guest's driver"));
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(present_mask, ==, 1);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, 0);
    g_assert_cmpuint(present_mask, ==, 0);
    dev = add_device(NULL, "{\"driver\":\"virtio-blk-device\",\"drive\":\"m\","
                           "\"bus\":\"virtio-mmio-bus.0\"}");
    g_assert_nonnull(dev);
    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 0x22);
    unplug(dev);
    g_assert_true(node_del("m", NULL));
    g_assert_true(node_del("n", NULL));
    reset_machine();
    g_assert_cmpuint(present_mask, ==, 0);
}

/*
 * A disk goes and another comes under a driver that only sees its size change, which
 * is StratoVirt's hot-replace.
 */
static void test_vacate(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    g_autoptr(GError) error = NULL;
    guint8 buf[512];

    dialect_set(dialect_find("stratovirt"));
    add_node("m", image2, FALSE);
    for (unsigned round = 0; round < 3; round++) {
        queue_writes(&d, 10);
        guint32 generation = virtio_driver_read(&d, VIRTIO_MMIO_CONFIG_GENERATION);
        unplug(dev);
        for (unsigned i = 0; i < 10; i++) {
            guint32 head, len;
            virtio_driver_wait_used(&d, 0, &head, &len);
        }
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG_GENERATION), !=,
                         generation);
        g_assert_true(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS) & 2);
        virtio_driver_write(&d, VIRTIO_MMIO_INTERRUPT_ACK, 3);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==,
                         VIRTIO_ID_BLOCK);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 15);
        g_assert_cmpuint(capacity(&d), ==, 0);
        g_assert_cmpuint(present_mask & 1, ==, 1);
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                        VIRTIO_BLK_S_IOERR);

        g_autofree char *json = g_strdup_printf(
            "{\"driver\":\"virtio-blk-device\",\"id\":\"disk\",\"drive\":\"%s\","
            "\"addr\":\"0x0\"}",
            round & 1 ? "n" : "m");
        dev = add_device(&error, json);
        g_assert_no_error(error);
        g_assert_true(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS) & 2);
        g_assert_cmpuint(capacity(&d), ==, DISK_SIZE / 512 * (round & 1 ? 1 : 2));
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
        g_assert_cmpuint(buf[0], ==, round & 1 ? 0 : 0x22);
    }
    unplug(dev);
    g_assert_true(node_del("m", NULL));
    g_assert_true(node_del("n", NULL));
    reset_machine();
    g_assert_cmpuint(present_mask, ==, 0);
    dialect_set(dialect_find("qemu"));
}

static void test_vacate_refusals(void)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        { "{\"driver\":\"virtio-rng-device\",\"rng\":\"r\","
          "\"bus\":\"virtio-mmio-bus.0\"}",
          "unplugged disk" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"ro\","
          "\"addr\":\"0x0\"}",
          "read-only" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"queue-size\":32,"
          "\"addr\":\"0x0\"}",
          "queue-size" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"event_idx\":false,"
          "\"addr\":\"0x0\"}",
          "feature bit 29" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\","
          "\"bus\":\"virtio-mmio-bus.0\"}",
          "held by the guest's driver" },
    };
    VirtioDriver d;
    Device *dev = start_disk(&d, "");
    guint8 buf[512];

    dialect_set(dialect_find("stratovirt"));
    add_node("ro", image2, TRUE);
    unplug(dev);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(add_device(&error, cases[i].json));
        g_assert_nonnull(strstr(error->message, cases[i].why));
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                        VIRTIO_BLK_S_IOERR);
    }
    /* who names no bus gets one that takes it */
    dev = add_device(NULL, "{\"driver\":\"virtio-rng-device\",\"rng\":\"r\"}");
    g_assert_cmpstr(dev->bus->name, ==, "virtio-mmio-bus.1");
    unplug(dev);
    /* with nobody bound, anything may come */
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    dev = add_device(NULL, "{\"driver\":\"virtio-blk-device\",\"drive\":\"ro\","
                           "\"bus\":\"virtio-mmio-bus.0\"}");
    g_assert_nonnull(dev);
    g_assert_cmpuint(capacity(&d), ==, 2 * DISK_SIZE / 512);
    unplug(dev);
    g_assert_cmpuint(present_mask, ==, 0);
    g_assert_true(node_del("ro", NULL));
    g_assert_true(node_del("n", NULL));
    dialect_set(dialect_find("qemu"));
}

static void test_rng(void)
{
    g_autoptr(GError) error = NULL;
    static const guint8 zeros[256];
    VirtioDriver d;
    guint8 buf[256];
    guint32 head, len;

    Device *dev = add_device(&error, "{\"driver\":\"virtio-rng-device\",\"id\":\"rng\","
                                     "\"rng\":\"r\",\"bus\":\"virtio-mmio-bus.1\"}");
    g_assert_no_error(error);
    virtio_driver_start(&d, &board_bus, SLOT(1), 0, 1, 8, RINGS);
    for (unsigned i = 0; i < 20; i++) {
        GuestBuffer chain[] = { { d.data, 100, TRUE }, { d.data + 4096, 156, TRUE } };
        guest_ring_add(&d.rings[0], chain, 2);
        virtio_driver_kick(&d, 0);
        virtio_driver_wait_used(&d, 0, &head, &len);
        g_assert_cmpuint(len, ==, 256);
        mem_read(d.data + 4096, buf, 156);
        g_assert_cmpint(memcmp(buf, zeros, 156), !=, 0);
        mem_write(d.data + 4096, zeros, 156);
    }
    /* the guest could not be told */
    g_assert_false(device_request_unplug(dev, &error));
    g_assert_nonnull(strstr(error->message, "rng"));
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    unplug(dev);
    g_assert_cmpuint(present_mask, ==, 0);
}

/* Nothing is served while the VM stands still; then all is, without a kick. */
static void test_stop(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    guint32 head, len;
    guint8 buf[512];

    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    for (unsigned round = 0; round < 4; round++) {
        vm_stop(RUN_STATE_PAUSED);
        if (round & 1) { /* as a migration that does not take place */
            quiesce_all();
        }
        queue_writes(&d, 5);
        for (unsigned i = 0; i < 20; i++) {
            event_loop_iterate(event_loop_main(), FALSE);
        }
        if (round & 1) {
            g_assert_false(guest_ring_take(&d.rings[0], &head, &len));
        }
        vm_start();
        for (unsigned i = 0; i < 5; i++) {
            virtio_driver_wait_used(&d, 0, &head, &len);
        }
    }
    stop_disk(dev);
}

static void add(void)
{
    disk_test_add("reset-waits", test_reset_waits);
    disk_test_add("reset-in-flight", test_reset_in_flight);
    disk_test_add("unplugged-driver", test_unplugged_driver);
    disk_test_add("vacate", test_vacate);
    disk_test_add("stop", test_stop);
    g_test_add_func("/virtio/vacate-refusals", test_vacate_refusals);
    g_test_add_func("/virtio/rng", test_rng);
}

int main(int argc, char **argv)
{
    return disk_test_main(argc, argv, add);
}
