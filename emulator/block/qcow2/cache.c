/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slices of L2 tables and refcount blocks; the one used least lately goes first. */
#include "block/qcow2/internal.h"

#define ENTRIES_MIN 4u
#define FLUSHES_MAX 4u

void qcow2_cache_init(Cache *cache, guint32 unit, guint64 bytes)
{
    cache->unit = unit;
    cache->n = (unsigned)CLAMP(bytes / unit, ENTRIES_MIN, 1u << 20);
    cache->entries = g_new0(CacheEntry, cache->n);
    cache->index = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (unsigned i = 0; i < cache->n; i++) {
        CacheEntry *e = &cache->entries[i];
        e->newer = i + 1 < cache->n ? e + 1 : NULL;
        e->older = i > 0 ? e - 1 : NULL;
    }
    cache->oldest = cache->entries;
    cache->newest = &cache->entries[cache->n - 1];
}

void qcow2_cache_clear(Cache *cache)
{
    for (unsigned i = 0; i < cache->n; i++) {
        g_free(cache->entries[i].data);
    }
    g_free(cache->entries);
    g_clear_pointer(&cache->index, g_hash_table_unref);
    memset(cache, 0, sizeof(*cache));
}

static void unlink_entry(Cache *cache, CacheEntry *e)
{
    *(e->older ? &e->older->newer : &cache->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &cache->newest) = e->older;
}

static void link_newest(Cache *cache, CacheEntry *e)
{
    e->newer = NULL;
    e->older = cache->newest;
    *(e->older ? &e->older->newer : &cache->oldest) = e;
    cache->newest = e;
}

static void link_oldest(Cache *cache, CacheEntry *e)
{
    e->older = NULL;
    e->newer = cache->oldest;
    *(e->newer ? &e->newer->older : &cache->newest) = e;
    cache->oldest = e;
}

guint8 *qcow2_cache_find(Cache *cache, guint64 offset)
{
    CacheEntry *e = g_hash_table_lookup(cache->index, &offset);

    if (!e) {
        return NULL;
    }
    if (cache->newest != e) {
        unlink_entry(cache, e);
        link_newest(cache, e);
    }
    e->used = TRUE;
    return e->data;
}

/* The oldest that need not be written. */
static CacheEntry *find_victim(Cache *cache)
{
    CacheEntry *e = cache->oldest;

    while (e && e->dirty) {
        e = e->newer;
    }
    return e;
}

static void drop(Cache *cache, CacheEntry *e)
{
    g_hash_table_remove(cache->index, &e->offset);
    cache->n_dirty -= e->dirty;
    e->dirty = FALSE;
    g_clear_pointer(&e->data, g_free);
    unlink_entry(cache, e);
    link_oldest(cache, e);
}

/*
 * Room for one more. A flush lets counts go down, which makes slices dirty again, and may
 * bring the very one that is looked for: *data.
 */
static int make_room(Qcow2 *q, Cache *cache, guint64 offset, guint8 **data)
{
    for (unsigned i = 0; i < FLUSHES_MAX; i++) {
        gboolean room;
        int ret;

        g_mutex_lock(&q->lock);
        *data = qcow2_cache_find(cache, offset);
        room = *data || find_victim(cache);
        g_mutex_unlock(&q->lock);
        if (room) {
            return 0;
        }
        ret = qcow2_meta_flush(q);
        if (ret < 0) {
            return ret;
        }
    }
    return -EIO;
}

int qcow2_cache_get(Qcow2 *q, Cache *cache, guint64 offset, guint8 **data)
{
    g_autofree guint8 *buf = NULL;
    CacheEntry *e;
    int ret = make_room(q, cache, offset, data);

    if (ret < 0 || *data) {
        return ret;
    }
    buf = g_try_malloc(cache->unit);
    if (!buf) {
        return -ENOMEM;
    }
    ret = q->io.read(q->io.opaque, offset, buf, cache->unit);
    if (ret < 0) {
        return ret;
    }
    g_mutex_lock(&q->lock);
    e = find_victim(cache);
    if (e->data) {
        drop(cache, e);
    }
    e->offset = offset;
    e->data = *data = g_steal_pointer(&buf);
    e->used = TRUE;
    g_hash_table_insert(cache->index, &e->offset, e);
    unlink_entry(cache, e);
    link_newest(cache, e);
    g_mutex_unlock(&q->lock);
    return 0;
}

void qcow2_cache_dirty(Qcow2 *q, Cache *cache, guint64 offset)
{
    CacheEntry *e = g_hash_table_lookup(cache->index, &offset);

    if (e && !e->dirty) {
        e->dirty = TRUE;
        cache->n_dirty++;
        g_atomic_int_set(&q->unclean, TRUE);
    }
}

void qcow2_cache_forget(Qcow2 *q, Cache *cache, guint64 offset, guint64 bytes)
{
    g_mutex_lock(&q->lock);
    for (guint64 at = offset; at < offset + bytes; at += cache->unit) {
        CacheEntry *e = g_hash_table_lookup(cache->index, &at);
        if (e) {
            drop(cache, e);
        }
    }
    g_mutex_unlock(&q->lock);
}

/* Under meta and lock. */
void qcow2_cache_clean(Cache *cache)
{
    for (unsigned i = 0; i < cache->n; i++) {
        CacheEntry *e = &cache->entries[i];
        if (e->data && !e->dirty && !e->used) {
            drop(cache, e);
        }
        e->used = FALSE;
    }
}
