/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's side of a split virtqueue, for tests; well-behaved unless told not to. */
#pragma once
#include <glib.h>
#include <linux/virtio_ring.h>

/* How the test reaches guest memory. */
typedef struct GuestMemory {
    void (*read)(guint64 addr, void *buf, gsize len);
    void (*write)(guint64 addr, const void *buf, gsize len);
} GuestMemory;

typedef struct GuestRing {
    const GuestMemory *memory;
    guint16 num;
    guint64 desc, avail, used;
    guint16 next_desc;       /* descriptors are taken round robin */
    guint16 avail_idx, seen; /* of the used ring */
} GuestRing;

/* Lays the three rings out from base on, zeroed. Returns the first address behind. */
guint64 guest_ring_init(GuestRing *ring, const GuestMemory *memory, guint64 base,
                        guint16 num);
void guest_ring_set_desc(GuestRing *ring, guint16 i, guint64 addr, guint32 len,
                         guint16 flags, guint16 next);

typedef struct GuestBuffer {
    guint64 addr;
    guint32 len;
    gboolean writable;
} GuestBuffer;
/* Adds a chain and makes it available; returns its head. */
guint16 guest_ring_add(GuestRing *ring, const GuestBuffer *buffers, unsigned n);
/* The same through an indirect table at `table`. */
guint16 guest_ring_add_indirect(GuestRing *ring, guint64 table,
                                const GuestBuffer *buffers, unsigned n);
void guest_ring_make_available(GuestRing *ring, guint16 head);
/* Takes a used entry; FALSE: none. */
gboolean guest_ring_take(GuestRing *ring, guint32 *head, guint32 *len);
