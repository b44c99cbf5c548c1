/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-driver.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

guint32 virtio_driver_read(VirtioDriver *d, unsigned reg)
{
    return d->bus->read32(d->base + reg);
}

void virtio_driver_write(VirtioDriver *d, unsigned reg, guint32 value)
{
    d->bus->write32(d->base + reg, value);
}

guint64 virtio_driver_offered(VirtioDriver *d)
{
    guint64 low, high;

    virtio_driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    low = virtio_driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES);
    virtio_driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    high = virtio_driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES);
    return low | high << 32;
}

gboolean virtio_driver_negotiate(VirtioDriver *d, guint64 features)
{
    guint32 status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    virtio_driver_write(d, VIRTIO_MMIO_STATUS, 0);
    virtio_driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    virtio_driver_write(d, VIRTIO_MMIO_STATUS, status);
    for (unsigned i = 0; i < 2; i++) {
        virtio_driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
        virtio_driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, features >> (32 * i));
    }
    status |= VIRTIO_CONFIG_S_FEATURES_OK;
    virtio_driver_write(d, VIRTIO_MMIO_STATUS, status);
    return virtio_driver_read(d, VIRTIO_MMIO_STATUS) == status;
}

static void set_up_queue(VirtioDriver *d, unsigned i, guint16 num)
{
    GuestRing *r = &d->rings[i];
    const struct {
        unsigned reg;
        guint64 value;
    } writes[] = {
        { VIRTIO_MMIO_QUEUE_NUM, num },
        { VIRTIO_MMIO_QUEUE_DESC_LOW, r->desc },
        { VIRTIO_MMIO_QUEUE_DESC_HIGH, r->desc >> 32 },
        { VIRTIO_MMIO_QUEUE_AVAIL_LOW, r->avail },
        { VIRTIO_MMIO_QUEUE_AVAIL_HIGH, r->avail >> 32 },
        { VIRTIO_MMIO_QUEUE_USED_LOW, r->used },
        { VIRTIO_MMIO_QUEUE_USED_HIGH, r->used >> 32 },
        { VIRTIO_MMIO_QUEUE_READY, 1 },
    };

    virtio_driver_write(d, VIRTIO_MMIO_QUEUE_SEL, i);
    g_assert_cmpuint(virtio_driver_read(d, VIRTIO_MMIO_QUEUE_READY), ==, 0);
    g_assert_cmpuint(virtio_driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), >=, num);
    for (unsigned w = 0; w < G_N_ELEMENTS(writes); w++) {
        virtio_driver_write(d, writes[w].reg, writes[w].value);
    }
    g_assert_cmpuint(virtio_driver_read(d, VIRTIO_MMIO_QUEUE_READY), ==, 1);
}

void virtio_driver_start(VirtioDriver *d, const GuestBus *bus, guint64 base,
                         guint64 features, unsigned n, guint16 num, guint64 ring_base)
{
    *d = (VirtioDriver){ .bus = bus, .base = base, .data = ring_base };
    features |= 1ull << VIRTIO_F_VERSION_1;
    virtio_driver_write(d, VIRTIO_MMIO_STATUS, 0);
    d->features = features & virtio_driver_offered(d);
    g_assert_true(virtio_driver_negotiate(d, d->features));
    for (unsigned i = 0; i < n; i++) {
        d->data = guest_ring_init(&d->rings[i], &bus->memory, d->data, num);
        set_up_queue(d, i, num);
    }
    virtio_driver_write(d, VIRTIO_MMIO_STATUS,
                        virtio_driver_read(d, VIRTIO_MMIO_STATUS) |
                            VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_driver_kick(VirtioDriver *d, unsigned queue)
{
    virtio_driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

void virtio_driver_wait_used(VirtioDriver *d, unsigned queue, guint32 *head, guint32 *len)
{
    while (!guest_ring_take(&d->rings[queue], head, len)) {
        d->bus->wait();
    }
}

guint8 virtio_driver_blk(VirtioDriver *d, guint32 type, guint64 sector, void *buf,
                         guint32 len)
{
    struct virtio_blk_outhdr header = { .type = GUINT32_TO_LE(type),
                                        .sector = GUINT64_TO_LE(sector) };
    gboolean in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
    guint64 data = d->data + 4096, status_at = d->data + 1024;
    GuestBuffer chain[3] = { { d->data, sizeof(header), FALSE } };
    guint32 used_head, used_len;
    unsigned n = 1;
    guint8 status = 0xff;

    if (len) {
        chain[n++] = (GuestBuffer){ data, len, in };
    }
    chain[n++] = (GuestBuffer){ status_at, 1, TRUE };
    d->bus->memory.write(d->data, &header, sizeof(header));
    d->bus->memory.write(status_at, &status, 1);
    if (len && !in) {
        d->bus->memory.write(data, buf, len);
    }
    guint16 head = guest_ring_add(&d->rings[0], chain, n);
    virtio_driver_kick(d, 0);
    virtio_driver_wait_used(d, 0, &used_head, &used_len);
    g_assert_cmpuint(used_head, ==, head);
    if (len && in) {
        d->bus->memory.read(data, buf, len);
    }
    d->bus->memory.read(status_at, &status, 1);
    return status;
}
