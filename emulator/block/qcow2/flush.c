/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which metadata reach the medium: data and counts (the caller's data were
 * written before), the table of counts, L2 tables, the L1 table; a flush after each.
 * Then, when nothing on the medium points to what was freed, counts go down.
 */
#include <stdlib.h>

#include "block/qcow2/internal.h"

#define FREED_MAX 4096u /* what is remembered of what was freed: ranges */

static int by_offset(const void *a, const void *b)
{
    guint64 x = (*(CacheEntry *const *)a)->offset, y = (*(CacheEntry *const *)b)->offset;

    return (x > y) - (x < y);
}

/* In the medium's order. They are dirty until a flush has made sure of them. */
static int write_cache(Qcow2 *q, const Cache *cache)
{
    if (!cache->n_dirty) {
        return 0;
    }
    g_autofree CacheEntry **list = g_new(CacheEntry *, cache->n_dirty);
    unsigned n = 0;
    for (unsigned i = 0; i < cache->n; i++) {
        if (cache->entries[i].dirty) {
            list[n++] = &cache->entries[i];
        }
    }
    qsort(list, n, sizeof(*list), by_offset);
    for (unsigned i = 0; i < n; i++) {
        int ret = q->io.write(q->io.opaque, list[i]->offset, list[i]->data, cache->unit);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

static void set_clean(Qcow2 *q, Cache *cache)
{
    if (!cache->n_dirty) {
        return;
    }
    g_mutex_lock(&q->lock);
    for (unsigned i = 0; i < cache->n; i++) {
        cache->entries[i].dirty = FALSE;
    }
    cache->n_dirty = 0;
    g_mutex_unlock(&q->lock);
}

static int flush_files(Qcow2 *q)
{
    int ret = q->data_file ? q->data.flush(q->data.opaque) : 0;

    return ret < 0 ? ret : q->io.flush(q->io.opaque);
}

static int write_table(Qcow2 *q, guint64 offset, const guint64 *table, guint32 n,
                       gboolean *dirty)
{
    int ret;

    if (!*dirty) {
        return 0;
    }
    ret = qcow2_table_write(q, offset, table, n);
    ret = ret < 0 ? ret : q->io.flush(q->io.opaque);
    *dirty = ret < 0;
    return ret;
}

/* Nobody owns [first, end): the host gets it back, where that is asked for. */
static void discard(const Qcow2 *q, guint64 first, guint64 end)
{
    if (first < end) {
        q->io.discard(q->io.opaque, first << q->cluster_bits,
                      (end - first) << q->cluster_bits);
    }
}

static int discard_freed(Qcow2 *q, const Freed *f)
{
    guint64 first = f->first;

    if (!(q->options.pass_discard & 1u << f->why)) {
        return 0;
    }
    for (guint64 c = f->first; c < f->first + f->n; c++) {
        guint64 count;
        int ret = qcow2_refcount_get(q, c, &count);
        if (ret < 0) {
            return ret;
        }
        if (count != 0) {
            discard(q, first, c);
            first = c + 1;
        }
    }
    discard(q, first, f->first + f->n);
    return 0;
}

/* Their counts change in the cache: they can be taken again now. */
static int apply_freed(Qcow2 *q)
{
    g_autoptr(GArray) freed = NULL;
    int ret = 0;

    if (!q->freed->len) {
        return 0;
    }
    freed = g_steal_pointer(&q->freed);
    q->freed = g_array_new(FALSE, FALSE, sizeof(Freed));
    for (guint i = 0; i < freed->len; i++) {
        const Freed *f = &g_array_index(freed, Freed, i);
        ret = ret < 0 ? ret : qcow2_refcount_add(q, f->first, f->n, -1);
        ret = ret < 0 ? ret : discard_freed(q, f);
    }
    return ret;
}

int qcow2_meta_flush(Qcow2 *q)
{
    int ret = write_cache(q, &q->ref_cache);

    ret = ret < 0 ? ret : flush_files(q);
    if (ret == 0) {
        set_clean(q, &q->ref_cache);
        ret = write_table(q, q->reftable_offset, q->reftable, q->reftable_size,
                          &q->reftable_dirty);
    }
    ret = ret < 0 ? ret : write_cache(q, &q->l2_cache);
    if (ret == 0 && q->l2_cache.n_dirty) {
        ret = q->io.flush(q->io.opaque);
    }
    if (ret == 0) {
        set_clean(q, &q->l2_cache);
        ret = write_table(q, q->l1_offset, q->l1, q->l1_size, &q->l1_dirty);
    }
    if (ret == 0) {
        g_atomic_int_set(&q->unclean, FALSE);
        ret = apply_freed(q); /* and is unclean again, perhaps */
    }
    return ret;
}

int qcow2_bound_freed(Qcow2 *q)
{
    return q->freed->len > FREED_MAX ? qcow2_meta_flush(q) : 0;
}

int qcow2_flush(Qcow2 *q)
{
    int ret;

    if (!qcow2_needs_flush(q)) {
        return flush_files(q);
    }
    g_mutex_lock(&q->meta);
    ret = qcow2_meta_flush(q);
    g_mutex_unlock(&q->meta);
    return ret;
}

gboolean qcow2_needs_flush(Qcow2 *q)
{
    return g_atomic_int_get(&q->unclean);
}

void qcow2_clean_caches(Qcow2 *q, gboolean wait)
{
    if (!wait && !g_mutex_trylock(&q->meta)) {
        return;
    }
    if (wait) {
        g_mutex_lock(&q->meta);
    }
    if (q->active) {
        g_mutex_lock(&q->lock);
        qcow2_cache_clean(&q->l2_cache);
        qcow2_cache_clean(&q->ref_cache);
        g_mutex_unlock(&q->lock);
    }
    g_mutex_unlock(&q->meta);
}

static guint64 cache_bytes(const Cache *cache)
{
    guint64 n = (guint64)cache->n * sizeof(CacheEntry);

    for (unsigned i = 0; i < cache->n; i++) {
        n += cache->entries[i].data ? cache->unit : 0;
    }
    return n;
}

guint64 qcow2_memory(Qcow2 *q)
{
    guint64 n;

    g_mutex_lock(&q->meta);
    n = sizeof(*q) + cache_bytes(&q->l2_cache) + cache_bytes(&q->ref_cache) +
        8ull * (q->l1_size + q->reftable_size) + sizeof(Freed) * q->freed->len;
    g_mutex_unlock(&q->meta);
    return n;
}
