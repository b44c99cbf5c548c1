/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocking I/O on a file node, for worker threads: what io_uring is not there for
 * (fallocate, the rest of a short read or write), and everything without it.
 *
 * With cache.direct, buffers that are not aligned go through an aligned bounce
 * buffer, and so do the blocks around a request whose place is not aligned: read,
 * modified, written back. The page cache has no part in it: nothing stale can remain
 * there for a later migration.
 *
 * #syscalls io: preadv2 pwritev2 fdatasync
 * #syscalls main: preadv2 pwritev2 fdatasync -- rare: the host gives no thread
 * #syscalls io: fallocate
 * #syscalls main: fallocate -- rare: discard where the host gives no thread
 * #syscalls main,io: ioctl(BLKDISCARD) -- rare: discard
 * #syscalls main,io: ftruncate -- rare: O_DIRECT, the end of a file within a block
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "block/file.h"

#define BOUNCE_SIZE  (256u * 1024)
#define SLICE_PIECES 64

unsigned iov_slice(struct iovec *dst, unsigned max, const struct iovec *src, unsigned n,
                   guint64 skip)
{
    unsigned used = 0;

    for (unsigned i = 0; i < n && used < max; i++) {
        if (skip >= src[i].iov_len) {
            skip -= src[i].iov_len;
            continue;
        }
        dst[used].iov_base = (guint8 *)src[i].iov_base + skip;
        dst[used++].iov_len = src[i].iov_len - skip;
        skip = 0;
    }
    return used;
}

static gboolean place_is_aligned(const BlockNode *node, guint64 pos, guint64 bytes)
{
    return ((pos | bytes) & (block_file(node)->dio_align - 1)) == 0;
}

static gboolean buffers_are_aligned(const BlockNode *node, const struct iovec *iov,
                                    unsigned n)
{
    guintptr bits = 0, lengths = 0;

    for (unsigned i = 0; i < n; i++) {
        bits |= (guintptr)iov[i].iov_base;
        lengths |= iov[i].iov_len;
    }
    return (bits & (block_file(node)->mem_align - 1)) == 0 &&
           (lengths & (block_file(node)->dio_align - 1)) == 0;
}

gboolean file_io_is_direct_ready(const BlockNode *node, const BlockRequest *r)
{
    return !node->direct || (place_is_aligned(node, r->pos, r->bytes) &&
                             buffers_are_aligned(node, r->iov, r->n_iov));
}

/* One system call; < 0: -errno. */
static gssize transfer(const BlockNode *node, gboolean write, gboolean fua,
                       const struct iovec *iov, unsigned n, guint64 pos)
{
    gssize ret;

    if (block_file(node)->strict &&
        (!place_is_aligned(node, pos, 0) || !buffers_are_aligned(node, iov, n))) {
        return -EINVAL; /* as the kernel would say */
    }
    do {
        ret = write ? pwritev2(block_file(node)->fd, iov, n, pos, fua ? RWF_DSYNC : 0)
                    : preadv2(block_file(node)->fd, iov, n, pos, 0);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? -errno : ret;
}

/* Zeroes what lies beyond the end of the file. */
static void zero_rest(const BlockRequest *r)
{
    struct iovec part[SLICE_PIECES];
    guint64 done = r->moved;

    while (done < r->bytes) {
        unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, done);
        for (unsigned i = 0; i < n; i++) {
            memset(part[i].iov_base, 0, part[i].iov_len);
            done += part[i].iov_len;
        }
    }
}

/* Straight from and to the caller's buffers. */
static int move_plain(BlockNode *node, BlockRequest *r)
{
    gboolean write = r->op == BLOCK_WRITE;
    struct iovec part[SLICE_PIECES];

    while (r->moved < r->bytes) {
        unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, r->moved);
        gssize ret = transfer(node, write, r->fua, part, n, r->pos + r->moved);
        if (ret < 0) {
            return ret;
        }
        if (ret == 0 && write) {
            return -ENOSPC;
        }
        if (ret == 0) {
            zero_rest(r);
            break;
        }
        r->moved += ret;
    }
    return 0;
}

/* Copies between the bounce buffer and the request's buffers at r->moved. */
static void bounce_copy(BlockRequest *r, guint8 *bounce, gsize len, gboolean to_bounce)
{
    struct iovec part[SLICE_PIECES];
    gsize done = 0;

    while (done < len) {
        unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, r->moved + done);
        for (unsigned i = 0; i < n && done < len; i++) {
            gsize chunk = MIN(part[i].iov_len, len - done);
            if (to_bounce) {
                memcpy(bounce + done, part[i].iov_base, chunk);
            } else {
                memcpy(part[i].iov_base, bounce + done, chunk);
            }
            done += chunk;
        }
    }
}

/* O_DIRECT from buffers that it does not take. */
static int move_bounced(BlockNode *node, BlockRequest *r)
{
    gboolean write = r->op == BLOCK_WRITE;
    guint8 *bounce;
    int error = 0;

    if (posix_memalign((void **)&bounce, MAX(4096, block_file(node)->mem_align),
                       BOUNCE_SIZE)) {
        return -ENOMEM;
    }
    while (r->moved < r->bytes && !error) {
        gsize len = MIN(BOUNCE_SIZE, r->bytes - r->moved);
        struct iovec iov = { bounce, len };
        if (write) {
            bounce_copy(r, bounce, len, TRUE);
        }
        gssize ret = transfer(node, write, r->fua, &iov, 1, r->pos + r->moved);
        if (ret < 0 || (ret == 0 && write)) {
            error = ret < 0 ? ret : -ENOSPC;
        } else if (ret == 0) {
            zero_rest(r);
            break;
        } else {
            if (!write) {
                bounce_copy(r, bounce, ret, FALSE);
            }
            r->moved += ret;
        }
    }
    free(bounce);
    return error;
}

/* The whole window, or up to the end of the file: zeros behind it. */
static int read_window(BlockNode *node, guint8 *buf, gsize len, guint64 pos)
{
    while (len) {
        struct iovec iov = { buf, len };
        gssize ret = transfer(node, FALSE, FALSE, &iov, 1, pos);
        if (ret < 0) {
            return (int)ret;
        }
        if (ret == 0 ||
            ret % block_file(node)->dio_align) { /* the file ends in the block */
            memset(buf + ret, 0, len - ret);
            break;
        }
        buf += ret;
        pos += ret;
        len -= ret;
    }
    return 0;
}

static int write_window(BlockNode *node, gboolean fua, guint8 *buf, gsize len,
                        guint64 pos)
{
    while (len) {
        struct iovec iov = { buf, len };
        gssize ret = transfer(node, TRUE, fua, &iov, 1, pos);
        if (ret <= 0) {
            return ret < 0 ? (int)ret : -ENOSPC;
        }
        buf += ret;
        pos += ret;
        len -= ret;
    }
    return 0;
}

/* Blocks around a part of a request: [start, start + size), the part lead bytes in. */
typedef struct Window {
    guint8 *bounce;
    guint64 start;
    gsize size, lead, len;
} Window;

static Window window_at(const BlockNode *node, const BlockRequest *r, guint8 *bounce)
{
    guint64 mask = block_file(node)->dio_align - 1;
    guint64 from = r->pos + r->moved, end = (r->pos + r->bytes + mask) & ~mask;
    Window w = { .bounce = bounce, .start = from & ~mask };

    w.size = MIN(end - w.start, BOUNCE_SIZE);
    w.lead = from - w.start;
    w.len = MIN(w.size - w.lead, r->bytes - r->moved);
    return w;
}

static int read_part(BlockNode *node, BlockRequest *r, const Window *w)
{
    int error = read_window(node, w->bounce, w->size, w->start);

    if (!error) {
        bounce_copy(r, w->bounce + w->lead, w->len, FALSE);
    }
    return error;
}

/* Reads the blocks that it changes in part; a file is not made longer by its last one. */
static int modify_part(BlockNode *node, BlockRequest *r, const Window *w)
{
    gsize align = block_file(node)->dio_align, last = w->size - align;
    int error = 0;

    if (w->lead) {
        error = read_window(node, w->bounce, align, w->start);
    }
    if (!error && w->lead + w->len < w->size && (last || !w->lead)) {
        error = read_window(node, w->bounce + last, align, w->start + last);
    }
    if (error) {
        return error;
    }
    bounce_copy(r, w->bounce + w->lead, w->len, TRUE);
    error = write_window(node, r->fua, w->bounce, w->size, w->start);
    if (!block_file(node)->is_device && w->start + w->size > node->size &&
        ftruncate(block_file(node)->fd, (off_t)node->size) < 0 && !error) {
        error = -errno;
    }
    return error;
}

/* What is smaller than O_DIRECT's blocks. Nobody else writes to them: serialise.c. */
static int move_partial(BlockNode *node, BlockRequest *r)
{
    guint8 *bounce;
    int error = 0;

    if (posix_memalign((void **)&bounce, MAX(4096, block_file(node)->mem_align),
                       BOUNCE_SIZE)) {
        return -ENOMEM;
    }
    while (r->moved < r->bytes && !error) {
        Window w = window_at(node, r, bounce);
        error = r->op == BLOCK_READ ? read_part(node, r, &w) : modify_part(node, r, &w);
        r->moved += w.len;
    }
    free(bounce);
    return error;
}

static int file_move(BlockNode *node, BlockRequest *r)
{
    struct iovec part[SLICE_PIECES];
    guint64 pos = r->pos + r->moved, bytes = r->bytes - r->moved;

    if (!node->direct) {
        return move_plain(node, r);
    }
    if (!place_is_aligned(node, pos, bytes)) {
        return move_partial(node, r);
    }
    unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, r->moved);
    if (n < SLICE_PIECES && buffers_are_aligned(node, part, n)) {
        return move_plain(node, r);
    }
    return move_bounced(node, r);
}

/*
 * Pages that could not be written are clean afterwards, and the next fdatasync()
 * would say that all is well: so an error stays, unless there is no page cache.
 */
static int file_flush(BlockNode *node)
{
    int error = g_atomic_int_get(&block_file(node)->flush_error);

    if (error || node->no_flush) {
        return -error;
    }
    if (fdatasync(block_file(node)->fd) < 0) {
        error = errno;
        if (!node->direct) {
            g_atomic_int_set(&block_file(node)->flush_error, error);
        }
        return -error;
    }
    return 0;
}

static int do_fallocate(BlockNode *node, int mode, const BlockRequest *r)
{
    int ret;

    do {
        ret =
            fallocate(block_file(node)->fd, mode | FALLOC_FL_KEEP_SIZE, r->pos, r->bytes);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? -errno : 0;
}

static gboolean is_unsupported(int ret)
{
    return ret == -EOPNOTSUPP || ret == -ENOTTY || ret == -ENOSYS || ret == -ENODEV;
}

/* A hint: what cannot be deallocated stays. */
static int file_discard(BlockNode *node, BlockRequest *r)
{
    guint64 range[2] = { r->pos, r->bytes };
    int ret;

    if (!node->unmap) {
        return 0;
    }
    if (block_file(node)->is_device) { /* whole sectors, as many as there are */
        guint64 mask = node->sector_size - 1, end = (r->pos + r->bytes) & ~mask;
        range[0] = (r->pos + mask) & ~mask;
        range[1] = end > range[0] ? end - range[0] : 0;
        ret = range[1] && ioctl(block_file(node)->fd, BLKDISCARD, range) < 0 ? -errno : 0;
    } else {
        ret = do_fallocate(node, FALLOC_FL_PUNCH_HOLE, r);
    }
    return is_unsupported(ret) ? 0 : ret;
}

/* Where the file system cannot zero a range: writes zeros. */
static int write_zeros(BlockNode *node, BlockRequest *r)
{
    guint8 *zeros;
    int ret = 0;

    if (posix_memalign((void **)&zeros, 4096, BOUNCE_SIZE)) {
        return -ENOMEM;
    }
    memset(zeros, 0, BOUNCE_SIZE);
    for (guint64 done = 0; done < r->bytes && !ret;) {
        struct iovec iov = { zeros, MIN(BOUNCE_SIZE, r->bytes - done) };
        BlockRequest w = {
            .op = BLOCK_WRITE,
            .iov = &iov,
            .n_iov = 1,
            .pos = r->pos + done,
            .bytes = iov.iov_len,
        };
        ret = file_move(node, &w);
        done += iov.iov_len;
    }
    free(zeros);
    return ret;
}

static int file_write_zeroes(BlockNode *node, BlockRequest *r)
{
    int ret = -EOPNOTSUPP;

    if (r->unmap && node->unmap) {
        ret = do_fallocate(node, FALLOC_FL_PUNCH_HOLE, r);
    }
    if (is_unsupported(ret)) {
        ret = do_fallocate(node, FALLOC_FL_ZERO_RANGE, r);
    }
    if (is_unsupported(ret) || ret == -EINVAL) {
        ret = write_zeros(node, r);
    }
    return ret == 0 && r->fua ? file_flush(node) : ret;
}

int file_io(BlockNode *node, BlockRequest *r)
{
    switch (r->op) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        return file_move(node, r);
    case BLOCK_FLUSH:
        return file_flush(node);
    case BLOCK_DISCARD:
        return file_discard(node, r);
    case BLOCK_WRITE_ZEROES:
        return file_write_zeroes(node, r);
    }
    return -EINVAL;
}
