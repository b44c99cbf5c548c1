/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are given away and taken back, all at once: migration.
 *
 * The host is asked (locks, sizes) beside the main loop, by descriptors of our own, which
 * share the locks. One change at a time, in the order of asking. The VM does not stand
 * still meanwhile, so that who waits for that finds the images here or there.
 *
 * #syscalls main: fcntl
 */
#include "accel/run-state.h"
#include "block/node.h"
#include "event/pending.h"
#include "event/slow.h"
#include "util/error.h"

typedef struct Claims {
    GArray *array;
    gboolean take; /* or give away */
    GError *error;
} Claims;

typedef struct Change {
    Pending pending; /* the first member, see first_change() */
    gboolean take;
    guint waits; /* for users, and for ourselves until all have been asked */
} Change;

static gboolean start_inactive;
static PendingList changes;
static gboolean changing; /* the first one is under way */

static void begin_next(void);
static void ask_host(const Change *c);

void block_set_start_inactive(gboolean inactive)
{
    start_inactive = inactive;
}

gboolean block_starts_inactive(void)
{
    return start_inactive;
}

gboolean block_activity_changes(void)
{
    return changing;
}

static void claims_free(void *data)
{
    Claims *claims = data;

    g_array_unref(claims->array);
    g_clear_error(&claims->error);
    g_free(claims);
}

/* To be taken: those in use. To be given away: those that are locked, each once. */
static Claims *claims_new(gboolean take, GError **errp)
{
    Claims *claims = g_new0(Claims, 1);
    gboolean ok = TRUE;

    claims->take = take;
    claims->array = g_array_new(FALSE, FALSE, sizeof(BlockClaim));
    g_array_set_clear_func(claims->array, block_claim_clear);
    for (GSList *l = block_nodes(); l && ok; l = l->next) {
        BlockNode *node = l->data;
        BlockClaim claim;
        if (take ? node->attached && !node->active
                 : !node->parent && block_node_bottom(node)->locked) {
            ok = block_claim_init(&claim, node, errp);
            g_array_append_val(claims->array, claim);
        }
    }
    if (!ok) {
        g_clear_pointer(&claims, claims_free);
    }
    return claims;
}

static BlockClaim *claim_at(const Claims *claims, guint i)
{
    return &g_array_index(claims->array, BlockClaim, i);
}

static void claims_run(void *data)
{
    Claims *claims = data;

    for (guint i = 0; i < claims->array->len && !claims->error; i++) {
        if (claims->take) {
            block_claim_take(claim_at(claims, i), &claims->error);
        } else {
            block_claim_give(claim_at(claims, i));
        }
    }
    for (guint i = 0; claims->error && i < claims->array->len; i++) {
        block_claim_give(claim_at(claims, i));
    }
    for (guint i = 0; i < claims->array->len; i++) {
        block_claim_close(claim_at(claims, i));
    }
}

static Change *first_change(void)
{
    return (Change *)pending_first(&changes);
}

static void end(GError *error)
{
    Change *c = first_change();

    changing = FALSE;
    vm_quiesce_release();
    pending_end(&c->pending, error);
    g_free(c);
    if (!changing && first_change()) {
        begin_next();
    }
}

/* It may have been unplugged: then its lock goes with the node. */
static gboolean is_there(const BlockClaim *claim)
{
    return g_slist_find(block_nodes(), claim->node) && claim->node->attached;
}

static void give_all(void)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        node->active = FALSE;
    }
    start_inactive = TRUE;
}

/* One that fails: all is given away again, and then its error is told. */
static void user_ready(void *opaque, GError *error)
{
    Change *c = opaque;

    if (!c->pending.undone) {
        c->pending.undone = error;
    } else {
        g_clear_error(&error);
    }
    if (--c->waits) {
        return;
    }
    if (c->pending.undone) {
        c->take = FALSE;
        ask_host(c);
    } else {
        end(NULL);
    }
}

static void activate_bottom(BlockNode *bottom)
{
    if (bottom->driver->activated) {
        bottom->driver->activated(bottom);
    }
}

static void activate(BlockNode *node, Change *c)
{
    gboolean was = node->active;

    node->active = TRUE;
    if (was || !node->attached) {
        return;
    }
    if (node->user.resized) {
        node->user.resized(node->user.opaque);
    }
    if (node->user.activated) {
        activate_bottom(block_node_bottom(node));
        c->waits++;
        node->user.activated(node->user.opaque, user_ready, c);
    }
}

static void activate_all(void)
{
    Change *c = first_change();

    start_inactive = FALSE;
    c->waits = 1;
    for (GSList *l = block_nodes(); l; l = l->next) {
        activate(l->data, c);
    }
    user_ready(c, NULL);
}

static gboolean taken(Claims *claims, GError **errp)
{
    gboolean ok = TRUE;

    for (guint i = 0; i < claims->array->len && ok; i++) {
        BlockClaim *claim = claim_at(claims, i);
        ok = !is_there(claim) || block_claim_settle(claim, errp);
    }
    for (guint i = 0; i < claims->array->len && !ok; i++) {
        BlockClaim *claim = claim_at(claims, i);
        if (is_there(claim)) {
            block_chain_unlock(claim->node);
        }
    }
    return ok;
}

static void claims_done(void *opaque, void *data)
{
    Claims *claims = data;
    GError *error = NULL;
    gboolean activates = FALSE;

    if (!claims) {
        error_set(&error, "The emulator ends");
    } else if (claims->error) {
        error = g_steal_pointer(&claims->error);
    } else if (claims->take) {
        activates = taken(claims, &error);
    }
    g_clear_pointer(&claims, claims_free);
    if (activates) {
        activate_all();
    } else {
        end(error);
    }
}

/* What is given away is so at once, as far as we are concerned. */
static void forget_locks(const Claims *claims)
{
    for (guint i = 0; i < claims->array->len; i++) {
        block_node_bottom(claim_at(claims, i)->node)->locked = FALSE;
    }
}

static void ask_host(const Change *c)
{
    static const SlowCall calls = { claims_run, claims_done, claims_free };
    GError *error = NULL;
    Claims *claims = claims_new(c->take, &error);

    if (!c->take) {
        give_all();
    }
    if (claims && !c->take) {
        forget_locks(claims);
    }
    if (!claims) {
        end(error);
    } else if (!claims->array->len) {
        claims_done(NULL, claims);
    } else if (!slow_start(&calls, claims, NULL, c->take ? &claims->error : NULL)) {
        if (!c->take) {
            claims_run(claims); /* others are waiting for them */
        }
        claims_done(NULL, claims);
    }
}

static void begin_next(void)
{
    changing = TRUE;
    vm_quiesce_hold();
    ask_host(first_change());
}

static void change(gboolean take, BlockChanged done, void *opaque)
{
    Change *c = g_new0(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    c->take = take;
    if (!changing) {
        begin_next();
    }
}

void block_inactivate_all(BlockChanged done, void *opaque)
{
    change(FALSE, done, opaque);
}

void block_activate_all(BlockChanged done, void *opaque)
{
    change(TRUE, done, opaque);
}
