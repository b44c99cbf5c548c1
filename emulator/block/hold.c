/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image of one node, taken for a user that comes at run time, and given back by one
 * that has gone: what block_node_attach() does at start, with the host asked beside the
 * main loop. Until it has answered the node is in use, by nobody yet, or any more.
 */
#include "accel/run-state.h"
#include "block/node.h"
#include "event/pending.h"
#include "event/slow.h"
#include "util/error.h"
#include "util/log.h"

/* The thread's. */
typedef struct Ask {
    BlockClaim claim;
    gboolean take; /* or give back */
    GError *error;
} Ask;

/* The main loop's. */
typedef struct Change {
    Pending pending;
    BlockNode *node;
} Change;

static PendingList changes;

static void ask_run(void *data)
{
    Ask *ask = data;

    if (ask->take) {
        block_claim_take(&ask->claim, &ask->error);
    } else {
        block_claim_give(&ask->claim);
    }
    block_claim_close(&ask->claim);
}

static void ask_free(void *data)
{
    Ask *ask = data;

    block_claim_clear(&ask->claim);
    g_clear_error(&ask->error);
    g_free(ask);
}

/* FALSE: done() of calls will not be called. */
static gboolean ask_host(const SlowCall *calls, gboolean take, Change *c, GError **errp)
{
    Ask *ask = g_new0(Ask, 1);

    ask->take = take;
    if (block_claim_init(&ask->claim, c->node, errp) && slow_start(calls, ask, c, errp)) {
        return TRUE;
    }
    ask_free(ask);
    return FALSE;
}

static Change *change_new(BlockNode *node, BlockChanged done, void *opaque)
{
    Change *c = g_new(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    c->node = node;
    return c;
}

static void change_end(Change *c, BlockHold hold, GError *error)
{
    c->node->hold = hold;
    pending_end(&c->pending, error);
    g_free(c);
}

static void given(void *opaque, void *data)
{
    Change *c = opaque;
    GError *error = NULL;

    if (!data) {
        error_set(&error, "The emulator ends");
    }
    g_clear_pointer(&data, ask_free);
    change_end(c, BLOCK_HOLD_NOBODY, error);
}

/* Where the host cannot be asked the lock stays with the node. */
static void give(Change *c)
{
    static const SlowCall calls = { ask_run, given, ask_free };
    BlockNode *bottom = block_node_bottom(c->node);
    g_autoptr(GError) error = NULL;

    c->node->hold = BLOCK_HOLD_GIVEN;
    if (bottom->locked) {
        if (ask_host(&calls, FALSE, c, &error)) {
            bottom->locked = FALSE;
            return;
        }
        if (!vm_ending()) {
            log_warn("node '%s' stays locked: %s", c->node->name, error->message);
        }
    }
    change_end(c, BLOCK_HOLD_NOBODY, NULL);
}

/* The host has answered; meanwhile other monitors have gone on, and a migration. */
static gboolean settle(const BlockClaim *claim, GError **errp)
{
    const BlockNode *node = claim->node;

    return block_claim_settle(claim, errp) &&
           ((node->active && !block_activity_changes()) ||
            error_set(errp, "Node '%s': the images have been given away", node->name));
}

static void taken(void *opaque, void *data)
{
    Change *c = opaque;
    Ask *ask = data;
    GError *error = NULL;

    if (!ask) {
        error_set(&error, "The emulator ends");
    } else if (ask->error) {
        error = g_steal_pointer(&ask->error);
    } else if (!settle(&ask->claim, &c->pending.undone)) {
        ask_free(ask);
        give(c);
        return;
    }
    g_clear_pointer(&ask, ask_free);
    change_end(c, error ? BLOCK_HOLD_NOBODY : BLOCK_HOLD_HELD, error);
}

void block_node_take_later(BlockNode *node, const BlockUser *user, BlockChanged done,
                           void *opaque)
{
    static const SlowCall calls = { ask_run, taken, ask_free };
    GError *error = NULL;

    if (!block_node_may_attach(node, user, &error) || !node->active) {
        done(opaque, error);
        return;
    }
    Change *c = change_new(node, done, opaque);
    node->user = *user;
    node->hold = BLOCK_HOLD_TAKEN;
    if (!ask_host(&calls, TRUE, c, &error)) {
        change_end(c, BLOCK_HOLD_NOBODY, error);
    }
}

void block_node_give_later(BlockNode *node, BlockChanged done, void *opaque)
{
    g_assert(!node->attached);
    give(change_new(node, done, opaque));
}
