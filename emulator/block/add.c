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

/* Nodes that come or go together, the bottom one first. */
typedef struct NodeSet {
    GPtrArray *nodes;
    GError *error;
} NodeSet;

/* What the main loop keeps of a set that is with the host. */
typedef struct Change {
    Pending pending;     /* the top one's name is the last */
    BlockNode *borrowed; /* was there before, and is the child of the bottom one */
} Change;

static PendingList changes;
static unsigned anonymous_count;

/* Names and children */

static gboolean check_name(const char *name, GError **errp)
{
    return !name || (!block_node_find(name) && !pending_has_name(&changes, name)) ||
           error_set(errp, "Duplicate nodes with node-name='%s'", name);
}

/* What is given inline may not have its parent's name. */
static gboolean check_own_names(const BlockNode *node, GError **errp)
{
    for (const BlockNode *c = node->child; c; c = c->child) {
        if (g_strcmp0(c->name, node->name) == 0) {
            return error_set(errp, "Duplicate nodes with node-name='%s'", node->name);
        }
    }
    return TRUE;
}

void block_node_close(BlockNode *node)
{
    if (node->driver->close) {
        node->driver->close(node);
    }
}

void block_node_free(BlockNode *node)
{
    if (node->driver->free) {
        node->driver->free(node);
    }
    block_options_clear(node);
    g_free(node);
}

static BlockNode *bottom_of_set(BlockNode *top)
{
    while (top->child && top->child->anonymous) {
        top = top->child;
    }
    return top;
}

/* A node that was there before belongs to nobody again. */
static void give_back(BlockNode *borrowed)
{
    if (borrowed) {
        borrowed->parent = NULL;
    }
}

/* Nothing has been opened. */
static void discard(BlockNode *node)
{
    while (node) {
        BlockNode *child = node->child;
        gboolean inline_child = child && child->anonymous;

        if (!inline_child) {
            give_back(child);
        }
        block_node_free(node);
        node = inline_child ? child : NULL;
    }
}

/* parent: of one that is given inline; medium: of one that has no name yet. */
static BlockNode *configure_one(ConfigNode *config, const BlockNode *parent,
                                gboolean medium, GError **errp)
{
    const BlockDriver *driver = block_driver_find(config, errp);

    if (!driver) {
        return NULL;
    }
    BlockNode *node = g_new0(BlockNode, 1);
    node->driver = driver;
    node->anonymous = parent != NULL;
    node->transient = medium;
    if (!block_options_read(node, config, parent, errp) ||
        !check_name(node->name, errp) ||
        (driver->configure && !driver->configure(node, errp)) ||
        !check_own_names(node, errp)) {
        discard(node);
        return NULL;
    }
    if (!node->name) {
        node->name = g_strdup_printf("#block%03u", anonymous_count++);
    }
    return node;
}

static BlockNode *configure(ConfigNode *config, const BlockNode *parent, GError **errp)
{
    return configure_one(config, parent, FALSE, errp);
}

static BlockNode *child_find(const char *name, GError **errp)
{
    BlockNode *child = block_node_find(name);

    if (!child) {
        error_set(errp, "Failed to find node with node-name='%s'", name);
        return NULL;
    }
    if (block_node_in_use(child)) {
        error_set(errp, "Node '%s' is in use", name);
        return NULL;
    }
    return child;
}

gboolean block_child_configure(BlockNode *node, ConfigNode **ref, GError **errp)
{
    g_autoptr(ConfigNode) config = g_steal_pointer(ref);

    node->child = config_node_type(config) == CONFIG_MAP
                      ? configure(config, node, errp)
                      : child_find(config_node_string(config), errp);
    if (node->child) {
        node->child->parent = node;
    }
    return node->child != NULL;
}

/* The host's part: on a thread of its own, or at start */

static NodeSet *set_new(BlockNode *top)
{
    NodeSet *set = g_new0(NodeSet, 1);

    set->nodes = g_ptr_array_new();
    for (BlockNode *n = bottom_of_set(top);; n = n->parent) {
        g_ptr_array_add(set->nodes, n);
        if (n == top) {
            return set;
        }
    }
}

static void set_free(NodeSet *set)
{
    g_ptr_array_unref(set->nodes);
    g_clear_error(&set->error);
    g_free(set);
}

static void for_each(const NodeSet *set, void (*fn)(BlockNode *node))
{
    for (guint i = 0; i < set->nodes->len; i++) {
        fn(set->nodes->pdata[i]);
    }
}

/* From the top: what is above may still have to write. */
static void set_close(NodeSet *set)
{
    for (guint i = set->nodes->len; i-- > 0;) {
        BlockNode *node = set->nodes->pdata[i];
        gate_pass(node->name);
        block_node_close(node);
    }
}

static void set_open(void *data)
{
    NodeSet *set = data;

    for (guint i = 0; i < set->nodes->len && !set->error; i++) {
        BlockNode *node = set->nodes->pdata[i];
        gate_pass(node->name);
        if (node->driver->open) {
            node->driver->open(node, &set->error);
        }
    }
    const BlockNode *top = set->nodes->pdata[set->nodes->len - 1];
    if (!set->error && top->guessed) {
        block_check_format(set->nodes->pdata[0], &set->error);
    }
    if (set->error) {
        set_close(set);
    }
}

static void set_free_nodes(NodeSet *set)
{
    for_each(set, block_node_free);
    g_ptr_array_set_size(set->nodes, 0);
}

static void set_undo(void *data)
{
    set_close(data);
    set_free_nodes(data);
}

/* As QEMU does, a node goes though its flush fails. */
static void set_retire(void *data)
{
    NodeSet *set = data;

    for (guint i = set->nodes->len; i-- > 0 && !set->error;) {
        BlockNode *node = set->nodes->pdata[i];
        if (node->driver->sync) {
            node->driver->sync(node, &set->error);
        }
    }
    set_undo(set);
}

static void set_drop(void *data)
{
    set_undo(data);
    set_free(data);
}

/* The main loop's part */

static gboolean set_begin(NodeSet *set, GError **errp)
{
    for (guint i = 0; i < set->nodes->len; i++) {
        BlockNode *node = set->nodes->pdata[i];
        if (node->driver->begin && !node->driver->begin(node, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* All are open: they become visible, or none does. */
static gboolean set_publish(NodeSet *set, GError **errp)
{
    for (guint i = 0; i < set->nodes->len; i++) {
        BlockNode *node = set->nodes->pdata[i];
        if (node->driver->opened && !node->driver->opened(node, errp)) {
            return FALSE;
        }
    }
    for_each(set, block_node_list);
    return TRUE;
}

static BlockNode *set_borrowed(const NodeSet *set)
{
    BlockNode *bottom = set->nodes->pdata[0];

    return bottom->child;
}

BlockNode *block_node_add(ConfigNode *config, GError **errp)
{
    BlockNode *top = configure(config, NULL, errp);
    NodeSet *set = top ? set_new(top) : NULL;

    if (!set) {
        return NULL;
    }
    if (set_begin(set, &set->error)) {
        set_open(set);
    }
    if (set->error || !set_publish(set, &set->error)) {
        g_propagate_error(errp, g_steal_pointer(&set->error));
        give_back(set_borrowed(set));
        set_drop(set);
        return NULL;
    }
    set_free(set);
    return top;
}

static Change *change_new(const NodeSet *set, BlockChanged done, void *opaque)
{
    Change *c = g_new(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    for (guint i = 0; i < set->nodes->len; i++) {
        BlockNode *node = set->nodes->pdata[i];
        pending_take_name(&c->pending, node->name);
    }
    c->borrowed = set_borrowed(set);
    return c;
}

static void change_end(Change *c, GError *error)
{
    pending_end(&c->pending, error);
    g_free(c);
}

static void retired(void *opaque, void *data)
{
    Change *c = opaque;
    NodeSet *set = data;

    if (set) {
        if (set->error) {
            log_warn("node '%s' is closed: %s", pending_name(&c->pending),
                     set->error->message);
        }
        set_free(set);
    }
    change_end(c, NULL);
}

/* All have been opened, and do not go together. */
static void undo(Change *c, NodeSet *set, GError *error)
{
    static const SlowCall calls = { set_undo, retired, set_drop };

    c->pending.undone = error;
    if (!slow_start(&calls, set, c, NULL)) {
        set_undo(set);
        retired(c, set);
    }
}

static void opened(void *opaque, void *data)
{
    Change *c = opaque;
    NodeSet *set = data;
    GError *error = NULL;

    if (!set) {
        give_back(c->borrowed);
        error_set(&error, "The emulator ends before node '%s' is open",
                  pending_name(&c->pending));
    } else if (set->error) {
        give_back(c->borrowed);
        error = g_steal_pointer(&set->error);
        set_free_nodes(set);
        set_free(set);
    } else if (set_publish(set, &error)) {
        set_free(set);
    } else {
        give_back(c->borrowed);
        undo(c, set, error);
        return;
    }
    change_end(c, error);
}

static void add_later(BlockNode *top, BlockChanged done, void *opaque)
{
    static const SlowCall calls = { set_open, opened, set_drop };
    GError *error = NULL;
    NodeSet *set = set_new(top);
    Change *c = change_new(set, done, opaque);

    if (set_begin(set, &error) && slow_start(&calls, set, c, &error)) {
        return;
    }
    give_back(c->borrowed);
    set_drop(set);
    change_end(c, error);
}

void block_node_add_later(ConfigNode *config, BlockChanged done, void *opaque)
{
    GError *error = NULL;
    BlockNode *top = configure(config, NULL, &error);

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
    BlockNode *top = configure_one(config, NULL, TRUE, &error);

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
    for_each(set, block_node_unlist);
    if (slow_start(&calls, set, c, &error)) {
        give_back(c->borrowed);
        return;
    }
    for_each(set, block_node_list);
    set_free(set);
    change_end(c, error);
}
