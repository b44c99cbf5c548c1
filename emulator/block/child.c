/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edges of the graph: who uses a node, and as what. Main loop. */
#include "block/throttle.h"
#include "util/error.h"

BlockChild *block_child_new(BlockNode *node, BlockNode *parent, BlockRole role)
{
    BlockChild *c = g_new0(BlockChild, 1), **link = &node->parents;

    c->node = node;
    c->parent = parent;
    c->role = role;
    c->shared = BLOCK_PERM_ALL;
    while (*link) {
        link = &(*link)->next_parent;
    }
    *link = c;
    if (parent) {
        for (link = &parent->children; *link; link = &(*link)->next_child) {
        }
        *link = c;
    }
    return c;
}

/* Out of both lists; what is below is used by less. */
void block_child_free(BlockChild *c)
{
    BlockNode *node = c->node;
    BlockChild **link = &node->parents;

    while (*link != c) {
        link = &(*link)->next_parent;
    }
    *link = c->next_parent;
    if (c->parent) {
        for (link = &c->parent->children; *link != c; link = &(*link)->next_child) {
        }
        *link = c->next_child;
    }
    if (c->completed ||
        c->refs) { /* the one whose request was done last: loop.c has it still */
        c->hold = BLOCK_HOLD_GONE;
    } else {
        g_free(c);
    }
    block_perms_refresh(node, NULL);
}

BlockChild *block_child_ref(BlockChild *c)
{
    c->refs++;
    return c;
}

void block_child_unref(BlockChild *c)
{
    if (--c->refs == 0 && c->hold == BLOCK_HOLD_GONE && !c->completed) {
        g_free(c);
    }
}

BlockNode *block_child_node(const BlockNode *node, BlockRole role)
{
    for (const BlockChild *c = node->children; c; c = c->next_child) {
        if (c->role == role) {
            return c->node;
        }
    }
    return NULL;
}

BlockNode *block_node_bottom(const BlockNode *node)
{
    while (node->child) {
        node = node->child;
    }
    return (BlockNode *)node;
}

static gboolean is_user(const BlockChild *c)
{
    return c->role == BLOCK_ROLE_USER;
}

BlockChild *block_node_next_user(const BlockNode *node, const BlockChild *after)
{
    BlockChild *c = after ? after->next_parent : node->parents;

    while (c && !(is_user(c) && c->hold == BLOCK_HOLD_ATTACHED)) {
        c = c->next_parent;
    }
    return c;
}

void block_node_foreach_listed(BlockNode *node, BlockListed fn, void *opaque)
{
    const BlockChild *c = block_node_next_user(node, NULL);

    if (!c && node->of_drive) {
        fn(node, NULL, opaque);
    }
    for (; c; c = block_node_next_user(node, c)) {
        if (c->user.name && !c->user.removable) {
            fn(node, c, opaque);
        }
    }
}

/* One that has gone and has not given back what it had holds nothing up. */
static gboolean counts(const BlockChild *c)
{
    return !is_user(c) || c->hold != BLOCK_HOLD_LEFT;
}

gboolean block_node_in_use(const BlockNode *node)
{
    for (const BlockChild *c = node->parents; c; c = c->next_parent) {
        if (counts(c)) {
            return TRUE;
        }
    }
    return node->asked != 0;
}

gboolean block_node_has_user(const BlockNode *node)
{
    for (const BlockChild *c = node->parents; c; c = c->next_parent) {
        if (is_user(c) && counts(c)) {
            return TRUE;
        }
    }
    return FALSE;
}

BlockChild *block_user_find(const BlockNode *node, BlockHold hold, const BlockUser *like)
{
    guint perm = 0, shared = 0;

    if (like) {
        block_user_perms(like, &perm, &shared);
    }
    for (BlockChild *c = node->parents; c; c = c->next_parent) {
        if (is_user(c) && c->hold == hold &&
            (!like || (c->perm == perm && c->shared == shared))) {
            return c;
        }
    }
    return NULL;
}

void block_node_forget_left(BlockNode *node)
{
    BlockChild *c;

    while ((c = block_user_find(node, BLOCK_HOLD_LEFT, NULL))) {
        block_child_free(c);
    }
}

static gboolean check_user(const BlockNode *node, const BlockUser *user, GError **errp)
{
    if (node->read_only && !user->read_only) {
        return error_set(errp, "Node '%s' is read-only", node->name);
    }
    return !block_activity_changes() ||
           error_set(errp, "Node '%s': the images are being taken over or given away",
                     node->name);
}

BlockChild *block_user_new(BlockNode *node, const BlockUser *user, GError **errp)
{
    if (!check_user(node, user, errp)) {
        return NULL;
    }
    BlockChild *c = block_child_new(node, NULL, BLOCK_ROLE_USER);
    c->user = *user;
    c->hold = BLOCK_HOLD_TAKEN;
    block_user_perms(user, &c->perm, &c->shared);
    if (!block_perms_refresh(node, errp)) {
        block_child_free(c);
        return NULL;
    }
    return c;
}

gboolean block_node_may_attach(BlockNode *node, const BlockUser *user, GError **errp)
{
    BlockChild *c = block_user_new(node, user, errp);

    if (c) {
        block_child_free(c);
    }
    return c != NULL;
}

/* At start, and where an inactive one has nothing to be taken. */
static BlockChild *take_now(BlockNode *node, const BlockUser *user, GError **errp)
{
    block_node_forget_left(node);
    BlockChild *c = block_user_new(node, user, errp);
    if (c && !block_claim_now(node, errp)) {
        block_child_free(c);
        return NULL;
    }
    return c;
}

BlockChild *block_node_attach(BlockNode *node, const BlockUser *user, GError **errp)
{
    BlockChild *c = block_user_find(node, BLOCK_HOLD_HELD, user);

    if (!c) {
        c = take_now(node, user, errp);
    }
    if (!c) {
        return NULL;
    }
    c->loop = block_loop_get(user->loop, errp);
    if (!c->loop) {
        c->hold = BLOCK_HOLD_LEFT;
        return NULL;
    }
    c->user = *user;
    c->hold = BLOCK_HOLD_ATTACHED;
    return c;
}

void block_node_detach(BlockChild *c)
{
    if (c->refs) {
        block_drain_user_left(c);
    }
    if (c->throttle) {
        throttle_group_use(c->throttle, -1);
        c->throttle = NULL;
    }
    block_loop_put(g_steal_pointer(&c->loop));
    c->hold = BLOCK_HOLD_LEFT;
}
