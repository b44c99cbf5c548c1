/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "null-co": a medium that keeps nothing, for measures of what is above. What is read is
 * whatever the buffer had, or zeros.
 */
#include <string.h>

#include "block/node.h"
#include "util/error.h"

typedef struct NullOptions {
    guint64 size, latency;
    gboolean read_zeroes;
} NullOptions;

static const Property null_rows[] = {
    { "size", PROP_SIZE, offsetof(NullOptions, size), "1G", .max = G_MAXINT64,
      .help = "How large it is, bytes" },
    { "latency-ns", PROP_U64, offsetof(NullOptions, latency), "0",
      .help = "Only 0 is supported: requests end at once" },
    { "read-zeroes", PROP_BOOL, offsetof(NullOptions, read_zeroes), "off",
      .help = "Reads give zeros; else what is read is not defined" },
    { NULL },
};

static gboolean null_configure(BlockNode *node, GError **errp)
{
    const NullOptions *o = node->options;

    if (o->latency) {
        return error_set(
            errp, "Parameter 'latency-ns' value %" G_GUINT64_FORMAT " is not supported",
            o->latency);
    }
    node->filename = "null-co://";
    node->size = o->size / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
    node->sector_size = BLOCK_SECTOR_SIZE;
    return TRUE;
}

static int null_blocking(BlockNode *node, BlockRequest *r)
{
    const NullOptions *o = node->options;

    for (unsigned i = 0; r->op == BLOCK_READ && o->read_zeroes && i < r->n_iov; i++) {
        memset(r->iov[i].iov_base, 0, r->iov[i].iov_len);
    }
    return 0;
}

static void null_submit(BlockNode *node, BlockRequest *r)
{
    block_node_complete(r, null_blocking(node, r));
}

const BlockDriver block_driver_null = {
    .type = { "null-co", "a medium that keeps nothing", null_rows, sizeof(NullOptions) },
    .configure = null_configure,
    .submit = null_submit,
    .blocking = null_blocking,
};
