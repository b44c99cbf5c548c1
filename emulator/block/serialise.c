/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes to a file of which O_DIRECT takes whole blocks only, where requests may be
 * smaller: such a one reads its block, changes it and writes it back (file-io.c), and
 * meanwhile no other write may touch that block. Other writes do not wait for each
 * other. All of this runs in the loop of the node's user.
 */
#include "block/node.h"

static gboolean is_write(const BlockRequest *r)
{
    return r->op != BLOCK_READ && r->op != BLOCK_FLUSH;
}

static gboolean conflict(const BlockRequest *a, const BlockRequest *b)
{
    return (a->partial || b->partial) && a->first < b->end && b->first < a->end;
}

/* Up to, and without, `last` in the list. */
static gboolean conflicts(const BlockRequest *list, const BlockRequest *last,
                          const BlockRequest *r)
{
    for (; list && list != last; list = list->after) {
        if (conflict(list, r)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void push(BlockRequest **list, BlockRequest *r)
{
    r->after = *list;
    r->link = list;
    if (r->after) {
        r->after->link = &r->after;
    }
    *list = r;
}

static void take(BlockRequest *r)
{
    *r->link = r->after;
    if (r->after) {
        r->after->link = r->link;
    }
}

static void start(BlockNode *node, BlockRequest *r)
{
    push(&node->writes, r);
    node->n_partial += r->partial;
    block_loop_submit(r);
}

void block_serialise_submit(BlockNode *node, BlockRequest *r)
{
    guint64 mask = node->dio_align - 1, end = r->pos + r->bytes;
    BlockRequest **tail = &node->blocked;

    if (!is_write(r) || node->dio_align <= BLOCK_SECTOR_SIZE || !node->direct) {
        block_loop_submit(r);
        return;
    }
    r->serialised = TRUE;
    r->partial = ((r->pos | end) & mask) != 0;
    r->first = r->pos & ~mask;
    r->end = (end + mask) & ~mask;
    if ((r->partial || node->n_partial || node->blocked) &&
        (conflicts(node->writes, NULL, r) || conflicts(node->blocked, NULL, r))) {
        while (*tail) {
            tail = &(*tail)->after;
        }
        push(tail, r);
        return;
    }
    start(node, r);
}

void block_serialise_end(BlockRequest *r)
{
    BlockNode *node = r->node;
    BlockRequest *next;

    take(r);
    node->n_partial -= r->partial;
    r->serialised = FALSE;
    for (BlockRequest *b = node->blocked; b; b = next) {
        next = b->after;
        if (!conflicts(node->writes, NULL, b) && !conflicts(node->blocked, b, b)) {
            take(b);
            start(node, b);
        }
    }
}
