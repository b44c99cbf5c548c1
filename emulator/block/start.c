/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading at the start, when nothing else runs that waiting could hold up: what is kept
 * in memory from then on (flash).
 */
#include "block/image.h"
#include "util/error.h"

gboolean block_read_at_start(BlockNode *node, guint64 offset, void *buf, guint64 len,
                             GError **errp)
{
    if (offset > node->size || len > node->size - offset) {
        return error_set(errp, "Could not read '%s': it is too short", node->name);
    }
    int ret = block_image_read(node, offset, buf, len);
    return ret == 0 || error_set(errp, "Could not read '%s': %s",
                                 block_node_filename(node), error_text(-ret));
}
