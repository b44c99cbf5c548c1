/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block nodes by name, and their requests. */
#include <errno.h>
#include <string.h>

#include "block/throttle.h"
#include "util/error.h"

static GSList *nodes; /* in order of creation */

GSList *block_nodes(void)
{
    return nodes;
}

void block_node_list(BlockNode *node)
{
    nodes = g_slist_append(nodes, node);
}

void block_node_unlist(BlockNode *node)
{
    nodes = g_slist_remove(nodes, node);
}

BlockNode *block_node_find(const char *name)
{
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (g_str_equal(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

static gboolean has_disk(const BlockNode *node, const char *name)
{
    for (const BlockChild *c = block_node_next_user(node, NULL); c;
         c = block_node_next_user(node, c)) {
        if (block_user_is_disk(c) && g_str_equal(c->user.name, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean block_user_exists(const char *name)
{
    for (GSList *l = nodes; l; l = l->next) {
        if (has_disk(l->data, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

void block_node_set_drive(BlockNode *node)
{
    node->of_drive = TRUE;
}

const char *block_node_drive(const BlockNode *node)
{
    const BlockChild *c = block_node_next_user(node, NULL);

    if (c && c->user.removable) {
        return c->user.drive ? c->user.drive : "";
    }
    return node->of_drive ? node->name : "";
}

const char *block_node_name(const BlockNode *node)
{
    return node->name;
}

/* From the bottom up: a size depends on the one below. */
gboolean block_node_refresh_size(BlockNode *node, GError **errp)
{
    for (const BlockChild *c = node->children; c; c = c->next_child) {
        if (!block_node_refresh_size(c->node, errp)) {
            return FALSE;
        }
    }
    return !node->driver->refresh_size || node->driver->refresh_size(node, errp);
}

guint64 block_node_size(const BlockNode *node)
{
    return node->size;
}

const char *block_node_filename(const BlockNode *node)
{
    return block_node_bottom(node)->filename;
}

gboolean block_node_read_only(const BlockNode *node)
{
    return node->read_only;
}

guint32 block_node_sector_size(const BlockNode *node)
{
    return block_node_bottom(node)->sector_size;
}

gboolean block_node_can_discard(const BlockNode *node)
{
    return node->unmap && (!node->child || block_node_can_discard(node->child));
}

void block_node_complete(BlockRequest *r, int ret)
{
    block_loop_complete(r->user->loop, r, ret);
}

gboolean block_node_is_active(const BlockNode *node)
{
    return node->active;
}

/* Which error a request deserves before the node's driver gets it; 0: none. */
static int check_request(const BlockNode *node, const BlockRequest *r)
{
    if (!node->active && !r->internal) {
        return -EIO;
    }
    if (r->op != BLOCK_FLUSH && (r->pos > node->size || r->bytes > node->size - r->pos)) {
        return -EINVAL;
    }
    return 0;
}

static gboolean is_zero(const guint8 *data, gsize len)
{
    gsize lead = MIN(len, 16);

    for (gsize i = 0; i < lead; i++) {
        if (data[i]) {
            return FALSE;
        }
    }
    return memcmp(data, data + lead, len - lead) == 0; /* each is as the one before */
}

static gboolean writes_zeros(const BlockRequest *r)
{
    for (unsigned i = 0; i < r->n_iov; i++) {
        if (!is_zero(r->iov[i].iov_base, r->iov[i].iov_len)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void note_write(BlockNode *node, BlockRequest *r)
{
    if (node->detect_zeroes && r->op == BLOCK_WRITE && writes_zeros(r)) {
        r->op = BLOCK_WRITE_ZEROES;
        r->unmap = node->detect_zeroes == DETECT_ZEROES_UNMAP;
    }
    block_node_note_write(node, r->pos + r->bytes);
    if (block_write_threshold(node)) {
        block_node_check_threshold(node, r->pos + r->bytes);
    }
}

BlockFrame *block_request_watch(BlockNode *node, BlockRequest *r)
{
    BlockFrame *frame = r->frames ? g_new(BlockFrame, 1) : &r->frame;

    frame->up = r->frames;
    frame->node = node;
    r->frames = frame;
    return frame;
}

void block_request_unwatch(BlockRequest *r)
{
    BlockFrame *frame = r->frames;

    r->frames = frame->up;
    if (frame != &r->frame) {
        g_free(frame);
    }
}

void block_request_ended(BlockRequest *r)
{
    while (r->frames) {
        BlockFrame *frame = r->frames;
        r->frames = frame->up;
        frame->node->driver->ended(frame->node, r, frame);
        if (frame != &r->frame) {
            g_free(frame);
        }
    }
}

void block_node_submit(BlockNode *node, BlockRequest *r)
{
    int error = check_request(node, r);

    r->node = node;
    r->unmap = r->unmap && node->unmap;
    if (error || (r->op == BLOCK_DISCARD && !node->unmap)) {
        block_node_complete(r, error);
        return;
    }
    if (r->op == BLOCK_WRITE || r->op == BLOCK_WRITE_ZEROES) {
        note_write(node, r);
    }
    node->driver->submit(node, r);
}

int block_node_blocking(BlockNode *node, BlockRequest *r)
{
    int error = check_request(node, r);

    r->node = node;
    r->unmap = r->unmap && node->unmap;
    if (error || (r->op == BLOCK_DISCARD && !node->unmap)) {
        return error;
    }
    if (r->op == BLOCK_WRITE || r->op == BLOCK_WRITE_ZEROES) {
        note_write(node, r);
    }
    return node->driver->blocking(node, r);
}

static void submit_limited(BlockChild *user, BlockRequest *r)
{
    ThrottleGroup *group = g_atomic_pointer_get(&user->throttle);

    if (!group || !throttle_wait(group, user->node, r)) {
        block_node_submit(user->node, r);
    }
}

void block_submit(BlockChild *user, BlockRequest *r)
{
    BlockNode *node = user->node;
    gboolean reads = r->op == BLOCK_READ || r->op == BLOCK_FLUSH;

    if (user->drains) {
        block_drain_keep(user, r);
        return;
    }
    user->in_flight++;
    r->user = user;
    r->node = node;
    r->serialised = FALSE;
    r->asked = r->op;
    r->internal = FALSE;
    r->frames = NULL;
    r->pos = r->offset;
    r->moved = 0;
    if (!reads && user->user.read_only) {
        block_node_complete(r, -EPERM);
    } else if (r->op != BLOCK_FLUSH && r->bytes == 0) {
        block_node_complete(r, node->active ? 0 : -EIO);
    } else {
        submit_limited(user, r);
    }
}

void block_plug(BlockChild *user)
{
    block_loop_plug(user->loop);
}

void block_unplug(BlockChild *user)
{
    block_loop_unplug(user->loop);
}

static void forget_users(BlockNode *node)
{
    BlockChild *c;

    while ((c = block_node_next_user(node, NULL))) {
        block_node_detach(c);
    }
    block_node_forget_left(node);
}

/* At exit: users are gone, or never will make a request again. */
void block_cleanup(void)
{
    g_autoptr(GSList) all = g_steal_pointer(&nodes);
    GSList *kept = NULL;

    block_worker_cleanup();
    for (GSList *l = all; l; l = l->next) {
        forget_users(l->data);
    }
    /* From above: who is above may still have to write. */
    all = g_slist_reverse(all);
    for (GSList *l = all; l; l = l->next) {
        BlockNode *node = l->data;
        if (block_node_in_use(node)) { /* the host is asked still, or for one above */
            kept = g_slist_prepend(kept, node);
            continue;
        }
        block_node_close(node);
        block_node_free(node);
    }
    nodes = kept;
    throttle_cleanup();
}
