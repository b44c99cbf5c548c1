/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mmio transport and the devices behind it: registers, negotiation, requests. */
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "tests/unit/block-late.h"
#include "virtio-disk.h"

static void test_empty_slot(void)
{
    VirtioDriver d = { .bus = &board_bus, .base = SLOT(1) };

    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_MAGIC_VALUE), ==, 0x74726976);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_VERSION), ==, 2);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, 0);
    g_assert_cmpuint(virtio_driver_offered(&d), ==, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 15);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_SEL, G_MAXUINT32);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_READY, 1);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_CONFIG, 1);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_QUEUE_NUM_MAX), ==, 0);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, 0);
}

static void test_negotiation(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, "");
    guint64 offered = virtio_driver_offered(&d);

    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, VIRTIO_ID_BLOCK);
    g_assert_cmpuint(capacity(&d), ==, DISK_SIZE / 512);
    g_assert_true(offered & (1ull << VIRTIO_RING_F_EVENT_IDX));
    /* what is not offered, and a driver from before 1.0 */
    g_assert_false(virtio_driver_negotiate(&d, offered | 1ull << 63));
    g_assert_false(virtio_driver_negotiate(&d, offered & ~(1ull << VIRTIO_F_VERSION_1)));
    g_assert_true(virtio_driver_negotiate(&d, offered));
    /* Only a reset takes back what was agreed on. */
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    g_assert_true(virtio_driver_read(&d, VIRTIO_MMIO_STATUS) &
                  VIRTIO_CONFIG_S_FEATURES_OK);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
    stop_disk(dev);
}

/* data: more properties. */
static void test_blk(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    struct virtio_blk_discard_write_zeroes range = { .sector = 8, .num_sectors = 8 };
    guint8 buf[4096], back[4096];
    unsigned before = board_edges[0];

    memset(buf, 0xa5, sizeof(buf));
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 8, buf, 4096), ==, 0);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 8, back, 4096), ==, 0);
    g_assert_cmpmem(buf, 4096, back, 4096);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 9, back, 512), ==, 0);
    g_assert_cmpmem(buf, 512, back, 512);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_WRITE_ZEROES, 0, &range, 16), ==,
                    0);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 8, back, 4096), ==, 0);
    memset(buf, 0, sizeof(buf));
    g_assert_cmpmem(buf, 4096, back, 4096);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_DISCARD, 0, &range, 16), ==, 0);
    memset(back, 0xff, 20);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_GET_ID, 0, back, 20), ==, 0);
    g_assert_cmpstr((char *)back, ==, "S1");
    while (board_edges[0] == before) {
        bus_wait();
    }

    /* refused */
    enum { IOERR = VIRTIO_BLK_S_IOERR, UNSUPP = VIRTIO_BLK_S_UNSUPP };
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 2048, back, 512), ==, IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 2047, buf, 1024), ==, IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, back, 100), ==, IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, G_MAXUINT64 / 512, back, 512),
                    ==, IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, G_MAXUINT64, back, 512), ==,
                    IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, 77, 0, buf, 512), ==, UNSUPP);
    range.flags = 1; /* not for discard */
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_DISCARD, 0, &range, 16), ==,
                    UNSUPP);
    range.num_sectors = G_MAXUINT32;
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_WRITE_ZEROES, 0, &range, 16), ==,
                    IOERR);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_DISCARD, 0, &range, 15), ==,
                    IOERR);
    stop_disk(dev);
}

/* Each of many queues is served, and told of what was done. */
static void test_many_queues(gconstpointer data)
{
    g_autofree char *more = g_strdup_printf(",\"num-queues\":33%s", (const char *)data);
    VirtioDriver d;
    Device *dev = start_disk(&d, more);
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_FLUSH };
    guint32 head, len;

    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 33, 16, RINGS);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 33; i++) {
            guint64 at = d.data + 32 * i;
            GuestBuffer chain[] = { { at, 16, FALSE }, { at + 16, 1, TRUE } };
            mem_write(at, &header, 16);
            guest_ring_add(&d.rings[i], chain, 2);
            virtio_driver_kick(&d, i);
        }
        for (unsigned i = 0; i < 33; i++) {
            virtio_driver_wait_used(&d, i, &head, &len);
        }
    }
    stop_disk(dev);
}

/* Header, data and status in one piece each way: no assumptions on framing. */
static void test_any_layout(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, "");
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT, .sector = 1 };
    guint32 head, len;
    guint8 byte = 0xff, buf[1024];

    memset(buf, 0x3c, sizeof(buf));
    mem_write(d.data, &header, 16);
    mem_write(d.data + 16, buf, 1024);
    GuestBuffer out[] = { { d.data, 7, FALSE },
                          { d.data + 7, 9 + 1024, FALSE },
                          { d.data + 8192, 1, TRUE } };
    guest_ring_add_indirect(&d.rings[0], d.data + 12288, out, 3);
    virtio_driver_kick(&d, 0);
    virtio_driver_wait_used(&d, 0, &head, &len);
    mem_read(d.data + 8192, &byte, 1);
    g_assert_cmpuint(byte, ==, 0);

    header.type = VIRTIO_BLK_T_IN;
    mem_write(d.data, &header, 16);
    GuestBuffer in[] = { { d.data, 16, FALSE }, { d.data + 4096, 1025, TRUE } };
    guest_ring_add(&d.rings[0], in, 2);
    virtio_driver_kick(&d, 0);
    virtio_driver_wait_used(&d, 0, &head, &len);
    g_assert_cmpuint(len, ==, 1025);
    guint8 back[1025];
    mem_read(d.data + 4096, back, 1025);
    g_assert_cmpmem(back, 1024, buf, 1024);
    g_assert_cmpuint(back[1024], ==, 0);
    stop_disk(dev);
}

/* A driver that misbehaves: NEEDS_RESET, a config interrupt, and all is well again. */
static void test_hostile(gconstpointer data)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, data);
    GuestBuffer no_header = { d.data, 512, TRUE };
    guint8 buf[512];

    for (unsigned round = 0; round < 3; round++) {
        if (round == 0) {
            guest_ring_add(&d.rings[0], &no_header, 1);
        } else {
            guest_ring_make_available(&d.rings[0], 1000);
        }
        virtio_driver_kick(&d, 0);
        while (
            !(virtio_driver_read(&d, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET)) {
            event_loop_iterate(event_loop_main(), FALSE);
        }
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS) & 2, ==, 2);
        virtio_driver_kick(&d, 0);
        virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    }
    /* rings that are nowhere */
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    g_assert_true(virtio_driver_negotiate(&d, d.features));
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x7777);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_READY, 1);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 15);
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==,
                    15 | VIRTIO_CONFIG_S_NEEDS_RESET);
    stop_disk(dev);
}

static void test_properties(void)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        { "{\"driver\":\"virtio-blk-device\"}", "drive" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"nope\"}", "nope" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"werror\":\"cry\"}",
          "cry" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"packed\":true}",
          "packed" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"iothread\":\"x\"}", "x" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"queue-size\":100}",
          "power of two" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"num-queues\":1025}",
          "num-queues" },
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\","
          "\"logical_block_size\":1000}",
          "logical_block_size" },
        { "{\"driver\":\"virtio-net-device\",\"netdev\":\"nope\"}", "nope" },
        { "{\"driver\":\"virtio-rng-device\",\"rng\":\"nope\"}", "nope" },
    };

    add_node("n", image, FALSE);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(add_device(&error, cases[i].json));
        g_assert_nonnull(strstr(error->message, cases[i].why));
    }
    g_assert_cmpuint(present_mask, ==, 0);
    g_assert_true(node_del("n", NULL));
}

static void add(void)
{
    g_test_add_func("/virtio/empty-slot", test_empty_slot);
    g_test_add_func("/virtio/negotiation", test_negotiation);
    g_test_add_func("/virtio/any-layout", test_any_layout);
    disk_test_add("blk", test_blk);
    disk_test_add("many-queues", test_many_queues);
    disk_test_add("hostile", test_hostile);
    g_test_add_func("/virtio/properties", test_properties);
}

int main(int argc, char **argv)
{
    return disk_test_main(argc, argv, add);
}
