/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section "Refcount tables"; and how clusters are taken. */
#include "block/qcow2/internal.h"

#define REFTABLE_MAX (8u << 20)   /* bytes */
#define L1_LOOKED_AT (1u << 16)   /* entries, of a large table */
#define SEARCH_MAX   (1ull << 28) /* clusters, for one allocation */

static unsigned block_bits(const Qcow2 *q) /* log2 of the counts in a block */
{
    return q->cluster_bits + 3 - q->refcount_order;
}

static guint64 count_max(const Qcow2 *q)
{
    unsigned bits = 1u << q->refcount_order;

    return bits == 64 ? G_MAXUINT64 : (1ull << bits) - 1;
}

static guint64 read_count(const guint8 *p, unsigned order, guint64 i)
{
    switch (order) {
    case 3:
        return p[i];
    case 4:
        return (guint64)p[2 * i] << 8 | p[2 * i + 1];
    case 5:
        return be32(p + 4 * i);
    case 6:
        return be64(p + 8 * i);
    default: /* less than a byte: from the least significant bits on */
        return p[(i << order) / 8] >> ((i << order) % 8) & ((1u << (1u << order)) - 1);
    }
}

static void write_count(guint8 *p, unsigned order, guint64 i, guint64 v)
{
    unsigned shift, mask;

    switch (order) {
    case 3:
        p[i] = (guint8)v;
        break;
    case 4:
        p[2 * i] = (guint8)(v >> 8);
        p[2 * i + 1] = (guint8)v;
        break;
    case 5:
        put_be32(p + 4 * i, (guint32)v);
        break;
    case 6:
        put_be64(p + 8 * i, v);
        break;
    default:
        shift = (unsigned)((i << order) % 8);
        mask = (1u << (1u << order)) - 1;
        p += (i << order) / 8;
        *p = (guint8)((*p & ~(mask << shift)) | (unsigned)v << shift);
    }
}

/* The slice that has the cluster's count, and where in it; *slice 0: there is none. */
static int find_slice(Qcow2 *q, guint64 cluster, guint64 *slice, guint64 *i)
{
    guint64 block = cluster >> block_bits(q), offset, at;

    *slice = 0;
    if (block >= q->reftable_size || !(q->reftable[block] & L1E_OFFSET_MASK)) {
        return 0;
    }
    offset = q->reftable[block] & L1E_OFFSET_MASK;
    if (offset % q->cluster_size) {
        return qcow2_corrupt(q, offset, q->cluster_size,
                             "Refblock offset 0x%" G_GINT64_MODIFIER
                             "x unaligned (reftable index: 0x%" G_GINT64_MODIFIER "x)",
                             offset, block);
    }
    at = ((cluster & ((1ull << block_bits(q)) - 1)) << q->refcount_order) / 8;
    *slice = offset + round_down(at, q->ref_cache.unit);
    *i = cluster & (((guint64)q->ref_cache.unit * 8 >> q->refcount_order) - 1);
    return 0;
}

int qcow2_refcount_get(Qcow2 *q, guint64 cluster, guint64 *count)
{
    guint64 slice, i;
    guint8 *p;
    int ret = find_slice(q, cluster, &slice, &i);

    *count = 0;
    if (ret == 0 && slice) {
        ret = qcow2_cache_get(q, &q->ref_cache, slice, &p);
        *count = ret == 0 ? read_count(p, q->refcount_order, i) : 0;
    }
    return ret;
}

/* One of the clusters that a table names lies in [host, host + bytes). */
static gboolean is_named(const guint64 *table, guint32 n, guint64 host, guint64 bytes)
{
    for (guint32 i = 0; i < n; i++) {
        if ((table[i] & L1E_OFFSET_MASK) - host < bytes) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Free clusters that are metadata: the counts are wrong. */
static gboolean is_metadata(const Qcow2 *q, guint64 first, guint64 n)
{
    guint64 host = first << q->cluster_bits, bytes = n << q->cluster_bits;

    for (unsigned i = 0; i < q->n_snapshots; i++) {
        const Qcow2Snapshot *s = &q->snapshots[i];
        if (host < s->l1_offset + 8ull * s->l1_size && s->l1_offset < host + bytes) {
            return TRUE;
        }
    }
    return qcow2_meets_tables(q, host, bytes) ||
           is_named(q->reftable, q->reftable_size, host, bytes) ||
           is_named(q->l1, MIN(q->l1_size, L1_LOOKED_AT), host, bytes);
}

/* A table for twice as many: it and its blocks are the first that they count. */
static int grow_reftable(Qcow2 *q, guint64 need)
{
    guint64 per_block = 1ull << block_bits(q),
            first = (guint64)q->reftable_size << block_bits(q);
    guint64 entries = MAX(2ull * q->reftable_size, need + 1), clusters, blocks = 1;
    g_autofree guint64 *table = NULL;
    guint8 pointer[12];
    int ret;

    clusters = (entries * 8 + q->cluster_size - 1) >> q->cluster_bits;
    entries = clusters << (q->cluster_bits - 3);
    while (blocks * per_block < clusters + blocks) {
        blocks++;
    }
    if (clusters << q->cluster_bits > REFTABLE_MAX ||
        q->reftable_size + blocks > entries ||
        first + clusters + blocks > L2E_OFFSET_MASK >> q->cluster_bits) {
        return -EFBIG;
    }
    table = g_try_new0(guint64, entries);
    g_autofree guint8 *block = g_try_malloc0(blocks << q->cluster_bits);
    if (!table || !block) {
        return -ENOMEM;
    }
    ret = qcow2_meta_flush(q);
    if (ret < 0) {
        return ret;
    }
    memcpy(table, q->reftable, 8ull * q->reftable_size);
    for (guint64 i = 0; i < blocks; i++) {
        table[q->reftable_size + i] = (first + clusters + i) << q->cluster_bits;
    }
    for (guint64 i = 0; i < clusters + blocks; i++) {
        write_count(block, q->refcount_order, i, 1);
    }
    ret = q->io.write(q->io.opaque, (first + clusters) << q->cluster_bits, block,
                      blocks << q->cluster_bits);
    ret = ret < 0
              ? ret
              : qcow2_table_write(q, first << q->cluster_bits, table, (guint32)entries);
    ret = ret < 0 ? ret : q->io.flush(q->io.opaque);
    put_be64(pointer, first << q->cluster_bits);
    put_be32(pointer + 8, (guint32)clusters);
    ret = ret < 0 ? ret : qcow2_header_write(q, 48, pointer, sizeof(pointer));
    if (ret < 0) {
        return ret;
    }
    qcow2_free_later(q, q->reftable_offset >> q->cluster_bits,
                     q->reftable_size >> (q->cluster_bits - 3), QCOW2_FREED_OTHER);
    g_free(q->reftable);
    q->reftable = g_steal_pointer(&table);
    q->reftable_size = (guint32)entries;
    q->reftable_offset = first << q->cluster_bits;
    return 0;
}

static int set_count(Qcow2 *q, guint64 cluster, guint64 count);

/* A block for the cluster's count; it lies in what it counts, or is counted before. */
static int make_block(Qcow2 *q, guint64 cluster)
{
    guint64 index = cluster >> block_bits(q), at;
    g_autofree guint8 *zeros = NULL;
    int ret;

    if (index >= q->reftable_size) {
        return grow_reftable(q, index);
    }
    at = index << block_bits(q);
    while (q->counts && at < q->n_counts && q->counts[at]) {
        at++; /* it is in use, but not counted yet */
    }
    if (at >> block_bits(q) != index) {
        return -ENOSPC;
    }
    if (is_metadata(q, at, 1)) {
        return qcow2_corrupt(q, at << q->cluster_bits, q->cluster_size,
                             "a refcount block is missing that metadata lie in");
    }
    zeros = g_try_malloc0(q->cluster_size);
    if (!zeros) {
        return -ENOMEM;
    }
    qcow2_cache_forget(q, &q->ref_cache, at << q->cluster_bits, q->cluster_size);
    ret = q->io.write(q->io.opaque, at << q->cluster_bits, zeros, q->cluster_size);
    if (ret < 0) {
        return ret;
    }
    q->reftable[index] = at << q->cluster_bits;
    q->reftable_dirty = TRUE;
    g_atomic_int_set(&q->unclean, TRUE);
    return set_count(q, at, 1);
}

static int set_count(Qcow2 *q, guint64 cluster, guint64 count)
{
    guint64 slice, i;
    guint8 *p;
    int ret = find_slice(q, cluster, &slice, &i);

    for (unsigned n = 0; n < 2 && ret == 0 && !slice; n++) {
        ret = make_block(q, cluster);
        ret = ret < 0 ? ret : find_slice(q, cluster, &slice, &i);
    }
    if (ret == 0) {
        ret = slice ? qcow2_cache_get(q, &q->ref_cache, slice, &p) : -EIO;
    }
    if (ret == 0) {
        write_count(p, q->refcount_order, i, count);
        qcow2_cache_dirty(q, &q->ref_cache, slice);
    }
    return ret;
}

int qcow2_refcount_add(Qcow2 *q, guint64 first, guint64 n, int delta)
{
    for (guint64 c = first; c < first + n; c++) {
        guint64 count;
        int ret = qcow2_refcount_get(q, c, &count);
        if (ret < 0) {
            return ret;
        }
        if (delta < 0 && count == 0) {
            return qcow2_corrupt(q, c << q->cluster_bits, q->cluster_size,
                                 "a cluster in use has no reference count");
        }
        if (delta > 0 && count == count_max(q)) {
            return -ERANGE;
        }
        ret = set_count(q, c, delta < 0 ? count - 1 : count + 1);
        if (ret < 0) {
            return ret;
        }
        if (delta < 0 && count == 1) {
            qcow2_cache_forget(q, &q->l2_cache, c << q->cluster_bits, q->cluster_size);
            q->free_hint = MIN(q->free_hint, c);
        }
    }
    return 0;
}

/* A search for free clusters. */
typedef struct Search {
    guint64 min, max; /* so many in a row */
    guint64 at, n;    /* the next one to look at; those before it that are free */
    gboolean found;
} Search;

/* In one slice. The first cluster of a block that is missing brings the block. */
static int search_slice(Qcow2 *q, Search *s)
{
    guint64 slice, i, per = (guint64)q->ref_cache.unit * 8 >> q->refcount_order;
    guint8 *p;
    int ret = find_slice(q, s->at, &slice, &i);

    if (ret == 0 && !slice) {
        ret = make_block(q, s->at);
        ret = ret < 0 ? ret : find_slice(q, s->at, &slice, &i);
        if (ret == 0 && !slice) {
            return -ENOSPC;
        }
    }
    ret = ret < 0 ? ret : qcow2_cache_get(q, &q->ref_cache, slice, &p);
    for (; ret == 0 && i < per && !s->found; i++) {
        if (read_count(p, q->refcount_order, i) == 0) {
            s->at++;
            s->found = ++s->n == s->max;
        } else if (s->n >= s->min) {
            s->found = TRUE;
        } else {
            s->n = 0;
            s->at++;
        }
    }
    return ret;
}

static int search(Qcow2 *q, Search *s)
{
    guint64 start = s->at;

    while (!s->found) {
        int ret = s->at - start < SEARCH_MAX ? search_slice(q, s) : -ENOSPC;
        if (ret < 0) {
            return ret;
        }
    }
    if (!q->options.no_overlap_check && is_metadata(q, s->at - s->n, s->n)) {
        return qcow2_corrupt(
            q, (s->at - s->n) << q->cluster_bits, s->n << q->cluster_bits,
            "Preventing invalid allocation at offset 0x%" G_GINT64_MODIFIER "x",
            (s->at - s->n) << q->cluster_bits);
    }
    return qcow2_refcount_add(q, s->at - s->n, s->n, 1);
}

static int alloc(Qcow2 *q, guint64 min, guint64 max, guint64 *first, guint64 *n)
{
    guint64 hint = q->free_hint;
    Search s = { .min = min, .max = max, .at = MAX(hint, 1) };
    int ret;

    q->free_hint = G_MAXUINT64; /* lower, when some become free meanwhile */
    ret = search(q, &s);
    *first = s.at - s.n;
    *n = s.n;
    q->free_hint = MIN(q->free_hint, ret == 0 && min == 1 ? s.at : hint);
    return ret;
}

int qcow2_alloc(Qcow2 *q, guint64 max, guint64 *first, guint64 *n)
{
    return alloc(q, 1, max, first, n);
}

int qcow2_alloc_exactly(Qcow2 *q, guint64 n, guint64 *first)
{
    guint64 got;

    return alloc(q, n, n, first, &got);
}

void qcow2_free_later(Qcow2 *q, guint64 first, guint64 n, Qcow2Freed why)
{
    Freed *last =
        q->freed->len ? &g_array_index(q->freed, Freed, q->freed->len - 1) : NULL;
    Freed f = { first, n, why };

    g_atomic_int_set(&q->unclean, TRUE);
    if (last && last->first + last->n == first && last->why == why) {
        last->n += n;
    } else {
        g_array_append_val(q->freed, f);
    }
}

void qcow2_compressed_range(const Qcow2 *q, guint64 entry, guint64 *host, guint64 *bytes)
{
    unsigned shift = 62 - (q->cluster_bits - 8);

    *host = entry & ((1ull << shift) - 1);
    *bytes =
        (((entry & ~(ENTRY_COPIED | ENTRY_COMPRESSED)) >> shift) + 1) * 512 - *host % 512;
}

void qcow2_entry_clusters(const Qcow2 *q, guint64 entry, guint64 *first, guint64 *n)
{
    guint64 host = entry & L2E_OFFSET_MASK, bytes = q->cluster_size;

    *first = *n = 0;
    if (entry & ENTRY_COMPRESSED) {
        qcow2_compressed_range(q, entry, &host, &bytes);
    } else if (host == 0) {
        return;
    }
    if (!q->data_file) {
        *first = host >> q->cluster_bits;
        *n = ((host + bytes - 1) >> q->cluster_bits) - *first + 1;
    }
}

void qcow2_free_entry(Qcow2 *q, guint64 entry, Qcow2Freed why)
{
    guint64 first, n;

    qcow2_entry_clusters(q, entry, &first, &n);
    if (n) {
        qcow2_free_later(q, first, n, why);
    }
}
