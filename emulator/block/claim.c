/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host is asked for the images of some nodes, beside the main loop: the locks
 * that their users need (perm.c), the size of one that nobody has had, and what formats
 * read and write when they are taken over or given away. All of it, or none.
 *
 * The thread works with the nodes themselves, which cannot go meanwhile. An image is
 * asked for by one claim at a time; others wait for it in the order of their coming. What
 * is wanted is looked up when it is its turn.
 *
 * #syscalls slow: fcntl lseek
 */
#include "block/node.h"
#include "event/gate.h"
#include "event/slow.h"
#include "util/error.h"

/* An image: of a node at the bottom. */
typedef struct Image {
    BlockNode *node;
    guint perm, shared;         /* as they shall be */
    guint old_perm, old_shared; /* as the host has them */
    gboolean measured;
    guint64 size;
} Image;

/* Who waits for it: the main loop's, also when the thread keeps the claim. */
typedef struct Waiter {
    BlockClaimed done;
    void *opaque;
} Waiter;

struct BlockClaim {
    GArray *images;   /* of Image */
    GPtrArray *names; /* char *: whose gates are passed */
    GPtrArray
        *nodes; /* formats that are taken over or given away, the bottom ones first */
    const BlockClaimCalls *calls;
    gpointer data; /* the calls' */
    BlockClaimKind kind;
    GError *error;
    Waiter *waiter;
};

static GQueue waiting; /* of BlockClaim */
static gboolean ended; /* the process */

/* --- what is claimed --- */

BlockClaim *block_claim_new(BlockClaimKind kind)
{
    BlockClaim *claim = g_new0(BlockClaim, 1);

    claim->kind = kind;
    claim->images = g_array_new(FALSE, TRUE, sizeof(Image));
    claim->names = g_ptr_array_new_with_free_func(g_free);
    claim->nodes = g_ptr_array_new();
    return claim;
}

void block_claim_set_calls(BlockClaim *claim, const BlockClaimCalls *calls, gpointer data)
{
    claim->calls = calls;
    claim->data = data;
}

static Image *image_at(const BlockClaim *claim, guint i)
{
    return &g_array_index(claim->images, Image, i);
}

static void add_image(BlockClaim *claim, BlockNode *node)
{
    for (guint i = 0; i < claim->images->len; i++) {
        if (image_at(claim, i)->node == node) {
            return;
        }
    }
    Image image = { .node = node };
    g_array_append_val(claim->images, image);
}

void block_claim_add(BlockClaim *claim, BlockNode *node)
{
    if (node->driver->lock) {
        add_image(claim, node);
    }
    for (const BlockChild *c = node->children; c; c = c->next_child) {
        block_claim_add(claim, c->node);
    }
}

void block_claim_add_name(BlockClaim *claim, const char *name)
{
    g_ptr_array_add(claim->names, g_strdup(name));
}

void block_claim_add_format(BlockClaim *claim, BlockNode *node)
{
    if (node->driver->activate) {
        g_ptr_array_add(claim->nodes, node);
    }
}

static void claim_free(BlockClaim *claim)
{
    g_array_unref(claim->images);
    g_ptr_array_unref(claim->names);
    g_ptr_array_unref(claim->nodes);
    g_clear_error(&claim->error);
    g_free(claim);
}

/* --- the thread's --- */

static gboolean take_image(Image *image, GError **errp)
{
    const BlockDriver *driver = image->node->driver;

    if (!driver->lock(image->node, image->old_perm, image->old_shared, image->perm,
                      image->shared, errp)) {
        return FALSE;
    }
    /* It may have grown while nobody had it. */
    if (!image->old_perm && image->perm &&
        !driver->measure(image->node, &image->size, errp)) {
        driver->lock(image->node, image->perm, image->shared, image->old_perm,
                     image->old_shared, NULL);
        return FALSE;
    }
    image->measured = !image->old_perm && image->perm;
    return TRUE;
}

/* The first n. */
static void restore(BlockClaim *claim, guint n)
{
    while (n-- > 0) {
        const Image *image = image_at(claim, n);
        image->node->driver->lock(image->node, image->perm, image->shared,
                                  image->old_perm, image->old_shared, NULL);
    }
}

static gboolean take_images(BlockClaim *claim, GError **errp)
{
    for (guint i = 0; i < claim->images->len; i++) {
        if (!take_image(image_at(claim, i), errp)) {
            restore(claim, i);
            return FALSE;
        }
    }
    return TRUE;
}

/* Nobody uses them yet: formats read up to where the images end now, and may grow them.
 */
static void take_sizes(const BlockClaim *claim)
{
    for (guint i = 0; i < claim->images->len; i++) {
        const Image *image = image_at(claim, i);
        if (image->measured) {
            image->node->size = image->size;
        }
    }
}

static gboolean take_formats(BlockClaim *claim, GError **errp)
{
    for (guint i = 0; i < claim->nodes->len; i++) {
        BlockNode *node = claim->nodes->pdata[i];
        if (!node->driver->activate(node, errp)) {
            while (i-- > 0) {
                node = claim->nodes->pdata[i];
                node->driver->inactivate(node, NULL);
            }
            return FALSE;
        }
    }
    return TRUE;
}

/* From the top. The first error counts; all go all the same. */
static void give_formats(BlockClaim *claim)
{
    for (guint i = claim->nodes->len; i-- > 0;) {
        BlockNode *node = claim->nodes->pdata[i];
        node->driver->inactivate(node, claim->error ? NULL : &claim->error);
    }
}

static void claim_ask(BlockClaim *claim)
{
    if (claim->kind == BLOCK_CLAIM_GIVE) {
        give_formats(claim);
        take_images(claim, claim->error ? NULL : &claim->error);
        return;
    }
    if (!take_images(claim, &claim->error)) {
        return;
    }
    take_sizes(claim);
    if (!take_formats(claim, &claim->error)) {
        restore(claim, claim->images->len);
    }
}

static void claim_run(void *data)
{
    BlockClaim *claim = data;
    const BlockClaimCalls *calls = claim->calls;

    for (guint i = 0; i < claim->names->len; i++) {
        gate_pass(claim->names->pdata[i]);
    }
    if (calls && calls->open && !calls->open(claim->data, &claim->error)) {
        return;
    }
    claim_ask(claim);
    if (calls && calls->end) {
        calls->end(claim->data, claim->error);
    }
}

/* --- the main loop's --- */

/* Who has nothing yet gives it back as soon as it has it: there is nothing to wait for.
 */
static gboolean is_busy(const BlockClaim *claim)
{
    for (guint i = 0; i < claim->images->len; i++) {
        const BlockNode *node = image_at(claim, i)->node;
        if (node->claimed &&
            (claim->kind != BLOCK_CLAIM_GIVE || node->held_perm || node->held_unshared)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void mark(BlockClaim *claim, gboolean begins)
{
    for (guint i = 0; i < claim->images->len; i++) {
        BlockNode *node = image_at(claim, i)->node;
        node->claimed = begins;
        node->asked += begins ? 1 : -1;
    }
    for (guint i = 0; i < claim->nodes->len; i++) {
        ((BlockNode *)claim->nodes->pdata[i])->asked += begins ? 1 : -1;
    }
}

/* FALSE: it stays as it is. */
static gboolean look_up_image(Image *image)
{
    const BlockNode *node = image->node;

    image->old_perm = node->held_perm;
    image->old_shared = ~node->held_unshared & BLOCK_PERM_ALL;
    image->perm = 0;
    image->shared = BLOCK_PERM_ALL;
    if (node->wanted) {
        block_node_perms(node, &image->perm, &image->shared);
    }
    return image->perm != image->old_perm || image->shared != image->old_shared;
}

/* FALSE: nothing of it is the host's. */
static gboolean look_up(BlockClaim *claim)
{
    for (guint i = claim->images->len; i-- > 0;) {
        if (!look_up_image(image_at(claim, i))) {
            g_array_remove_index(claim->images, i);
        }
    }
    return claim->images->len || claim->nodes->len || claim->calls;
}

static void settle(BlockClaim *claim)
{
    for (guint i = 0; i < claim->images->len; i++) {
        const Image *image = image_at(claim, i);
        BlockNode *node = image->node;

        node->held_perm = image->perm;
        node->held_unshared = ~image->shared & BLOCK_PERM_ALL;
    }
}

static void start_waiting(void);

/* Whoever waits is told, and those go on that have waited for the images. */
static void tell(Waiter *waiter, GError *error)
{
    waiter->done(waiter->opaque, error);
    g_free(waiter);
    start_waiting();
}

static void end(BlockClaim *claim, GError *error)
{
    Waiter *waiter = claim->waiter;

    claim_free(claim);
    tell(waiter, error);
}

static void claim_done(void *opaque, void *data)
{
    BlockClaim *claim = data;
    GError *error = NULL;

    if (!claim) { /* it stays the thread's, with the nodes */
        ended = TRUE;
        error_set(&error, "The emulator ends");
        tell(opaque, error);
        return;
    }
    mark(claim, FALSE);
    error = g_steal_pointer(&claim->error);
    if (!error || claim->kind == BLOCK_CLAIM_GIVE) {
        settle(claim);
    }
    end(claim, error);
}

static void claim_drop(void *data)
{
    BlockClaim *claim = data;

    if (claim->calls && claim->calls->drop) {
        claim->calls->drop(claim->data);
    }
    claim_free(claim);
}

/* It is its turn. */
static void start(BlockClaim *claim)
{
    static const SlowCall calls = { claim_run, claim_done, claim_drop };
    GError *error = NULL;

    if (!look_up(claim)) {
        end(claim, NULL);
        return;
    }
    mark(claim, TRUE);
    if (slow_start(&calls, claim, claim->waiter, &error)) {
        return;
    }
    mark(claim, FALSE);
    if (claim->kind == BLOCK_CLAIM_GIVE &&
        !claim->calls) { /* others are waiting for them */
        g_clear_error(&error);
        claim_run(claim);
        settle(claim);
        error = g_steal_pointer(&claim->error);
    }
    end(claim, error);
}

static void start_waiting(void)
{
    GList *next;

    for (GList *l = waiting.head; l; l = next) {
        BlockClaim *claim = l->data;
        next = l->next;
        if (ended || !is_busy(claim)) {
            g_queue_delete_link(&waiting, l);
            start(claim);
            return; /* which starts the next ones, now or later */
        }
    }
}

void block_claim_later(BlockClaim *claim, BlockClaimed done, void *opaque)
{
    claim->waiter = g_new(Waiter, 1);
    *claim->waiter = (Waiter){ done, opaque };
    if (is_busy(claim) && !ended) {
        g_queue_push_tail(&waiting, claim);
    } else {
        start(claim);
    }
}

void block_claims_go_on(void)
{
    start_waiting();
}

gboolean block_claim_ended(void)
{
    return ended;
}

gboolean block_claim_run_now(BlockClaim *claim, GError **errp)
{
    gboolean ok = TRUE;

    if (look_up(claim)) {
        claim_run(claim);
        ok = !claim->error;
        if (ok) {
            settle(claim);
        } else {
            g_propagate_error(errp, g_steal_pointer(&claim->error));
        }
    }
    claim_free(claim);
    return ok;
}

gboolean block_claim_now(BlockNode *node, GError **errp)
{
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);

    block_claim_add(claim, node);
    return block_claim_run_now(claim, errp) && block_node_refresh_size(node, errp);
}
