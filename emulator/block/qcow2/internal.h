/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks. `meta` is held by whoever changes or loads metadata, also while it waits for
 * I/O on them, never while it waits for data or for another request. `lock` is short: it
 * protects what loops look at, against changes; who holds meta may read without it. Meta
 * comes first.
 *
 * A range of guest addresses whose mapping changes is in `busy`: qcow2_map() misses
 * there, and it began when no extent in it was in use.
 */
#ifndef VIREO_BLOCK_QCOW2_INTERNAL_H
#define VIREO_BLOCK_QCOW2_INTERNAL_H

#include <errno.h>
#include <string.h>

#include "block/qcow2/qcow2.h"
#include "util/error.h"

#define QCOW2_MAGIC        0x514649fbu
#define L1E_OFFSET_MASK    0x00fffffffffffe00ull
#define L2E_OFFSET_MASK    0x00fffffffffffe00ull
#define ENTRY_COPIED       (1ull << 63)
#define ENTRY_COMPRESSED   (1ull << 62)
#define L2E_ZERO           1ull
#define SUBCLUSTERS        32u
#define SUBCLUSTERS_ALLOC  0xffffffffull
#define SUBCLUSTERS_ZERO   0xffffffff00000000ull
#define INCOMPAT_DIRTY     (1ull << 0)
#define INCOMPAT_CORRUPT   (1ull << 1)
#define INCOMPAT_DATA_FILE (1ull << 2)
#define INCOMPAT_COMPRESS  (1ull << 3)
#define INCOMPAT_EXT_L2    (1ull << 4)
#define AUTOCLEAR_BITMAPS  (1ull << 0)
#define AUTOCLEAR_RAW      (1ull << 1)

typedef struct CacheEntry CacheEntry;
struct CacheEntry {
    guint64 offset; /* in the file; the key */
    guint8 *data;   /* NULL: free */
    gboolean dirty, used;
    CacheEntry *older, *newer;
};

/* Slices of tables. */
typedef struct Cache {
    guint32 unit;
    unsigned n, n_dirty;
    CacheEntry *entries;
    GHashTable *index; /* offset → entry */
    CacheEntry *oldest, *newest;
} Cache;

typedef struct Busy Busy;
struct Busy {
    guint64 start, end;
    Busy *next;
};

typedef struct Freed {
    guint64 first, n; /* clusters, whose count goes down by one */
    Qcow2Freed why;
} Freed;

struct Qcow2 {
    Qcow2Io io, data; /* data is io where there is no data file */
    gboolean has_data_io;
    Qcow2Options options;

    GMutex meta, lock;
    GCond idle; /* of lock: an extent or a busy range is gone */
    Qcow2Extent *extents;
    Busy *busy;
    unsigned waiters; /* of idle */

    gboolean active;
    gint corrupt, read_only, unclean; /* atomic; unclean: to be written */
    gboolean prepared;                /* what the first write changes is done */
    unsigned version, cluster_bits, refcount_order;
    guint32 cluster_size, header_length;
    guint64 size; /* under lock */
    guint64 incompatible, compatible, autoclear;
    gboolean data_file, extended;
    char *backing_file, *backing_format, *data_name;
    GHashTable *features; /* type << 8 | bit → name */

    unsigned l2_bits; /* log2 of the entries of a table */
    guint32 entry_size;
    guint64 *l1; /* as the CPU has it */
    guint32 l1_size;
    guint64 l1_offset;
    gboolean l1_dirty;
    guint64 *reftable;
    guint32 reftable_size; /* entries */
    guint64 reftable_offset;
    gboolean reftable_dirty;

    Qcow2Snapshot *snapshots;
    unsigned n_snapshots;
    guint64 snapshots_offset, snapshots_bytes;
    Qcow2Bitmap *bitmaps;
    unsigned n_bitmaps;
    guint32 header_bitmaps;
    guint64 bitmaps_offset, bitmaps_bytes;

    Cache l2_cache, ref_cache;
    guint64 free_hint; /* cluster */
    const guint32
        *counts; /* while counts are wrong: the right ones, of n_counts clusters */
    guint64 n_counts;
    GArray *freed; /* Freed; counts go down when no table on the medium points there */
};

static inline guint64 round_down(guint64 n, guint64 unit)
{
    return n - n % unit;
}

static inline guint64 be64(const void *p)
{
    guint64 v;
    memcpy(&v, p, 8);
    return GUINT64_FROM_BE(v);
}

static inline guint32 be32(const void *p)
{
    guint32 v;
    memcpy(&v, p, 4);
    return GUINT32_FROM_BE(v);
}

static inline void put_be64(void *p, guint64 v)
{
    v = GUINT64_TO_BE(v);
    memcpy(p, &v, 8);
}

static inline void put_be32(void *p, guint32 v)
{
    v = GUINT32_TO_BE(v);
    memcpy(p, &v, 4);
}

/* header.c */
gboolean qcow2_header_load(Qcow2 *q, GError **errp);
/*
 * Some bytes of the header, which are on the medium then. When that fails nobody knows
 * what is there: the image is read-only until it is activated again.
 */
int qcow2_header_write(Qcow2 *q, guint32 at, const void *bytes, gsize len);
int qcow2_header_write_u64(Qcow2 *q, guint32 at, guint64 value);
void qcow2_header_clear(Qcow2 *q);
/* tables.c: what the header points to. */
gboolean qcow2_tables_load(Qcow2 *q, GError **errp);
guint64 *qcow2_table_read(Qcow2 *q, guint64 offset, guint32 n, const char *what,
                          GError **errp);
/* Big-endian bytes of n entries. */
int qcow2_table_write(Qcow2 *q, guint64 offset, const guint64 *table, guint32 n);
/* bitmaps.c */
gboolean qcow2_bitmaps_load(Qcow2 *q, GError **errp);
int qcow2_bitmaps_mark(Qcow2 *q);
/* snapshot.c */
gboolean qcow2_snapshots_load(Qcow2 *q, guint32 n, GError **errp);

/* Any thread. -EIO; the image is read-only from now on. */
int qcow2_corrupt(Qcow2 *q, guint64 offset, guint64 bytes, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* cache.c; under meta. *data stays until the next qcow2_cache_get() of that cache. */
void qcow2_cache_init(Cache *cache, guint32 unit, guint64 bytes);
void qcow2_cache_clear(Cache *cache);
int qcow2_cache_get(Qcow2 *q, Cache *cache, guint64 offset, guint8 **data);
/* Under lock: no I/O; NULL: is not there. */
guint8 *qcow2_cache_find(Cache *cache, guint64 offset);
void qcow2_cache_dirty(Qcow2 *q, Cache *cache, guint64 offset);
/* What the cache has of the range is no longer true. */
void qcow2_cache_forget(Qcow2 *q, Cache *cache, guint64 offset, guint64 bytes);
void qcow2_cache_clean(Cache *cache);
/* flush.c; under meta: all metadata to the medium, in order. */
int qcow2_meta_flush(Qcow2 *q);
/* The same, when much is waiting for its count to go down. */
int qcow2_bound_freed(Qcow2 *q);

/* refcount.c; under meta; clusters by number. */
int qcow2_refcount_get(Qcow2 *q, guint64 cluster, guint64 *count);
int qcow2_refcount_add(Qcow2 *q, guint64 first, guint64 n, int delta);
/* 1 to max clusters in a row, their count is 1; *n says how many. */
int qcow2_alloc(Qcow2 *q, guint64 max, guint64 *first, guint64 *n);
int qcow2_alloc_exactly(Qcow2 *q, guint64 n, guint64 *first);
/* Their count goes down when that is safe. */
void qcow2_free_later(Qcow2 *q, guint64 first, guint64 n, Qcow2Freed why);
/* What an L2 entry points to: as clusters; *n 0: nothing. */
void qcow2_entry_clusters(const Qcow2 *q, guint64 entry, guint64 *first, guint64 *n);
void qcow2_free_entry(Qcow2 *q, guint64 entry, Qcow2Freed why);
/* Host clusters of a compressed cluster. */
void qcow2_compressed_range(const Qcow2 *q, guint64 entry, guint64 *host, guint64 *bytes);
/* dirty.c: what no one points to and what is pointed to are counted anew. */
int qcow2_rebuild_refcounts(Qcow2 *q);

/* map.c; under meta. */
typedef struct L2Ref {
    guint64 slice; /* offset in the file */
    guint32 index; /* in it */
    guint32 left;  /* entries up to its end, index's too */
} L2Ref;
/* make: a table that only the active image has is there then. !ref->slice: none. */
int qcow2_l2_find(Qcow2 *q, guint64 offset, gboolean make, L2Ref *ref);
int qcow2_l2_get(Qcow2 *q, const L2Ref *ref, guint32 i, guint64 *entry, guint64 *bits);
int qcow2_l2_set(Qcow2 *q, const L2Ref *ref, guint32 i, guint64 entry, guint64 bits);
/* Loads what a map needs. */
int qcow2_map_load(Qcow2 *q, guint64 offset);
/* Under lock. */
gboolean qcow2_is_busy(const Qcow2 *q, guint64 start, guint64 end);
void qcow2_wait_idle(Qcow2 *q);
void qcow2_map_locked(Qcow2 *q, guint64 offset, guint64 bytes, gboolean for_write,
                      Qcow2Extent *extent);
void qcow2_unmap_locked(Qcow2 *q, Qcow2Extent *extent);
/* The header, and what it points to: in the image, bytes. */
gboolean qcow2_meets_tables(const Qcow2 *q, guint64 host, guint64 bytes);
/* May guest data be written there? */
gboolean qcow2_host_is_data(const Qcow2 *q, guint64 host, guint64 bytes);
/* Can be written in place: the active image's alone. */
gboolean qcow2_entry_is_own(const Qcow2 *q, guint64 entry);
void qcow2_busy_begin(Qcow2 *q, Busy *busy, guint64 start, guint64 end);
void qcow2_busy_end(Qcow2 *q, Busy *busy);

/* io.c: no check of the range. own: of a busy range that is the caller's. */
int qcow2_read_range(Qcow2 *q, guint64 offset, guint8 *buf, guint64 len, gboolean own);
int qcow2_prepare(Qcow2 *q);
int qcow2_check_range(Qcow2 *q, guint64 offset, guint64 bytes, gboolean write);
int qcow2_write_range(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov,
                      guint64 bytes);
/* zero.c */
int qcow2_zero_range(Qcow2 *q, guint64 offset, guint64 bytes, gboolean unmap);
typedef enum Drop {
    DROP_ZERO,      /* reads as zeros, nothing is allocated */
    DROP_ZERO_KEEP, /* reads as zeros, what is allocated stays */
    DROP_DISCARD,   /* the same as DROP_ZERO; or unchanged, where that is not possible */
    DROP_NOTHING,   /* as if never written */
} Drop;
/* Whole clusters. */
int qcow2_drop_clusters(Qcow2 *q, guint64 offset, guint64 end, Drop how);

#endif
