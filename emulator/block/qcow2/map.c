/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections "Cluster mapping", "L1 table entry", "L2 table entry". */
#include "block/qcow2/internal.h"

static guint64 table_span(const Qcow2 *q)
{
    return 1ull << (q->cluster_bits + q->l2_bits);
}

/* Where the entry of a guest address is in its table. */
static void locate(const Qcow2 *q, guint64 table, guint64 offset, L2Ref *ref)
{
    guint64 index = offset >> q->cluster_bits & ((1ull << q->l2_bits) - 1);
    guint64 at = index * q->entry_size;

    ref->slice = table + round_down(at, q->l2_cache.unit);
    ref->index = (guint32)(at % q->l2_cache.unit / q->entry_size);
    ref->left = q->l2_cache.unit / q->entry_size - ref->index;
}

/* The table's cluster is new: as the old one, of which all is shared now, or empty. */
static int fill_table(Qcow2 *q, guint64 old, guint64 host)
{
    g_autofree guint8 *p = g_try_malloc0(q->cluster_size);
    int ret = p ? 0 : -ENOMEM;

    if (ret == 0 && old) {
        ret = q->io.read(q->io.opaque, old, p, q->cluster_size);
    }
    for (guint32 at = 0; ret == 0 && at < q->cluster_size; at += q->entry_size) {
        guint64 entry = be64(p + at);
        put_be64(p + at, q->data_file ? entry : entry & ~ENTRY_COPIED);
    }
    return ret < 0 ? ret : q->io.write(q->io.opaque, host, p, q->cluster_size);
}

static int make_table(Qcow2 *q, guint32 i)
{
    guint64 old = q->l1[i] & L1E_OFFSET_MASK, cluster, n;
    int ret = qcow2_alloc(q, 1, &cluster, &n);

    if (ret < 0) {
        return ret;
    }
    qcow2_cache_forget(q, &q->l2_cache, cluster << q->cluster_bits, q->cluster_size);
    ret = fill_table(q, old, cluster << q->cluster_bits);
    if (ret < 0) {
        qcow2_refcount_add(q, cluster, 1, -1);
        return ret;
    }
    g_mutex_lock(&q->lock);
    q->l1[i] = cluster << q->cluster_bits | ENTRY_COPIED;
    g_mutex_unlock(&q->lock);
    q->l1_dirty = TRUE;
    g_atomic_int_set(&q->unclean, TRUE);
    if (old) {
        qcow2_free_later(q, old >> q->cluster_bits, 1, QCOW2_FREED_OTHER);
    }
    return 0;
}

int qcow2_l2_find(Qcow2 *q, guint64 offset, gboolean make, L2Ref *ref)
{
    guint64 i = offset / table_span(q), table;
    int ret;

    memset(ref, 0, sizeof(*ref));
    if (i >= q->l1_size) {
        return -EINVAL;
    }
    table = q->l1[i] & L1E_OFFSET_MASK;
    if (table % q->cluster_size) {
        return qcow2_corrupt(q, table, q->cluster_size,
                             "L2 table offset 0x%" G_GINT64_MODIFIER
                             "x unaligned (L1 index: 0x%" G_GINT64_MODIFIER "x)",
                             table, i);
    }
    if (make && !(q->l1[i] & ENTRY_COPIED && table)) {
        ret = make_table(q, (guint32)i);
        if (ret < 0) {
            return ret;
        }
        table = q->l1[i] & L1E_OFFSET_MASK;
    }
    if (table) {
        locate(q, table, offset, ref);
    }
    return 0;
}

static void entry_at(const Qcow2 *q, const guint8 *p, guint32 i, guint64 *entry,
                     guint64 *bits)
{
    p += (gsize)i * q->entry_size;
    *entry = be64(p);
    *bits = q->extended ? be64(p + 8) : 0;
}

/* An entry that makes sense. */
static gboolean entry_is_valid(const Qcow2 *q, guint64 entry, guint64 bits)
{
    if (entry & ENTRY_COMPRESSED) {
        return !q->data_file;
    }
    return (entry & L2E_OFFSET_MASK) % q->cluster_size == 0 &&
           (bits & SUBCLUSTERS_ALLOC & bits >> 32) == 0 &&
           (entry & L2E_OFFSET_MASK || q->data_file || !(bits & SUBCLUSTERS_ALLOC));
}

int qcow2_l2_get(Qcow2 *q, const L2Ref *ref, guint32 i, guint64 *entry, guint64 *bits)
{
    guint8 *p;
    int ret = qcow2_cache_get(q, &q->l2_cache, ref->slice, &p);

    if (ret < 0) {
        return ret;
    }
    entry_at(q, p, ref->index + i, entry, bits);
    if (!entry_is_valid(q, *entry, *bits)) {
        return qcow2_corrupt(q, *entry & L2E_OFFSET_MASK, q->cluster_size,
                             "L2 entry 0x%" G_GINT64_MODIFIER "x is invalid", *entry);
    }
    return 0;
}

int qcow2_l2_set(Qcow2 *q, const L2Ref *ref, guint32 i, guint64 entry, guint64 bits)
{
    guint8 *p;
    int ret = qcow2_cache_get(q, &q->l2_cache, ref->slice, &p);

    if (ret < 0) {
        return ret;
    }
    p += (gsize)(ref->index + i) * q->entry_size;
    g_mutex_lock(&q->lock);
    put_be64(p, entry);
    if (q->extended) {
        put_be64(p + 8, bits);
    }
    g_mutex_unlock(&q->lock);
    qcow2_cache_dirty(q, &q->l2_cache, ref->slice);
    return 0;
}

int qcow2_map_load(Qcow2 *q, guint64 offset)
{
    guint64 entry, bits;
    L2Ref ref;
    int ret = qcow2_l2_find(q, offset, FALSE, &ref);

    return ret < 0 || !ref.slice ? ret : qcow2_l2_get(q, &ref, 0, &entry, &bits);
}

gboolean qcow2_entry_is_own(const Qcow2 *q, guint64 entry)
{
    return !(entry & ENTRY_COMPRESSED) && entry & ENTRY_COPIED &&
           (entry & L2E_OFFSET_MASK || q->data_file);
}

static gboolean meets(guint64 host, guint64 bytes, guint64 offset, guint64 len)
{
    return host < offset + len && offset < host + bytes;
}

gboolean qcow2_meets_tables(const Qcow2 *q, guint64 host, guint64 bytes)
{
    return host < q->cluster_size ||
           meets(host, bytes, q->l1_offset, 8ull * q->l1_size) ||
           meets(host, bytes, q->reftable_offset, 8ull * q->reftable_size) ||
           meets(host, bytes, q->snapshots_offset, q->snapshots_bytes) ||
           meets(host, bytes, q->bitmaps_offset, q->bitmaps_bytes);
}

gboolean qcow2_host_is_data(const Qcow2 *q, guint64 host, guint64 bytes)
{
    return q->data_file || q->options.no_overlap_check ||
           !qcow2_meets_tables(q, host, bytes);
}

static Qcow2Kind unallocated(const Qcow2 *q)
{
    return q->options.read_backing ? QCOW2_BACKING : QCOW2_ZERO;
}

/* Of the (sub)cluster of offset. */
static Qcow2Kind classify(const Qcow2 *q, guint64 entry, guint64 bits, guint64 offset)
{
    guint64 host = entry & L2E_OFFSET_MASK;
    unsigned sub;

    if (!entry_is_valid(q, entry, bits)) {
        return QCOW2_MISS;
    }
    if (entry & ENTRY_COMPRESSED) {
        return QCOW2_COMPRESSED;
    }
    if (!q->extended) {
        return q->version >= 3 && entry & L2E_ZERO              ? QCOW2_ZERO
               : host || (q->data_file && entry & ENTRY_COPIED) ? QCOW2_DATA
                                                                : unallocated(q);
    }
    sub = (unsigned)(offset % q->cluster_size / (q->cluster_size / SUBCLUSTERS));
    return bits >> (32 + sub) & 1 ? QCOW2_ZERO
           : bits >> sub & 1      ? QCOW2_DATA
                                  : unallocated(q);
}

gboolean qcow2_is_busy(const Qcow2 *q, guint64 start, guint64 end)
{
    for (const Busy *b = q->busy; b; b = b->next) {
        if (start < b->end && b->start < end) {
            return TRUE;
        }
    }
    return FALSE;
}

/* From the entry at offset on, in its slice. */
static void map_slice(const Qcow2 *q, const guint8 *p, const L2Ref *ref, guint64 l1,
                      guint64 bytes, gboolean for_write, Qcow2Extent *x)
{
    guint32 step = q->extended ? q->cluster_size / SUBCLUSTERS : q->cluster_size;
    guint64 at = x->offset, end = x->offset + bytes;

    while (at < end) {
        guint64 i = (at >> q->cluster_bits) - (x->offset >> q->cluster_bits), entry, bits;
        guint64 next = round_down(at, step) + step, host;
        if (i >= ref->left) {
            break;
        }
        entry_at(q, p, (guint32)(ref->index + i), &entry, &bits);
        Qcow2Kind kind = classify(q, entry, bits, at);
        host = (entry & L2E_OFFSET_MASK) + at % q->cluster_size;
        if (for_write && (kind != QCOW2_DATA || !(l1 & entry & ENTRY_COPIED) ||
                          !qcow2_host_is_data(q, host, next - at))) {
            kind = QCOW2_MISS;
        }
        if (at == x->offset) {
            x->kind = kind;
            x->host = host;
        } else if (kind != x->kind ||
                   (kind == QCOW2_DATA && host != x->host + (at - x->offset)) ||
                   (kind == QCOW2_COMPRESSED && at % q->cluster_size == 0)) {
            break;
        }
        at = next;
    }
    x->bytes = MIN(at, end) - x->offset;
}

void qcow2_map_locked(Qcow2 *q, guint64 offset, guint64 bytes, gboolean for_write,
                      Qcow2Extent *x)
{
    guint64 i = offset / table_span(q), l1, table;
    L2Ref ref;
    guint8 *p;

    x->kind = QCOW2_MISS;
    x->bytes = bytes;
    if (i >= q->l1_size) {
        return;
    }
    l1 = q->l1[i];
    table = l1 & L1E_OFFSET_MASK;
    if (!table && !for_write) {
        x->kind = unallocated(q);
        x->bytes = MIN(bytes, (i + 1) * table_span(q) - offset);
    } else if (table && table % q->cluster_size == 0) {
        locate(q, table, offset, &ref);
        p = qcow2_cache_find(&q->l2_cache, ref.slice);
        if (p) {
            map_slice(q, p, &ref, l1, bytes, for_write, x);
        }
    }
    if (x->kind == QCOW2_MISS) {
        return;
    }
    x->next = q->extents;
    x->link = &q->extents;
    if (x->next) {
        x->next->link = &x->next;
    }
    q->extents = x;
}

void qcow2_map(Qcow2 *q, guint64 offset, guint64 bytes, gboolean for_write,
               Qcow2Extent *x)
{
    x->link = NULL;
    x->offset = offset;
    x->kind = QCOW2_MISS;
    x->bytes = bytes;
    g_mutex_lock(&q->lock);
    if (q->active && bytes && offset < q->size && bytes <= q->size - offset &&
        !qcow2_is_busy(q, offset, offset + bytes) &&
        (!for_write || (q->prepared && !g_atomic_int_get(&q->read_only)))) {
        qcow2_map_locked(q, offset, bytes, for_write, x);
    }
    g_mutex_unlock(&q->lock);
}

void qcow2_unmap_locked(Qcow2 *q, Qcow2Extent *x)
{
    if (x->link) {
        *x->link = x->next;
        if (x->next) {
            x->next->link = x->link;
        }
        x->link = NULL;
        if (q->waiters) {
            g_cond_broadcast(&q->idle);
        }
    }
}

void qcow2_unmap(Qcow2 *q, Qcow2Extent *x)
{
    g_mutex_lock(&q->lock);
    qcow2_unmap_locked(q, x);
    g_mutex_unlock(&q->lock);
}

void qcow2_wait_idle(Qcow2 *q)
{
    q->waiters++;
    g_cond_wait(&q->idle, &q->lock);
    q->waiters--;
}

static gboolean is_mapped(const Qcow2 *q, guint64 start, guint64 end)
{
    for (const Qcow2Extent *x = q->extents; x; x = x->next) {
        if (start < x->offset + x->bytes && x->offset < end) {
            return TRUE;
        }
    }
    return FALSE;
}

void qcow2_busy_begin(Qcow2 *q, Busy *busy, guint64 start, guint64 end)
{
    *busy = (Busy){ start, end, NULL };
    g_mutex_lock(&q->lock);
    while (qcow2_is_busy(q, start, end)) {
        qcow2_wait_idle(q);
    }
    busy->next = q->busy;
    q->busy = busy; /* nothing is mapped there from now on */
    while (is_mapped(q, start, end)) {
        qcow2_wait_idle(q);
    }
    g_mutex_unlock(&q->lock);
}

void qcow2_busy_end(Qcow2 *q, Busy *busy)
{
    Busy **link = &q->busy;

    g_mutex_lock(&q->lock);
    while (*link != busy) {
        link = &(*link)->next;
    }
    *link = busy->next;
    g_cond_broadcast(&q->idle);
    g_mutex_unlock(&q->lock);
}
