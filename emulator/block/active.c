/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are given away and taken back, all at once: migration.
 *
 * The host is asked (locks, sizes) beside the main loop, by descriptors of our own, which
 * share the locks. One change at a time, in the order of asking. The VM does not stand
 * still meanwhile, so that who waits for that finds the images here or there.
 *
 * #syscalls slow: fcntl lseek close
 * #syscalls main: fcntl
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "block/node.h"
#include "block/testing.h"
#include "event/slow.h"
#include "util/error.h"
#include "util/fd.h"

/* What becomes of one image. */
typedef struct Claim {
    BlockNode *node; /* its user's, which the main loop looks at */
    BlockNode image; /* the thread's: as the node at the bottom, and for the same user */
} Claim;

typedef struct Claims {
    GArray *array;
    gboolean take; /* or give away */
    GError *error;
} Claims;

typedef struct Change {
    gboolean take;
    BlockChanged done;
    void *opaque;
} Change;

static gboolean start_inactive;
static GQueue changes = G_QUEUE_INIT;
static gboolean changing; /* the first one is under way */

static void begin_next(void);

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

static void claim_clear(gpointer data)
{
    Claim *claim = data;

    fd_clear(&claim->image.fd);
    g_free(claim->image.name);
    g_free((char *)claim->image.filename);
}

static void claims_free(void *data)
{
    Claims *claims = data;

    g_array_unref(claims->array);
    g_clear_error(&claims->error);
    g_free(claims);
}

static gboolean claim_init(Claim *claim, BlockNode *node, GError **errp)
{
    BlockNode *bottom = block_node_bottom(node);

    *claim = (Claim){ .node = node, .image = *bottom };
    claim->image.user = node->user;
    claim->image.parent = NULL;
    claim->image.name = g_strdup(node->name);
    claim->image.filename = g_strdup(bottom->filename);
    claim->image.fd = fcntl(bottom->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return claim->image.fd >= 0 || error_set_errno(errp, errno, "Node '%s'", node->name);
}

/* To be taken: those in use. To be given away: those that are locked. */
static Claims *claims_new(gboolean take, GError **errp)
{
    Claims *claims = g_new0(Claims, 1);
    gboolean ok = TRUE;

    claims->take = take;
    claims->array = g_array_new(FALSE, FALSE, sizeof(Claim));
    g_array_set_clear_func(claims->array, claim_clear);
    for (GSList *l = block_nodes(); l && ok; l = l->next) {
        BlockNode *node = l->data;
        Claim claim;
        if (node->attached && (take ? !node->active : block_node_bottom(node)->locked)) {
            ok = claim_init(&claim, node, errp);
            g_array_append_val(claims->array, claim);
        }
    }
    if (!ok) {
        g_clear_pointer(&claims, claims_free);
    }
    return claims;
}

static void claims_run(void *data)
{
    Claims *claims = data;

    for (guint i = 0; i < claims->array->len && !claims->error; i++) {
        BlockNode *image = &g_array_index(claims->array, Claim, i).image;
        block_gate_pass(image->name);
        if (claims->take && block_chain_lock(image, &claims->error)) {
            block_chain_refresh_size(image, &claims->error);
        } else {
            block_chain_unlock(image);
        }
    }
    for (guint i = 0; claims->error && i < claims->array->len; i++) {
        block_chain_unlock(&g_array_index(claims->array, Claim, i).image);
    }
}

static void end(GError *error)
{
    Change *c = g_queue_pop_head(&changes);

    changing = FALSE;
    vm_quiesce_release();
    c->done(c->opaque, error);
    g_free(c);
    if (!changing && changes.length) {
        begin_next();
    }
}

/* It may have been unplugged: then its lock goes with our descriptor. */
static gboolean is_there(const Claim *claim)
{
    return g_slist_find(block_nodes(), claim->node) && claim->node->attached;
}

static gboolean refresh_above(BlockNode *node, GError **errp)
{
    return !node->child ||
           (refresh_above(node->child, errp) && node->driver->refresh_size(node, errp));
}

/* The locks are ours. */
static gboolean take_over(const Claim *claim, GError **errp)
{
    BlockNode *bottom = block_node_bottom(claim->node);

    bottom->locked = claim->image.locked;
    bottom->size = claim->image.size;
    return refresh_above(claim->node, errp);
}

static void give_all(void)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        node->active = FALSE;
    }
    start_inactive = TRUE;
}

static void activate_all(void)
{
    start_inactive = FALSE;
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        gboolean was = node->active;
        node->active = TRUE;
        if (!was && node->attached && node->user.resized) {
            node->user.resized(node->user.opaque);
        }
    }
}

static void taken(Claims *claims, GError **errp)
{
    gboolean ok = TRUE;

    for (guint i = 0; i < claims->array->len && ok; i++) {
        Claim *claim = &g_array_index(claims->array, Claim, i);
        ok = !is_there(claim) || take_over(claim, errp);
    }
    for (guint i = 0; i < claims->array->len && !ok; i++) {
        Claim *claim = &g_array_index(claims->array, Claim, i);
        if (is_there(claim)) {
            block_chain_unlock(claim->node);
        }
    }
    if (ok) {
        activate_all();
    }
}

static void claims_done(void *opaque, void *data)
{
    Claims *claims = data;
    GError *error = NULL;

    if (!claims) {
        error_set(&error, "The emulator ends");
    } else if (claims->error) {
        error = g_steal_pointer(&claims->error);
    } else if (claims->take) {
        taken(claims, &error);
    }
    g_clear_pointer(&claims, claims_free);
    end(error);
}

/* What is given away is so at once, as far as we are concerned. */
static void forget_locks(const Claims *claims)
{
    for (guint i = 0; i < claims->array->len; i++) {
        block_node_bottom(g_array_index(claims->array, Claim, i).node)->locked = FALSE;
    }
}

static void begin_next(void)
{
    static const SlowCall calls = { claims_run, claims_done, claims_free };
    const Change *c = g_queue_peek_head(&changes);
    GError *error = NULL;
    Claims *claims = claims_new(c->take, &error);

    changing = TRUE;
    vm_quiesce_hold();
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

static void change(gboolean take, BlockChanged done, void *opaque)
{
    Change *c = g_new(Change, 1);

    *c = (Change){ take, done, opaque };
    g_queue_push_tail(&changes, c);
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
