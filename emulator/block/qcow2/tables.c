/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image comes and goes; the tables that are in memory as a whole. */
#include "block/qcow2/internal.h"

#define L1_MAX        (32u << 20) /* bytes; QEMU's limits too */
#define REFTABLE_MAX  (8u << 20)
#define SLICE         4096u
#define L2_CACHE_MAX  (32ull << 20)
#define REF_CACHE_MAX (1ull << 20)

Qcow2 *qcow2_new(const Qcow2Io *io, const Qcow2Io *data, const Qcow2Options *options)
{
    Qcow2 *q = g_new0(Qcow2, 1);

    q->io = *io;
    q->data = data ? *data : *io;
    q->has_data_io = data != NULL;
    q->options = *options;
    g_mutex_init(&q->meta);
    g_mutex_init(&q->lock);
    g_cond_init(&q->idle);
    q->freed = g_array_new(FALSE, FALSE, sizeof(Freed));
    return q;
}

guint64 *qcow2_table_read(Qcow2 *q, guint64 offset, guint32 n, const char *what,
                          GError **errp)
{
    g_autofree guint64 *table = g_try_new0(guint64, MAX(n, 1));
    int ret;

    if (!table) {
        return error_set_errno(errp, ENOMEM, "qcow2: could not read %s", what), NULL;
    }
    if (n && (offset == 0 || offset % q->cluster_size || offset > L1E_OFFSET_MASK)) {
        return error_set(errp, "qcow2: offset of %s is invalid", what), NULL;
    }
    ret = n ? q->io.read(q->io.opaque, offset, table, (gsize)n * 8) : 0;
    if (ret < 0) {
        return error_set_errno(errp, -ret, "qcow2: could not read %s", what), NULL;
    }
    for (guint32 i = 0; i < n; i++) {
        table[i] = GUINT64_FROM_BE(table[i]);
    }
    return g_steal_pointer(&table);
}

int qcow2_table_write(Qcow2 *q, guint64 offset, const guint64 *table, guint32 n)
{
    g_autofree guint64 *out = g_try_new(guint64, MAX(n, 1));

    if (!out) {
        return -ENOMEM;
    }
    for (guint32 i = 0; i < n; i++) {
        out[i] = GUINT64_TO_BE(table[i]);
    }
    return q->io.write(q->io.opaque, offset, out, (gsize)n * 8);
}

static void tables_clear(Qcow2 *q)
{
    g_clear_pointer(&q->l1, g_free);
    g_clear_pointer(&q->reftable, g_free);
    if (q->l2_cache.n) {
        qcow2_cache_clear(&q->l2_cache);
        qcow2_cache_clear(&q->ref_cache);
    }
    for (unsigned i = 0; q->snapshots && i < q->n_snapshots; i++) {
        g_free(q->snapshots[i].id);
        g_free(q->snapshots[i].name);
    }
    g_clear_pointer(&q->snapshots, g_free);
    for (unsigned i = 0; q->bitmaps && i < q->n_bitmaps; i++) {
        g_free(q->bitmaps[i].name);
    }
    g_clear_pointer(&q->bitmaps, g_free);
    q->n_snapshots = q->n_bitmaps = 0;
    g_array_set_size(q->freed, 0);
    q->l1_dirty = q->reftable_dirty = FALSE;
    q->free_hint = 0;
    q->prepared = FALSE;
    g_atomic_int_set(&q->unclean, FALSE);
    g_atomic_int_set(&q->corrupt, FALSE);
}

static gboolean check_sizes(Qcow2 *q, GError **errp)
{
    guint64 per_l1, need;

    q->entry_size = q->extended ? 16 : 8;
    q->l2_bits = q->cluster_bits - (q->extended ? 4 : 3);
    per_l1 = 1ull << (q->cluster_bits + q->l2_bits);
    need = q->size / per_l1 + (q->size % per_l1 != 0);
    if (q->size > G_MAXINT64 || q->l1_size > L1_MAX / 8) {
        return error_set(errp, "qcow2: Active L1 table too large");
    }
    if (q->l1_size < need) {
        return error_set(errp, "qcow2: L1 table is too small");
    }
    if (q->reftable_size == 0) {
        return error_set(errp, "qcow2: Image does not contain a reference count table");
    }
    if (q->reftable_size > REFTABLE_MAX / q->cluster_size) {
        return error_set(errp, "qcow2: Reference count table too large");
    }
    q->reftable_size <<= q->cluster_bits - 3;
    if (q->data_file && !q->has_data_io) {
        return error_set(errp, "qcow2: 'data-file' is required for this image");
    }
    if (!q->data_file && q->has_data_io) {
        return error_set(errp, "qcow2: 'data-file' can only be set for images with an "
                               "external data file");
    }
    return TRUE;
}

static void make_caches(Qcow2 *q)
{
    guint32 slice = MIN(q->cluster_size, SLICE);
    guint64 all = q->size / q->cluster_size * q->entry_size + q->cluster_size;
    guint64 l2 = q->options.l2_cache_size, refs = q->options.refcount_cache_size;

    qcow2_cache_init(&q->l2_cache, slice, MIN(all, l2 ? l2 : L2_CACHE_MAX));
    qcow2_cache_init(&q->ref_cache, slice, MIN(all, refs ? refs : REF_CACHE_MAX));
}

gboolean qcow2_tables_load(Qcow2 *q, GError **errp)
{
    guint32 n_snapshots = q->n_snapshots;

    q->n_snapshots = 0;
    if (!check_sizes(q, errp)) {
        return FALSE;
    }
    q->l1 = qcow2_table_read(q, q->l1_offset, q->l1_size, "the L1 table", errp);
    q->reftable = q->l1 ? qcow2_table_read(q, q->reftable_offset, q->reftable_size,
                                           "the refcount table", errp)
                        : NULL;
    if (!q->reftable || !qcow2_snapshots_load(q, n_snapshots, errp) ||
        !qcow2_bitmaps_load(q, errp)) {
        return FALSE;
    }
    make_caches(q);
    return TRUE;
}

/* What a writer does at once: the image is consistent from here on. */
static gboolean begin_writing(Qcow2 *q, GError **errp)
{
    guint64 known = AUTOCLEAR_BITMAPS | (q->data_file ? AUTOCLEAR_RAW : 0);
    int ret = 0;

    if (q->options.read_only) {
        return TRUE;
    }
    if (q->autoclear & ~known) {
        q->autoclear &= known;
        ret = qcow2_header_write_u64(q, 88, q->autoclear);
    }
    if (ret == 0 && q->incompatible & INCOMPAT_DIRTY) {
        ret = qcow2_rebuild_refcounts(q);
        if (ret == 0) {
            ret = qcow2_meta_flush(q);
        }
        if (ret == 0) {
            q->incompatible &= ~INCOMPAT_DIRTY;
            ret = qcow2_header_write_u64(q, 72, q->incompatible);
        }
    }
    return ret == 0 || error_set_errno(errp, -ret, "qcow2: could not prepare the image");
}

gboolean qcow2_activate(Qcow2 *q, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&q->meta);
    tables_clear(q);
    g_atomic_int_set(&q->read_only, q->options.read_only);
    ok = qcow2_header_load(q, errp) && qcow2_tables_load(q, errp) &&
         begin_writing(q, errp);
    g_atomic_int_set(&q->corrupt, (q->incompatible & INCOMPAT_CORRUPT) != 0);
    if (!ok) {
        tables_clear(q);
    }
    g_mutex_lock(&q->lock);
    q->active = ok;
    g_mutex_unlock(&q->lock);
    g_mutex_unlock(&q->meta);
    return ok;
}

int qcow2_inactivate(Qcow2 *q)
{
    int ret = 0;

    g_mutex_lock(&q->meta);
    if (q->active) {
        for (unsigned i = 0; i < 8 && ret == 0 && qcow2_needs_flush(q); i++) {
            ret = qcow2_meta_flush(q);
        }
        if (ret == 0 && !q->options.read_only) {
            ret = q->io.flush(q->io.opaque);
        }
        g_mutex_lock(&q->lock);
        q->active = FALSE;
        g_mutex_unlock(&q->lock);
        tables_clear(q);
    }
    g_mutex_unlock(&q->meta);
    return ret;
}

void qcow2_free(Qcow2 *q)
{
    tables_clear(q);
    qcow2_header_clear(q);
    g_array_unref(q->freed);
    g_mutex_clear(&q->meta);
    g_mutex_clear(&q->lock);
    g_cond_clear(&q->idle);
    g_free(q);
}

void qcow2_get_info(Qcow2 *q, Qcow2Info *info)
{
    *info = (Qcow2Info){
        .version = q->version,
        .cluster_size = q->cluster_size,
        .subcluster_size = q->extended ? q->cluster_size / SUBCLUSTERS : q->cluster_size,
        .refcount_bits = 1u << q->refcount_order,
        .lazy_refcounts = (q->compatible & 1) != 0,
        .corrupt = g_atomic_int_get(&q->corrupt),
        .extended_l2 = q->extended,
        .data_file_raw = q->data_file && q->autoclear & AUTOCLEAR_RAW,
        .compression_type = "zlib",
        .backing_file = q->backing_file,
        .backing_format = q->backing_format,
        .data_file = q->data_file ? q->data_name : NULL,
        .snapshots = q->snapshots,
        .n_snapshots = q->n_snapshots,
        .bitmaps = q->bitmaps,
        .n_bitmaps = q->n_bitmaps,
    };
}

guint64 qcow2_size(Qcow2 *q)
{
    guint64 size;

    g_mutex_lock(&q->lock);
    size = q->size;
    g_mutex_unlock(&q->lock);
    return size;
}

gboolean qcow2_read_only(Qcow2 *q)
{
    return g_atomic_int_get(&q->read_only);
}

int qcow2_corrupt(Qcow2 *q, guint64 offset, guint64 bytes, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    if (g_atomic_int_exchange(&q->corrupt, TRUE)) {
        return -EIO;
    }
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (!g_atomic_int_exchange(&q->read_only, TRUE) && q->version >= 3) {
        q->incompatible |= INCOMPAT_CORRUPT;
        qcow2_header_write_u64(q, 72, q->incompatible); /* as well as it goes */
    }
    if (q->options.corrupted) {
        q->options.corrupted(q->options.opaque, message, offset, bytes);
    }
    return -EIO;
}
