/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qcow2": the driver, on the library in qcow2/.
 *
 * What is mapped by the caches, in one piece, goes on to the file below in the loop,
 * where the extent stays held until the request is done. All else (a miss, several
 * pieces, allocation, zeroes, discards) is the library's plain calls on a worker. What
 * takes an image over or gives it away, and block_resize, read and write on a slow call's
 * thread.
 *
 * #syscalls slow: preadv2 pwritev2 fdatasync
 * #syscalls slow: fallocate -- rare: what is cut off, and zeros
 * #syscalls slow: ioctl(BLKDISCARD) -- rare: the same of a block device
 * #syscalls slow: ftruncate -- rare: of an external data file
 */
#include <string.h>

#include "block/image.h"
#include "block/qcow2-driver.h"
#include "event/vm-event.h"
#include "util/error.h"

#define CLEAN_MAX      86400u     /* seconds */
#define REFCOUNT_CACHE (1u << 20) /* bytes, of a size for both: at most */

G_STATIC_ASSERT(sizeof(Qcow2Extent) <= sizeof(((BlockFrame *)NULL)->data));

enum { OVERLAP_NONE, OVERLAP_CONSTANT, OVERLAP_CACHED, OVERLAP_ALL };
static const char *const overlap_names[] = { "none", "constant", "cached", "all", NULL };

static const Property qcow2_rows[] = {
    { "file", PROP_KIND, offsetof(Qcow2Rows, file), .kind = &block_kind,
      .reference = TRUE, .required = TRUE, .help = "The node that has the image" },
    { "backing", PROP_KIND, offsetof(Qcow2Rows, backing), .kind = &block_kind,
      .reference = TRUE, .nullable = TRUE,
      .help = "The node that has what is not allocated; null: none, whatever the image "
              "says" },
    { "data-file", PROP_KIND, offsetof(Qcow2Rows, data_file), .kind = &block_kind,
      .reference = TRUE, .help = "The node of the image's external data file" },
    { "cache-size", PROP_SIZE, offsetof(Qcow2Rows, cache_size), "0",
      .help = "Memory for both caches, bytes; 0: as the two sizes below say" },
    { "l2-cache-size", PROP_SIZE, offsetof(Qcow2Rows, l2_cache_size), "0",
      .help = "Memory for L2 tables, bytes; 0: for all of them, up to 32 MiB" },
    { "refcount-cache-size", PROP_SIZE, offsetof(Qcow2Rows, refcount_cache_size), "0",
      .help = "Memory for refcount blocks, bytes; 0: up to 1 MiB" },
    { "cache-clean-interval", PROP_U64, offsetof(Qcow2Rows, clean_interval), "600",
      .max = CLEAN_MAX,
      .help = "After how many seconds what is not used leaves the caches; 0: never" },
    { "lazy-refcounts", PROP_BOOL, offsetof(Qcow2Rows, lazy_refcounts), "off",
      .ignored = TRUE, .help = "Counts are always kept" },
    { "pass-discard-request", PROP_BOOL, offsetof(Qcow2Rows, pass_request), "on",
      .help = "What is discarded is discarded in the file too, as 'discard' has it" },
    { "pass-discard-snapshot", PROP_BOOL, offsetof(Qcow2Rows, pass_snapshot), "on",
      .help = "The same of what a snapshot lets go" },
    { "pass-discard-other", PROP_BOOL, offsetof(Qcow2Rows, pass_other), "off",
      .help = "The same of what is free for other reasons" },
    { "overlap-check", PROP_ENUM, offsetof(Qcow2Rows, overlap_check), "cached",
      .names = overlap_names,
      .help = "Whether writes are checked against the image's metadata; none: they are "
              "not" },
    { NULL },
};

/* --- the files below, for the library; on workers --- */

static int io_read(void *o, guint64 offset, void *buf, gsize len)
{
    return block_image_read(o, offset, buf, len);
}

static int io_write(void *o, guint64 offset, const void *buf, gsize len)
{
    return block_image_write(o, offset, buf, len);
}

static int io_readv(void *o, guint64 offset, const struct iovec *iov, unsigned n)
{
    return block_image_readv(o, offset, iov, n);
}

static int io_writev(void *o, guint64 offset, const struct iovec *iov, unsigned n)
{
    return block_image_writev(o, offset, iov, n);
}

static int io_flush(void *o)
{
    return block_image_flush(o);
}

static int io_zero(void *o, guint64 offset, guint64 len, gboolean unmap)
{
    return block_image_zero(o, offset, len, unmap);
}

static int io_discard(void *o, guint64 offset, guint64 len)
{
    return block_image_discard(o, offset, len);
}

static int io_truncate(void *o, guint64 size)
{
    return block_image_truncate(o, size);
}

static guint64 io_size(void *o)
{
    return block_node_size(o);
}

static Qcow2Io io_of(BlockNode *node)
{
    return (Qcow2Io){ io_read, io_write,   io_readv,    io_writev, io_flush,
                      io_zero, io_discard, io_truncate, io_size,   node };
}

static int read_backing(void *opaque, guint64 offset, void *buf, gsize len)
{
    const Qcow2State *s = ((BlockNode *)opaque)->state;

    return block_image_read(s->backing, offset, buf, len);
}

static guint64 backing_size(void *opaque)
{
    const Qcow2State *s = ((BlockNode *)opaque)->state;

    return block_node_size(s->backing);
}

typedef struct Corruption {
    char *node, *message;
    guint64 offset, bytes;
} Corruption;

static void emit_corrupted(void *opaque)
{
    Corruption *c = opaque;
    ConfigNode *data = config_map_new();

    config_map_set_string(data, "device", "");
    config_map_set_string(data, "node-name", c->node);
    config_map_set_string(data, "msg", c->message);
    if (c->bytes) {
        config_map_set_int(data, "offset", (gint64)c->offset);
        config_map_set_int(data, "size", (gint64)c->bytes);
    }
    config_map_set_bool(data, "fatal", TRUE);
    vm_event_emit("BLOCK_IMAGE_CORRUPTED", data);
    g_free(c->node);
    g_free(c->message);
    g_free(c);
}

static void corrupted(void *opaque, const char *message, guint64 offset, guint64 bytes)
{
    const BlockNode *node = opaque;
    Corruption *c = g_new(Corruption, 1);

    *c = (Corruption){ g_strdup(node->name), g_strdup(message), offset, bytes };
    event_loop_post(event_loop_main(), emit_corrupted, c);
}

/* --- how it comes and goes --- */

/* FALSE: there is none, as "" and null say. */
static gboolean names_backing(Qcow2Rows *o)
{
    ConfigNode *b = o->backing;

    if (config_node_type(b) == CONFIG_NULL ||
        (config_node_type(b) == CONFIG_STRING && !config_node_string(b)[0])) {
        g_clear_pointer(&o->backing, config_node_unref);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_sizes(const Qcow2Rows *o, GError **errp)
{
    if (o->cache_size && o->l2_cache_size && o->refcount_cache_size) {
        return error_set(errp,
                         "cache-size, l2-cache-size and refcount-cache-size may not "
                         "be set at the same time");
    }
    if (o->cache_size && o->l2_cache_size > o->cache_size) {
        return error_set(errp, "l2-cache-size may not exceed cache-size");
    }
    return !o->cache_size || o->refcount_cache_size <= o->cache_size ||
           error_set(errp, "refcount-cache-size may not exceed cache-size");
}

static gboolean is_plain(const BlockNode *node)
{
    return !node->driver->waits && (!node->child || is_plain(node->child));
}

static gboolean qcow2_configure(BlockNode *node, GError **errp)
{
    Qcow2Rows *o = node->options;
    Qcow2State *s = node->state = g_new0(Qcow2State, 1);

    s->owner = node;
    node->sector_size = BLOCK_SECTOR_SIZE;
    s->no_backing = o->backing && !names_backing(o);
    if (!check_sizes(o, errp) ||
        !block_child_configure(node, &o->file, BLOCK_ROLE_FILE, errp) ||
        (o->data_file &&
         !block_child_configure(node, &o->data_file, BLOCK_ROLE_DATA_FILE, errp)) ||
        (o->backing &&
         !block_child_configure(node, &o->backing, BLOCK_ROLE_BACKING, errp))) {
        return FALSE;
    }
    s->file = node->child;
    s->data = block_child_node(node, BLOCK_ROLE_DATA_FILE);
    s->data = s->data ? s->data : s->file;
    s->backing = block_child_node(node, BLOCK_ROLE_BACKING);
    s->plain = is_plain(s->data);
    return TRUE;
}

static gboolean is_name(const ConfigNode *ref, const BlockNode *node)
{
    return config_node_type(ref) == CONFIG_STRING &&
           g_str_equal(config_node_string(ref), node->name);
}

/* What is not given is not "as before": QEMU wants to be told of the backing file. */
static gboolean check_same_backing(const BlockNode *node, Qcow2Rows *o, GError **errp)
{
    const Qcow2State *s = node->state;
    gboolean given = o->backing != NULL, named = given && names_backing(o);
    gboolean same = named ? s->backing && is_name(o->backing, s->backing) : !s->backing;

    g_clear_pointer(&o->backing, config_node_unref);
    if (s->backing && !given) {
        return error_set(errp, "backing is missing for '%s'", node->name);
    }
    return same || error_set(errp, "Cannot change the option 'backing'");
}

/* What does not need the image to be opened anew may change. */
static gboolean qcow2_reopen(BlockNode *node, BlockNode *fresh, GError **errp)
{
    const Qcow2Rows *old = node->options;
    Qcow2Rows *o = fresh->options;
    const Qcow2State *s = node->state;

    if (!block_reopen_check_child(node, &o->file, errp) ||
        !check_same_backing(node, o, errp)) {
        return FALSE;
    }
    if ((s->data != s->file) != (o->data_file != NULL) ||
        (o->data_file && !is_name(o->data_file, s->data))) {
        return error_set(errp, "Cannot change the option 'data-file'");
    }
    g_clear_pointer(&o->data_file, config_node_unref);
    if (fresh->read_only != node->read_only) {
        return error_set(errp, "Cannot change the option 'read-only'");
    }
    if (o->cache_size != old->cache_size || o->l2_cache_size != old->l2_cache_size ||
        o->refcount_cache_size != old->refcount_cache_size) {
        return error_set(errp, "Cannot change the sizes of the caches");
    }
    fresh->state = node->state;
    fresh->sector_size = node->sector_size;
    return TRUE;
}

static guint passed_on(const BlockNode *node)
{
    const Qcow2Rows *o = node->options;

    return (o->pass_request && node->unmap ? 1u << QCOW2_FREED_REQUEST : 0) |
           (o->pass_snapshot ? 1u << QCOW2_FREED_SNAPSHOT : 0) |
           (o->pass_other ? 1u << QCOW2_FREED_OTHER : 0);
}

/* Of a size for both most is the L2 tables'. */
static void share_sizes(const Qcow2Rows *o, Qcow2Options *options)
{
    guint64 l2 = o->l2_cache_size, refs = o->refcount_cache_size;

    if (o->cache_size && !l2) {
        refs = refs ? refs : MIN(o->cache_size / 4, REFCOUNT_CACHE);
        l2 = o->cache_size - refs;
    } else if (o->cache_size) {
        refs = o->cache_size - l2;
    }
    options->l2_cache_size = o->cache_size ? MAX(l2, 1) : l2; /* 0 would be no limit */
    options->refcount_cache_size = o->cache_size ? MAX(refs, 1) : refs;
}

static gboolean check_writable(BlockNode *node, GError **errp)
{
    if (node->child->read_only && node->auto_read_only) {
        node->read_only = TRUE;
    }
    return node->read_only || !node->child->read_only ||
           error_set(errp, "Node '%s' cannot be written: its file '%s' is read-only",
                     node->name, node->child->name);
}

static gboolean qcow2_opened(BlockNode *node, GError **errp)
{
    qcow2_clean_later(node);
    return check_writable(node, errp);
}

static Qcow2 *make(BlockNode *node)
{
    const Qcow2Rows *o = node->options;
    const Qcow2State *s = node->state;
    Qcow2Io file = io_of(s->file), data = io_of(s->data);
    Qcow2Options options = {
        .read_only = node->read_only,
        .pass_discard = passed_on(node),
        .no_overlap_check = o->overlap_check == OVERLAP_NONE,
        .read_backing = s->backing ? read_backing : NULL,
        .backing_size = s->backing ? backing_size : NULL,
        .corrupted = corrupted,
        .opaque = node,
    };

    share_sizes(o, &options);
    return qcow2_new(&file, s->data != s->file ? &data : NULL, &options);
}

/* Nothing is opened that only the image's header names. */
static gboolean check_backing(const BlockNode *node, GError **errp)
{
    const Qcow2State *s = node->state;
    Qcow2Info info;

    qcow2_get_info(s->q, &info);
    if (!info.backing_file || s->backing || s->no_backing) {
        return TRUE;
    }
    g_autofree char *name = error_printable(info.backing_file, strlen(info.backing_file));
    return error_set(errp,
                     "The image of node '%s' has the backing file '%s', which 'backing' "
                     "does not give; null: it is not used",
                     node->name, name);
}

/* The images below have been measured. */
static gboolean refresh_below(const BlockNode *node, GError **errp)
{
    for (const BlockChild *c = node->children; c; c = c->next_child) {
        if (!block_node_refresh_size(c->node, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean qcow2_driver_activate(BlockNode *node, GError **errp)
{
    Qcow2State *s = node->state;

    if (!check_writable(node, errp) || !refresh_below(node, errp)) {
        return FALSE;
    }
    if (!s->q) {
        s->q = make(node);
    }
    if (!qcow2_activate(s->q, errp)) {
        return FALSE;
    }
    if (!check_backing(node, errp)) {
        qcow2_inactivate(s->q);
        return FALSE;
    }
    return TRUE;
}

static gboolean qcow2_driver_inactivate(BlockNode *node, GError **errp)
{
    const Qcow2State *s = node->state;
    int ret = s->q ? qcow2_inactivate(s->q) : 0;

    return ret == 0 ||
           error_set(errp, "Could not flush node '%s': %s", node->name, error_text(-ret));
}

static void qcow2_driver_close(BlockNode *node)
{
    Qcow2State *s = node->state;

    if (s && s->owner == node && s->q) {
        qcow2_inactivate(s->q);
        g_clear_pointer(&s->q, qcow2_free);
    }
}

static void qcow2_driver_free(BlockNode *node)
{
    Qcow2State *s = node->state;

    if (s && s->owner == node) {
        g_free(s);
    }
}

/* Before it is active for the first time nobody knows its size: it is 0. */
static gboolean qcow2_refresh_size(BlockNode *node, GError **errp)
{
    const Qcow2State *s = node->state;
    guint64 size = s->q ? qcow2_size(s->q) : 0;

    node->size = size - size % BLOCK_SECTOR_SIZE;
    return TRUE;
}

static gboolean qcow2_truncate(BlockNode *node, guint64 size, GError **errp)
{
    const Qcow2State *s = node->state;

    return qcow2_resize(s->q, size, errp) == 0;
}

/* --- requests --- */

/* The rest of the work, on a worker. */
static int flush_after(const Qcow2State *s, const BlockRequest *r, int ret)
{
    return ret == 0 && r->fua ? qcow2_flush(s->q) : ret;
}

static int qcow2_blocking(BlockNode *node, BlockRequest *r)
{
    const Qcow2State *s = node->state;

    switch (r->op) {
    case BLOCK_READ:
        return qcow2_read(s->q, r->pos, r->iov, r->n_iov);
    case BLOCK_WRITE:
        return flush_after(s, r, qcow2_write(s->q, r->pos, r->iov, r->n_iov));
    case BLOCK_WRITE_ZEROES:
        return flush_after(s, r, qcow2_zero(s->q, r->pos, r->bytes, r->unmap));
    case BLOCK_DISCARD:
        return qcow2_discard(s->q, r->pos, r->bytes);
    case BLOCK_FLUSH:
        return qcow2_flush(s->q);
    }
    return -EINVAL;
}

static void read_zeros(BlockRequest *r)
{
    for (unsigned i = 0; i < r->n_iov; i++) {
        memset(r->iov[i].iov_base, 0, r->iov[i].iov_len);
    }
    block_node_complete(r, 0);
}

/* On the medium when it is done; the files' own flush is enough for that. */
static gboolean needs_worker(const Qcow2State *s, const BlockRequest *r)
{
    return (r->fua || r->op == BLOCK_FLUSH) &&
           (s->data != s->file || qcow2_needs_flush(s->q));
}

/*
 * What is in one piece, and needs nothing but the map. FALSE: a worker's. What maps it
 * has to be on the medium with it: that is looked at when it is held.
 */
static gboolean submit_mapped(BlockNode *node, BlockRequest *r)
{
    const Qcow2State *s = node->state;
    BlockFrame *frame = block_request_watch(node, r);
    Qcow2Extent *extent = (Qcow2Extent *)frame->data;

    qcow2_map(s->q, r->pos, r->bytes, r->op == BLOCK_WRITE, extent);
    Qcow2Kind kind = extent->bytes < r->bytes ? QCOW2_MISS : extent->kind;
    if (kind == QCOW2_DATA && !needs_worker(s, r)) {
        r->pos = extent->host;
        block_node_submit(s->data, r);
        return TRUE;
    }
    qcow2_unmap(s->q, extent);
    block_request_unwatch(r);
    if (kind == QCOW2_ZERO || (kind == QCOW2_BACKING && !s->backing)) {
        read_zeros(r);
        return TRUE;
    }
    if (kind == QCOW2_BACKING && r->pos + r->bytes <= block_node_size(s->backing)) {
        block_node_submit(s->backing, r);
        return TRUE;
    }
    return FALSE;
}

static void qcow2_submit(BlockNode *node, BlockRequest *r)
{
    const Qcow2State *s = node->state;

    if (r->op == BLOCK_FLUSH && !needs_worker(s, r)) {
        block_node_submit(s->file, r);
    } else if (r->op > BLOCK_WRITE || !s->plain || !submit_mapped(node, r)) {
        block_worker_submit(r);
    }
}

/* What is below is done with the cluster. */
static void qcow2_ended(BlockNode *node, BlockRequest *r, BlockFrame *frame)
{
    const Qcow2State *s = node->state;

    qcow2_unmap(s->q, (Qcow2Extent *)frame->data);
}

const BlockDriver block_driver_qcow2 = {
    .type = { "qcow2", "QEMU's image format", qcow2_rows, sizeof(Qcow2Rows) },
    .configure = qcow2_configure,
    .opened = qcow2_opened,
    .reopen = qcow2_reopen,
    .query = qcow2_query,
    .activate = qcow2_driver_activate,
    .inactivate = qcow2_driver_inactivate,
    .close = qcow2_driver_close,
    .free = qcow2_driver_free,
    .refresh_size = qcow2_refresh_size,
    .truncate = qcow2_truncate,
    .submit = qcow2_submit,
    .blocking = qcow2_blocking,
    .ended = qcow2_ended,
    .waits = TRUE,
};
