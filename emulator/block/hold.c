/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image of one node, taken for a user that comes at run time, and given back by one
 * that has gone: what block_node_attach() does at start, with the host asked beside the
 * main loop. Until it has answered the node is in use, by nobody yet, or any more.
 */
#include "accel/run-state.h"
#include "block/node.h"
#include "event/pending.h"
#include "util/error.h"
#include "util/log.h"

typedef struct Change {
    Pending pending;
    BlockChild *user;
} Change;

static PendingList changes;

static void change_begin(BlockChild *user, BlockHold hold, BlockChanged done,
                         void *opaque, BlockClaimed claimed)
{
    Change *c = g_new(Change, 1);
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);

    pending_begin(&c->pending, &changes, done, opaque);
    c->user = user;
    user->hold = hold;
    block_perms_refresh(user->node, NULL);
    block_claim_add_name(claim, user->node->name);
    block_claim_add(claim, user->node);
    block_claim_later(claim, claimed, c);
}

static void change_end(Change *c, GError *error)
{
    pending_end(&c->pending, error);
    g_free(c);
}

/* Where the host cannot be asked the lock stays with the node. */
static void given(void *opaque, GError *error)
{
    Change *c = opaque;

    if (error && !vm_ending()) {
        log_warn("node '%s' stays locked: %s", c->user->node->name, error->message);
        g_clear_error(&error);
    }
    block_child_free(c->user);
    change_end(c, error);
}

/* It has been taken, and has to go again. */
static void undo(Change *c)
{
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);

    c->user->hold = BLOCK_HOLD_GIVEN;
    block_perms_refresh(c->user->node, NULL);
    block_claim_add_name(claim, c->user->node->name);
    block_claim_add(claim, c->user->node);
    block_claim_later(claim, given, c);
}

/* The host has answered; meanwhile other monitors have gone on, and a migration. */
static gboolean settle(BlockNode *node, GError **errp)
{
    return block_node_refresh_size(node, errp) &&
           ((node->active && !block_activity_changes()) ||
            error_set(errp, "Node '%s': the images have been given away", node->name));
}

static void taken(void *opaque, GError *error)
{
    Change *c = opaque;

    if (error) {
        block_child_free(c->user);
    } else if (settle(c->user->node, &c->pending.undone)) {
        c->user->hold = BLOCK_HOLD_HELD;
    } else {
        undo(c);
        return;
    }
    change_end(c, error);
}

void block_node_take_later(BlockNode *node, const BlockUser *user, BlockChanged done,
                           void *opaque)
{
    GError *error = NULL;
    BlockChild *c = block_user_new(node, user, &error);

    if (!c) {
        done(opaque, error);
    } else if (node->active) {
        change_begin(c, BLOCK_HOLD_TAKEN, done, opaque, taken);
    } else { /* attach is all that there is to do */
        block_child_free(c);
        done(opaque, NULL);
    }
}

void block_node_give_later(BlockNode *node, BlockChanged done, void *opaque)
{
    BlockChild *c = block_user_find(node, BLOCK_HOLD_LEFT, NULL);

    c = c ? c : block_user_find(node, BLOCK_HOLD_HELD, NULL);
    if (!c) {
        done(opaque, NULL);
        return;
    }
    change_begin(c, BLOCK_HOLD_GIVEN, done, opaque, given);
}
