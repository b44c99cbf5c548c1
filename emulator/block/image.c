/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "block/image.h"

#include <errno.h>
#include <string.h>

#include "util/error.h"

static GMutex growing; /* for the sizes of nodes that grow by what is written */

static guint64 iov_bytes(const struct iovec *iov, unsigned n)
{
    guint64 bytes = 0;

    for (unsigned i = 0; i < n; i++) {
        bytes += iov[i].iov_len;
    }
    return bytes;
}

static int ask(BlockNode *node, BlockRequest *r)
{
    r->internal = TRUE;
    return block_node_blocking(node, r);
}

/* --- sizes --- */

/* With the lock: the nodes from this one down to the bottom are larger by so much. */
static void add_size(BlockNode *node, BlockNode *bottom, gint64 more)
{
    bottom->size += (guint64)more;
    block_node_refresh_size(node, NULL);
}

static guint64 whole_sectors(guint64 bytes)
{
    return (bytes + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
}

static int grow(BlockNode *node, guint64 end)
{
    BlockNode *bottom = block_node_bottom(node);
    int ret = 0;

    if (end > G_MAXINT64 - BLOCK_SECTOR_SIZE) {
        return -EFBIG;
    }
    g_mutex_lock(&growing);
    if (end > node->size) {
        guint64 more = whole_sectors(end) - node->size;
        gboolean can = bottom->driver->can_grow && bottom->driver->can_grow(bottom) &&
                       more <= G_MAXINT64 - BLOCK_SECTOR_SIZE - bottom->size;
        if (can) {
            add_size(node, bottom, (gint64)more);
        }
        if (end > node->size) { /* it shows a part of fixed size */
            ret = -ENOSPC;
            add_size(node, bottom, can ? -(gint64)more : 0);
        }
    }
    g_mutex_unlock(&growing);
    return ret;
}

/* offset + bytes does not overflow, for those that come from a format's metadata. */
static int check_end(guint64 offset, guint64 bytes)
{
    return offset > G_MAXINT64 || bytes > G_MAXINT64 - offset ? -EFBIG : 0;
}

/* --- data --- */

/* Up to the end of the node. */
static int read_inside(BlockNode *node, guint64 offset, const struct iovec *iov,
                       unsigned n, guint64 bytes)
{
    BlockRequest r = {
        .op = BLOCK_READ, .iov = iov, .n_iov = n, .pos = offset, .bytes = bytes
    };

    return ask(node, &r);
}

/* A part of it, through pieces that end there. */
static int read_part(BlockNode *node, guint64 offset, const struct iovec *iov, unsigned n,
                     guint64 inside)
{
    for (unsigned i = 0; i < n; i++) {
        gsize len = MIN(iov[i].iov_len, inside);
        struct iovec piece = { iov[i].iov_base, len };
        int ret = len ? read_inside(node, offset, &piece, 1, len) : 0;

        if (ret < 0) {
            return ret;
        }
        memset((guint8 *)iov[i].iov_base + len, 0, iov[i].iov_len - len);
        offset += len;
        inside -= len;
    }
    return 0;
}

int block_image_readv(BlockNode *node, guint64 offset, const struct iovec *iov,
                      unsigned n)
{
    guint64 bytes = iov_bytes(iov, n), size = node->size;
    int ret = check_end(offset, bytes);

    if (ret < 0 || !bytes) {
        return ret;
    }
    return offset + bytes <= size
               ? read_inside(node, offset, iov, n, bytes)
               : read_part(node, offset, iov, n, offset < size ? size - offset : 0);
}

int block_image_read(BlockNode *node, guint64 offset, void *buf, gsize len)
{
    struct iovec iov = { buf, len };

    return block_image_readv(node, offset, &iov, 1);
}

/* Of what writes. */
static int change(BlockNode *node, BlockRequest *r)
{
    int ret = check_end(r->pos, r->bytes);

    if (ret < 0 || !r->bytes) {
        return ret;
    }
    if (node->read_only) {
        return -EROFS;
    }
    ret = grow(node, r->pos + r->bytes);
    return ret < 0 ? ret : ask(node, r);
}

int block_image_writev(BlockNode *node, guint64 offset, const struct iovec *iov,
                       unsigned n)
{
    BlockRequest r = { .op = BLOCK_WRITE,
                       .iov = iov,
                       .n_iov = n,
                       .pos = offset,
                       .bytes = iov_bytes(iov, n) };

    return change(node, &r);
}

int block_image_write(BlockNode *node, guint64 offset, const void *buf, gsize len)
{
    struct iovec iov = { (void *)buf, len };

    return block_image_writev(node, offset, &iov, 1);
}

int block_image_zero(BlockNode *node, guint64 offset, guint64 len, gboolean unmap)
{
    BlockRequest r = {
        .op = BLOCK_WRITE_ZEROES, .unmap = unmap, .pos = offset, .bytes = len
    };

    return change(node, &r);
}

/* What is beyond the end is nothing already. */
int block_image_discard(BlockNode *node, guint64 offset, guint64 len)
{
    BlockRequest r = { .op = BLOCK_DISCARD, .pos = offset };
    guint64 size = node->size;

    if (node->read_only) {
        return -EROFS;
    }
    r.bytes = offset < size ? MIN(len, size - offset) : 0;
    return r.bytes ? ask(node, &r) : 0;
}

int block_image_flush(BlockNode *node)
{
    BlockRequest r = { .op = BLOCK_FLUSH };

    return ask(node, &r);
}

int block_image_truncate(BlockNode *node, guint64 size)
{
    BlockNode *bottom = block_node_bottom(node);
    g_autoptr(GError) error = NULL;
    int ret = check_end(size, BLOCK_SECTOR_SIZE);

    if (ret < 0) {
        return ret;
    }
    if (node->read_only) {
        return -EROFS;
    }
    errno = 0;
    if (!block_node_truncate(node, size, &error)) {
        return errno ? -errno : -ENOTSUP;
    }
    g_mutex_lock(&growing);
    add_size(node, bottom, (gint64)(whole_sectors(size) - node->size));
    g_mutex_unlock(&growing);
    return 0;
}
