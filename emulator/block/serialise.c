/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes to a file of which O_DIRECT takes whole blocks only, where requests may be
 * smaller: such a one reads its block, changes it and writes it back (file-io.c), and
 * meanwhile no other write may touch that block. Other writes do not wait for each
 * other. The users have loops of their own, and workers write too: a lock is between
 * them. What has waited is done by a worker, as it is nobody's turn when it may go on.
 */
#include "block/file.h"

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

static void push_last(BlockRequest **list, BlockRequest *r)
{
    while (*list) {
        list = &(*list)->after;
    }
    push(list, r);
}

static void take(BlockRequest *r)
{
    *r->link = r->after;
    if (r->after) {
        r->after->link = r->link;
    }
}

/* With the lock. */
static void start(BlockFile *f, BlockRequest *r)
{
    push(&f->writes, r);
    f->n_partial += r->partial;
}

/* Does the request need this at all? Then it is prepared. */
static gboolean prepare(const BlockNode *node, BlockRequest *r)
{
    const BlockFile *f = block_file(node);
    guint64 mask = f->dio_align - 1, end = r->pos + r->bytes;

    if (!is_write(r) || f->dio_align <= BLOCK_SECTOR_SIZE || !node->direct) {
        return FALSE;
    }
    r->serialised = TRUE;
    r->partial = ((r->pos | end) & mask) != 0;
    r->first = r->pos & ~mask;
    r->end = (end + mask) & ~mask;
    return TRUE;
}

/* With the lock. */
static gboolean must_wait(const BlockFile *f, const BlockRequest *r)
{
    return (r->partial || f->n_partial || f->blocked) &&
           (conflicts(f->writes, NULL, r) || conflicts(f->blocked, r, r));
}

void block_serialise_submit(BlockNode *node, BlockRequest *r)
{
    BlockFile *f = block_file(node);
    gboolean waits = FALSE;

    if (prepare(node, r)) {
        r->waits = FALSE;
        g_mutex_lock(&f->lock);
        waits = must_wait(f, r);
        if (waits) {
            push_last(&f->blocked, r);
        } else {
            start(f, r);
        }
        g_mutex_unlock(&f->lock);
    }
    if (!waits) {
        block_loop_submit(r);
    }
}

void block_serialise_begin_blocking(BlockNode *node, BlockRequest *r)
{
    BlockFile *f = block_file(node);

    /* One that comes from a loop has been begun there. */
    if (r->serialised || !prepare(node, r)) {
        return;
    }
    r->waits = TRUE;
    g_mutex_lock(&f->lock);
    if (must_wait(f, r)) {
        push_last(&f->blocked, r);
        while (must_wait(f, r)) {
            g_cond_wait(&f->ended, &f->lock);
        }
        take(r);
    }
    start(f, r);
    g_mutex_unlock(&f->lock);
}

void block_serialise_end(BlockRequest *r)
{
    BlockFile *f = block_file(r->node);
    BlockRequest *next, *ready = NULL;

    g_mutex_lock(&f->lock);
    take(r);
    f->n_partial -= r->partial;
    r->serialised = FALSE;
    for (BlockRequest *b = f->blocked; b; b = next) {
        next = b->after;
        if (!b->waits && !must_wait(f, b)) {
            take(b);
            start(f, b);
            b->next = ready;
            ready = b;
        }
    }
    if (f->blocked) {
        g_cond_broadcast(&f->ended);
    }
    g_mutex_unlock(&f->lock);
    for (; ready; ready = next) {
        next = ready->next;
        block_worker_submit(ready);
    }
}
