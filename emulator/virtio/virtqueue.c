/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rings of a split virtqueue. Each field of a ring is read exactly once and
 * checked on the copy: the guest can change it at any time.
 *
 * Barriers (2.7.13): the available index is loaded with acquire order before the
 * entries, the used index stored with release order after them; between publishing
 * one's own index and reading the other side's wish to be told there is a full
 * barrier, so that one of both always sees the other's update.
 */
#include "virtio/virtqueue.h"

#include <linux/virtio_ring.h>
#include <string.h>

#include "event/turn.h"
#include "util/error.h"
#include "util/fd.h"

#define CHAIN_WINDOW 16

void virtq_element_init(VirtqElement *elem)
{
    guest_iov_init(&elem->out);
    guest_iov_init(&elem->in);
}

void virtq_element_free(VirtqElement *elem)
{
    guest_iov_free(&elem->out);
    guest_iov_free(&elem->in);
}

void virtqueue_init(Virtqueue *vq, guint16 index, DmaSpace *dma, const VirtqueueOps *ops,
                    void *opaque)
{
    *vq = (Virtqueue){
        .ops = ops,
        .opaque = opaque,
        .index = index,
        .dma = dma,
        .kick_fd = -1,
        .call_fd = -1,
    };
}

void virtqueue_finalize(Virtqueue *vq)
{
    g_assert(!vq->enabled);
    virtqueue_forget_deferred(vq);
    fd_clear(&vq->kick_fd);
}

void virtqueue_forget_deferred(Virtqueue *vq)
{
    g_clear_pointer(&vq->deferred, g_free);
    vq->n_deferred = vq->n_redo = 0;
}

void virtqueue_reset(Virtqueue *vq, guint16 num_max)
{
    g_assert(!vq->enabled && num_max <= VIRTQUEUE_MAX_SIZE);
    vq->num = vq->num_max = num_max;
    vq->ready = FALSE;
    vq->desc = vq->avail = vq->used = 0;
    vq->last_avail = vq->used_idx = 0;
    virtqueue_forget_deferred(vq);
    vq->broken = FALSE;
}

/* Layout of the rings: 2.7.6, 2.7.8. */
static guint16 *avail_idx(const Virtqueue *vq)
{
    return (guint16 *)vq->avail_pin.host + 1;
}

static guint16 *avail_entry(const Virtqueue *vq, guint16 i)
{
    return (guint16 *)vq->avail_pin.host + 2 + (i & (vq->num - 1));
}

static guint16 *used_event(const Virtqueue *vq)
{
    return (guint16 *)vq->avail_pin.host + 2 + vq->num;
}

static guint16 *used_flags(const Virtqueue *vq)
{
    return vq->used_pin.host;
}

static guint16 *used_idx(const Virtqueue *vq)
{
    return (guint16 *)vq->used_pin.host + 1;
}

static guint16 *avail_event(const Virtqueue *vq)
{
    return (guint16 *)((guint8 *)vq->used_pin.host + 4 + 8 * (gsize)vq->num);
}

static guint16 load(const guint16 *p)
{
    return GUINT16_FROM_LE(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

static void store(guint16 *p, guint16 value)
{
    __atomic_store_n(p, GUINT16_TO_LE(value), __ATOMIC_RELEASE);
}

static void mark_used_dirty(const Virtqueue *vq, const void *p, guint64 len)
{
    guest_pin_dirty(&vq->used_pin, (const guint8 *)p - (guint8 *)vq->used_pin.host, len);
}

static gboolean pin_ring(DmaSpace *dma, GuestPin *pin, const char *what, guint64 addr,
                         guint64 size, guint64 align, gboolean writable, GError **errp)
{
    if (addr & (align - 1)) {
        return error_set(errp, "%s at 0x%" G_GINT64_MODIFIER "x is not aligned", what,
                         addr);
    }
    if (!guest_pin(dma, pin, addr, size, writable)) {
        return error_set(errp, "%s at 0x%" G_GINT64_MODIFIER "x is not in RAM", what,
                         addr);
    }
    return TRUE;
}

/* Chains that are done later: few, and rare. */

static guint16 age(const Virtqueue *vq, guint16 position)
{
    return vq->last_avail - position;
}

static void insert_deferred(Virtqueue *vq, VirtqDeferred d)
{
    guint16 i = vq->n_deferred;

    if (!vq->deferred) {
        vq->deferred = g_new(VirtqDeferred, vq->num_max);
    }
    g_assert(vq->n_deferred < vq->num_max);
    for (; i && age(vq, vq->deferred[i - 1].position) < age(vq, d.position); i--) {
        vq->deferred[i] = vq->deferred[i - 1];
    }
    vq->deferred[i] = d;
    vq->n_deferred++;
}

static VirtqDeferred take_redo(Virtqueue *vq)
{
    guint16 i = 0;

    while (vq->deferred[i].later) {
        i++;
    }
    VirtqDeferred d = vq->deferred[i];
    vq->n_deferred--;
    vq->n_redo--;
    memmove(&vq->deferred[i], &vq->deferred[i + 1],
            (vq->n_deferred - i) * sizeof(vq->deferred[0]));
    return d;
}

/* All other chains are done: the deferred ones are the last of the ring, so to speak. */
static void redo_deferred(Virtqueue *vq)
{
    for (guint16 i = 0; i < vq->n_deferred; i++) {
        vq->deferred[i].position = vq->last_avail - vq->n_deferred + i;
        vq->deferred[i].later = FALSE;
    }
    vq->n_redo = vq->n_deferred;
}

void virtqueue_add_deferred(Virtqueue *vq, guint16 head)
{
    insert_deferred(vq, (VirtqDeferred){ .head = head, .position = vq->last_avail });
}

gboolean virtqueue_enable(Virtqueue *vq, gboolean event_idx, gboolean indirect,
                          GError **errp)
{
    guint64 num = vq->num;

    g_assert(!vq->enabled);
    if (num == 0 || num > vq->num_max || (num & (num - 1))) {
        return error_set(errp, "queue %u: size %u is not valid", vq->index, vq->num);
    }
    if (!pin_ring(vq->dma, &vq->desc_pin, "descriptor table", vq->desc, 16 * num, 16,
                  FALSE, errp) ||
        !pin_ring(vq->dma, &vq->avail_pin, "available ring", vq->avail, 6 + 2 * num, 2,
                  FALSE, errp) ||
        !pin_ring(vq->dma, &vq->used_pin, "used ring", vq->used, 6 + 8 * num, 4, TRUE,
                  errp)) {
        g_prefix_error(errp, "queue %u: ", vq->index);
        guest_unpin(&vq->desc_pin);
        guest_unpin(&vq->avail_pin);
        return FALSE;
    }
    vq->event_idx = event_idx;
    vq->indirect = indirect;
    vq->on_empty = FALSE;
    vq->broken = FALSE;
    vq->filled = 0;
    vq->signalled_valid = FALSE;
    vq->in_flight = 0;
    redo_deferred(vq);
    vq->enabled = TRUE;
    return TRUE;
}

void virtqueue_disable(Virtqueue *vq)
{
    if (!vq->enabled) {
        return;
    }
    g_assert(vq->in_flight == 0);
    guest_unpin(&vq->desc_pin);
    guest_unpin(&vq->avail_pin);
    guest_unpin(&vq->used_pin);
    vq->enabled = FALSE;
}

static gboolean bad(Virtqueue *vq, const char *why)
{
    vq->broken = TRUE;
    vq->ops->broken(vq, vq->opaque, why);
    return FALSE;
}

/* Walking a chain. */
typedef struct Chain {
    Virtqueue *vq;
    VirtqElement *elem;
    gboolean in_table; /* of an indirect descriptor, else the queue's own */
    guint64 table_addr;
    guint32 table_len; /* descriptors in the table */
    unsigned count;    /* descriptors so far */
    /* an indirect table is read in pieces, copied */
    struct vring_desc window[CHAIN_WINDOW];
    guint32 window_first, window_len;
} Chain;

static gboolean fetch(Chain *c, guint32 i, struct vring_desc *d)
{
    if (!c->in_table) {
        const guint64 *p = (const guint64 *)c->vq->desc_pin.host + 2 * (gsize)i;
        guint64 copy[2] = { __atomic_load_n(&p[0], __ATOMIC_RELAXED),
                            __atomic_load_n(&p[1], __ATOMIC_RELAXED) };
        memcpy(d, copy, sizeof(copy));
    } else {
        if (i - c->window_first >= c->window_len) {
            c->window_first = i;
            c->window_len = MIN(CHAIN_WINDOW, c->table_len - i);
            if (!guest_read(c->vq->dma, c->table_addr + 16 * (guint64)i, c->window,
                            16 * c->window_len)) {
                return bad(c->vq, "indirect table is not in RAM");
            }
        }
        *d = c->window[i - c->window_first];
    }
    d->addr = GUINT64_FROM_LE(d->addr);
    d->len = GUINT32_FROM_LE(d->len);
    d->flags = GUINT16_FROM_LE(d->flags);
    d->next = GUINT16_FROM_LE(d->next);
    return TRUE;
}

/* 2.7.5.3 */
static gboolean enter_table(Chain *c, const struct vring_desc *d)
{
    if (!c->vq->indirect) {
        return bad(c->vq, "indirect descriptor, which was not negotiated");
    }
    if (c->in_table) {
        return bad(c->vq, "indirect descriptor in an indirect table");
    }
    if (d->flags & VRING_DESC_F_NEXT) {
        return bad(c->vq, "indirect descriptor with a next one");
    }
    if (d->len == 0 || d->len % 16 || d->len / 16 > 65536) {
        return bad(c->vq, "indirect table of a bad length");
    }
    if (d->addr > G_MAXUINT64 - d->len) {
        return bad(c->vq, "indirect table at a bad address");
    }
    c->in_table = TRUE;
    c->table_addr = d->addr;
    c->table_len = d->len / 16;
    c->window_first = c->window_len = 0;
    return TRUE;
}

static gboolean add_buffer(Chain *c, const struct vring_desc *d)
{
    gboolean writable = (d->flags & VRING_DESC_F_WRITE) != 0;
    VirtqElement *e = c->elem;

    if (!writable && e->in.n) {
        return bad(c->vq, "readable descriptor after a writable one");
    }
    if (e->in.size + e->out.size + d->len > G_MAXUINT32) {
        return bad(c->vq, "chain longer than 4 GiB");
    }
    if (!guest_iov_add(c->vq->dma, writable ? &e->in : &e->out, d->addr, d->len,
                       writable)) {
        return bad(c->vq, "buffer is not in RAM");
    }
    return TRUE;
}

static gboolean walk(Chain *c, guint32 i)
{
    unsigned limit = c->vq->num;
    struct vring_desc d;

    for (;;) {
        if (!fetch(c, i, &d)) {
            return FALSE;
        }
        if (d.flags & VRING_DESC_F_INDIRECT) {
            if (!enter_table(c, &d)) {
                return FALSE;
            }
            limit = VIRTQUEUE_MAX_SIZE;
            i = 0;
            continue;
        }
        if (++c->count > limit) {
            return bad(c->vq, "chain is too long, or a loop");
        }
        if (!add_buffer(c, &d)) {
            return FALSE;
        }
        if (!(d.flags & VRING_DESC_F_NEXT)) {
            return TRUE;
        }
        i = d.next;
        if (i >= c->table_len) {
            return bad(c->vq, "next descriptor is out of range");
        }
    }
}

static gboolean walk_chain(Virtqueue *vq, VirtqElement *elem)
{
    Chain chain;

    chain.vq = vq;
    chain.elem = elem;
    chain.in_table = FALSE;
    chain.table_len = vq->num;
    chain.count = 0;
    gboolean good = walk(&chain, elem->head);
    turn_count(TURN_DESCRIPTORS, chain.count);
    if (!good) {
        guest_iov_done(&elem->out, 0);
        guest_iov_done(&elem->in, 0);
        return FALSE;
    }
    return TRUE;
}

/* A deferred chain; it is looked at again as if it were new. */
static gboolean pop_redo(Virtqueue *vq, VirtqElement *elem)
{
    VirtqDeferred d = take_redo(vq);

    elem->head = d.head;
    elem->position = d.position;
    elem->redo = TRUE;
    if (d.head >= vq->num) {
        return bad(vq, "head is out of range");
    }
    if (!walk_chain(vq, elem)) {
        return FALSE;
    }
    vq->in_flight++;
    return TRUE;
}

gboolean virtqueue_pop(Virtqueue *vq, VirtqElement *elem)
{
    guint16 idx, available;

    vq->again = FALSE;
    if (vq->broken) {
        return FALSE;
    }
    idx = load(avail_idx(vq));
    available = idx - vq->last_avail;
    if (available == 0 && !vq->n_redo) {
        return FALSE;
    }
    if (turn_over()) {
        vq->again = TRUE;
        vq->ops->again(vq);
        return FALSE;
    }
    if (vq->n_redo) {
        return pop_redo(vq, elem);
    }
    if (available > vq->num) {
        return bad(vq, "available index is too far ahead");
    }
    if (vq->in_flight + vq->filled + vq->n_deferred >= vq->num) {
        /* A head is the device's until it is used: that would be one given twice. */
        return bad(vq, "more requests than the queue has entries");
    }
    elem->head = load(avail_entry(vq, vq->last_avail));
    elem->position = vq->last_avail;
    elem->redo = FALSE;
    if (elem->head >= vq->num) {
        return bad(vq, "head is out of range");
    }
    if (!walk_chain(vq, elem)) {
        return FALSE;
    }
    vq->last_avail++;
    vq->in_flight++;
    return TRUE;
}

void virtqueue_unpop(Virtqueue *vq, VirtqElement *elem)
{
    guest_iov_done(&elem->out, 0);
    guest_iov_done(&elem->in, 0);
    g_assert(vq->in_flight);
    vq->in_flight--;
    if (elem->redo) {
        insert_deferred(vq, (VirtqDeferred){ elem->head, elem->position, FALSE });
        vq->n_redo++;
    } else {
        vq->last_avail--;
    }
}

void virtqueue_defer(Virtqueue *vq, VirtqElement *elem)
{
    guest_iov_done(&elem->out, 0);
    guest_iov_done(&elem->in, elem->in.size);
    g_assert(vq->in_flight);
    vq->in_flight--;
    insert_deferred(vq, (VirtqDeferred){ elem->head, elem->position, TRUE });
}

void virtqueue_fill(Virtqueue *vq, VirtqElement *elem, guint32 written)
{
    virtqueue_fill_part(vq, elem, written, written);
}

void virtqueue_fill_part(Virtqueue *vq, VirtqElement *elem, guint32 written,
                         guint32 touched)
{
    guint16 i = (vq->used_idx + vq->filled) & (vq->num - 1);
    guint32 *entry = (guint32 *)((guint8 *)vq->used_pin.host + 4) + 2 * (gsize)i;

    g_assert(vq->in_flight && written <= touched && touched <= elem->in.size);
    guest_iov_done(&elem->in, touched);
    guest_iov_done(&elem->out, 0);
    __atomic_store_n(&entry[0], GUINT32_TO_LE(elem->head), __ATOMIC_RELAXED);
    __atomic_store_n(&entry[1], GUINT32_TO_LE(written), __ATOMIC_RELAXED);
    mark_used_dirty(vq, entry, 8);
    vq->filled++;
    vq->in_flight--;
}

/* 2.7.7.2, 2.7.10: has `event` been passed between old and new? */
static gboolean event_passed(guint16 event, guint16 new, guint16 old)
{
    return (guint16)(new - event - 1) < (guint16)(new - old);
}

/* 6.3: with that feature the driver wants to know, whatever else it says. */
static gboolean has_run_dry(const Virtqueue *vq)
{
    return vq->on_empty && !vq->in_flight && virtqueue_empty(vq);
}

static gboolean driver_wants_interrupt(Virtqueue *vq)
{
    guint16 old = vq->signalled;
    gboolean valid = vq->signalled_valid;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!vq->event_idx) {
        return !(load(vq->avail_pin.host) & VRING_AVAIL_F_NO_INTERRUPT) ||
               has_run_dry(vq);
    }
    vq->signalled = vq->used_idx;
    vq->signalled_valid = TRUE;
    return !valid || event_passed(load(used_event(vq)), vq->used_idx, old) ||
           has_run_dry(vq);
}

void virtqueue_flush(Virtqueue *vq)
{
    if (!vq->filled) {
        return;
    }
    vq->used_idx += vq->filled;
    vq->filled = 0;
    store(used_idx(vq), vq->used_idx);
    mark_used_dirty(vq, used_idx(vq), 2);
    if (driver_wants_interrupt(vq)) {
        vq->ops->interrupt(vq, vq->opaque);
    }
}

void virtqueue_push(Virtqueue *vq, VirtqElement *elem, guint32 written)
{
    virtqueue_fill(vq, elem, written);
    virtqueue_flush(vq);
}

gboolean virtqueue_empty(const Virtqueue *vq)
{
    return vq->broken || (!vq->n_redo && load(avail_idx(vq)) == vq->last_avail);
}

/* event: the index behind which one that is added is told of. */
static void set_wish(Virtqueue *vq, gboolean on, guint16 event)
{
    if (!vq->event_idx) {
        store(used_flags(vq), on ? 0 : VRING_USED_F_NO_NOTIFY);
        mark_used_dirty(vq, used_flags(vq), 2);
    } else if (on) {
        store(avail_event(vq), event);
        mark_used_dirty(vq, avail_event(vq), 2);
    }
}

gboolean virtqueue_set_notification(Virtqueue *vq, gboolean on)
{
    set_wish(vq, on, vq->last_avail);
    if (!on) {
        return FALSE;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !vq->again && !virtqueue_empty(vq);
}

gboolean virtqueue_await(Virtqueue *vq, guint16 n)
{
    guint16 fresh = n - MIN(n, vq->n_redo); /* the others need no entry of the ring */

    set_wish(vq, TRUE, (guint16)(vq->last_avail + fresh - 1));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !vq->broken && !vq->again &&
           (guint16)(load(avail_idx(vq)) - vq->last_avail) >= fresh;
}
