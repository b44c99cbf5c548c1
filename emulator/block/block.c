/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block nodes by name: their options, their users, and who holds the image.
 *
 * A user attaches to the top of a chain of one or two nodes (raw on file); the
 * node at the bottom owns the descriptor and the lock, and does the I/O.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/node.h"
#include "block/testing.h"
#include "util/error.h"

static const BlockDriver *const drivers[] = {
    &block_driver_file,
    &block_driver_host_device,
    &block_driver_raw,
    &block_driver_test,
};

static GSList *nodes; /* in order of creation */
static gboolean start_inactive;
static unsigned anonymous_count;

static BlockNode *bottom(const BlockNode *node)
{
    while (node->child) {
        node = node->child;
    }
    return (BlockNode *)node;
}

static const KindType *driver_at(guint i)
{
    return i < G_N_ELEMENTS(drivers) &&
                   (drivers[i] != &block_driver_test || block_testing_enabled())
               ? &drivers[i]->type
               : NULL;
}

enum { DISCARD_IGNORE, DISCARD_UNMAP };
enum { DETECT_ZEROES_OFF };
static const char *const discard_names[] = { "ignore", "unmap", NULL };
static const char *const detect_zeroes_names[] = { "off", "on", "unmap", NULL };

static const Property cache_rows[] = {
    { "direct", PROP_BOOL, offsetof(BlockNode, direct), "off",
      .help = "Past the host's page cache (O_DIRECT)" },
    { "no-flush", PROP_BOOL, offsetof(BlockNode, no_flush), "off",
      .help = "Flushes do nothing: a crash of the host loses data" },
    { NULL },
};

static const Property node_rows[] = {
    { "node-name", PROP_ID, offsetof(BlockNode, name), .max = CONFIG_NODE_NAME_MAX,
      .help = "Its name; only a node inside another may have none" },
    { "discard", PROP_ENUM, offsetof(BlockNode, discard), "ignore",
      .names = discard_names, .help = "Whether discards reach the host" },
    { "cache", PROP_GROUP, .rows = cache_rows },
    { "read-only", PROP_BOOL, offsetof(BlockNode, read_only), "off",
      .help = "It cannot be written" },
    { "auto-read-only", PROP_BOOL, offsetof(BlockNode, auto_read_only), "off",
      .help = "Read-only where it cannot be opened for writing" },
    { "detect-zeroes", PROP_ENUM, offsetof(BlockNode, detect_zeroes), "off",
      .names = detect_zeroes_names, .help = "Only off is supported" },
    { NULL },
};

const Kind block_kind = {
    .option = "blockdev",
    .tag = "driver",
    .common = node_rows,
    .at = driver_at,
};

static gboolean check_name(const char *name, GError **errp)
{
    return !name || !block_node_find(name) ||
           error_set(errp, "Duplicate nodes with node-name='%s'", name);
}

static void node_free(BlockNode *node)
{
    nodes = g_slist_remove(nodes, node);
    node->driver->close(node);
    properties_clear(node->driver->type.rows, node->options);
    properties_clear(node_rows, node);
    g_free(node->options);
    g_free(node);
}

static gboolean read_options(BlockNode *node, ConfigNode *config, GError **errp)
{
    const KindType *type = &node->driver->type;

    node->options = g_malloc0(type->size);
    if (!kind_read(&block_kind, type, config, node, node->options, errp)) {
        return FALSE;
    }
    node->unmap = node->discard == DISCARD_UNMAP;
    if (node->detect_zeroes != DETECT_ZEROES_OFF) {
        return error_set(errp, "Parameter 'detect-zeroes' value '%s' is not supported",
                         detect_zeroes_names[node->detect_zeroes]);
    }
    if (!node->name && !node->anonymous) {
        return error_set(errp, "Parameter 'node-name' is missing");
    }
    return check_name(node->name, errp);
}

static const BlockDriver *find_driver(ConfigNode *config, GError **errp)
{
    const KindType *type = kind_type(&block_kind, config, errp);

    for (unsigned i = 0; type && i < G_N_ELEMENTS(drivers); i++) {
        if (type == &drivers[i]->type) {
            return drivers[i];
        }
    }
    return NULL;
}

static BlockNode *node_new(ConfigNode *config, gboolean top, GError **errp)
{
    const BlockDriver *driver = find_driver(config, errp);

    if (!driver) {
        return NULL;
    }
    BlockNode *node = g_new0(BlockNode, 1);
    node->driver = driver;
    node->fd = -1;
    node->anonymous = !top;
    if (!read_options(node, config, errp) || !driver->open(node, errp) ||
        !check_name(node->name, errp)) { /* again: its child may have taken it */
        node_free(node);
        return NULL;
    }
    if (!node->name) {
        node->name = g_strdup_printf("#block%03u", anonymous_count++);
    }
    node->active = !start_inactive;
    nodes = g_slist_append(nodes, node);
    return node;
}

BlockNode *block_node_add(ConfigNode *config, GError **errp)
{
    return node_new(config, TRUE, errp);
}

static BlockNode *child_find(const char *name, GError **errp)
{
    BlockNode *child = block_node_find(name);

    if (!child) {
        error_set(errp, "Failed to find node with node-name='%s'", name);
        return NULL;
    }
    if (child->parent || child->attached) {
        error_set(errp, "Node '%s' is in use", name);
        return NULL;
    }
    return child;
}

gboolean block_child_open(BlockNode *node, ConfigNode *ref, GError **errp)
{
    node->child = config_node_type(ref) == CONFIG_MAP
                      ? node_new(ref, FALSE, errp)
                      : child_find(config_node_string(ref), errp);
    if (!node->child) {
        return FALSE;
    }
    node->child->parent = node;
    return TRUE;
}

void block_child_close(BlockNode *node)
{
    BlockNode *child = g_steal_pointer(&node->child);

    if (child) {
        child->parent = NULL;
        if (child->anonymous) {
            node_free(child);
        }
    }
}

gboolean block_node_del(const char *name, GError **errp)
{
    BlockNode *node = block_node_find(name);

    if (!node) {
        return error_set(errp, "Failed to find node with node-name='%s'", name);
    }
    if (node->attached || node->parent) {
        return error_set(errp, "Node %s is in use", name);
    }
    node_free(node);
    return TRUE;
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

const char *block_node_name(const BlockNode *node)
{
    return node->name;
}

static gboolean chain_lock(BlockNode *node, GError **errp)
{
    BlockNode *file = bottom(node);

    if (file->locking && !file->locked) {
        file->locked = block_lock(file->fd, file->filename, !node->user.read_only,
                                  node->user.share_rw, errp);
        return file->locked;
    }
    return TRUE;
}

static void chain_unlock(BlockNode *node)
{
    BlockNode *file = bottom(node);

    if (file->locked) {
        block_unlock(file->fd);
        file->locked = FALSE;
    }
}

/* From the bottom up: a size depends on the one below. */
static gboolean chain_refresh_size(BlockNode *node, GError **errp)
{
    return (!node->child || chain_refresh_size(node->child, errp)) &&
           node->driver->refresh_size(node, errp);
}

gboolean block_node_attach(BlockNode *node, const BlockUser *user, GError **errp)
{
    if (node->attached || node->parent) {
        return error_set(errp, "Node '%s' is in use", node->name);
    }
    if (node->read_only && !user->read_only) {
        return error_set(errp, "Node '%s' is read-only", node->name);
    }
    node->user = *user;
    if (node->active && (!chain_lock(node, errp) || !chain_refresh_size(node, errp))) {
        chain_unlock(node);
        return FALSE;
    }
    node->loop = block_loop_get(user->loop, errp);
    if (!node->loop) {
        chain_unlock(node);
        return FALSE;
    }
    node->attached = TRUE;
    return TRUE;
}

void block_node_detach(BlockNode *node)
{
    chain_unlock(node);
    block_loop_put(node->loop);
    node->loop = NULL;
    node->attached = FALSE;
}

guint64 block_node_size(const BlockNode *node)
{
    return node->size;
}

gboolean block_node_read_only(const BlockNode *node)
{
    return node->read_only;
}

guint32 block_node_sector_size(const BlockNode *node)
{
    return bottom(node)->sector_size;
}

gboolean block_node_can_discard(const BlockNode *node)
{
    return node->unmap && (!node->child || block_node_can_discard(node->child));
}

void block_node_complete(BlockRequest *r, int ret)
{
    block_loop_complete(r->top->loop, r, ret);
}

/* Which error a request deserves before the node's driver gets it; 0: none. */
static int check_request(const BlockNode *node, const BlockRequest *r)
{
    if (!node->active) {
        return -EIO;
    }
    if (r->op != BLOCK_FLUSH && (r->pos > node->size || r->bytes > node->size - r->pos)) {
        return -EINVAL;
    }
    return 0;
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
    node->driver->submit(node, r);
}

void block_submit(BlockNode *node, BlockRequest *r)
{
    gboolean reads = r->op == BLOCK_READ || r->op == BLOCK_FLUSH;

    r->top = r->node = node;
    r->serialised = FALSE;
    r->pos = r->offset;
    r->moved = 0;
    if (!reads && node->user.read_only) {
        block_node_complete(r, -EPERM);
    } else if (r->op != BLOCK_FLUSH && r->bytes == 0) {
        block_node_complete(r, node->active ? 0 : -EIO);
    } else {
        block_node_submit(node, r);
    }
}

void block_plug(BlockNode *node)
{
    block_loop_plug(node->loop);
}

void block_unplug(BlockNode *node)
{
    block_loop_unplug(node->loop);
}

void block_set_start_inactive(gboolean inactive)
{
    start_inactive = inactive;
}

/* What is under way for block_flush_all(). */
typedef struct FlushAll {
    unsigned pending;
    GError *error; /* the first one */
    void (*done)(void *opaque, GError *error);
    void *opaque;
} FlushAll;

typedef struct Flush {
    BlockRequest request;
    BlockNode *node;
    FlushAll *all;
    int ret;
} Flush;

static void flush_all_put(FlushAll *all)
{
    if (--all->pending == 0) {
        all->done(all->opaque, all->error);
        g_free(all);
    }
}

static void flush_ended(void *opaque)
{
    Flush *flush = opaque;

    if (flush->ret < 0 && !flush->all->error) {
        error_set(&flush->all->error, "Could not flush node '%s': %s", flush->node->name,
                  error_text(-flush->ret));
    }
    flush_all_put(flush->all);
    g_free(flush);
}

/* In the node's loop, up to flush_done(). */
static void flush_left(void *opaque)
{
    event_loop_post(event_loop_main(), flush_ended, opaque);
}

/* The user's batch_done() is still to come in this round: nobody may stop it. */
static void flush_done(void *opaque, int ret)
{
    Flush *flush = opaque;

    flush->ret = ret;
    event_loop_post(flush->node->user.loop, flush_left, flush);
}

static void flush_submit(void *opaque)
{
    Flush *flush = opaque;

    block_submit(flush->node, &flush->request);
}

void block_flush_all(void (*done)(void *opaque, GError *error), void *opaque)
{
    FlushAll *all = g_new0(FlushAll, 1);

    all->done = done;
    all->opaque = opaque;
    all->pending = 1; /* ours, until all have been asked */
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (node->attached && node->active && !node->user.read_only) {
            Flush *flush = g_new0(Flush, 1);
            flush->request =
                (BlockRequest){ .op = BLOCK_FLUSH, .done = flush_done, .opaque = flush };
            flush->node = node;
            flush->all = all;
            all->pending++;
            event_loop_post(node->user.loop, flush_submit, flush);
        }
    }
    flush_all_put(all);
}

void block_inactivate_all(void)
{
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        node->active = FALSE;
        chain_unlock(node);
    }
    start_inactive = TRUE;
}

gboolean block_activate_all(GError **errp)
{
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (node->attached && !node->active &&
            (!chain_lock(node, errp) || !chain_refresh_size(node, errp))) {
            for (l = nodes; l; l = l->next) {
                if (!((BlockNode *)l->data)->active) {
                    chain_unlock(l->data);
                }
            }
            return FALSE;
        }
    }
    start_inactive = FALSE;
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        gboolean was = node->active;
        node->active = TRUE;
        if (!was && node->attached && node->user.resized) {
            node->user.resized(node->user.opaque);
        }
    }
    return TRUE;
}

static ConfigNode *query_cache(const BlockNode *node)
{
    ConfigNode *cache = config_map_new();

    config_map_set_bool(cache, "writeback", TRUE);
    config_map_set_bool(cache, "direct", bottom(node)->direct);
    config_map_set_bool(cache, "no-flush", bottom(node)->no_flush);
    return cache;
}

static ConfigNode *query_image(const BlockNode *node)
{
    BlockNode *file = bottom(node);
    ConfigNode *image = config_map_new();
    struct stat st;

    config_map_set_string(image, "filename", file->filename);
    config_map_set_string(image, "format", node->driver->type.name);
    config_map_set_int(image, "virtual-size", node->size);
    if (fstat(file->fd, &st) == 0) {
        config_map_set_int(image, "actual-size", (gint64)st.st_blocks * 512);
    }
    config_map_set_bool(image, "dirty-flag", FALSE);
    return image;
}

ConfigNode *block_query_named_nodes(void)
{
    static const char *const limits[] = { "bps",  "bps_rd",  "bps_wr",
                                          "iops", "iops_rd", "iops_wr" };
    ConfigNode *array = config_list_new();

    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        ConfigNode *info = config_map_new();
        config_map_set_string(info, "file", bottom(node)->filename);
        config_map_set_string(info, "node-name", node->name);
        config_map_set_string(info, "drv", node->driver->type.name);
        config_map_set_bool(info, "ro", node->read_only);
        config_map_set_bool(info, "encrypted", FALSE);
        config_map_set_bool(info, "active", node->active);
        config_map_set_string(info, "detect_zeroes", "off");
        config_map_set_int(info, "backing_file_depth", 0);
        config_map_set_int(info, "write_threshold", 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
            config_map_set_int(info, limits[i], 0);
        }
        config_map_set(info, "cache", query_cache(node));
        config_map_set(info, "image", query_image(node));
        config_list_add(array, info);
    }
    return array;
}

/* At exit: users are gone, or never will make a request again. */
void block_cleanup(void)
{
    block_worker_cleanup();
    for (GSList *l = nodes; l; l = l->next) {
        BlockNode *node = l->data;
        if (node->attached) {
            block_node_detach(node);
        }
    }
    /* Parents first: they let go of their children. */
    while (nodes) {
        GSList *l = nodes;
        while (l->next && ((BlockNode *)l->data)->parent) {
            l = l->next;
        }
        node_free(l->data);
    }
}
