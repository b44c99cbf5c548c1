/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mmio transport and the devices behind it, in this process: registers,
 * requests, resets with requests in flight, plug and unplug under a bound driver,
 * stop and go on, save and load.
 */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/run-state.h"
#include "block/block.h"
#include "block/testing.h"
#include "config/dialect.h"
#include "config/json.h"
#include "event/vm-event.h"
#include "memory/guest.h"
#include "tests/unit/block-late.h"
#include "virtio-driver.h"
#include "virtio/mmio.h"
#include "virtio/rng-backend.h"

#define RAM_SIZE  (4u << 20)
#define BASE      0xfeb00000ull
#define SLOT(n)   (BASE + 0x1000 * (n))
#define SLOTS     3
#define RINGS     0x100000
#define DISK_SIZE (1u << 20)

static unsigned edges[SLOTS]; /* of the interrupt lines */
static IrqLine *lines[SLOTS];
static guint32 present_mask;
static GString *events;
static char *image, *image2;

/* The guest's accesses. */

static guint32 bus_read32(guint64 addr)
{
    guint32 value;

    address_map_read(address_map_memory(), addr, &value, 4);
    return value;
}

static void access_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

static void bus_wait(void)
{
    event_loop_iterate(event_loop_main(), TRUE);
}

/* The same when it may happen in another thread. */
static void bus_wait_some(void)
{
    event_loop_iterate(event_loop_main(), FALSE);
    g_thread_yield();
}

/* As a vCPU: goes on when nothing is held any more. */
static void bus_write32(guint64 addr, guint32 value)
{
    gboolean done = FALSE;

    access_begin();
    address_map_write(address_map_memory(), addr, &value, 4);
    access_finish(access_done, &done);
    while (!done) {
        bus_wait();
    }
}

static void mem_read(guint64 addr, void *buf, gsize len)
{
    g_assert_true(guest_read(addr, buf, len));
}

static void mem_write(guint64 addr, const void *buf, gsize len)
{
    g_assert_true(guest_write(addr, buf, len));
}

static const GuestBus bus = {
    bus_read32, bus_write32, bus_wait, { mem_read, mem_write }
};

static void irq(void *opaque, unsigned n, int level)
{
    edges[n] += level;
}

static void presence(unsigned slot, gboolean present, void *opaque)
{
    present_mask = (present_mask & ~(1u << slot)) | (guint32) !!present << slot;
    g_assert_cmpint(virtio_mmio_present(slot), ==, present);
}

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    g_string_append_printf(events, "%s ", name);
}

static Device *add_device(GError **errp, const char *json)
{
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);

    return device_add_from_config(node, TRUE, errp);
}

static void add_node(const char *name, const char *path, gboolean read_only)
{
    g_autofree char *json =
        g_strdup_printf("{\"driver\":\"x-test\",\"node-name\":\"%s\",\"file\":{"
                        "\"driver\":\"file\",\"filename\":\"%s\",\"discard\":\"unmap\","
                        "\"read-only\":%s}}",
                        name, path, read_only ? "true" : "false");
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);
    g_autoptr(GError) error = NULL;

    block_node_add(node, &error);
    g_assert_no_error(error);
}

static void wait_event(const char *name)
{
    while (!strstr(events->str, name)) {
        bus_wait();
    }
    g_string_truncate(events, 0);
}

static void unplug(Device *dev)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(device_request_unplug(dev, &error));
    g_assert_no_error(error);
    wait_event("DEVICE_DELETED");
}

static void set_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

static void reset_machine(void)
{
    gboolean done = FALSE;

    device_reset_all(set_done, &done);
    while (!done) {
        bus_wait();
    }
}

/* A disk on slot 0 with a driver. more: properties. */
static Device *start_disk(VirtioDriver *d, const char *more)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"virtio-blk-device\",\"id\":\"disk\",\"drive\":\"n\","
        "\"bus\":\"virtio-mmio-bus.0\",\"serial\":\"S1\"%s}",
        more);

    add_node("n", image, FALSE);
    Device *dev = add_device(&error, json);
    g_assert_no_error(error);
    virtio_driver_start(d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
    return dev;
}

static void stop_disk(Device *dev)
{
    g_assert_cmpuint(present_mask & 1, ==, 1);
    unplug(dev);
    reset_machine();
    g_assert_cmpuint(present_mask & 1, ==, 0);
    g_assert_true(node_del("n", NULL));
}

static guint64 capacity(VirtioDriver *d)
{
    return virtio_driver_read(d, VIRTIO_MMIO_CONFIG) |
           (guint64)virtio_driver_read(d, VIRTIO_MMIO_CONFIG + 4) << 32;
}

static void test_empty_slot(void)
{
    VirtioDriver d = { .bus = &bus, .base = SLOT(1) };

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
    unsigned before = edges[0];

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
    while (edges[0] == before) {
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
        virtio_driver_start(&d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
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

/* Makes n writes available without waiting. */
static void queue_writes(VirtioDriver *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT,
                                            .sector = 8 * (i + 1) };
        guint64 at = d->data + 0x2000 * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 4096, FALSE },
                                { at + 64, 1, TRUE } };
        mem_write(at, &header, 16);
        guest_ring_add(&d->rings[0], chain, 3);
    }
    virtio_driver_kick(d, 0);
}

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
    const guint32 zero = 0;
    gboolean done = FALSE;

    testing("hold", NULL);
    queue_writes(&d, 5);
    while (testing("hold", NULL) < 5) {
        bus_wait_some();
    }
    access_begin();
    address_map_write(address_map_memory(), SLOT(0) + VIRTIO_MMIO_STATUS, &zero, 4);
    access_finish(access_done, &done);
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
    virtio_driver_start(&d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
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
        virtio_driver_start(&d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
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
    virtio_driver_start(&d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
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
    virtio_driver_start(&d, &bus, SLOT(1), 0, 1, 8, RINGS);
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

static void quiesce_all(void)
{
    gboolean done = FALSE;

    device_quiesce_all(set_done, &done);
    while (!done) {
        bus_wait();
    }
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

typedef struct FindSlot {
    const char *path;
    Device *dev;
} FindSlot;

static void find_slot(Device *dev, void *opaque)
{
    FindSlot *f = opaque;

    if (g_str_has_suffix(dev->path, f->path)) {
        f->dev = dev;
    }
}

static GByteArray *save_slot0(Device **slot)
{
    FindSlot f = { "virtio-mmio[0]", NULL };
    GByteArray *saved = g_byte_array_new();

    device_foreach(find_slot, &f);
    g_assert_nonnull(f.dev);
    *slot = f.dev;
    vm_stop(RUN_STATE_FINISH_MIGRATE);
    quiesce_all();
    g_assert_true(state_save(saved, f.dev->klass->state, f.dev, NULL));
    return saved;
}

/* What is saved goes on after a reset, with what was available meanwhile. */
static void test_save_load(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, ""), *slot;
    g_autoptr(GError) error = NULL;
    guint32 head, len;
    guint8 buf[512];

    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    }
    g_autoptr(GByteArray) saved = save_slot0(&slot);
    queue_writes(&d, 5);
    reset_machine();
    g_assert_true(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    vm_start();
    for (unsigned i = 0; i < 5; i++) {
        virtio_driver_wait_used(&d, 0, &head, &len);
    }
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);

    /* the slot that an unplug has left, into a machine that never had the disk */
    unplug(dev);
    g_autoptr(GByteArray) vacant = save_slot0(&slot);
    reset_machine();
    g_assert_cmpuint(present_mask, ==, 0);
    g_assert_false(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_nonnull(strstr(error->message, "virtio-mmio-bus.0"));
    g_clear_error(&error);
    reset_machine();
    g_assert_true(
        state_load(vacant->data, vacant->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(present_mask, ==, 1);
    vm_start();
    g_assert_cmpuint(capacity(&d), ==, 0);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    g_assert_null(add_device(&error, "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\","
                                     "\"bus\":\"virtio-mmio-bus.0\"}"));
    g_assert_nonnull(strstr(error->message, "held by the guest's driver"));
    g_clear_error(&error);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    /* which slots the source's guest has met came with it */
    dev = add_device(&error, "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\"}");
    g_assert_no_error(error);
    g_assert_cmpstr(dev->bus->name, ==, "virtio-mmio-bus.1");
    unplug(dev);
    reset_machine();
    g_assert_true(node_del("n", NULL));
}

/* Registers of no use yet hold anything, and that migrates. */
static void test_save_load_unused(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, ""), *slot;
    g_autoptr(GError) error = NULL;
    guint8 buf[512];

    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_NUM, 3);
    virtio_driver_write(&d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    virtio_driver_write(&d, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
    g_autoptr(GByteArray) saved = save_slot0(&slot);
    reset_machine();
    g_assert_true(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    vm_start();
    virtio_driver_start(&d, &bus, SLOT(0), ~0ull, 1, 64, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
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
        { "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\",\"num-queues\":17}",
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

static void make_board(void)
{
    g_autoptr(ConfigNode) accel = config_map_new();
    g_autoptr(GError) error = NULL;

    event_init();
    config_map_set(accel, "accel", config_string_new("qtest"));
    g_assert_true(accel_init(accel, &error));
    RamBlock *ram = ram_block_new("ram", RAM_SIZE, &error);
    Region *region = region_new_ram("ram", ram, 0, RAM_SIZE, FALSE);
    address_map_begin(address_map_memory());
    g_assert_true(address_map_add(address_map_memory(), region, 0, NULL));
    address_map_commit(address_map_memory());
    for (unsigned i = 0; i < SLOTS; i++) {
        lines[i] = irq_line_new(irq, NULL, i);
        g_assert_true(virtio_mmio_create(i, SLOT(i), lines[i], &error));
    }
    virtio_mmio_set_presence_hook(presence, NULL);
    events = g_string_new(NULL);
    vm_event_subscribe(on_event, NULL);
    g_assert_nonnull(iothread_new("io", NULL));
    vm_start();
}

static char *make_image(const char *dir, const char *name, gsize size, int fill)
{
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = g_malloc(size);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

static int run(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-virtio-XXXXXX", NULL);

    image = make_image(dir, "disk", DISK_SIZE, 0);
    image2 = make_image(dir, "disk2", 2 * DISK_SIZE, 0x22);
    block_testing_enable();
    make_board();
    g_assert_nonnull(
        rng_backend_add("r", open("/dev/urandom", O_RDONLY | O_CLOEXEC), NULL));
    int ret = g_test_run();
    device_cleanup();
    block_cleanup();
    rng_cleanup();
    g_assert_true(iothread_delete("io", NULL));
    for (unsigned i = 0; i < SLOTS; i++) {
        irq_line_free(lines[i]);
    }
    unlink(image);
    unlink(image2);
    rmdir(dir);
    g_free(image);
    g_free(image2);
    return ret;
}

int main(int argc, char **argv)
{
    static const char *const owners[][2] = { { "main", "" },
                                             { "iothread", ",\"iothread\":\"io\"" } };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio/empty-slot", test_empty_slot);
    g_test_add_func("/virtio/negotiation", test_negotiation);
    g_test_add_func("/virtio/any-layout", test_any_layout);
    for (unsigned i = 0; i < G_N_ELEMENTS(owners); i++) {
        static const struct {
            const char *name;
            void (*fn)(gconstpointer);
        } tests[] = { { "blk", test_blk },
                      { "hostile", test_hostile },
                      { "reset-waits", test_reset_waits },
                      { "reset-in-flight", test_reset_in_flight },
                      { "unplugged-driver", test_unplugged_driver },
                      { "vacate", test_vacate },
                      { "stop", test_stop } };
        for (unsigned t = 0; t < G_N_ELEMENTS(tests); t++) {
            g_autofree char *path =
                g_strdup_printf("/virtio/%s/%s", tests[t].name, owners[i][0]);
            g_test_add_data_func(path, owners[i][1], tests[t].fn);
        }
    }
    g_test_add_func("/virtio/vacate-refusals", test_vacate_refusals);
    g_test_add_func("/virtio/rng", test_rng);
    g_test_add_func("/virtio/save-load", test_save_load);
    g_test_add_func("/virtio/save-load-unused", test_save_load_unused);
    g_test_add_func("/virtio/properties", test_properties);
    return run();
}
