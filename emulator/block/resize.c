/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block_resize: drained first, then the lock that says so, then the image; what is above
 * follows, and its users are told.
 */
#include "block/node.h"
#include "block/removable.h"
#include "event/pending.h"
#include "util/error.h"

typedef struct Resize {
    Pending pending;
    BlockChild *user; /* ours: needs to resize */
    BlockDrain *drain;
    guint64 size; /* wanted */
    /* the thread's, of the image at the bottom */
    guint64 bottom_size;
    GError *error;
} Resize;

static PendingList resizes;

gboolean block_node_truncate(BlockNode *node, guint64 size, GError **errp)
{
    return node->driver->truncate
               ? node->driver->truncate(node, size, errp)
               : error_set(errp, "Image format driver '%s' does not support resize",
                           node->driver->type.name);
}

/* On the thread. */
static void resize_image(gpointer data, const GError *error)
{
    Resize *c = data;
    BlockNode *bottom = block_node_bottom(c->user->node);

    if (error || !block_node_truncate(c->user->node, c->size, &c->error)) {
        return;
    }
    c->bottom_size = bottom->size;
    if (bottom->driver->measure) {
        bottom->driver->measure(bottom, &c->bottom_size, &c->error);
    }
}

static void end(Resize *c, GError *error)
{
    block_drain_end(c->drain);
    pending_end(&c->pending, error);
    g_clear_error(&c->error);
    g_free(c);
}

/* Its lock has gone; or not, and then the next claim takes it away. */
static void released(void *opaque, GError *error)
{
    Resize *c = opaque;

    g_clear_error(&error);
    block_child_free(g_steal_pointer(&c->user));
    end(c, NULL);
}

static void tell_users(BlockNode *node, guint64 old)
{
    for (BlockChild *u = block_node_next_user(node, NULL); u && node->size != old;
         u = block_node_next_user(node, u)) {
        if (u->user.resized) {
            u->user.resized(u->user.opaque);
        }
    }
}

/* In the order of the list those below come first. */
gboolean block_nodes_follow(GError **errp)
{
    gboolean ok = TRUE;

    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        guint64 old = node->size;

        if (node->driver->refresh_size &&
            !node->driver->refresh_size(node, ok ? errp : NULL)) {
            node->size = 0; /* it is not there any more */
            ok = FALSE;
        }
        tell_users(node, old);
    }
    return ok;
}

static void resized(void *opaque, GError *error)
{
    Resize *c = opaque;
    BlockClaim *claim;

    if (!error) {
        error = g_steal_pointer(&c->error);
    }
    if (!error) {
        BlockNode *bottom = block_node_bottom(c->user->node);
        guint64 old = bottom->size;
        bottom->size = c->bottom_size;
        tell_users(bottom, old);
        block_nodes_follow(&error);
    }
    if (block_claim_ended()) { /* the thread has it */
        pending_end(&c->pending, error);
        return;
    }
    c->pending.undone = error;
    claim = block_claim_new(BLOCK_CLAIM_USERS);
    c->user->hold = BLOCK_HOLD_GIVEN;
    block_perms_refresh(c->user->node, NULL);
    block_claim_add(claim, c->user->node);
    block_claim_later(claim, released, c);
}

/* Nothing is in flight. */
static void drained(void *opaque)
{
    static const BlockClaimCalls calls = { .end = resize_image };
    Resize *c = opaque;
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);

    block_claim_set_calls(claim, &calls, c);
    block_claim_add_name(claim, c->user->node->name);
    block_claim_add(claim, c->user->node);
    block_claim_later(claim, resized, c);
}

static gboolean may_resize(const BlockNode *node, GError **errp)
{
    if (node->read_only) {
        return error_set(errp, "Image is read-only");
    }
    if (block_activity_changes()) {
        return error_set(errp, "Node '%s': the images are being taken over or given away",
                         node->name);
    }
    return node->active || error_set(errp, "Node '%s' is inactive", node->name);
}

/* A user who needs nothing but that. */
static BlockChild *resizer_new(BlockNode *node, GError **errp)
{
    if (!may_resize(node, errp)) {
        return NULL;
    }
    BlockChild *c = block_child_new(node, NULL, BLOCK_ROLE_USER);
    c->hold = BLOCK_HOLD_TAKEN;
    c->perm = BLOCK_PERM_RESIZE;
    if (!block_perms_refresh(node, errp)) {
        block_child_free(c);
        return NULL;
    }
    return c;
}

void block_node_resize_later(BlockNode *node, guint64 size, BlockChanged done,
                             void *opaque)
{
    GError *error = NULL;
    BlockChild *child = resizer_new(node, &error);

    if (!child) {
        done(opaque, error);
        return;
    }
    Resize *c = g_new0(Resize, 1);
    pending_begin(&c->pending, &resizes, done, opaque);
    c->user = child;
    c->size = size;
    c->drain = block_drain_begin(node, drained, c);
}

static BlockNode *node_of_device(const char *device, GError **errp)
{
    Removable *drive = removable_find_drive(device);

    for (GSList *l = drive ? NULL : block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        for (BlockChild *u = block_node_next_user(node, NULL); u;
             u = block_node_next_user(node, u)) {
            if (g_strcmp0(u->user.name, device) == 0) {
                return node;
            }
        }
    }
    if (!drive || !drive->medium) {
        error_set(errp, drive ? "Device '%s' has no medium" : "Device '%s' not found",
                  device);
        return NULL;
    }
    return drive->medium;
}

BlockNode *block_node_lookup(const char *device, const char *name, GError **errp)
{
    if (!device == !name) {
        error_set(errp, "Need exactly one of 'device' and 'node-name'");
        return NULL;
    }
    if (device) {
        return node_of_device(device, errp);
    }
    BlockNode *node = block_node_find(name);
    if (!node) {
        error_set(errp, "Cannot find device='' nor node-name='%s'", name);
    }
    return node;
}
