/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blockdev-reopen: nodes get other options, all or none. Each has a fresh one beside it,
 * which the host opens while nothing is in flight, and which takes its place by an
 * exchange of what the two have; that can be taken back. The old one is closed at the
 * end.
 */
#include "block/node.h"
#include "event/gate.h"
#include "event/pending.h"
#include "event/slow.h"
#include "util/error.h"

typedef struct Entry {
    BlockNode *node, *fresh;
    BlockDrain *drain;
} Entry;

/* The thread's, while the host is asked. */
typedef struct Fresh {
    GArray *entries; /* of Entry; borrowed */
    GError *error;
} Fresh;

typedef struct Reopen {
    Pending pending;
    GArray *entries;
    guint waits; /* for drains */
    gboolean changed;
} Reopen;

static PendingList reopens;

static Entry *entry_at(const Reopen *c, guint i)
{
    return &g_array_index(c->entries, Entry, i);
}

/* --- what is asked for --- */

gboolean block_reopen_check_child(const BlockNode *node, ConfigNode **ref, GError **errp)
{
    g_autoptr(ConfigNode) config = g_steal_pointer(ref);

    return (config_node_type(config) == CONFIG_STRING &&
            g_str_equal(config_node_string(config), node->child->name)) ||
           error_set(errp, "Cannot change the option 'file'");
}

static BlockNode *find_node(ConfigNode *config, GError **errp)
{
    const ConfigNode *name = config_map_peek(config, "node-name");
    BlockNode *node = NULL;

    if (!name || config_node_type(name) != CONFIG_STRING) {
        error_set(errp, "node-name not specified");
        return NULL;
    }
    node = block_node_find(config_node_string(name));
    if (!node) {
        error_set(errp, "Failed to find node with node-name='%s'",
                  config_node_string(name));
    }
    return node;
}

static gboolean fresh_configure(BlockNode *node, BlockNode *fresh, ConfigNode *config,
                                GError **errp)
{
    const BlockDriver *driver = block_driver_find(config, errp);

    if (!driver) {
        return FALSE;
    }
    if (driver != node->driver) {
        return error_set(errp, "Cannot change the option 'driver'");
    }
    if (!driver->reopen) {
        return error_set(errp,
                         "Block format '%s' used by node '%s' does not support "
                         "reopening files",
                         driver->type.name, node->name);
    }
    return block_options_read(fresh, config, NULL, BLOCK_ROLE_USER, errp) &&
           driver->reopen(node, fresh, errp) &&
           (!driver->begin || driver->begin(fresh, errp));
}

static gboolean add_entry(Reopen *c, ConfigNode *config, GError **errp)
{
    Entry entry = { .node = find_node(config, errp) };

    if (!entry.node) {
        return FALSE;
    }
    if (entry.node->asked) {
        return error_set(errp, "Node '%s' is in use", entry.node->name);
    }
    for (guint i = 0; i < c->entries->len; i++) {
        if (entry_at(c, i)->node == entry.node) {
            return error_set(errp, "Node '%s' is named twice", entry.node->name);
        }
    }
    entry.fresh = g_new0(BlockNode, 1);
    entry.fresh->driver = entry.node->driver;
    g_array_append_val(c->entries, entry);
    return fresh_configure(entry.node, entry.fresh, config, errp);
}

static gboolean configure(Reopen *c, const ConfigNode *list, GError **errp)
{
    if (block_activity_changes()) {
        return error_set(errp, "the images are being taken over or given away");
    }
    for (guint i = 0; i < config_list_size(list); i++) {
        if (!add_entry(c, config_list_at(list, i), errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* --- the thread's --- */

static void fresh_close(Fresh *f)
{
    for (guint i = 0; i < f->entries->len; i++) {
        block_node_close(g_array_index(f->entries, Entry, i).fresh);
    }
}

static void fresh_open(void *data)
{
    Fresh *f = data;

    for (guint i = 0; i < f->entries->len && !f->error; i++) {
        const Entry *e = &g_array_index(f->entries, Entry, i);
        gate_pass(e->node->name);
        if (e->fresh->driver->open) {
            e->fresh->driver->open(e->fresh, &f->error);
        }
        if (!f->error && e->fresh->driver->take_locks) {
            e->fresh->driver->take_locks(e->fresh, e->node, &f->error);
        }
    }
    if (f->error) {
        fresh_close(f);
    }
}

static void close_old(void *data)
{
    fresh_close(data);
}

/* The process ends: the nodes are the main loop's still. */
static void fresh_drop(void *data)
{
    Fresh *f = data;

    g_clear_error(&f->error);
    g_free(f);
}

/* --- the main loop's --- */

/* Others may ask the host for the images, or wait. */
static void let_claim(Reopen *c, gboolean may)
{
    for (guint i = 0; i < c->entries->len; i++) {
        entry_at(c, i)->node->claimed = !may;
    }
    if (may) {
        block_claims_go_on();
    }
}

static void end(Reopen *c, GError *error)
{
    for (guint i = 0; i < c->entries->len; i++) {
        Entry *e = entry_at(c, i);
        if (e->drain) {
            e->node->asked--;
            block_drain_end(e->drain);
        }
        if (e->fresh) {
            block_node_free(e->fresh);
        }
    }
    pending_end(&c->pending, error);
    g_array_unref(c->entries);
    g_free(c);
}

#define SWAP(a, b)                                                                       \
    do {                                                                                 \
        typeof(a) swap_ = (a);                                                           \
        (a) = (b);                                                                       \
        (b) = swap_;                                                                     \
    } while (0)

/* Both ways. */
static void exchange(Reopen *c)
{
    for (guint i = 0; i < c->entries->len; i++) {
        BlockNode *a = entry_at(c, i)->node, *b = entry_at(c, i)->fresh;
        SWAP(a->read_only, b->read_only);
        SWAP(a->auto_read_only, b->auto_read_only);
        SWAP(a->direct, b->direct);
        SWAP(a->no_flush, b->no_flush);
        SWAP(a->discard, b->discard);
        SWAP(a->unmap, b->unmap);
        SWAP(a->detect_zeroes, b->detect_zeroes);
        SWAP(a->options, b->options);
        SWAP(a->filename, b->filename);
        SWAP(a->state, b->state);
        SWAP(a->sector_size, b->sector_size);
        if (a->driver->measure) { /* b's open() has asked for it */
            SWAP(a->size, b->size);
        }
    }
    c->changed = !c->changed;
}

static gboolean may_be_so(const BlockNode *node, GError **errp)
{
    guint perm, shared;

    block_node_perms(node, &perm, &shared);
    if (node->read_only && (perm & BLOCK_PERM_WRITE)) {
        return error_set(errp, "Node '%s' is written, and cannot be made read-only",
                         node->name);
    }
    for (const BlockChild *up = node->parents; up; up = up->next_parent) {
        BlockNode *parent = up->parent;
        if (parent && parent->driver->opened && !parent->driver->opened(parent, errp)) {
            return FALSE;
        }
    }
    return !node->driver->opened || node->driver->opened((BlockNode *)node, errp);
}

/* Those that have been exchanged fit to each other, and to those above. */
static gboolean check(Reopen *c, GError **errp)
{
    for (guint i = 0; i < c->entries->len; i++) {
        BlockNode *node = entry_at(c, i)->node;
        if (!may_be_so(node, errp) || !block_perms_refresh(node, errp)) {
            return FALSE;
        }
    }
    return block_nodes_follow(errp);
}

static void take_back(Reopen *c)
{
    exchange(c);
    for (guint i = 0; i < c->entries->len; i++) {
        block_perms_refresh(entry_at(c, i)->node, NULL);
    }
    block_nodes_follow(NULL);
}

/* What is in the fresh ones now is closed. */
static void closed(void *opaque, void *data)
{
    if (data) {
        fresh_drop(data);
        end(opaque, NULL);
    } else {
        Reopen *c = opaque;
        pending_end(&c->pending, NULL);
    }
}

static void close_fresh(Reopen *c, GError *error)
{
    static const SlowCall calls = { close_old, closed, fresh_drop };
    Fresh *f = g_new0(Fresh, 1);

    f->entries = c->entries;
    c->pending.undone = error;
    if (!slow_start(&calls, f, c, NULL)) {
        close_old(f);
        closed(c, f);
    }
}

/* The locks are as they have to be now. */
static void claimed(void *opaque, GError *error)
{
    Reopen *c = opaque;

    if (block_claim_ended()) {
        pending_end(&c->pending, error);
        return;
    }
    if (error) {
        take_back(c);
    }
    close_fresh(c, error);
}

static void opened(void *opaque, void *data)
{
    Reopen *c = opaque;
    Fresh *f = data;
    GError *error = NULL;

    if (!f) { /* the thread has the entries */
        error_set(&error, "The emulator ends");
        pending_end(&c->pending, error);
        return;
    }
    error = g_steal_pointer(&f->error);
    fresh_drop(f);
    if (error) {
        let_claim(c, TRUE);
        end(c, error);
        return;
    }
    exchange(c);
    if (!check(c, &error)) {
        take_back(c);
        let_claim(c, TRUE);
        close_fresh(c, error);
        return;
    }
    let_claim(c, TRUE);
    BlockClaim *claim = block_claim_new(BLOCK_CLAIM_USERS);
    for (guint i = 0; i < c->entries->len; i++) {
        block_claim_add(claim, entry_at(c, i)->node);
    }
    block_claim_later(claim, claimed, c);
}

/* One of them is; when all are, the host is asked. */
static void drained(void *opaque)
{
    static const SlowCall calls = { fresh_open, opened, fresh_drop };
    Reopen *c = opaque;
    GError *error = NULL;

    if (--c->waits) {
        return;
    }
    Fresh *f = g_new0(Fresh, 1);
    f->entries = c->entries;
    if (!slow_start(&calls, f, c, &error)) {
        fresh_drop(f);
        let_claim(c, TRUE);
        end(c, error);
    }
}

void block_nodes_reopen_later(const ConfigNode *list, BlockChanged done, void *opaque)
{
    Reopen *c = g_new0(Reopen, 1);
    GError *error = NULL;

    pending_begin(&c->pending, &reopens, done, opaque);
    c->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    c->waits = 1; /* ours */
    if (!configure(c, list, &error)) {
        end(c, error);
        return;
    }
    for (guint i = 0; i < c->entries->len; i++) {
        Entry *e = entry_at(c, i);
        c->waits++;
        e->node->asked++;
        e->drain = block_drain_begin(e->node, drained, c);
    }
    let_claim(c, FALSE);
    drained(c);
}
