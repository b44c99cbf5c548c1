/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "raw": shows its child, or a part of it (offset, size), as it is.
 */
#include <errno.h>

#include "block/node.h"
#include "util/error.h"

/* The part of the child that it shows; limit 0: to the end. */
typedef struct RawOptions {
    ConfigNode *file;
    guint64 offset, limit;
} RawOptions;

static const Property raw_rows[] = {
    { "file", PROP_KIND, offsetof(RawOptions, file), .kind = &block_kind,
      .reference = TRUE, .required = TRUE, .help = "The node that it shows" },
    { "offset", PROP_SIZE, offsetof(RawOptions, offset), "0",
      .help = "Where in it the part begins that is shown, bytes" },
    { "size", PROP_SIZE, offsetof(RawOptions, limit),
      .help = "How much of it is shown, bytes; all without it" },
    { NULL },
};

static gboolean raw_refresh_size(BlockNode *node, GError **errp)
{
    const RawOptions *o = node->options;
    guint64 below = node->child->size;

    if (o->offset > below || o->limit > below - o->offset) {
        error_set(errp,
                  "Node '%s': offset %" G_GUINT64_FORMAT " and size %" G_GUINT64_FORMAT
                  " reach beyond the %" G_GUINT64_FORMAT " bytes of '%s'",
                  node->name, o->offset, o->limit, below, node->child->name);
        return FALSE;
    }
    node->size = o->limit ? o->limit : below - o->offset;
    return TRUE;
}

static gboolean raw_check(const BlockNode *node, GError **errp)
{
    const RawOptions *o = node->options;

    if (o->offset % BLOCK_SECTOR_SIZE || o->limit % BLOCK_SECTOR_SIZE) {
        return error_set(
            errp, "Parameters 'offset' and 'size' of node '%s' must be multiples of %u",
            node->name, BLOCK_SECTOR_SIZE);
    }
    return TRUE;
}

static gboolean raw_configure(BlockNode *node, GError **errp)
{
    RawOptions *o = node->options;

    return raw_check(node, errp) &&
           block_child_configure(node, &o->file, BLOCK_ROLE_FILTERED, errp);
}

static gboolean raw_opened(BlockNode *node, GError **errp)
{
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

static gboolean raw_reopen(BlockNode *node, BlockNode *fresh, GError **errp)
{
    RawOptions *o = fresh->options;

    return raw_check(fresh, errp) && block_reopen_check_child(node, &o->file, errp);
}

static gboolean raw_truncate(BlockNode *node, guint64 size, GError **errp)
{
    const RawOptions *o = node->options;

    if (o->limit) {
        return error_set(errp, "Cannot resize fixed-size raw disks");
    }
    if (size > (guint64)G_MAXINT64 - BLOCK_SECTOR_SIZE - o->offset) {
        return error_set(errp, "Disk size too large for the chosen offset");
    }
    return block_node_truncate(node->child, size + o->offset, errp);
}

/* Of an image that is guessed to be raw: the next start would guess something else. */
static gboolean makes_header(const BlockNode *node, const BlockRequest *r)
{
    return node->guessed && r->op == BLOCK_WRITE && r->pos == 0 &&
           block_is_header(r->iov, r->n_iov);
}

/* What is within the slice is within the child: raw_refresh_size(). */
static void raw_submit(BlockNode *node, BlockRequest *r)
{
    const RawOptions *o = node->options;

    if (makes_header(node, r)) {
        block_node_complete(r, -EPERM);
        return;
    }
    r->pos += o->offset;
    block_node_submit(node->child, r);
}

static int raw_blocking(BlockNode *node, BlockRequest *r)
{
    const RawOptions *o = node->options;

    if (makes_header(node, r)) {
        return -EPERM;
    }
    r->pos += o->offset;
    return block_node_blocking(node->child, r);
}

const BlockDriver block_driver_raw = {
    .type = { "raw", "another node, or a part of it, as it is", raw_rows,
              sizeof(RawOptions) },
    .configure = raw_configure,
    .opened = raw_opened,
    .reopen = raw_reopen,
    .refresh_size = raw_refresh_size,
    .truncate = raw_truncate,
    .submit = raw_submit,
    .blocking = raw_blocking,
};
