/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a crash of a writer with lazy refcounts (the dirty bit): counts are as the tables
 * have it. Counts that are too low go up; those that are too high are leaks, and stay.
 */
#include "block/qcow2/internal.h"

#define COUNTS_MAX (1ull << 28) /* clusters */

typedef struct Counts {
    guint32 *n;
    guint64 len;
} Counts;

static int count(Qcow2 *q, Counts *c, guint64 offset, guint64 bytes)
{
    guint64 last;

    if (bytes == 0) {
        return 0;
    }
    last = (offset + bytes - 1) >> q->cluster_bits;
    if (offset > L2E_OFFSET_MASK || last >= c->len) {
        return qcow2_corrupt(q, offset, bytes,
                             "a table points beyond the end of the file");
    }
    for (guint64 i = offset >> q->cluster_bits; i <= last; i++) {
        c->n[i] += c->n[i] < G_MAXUINT32;
    }
    return 0;
}

static int count_l2(Qcow2 *q, Counts *c, guint64 table, guint8 *p)
{
    int ret = count(q, c, table, q->cluster_size);

    ret = ret < 0 ? ret : q->io.read(q->io.opaque, table, p, q->cluster_size);
    for (guint32 at = 0; ret == 0 && at < q->cluster_size; at += q->entry_size) {
        guint64 entry = be64(p + at), host = entry & L2E_OFFSET_MASK;
        guint64 bytes = q->cluster_size;
        if (entry & ENTRY_COMPRESSED) {
            qcow2_compressed_range(q, entry, &host, &bytes);
        }
        if (host && !q->data_file) {
            ret = count(q, c, host, bytes);
        }
    }
    return ret;
}

static int count_l1(Qcow2 *q, Counts *c, guint64 offset, const guint64 *l1, guint32 n)
{
    g_autofree guint8 *p = g_try_malloc(q->cluster_size);
    int ret = p ? count(q, c, offset, 8ull * n) : -ENOMEM;

    for (guint32 i = 0; i < n && ret == 0; i++) {
        if (l1[i] & L1E_OFFSET_MASK) {
            ret = count_l2(q, c, l1[i] & L1E_OFFSET_MASK, p);
        }
    }
    return ret;
}

static int count_all(Qcow2 *q, Counts *c)
{
    int ret = count(q, c, 0, q->cluster_size);

    ret = ret < 0 ? ret : count_l1(q, c, q->l1_offset, q->l1, q->l1_size);
    ret = ret < 0 ? ret : count(q, c, q->reftable_offset, 8ull * q->reftable_size);
    ret = ret < 0 ? ret : count(q, c, q->snapshots_offset, q->snapshots_bytes);
    for (unsigned i = 0; i < q->n_snapshots && ret == 0; i++) {
        const Qcow2Snapshot *s = &q->snapshots[i];
        g_autofree guint64 *l1 =
            qcow2_table_read(q, s->l1_offset, s->l1_size, "a snapshot", NULL);
        ret = l1 ? count_l1(q, c, s->l1_offset, l1, s->l1_size) : -EIO;
    }
    for (guint32 i = 0; i < q->reftable_size && ret == 0; i++) {
        if (q->reftable[i] & L1E_OFFSET_MASK) {
            ret = count(q, c, q->reftable[i] & L1E_OFFSET_MASK, q->cluster_size);
        }
    }
    return ret;
}

int qcow2_rebuild_refcounts(Qcow2 *q)
{
    guint64 size = q->io.size(q->io.opaque), have;
    Counts c = { .len = (size >> q->cluster_bits) + 2 };
    int ret;

    if (c.len > COUNTS_MAX) {
        return -EFBIG;
    }
    c.n = g_try_new0(guint32, c.len);
    g_autofree guint32 *n = c.n;
    ret = n ? count_all(q, &c) : -ENOMEM;
    q->counts = n;
    q->n_counts = n ? c.len : 0;
    for (guint64 i = 0; i < c.len && ret == 0; i++) {
        ret = n[i] ? qcow2_refcount_get(q, i, &have) : 0;
        while (ret == 0 && n[i] && have < n[i]) {
            ret = qcow2_refcount_add(q, i, 1, 1);
            have++;
        }
    }
    q->counts = NULL;
    return ret;
}
