/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section "Snapshots": listed, kept, and reverted to. */
#include "block/qcow2/internal.h"

#define SNAPSHOTS_MAX 65536u
#define TABLE_MAX     (64u << 20)
#define READ_FIRST    65536u
#define FIXED         40u
#define L1_MAX        (32u << 20)

/* At p, of left bytes; *len: all of it, with what pads it. FALSE: does not fit. */
static gboolean parse(Qcow2 *q, const guint8 *p, guint64 left, Qcow2Snapshot *s,
                      guint64 *len)
{
    guint32 id, name, extra;

    if (left < FIXED) {
        return FALSE;
    }
    id = (guint32)(p[12] << 8 | p[13]);
    name = (guint32)(p[14] << 8 | p[15]);
    extra = be32(p + 36);
    *len = ((guint64)FIXED + extra + id + name + 7) & ~7ull;
    if ((guint64)FIXED + extra + id + name > left) {
        return FALSE;
    }
    s->l1_offset = be64(p);
    s->l1_size = be32(p + 8);
    s->date_sec = be32(p + 16);
    s->date_nsec = be32(p + 20);
    s->vm_clock_nsec = be64(p + 24);
    s->vm_state_size = extra >= 8 ? be64(p + FIXED) : be32(p + 32);
    s->disk_size = extra >= 16 ? be64(p + FIXED + 8) : q->size;
    s->id = g_strndup((const char *)p + FIXED + extra, id);
    s->name = g_strndup((const char *)p + FIXED + extra + id, name);
    return s->l1_size <= L1_MAX / 8 && s->l1_offset % q->cluster_size == 0;
}

static void forget(Qcow2 *q)
{
    for (unsigned i = 0; i < q->n_snapshots; i++) {
        g_free(q->snapshots[i].id);
        g_free(q->snapshots[i].name);
    }
    g_clear_pointer(&q->snapshots, g_free);
    q->n_snapshots = 0;
}

/* From so many bytes. FALSE: one of them does not fit, or is not right. */
static gboolean parse_all(Qcow2 *q, const guint8 *p, guint64 room, guint32 n)
{
    guint64 at = 0, len;

    forget(q);
    q->snapshots = g_new0(Qcow2Snapshot, n);
    while (q->n_snapshots < n) {
        q->n_snapshots++; /* what it has of names is freed in any case */
        if (at > room ||
            !parse(q, p + at, room - at, &q->snapshots[q->n_snapshots - 1], &len)) {
            return FALSE;
        }
        at += len;
    }
    q->snapshots_bytes = at;
    return TRUE;
}

/* How long the table is only itself says: a little is read, and more while that is not
 * enough. */
gboolean qcow2_snapshots_load(Qcow2 *q, guint32 n, GError **errp)
{
    guint64 file = q->io.size(q->io.opaque), room = 0, all;

    q->snapshots_bytes = 0;
    if (n == 0) {
        return TRUE;
    }
    if (n > SNAPSHOTS_MAX || q->snapshots_offset % q->cluster_size ||
        q->snapshots_offset >= file) {
        return error_set(errp, "qcow2: the snapshot table is invalid");
    }
    all = MIN(file - q->snapshots_offset, TABLE_MAX);
    while (room < all) {
        room = MIN(MAX(room * 8, READ_FIRST), all);
        g_autofree guint8 *p = g_try_malloc(room);
        int ret = p ? q->io.read(q->io.opaque, q->snapshots_offset, p, room) : -ENOMEM;
        if (ret < 0) {
            return error_set_errno(errp, -ret,
                                   "qcow2: could not read the snapshot table");
        }
        if (parse_all(q, p, room, n)) {
            return TRUE;
        }
    }
    return error_set(errp, "qcow2: snapshot %u is invalid", q->n_snapshots);
}

/* One L2 table, and the one that another L1 table has in its place (zeros: none). */
typedef struct Pair {
    guint8 *p, *other;
    gboolean copied; /* p has entries that say that nobody else owns their clusters */
} Pair;

static int read_l2(Qcow2 *q, guint64 table, guint8 *p)
{
    if (!table) {
        memset(p, 0, q->cluster_size);
        return 0;
    }
    if (table % q->cluster_size) {
        return qcow2_corrupt(q, table, q->cluster_size, "an L2 table is unaligned");
    }
    return q->io.read(q->io.opaque, table, p, q->cluster_size);
}

/* Counts go up now (these are noted), or down later. */
static int change_counts(Qcow2 *q, guint64 first, guint64 n, GArray *raised)
{
    Freed f = { first, n, QCOW2_FREED_SNAPSHOT };
    int ret;

    if (!raised) {
        qcow2_free_later(q, first, n, QCOW2_FREED_SNAPSHOT);
        return 0;
    }
    ret = n ? qcow2_refcount_add(q, first, n, 1) : 0;
    if (ret == 0 && n) {
        g_array_append_val(raised, f);
    }
    return ret;
}

/* Of what only the first of the two points to. */
static int count_pair(Qcow2 *q, Pair *pair, GArray *raised)
{
    int ret = 0;

    pair->copied = FALSE;
    for (guint32 at = 0; ret == 0 && at < q->cluster_size; at += q->entry_size) {
        guint64 entry = be64(pair->p + at), first, n, other_first, other_n;
        if (raised && entry & ENTRY_COPIED) {
            pair->copied = TRUE;
            put_be64(pair->p + at, entry & ~ENTRY_COPIED);
        }
        qcow2_entry_clusters(q, entry, &first, &n);
        qcow2_entry_clusters(q, be64(pair->other + at), &other_first, &other_n);
        if (n && (first != other_first || n != other_n)) {
            ret = change_counts(q, first, n, raised);
        }
    }
    return ret;
}

/*
 * What a table points to, and what that points to, changes its counts, but for what the
 * other table has in the same place: so no count is higher in between than before or
 * after.
 */
static int count_table(Qcow2 *q, const guint64 *l1, guint32 n, const guint64 *other,
                       guint32 n_other, GArray *raised)
{
    g_autofree guint8 *p = g_try_malloc(2ull * q->cluster_size);
    Pair pair = { p, p ? p + q->cluster_size : NULL, FALSE };
    int ret = p ? 0 : -ENOMEM;

    for (guint32 i = 0; i < n && ret == 0; i++) {
        guint64 table = l1[i] & L1E_OFFSET_MASK;
        guint64 rival = i < n_other ? other[i] & L1E_OFFSET_MASK : 0;
        if (!table || table == rival) {
            continue;
        }
        ret = read_l2(q, table, pair.p);
        ret = ret < 0 ? ret : read_l2(q, rival, pair.other);
        ret = ret < 0 ? ret : count_pair(q, &pair, raised);
        if (ret == 0 && pair.copied) {
            ret = q->io.write(q->io.opaque, table, pair.p, q->cluster_size);
        }
        ret = ret < 0 ? ret : change_counts(q, table >> q->cluster_bits, 1, raised);
    }
    return ret;
}

static const Qcow2Snapshot *find(const Qcow2 *q, const char *name)
{
    for (unsigned by_name = 0; by_name < 2; by_name++) {
        for (unsigned i = 0; i < q->n_snapshots; i++) {
            if (!strcmp(by_name ? q->snapshots[i].name : q->snapshots[i].id, name)) {
                return &q->snapshots[i];
            }
        }
    }
    return NULL;
}

/* The header's fields from 24 (size) to 48 are in one sector: they change at once. */
static int switch_header(Qcow2 *q, guint64 size, guint32 n, guint64 l1_offset)
{
    guint8 p[24];

    put_be64(p, size);
    put_be32(p + 8, 0); /* not encrypted */
    put_be32(p + 12, n);
    put_be64(p + 16, l1_offset);
    return qcow2_header_write(q, 24, p, sizeof(p));
}

static guint64 l1_clusters(const Qcow2 *q, guint32 entries)
{
    return ((guint64)entries * 8 + q->cluster_size - 1) >> q->cluster_bits;
}

/* Under meta. The tables and counts for a header that is to point to l1. */
static int prepare(Qcow2 *q, guint64 *l1, guint32 n, guint64 first, GArray *raised)
{
    int ret = count_table(q, l1, n, q->l1, q->l1_size, raised);

    for (guint32 i = 0; i < n; i++) {
        l1[i] &= ~ENTRY_COPIED;
    }
    ret = ret < 0 ? ret : qcow2_table_write(q, first << q->cluster_bits, l1, n);
    return ret < 0 ? ret : qcow2_meta_flush(q);
}

/* Nothing points there. */
static void take_back(Qcow2 *q, const GArray *raised, guint64 first, guint64 n)
{
    for (guint i = 0; i < raised->len; i++) {
        const Freed *f = &g_array_index(raised, Freed, i);
        qcow2_free_later(q, f->first, f->n, f->why);
    }
    qcow2_free_later(q, first, n, QCOW2_FREED_OTHER);
}

/* Under meta. What the snapshot has gets one owner more, then the image is that one. */
static int revert(Qcow2 *q, const Qcow2Snapshot *s, guint64 *l1)
{
    g_autoptr(GArray) raised = g_array_new(FALSE, FALSE, sizeof(Freed));
    guint64 clusters = MAX(l1_clusters(q, s->l1_size), 1), first;
    int ret = qcow2_meta_flush(q);

    ret = ret < 0 ? ret : qcow2_alloc_exactly(q, clusters, &first);
    if (ret < 0) {
        return ret;
    }
    ret = prepare(q, l1, s->l1_size, first, raised);
    if (ret < 0) {
        take_back(q, raised, first, clusters);
        return ret;
    }
    ret = switch_header(q, s->disk_size, s->l1_size, first << q->cluster_bits);
    if (ret < 0) {
        return ret;
    }
    ret = count_table(q, q->l1, q->l1_size, l1, s->l1_size, NULL);
    qcow2_free_later(q, q->l1_offset >> q->cluster_bits, l1_clusters(q, q->l1_size),
                     QCOW2_FREED_OTHER);
    for (unsigned i = 0; i < 2 && ret == 0; i++) {
        q->l1_dirty = FALSE;
        ret = qcow2_meta_flush(q);
    }
    return ret;
}

int qcow2_revert(Qcow2 *q, const char *snapshot, GError **errp)
{
    const Qcow2Snapshot *s = find(q, snapshot);
    g_autofree guint64 *l1 = NULL;
    guint64 span = 1ull << (q->cluster_bits + q->l2_bits);
    int ret = qcow2_check_range(q, 0, 0, TRUE);

    if (q->data_file) {
        error_set(errp, "Image with a data file has no snapshots to apply");
        return -ENOTSUP;
    }
    ret = ret < 0 ? ret : qcow2_prepare(q);
    if (ret == 0 &&
        (!s || s->l1_size < s->disk_size / span + (s->disk_size % span != 0))) {
        error_set(errp, s ? "Snapshot '%s' is invalid" : "Can't find snapshot '%s'",
                  snapshot);
        return s ? -EINVAL : -ENOENT;
    }
    l1 = ret < 0 ? NULL
                 : qcow2_table_read(q, s->l1_offset, s->l1_size, "a snapshot", errp);
    if (!l1 && ret == 0) {
        return -EIO;
    }
    if (ret == 0) {
        g_mutex_lock(&q->meta);
        ret = revert(q, s, l1);
        g_mutex_unlock(&q->meta);
    }
    if (ret < 0) {
        error_set_errno(errp, -ret, "Could not apply snapshot '%s'", snapshot);
        return ret;
    }
    return qcow2_activate(q, errp) ? 0 : -EIO; /* all tables are others now */
}
