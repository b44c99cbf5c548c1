/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only access to guest memory from device models. Any thread; no lock (RCU).
 * Addresses are guest-physical and hostile: what is not RAM fails, nothing aborts.
 * Each access names its requester's DMA space; through a closed one, everything fails.
 */
#ifndef VIREO_MEMORY_GUEST_H
#define VIREO_MEMORY_GUEST_H

#include <sys/uio.h>

#include "memory/dma.h"

/* Copying accessors; FALSE when a byte of the range is not RAM (or not writable). */
gboolean guest_read(DmaSpace *dma, guint64 addr, void *buf, guint64 len);
gboolean guest_write(DmaSpace *dma, guint64 addr, const void *buf, guint64 len);

/*
 * A range of RAM that is looked up once and used many times (a ring): valid while
 * pinned, even when the map changes. One block only; FALSE when it is not RAM, not
 * writable though asked, or spans blocks. guest_pin_dirty() after each write.
 */
typedef struct GuestPin {
    RamBlock *block;
    guint64 offset;
    guint64 size;
    void *host;
} GuestPin;
gboolean guest_pin(DmaSpace *dma, GuestPin *pin, guint64 addr, guint64 size,
                   gboolean writable);
void guest_unpin(GuestPin *pin); /* of a zeroed pin: nothing */
void guest_pin_dirty(const GuestPin *pin, guint64 offset, guint64 len);

/*
 * A guest I/O vector: pinned pieces of RAM that back ends use without copying.
 * guest_iov_add() appends a range (which may become several pieces). The vector
 * owns its pins until guest_iov_done(), which marks the first `written` bytes of
 * it dirty (0 for what the device only read) and drops the pins. Storage is
 * inline up to GUEST_IOV_INLINE pieces, and reused: no allocation per request.
 */
#define GUEST_IOV_INLINE 16
typedef struct GuestIov {
    struct iovec *iov;
    RamBlock **blocks;
    unsigned n, capacity;
    guint64 size; /* bytes in all */
    struct iovec inline_iov[GUEST_IOV_INLINE];
    RamBlock *inline_blocks[GUEST_IOV_INLINE];
} GuestIov;
void guest_iov_init(GuestIov *v);
gboolean guest_iov_add(DmaSpace *dma, GuestIov *v, guint64 addr, guint64 len,
                       gboolean writable);
void guest_iov_done(GuestIov *v, guint64 written);
void guest_iov_free(GuestIov *v);
/* Copies between a buffer and the vector from byte offset on; returns bytes moved. */
guint64 guest_iov_to_buf(const GuestIov *v, guint64 offset, void *buf, guint64 len);
guint64 guest_iov_from_buf(GuestIov *v, guint64 offset, const void *buf, guint64 len);

#endif
