/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section "Snapshots": listed, kept, and reverted to. */
#include "block/qcow2/internal.h"

#define SNAPSHOTS_MAX 65536u
#define TABLE_MAX     (64u << 20)
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

gboolean qcow2_snapshots_load(Qcow2 *q, guint32 n, GError **errp)
{
    guint64 at = 0, room, file = q->io.size(q->io.opaque);
    g_autofree guint8 *p = NULL;
    int ret;

    q->snapshots_bytes = 0;
    if (n == 0) {
        return TRUE;
    }
    if (n > SNAPSHOTS_MAX || q->snapshots_offset % q->cluster_size ||
        q->snapshots_offset >= file) {
        return error_set(errp, "qcow2: the snapshot table is invalid");
    }
    room = MIN(file - q->snapshots_offset, TABLE_MAX);
    p = g_try_malloc(room);
    ret = p ? q->io.read(q->io.opaque, q->snapshots_offset, p, room) : -ENOMEM;
    if (ret < 0) {
        return error_set_errno(errp, -ret, "qcow2: could not read the snapshot table");
    }
    q->snapshots = g_new0(Qcow2Snapshot, n);
    while (q->n_snapshots < n) {
        guint64 len;
        q->n_snapshots++; /* what it has of names is freed in any case */
        if (at > room ||
            !parse(q, p + at, room - at, &q->snapshots[q->n_snapshots - 1], &len)) {
            return error_set(errp, "qcow2: snapshot %u is invalid", q->n_snapshots);
        }
        at += len;
    }
    q->snapshots_bytes = at;
    return TRUE;
}

/* All that a table points to, and what that points to: counts up, or down later. */
static int count_table(Qcow2 *q, const guint64 *l1, guint32 n, gboolean up)
{
    g_autofree guint8 *p = g_try_malloc(q->cluster_size);
    int ret = p ? 0 : -ENOMEM;

    for (guint32 i = 0; i < n && ret == 0; i++) {
        guint64 table = l1[i] & L1E_OFFSET_MASK;
        if (!table) {
            continue;
        }
        if (table % q->cluster_size) {
            return qcow2_corrupt(q, table, q->cluster_size, "an L2 table is unaligned");
        }
        ret = q->io.read(q->io.opaque, table, p, q->cluster_size);
        for (guint32 at = 0; ret == 0 && at < q->cluster_size; at += q->entry_size) {
            guint64 entry = be64(p + at), host = entry & L2E_OFFSET_MASK;
            guint64 bytes = q->cluster_size;
            if (!up) {
                qcow2_free_entry(q, entry);
                continue;
            }
            if (entry & ENTRY_COMPRESSED) {
                qcow2_compressed_range(q, entry, &host, &bytes);
            }
            if (host) {
                guint64 first = host >> q->cluster_bits;
                ret = qcow2_refcount_add(
                    q, first, ((host + bytes - 1) >> q->cluster_bits) - first + 1, 1);
            }
        }
        if (up) {
            ret = ret < 0 ? ret : qcow2_refcount_add(q, table >> q->cluster_bits, 1, 1);
        } else {
            qcow2_free_later(q, table >> q->cluster_bits, 1);
        }
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
    int ret;

    put_be64(p, size);
    put_be32(p + 8, 0); /* not encrypted */
    put_be32(p + 12, n);
    put_be64(p + 16, l1_offset);
    ret = q->io.write(q->io.opaque, 24, p, sizeof(p));
    return ret < 0 ? ret : q->io.flush(q->io.opaque);
}

/* Under meta. What the snapshot has gets one owner more, then the image is that one. */
static int revert(Qcow2 *q, const Qcow2Snapshot *s, guint64 *l1)
{
    guint64 clusters = ((guint64)s->l1_size * 8 + q->cluster_size - 1) >> q->cluster_bits;
    guint64 first, offset;
    int ret = qcow2_meta_flush(q);

    ret = ret < 0 ? ret : qcow2_alloc_exactly(q, MAX(clusters, 1), &first);
    if (ret < 0) {
        return ret;
    }
    offset = first << q->cluster_bits;
    ret = count_table(q, l1, s->l1_size, TRUE);
    for (guint32 i = 0; i < s->l1_size; i++) {
        l1[i] &= ~ENTRY_COPIED;
    }
    ret = ret < 0 ? ret : qcow2_table_write(q, offset, l1, s->l1_size);
    ret = ret < 0 ? ret : qcow2_meta_flush(q);
    ret = ret < 0 ? ret : switch_header(q, s->disk_size, s->l1_size, offset);
    if (ret < 0) {
        return ret; /* leaks */
    }
    ret = count_table(q, q->l1, q->l1_size, FALSE);
    qcow2_free_later(q, q->l1_offset >> q->cluster_bits,
                     ((guint64)q->l1_size * 8 + q->cluster_size - 1) >> q->cluster_bits);
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
