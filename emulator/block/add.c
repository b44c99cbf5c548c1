/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How nodes come and go: one with those that are given inline in it, all or none.
 *
 * The host is asked (open, flush, close) beside the main loop, see event/slow.h. Until it
 * has answered the nodes are in no list: nobody finds half of one, and a node that goes
 * is gone. Their names are taken meanwhile, and so is the node that they refer to.
 */
#include "block/node.h"
#include "event/gate.h"
#include "event/pending.h"
#include "event/slow.h"
#include "util/error.h"
#include "util/log.h"

/* Nodes that come or go together, those below before those above. */
typedef struct NodeSet {
    GPtrArray *nodes;
    GPtrArray *borrowed; /* that were there before, and are children of some */
    GError *error;
} NodeSet;

/* What the main loop keeps of a set that is with the host. */
typedef struct Change {
    Pending pending; /* the top one's name is the last */
    NodeSet *set;    /* NULL: the thread's */
    gboolean inactive;
} Change;

static PendingList changes;
static unsigned anonymous_count;

/* Names and children */

static gboolean check_name(const char *name, GError **errp)
{
    return !name || (!block_node_find(name) && !pending_has_name(&changes, name)) ||
           error_set(errp, "Duplicate nodes with node-name='%s'", name);
}

void block_node_close(BlockNode *node)
{
    if (node->driver->close) {
        node->driver->close(node);
    }
}

void block_node_free(BlockNode *node)
{
    while (node->children) {
        block_child_free(node->children);
    }
    block_node_forget_left(node);
    if (node->driver->free) {
        node->driver->free(node);
    }
    block_options_clear(node);
    g_free(node);
}

/* Given inline, and nobody else has come to use it. */
static gboolean goes_with_parent(const BlockNode *node)
{
    return node->anonymous && node->parents && !node->parents->next_parent;
}

static void collect(NodeSet *set, BlockNode *node)
{
    for (const BlockChild *c = node->children; c; c = c->next_child) {
        if (goes_with_parent(c->node)) {
            collect(set, c->node);
        } else {
            g_ptr_array_add(set->borrowed, c->node);
        }
    }
    g_ptr_array_add(set->nodes, node);
}

static NodeSet *set_new(BlockNode *top)
{
    NodeSet *set = g_new0(NodeSet, 1);

    set->nodes = g_ptr_array_new();
    set->borrowed = g_ptr_array_new();
    collect(set, top);
    return set;
}

static BlockNode *node_at(const NodeSet *set, guint i)
{
    return set->nodes->pdata[i];
}

static void set_free(NodeSet *set)
{
    g_ptr_array_unref(set->nodes);
    g_ptr_array_unref(set->borrowed);
    g_clear_error(&set->error);
    g_free(set);
}

/* From above; those that were there before have a user less. */
static void set_free_nodes(NodeSet *set)
{
    for (guint i = set->nodes->len; i-- > 0;) {
        block_node_free(node_at(set, i));
    }
    g_ptr_array_set_size(set->nodes, 0);
}

/* Nothing has been opened. */
static void discard(BlockNode *node)
{
    NodeSet *set = set_new(node);

    set_free_nodes(set);
    set_free(set);
}

/* Those that are given inline may not have the name of another one of them. */
static gboolean check_own_names(const NodeSet *set, GError **errp)
{
    for (guint i = 0; i < set->nodes->len; i++) {
        for (guint k = 0; k < i; k++) {
            if (g_strcmp0(node_at(set, i)->name, node_at(set, k)->name) == 0) {
                return error_set(errp, "Duplicate nodes with node-name='%s'",
                                 node_at(set, i)->name);
            }
        }
    }
    return TRUE;
}

/* parent: of one that is given inline; medium: of one that has no name yet. */
static BlockNode *configure_one(ConfigNode *config, const BlockNode *parent,
                                BlockRole role, gboolean medium, GError **errp)
{
    const BlockDriver *driver = block_driver_find(config, errp);

    if (!driver) {
        return NULL;
    }
    BlockNode *node = g_new0(BlockNode, 1);
    node->driver = driver;
    node->anonymous = parent != NULL;
    node->transient = medium;
    node->active = node->wanted = !block_starts_inactive();
    if (!block_options_read(node, config, parent, role, errp) ||
        !check_name(node->name, errp) ||
        (driver->configure && !driver->configure(node, errp))) {
        discard(node);
        return NULL;
    }
    if (!node->name) {
        node->name = g_strdup_printf("#block%03u", anonymous_count++);
    }
    return node;
}

/* All of a set. */
static BlockNode *configure(ConfigNode *config, gboolean medium, GError **errp)
{
    BlockNode *top = configure_one(config, NULL, BLOCK_ROLE_USER, medium, errp);

    if (!top) {
        return NULL;
    }
    NodeSet *set = set_new(top);
    gboolean ok = check_own_names(set, errp) && block_perms_refresh(top, errp);
    if (!ok) {
        set_free_nodes(set);
    }
    set_free(set);
    return ok ? top : NULL;
}

static BlockNode *child_find(const char *name, GError **errp)
{
    BlockNode *child = block_node_find(name);

    if (!child) {
        error_set(errp, "Failed to find node with node-name='%s'", name);
    }
    return child;
}

gboolean block_child_configure(BlockNode *node, ConfigNode **ref, BlockRole role,
                               GError **errp)
{
    g_autoptr(ConfigNode) config = g_steal_pointer(ref);
    BlockNode *child = config_node_type(config) == CONFIG_MAP
                           ? configure_one(config, node, role, FALSE, errp)
                           : child_find(config_node_string(config), errp);

    if (!child) {
        return FALSE;
    }
    block_child_new(child, node, role);
    if (role == BLOCK_ROLE_FILTERED || role == BLOCK_ROLE_FILE) {
        node->child = child;
    }
    return TRUE;
}

/* The host's part: on a thread of its own, or at start */

/* From the top: what is above may still have to write. */
static void set_close(NodeSet *set)
{
    for (guint i = set->nodes->len; i-- > 0;) {
        gate_pass(node_at(set, i)->name);
        block_node_close(node_at(set, i));
    }
}

static gboolean set_open(gpointer data, GError **errp)
{
    NodeSet *set = data;
    const BlockNode *top = node_at(set, set->nodes->len - 1);
    gboolean ok = TRUE;

    for (guint i = 0; i < set->nodes->len && ok; i++) {
        BlockNode *node = node_at(set, i);
        gate_pass(node->name);
        ok = !node->driver->open || node->driver->open(node, errp);
    }
    ok = ok && (!top->guessed || block_check_format(node_at(set, 0), errp));
    if (!ok) {
        set_close(set);
    }
    return ok;
}

/* Locks are taken, and formats have read what is theirs; or not. */
static void set_end(gpointer data, const GError *error)
{
    if (error) {
        set_close(data);
    }
}

/*
 * The process ends: nothing is freed that somebody on the main loop may be looking at.
 */
static void set_drop(gpointer data)
{
    NodeSet *set = data;

    set_close(set);
    if (!set->borrowed->len) {
        set_free_nodes(set);
    }
    set_free(set);
}

static void set_undo(void *data)
{
    set_close(data);
}

/* As QEMU does, a node goes though its flush fails. */
static void set_retire(void *data)
{
    NodeSet *set = data;

    for (guint i = set->nodes->len; i-- > 0;) {
        BlockNode *node = node_at(set, i);
        const BlockDriver *driver = node->driver;
        if (driver->inactivate && node->active) {
            driver->inactivate(node, set->error ? NULL : &set->error);
        }
        if (driver->sync) {
            driver->sync(node, set->error ? NULL : &set->error);
        }
    }
    set_close(set);
}

/* The main loop's part */

static gboolean set_begin(NodeSet *set, GError **errp)
{
    for (guint i = 0; i < set->nodes->len; i++) {
        BlockNode *node = node_at(set, i);
        if (node->driver->begin && !node->driver->begin(node, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static BlockClaim *set_claim(NodeSet *set)
{
    static const BlockClaimCalls calls = { set_open, set_end, set_drop };
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);
    BlockNode *top = node_at(set, set->nodes->len - 1);

    block_claim_set_calls(claim, &calls, set);
    block_claim_add(claim, top);
    for (guint i = 0; i < set->nodes->len && top->active; i++) {
        block_claim_add_format(claim, node_at(set, i));
    }
    return claim;
}

/* All are open: they become visible, or none does. */
static gboolean set_publish(NodeSet *set, GError **errp)
{
    for (guint i = 0; i < set->nodes->len; i++) {
        BlockNode *node = node_at(set, i);
        if ((node->driver->opened && !node->driver->opened(node, errp)) ||
            (node->driver->refresh_size && !node->driver->refresh_size(node, errp))) {
            return FALSE;
        }
    }
    for (guint i = 0; i < set->nodes->len; i++) {
        block_node_list(node_at(set, i));
    }
    return TRUE;
}

BlockNode *block_node_add(ConfigNode *config, GError **errp)
{
    BlockNode *top = configure(config, FALSE, errp);
    NodeSet *set = top ? set_new(top) : NULL;
    gboolean opened = FALSE;

    if (!set) {
        return NULL;
    }
    if (!set_begin(set, errp)) {
        set_close(set);
    } else if (block_claim_run_now(set_claim(set), errp)) {
        opened = TRUE;
    }
    gboolean ok = opened && set_publish(set, errp);
    if (opened && !ok) {
        set_close(set);
    }
    if (!ok) {
        set_free_nodes(set);
    }
    set_free(set);
    return ok ? top : NULL;
}

static Change *change_new(NodeSet *set, BlockChanged done, void *opaque)
{
    Change *c = g_new0(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    for (guint i = 0; i < set->nodes->len; i++) {
        pending_take_name(&c->pending, node_at(set, i)->name);
    }
    for (guint i = 0; i < set->borrowed->len; i++) {
        ((BlockNode *)set->borrowed->pdata[i])->asked++;
    }
    c->set = set;
    c->inactive = block_starts_inactive();
    return c;
}

static void change_end(Change *c, GError *error)
{
    pending_end(&c->pending, error);
    g_free(c);
}

static void release_borrowed(const NodeSet *set)
{
    for (guint i = 0; i < set->borrowed->len; i++) {
        ((BlockNode *)set->borrowed->pdata[i])->asked--;
    }
}

/* Visible, or gone again. */
static void settled(Change *c, GError *error)
{
    release_borrowed(c->set);
    set_free(c->set);
    change_end(c, error);
}

/* What those that were there before have needed no locks for any more. */
static void relaxed(void *opaque, GError *error)
{
    g_clear_error(&error);
    settled(opaque, NULL);
}

static void forget(Change *c)
{
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);

    set_free_nodes(c->set);
    for (guint i = 0; i < c->set->borrowed->len; i++) {
        block_claim_add(claim, c->set->borrowed->pdata[i]);
    }
    block_claim_later(claim, relaxed, c);
}

static void retired(void *opaque, void *data)
{
    Change *c = opaque;
    NodeSet *set = data;

    if (!set) {
        change_end(c, NULL);
        return;
    }
    if (set->error) {
        log_warn("node '%s' is closed: %s", pending_name(&c->pending),
                 set->error->message);
    }
    forget(c);
}

/* All have been opened, and do not go together. */
static void undo(Change *c, GError *error)
{
    static const SlowCall calls = { set_undo, retired, set_drop };

    c->pending.undone = error;
    if (!slow_start(&calls, c->set, c, NULL)) {
        set_undo(c->set);
        retired(c, c->set);
    }
}

static gboolean publish(Change *c, GError **errp)
{
    gboolean changed = c->inactive != block_starts_inactive();

    for (guint i = 0; i < c->set->nodes->len && changed; i++) {
        BlockNode *node = node_at(c->set, i);
        if (node->driver->activate) { /* what it has read may not be so any more */
            return error_set(errp,
                             "Node '%s': the images are being taken over or given away",
                             pending_name(&c->pending));
        }
        node->active = node->wanted = !block_starts_inactive();
    }
    return set_publish(c->set, errp);
}

static void opened(void *opaque, GError *error)
{
    Change *c = opaque;

    if (block_claim_ended()) { /* the set is the thread's */
        g_clear_error(&error);
        error_set(&error, "The emulator ends before node '%s' is open",
                  pending_name(&c->pending));
        change_end(c, error);
    } else if (error) {
        set_free_nodes(c->set);
        settled(c, error);
    } else if (publish(c, &error)) {
        settled(c, NULL);
    } else {
        undo(c, error);
    }
}

static void add_later(BlockNode *top, BlockChanged done, void *opaque)
{
    GError *error = NULL;
    NodeSet *set = set_new(top);
    Change *c = change_new(set, done, opaque);

    if (set_begin(set, &error)) {
        block_claim_later(set_claim(set), opened, c);
        return;
    }
    set_close(set);
    set_free_nodes(set);
    settled(c, error);
}

void block_node_add_later(ConfigNode *config, BlockChanged done, void *opaque)
{
    GError *error = NULL;
    BlockNode *top = configure(config, FALSE, &error);

    if (top) {
        add_later(top, done, opaque);
    } else {
        done(opaque, error);
    }
}

/* A medium that is on its way. */
typedef struct Medium {
    BlockNode *top;
    BlockOpened done;
    void *opaque;
} Medium;

static void medium_opened(void *opaque, GError *error)
{
    Medium *m = opaque;

    m->done(m->opaque, error ? NULL : m->top, error);
    g_free(m);
}

void block_node_add_medium_later(ConfigNode *config, gboolean check, BlockOpened done,
                                 void *opaque)
{
    GError *error = NULL;
    BlockNode *top = configure(config, TRUE, &error);

    if (!top) {
        done(opaque, NULL, error);
        return;
    }
    Medium *m = g_new(Medium, 1);
    *m = (Medium){ top, done, opaque };
    top->guessed = check;
    add_later(top, medium_opened, m);
}

static gboolean may_go(const char *name, GError **errp)
{
    BlockNode *node = block_node_find(name);

    if (!node) {
        return error_set(errp, "Failed to find node with node-name='%s'", name);
    }
    if (block_node_in_use(node)) {
        return error_set(errp, "Node %s is in use", name);
    }
    return TRUE;
}

void block_node_del_later(const char *name, BlockChanged done, void *opaque)
{
    static const SlowCall calls = { set_retire, retired, set_drop };
    GError *error = NULL;

    if (!may_go(name, &error)) {
        done(opaque, error);
        return;
    }
    NodeSet *set = set_new(block_node_find(name));
    Change *c = change_new(set, done, opaque);
    for (guint i = 0; i < set->nodes->len; i++) {
        block_node_unlist(node_at(set, i));
    }
    if (slow_start(&calls, set, c, &error)) {
        return;
    }
    for (guint i = 0; i < set->nodes->len; i++) {
        block_node_list(node_at(set, i));
    }
    settled(c, error);
}
