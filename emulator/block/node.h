/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of block/ know of a node and of its loop; for them alone. */
#ifndef VIREO_BLOCK_NODE_H
#define VIREO_BLOCK_NODE_H

#include "block/block.h"

typedef struct BlockLoop BlockLoop;

typedef enum BlockAio { BLOCK_AIO_THREADS, BLOCK_AIO_NATIVE, BLOCK_AIO_URING } BlockAio;

typedef struct BlockDriver {
    KindType type; /* its rows: of node->options, which are read before open() */
    gboolean (*open)(BlockNode *node, GError **errp);
    void (*close)(BlockNode *node);
    gboolean (*refresh_size)(BlockNode *node, GError **errp);
    /*
     * Does request, which is within the node's size, at request->pos; or passes it on by
     * block_node_submit(). In the loop of the request's user.
     */
    void (*submit)(BlockNode *node, BlockRequest *request);
} BlockDriver;

struct BlockNode {
    const BlockDriver *driver;
    gboolean anonymous; /* given inline: goes with its parent */
    BlockNode *parent, *child;

    /* options of all drivers */
    char *name;
    gboolean read_only, auto_read_only;
    gboolean direct;   /* cache.direct: O_DIRECT */
    gboolean no_flush; /* cache.no-flush: flushes do nothing */
    int discard;       /* what was asked for */
    int detect_zeroes;
    void *options; /* the driver's own */

    gboolean unmap; /* discards reach what is below */

    /* file, host_device */
    const char *filename; /* the options' */
    int fd;
    gboolean is_device;
    BlockAio aio;
    gboolean locking;
    guint32 sector_size;          /* logical, of the medium */
    guint32 dio_align, mem_align; /* O_DIRECT: of offset and length; of buffers */
    gboolean strict; /* for tests: O_DIRECT's rules, checked here, without O_DIRECT */
    BlockRequest *writes, *blocked; /* serialise.c */
    unsigned n_partial;
    gint flush_error;             /* a flush failed: data is lost, all later ones fail */

    void *state; /* x-test's */

    guint64 size;
    gboolean active, locked;

    gboolean attached;
    BlockUser user;
    BlockLoop *loop;
    gboolean completed; /* some done() was called in this round of the loop */
    BlockNode *next_completed;
};

extern const BlockDriver block_driver_file;
extern const BlockDriver block_driver_host_device;
extern const BlockDriver block_driver_raw;
extern const BlockDriver block_driver_test;

/* block.c: to node, at request->pos; for drivers that pass requests on. */
void block_node_submit(BlockNode *node, BlockRequest *request);
/* Any thread: done(ret) will be called in the loop of the request's user. */
void block_node_complete(BlockRequest *request, int ret);
/* The node's child by name, or made from an inline object: a row's of block_kind. */
gboolean block_child_open(BlockNode *node, ConfigNode *ref, GError **errp);
void block_child_close(BlockNode *node);

/* file-io.c: the blocking way; any op, from request->moved on. 0 or -errno. */
int file_io(BlockNode *node, BlockRequest *request);
/* Can a read or write go to the kernel as it is? Else only file_io() can do it. */
gboolean file_io_is_direct_ready(const BlockNode *node, const BlockRequest *request);
/* serialise.c: for file_io()'s sake, writes that share a block wait for each other. */
void block_serialise_submit(BlockNode *node, BlockRequest *request);
void block_serialise_end(BlockRequest *request);
/* Copies the part of src from byte skip on; returns the number of pieces. */
unsigned iov_slice(struct iovec *dst, unsigned max, const struct iovec *src, unsigned n,
                   guint64 skip);

/* lock.c: locks of other processes, compatible with QEMU's. */
gboolean block_lock(int fd, const char *filename, gboolean write, gboolean share_rw,
                    GError **errp);
void block_unlock(int fd);

/* loop.c: what the users of one event loop share; made by the first of them. */
BlockLoop *block_loop_get(EventLoop *loop, GError **errp);
void block_loop_put(BlockLoop *loop);
void block_loop_submit(BlockRequest *request);
/* Any thread: request->done(ret) will be called in the loop. */
void block_loop_complete(BlockLoop *loop, BlockRequest *request, int ret);
void block_loop_plug(BlockLoop *loop);
void block_loop_unplug(BlockLoop *loop);

/* worker.c: threads that do file_io() for a request, then complete it. */
void block_worker_submit(BlockRequest *request);
void block_worker_cleanup(void);

/* uring.c: an io_uring, restricted to the operations used here. */
typedef struct BlockUring BlockUring;
BlockUring *block_uring_new(int eventfd); /* NULL: not available */
void block_uring_free(BlockUring *uring);
/* FALSE: full; try again after block_uring_reap(). */
gboolean block_uring_queue(BlockUring *uring, BlockRequest *request);
/* FALSE: the kernel does not take all of them now; try again. */
gboolean block_uring_submit(BlockUring *uring);
/* The next finished request and the kernel's result, or NULL. */
BlockRequest *block_uring_reap(BlockUring *uring, int *res);

#endif
