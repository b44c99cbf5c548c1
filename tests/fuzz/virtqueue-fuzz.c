/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is the guest's memory: rings at the places given by its first bytes,
 * anywhere in 64 KiB of RAM. Whatever is popped is used and given back; nothing may
 * be read or written outside of RAM, and nothing may stay pinned.
 */
#include "fuzz/virtqueue-fuzz.h"

#include <string.h>

#include "event/loop.h"
#include "memory/address-map.h"
#include "virtio/virtqueue.h"

#define RAM_SIZE (64u << 10)

static RamBlock *ram;

static void interrupt(Virtqueue *vq, void *opaque)
{
}

static void broken(Virtqueue *vq, void *opaque, const char *why)
{
    g_assert_nonnull(why);
}

static void set_up(void)
{
    event_init();
    ram = ram_block_new("fuzz", RAM_SIZE, NULL);
    g_assert_true(address_map_add(
        address_map_memory(), region_new_ram("fuzz", ram, 0, RAM_SIZE, FALSE), 0, NULL));
}

/* Takes chains, with some taken back and some answered together. */
static void serve(Virtqueue *vq, unsigned steps)
{
    VirtqElement elem;

    virtq_element_init(&elem);
    for (unsigned i = 0; i < steps && virtqueue_pop(vq, &elem); i++) {
        if (i % 5 == 4) {
            virtqueue_unpop(vq, &elem);
            continue;
        }
        guint64 sum = 0;
        for (unsigned p = 0; p < elem.out.n; p++) {
            sum += elem.out.iov[p].iov_len ? *(guint8 *)elem.out.iov[p].iov_base : 0;
        }
        guest_iov_from_buf(&elem.in, 0, &sum, sizeof(sum));
        virtqueue_fill(vq, &elem, elem.in.size);
        if (i % 3 == 0) {
            virtqueue_flush(vq);
        }
        virtqueue_set_notification(vq, i & 1);
    }
    virtqueue_flush(vq);
    virtq_element_free(&elem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const VirtqueueOps ops = { interrupt, broken };
    Virtqueue vq = { 0 };
    guint16 place[3];

    if (!ram) {
        set_up();
    }
    if (len < 8) {
        return 0;
    }
    memcpy(place, data + 2, sizeof(place));
    memset(ram->host, 0, RAM_SIZE);
    memcpy(ram->host, data + 8, MIN(len - 8, RAM_SIZE));
    virtqueue_init(&vq, 0, dma_space_memory(), &ops, NULL);
    virtqueue_reset(&vq, 256);
    vq.num = 1u << (data[0] % 10);
    vq.desc = place[0] & ~15u;
    vq.avail = place[1] & ~1u;
    vq.used = place[2] & ~3u;
    gint refs = ram->refs;
    if (virtqueue_enable(&vq, data[1] & 1, data[1] & 2, NULL)) {
        serve(&vq, 300);
        virtqueue_disable(&vq);
    }
    g_assert_cmpint(ram->refs, ==, refs);
    return 0;
}
