/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying accessors, pins and I/O vectors: the view is looked up under RCU. */
#include "memory/guest.h"

#include <string.h>

#include "memory/map-internal.h"

/* The RAM at addr: up to *len bytes, cut to the section. Under RCU. */
static const MapSection *ram_at(const DmaSpace *dma, guint64 addr, guint64 *len,
                                gboolean writable)
{
    const MapSection *s = NULL;
    if (dma_space_is_open(dma)) {
        s = view_find(map_view(dma->map), addr);
    }
    if (!s || !s->block || (writable && s->readonly)) {
        return NULL;
    }
    *len = MIN(*len, s->size - (addr - s->addr));
    return s;
}

gboolean guest_read(DmaSpace *dma, guint64 addr, void *buf, guint64 len)
{
    gboolean ok = TRUE;
    rcu_enter();
    for (guint64 n; len && ok; len -= n, addr += n, buf = (char *)buf + n) {
        n = len;
        const MapSection *s = ram_at(dma, addr, &n, FALSE);
        if (!s) {
            ok = FALSE;
            break;
        }
        memcpy(buf, s->block->host + s->offset + (addr - s->addr), n);
    }
    rcu_leave();
    return ok;
}

gboolean guest_write(DmaSpace *dma, guint64 addr, const void *buf, guint64 len)
{
    gboolean ok = TRUE;
    rcu_enter();
    for (guint64 n; len && ok; len -= n, addr += n, buf = (const char *)buf + n) {
        n = len;
        const MapSection *s = ram_at(dma, addr, &n, TRUE);
        if (!s) {
            ok = FALSE;
            break;
        }
        guint64 offset = s->offset + (addr - s->addr);
        memcpy(s->block->host + offset, buf, n);
        ram_block_mark_dirty(s->block, offset, n);
    }
    rcu_leave();
    return ok;
}

gboolean guest_pin(DmaSpace *dma, GuestPin *pin, guint64 addr, guint64 size,
                   gboolean writable)
{
    guint64 n = size;
    *pin = (GuestPin){ .block = NULL };
    rcu_enter();
    const MapSection *s = ram_at(dma, addr, &n, writable);
    if (s && n == size) {
        pin->block = ram_block_ref(s->block);
        pin->offset = s->offset + (addr - s->addr);
        pin->size = size;
        pin->host = s->block->host + pin->offset;
    }
    rcu_leave();
    return pin->block != NULL;
}

void guest_unpin(GuestPin *pin)
{
    ram_block_unref(pin->block);
    *pin = (GuestPin){ .block = NULL };
}

void guest_pin_dirty(const GuestPin *pin, guint64 offset, guint64 len)
{
    g_assert(offset <= pin->size && len <= pin->size - offset);
    ram_block_mark_dirty(pin->block, pin->offset + offset, len);
}

/* I/O vectors */

void guest_iov_init(GuestIov *v)
{
    v->iov = v->inline_iov;
    v->blocks = v->inline_blocks;
    v->n = 0;
    v->capacity = GUEST_IOV_INLINE;
    v->size = 0;
}

static void iov_grow(GuestIov *v)
{
    unsigned capacity = v->capacity * 2;
    if (v->iov == v->inline_iov) {
        v->iov = g_new(struct iovec, capacity);
        v->blocks = g_new(RamBlock *, capacity);
        memcpy(v->iov, v->inline_iov, sizeof(v->inline_iov));
        memcpy(v->blocks, v->inline_blocks, sizeof(v->inline_blocks));
    } else {
        v->iov = g_renew(struct iovec, v->iov, capacity);
        v->blocks = g_renew(RamBlock *, v->blocks, capacity);
    }
    v->capacity = capacity;
}

/* Pieces of one block that follow each other have one reference between them. */
static void iov_append(GuestIov *v, RamBlock *block, guint8 *host, guint64 len)
{
    struct iovec *last = v->n ? &v->iov[v->n - 1] : NULL;
    if (last && v->blocks[v->n - 1] == block &&
        (guint8 *)last->iov_base + last->iov_len == host) {
        last->iov_len += len;
        return;
    }
    if (v->n == v->capacity) {
        iov_grow(v);
    }
    v->iov[v->n] = (struct iovec){ host, len };
    if (!last || v->blocks[v->n - 1] != block) {
        ram_block_ref(block);
    }
    v->blocks[v->n++] = block;
}

gboolean guest_iov_add(DmaSpace *dma, GuestIov *v, guint64 addr, guint64 len,
                       gboolean writable)
{
    gboolean ok = TRUE;
    guint64 total;
    if (__builtin_add_overflow(v->size, len, &total)) {
        return FALSE;
    }
    rcu_enter();
    for (guint64 n; len && ok; len -= n, addr += n) {
        n = len;
        const MapSection *s = ram_at(dma, addr, &n, writable);
        if (!s) {
            ok = FALSE;
            break;
        }
        iov_append(v, s->block, s->block->host + s->offset + (addr - s->addr), n);
        v->size += n;
    }
    rcu_leave();
    return ok;
}

void guest_iov_done(GuestIov *v, guint64 written)
{
    for (unsigned i = 0; i < v->n; i++) {
        RamBlock *block = v->blocks[i];
        guint64 n = MIN(written, v->iov[i].iov_len);
        if (n) {
            guint64 offset = (guint64)((guint8 *)v->iov[i].iov_base - block->host);
            ram_block_mark_dirty(block, offset, n);
            written -= n;
        }
        if (i + 1 == v->n || v->blocks[i + 1] != block) {
            ram_block_unref(block);
        }
    }
    v->n = 0;
    v->size = 0;
}

void guest_iov_free(GuestIov *v)
{
    guest_iov_done(v, 0);
    if (v->iov != v->inline_iov) {
        g_free(v->iov);
        g_free(v->blocks);
    }
    guest_iov_init(v);
}

/* Copies from or to the vector; exactly one of to and from is given. */
static guint64 iov_copy(const GuestIov *v, guint64 offset, guint8 *to, const guint8 *from,
                        guint64 len)
{
    guint64 done = 0;
    for (unsigned i = 0; i < v->n && done < len; i++) {
        const struct iovec *piece = &v->iov[i];
        if (offset >= piece->iov_len) {
            offset -= piece->iov_len;
            continue;
        }
        guint64 n = MIN(len - done, piece->iov_len - offset);
        guint8 *host = (guint8 *)piece->iov_base + offset;
        if (to) {
            memcpy(to + done, host, n);
        } else {
            memcpy(host, from + done, n);
        }
        done += n;
        offset = 0;
    }
    return done;
}

guint64 guest_iov_to_buf(const GuestIov *v, guint64 offset, void *buf, guint64 len)
{
    return iov_copy(v, offset, buf, NULL, len);
}

guint64 guest_iov_from_buf(GuestIov *v, guint64 offset, const void *buf, guint64 len)
{
    return iov_copy(v, offset, NULL, buf, len);
}
