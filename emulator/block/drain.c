/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing is in flight at a node: its users, and those of all above it, keep what they
 * ask for to themselves, each in its loop, and what is under way comes to its end. What
 * has been kept goes on when the drain ends.
 *
 * A user may be detached meanwhile: it has nothing in flight and nothing kept, and its
 * loop may be gone soon.
 */
#include "block/throttle.h"

typedef struct Visit {
    BlockDrain *drain;
    BlockChild *user;
    gboolean idle; /* main loop: is known to be, or gone */
    gboolean left; /* detached before the end */
} Visit;

struct BlockDrain {
    GPtrArray *visits; /* of Visit */
    guint waits;       /* visits that are not idle yet */
    guint refs;        /* ours, and posts under way */
    void (*done)(void *opaque);
    void *opaque;
};

static GSList *drains; /* main loop */

static void put(BlockDrain *d)
{
    if (--d->refs == 0) {
        for (guint i = 0; i < d->visits->len; i++) {
            Visit *v = d->visits->pdata[i];
            block_child_unref(v->user);
        }
        drains = g_slist_remove(drains, d);
        g_ptr_array_unref(d->visits);
        g_free(d);
    }
}

static void call_done(void *opaque)
{
    BlockDrain *d = opaque;

    d->done(d->opaque);
    put(d);
}

/* In a turn of its own: nobody has to expect it. */
static void wait_less(BlockDrain *d)
{
    if (--d->waits == 0) {
        d->refs++;
        event_loop_post(event_loop_main(), call_done, d);
    }
}

static void note_idle(Visit *v)
{
    if (!v->idle) {
        v->idle = TRUE;
        wait_less(v->drain);
    }
}

/* Main loop: what the user's loop has posted. */
static void is_idle(void *opaque)
{
    Visit *v = opaque;
    BlockDrain *d = v->drain;

    note_idle(v);
    put(d);
}

/* The user's loop. */
void block_drain_idle(BlockChild *user)
{
    GSList *waiting = g_steal_pointer(&user->drains_waiting);

    for (GSList *l = waiting; l; l = l->next) {
        event_loop_post(event_loop_main(), is_idle, l->data);
    }
    g_slist_free(waiting);
}

/* The user's loop. */
static void enter(void *opaque)
{
    Visit *v = opaque;

    v->user->drains++;
    v->user->drains_waiting = g_slist_prepend(v->user->drains_waiting, v);
    throttle_release(v->user);
    if (!v->user->in_flight) {
        block_drain_idle(v->user);
    }
}

void block_drain_keep(BlockChild *user, BlockRequest *r)
{
    r->next = NULL;
    if (user->kept) {
        user->kept_last->next = r;
    } else {
        user->kept = r;
    }
    user->kept_last = r;
}

static void has_left(void *opaque)
{
    Visit *v = opaque;

    put(v->drain);
}

/* The user's loop. */
static void leave(void *opaque)
{
    Visit *v = opaque;
    BlockChild *user = v->user;

    if (--user->drains == 0) {
        BlockRequest *r = g_steal_pointer(&user->kept), *next;
        for (; r; r = next) {
            next = r->next;
            block_submit(user, r);
        }
    }
    event_loop_post(event_loop_main(), has_left, v);
}

static void collect(BlockDrain *d, const BlockNode *node)
{
    for (BlockChild *c = node->parents; c; c = c->next_parent) {
        if (c->parent) {
            collect(d, c->parent);
        } else if (c->hold == BLOCK_HOLD_ATTACHED) {
            Visit *v = g_new0(Visit, 1);
            v->drain = d;
            v->user = block_child_ref(c);
            g_ptr_array_add(d->visits, v);
        }
    }
}

BlockDrain *block_drain_begin(const BlockNode *node, void (*done)(void *opaque),
                              void *opaque)
{
    BlockDrain *d = g_new0(BlockDrain, 1);

    d->visits = g_ptr_array_new_with_free_func(g_free);
    d->refs = 1;
    d->done = done;
    d->opaque = opaque;
    drains = g_slist_prepend(drains, d);
    collect(d, node);
    d->waits = d->visits->len + 1;
    for (guint i = 0; i < d->visits->len; i++) {
        Visit *v = d->visits->pdata[i];
        d->refs++;
        event_loop_post(v->user->user.loop, enter, v);
    }
    wait_less(d);
    return d;
}

void block_drain_end(BlockDrain *d)
{
    for (guint i = 0; i < d->visits->len; i++) {
        Visit *v = d->visits->pdata[i];
        if (!v->left) {
            d->refs++;
            event_loop_post(v->user->user.loop, leave, v);
        }
    }
    put(d);
}

/* Main loop. */
void block_drain_user_left(BlockChild *user)
{
    for (GSList *l = drains, *next; l; l = next) {
        BlockDrain *d = l->data;
        next = l->next;
        d->refs++;
        for (guint i = 0; i < d->visits->len; i++) {
            Visit *v = d->visits->pdata[i];
            if (v->user == user) {
                v->left = TRUE;
                note_idle(v);
            }
        }
        put(d);
    }
}
