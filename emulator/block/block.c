/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block nodes by name: their users, their requests, and who holds the image.
 *
 * A user attaches to the top of a chain of one or two nodes (raw on file); the
 * node at the bottom owns the descriptor and the lock, and does the I/O.
 */

#include "block/file.h"
#include "util/error.h"

static GSList *nodes; /* in order of creation */

GSList *block_nodes(void)
{
    return nodes;
}

void block_node_list(BlockNode *node)
{
    node->active = !block_starts_inactive();
    nodes = g_slist_append(nodes, node);
}

void block_node_unlist(BlockNode *node)
{
    nodes = g_slist_remove(nodes, node);
}

BlockNode *block_node_bottom(const BlockNode *node)
{
    while (node->child) {
        node = node->child;
    }
    return (BlockNode *)node;
}

BlockNode *block_node_find(const char *name)
{
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (g_str_equal(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

gboolean block_user_exists(const char *name)
{
    for (GSList *l = nodes; l; l = l->next) {
        const BlockNode *node = l->data;
        if (block_node_is_disk(node) && g_str_equal(node->user.name, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

void block_node_set_drive(BlockNode *node)
{
    node->of_drive = TRUE;
}

const char *block_node_drive(const BlockNode *node)
{
    return node->attached && node->user.removable
               ? (node->user.drive ? node->user.drive : "")
               : (node->of_drive ? node->name : "");
}

const char *block_node_name(const BlockNode *node)
{
    return node->name;
}

gboolean block_chain_lock(BlockNode *node, GError **errp)
{
    BlockNode *file = block_node_bottom(node);

    if (block_file(file)->locking && !file->locked) {
        file->locked = block_lock(block_file(file)->fd, file->filename,
                                  !node->user.read_only, node->user.share_rw, errp);
        return file->locked;
    }
    return TRUE;
}

void block_chain_unlock(BlockNode *node)
{
    BlockNode *file = block_node_bottom(node);

    if (file->locked) {
        block_unlock(block_file(file)->fd);
        file->locked = FALSE;
    }
}

/* From the bottom up: a size depends on the one below. */
gboolean block_chain_refresh_size(BlockNode *node, GError **errp)
{
    return (!node->child || block_chain_refresh_size(node->child, errp)) &&
           node->driver->refresh_size(node, errp);
}

gboolean block_node_in_use(const BlockNode *node)
{
    return node->attached || node->parent || node->hold != BLOCK_HOLD_NOBODY;
}

gboolean block_node_may_attach(const BlockNode *node, const BlockUser *user,
                               GError **errp)
{
    if (block_node_in_use(node)) {
        return error_set(errp, "Node '%s' is in use", node->name);
    }
    if (node->read_only && !user->read_only) {
        return error_set(errp, "Node '%s' is read-only", node->name);
    }
    return !block_activity_changes() ||
           error_set(errp, "Node '%s': the images are being taken over or given away",
                     node->name);
}

/* At start, and where an inactive one has nothing to be taken. */
static gboolean take_now(BlockNode *node, const BlockUser *user, GError **errp)
{
    if (!block_node_may_attach(node, user, errp)) {
        return FALSE;
    }
    node->user = *user;
    block_chain_unlock(node); /* of one before */
    if (node->active &&
        (!block_chain_lock(node, errp) || !block_chain_refresh_size(node, errp))) {
        block_chain_unlock(node);
        return FALSE;
    }
    return TRUE;
}

gboolean block_node_attach(BlockNode *node, const BlockUser *user, GError **errp)
{
    if (node->hold != BLOCK_HOLD_HELD && !take_now(node, user, errp)) {
        return FALSE;
    }
    node->user = *user;
    node->loop = block_loop_get(user->loop, errp);
    node->attached = node->loop != NULL;
    node->hold = BLOCK_HOLD_NOBODY;
    return node->attached;
}

void block_node_detach(BlockNode *node)
{
    block_loop_put(node->loop);
    node->loop = NULL;
    node->attached = FALSE;
}

guint64 block_node_size(const BlockNode *node)
{
    return node->size;
}

const char *block_node_filename(const BlockNode *node)
{
    return block_node_bottom(node)->filename;
}

gboolean block_node_read_only(const BlockNode *node)
{
    return node->read_only;
}

guint32 block_node_sector_size(const BlockNode *node)
{
    return block_node_bottom(node)->sector_size;
}

gboolean block_node_can_discard(const BlockNode *node)
{
    return node->unmap && (!node->child || block_node_can_discard(node->child));
}

void block_node_complete(BlockRequest *r, int ret)
{
    block_loop_complete(r->top->loop, r, ret);
}

gboolean block_node_is_active(const BlockNode *node)
{
    return node->active;
}

/* Which error a request deserves before the node's driver gets it; 0: none. */
static int check_request(const BlockNode *node, const BlockRequest *r)
{
    if (!node->active) {
        return -EIO;
    }
    if (r->op != BLOCK_FLUSH && (r->pos > node->size || r->bytes > node->size - r->pos)) {
        return -EINVAL;
    }
    return 0;
}

void block_node_submit(BlockNode *node, BlockRequest *r)
{
    int error = check_request(node, r);

    r->node = node;
    r->unmap = r->unmap && node->unmap;
    if (error || (r->op == BLOCK_DISCARD && !node->unmap)) {
        block_node_complete(r, error);
        return;
    }
    if (r->op == BLOCK_WRITE || r->op == BLOCK_WRITE_ZEROES) {
        block_node_note_write(node, r->pos + r->bytes);
    }
    node->driver->submit(node, r);
}

int block_node_blocking(BlockNode *node, BlockRequest *r)
{
    int error = check_request(node, r);

    r->node = node;
    r->unmap = r->unmap && node->unmap;
    if (error || (r->op == BLOCK_DISCARD && !node->unmap)) {
        return error;
    }
    if (r->op == BLOCK_WRITE || r->op == BLOCK_WRITE_ZEROES) {
        block_node_note_write(node, r->pos + r->bytes);
    }
    return node->driver->blocking(node, r);
}

void block_submit(BlockNode *node, BlockRequest *r)
{
    gboolean reads = r->op == BLOCK_READ || r->op == BLOCK_FLUSH;

    node->in_flight++;
    r->top = r->node = node;
    r->serialised = FALSE;
    r->pos = r->offset;
    r->moved = 0;
    if (!reads && node->user.read_only) {
        block_node_complete(r, -EPERM);
    } else if (r->op != BLOCK_FLUSH && r->bytes == 0) {
        block_node_complete(r, node->active ? 0 : -EIO);
    } else {
        block_node_submit(node, r);
    }
}

void block_plug(BlockNode *node)
{
    block_loop_plug(node->loop);
}

void block_unplug(BlockNode *node)
{
    block_loop_unplug(node->loop);
}

/* At exit: users are gone, or never will make a request again. */
void block_cleanup(void)
{
    block_worker_cleanup();
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (node->attached) {
            block_node_detach(node);
        }
    }
    for (GSList *l = nodes; l; l = l->next) {
        block_node_close(l->data);
        block_node_free(l->data);
    }
    g_clear_pointer(&nodes, g_slist_free);
}
