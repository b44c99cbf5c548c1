/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of block/ know of a node and of its loop; for them alone. */
#ifndef VIREO_BLOCK_NODE_H
#define VIREO_BLOCK_NODE_H

#include "block/block.h"

typedef struct BlockLoop BlockLoop;

typedef struct BlockDriver {
    KindType type; /* its rows: of node->options, which are read before all else */
    /*
     * How a node comes, step by step; NULL where there is nothing to do.
     * configure: looks at its options, and finds its child or configures it. begin: all
     * above and below is configured; opens what only the main loop can. open: asks the
     * host, on a thread that has this node and nothing else, not its child either; what
     * has failed is closed. opened: those below are open; looks whether they fit.
     */
    gboolean (*configure)(BlockNode *node, GError **errp);
    gboolean (*begin)(BlockNode *node, GError **errp);
    gboolean (*open)(BlockNode *node, GError **errp);
    gboolean (*opened)(BlockNode *node, GError **errp);
    /*
     * And how it goes, all on such a thread: what has been written is on the medium;
     * the host has back what open() got, if it did; memory.
     */
    gboolean (*sync)(BlockNode *node, GError **errp);
    void (*close)(BlockNode *node);
    void (*free)(BlockNode *node);
    gboolean (*refresh_size)(BlockNode *node, GError **errp);
    /*
     * Does request, which is within the node's size, at request->pos; or passes it on by
     * block_node_submit(). In the loop of the request's user.
     */
    void (*submit)(BlockNode *node, BlockRequest *request);
    /*
     * The same, all of it, on a thread that may wait; any op, from request->moved on. 0
     * or -errno; request->done is not called. Passes it on by block_node_blocking().
     */
    int (*blocking)(BlockNode *node, BlockRequest *request);
    /* Main loop: the image has been taken over; what was lost before is written anew. */
    void (*activated)(BlockNode *node);
    /* Main loop: a descriptor of the image, to be closed, for fstat(); -1: there is none.
     */
    int (*dup_fd)(const BlockNode *node);
} BlockDriver;

/* Who uses a node that no user is attached to. */
typedef enum BlockHold {
    BLOCK_HOLD_NOBODY, /* perhaps locked still: block_node_give_later() */
    BLOCK_HOLD_TAKEN,  /* the host is asked, for a user that comes: hold.c */
    BLOCK_HOLD_HELD,  /* it has been taken: that user attaches now, or it is given back */
    BLOCK_HOLD_GIVEN, /* the host gets it back */
} BlockHold;

struct BlockNode {
    const BlockDriver *driver;
    gboolean anonymous; /* given inline: goes with its parent */
    gboolean of_drive;  /* -drive has made it */
    gboolean transient; /* a drive's medium: goes when that has let it go */
    gboolean guessed;   /* raw, unless the image begins as of another format */
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

    const char *filename; /* of one that has an image: the options' */
    void *state;          /* the driver's own */

    guint64 size;
    guint32 sector_size; /* logical, of the medium */
    guint64 wr_highest;  /* stats.c: where the last byte written ends; its user's loop */
    gboolean active, locked;

    gboolean attached;
    BlockHold hold;
    BlockUser user;
    BlockLoop *loop;
    unsigned in_flight; /* requests of its user, done() not yet called; in the loop */
    gboolean completed; /* some done() was called in this round of the loop */
    BlockNode *next_completed;
};

extern const BlockDriver block_driver_file;
extern const BlockDriver block_driver_host_device;
extern const BlockDriver block_driver_raw;
extern const BlockDriver block_driver_test;

/* block.c: to node, at request->pos; for drivers that pass requests on. */
void block_node_submit(BlockNode *node, BlockRequest *request);
/* On a thread that may wait: as block_node_submit(). */
int block_node_blocking(BlockNode *node, BlockRequest *request);
/* Any thread: done(ret) will be called in the loop of the request's user. */
void block_node_complete(BlockRequest *request, int ret);
GSList *block_nodes(void); /* in the order of their creation */
void block_node_list(BlockNode *node);
void block_node_unlist(BlockNode *node);
BlockNode *block_node_bottom(const BlockNode *node);
/* It has a user that is told of: a disk. */
static inline gboolean block_node_is_disk(const BlockNode *node)
{
    return node->attached && node->user.stats;
}
/* query-block and query-blockstats list it for itself; those of removable drives are not.
 */
static inline gboolean block_node_is_listed(const BlockNode *node)
{
    return node->attached ? node->user.name && !node->user.removable : node->of_drive;
}
/* Locks and sizes of a node and those below it. */
gboolean block_chain_lock(BlockNode *node, GError **errp);
void block_chain_unlock(BlockNode *node);
gboolean block_chain_refresh_size(BlockNode *node, GError **errp);
/* Is there, or comes or goes, a user or a parent? */
gboolean block_node_in_use(const BlockNode *node);
gboolean block_node_may_attach(const BlockNode *node, const BlockUser *user,
                               GError **errp);

/* claim.c: the image of a node, and what a thread asks the host for it. */
typedef struct BlockClaim {
    BlockNode *node; /* the user's, which the main loop looks at */
    BlockNode image; /* the thread's: as the node at the bottom, and for the same user */
} BlockClaim;
/* Main loop. Also when it fails block_claim_clear() is to be called. */
gboolean block_claim_init(BlockClaim *claim, BlockNode *node, GError **errp);
void block_claim_clear(gpointer claim);
/* On the thread. */
gboolean block_claim_take(BlockClaim *claim, GError **errp);
void block_claim_give(BlockClaim *claim);
void block_claim_close(BlockClaim *claim);
/* Main loop: it has been taken for the node. When it fails the lock is the node's. */
gboolean block_claim_settle(const BlockClaim *claim, GError **errp);

/* options.c */
const BlockDriver *block_driver_find(ConfigNode *config, GError **errp);
/* parent: of a node that is given inline. */
gboolean block_options_read(BlockNode *node, ConfigNode *config, const BlockNode *parent,
                            GError **errp);
void block_options_clear(BlockNode *node);

/*
 * add.c: the node's child, by name or from an inline object: an option of block_kind,
 * which it takes.
 */
gboolean block_child_configure(BlockNode *node, ConfigNode **ref, GError **errp);
/* Of one that is in no list. */
void block_node_close(BlockNode *node);
void block_node_free(BlockNode *node);

/* format.c: of an open file; any thread. Refuses what begins as another format does. */
gboolean block_check_format(BlockNode *file, GError **errp);

/* active.c */
gboolean block_activity_changes(void); /* nobody comes or goes now */

/* Copies the part of src from byte skip on; returns the number of pieces. */
unsigned iov_slice(struct iovec *dst, unsigned max, const struct iovec *src, unsigned n,
                   guint64 skip);

/* stats.c: something is written up to @end. In the loop of the node's user. */
void block_node_note_write(BlockNode *node, guint64 end);

/* lock.c: locks of other processes, compatible with QEMU's. */
gboolean block_lock(int fd, const char *filename, gboolean write, gboolean share_rw,
                    GError **errp);
void block_unlock(int fd);

/* loop.c: what the users of one event loop share; made by the first of them. */
BlockLoop *block_loop_get(EventLoop *loop, GError **errp);
void block_loop_put(BlockLoop *loop);
/* Of a file node: file.h. In the loop. */
void block_loop_submit(BlockRequest *request);
/* Any thread: request->done(ret) will be called in the loop. */
void block_loop_complete(BlockLoop *loop, BlockRequest *request, int ret);
void block_loop_plug(BlockLoop *loop);
void block_loop_unplug(BlockLoop *loop);

/* worker.c: threads that do what a request's node does blocking, then complete it. */
void block_worker_submit(BlockRequest *request);
void block_worker_cleanup(void);

/* uring.c: an io_uring, restricted to the operations used here. */
typedef struct BlockUring BlockUring;
BlockUring *block_uring_new(int eventfd); /* NULL: not available */
void block_uring_free(BlockUring *uring);
/* Of a file node. FALSE: full; try again after block_uring_reap(). */
gboolean block_uring_queue(BlockUring *uring, BlockRequest *request);
/* FALSE: the kernel does not take all of them now; try again. */
gboolean block_uring_submit(BlockUring *uring);
/* The next finished request and the kernel's result, or NULL. */
BlockRequest *block_uring_reap(BlockUring *uring, int *res);

#endif
