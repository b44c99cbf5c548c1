/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Section "Bitmaps": they are told of, and kept; who writes the image marks them as in
 * use, which is as inconsistent, as nobody records what is written.
 */
#include "block/qcow2/internal.h"

#define BITMAPS_MAX   65535u
#define DIRECTORY_MAX (64u << 20)
#define ENTRY_LENGTH  24u
#define FLAG_IN_USE   1u
#define FLAG_AUTO     2u

/* At p, of left bytes; 0: it does not fit. */
static guint64 entry_length(const guint8 *p, guint64 left)
{
    guint64 n;

    if (left < ENTRY_LENGTH) {
        return 0;
    }
    n = ENTRY_LENGTH + (guint64)be32(p + 20) + (p[18] << 8 | p[19]);
    n = (n + 7) & ~7ull;
    return n <= left ? n : 0;
}

static guint8 *read_directory(Qcow2 *q, int *ret)
{
    guint8 *p = g_try_malloc(q->bitmaps_bytes);

    *ret = p ? q->io.read(q->io.opaque, q->bitmaps_offset, p, q->bitmaps_bytes) : -ENOMEM;
    if (*ret < 0) {
        g_clear_pointer(&p, g_free);
    }
    return p;
}

gboolean qcow2_bitmaps_load(Qcow2 *q, GError **errp)
{
    g_autofree guint8 *p = NULL;
    guint32 n = 0;
    guint64 at = 0;
    int ret;

    if (q->bitmaps_offset == 0) {
        return TRUE;
    }
    n = q->header_bitmaps;
    if (n == 0 || n > BITMAPS_MAX || q->bitmaps_bytes > DIRECTORY_MAX ||
        q->bitmaps_bytes < (guint64)n * ENTRY_LENGTH ||
        q->bitmaps_offset % q->cluster_size) {
        return error_set(errp, "qcow2: the bitmaps extension is invalid");
    }
    p = read_directory(q, &ret);
    if (!p) {
        return error_set_errno(errp, -ret, "qcow2: could not read the bitmap directory");
    }
    q->bitmaps = g_new0(Qcow2Bitmap, n);
    for (; q->n_bitmaps < n; q->n_bitmaps++) {
        Qcow2Bitmap *b = &q->bitmaps[q->n_bitmaps];
        guint64 len = entry_length(p + at, q->bitmaps_bytes - at);
        if (len == 0 || p[at + 17] > 63) {
            return error_set(errp, "qcow2: the bitmap directory is invalid");
        }
        b->in_use = be32(p + at + 12) & FLAG_IN_USE;
        b->automatic = (be32(p + at + 12) & FLAG_AUTO) != 0;
        b->granularity = 1ull << p[at + 17];
        b->name = error_printable(p + at + ENTRY_LENGTH + be32(p + at + 20),
                                  (gsize)(p[at + 18] << 8 | p[at + 19]));
        at += len;
    }
    return TRUE;
}

int qcow2_bitmaps_mark(Qcow2 *q)
{
    g_autofree guint8 *p = NULL;
    guint64 at = 0;
    int ret;

    if (q->n_bitmaps == 0) {
        return 0;
    }
    p = read_directory(q, &ret);
    for (unsigned i = 0; i < q->n_bitmaps && ret == 0; i++) {
        guint64 len = entry_length(p + at, q->bitmaps_bytes - at);
        if (len == 0) {
            return -EIO;
        }
        put_be32(p + at + 12, be32(p + at + 12) | FLAG_IN_USE);
        ret = q->io.write(q->io.opaque, q->bitmaps_offset + at + 12, p + at + 12, 4);
        q->bitmaps[i].in_use = TRUE;
        at += len;
    }
    return ret < 0 ? ret : q->io.flush(q->io.opaque);
}
