/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane of virtio-blk (virtio 1.2, section 5.2.6): pop, check, submit to
 * the block node, push. Requests come from a pool that only grows; a batch of
 * notifications makes one submission, a batch of completions one interrupt.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "virtio/virtio-blk.h"

struct BlkRequest {
    VirtqElement elem;
    VirtioBlk *blk;
    Virtqueue *vq;
    BlkRequest *next;
    guint32 type;
    gboolean trimmed; /* the last piece of elem.in is one byte shorter */
    BlockRequest block;
    BlockAccount account;
};

/* What the guest sends, after its header, with discard and write zeroes. */
typedef struct virtio_blk_discard_write_zeroes BlkRange;

static BlkRequest *request_get(VirtioBlk *blk)
{
    BlkRequest *r = blk->free;

    if (r) {
        blk->free = r->next;
    } else {
        r = g_new0(BlkRequest, 1);
        r->blk = blk;
        virtq_element_init(&r->elem);
    }
    r->trimmed = FALSE;
    return r;
}

static void request_put(BlkRequest *r)
{
    r->next = r->blk->free;
    r->blk->free = r;
}

void blk_free_requests(VirtioBlk *blk)
{
    while (blk->free) {
        BlkRequest *r = blk->free;
        blk->free = r->next;
        virtq_element_free(&r->elem);
        g_free(r);
    }
}

/* Its completions are published with the others of this batch. */
static void list_queue(VirtioBlk *blk, Virtqueue *vq)
{
    if (!vq->listed) {
        vq->listed = TRUE;
        vq->next_listed = blk->filled;
        blk->filled = vq;
    }
}

static void untrim(BlkRequest *r)
{
    GuestIov *in = &r->elem.in;

    if (r->trimmed) {
        in->iov[in->n - 1].iov_len++;
        r->trimmed = FALSE;
    }
}

/*
 * Status is the last byte that the driver has made writable; of the data before it the
 * first so many bytes are valid. The used length counts from the beginning (2.7.8.2),
 * so it has the status only when nothing is missing before it.
 */
static void complete_data(BlkRequest *r, guint8 status, guint32 valid)
{
    GuestIov *in = &r->elem.in;

    untrim(r);
    guest_iov_from_buf(in, in->size - 1, &status, 1);
    valid += valid == in->size - 1;
    virtqueue_fill_part(r->vq, &r->elem, valid, in->size);
    list_queue(r->blk, r->vq);
    request_put(r);
}

static void complete(BlkRequest *r, guint8 status)
{
    complete_data(r, status, 0);
}

static void flush_queues(VirtioBlk *blk)
{
    while (blk->filled) {
        Virtqueue *vq = blk->filled;
        blk->filled = vq->next_listed;
        vq->listed = FALSE;
        virtqueue_flush(vq);
    }
}

void blk_batch_done(void *opaque)
{
    VirtioBlk *blk = opaque;

    flush_queues(blk);
    virtio_device_idle(&blk->dev, blk->dev.loop);
}

/* The guest asks for what cannot be: it never reaches the medium. */
static void complete_invalid(BlkRequest *r, BlockOp op)
{
    block_account_invalid(&r->blk->stats, op);
    complete(r, VIRTIO_BLK_S_IOERR);
}

static BlockErrorAction choose(const BlkRequest *r, int error)
{
    VirtioBlk *blk = r->blk;
    gboolean read = r->type == VIRTIO_BLK_T_IN;

    return block_failed(&(BlockFailure){ .policy = read ? blk->rerror : blk->werror,
                                         .read = read,
                                         .error = error,
                                         .node = blk->node,
                                         .path = blk->dev.device.path,
                                         .stats = &blk->stats });
}

static void request_failed(BlkRequest *r, int error)
{
    switch (choose(r, error)) {
    case BLOCK_ERROR_STOP:
        untrim(r);
        virtqueue_defer(r->vq, &r->elem);
        request_put(r);
        break;
    case BLOCK_ERROR_IGNORE:
        block_account_done(&r->blk->stats, &r->account);
        complete(r, VIRTIO_BLK_S_OK);
        break;
    case BLOCK_ERROR_REPORT:
        block_account_failed(&r->blk->stats, &r->account);
        complete(r, VIRTIO_BLK_S_IOERR);
    }
}

static void block_done(void *opaque, int ret)
{
    BlkRequest *r = opaque;

    if (ret < 0) {
        request_failed(r, -ret);
    } else {
        block_account_done(&r->blk->stats, &r->account);
        complete_data(r, VIRTIO_BLK_S_OK,
                      r->type == VIRTIO_BLK_T_IN ? (guint32)r->block.bytes : 0);
    }
}

static void submit(BlkRequest *r, BlockOp op, guint64 offset, guint64 bytes)
{
    VirtioBlk *blk = r->blk;
    gboolean writes = op == BLOCK_WRITE || op == BLOCK_WRITE_ZEROES;

    r->block.op = op;
    r->block.fua = writes && (blk->write_through || !g_atomic_int_get(&blk->writeback));
    r->block.offset = offset;
    r->block.bytes = bytes;
    r->block.done = block_done;
    r->block.opaque = r;
    block_account_start(&r->account, op, bytes);
    block_submit(blk->user, &r->block);
}

/* The byte range of a request, if whole blocks of the disk. */
static gboolean check_range(const VirtioBlk *blk, guint64 sector, guint64 bytes,
                            guint64 *offset)
{
    if (sector > G_MAXUINT64 / BLOCK_SECTOR_SIZE) {
        return FALSE;
    }
    *offset = sector * BLOCK_SECTOR_SIZE;
    return *offset % blk->logical_block_size == 0 &&
           bytes % blk->logical_block_size == 0 &&
           *offset <= block_node_size(blk->node) &&
           bytes <= block_node_size(blk->node) - *offset;
}

/* The data of a write: behind the header, which may share a piece with it. */
static void set_out(BlkRequest *r, gsize header)
{
    GuestIov *out = &r->elem.out;
    unsigned i = 0;

    while (i < out->n && header >= out->iov[i].iov_len) {
        header -= out->iov[i++].iov_len;
    }
    if (header) {
        out->iov[i].iov_base = (guint8 *)out->iov[i].iov_base + header;
        out->iov[i].iov_len -= header;
    }
    r->block.iov = out->iov + i;
    r->block.n_iov = out->n - i;
}

/* The data of a read: all but the last byte. */
static void set_in(BlkRequest *r)
{
    GuestIov *in = &r->elem.in;

    in->iov[in->n - 1].iov_len--;
    r->trimmed = TRUE;
    r->block.iov = in->iov;
    r->block.n_iov = in->n - (in->iov[in->n - 1].iov_len == 0);
}

static void move(BlkRequest *r, guint64 sector)
{
    gboolean write = r->type == VIRTIO_BLK_T_OUT;
    BlockOp op = write ? BLOCK_WRITE : BLOCK_READ;
    guint64 out = r->elem.out.size - sizeof(struct virtio_blk_outhdr);
    guint64 in = r->elem.in.size - 1, bytes = write ? out : in;
    guint64 offset;

    if ((write ? in : out) != 0) { /* data of the wrong direction: not what it wants */
        complete_invalid(r, op);
        return;
    }
    if (!check_range(r->blk, sector, bytes, &offset) || (write && r->blk->read_only)) {
        complete_invalid(r, op);
        return;
    }
    if (write) {
        set_out(r, sizeof(struct virtio_blk_outhdr));
    } else {
        set_in(r);
    }
    submit(r, op, offset, bytes);
}

/* Discard and write zeroes take one range (max_discard_seg). */
static void ranged(BlkRequest *r)
{
    gboolean discard = r->type == VIRTIO_BLK_T_DISCARD;
    BlockOp op = discard ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES;
    VirtioBlk *blk = r->blk;
    guint32 max = discard ? blk->max_discard_sectors : blk->max_write_zeroes_sectors;
    gsize header = sizeof(struct virtio_blk_outhdr);
    guint64 offset, bytes;
    BlkRange range;

    if (!(discard ? blk->discard : blk->write_zeroes)) {
        complete(r, VIRTIO_BLK_S_UNSUPP);
        return;
    }
    if (r->elem.out.size != header + sizeof(range) || r->elem.in.size != 1 ||
        blk->read_only) {
        complete_invalid(r, op);
        return;
    }
    guest_iov_to_buf(&r->elem.out, header, &range, sizeof(range));
    guint32 flags = GUINT32_FROM_LE(range.flags);
    bytes = (guint64)GUINT32_FROM_LE(range.num_sectors) * BLOCK_SECTOR_SIZE;
    if (flags & (discard ? ~0u : ~(guint32)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP)) {
        complete(r, VIRTIO_BLK_S_UNSUPP);
        return;
    }
    if (bytes / BLOCK_SECTOR_SIZE > max ||
        !check_range(blk, GUINT64_FROM_LE(range.sector), bytes, &offset)) {
        complete_invalid(r, op);
        return;
    }
    r->block.unmap = (flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP) != 0;
    submit(r, op, offset, bytes);
}

static void get_id(BlkRequest *r)
{
    char id[VIRTIO_BLK_ID_BYTES] = { 0 };
    guint32 len = MIN(sizeof(id), r->elem.in.size - 1);

    if (r->elem.out.size != sizeof(struct virtio_blk_outhdr)) {
        complete(r, VIRTIO_BLK_S_IOERR);
        return;
    }
    if (r->blk->serial) {
        memcpy(id, r->blk->serial, MIN(strlen(r->blk->serial), sizeof(id)));
    }
    guest_iov_from_buf(&r->elem.in, 0, id, len);
    complete_data(r, VIRTIO_BLK_S_OK, len);
}

static void dispatch(BlkRequest *r, guint64 sector)
{
    switch (r->type) {
    case VIRTIO_BLK_T_IN:
    case VIRTIO_BLK_T_OUT:
        move(r, sector);
        break;
    case VIRTIO_BLK_T_FLUSH:
        submit(r, BLOCK_FLUSH, 0, 0);
        break;
    case VIRTIO_BLK_T_GET_ID:
        get_id(r);
        break;
    case VIRTIO_BLK_T_DISCARD:
    case VIRTIO_BLK_T_WRITE_ZEROES:
        ranged(r);
        break;
    default:
        complete(r, VIRTIO_BLK_S_UNSUPP);
    }
}

/* FALSE: nothing more to take. */
static gboolean handle_one(VirtioBlk *blk, Virtqueue *vq)
{
    BlkRequest *r = request_get(blk);
    struct virtio_blk_outhdr header;

    if (!virtqueue_pop(vq, &r->elem)) {
        request_put(r);
        return FALSE;
    }
    r->vq = vq;
    if (guest_iov_to_buf(&r->elem.out, 0, &header, sizeof(header)) != sizeof(header) ||
        r->elem.in.size < 1) {
        virtqueue_unpop(vq, &r->elem);
        request_put(r);
        virtio_device_broken(&blk->dev, "block request without header or status");
        return FALSE;
    }
    r->type = GUINT32_FROM_LE(header.type);
    dispatch(r, GUINT64_FROM_LE(header.sector));
    return TRUE;
}

void blk_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VirtioBlk *blk = (VirtioBlk *)dev;

    block_plug(blk->user);
    do {
        virtqueue_set_notification(vq, FALSE);
        while (handle_one(blk, vq)) {
        }
    } while (!virtio_device_is_broken(dev) && virtqueue_set_notification(vq, TRUE));
    block_unplug(blk->user);
    flush_queues(blk);
}
