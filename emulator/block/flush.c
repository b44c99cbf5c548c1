/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All nodes at once: flushed, as stop needs it. */
#include "block/node.h"
#include "util/error.h"

/* What is under way for block_flush_all(). */
typedef struct FlushAll {
    unsigned pending;
    GError *error; /* the first one */
    void (*done)(void *opaque, GError *error);
    void *opaque;
} FlushAll;

typedef struct Flush {
    BlockRequest request;
    BlockChild *user;
    FlushAll *all;
    int ret;
} Flush;

static void flush_all_put(FlushAll *all)
{
    if (--all->pending == 0) {
        all->done(all->opaque, all->error);
        g_free(all);
    }
}

static void flush_ended(void *opaque)
{
    Flush *flush = opaque;

    if (flush->ret < 0 && !flush->all->error) {
        error_set(&flush->all->error, "Could not flush node '%s': %s",
                  flush->user->node->name, error_text(-flush->ret));
    }
    flush_all_put(flush->all);
    g_free(flush);
}

/* In the node's loop, up to flush_done(). */
static void flush_left(void *opaque)
{
    event_loop_post(event_loop_main(), flush_ended, opaque);
}

/* The user's batch_done() is still to come in this round: nobody may stop it. */
static void flush_done(void *opaque, int ret)
{
    Flush *flush = opaque;

    flush->ret = ret;
    event_loop_post(flush->user->user.loop, flush_left, flush);
}

static void flush_submit(void *opaque)
{
    Flush *flush = opaque;

    block_submit(flush->user, &flush->request);
}

static void flush_start(FlushAll *all, BlockChild *user)
{
    Flush *flush = g_new0(Flush, 1);

    flush->request =
        (BlockRequest){ .op = BLOCK_FLUSH, .done = flush_done, .opaque = flush };
    flush->user = user;
    flush->all = all;
    all->pending++;
    event_loop_post(user->user.loop, flush_submit, flush);
}

void block_flush_all(void (*done)(void *opaque, GError *error), void *opaque)
{
    FlushAll *all = g_new0(FlushAll, 1);

    all->done = done;
    all->opaque = opaque;
    all->pending = 1; /* ours, until all have been asked */
    for (GSList *l = block_nodes(); l; l = l->next) {
        const BlockNode *node = l->data;

        for (BlockChild *c = block_node_next_user(node, NULL); c && node->active;
             c = block_node_next_user(node, c)) {
            if (!c->user.read_only) {
                flush_start(all, c);
            }
        }
    }
    flush_all_put(all);
}
