/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io_uring for one event loop: reads, writes and flushes.
 *
 * The ring is restricted when it is made: whoever takes over this process later
 * can do nothing with it but those three operations.
 *
 * #syscalls main,io: io_uring_setup io_uring_enter io_uring_register mmap(2&PROT_EXEC=0)
 *     munmap close
 */
#include <liburing.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "block/file.h"

#define RING_ENTRIES 128

struct BlockUring {
    struct io_uring ring;
    unsigned in_flight, queued;
};

static int restrict_ring(struct io_uring *ring)
{
    static const guint8 allowed[] = { IORING_OP_READV, IORING_OP_WRITEV,
                                      IORING_OP_FSYNC };
    struct io_uring_restriction res[G_N_ELEMENTS(allowed)] = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(allowed); i++) {
        res[i].opcode = IORING_RESTRICTION_SQE_OP;
        res[i].sqe_op = allowed[i];
    }
    /* liburing 2.3 does not export its own wrapper. */
    return syscall(__NR_io_uring_register, ring->ring_fd, IORING_REGISTER_RESTRICTIONS,
                   res, G_N_ELEMENTS(res));
}

static int enable_ring(struct io_uring *ring)
{
    return syscall(__NR_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS,
                   NULL, 0);
}

BlockUring *block_uring_new(int eventfd)
{
    BlockUring *uring = g_new0(BlockUring, 1);

    if (io_uring_queue_init(RING_ENTRIES, &uring->ring, IORING_SETUP_R_DISABLED) < 0) {
        g_free(uring);
        return NULL;
    }
    if (io_uring_register_eventfd(&uring->ring, eventfd) < 0 ||
        restrict_ring(&uring->ring) < 0 || enable_ring(&uring->ring) < 0) {
        block_uring_free(uring);
        return NULL;
    }
    return uring;
}

void block_uring_free(BlockUring *uring)
{
    io_uring_queue_exit(&uring->ring);
    g_free(uring);
}

/* Of more pieces than the kernel takes, the rest is as after a short read or write. */
gboolean block_uring_queue(BlockUring *uring, BlockRequest *r)
{
    unsigned n_iov = MIN(r->n_iov, IOV_MAX);

    /* The completion queue has room for twice the entries: it cannot overflow. */
    if (uring->in_flight == 2 * RING_ENTRIES) {
        return FALSE;
    }
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
    if (!sqe) {
        block_uring_submit(uring);
        sqe = io_uring_get_sqe(&uring->ring);
        if (!sqe) {
            return FALSE;
        }
    }
    switch (r->op) {
    case BLOCK_READ:
        io_uring_prep_readv(sqe, block_file(r->node)->fd, r->iov, n_iov, r->pos);
        break;
    case BLOCK_WRITE:
        io_uring_prep_writev2(sqe, block_file(r->node)->fd, r->iov, n_iov, r->pos,
                              r->fua ? RWF_DSYNC : 0);
        break;
    default:
        io_uring_prep_fsync(sqe, block_file(r->node)->fd, IORING_FSYNC_DATASYNC);
        break;
    }
    io_uring_sqe_set_data(sqe, r);
    uring->in_flight++;
    uring->queued++;
    return TRUE;
}

gboolean block_uring_submit(BlockUring *uring)
{
    while (uring->queued) {
        int ret = io_uring_submit(&uring->ring);
        if (ret == -EINTR) {
            continue;
        }
        if (ret <= 0) {
            return FALSE; /* -EAGAIN, -EBUSY: short of memory, or of completions */
        }
        uring->queued -= ret;
    }
    return TRUE;
}

BlockRequest *block_uring_reap(BlockUring *uring, int *res)
{
    struct io_uring_cqe *cqe;

    if (io_uring_peek_cqe(&uring->ring, &cqe) < 0) {
        return NULL;
    }
    BlockRequest *r = io_uring_cqe_get_data(cqe);
    *res = cqe->res;
    io_uring_cqe_seen(&uring->ring, cqe);
    uring->in_flight--;
    return r;
}
