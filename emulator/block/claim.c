/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image whose lock and size the host is asked for, beside the main loop: by a
 * descriptor of our own, which shares the lock, and a copy of the node. Its thread closes
 * the descriptor as well: some file systems ask their server then, too.
 *
 * #syscalls slow: fcntl lseek close
 * #syscalls main: fcntl
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "block/file.h"
#include "event/gate.h"
#include "util/error.h"
#include "util/fd.h"

gboolean block_claim_init(BlockClaim *claim, BlockNode *node, GError **errp)
{
    BlockNode *bottom = block_node_bottom(node);

    *claim = (BlockClaim){ .node = node, .image = *bottom };
    claim->image.user = node->user;
    claim->image.parent = NULL;
    claim->image.name = g_strdup(node->name);
    claim->image.filename = g_strdup(bottom->filename);
    BlockFile *f = claim->image.state = g_memdup2(bottom->state, sizeof(BlockFile));
    f->fd = bottom->driver->dup_fd(bottom);
    return f->fd >= 0 || error_set_errno(errp, errno, "Node '%s'", node->name);
}

void block_claim_clear(gpointer data)
{
    BlockClaim *claim = data;

    block_claim_close(claim);
    g_free(claim->image.state);
    g_free(claim->image.name);
    g_free((char *)claim->image.filename);
}

gboolean block_claim_take(BlockClaim *claim, GError **errp)
{
    gate_pass(claim->image.name);
    block_chain_unlock(&claim->image); /* of one before, that could not be given back */
    if (block_chain_lock(&claim->image, errp) &&
        block_chain_refresh_size(&claim->image, errp)) {
        return TRUE;
    }
    block_chain_unlock(&claim->image);
    return FALSE;
}

void block_claim_give(BlockClaim *claim)
{
    gate_pass(claim->image.name);
    block_chain_unlock(&claim->image);
}

void block_claim_close(BlockClaim *claim)
{
    fd_clear(&block_file(&claim->image)->fd);
}

static gboolean refresh_above(BlockNode *node, GError **errp)
{
    return !node->child ||
           (refresh_above(node->child, errp) && node->driver->refresh_size(node, errp));
}

gboolean block_claim_settle(const BlockClaim *claim, GError **errp)
{
    BlockNode *bottom = block_node_bottom(claim->node);

    bottom->locked = claim->image.locked;
    bottom->size = claim->image.size;
    return refresh_above(claim->node, errp);
}
