/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-named-block-nodes, query-block. How much the files occupy is asked of the host,
 * beside the main loop, by descriptors of our own: the nodes may go meanwhile.
 *
 * #syscalls slow: newfstatat close
 * #syscalls main: fcntl
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "block/node.h"
#include "block/removable.h"
#include "block/stats.h"
#include "block/throttle.h"
#include "event/gate.h"
#include "event/slow.h"
#include "util/error.h"
#include "util/fd.h"

/* One image, at its node's place in the reply. */
typedef struct Image {
    char *name;
    int fd;
    gint64 size; /* -1: not known */
} Image;

typedef struct Query {
    ConfigNode *reply; /* the main loop's */
    gboolean disks;    /* of those that use nodes; else of all nodes */
    BlockQueried done;
    void *opaque;
} Query;

static ConfigNode *query_cache(const BlockNode *node)
{
    ConfigNode *cache = config_map_new();

    config_map_set_bool(cache, "writeback", TRUE);
    config_map_set_bool(cache, "direct", block_node_bottom(node)->direct);
    config_map_set_bool(cache, "no-flush", block_node_bottom(node)->no_flush);
    return cache;
}

/* Through filters; or NULL. */
static const BlockNode *backing_of(const BlockNode *node)
{
    const BlockNode *backing = block_child_node(node, BLOCK_ROLE_BACKING);

    return backing || !block_child_node(node, BLOCK_ROLE_FILTERED)
               ? backing
               : backing_of(node->child);
}

static int depth_of(const BlockNode *node)
{
    int depth = 0;

    while ((node = backing_of(node))) {
        depth++;
    }
    return depth;
}

static ConfigNode *query_image(const BlockNode *node, gboolean flat)
{
    const BlockNode *backing = backing_of(node);

    BlockNode *file = block_node_bottom(node);
    ConfigNode *image = config_map_new();

    config_map_set_string(image, "filename", file->filename);
    config_map_set_string(image, "format", node->driver->type.name);
    config_map_set_int(image, "virtual-size", node->size);
    config_map_set_bool(image, "dirty-flag", FALSE);
    if (node->driver->query && node->active) {
        node->driver->query(node, image);
    }
    if (backing && !flat) {
        config_map_set(image, "backing-image", query_image(backing, FALSE));
    }
    return image;
}

/* user: whose limits it tells of, or NULL. */
static ConfigNode *query_node(const BlockNode *node, const BlockChild *user,
                              gboolean flat)
{
    const BlockNode *backing = backing_of(node);
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "file", block_node_bottom(node)->filename);
    config_map_set_string(info, "node-name", node->name);
    config_map_set_string(info, "drv", node->driver->type.name);
    config_map_set_bool(info, "ro", node->read_only);
    config_map_set_bool(info, "encrypted", FALSE);
    config_map_set_bool(info, "active", node->active);
    config_map_set_string(info, "detect_zeroes",
                          detect_zeroes_names[node->detect_zeroes]);
    config_map_set_int(info, "backing_file_depth", flat ? 0 : depth_of(node));
    if (backing) {
        config_map_set_string(info, "backing_file", block_node_bottom(backing)->filename);
    }
    config_map_set_int(info, "write_threshold", (gint64)block_write_threshold(node));
    throttle_query(user, info);
    config_map_set(info, "cache", query_cache(node));
    config_map_set(info, "image", query_image(node, flat));
    return info;
}

/* Of a flash nothing is counted; a -drive that no device has is nobody's. */
static ConfigNode *query_user(const char *drive, const char *name,
                              const BlockStats *stats, const BlockNode *node,
                              const BlockChild *user)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "device", drive ? drive : "");
    if (name) {
        config_map_set_string(info, "qdev", name);
    }
    config_map_set_string(info, "type", "unknown");
    if (stats) {
        config_map_set_string(info, "io-status", block_status_name(stats));
    }
    if (node) {
        config_map_set(info, "inserted", query_node(node, user, FALSE));
    }
    return info;
}

/* What is told of: borrowed nodes, NULL for a drive that is empty. */
typedef struct Wanted {
    GPtrArray *nodes;
    ConfigNode *reply; /* in their order */
} Wanted;

static void want(Wanted *w, BlockNode *node, ConfigNode *info)
{
    g_ptr_array_add(w->nodes, node);
    config_list_add(w->reply, info);
}

static void want_drive(const Removable *r, void *opaque)
{
    ConfigNode *info = query_user(r->drive, r->name, r->stats, r->medium, r->user);

    config_map_set_bool(info, "removable", TRUE);
    config_map_set_bool(info, "locked", r->locked);
    config_map_set_bool(info, "tray_open", r->tray_open);
    want(opaque, r->medium, info);
}

static void want_disk(BlockNode *node, const BlockChild *c, void *wanted)
{
    ConfigNode *info = query_user(block_node_drive(node), c ? c->user.name : NULL,
                                  c ? c->user.stats : NULL, node, c);

    config_map_set_bool(info, "removable", !c); /* as QEMU has it */
    config_map_set_bool(info, "locked", FALSE);
    want(wanted, node, info);
}

static void want_all(Wanted *w, gboolean disks)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;

        if (disks) {
            block_node_foreach_listed(node, want_disk, w);
        } else {
            want(w, node, query_node(node, NULL, TRUE));
        }
    }
    if (disks) {
        removable_foreach(want_drive, w);
    }
}

static void image_clear(gpointer data)
{
    Image *image = data;

    fd_clear(&image->fd);
    g_free(image->name);
}

static int dup_fd(const BlockNode *node)
{
    return node->driver->dup_fd ? node->driver->dup_fd(node) : -1;
}

static GArray *collect_images(const GPtrArray *nodes)
{
    GArray *images = g_array_new(FALSE, FALSE, sizeof(Image));

    g_array_set_clear_func(images, image_clear);
    for (guint i = 0; i < nodes->len; i++) {
        const BlockNode *node = nodes->pdata[i];
        Image image = { .fd = -1, .size = -1 };
        if (node) {
            image.name = g_strdup(node->name);
            image.fd = dup_fd(block_node_bottom(node));
        }
        g_array_append_val(images, image);
    }
    return images;
}

static void query_run(void *data)
{
    GArray *images = data;
    struct stat st;

    for (guint i = 0; i < images->len; i++) {
        Image *image = &g_array_index(images, Image, i);
        if (image->name) {
            gate_pass(image->name);
        }
        if (image->fd >= 0 && fstat(image->fd, &st) == 0) {
            image->size = (gint64)st.st_blocks * 512;
        }
        fd_clear(&image->fd);
    }
}

static void query_drop(void *data)
{
    g_array_unref(data);
}

static ConfigNode *node_at(const Query *q, guint i)
{
    ConfigNode *entry = config_list_at(q->reply, i);

    return q->disks ? config_map_peek(entry, "inserted") : entry;
}

static void query_end(Query *q, GArray *images, GError *error)
{
    for (guint i = 0; images && i < images->len; i++) {
        gint64 size = g_array_index(images, Image, i).size;
        if (size >= 0) {
            config_map_set_int(config_map_peek(node_at(q, i), "image"), "actual-size",
                               size);
        }
    }
    if (error) {
        g_clear_pointer(&q->reply, config_node_unref);
    }
    q->done(q->opaque, q->reply, error);
    g_free(q);
}

static void query_done(void *opaque, void *data)
{
    GError *error = NULL;

    if (!data) {
        error_set(&error, "The emulator ends");
    }
    query_end(opaque, data, error);
    g_clear_pointer(&data, query_drop);
}

static void query(gboolean disks, BlockQueried done, void *opaque)
{
    static const SlowCall calls = { query_run, query_done, query_drop };
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    Wanted w = { nodes, config_list_new() };
    Query *q = g_new(Query, 1);
    GError *error = NULL;

    want_all(&w, disks);
    GArray *images = collect_images(nodes);
    *q = (Query){ w.reply, disks, done, opaque };
    if (!images->len || !slow_start(&calls, images, q, &error)) {
        query_end(q, NULL, error);
        g_array_unref(images);
    }
}

void block_query_named_nodes(BlockQueried done, void *opaque)
{
    query(FALSE, done, opaque);
}

void block_query_disks(BlockQueried done, void *opaque)
{
    query(TRUE, done, opaque);
}
