/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing on workers. */
#include <zlib.h>

#include "block/qcow2/internal.h"

#define CHUNK_MAX (2u << 20)

int qcow2_check_range(Qcow2 *q, guint64 offset, guint64 bytes, gboolean write)
{
    gboolean ok;

    g_mutex_lock(&q->lock);
    ok = q->active && offset <= q->size && bytes <= q->size - offset;
    g_mutex_unlock(&q->lock);
    if (!ok) {
        return -EINVAL;
    }
    return write && qcow2_read_only(q) ? -EROFS : 0;
}

static guint64 iov_bytes(const struct iovec *iov, unsigned n)
{
    guint64 bytes = 0;

    for (unsigned i = 0; i < n; i++) {
        bytes += iov[i].iov_len;
    }
    return bytes;
}

/* Section "Compressed Clusters Descriptor"; RFC 1951 without a header. */
static int inflate_cluster(const guint8 *in, guint64 in_len, guint8 *out, guint32 len)
{
    z_stream z = { .next_in = (Bytef *)in,
                   .avail_in = (uInt)in_len,
                   .next_out = out,
                   .avail_out = len };
    int ret;

    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return -ENOMEM;
    }
    ret = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return (ret == Z_STREAM_END || ret == Z_BUF_ERROR) && z.avail_out == 0 ? 0 : -EIO;
}

static int read_compressed(Qcow2 *q, guint64 entry, guint64 skip, guint8 *buf,
                           guint64 len)
{
    g_autofree guint8 *in = NULL, *out = g_try_malloc(q->cluster_size);
    guint64 host, bytes;
    int ret;

    qcow2_compressed_range(q, entry, &host, &bytes);
    in = g_try_malloc(bytes);
    if (!in || !out) {
        return -ENOMEM;
    }
    ret = q->io.read(q->io.opaque, host, in, bytes);
    ret = ret < 0 ? ret : inflate_cluster(in, bytes, out, q->cluster_size);
    if (ret == 0) {
        memcpy(buf, out + skip, len);
    }
    return ret;
}

/* What is at offset: held by x. *entry: of what is compressed. */
static int hold(Qcow2 *q, guint64 offset, guint64 len, gboolean own, Qcow2Extent *x,
                guint64 *entry)
{
    guint64 bits;
    L2Ref ref;
    int ret;

    x->link = NULL;
    x->offset = offset;
    for (;;) {
        g_mutex_lock(&q->meta);
        ret = qcow2_map_load(q, offset);
        g_mutex_lock(&q->lock);
        if (own || ret < 0 || !qcow2_is_busy(q, offset, offset + len)) {
            break;
        }
        g_mutex_unlock(&q->meta);
        qcow2_wait_idle(q);
        g_mutex_unlock(&q->lock);
    }
    if (ret == 0) {
        qcow2_map_locked(q, offset, len, FALSE, x);
        if (own) { /* its busy range waits for all extents but this one */
            qcow2_unmap_locked(q, x);
        }
    }
    g_mutex_unlock(&q->lock);
    if (ret == 0 && x->kind == QCOW2_COMPRESSED) {
        ret = qcow2_l2_find(q, offset, FALSE, &ref);
        ret = ret < 0 ? ret : qcow2_l2_get(q, &ref, 0, entry, &bits);
    }
    g_mutex_unlock(&q->meta);
    return ret == 0 && x->kind == QCOW2_MISS ? -EIO : ret;
}

static int read_extent(Qcow2 *q, const Qcow2Extent *x, guint64 entry, guint8 *buf)
{
    switch (x->kind) {
    case QCOW2_DATA:
        return q->data.read(q->data.opaque, x->host, buf, x->bytes);
    case QCOW2_COMPRESSED:
        return read_compressed(q, entry, x->offset % q->cluster_size, buf, x->bytes);
    case QCOW2_BACKING:
        return q->options.read_backing(q->options.opaque, x->offset, buf, x->bytes);
    default:
        memset(buf, 0, x->bytes);
        return 0;
    }
}

int qcow2_read_range(Qcow2 *q, guint64 offset, guint8 *buf, guint64 len, gboolean own)
{
    guint64 size = qcow2_size(q);
    int ret = 0;

    if (offset + len > size) { /* the end of the last cluster */
        guint64 in = offset < size ? size - offset : 0;
        memset(buf + in, 0, len - in);
        len = in;
    }
    while (len && ret == 0) {
        Qcow2Extent x;
        guint64 entry = 0;
        ret = hold(q, offset, len, own, &x, &entry);
        if (ret == 0) {
            ret = read_extent(q, &x, entry, buf);
            offset += x.bytes;
            buf += x.bytes;
            len -= x.bytes;
        }
        qcow2_unmap(q, &x);
    }
    return ret;
}

int qcow2_read(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov)
{
    int ret = qcow2_check_range(q, offset, iov_bytes(iov, n_iov), FALSE);

    for (unsigned i = 0; i < n_iov && ret == 0; i++) {
        ret = qcow2_read_range(q, offset, iov[i].iov_base, iov[i].iov_len, FALSE);
        offset += iov[i].iov_len;
    }
    return ret;
}

int qcow2_prepare(Qcow2 *q)
{
    int ret = 0;

    g_mutex_lock(&q->meta);
    if (!q->prepared) {
        ret = qcow2_bitmaps_mark(q);
        g_mutex_lock(&q->lock);
        q->prepared = ret == 0;
        g_mutex_unlock(&q->lock);
    }
    g_mutex_unlock(&q->meta);
    return ret;
}

/* Some clusters in a row, and what is written there. */
typedef struct Run {
    L2Ref ref;
    guint32 n;           /* clusters */
    guint64 host, first; /* of the first cluster; the same as a number, when new */
    gboolean fresh;      /* it was allocated for this */
    guint64 start, end;  /* guest addresses: the caller's */
    guint64 from, to;    /* and with what has to be copied around them */
} Run;

/* What has to be written with a part of the cluster of this entry: whole units. */
static guint32 copy_unit(const Qcow2 *q, const Run *run, guint64 entry, guint64 bits,
                         guint64 at)
{
    guint32 sub = q->cluster_size / SUBCLUSTERS;

    if (!q->extended) {
        return !run->fresh && !(q->version >= 3 && entry & L2E_ZERO) ? 1
                                                                     : q->cluster_size;
    }
    if (run->fresh) {
        return entry & (L2E_OFFSET_MASK | ENTRY_COMPRESSED) && !q->data_file
                   ? q->cluster_size
                   : sub;
    }
    return bits >> (at % q->cluster_size / sub) & 1 ? 1 : sub;
}

static int choose_host(Qcow2 *q, Run *run, guint64 entry)
{
    guint64 n = run->n;
    int ret;

    if (!run->fresh) {
        run->host = entry & L2E_OFFSET_MASK;
        return qcow2_host_is_data(q, run->host, n << q->cluster_bits)
                   ? 0
                   : qcow2_corrupt(q, run->host, n << q->cluster_bits,
                                   "Preventing invalid write on metadata (overlaps at "
                                   "0x%" G_GINT64_MODIFIER "x)",
                                   run->host);
    }
    if (q->data_file) {
        run->host = round_down(run->start, q->cluster_size);
        return 0;
    }
    ret = qcow2_alloc(q, n, &run->first, &n);
    run->host = run->first << q->cluster_bits;
    run->n = (guint32)n;
    return ret;
}

/* How many from run->ref on are alike, and where they go. */
static int plan(Qcow2 *q, Run *run)
{
    guint64 entry, bits, first_entry, first_bits, base;
    int ret = qcow2_l2_find(q, run->start, TRUE, &run->ref);

    ret = ret < 0 ? ret : qcow2_l2_get(q, &run->ref, 0, &first_entry, &first_bits);
    if (ret < 0) {
        return ret;
    }
    base = round_down(run->start, q->cluster_size);
    run->fresh = !qcow2_entry_is_own(q, first_entry);
    guint32 want = (guint32)((run->end - base + q->cluster_size - 1) >> q->cluster_bits);
    want = MIN(want, run->ref.left);
    for (run->n = 1; run->n < want; run->n++) {
        ret = qcow2_l2_get(q, &run->ref, run->n, &entry, &bits);
        if (ret < 0) {
            return ret;
        }
        if (qcow2_entry_is_own(q, entry) == run->fresh ||
            (!run->fresh &&
             (entry & L2E_OFFSET_MASK) != (first_entry & L2E_OFFSET_MASK) +
                                              ((guint64)run->n << q->cluster_bits))) {
            break;
        }
    }
    ret = choose_host(q, run, first_entry);
    if (ret < 0) {
        return ret;
    }
    run->end = MIN(run->end, base + ((guint64)run->n << q->cluster_bits));
    ret = qcow2_l2_get(q, &run->ref, run->n - 1, &entry, &bits);
    run->from =
        round_down(run->start, copy_unit(q, run, first_entry, first_bits, run->start));
    guint32 unit = copy_unit(q, run, entry, bits, run->end - 1);
    run->to = round_down(run->end + unit - 1, unit);
    return ret;
}

static int write_data(Qcow2 *q, const Run *run, const struct iovec *iov, unsigned n_iov)
{
    guint64 head = run->start - run->from, tail = run->to - run->end;
    g_autofree struct iovec *all = g_try_new(struct iovec, n_iov + 2);
    g_autofree guint8 *buf = g_try_malloc(head + tail + 1);
    unsigned n = 0;
    int ret = 0;

    if (!all || !buf) {
        return -ENOMEM;
    }
    if (head) {
        ret = qcow2_read_range(q, run->from, buf, head, TRUE);
        all[n++] = (struct iovec){ buf, head };
    }
    memcpy(all + n, iov, n_iov * sizeof(*iov));
    n += n_iov;
    if (tail) {
        ret = ret < 0 ? ret : qcow2_read_range(q, run->end, buf + head, tail, TRUE);
        all[n++] = (struct iovec){ buf + head, tail };
    }
    return ret < 0 ? ret
                   : q->data.writev(q->data.opaque,
                                    run->host + run->from % q->cluster_size, all, n);
}

/* Subclusters of cluster i of the run that have been written. */
static guint64 written_bits(const Qcow2 *q, const Run *run, guint32 i)
{
    guint32 sub = q->cluster_size / SUBCLUSTERS;
    guint64 base =
        round_down(run->start, q->cluster_size) + ((guint64)i << q->cluster_bits);
    guint64 from = (MAX(run->from, base) - base) / sub;
    guint64 to = (MIN(run->to, base + q->cluster_size) - base + sub - 1) / sub;

    return ((1ull << to) - 1) & ~((1ull << from) - 1);
}

static int link_run(Qcow2 *q, Run *run)
{
    int ret = 0;

    for (guint32 i = 0; i < run->n && ret == 0; i++) {
        guint64 entry, bits, set, old_bits;
        ret = qcow2_l2_get(q, &run->ref, i, &entry, &bits);
        if (ret < 0) {
            return ret;
        }
        set = q->extended ? written_bits(q, run, i) : 0;
        old_bits = bits;
        bits = (entry & ENTRY_COMPRESSED ? 0 : bits) | set;
        bits &= ~(set << 32);
        guint64 now = (run->host + ((guint64)i << q->cluster_bits)) | ENTRY_COPIED;
        if (now != entry || bits != old_bits) {
            ret = qcow2_l2_set(q, &run->ref, i, now, bits);
            if (ret == 0 && run->fresh) {
                qcow2_free_entry(q, entry, QCOW2_FREED_OTHER);
            }
        }
    }
    return ret < 0 ? ret : qcow2_bound_freed(q);
}

static int write_run(Qcow2 *q, Run *run, const struct iovec *iov, unsigned n_iov)
{
    g_autofree struct iovec *part = g_try_new(struct iovec, n_iov);
    guint64 left;
    unsigned n = 0;
    int ret;

    if (!part) {
        return -ENOMEM;
    }
    g_mutex_lock(&q->meta);
    ret = plan(q, run);
    g_mutex_unlock(&q->meta);
    if (ret < 0) {
        return ret;
    }
    for (left = run->end - run->start; left; left -= part[n++].iov_len) {
        part[n] = iov[n];
        part[n].iov_len = MIN(part[n].iov_len, left);
    }
    ret = write_data(q, run, part, n);
    g_mutex_lock(&q->meta);
    if (ret == 0) {
        ret = link_run(q, run);
    } else if (run->fresh && !q->data_file) {
        qcow2_refcount_add(q, run->first, run->n, -1); /* or they are leaks */
    }
    g_mutex_unlock(&q->meta);
    return ret;
}

int qcow2_write_range(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov,
                      guint64 bytes)
{
    g_autofree struct iovec *rest = g_try_new(struct iovec, n_iov + 1);
    unsigned at = 0;
    int ret = rest ? qcow2_prepare(q) : -ENOMEM;

    if (ret < 0) {
        return ret;
    }
    memcpy(rest, iov, n_iov * sizeof(*iov));
    while (bytes && ret == 0) {
        Run run = { .start = offset, .end = offset + MIN(bytes, CHUNK_MAX) };
        Busy busy;
        qcow2_busy_begin(q, &busy, round_down(offset, q->cluster_size),
                         round_down(run.end + q->cluster_size - 1, q->cluster_size));
        ret = qcow2_read_only(q) ? -EROFS : write_run(q, &run, rest + at, n_iov - at);
        qcow2_busy_end(q, &busy);
        guint64 done = run.end - run.start;
        offset += done;
        bytes -= done;
        while (done && ret == 0) {
            gsize len = MIN(rest[at].iov_len, done);
            rest[at].iov_base = (guint8 *)rest[at].iov_base + len;
            rest[at].iov_len -= len;
            done -= len;
            at += rest[at].iov_len == 0;
        }
    }
    return ret;
}

int qcow2_write(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov)
{
    guint64 bytes = iov_bytes(iov, n_iov);
    int ret = qcow2_check_range(q, offset, bytes, TRUE);

    return ret < 0 ? ret : qcow2_write_range(q, offset, iov, n_iov, bytes);
}
