/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-ring.h"

static void put16(GuestRing *ring, guint64 addr, guint16 value)
{
    value = GUINT16_TO_LE(value);
    ring->memory->write(addr, &value, sizeof(value));
}

static guint16 get16(GuestRing *ring, guint64 addr)
{
    guint16 value;

    ring->memory->read(addr, &value, sizeof(value));
    return GUINT16_FROM_LE(value);
}

guint64 guest_ring_init(GuestRing *ring, const GuestMemory *memory, guint64 base,
                        guint16 num)
{
    guint64 end;

    *ring = (GuestRing){ .memory = memory, .num = num, .desc = base };
    ring->avail = base + 16 * (guint64)num;
    ring->used = (ring->avail + 6 + 2 * (guint64)num + 3) & ~3ull;
    end = ring->used + 6 + 8 * (guint64)num;
    g_autofree guint8 *zeros = g_malloc0(end - base);
    memory->write(base, zeros, end - base);
    return (end + 4095) & ~4095ull;
}

static void write_desc(GuestRing *ring, guint64 addr, const GuestBuffer *b, guint16 flags,
                       guint16 next)
{
    struct vring_desc d = {
        .addr = GUINT64_TO_LE(b->addr),
        .len = GUINT32_TO_LE(b->len),
        .flags = GUINT16_TO_LE(flags | (b->writable ? VRING_DESC_F_WRITE : 0)),
        .next = GUINT16_TO_LE(next),
    };

    ring->memory->write(addr, &d, sizeof(d));
}

void guest_ring_set_desc(GuestRing *ring, guint16 i, guint64 addr, guint32 len,
                         guint16 flags, guint16 next)
{
    GuestBuffer b = { addr, len, FALSE };

    write_desc(ring, ring->desc + 16 * (guint64)i, &b, flags, next);
}

void guest_ring_make_available(GuestRing *ring, guint16 head)
{
    put16(ring, ring->avail + 4 + 2 * (guint64)(ring->avail_idx % ring->num), head);
    put16(ring, ring->avail + 2, ++ring->avail_idx);
}

guint16 guest_ring_add(GuestRing *ring, const GuestBuffer *buffers, unsigned n)
{
    guint16 head = ring->next_desc, i = head;

    for (unsigned b = 0; b < n; b++) {
        guint16 next = (i + 1) % ring->num;
        write_desc(ring, ring->desc + 16 * (guint64)i, &buffers[b],
                   b + 1 < n ? VRING_DESC_F_NEXT : 0, next);
        i = next;
    }
    ring->next_desc = i;
    guest_ring_make_available(ring, head);
    return head;
}

guint16 guest_ring_add_indirect(GuestRing *ring, guint64 table,
                                const GuestBuffer *buffers, unsigned n)
{
    guint16 head = ring->next_desc;

    for (unsigned b = 0; b < n; b++) {
        write_desc(ring, table + 16 * b, &buffers[b], b + 1 < n ? VRING_DESC_F_NEXT : 0,
                   b + 1);
    }
    guest_ring_set_desc(ring, head, table, 16 * n, VRING_DESC_F_INDIRECT, 0);
    ring->next_desc = (head + 1) % ring->num;
    guest_ring_make_available(ring, head);
    return head;
}

gboolean guest_ring_take(GuestRing *ring, guint32 *head, guint32 *len)
{
    guint32 entry[2];

    if (get16(ring, ring->used + 2) == ring->seen) {
        return FALSE;
    }
    ring->memory->read(ring->used + 4 + 8 * (guint64)(ring->seen % ring->num), entry,
                       sizeof(entry));
    ring->seen++;
    put16(ring, ring->avail + 4 + 2 * (guint64)ring->num, ring->seen); /* used_event */
    __sync_synchronize();
    *head = GUINT32_FROM_LE(entry[0]);
    *len = GUINT32_FROM_LE(entry[1]);
    return TRUE;
}
