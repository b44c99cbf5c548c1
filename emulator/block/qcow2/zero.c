/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zeroes, discards, and the size. */
#include "block/qcow2/internal.h"

#define ZEROS_MAX (256u << 10)
#define L1_MAX    (32u << 20)

/* What the entry becomes; FALSE: it stays. */
static gboolean dropped_entry(const Qcow2 *q, Drop how, guint64 *entry, guint64 *bits)
{
    guint64 old = *entry, old_bits = *bits, zero = q->extended ? 0 : L2E_ZERO;
    gboolean was_empty = !(old & (L2E_OFFSET_MASK | ENTRY_COMPRESSED | ENTRY_COPIED));
    gboolean backed = q->options.read_backing != NULL;

    *bits = q->extended ? SUBCLUSTERS_ZERO : 0;
    if (how == DROP_NOTHING || (!backed && how != DROP_ZERO_KEEP && !q->data_file) ||
        (!backed && was_empty && !q->data_file)) {
        *entry = *bits = 0;
    } else if (was_empty && how == DROP_DISCARD) {
        *bits = old_bits;
    } else if (q->version < 3) {
        return FALSE;
    } else if ((how == DROP_ZERO_KEEP || q->data_file) && qcow2_entry_is_own(q, old)) {
        *entry = (old & (L2E_OFFSET_MASK | ENTRY_COPIED)) | zero;
    } else {
        *entry = zero;
    }
    return *entry != old || *bits != old_bits;
}

/* Of the entries at ref that lie before end; *n says how many were looked at. */
static int drop_entries(Qcow2 *q, guint64 offset, guint64 end, Drop how, guint32 *n)
{
    gboolean make = how == DROP_ZERO || how == DROP_ZERO_KEEP;
    guint64 entry, bits, old;
    L2Ref ref;
    int ret = qcow2_l2_find(q, offset, FALSE, &ref);

    if (ret == 0 && (ref.slice || (make && q->options.read_backing))) {
        ret = qcow2_l2_find(q, offset, TRUE, &ref);
    }
    if (ret < 0) {
        return ret;
    }
    if (!ref.slice) { /* nothing there: up to the end of the table */
        guint64 span = 1ull << (q->cluster_bits + q->l2_bits);
        *n = (guint32)((round_down(offset, span) + span - offset) >> q->cluster_bits);
        return 0;
    }
    *n = (guint32)MIN(ref.left, (end - offset) >> q->cluster_bits);
    for (guint32 i = 0; i < *n && ret == 0; i++) {
        ret = qcow2_l2_get(q, &ref, i, &entry, &bits);
        old = entry;
        if (ret == 0 && dropped_entry(q, how, &entry, &bits)) {
            ret = qcow2_l2_set(q, &ref, i, entry, bits);
            if (ret == 0 && (entry & L2E_OFFSET_MASK) == 0) {
                qcow2_free_entry(q, old, QCOW2_FREED_REQUEST);
            }
        }
    }
    return ret < 0 ? ret : qcow2_bound_freed(q);
}

int qcow2_drop_clusters(Qcow2 *q, guint64 offset, guint64 end, Drop how)
{
    int ret = qcow2_prepare(q);

    while (offset < end && ret == 0) {
        /* so much is surely one turn's: a slice, or none */
        guint64 turn = MIN(
            end, offset + ((guint64)q->l2_cache.unit / q->entry_size << q->cluster_bits));
        guint32 n = 0;
        Busy busy;
        qcow2_busy_begin(q, &busy, offset, turn);
        if (q->data_file && how != DROP_NOTHING) {
            ret = q->data.zero(q->data.opaque, offset, turn - offset,
                               how != DROP_ZERO_KEEP);
        }
        g_mutex_lock(&q->meta);
        ret = ret < 0 ? ret : drop_entries(q, offset, turn, how, &n);
        g_mutex_unlock(&q->meta);
        qcow2_busy_end(q, &busy);
        offset = MIN(end, offset + ((guint64)n << q->cluster_bits));
    }
    return ret;
}

static int write_zeros(Qcow2 *q, guint64 offset, guint64 bytes)
{
    g_autofree guint8 *zeros = bytes ? g_try_malloc0(MIN(bytes, ZEROS_MAX)) : NULL;
    int ret = bytes && !zeros ? -ENOMEM : 0;

    while (bytes && ret == 0) {
        struct iovec iov = { zeros, MIN(bytes, ZEROS_MAX) };
        ret = qcow2_write_range(q, offset, &iov, 1, iov.iov_len);
        offset += iov.iov_len;
        bytes -= iov.iov_len;
    }
    return ret;
}

int qcow2_zero_range(Qcow2 *q, guint64 offset, guint64 bytes, gboolean unmap)
{
    guint64 end = offset + bytes, size = qcow2_size(q);
    guint64 from = round_down(offset + q->cluster_size - 1, q->cluster_size);
    guint64 to = end == size ? round_down(end + q->cluster_size - 1, q->cluster_size)
                             : round_down(end, q->cluster_size);
    int ret;

    if (from >= to || (q->version < 3 && q->options.read_backing)) {
        return write_zeros(q, offset, bytes);
    }
    ret = write_zeros(q, offset, from - offset);
    ret = ret < 0
              ? ret
              : qcow2_drop_clusters(q, from, to,
                                    unmap || q->version < 3 ? DROP_ZERO : DROP_ZERO_KEEP);
    return ret < 0 || end <= to ? ret : write_zeros(q, to, end - to);
}

int qcow2_zero(Qcow2 *q, guint64 offset, guint64 bytes, gboolean unmap)
{
    int ret = qcow2_check_range(q, offset, bytes, TRUE);

    return ret < 0 || bytes == 0 ? ret : qcow2_zero_range(q, offset, bytes, unmap);
}

int qcow2_discard(Qcow2 *q, guint64 offset, guint64 bytes)
{
    guint64 end = offset + bytes, from, to;
    int ret = qcow2_check_range(q, offset, bytes, TRUE);

    if (ret < 0) {
        return ret;
    }
    from = round_down(offset + q->cluster_size - 1, q->cluster_size);
    to = end == qcow2_size(q) ? round_down(end + q->cluster_size - 1, q->cluster_size)
                              : round_down(end, q->cluster_size);
    return from < to ? qcow2_drop_clusters(q, from, to, DROP_DISCARD) : 0;
}

/* Under meta: an L1 table of so many entries, in a new place. */
static int grow_l1(Qcow2 *q, guint32 n)
{
    guint64 clusters = ((guint64)n * 8 + q->cluster_size - 1) >> q->cluster_bits, first;
    g_autofree guint64 *l1 = g_try_new0(guint64, clusters << (q->cluster_bits - 3));
    guint8 pointer[12];
    int ret = l1 ? qcow2_alloc_exactly(q, clusters, &first) : -ENOMEM;

    if (ret < 0) {
        return ret;
    }
    memcpy(l1, q->l1, 8ull * q->l1_size);
    ret = qcow2_meta_flush(q);
    ret = ret < 0 ? ret
                  : qcow2_table_write(q, first << q->cluster_bits, l1,
                                      (guint32)(clusters << (q->cluster_bits - 3)));
    ret = ret < 0 ? ret : q->io.flush(q->io.opaque);
    put_be32(pointer, n);
    put_be64(pointer + 4, first << q->cluster_bits);
    ret = ret < 0 ? ret : qcow2_header_write(q, 36, pointer, sizeof(pointer));
    if (ret < 0) {
        return ret;
    }
    qcow2_free_later(q, q->l1_offset >> q->cluster_bits,
                     ((guint64)q->l1_size * 8 + q->cluster_size - 1) >> q->cluster_bits,
                     QCOW2_FREED_OTHER);
    g_mutex_lock(&q->lock);
    g_free(q->l1);
    q->l1 = g_steal_pointer(&l1);
    q->l1_size = n;
    q->l1_offset = first << q->cluster_bits;
    g_mutex_unlock(&q->lock);
    return 0;
}

static int set_size(Qcow2 *q, guint64 size)
{
    int ret;

    g_mutex_lock(&q->meta);
    ret = qcow2_meta_flush(q);
    ret = ret < 0 ? ret : qcow2_header_write_u64(q, 24, size);
    if (ret == 0) {
        g_mutex_lock(&q->lock);
        q->size = size;
        g_mutex_unlock(&q->lock);
    }
    g_mutex_unlock(&q->meta);
    return ret;
}

static int shrink(Qcow2 *q, guint64 old, guint64 size)
{
    guint64 from = round_down(size + q->cluster_size - 1, q->cluster_size);
    guint64 to = round_down(old + q->cluster_size - 1, q->cluster_size);
    int ret = from < to ? qcow2_drop_clusters(q, from, to, DROP_NOTHING) : 0;

    return ret < 0 ? ret : set_size(q, size);
}

/* New bytes: what is left in the last cluster, and what the backing image has there. */
static int grow(Qcow2 *q, guint64 old, guint64 size)
{
    guint64 span = 1ull << (q->cluster_bits + q->l2_bits);
    guint64 need = size / span + (size % span != 0), backing = 0;
    guint64 dirty = MIN(size, round_down(old + q->cluster_size - 1, q->cluster_size));
    int ret = 0;

    if (need > L1_MAX / 8) {
        return -EFBIG;
    }
    g_mutex_lock(&q->meta);
    if (need > q->l1_size) {
        ret = grow_l1(q, (guint32)need);
    }
    g_mutex_unlock(&q->meta);
    ret = ret < 0 ? ret : set_size(q, size);
    if (q->options.read_backing && q->options.backing_size) {
        backing = MIN(size, q->options.backing_size(q->options.opaque));
    }
    dirty = MAX(dirty, backing);
    return ret < 0 || dirty <= old ? ret : qcow2_zero_range(q, old, dirty - old, FALSE);
}

int qcow2_resize(Qcow2 *q, guint64 size, GError **errp)
{
    guint64 old = qcow2_size(q);
    int ret = qcow2_check_range(q, 0, 0, TRUE);

    if (size % 512) {
        error_set(errp, "The new size must be a multiple of 512");
        return -EINVAL;
    }
    if (size > G_MAXINT64 || (q->version < 3 && q->n_snapshots)) {
        error_set(errp, "qcow2: %s",
                  q->n_snapshots ? "Can't resize a version 2 image which has snapshots"
                                 : "the new size is too large");
        return -ENOTSUP;
    }
    if (q->n_bitmaps) {
        error_set(errp, "qcow2: Cannot resize an image which has persistent bitmaps");
        return -ENOTSUP;
    }
    ret = ret < 0 ? ret : qcow2_prepare(q);
    if (ret == 0 && size != old) {
        ret = size < old ? shrink(q, old, size) : grow(q, old, size);
        if (ret == 0 && q->data_file && q->autoclear & AUTOCLEAR_RAW) {
            ret = q->data.truncate(q->data.opaque, size);
        }
    }
    if (ret < 0) {
        error_set_errno(errp, -ret, "qcow2: could not resize the image");
    }
    return ret;
}
