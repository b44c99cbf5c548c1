/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocking I/O on a file node, for worker threads: what io_uring is not there for
 * (fallocate, the rest of a short read or write), and everything without it.
 *
 * With cache.direct, buffers that are not aligned go through an aligned bounce
 * buffer. A request whose place is not aligned is done on a buffered descriptor,
 * where the kernel merges it into its sector; it is then written back and dropped
 * from the page cache, so that nothing stale remains for a later migration.
 *
 * #syscalls io: preadv2 pwritev2 fdatasync
 * #syscalls main: preadv2 pwritev2 fdatasync -- rare: the host gives no thread
 * #syscalls main,io: fallocate ioctl(BLKDISCARD) -- rare: discard
 * #syscalls main,io: fadvise64 -- rare: O_DIRECT with writes that are not aligned
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "block/node.h"

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
    return ((pos | bytes) & (node->dio_align - 1)) == 0;
}

static gboolean buffers_are_aligned(const BlockNode *node, const struct iovec *iov,
                                    unsigned n)
{
    guintptr bits = 0, lengths = 0;

    for (unsigned i = 0; i < n; i++) {
        bits |= (guintptr)iov[i].iov_base;
        lengths |= iov[i].iov_len;
    }
    return (bits & (node->mem_align - 1)) == 0 && (lengths & (node->dio_align - 1)) == 0;
}

gboolean file_io_is_direct_ready(const BlockNode *node, const BlockRequest *r)
{
    return !node->direct || (place_is_aligned(node, r->pos, r->bytes) &&
                             buffers_are_aligned(node, r->iov, r->n_iov));
}

/* One system call; < 0: -errno. */
static gssize transfer(int fd, gboolean write, gboolean fua, const struct iovec *iov,
                       unsigned n, guint64 pos)
{
    gssize ret;

    do {
        ret = write ? pwritev2(fd, iov, n, pos, fua ? RWF_DSYNC : 0)
                    : preadv2(fd, iov, n, pos, 0);
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
static int move_plain(int fd, BlockRequest *r)
{
    gboolean write = r->op == BLOCK_WRITE;
    struct iovec part[SLICE_PIECES];

    while (r->moved < r->bytes) {
        unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, r->moved);
        gssize ret = transfer(fd, write, r->fua, part, n, r->pos + r->moved);
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

    if (posix_memalign((void **)&bounce, MAX(4096, node->mem_align), BOUNCE_SIZE)) {
        return -ENOMEM;
    }
    while (r->moved < r->bytes && !error) {
        gsize len = MIN(BOUNCE_SIZE, r->bytes - r->moved);
        struct iovec iov = { bounce, len };
        if (write) {
            bounce_copy(r, bounce, len, TRUE);
        }
        gssize ret = transfer(node->fd, write, r->fua, &iov, 1, r->pos + r->moved);
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

static int move_buffered(BlockNode *node, BlockRequest *r)
{
    guint64 from = r->moved;
    int fd = node->buffered_fd;
    int ret = fd < 0 ? -EINVAL : move_plain(fd, r);

    if (ret == 0 && r->op == BLOCK_WRITE && fdatasync(fd) < 0) {
        ret = -errno;
    }
    if (fd >= 0) {
        posix_fadvise(fd, r->pos + from, r->bytes - from, POSIX_FADV_DONTNEED);
    }
    return ret;
}

static int file_move(BlockNode *node, BlockRequest *r)
{
    struct iovec part[SLICE_PIECES];
    guint64 pos = r->pos + r->moved, bytes = r->bytes - r->moved;

    if (!node->direct) {
        return move_plain(node->fd, r);
    }
    if (!place_is_aligned(node, pos, bytes)) {
        return move_buffered(node, r);
    }
    unsigned n = iov_slice(part, SLICE_PIECES, r->iov, r->n_iov, r->moved);
    if (n < SLICE_PIECES && buffers_are_aligned(node, part, n)) {
        return move_plain(node->fd, r);
    }
    return move_bounced(node, r);
}

/*
 * Pages that could not be written are clean afterwards, and the next fdatasync()
 * would say that all is well: so an error stays, unless there is no page cache.
 */
static int file_flush(BlockNode *node)
{
    int error = g_atomic_int_get(&node->flush_error);

    if (error || node->no_flush) {
        return -error;
    }
    if (fdatasync(node->fd) < 0) {
        error = errno;
        if (!node->direct) {
            g_atomic_int_set(&node->flush_error, error);
        }
        return -error;
    }
    return 0;
}

static int do_fallocate(BlockNode *node, int mode, const BlockRequest *r)
{
    int ret;

    do {
        ret = fallocate(node->fd, mode | FALLOC_FL_KEEP_SIZE, r->pos, r->bytes);
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
    if (node->is_device) {
        ret = ioctl(node->fd, BLKDISCARD, range) < 0 ? -errno : 0;
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
