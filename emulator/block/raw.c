/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "raw": shows its child, or a part of it (offset, size), as it is.
 */
#include "block/node.h"
#include "util/error.h"

static gboolean raw_refresh_size(BlockNode *node, GError **errp)
{
    guint64 below = node->child->size;

    if (node->offset > below || node->limit > below - node->offset) {
        error_set(errp,
                  "Node '%s': offset %" G_GUINT64_FORMAT " and size %" G_GUINT64_FORMAT
                  " reach beyond the %" G_GUINT64_FORMAT " bytes of '%s'",
                  node->name, node->offset, node->limit, below, node->child->name);
        return FALSE;
    }
    node->size = node->limit ? node->limit : below - node->offset;
    return TRUE;
}

static gboolean raw_open(BlockNode *node, ConfigNode *config, GError **errp)
{
    if (!config_get_size(config, "offset", 0, &node->offset, errp) ||
        !config_get_size(config, "size", 0, &node->limit, errp)) {
        return FALSE;
    }
    if (node->offset % BLOCK_SECTOR_SIZE || node->limit % BLOCK_SECTOR_SIZE) {
        error_set(errp,
                  "Parameters 'offset' and 'size' of node '%s' must be multiples of %u",
                  node->name, BLOCK_SECTOR_SIZE);
        return FALSE;
    }
    node->child = block_child_open(config, errp);
    if (!node->child) {
        return FALSE;
    }
    node->child->parent = node;
    if (node->child->read_only && node->auto_read_only) {
        node->read_only = TRUE;
    }
    if (node->child->read_only && !node->read_only) {
        error_set(errp, "Node '%s' cannot be written: its file '%s' is read-only",
                  node->name, node->child->name);
        return FALSE;
    }
    return raw_refresh_size(node, errp);
}

static void raw_close(BlockNode *node)
{
    if (node->child) {
        node->child->parent = NULL;
        block_child_close(node->child);
        node->child = NULL;
    }
}

/* What is within the slice is within the child: raw_refresh_size(). */
static void raw_submit(BlockNode *node, BlockRequest *r)
{
    r->pos += node->offset;
    block_node_submit(node->child, r);
}

const BlockDriver block_driver_raw = {
    .name = "raw",
    .open = raw_open,
    .close = raw_close,
    .refresh_size = raw_refresh_size,
    .submit = raw_submit,
};
