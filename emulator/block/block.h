/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block nodes: `-blockdev` and blockdev-add make them, by node-name.
 *
 * A node is active or inactive: an inactive one (migration destination) neither
 * locks nor reads its image. Requests are made on the event loop that the node is
 * bound to (an iothread's, or the main one) and complete there by callback.
 */
#ifndef VIREO_BLOCK_BLOCK_H
#define VIREO_BLOCK_BLOCK_H

#include <sys/uio.h>

#include <json-glib/json-glib.h>

#include "config/node.h"
#include "event/loop.h"

typedef struct BlockNode BlockNode;
typedef void (*BlockDone)(void *opaque, int ret); /* 0 or -errno */

typedef enum BlockOp {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
} BlockOp;

/* Embedded in the caller's request: no allocation per I/O. */
typedef struct BlockRequest {
    BlockOp op;
    const struct iovec *iov; /* the caller's, until done */
    unsigned n_iov;
    guint64 offset, bytes;
    BlockDone done;
    void *opaque;
    /* the node's own */
    BlockNode *node;
    void *private[8];
} BlockRequest;

BlockNode *block_node_add(ConfigNode *node, GError **errp);
gboolean block_node_del(const char *name, GError **errp);
BlockNode *block_node_find(const char *name);
const char *block_node_name(const BlockNode *node);

/*
 * One user (a disk) at a time: binds the node to a loop. read_only: what the user
 * needs; fails when the node allows less. Main loop, under the machine lock.
 */
gboolean block_node_attach(BlockNode *node, EventLoop *loop, gboolean read_only,
                           void (*resized)(void *opaque), void *opaque, GError **errp);
void block_node_detach(BlockNode *node); /* nothing in flight any more */

guint64 block_node_size(const BlockNode *node); /* bytes */
gboolean block_node_read_only(const BlockNode *node);
gboolean block_node_write_cache(const BlockNode *node);
guint32 block_node_alignment(const BlockNode *node); /* cache.direct: 512 or 4096 */

/* In the node's loop. */
void block_submit(BlockNode *node, BlockRequest *request);

/*
 * Migration: all nodes at once. Inactivate: flush, give up image locks. Activate:
 * take them; fails by name when another process still holds one. With -incoming
 * nodes are created inactive.
 */
void block_set_start_inactive(gboolean inactive);
gboolean block_inactivate_all(GError **errp);
gboolean block_activate_all(GError **errp);
JsonArray *block_query_named_nodes(void);
void block_cleanup(void);

#endif
