/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are given away and taken back, all at once: migration.
 *
 * The host is asked (locks, sizes) beside the main loop: claim.c. One change at a time,
 * in the order of asking. The VM does not stand still meanwhile, so that who waits for
 * that finds the images here or there.
 */
#include "accel/run-state.h"
#include "block/node.h"
#include "event/pending.h"
#include "util/error.h"

typedef struct Change {
    Pending pending; /* the first member, see first_change() */
    gboolean take;
    BlockNode *top; /* NULL: of all nodes; else of this one and those below it */
    guint waits;    /* for users, and for ourselves until all have been asked */
} Change;

static gboolean start_inactive;
static PendingList changes;
static gboolean changing; /* the first one is under way */

static void begin_next(void);
static void ask_host(Change *c);

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

static gboolean is_below(const BlockNode *node, const BlockNode *top)
{
    for (const BlockChild *c = node->parents; c && node != top; c = c->next_parent) {
        if (c->parent && is_below(c->parent, top)) {
            return TRUE;
        }
    }
    return node == top;
}

/* Does the change touch it? What others have above them is not given away. */
static gboolean concerns(const Change *change, const BlockNode *node)
{
    if (!change->top || node == change->top) {
        return TRUE;
    }
    for (const BlockChild *c = node->parents; c && !change->take; c = c->next_parent) {
        if (!c->parent || !is_below(c->parent, change->top)) {
            return FALSE;
        }
    }
    return is_below(node, change->top);
}

/* To be taken: those in use by name. To be given away: those on images that are locked.
 */
static void add_node(BlockClaim *claim, BlockNode *node, gboolean take)
{
    if (take ? block_node_next_user(node, NULL) != NULL
             : block_node_bottom(node)->held_perm != 0) {
        block_claim_add_name(claim, node->name);
    }
    block_claim_add(claim, node);
    block_claim_add_format(claim, node);
}

/* What is given away may be active in part: all of it goes. */
static BlockClaim *claim_new(const Change *c)
{
    BlockClaim *claim = block_claim_new(c->take ? BLOCK_CLAIM_TAKE : BLOCK_CLAIM_GIVE);

    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        if (concerns(c, node) && !(c->take && node->active)) {
            add_node(claim, node, c->take);
        }
    }
    return claim;
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
    if (c->top) {
        c->top->asked--;
    }
    pending_end(&c->pending, error);
    g_free(c);
    if (!changing && first_change()) {
        begin_next();
    }
}

/* ended: as they are. */
static void set_wanted(const Change *c, gboolean ended)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        if (concerns(c, node)) {
            node->wanted = ended ? node->active : c->take;
        }
    }
    for (GSList *l = block_nodes(); l; l = l->next) {
        block_perms_refresh(l->data, NULL);
    }
}

static void give_all(const Change *c)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        node->active = node->active && !concerns(c, node);
    }
    start_inactive = start_inactive || !c->top;
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

/* Of a flush that failed the last time: all is written anew. */
static void forget_errors(BlockNode *node)
{
    BlockNode *bottom = block_node_bottom(node);

    if (bottom->driver->activated) {
        bottom->driver->activated(bottom);
    }
}

static void tell_user(BlockChild *user, Change *c)
{
    if (user->user.resized) {
        user->user.resized(user->user.opaque);
    }
    if (user->user.activated) {
        forget_errors(user->node);
        c->waits++;
        user->user.activated(user->user.opaque, user_ready, c);
    }
}

static void activate(BlockNode *node, Change *c)
{
    if (node->active) {
        return;
    }
    node->active = TRUE;
    for (BlockChild *user = block_node_next_user(node, NULL); user;
         user = block_node_next_user(node, user)) {
        tell_user(user, c);
    }
}

static void activate_all(void)
{
    Change *c = first_change();

    start_inactive = start_inactive && c->top;
    c->waits = 1;
    for (GSList *l = block_nodes(); l; l = l->next) {
        if (concerns(c, l->data)) {
            activate(l->data, c);
        }
    }
    user_ready(c, NULL);
}

static gboolean refresh_sizes(GError **errp)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        if (block_node_next_user(node, NULL) && !block_node_refresh_size(node, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void claimed(void *opaque, GError *error)
{
    Change *c = opaque;

    if (error || !c->take) {
        set_wanted(c, TRUE);
        end(error);
    } else if (refresh_sizes(&c->pending.undone)) {
        activate_all();
    } else {
        c->take = FALSE;
        ask_host(c);
    }
}

/* What is given away is so at once, as far as we are concerned. */
static void ask_host(Change *c)
{
    BlockClaim *claim = claim_new(c);

    set_wanted(c, FALSE);
    if (!c->take) {
        give_all(c);
    }
    block_claim_later(claim, claimed, c);
}

static void begin_next(void)
{
    changing = TRUE;
    vm_quiesce_hold();
    ask_host(first_change());
}

static void change(gboolean take, BlockNode *top, BlockChanged done, void *opaque)
{
    Change *c = g_new0(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    c->take = take;
    c->top = top;
    if (top) {
        top->asked++;
    }
    if (!changing) {
        begin_next();
    }
}

void block_inactivate_all(BlockChanged done, void *opaque)
{
    change(FALSE, NULL, done, opaque);
}

void block_activate_all(BlockChanged done, void *opaque)
{
    change(TRUE, NULL, done, opaque);
}

/* Somebody above goes on, or may. */
static gboolean check_idle(const BlockNode *node, GError **errp)
{
    for (const BlockChild *c = node->parents; c; c = c->next_parent) {
        if (c->parent && c->parent->active) {
            return error_set(errp, "Node '%s' has active parent node", node->name);
        }
    }
    return !(vm_running() && block_node_has_user(node)) ||
           error_set(errp, "Node '%s' is in use by a VM that runs", node->name);
}

void block_node_set_active_later(const char *name, gboolean active, BlockChanged done,
                                 void *opaque)
{
    BlockNode *node = name ? block_node_find(name) : NULL;
    GError *error = NULL;

    if (name && !node) {
        error_set(&error, "Failed to find node with node-name='%s'", name);
    } else if (!active && !name && vm_running()) {
        error_set(&error, "The VM runs: its images cannot be given away");
    } else if (!active && node) {
        check_idle(node, &error);
    }
    if (error) {
        done(opaque, error);
    } else {
        change(active, node, done, opaque);
    }
}
