/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections "Header", "Header extensions", "Feature name table". */
#include "block/qcow2/internal.h"

#define HEADER_MAX       (64u << 10) /* what is read of it: with extensions and name */
#define V2_LENGTH        72u
#define V3_LENGTH        104u
#define EXT_FORMAT       0xe2792acau
#define EXT_FEATURES     0x6803f857u
#define EXT_BITMAPS      0x23852875u
#define EXT_DATA_FILE    0x44415441u
#define FEATURE_BYTES    48u
#define BACKING_MAX      1023u
#define CLUSTER_BITS_MIN 9u
#define CLUSTER_BITS_MAX 21u
#define EXT_L2_BITS_MIN  14u

void qcow2_header_clear(Qcow2 *q)
{
    g_clear_pointer(&q->backing_file, g_free);
    g_clear_pointer(&q->backing_format, g_free);
    g_clear_pointer(&q->data_name, g_free);
    g_clear_pointer(&q->features, g_hash_table_unref);
    q->bitmaps_offset = q->bitmaps_bytes = 0;
    q->header_bitmaps = 0;
}

static char *name_of(const guint8 *p, gsize len)
{
    return g_strndup((const char *)p, len);
}

static void read_features(Qcow2 *q, const guint8 *p, guint32 len)
{
    for (guint32 at = 0; at + FEATURE_BYTES <= len; at += FEATURE_BYTES) {
        g_autofree char *name = error_printable(
            p + at + 2, strnlen((const char *)p + at + 2, FEATURE_BYTES - 2));
        g_hash_table_insert(q->features, GUINT_TO_POINTER(p[at] << 8 | p[at + 1]),
                            g_steal_pointer(&name));
    }
}

static gboolean read_bitmaps(Qcow2 *q, const guint8 *p, guint32 len, GError **errp)
{
    if (!(q->autoclear & AUTOCLEAR_BITMAPS)) {
        return TRUE; /* another program wrote the image: they are void */
    }
    if (len < 24) {
        return error_set(errp, "qcow2: the bitmaps extension is too short");
    }
    q->header_bitmaps = be32(p);
    q->bitmaps_bytes = be64(p + 8);
    q->bitmaps_offset = be64(p + 16);
    return TRUE;
}

static gboolean read_extension(Qcow2 *q, guint32 type, const guint8 *p, guint32 len,
                               GError **errp)
{
    switch (type) {
    case EXT_FORMAT:
        g_free(q->backing_format);
        q->backing_format = name_of(p, len);
        break;
    case EXT_DATA_FILE:
        g_free(q->data_name);
        q->data_name = name_of(p, len);
        break;
    case EXT_FEATURES:
        read_features(q, p, len);
        break;
    case EXT_BITMAPS:
        return read_bitmaps(q, p, len, errp);
    }
    return TRUE;
}

static gboolean read_extensions(Qcow2 *q, const guint8 *p, guint32 end, GError **errp)
{
    for (guint32 at = q->header_length; at + 8 <= end;) {
        guint32 type = be32(p + at), len = be32(p + at + 4);
        if (type == 0) {
            break;
        }
        at += 8;
        if (len > end - at) {
            return error_set(errp, "qcow2: header extension 0x%x is too long", type);
        }
        if (!read_extension(q, type, p + at, len, errp)) {
            return FALSE;
        }
        at += MIN((len + 7) & ~7u, end - at);
    }
    return TRUE;
}

static gboolean check_incompatible(Qcow2 *q, GError **errp)
{
    guint64 known = INCOMPAT_DIRTY | INCOMPAT_CORRUPT | INCOMPAT_DATA_FILE |
                    INCOMPAT_COMPRESS | INCOMPAT_EXT_L2;

    for (unsigned bit = 0; bit < 64; bit++) {
        if (q->incompatible & ~known & 1ull << bit) {
            const char *name = g_hash_table_lookup(q->features, GUINT_TO_POINTER(bit));
            return name ? error_set(errp, "Unsupported qcow2 feature(s): %s", name)
                        : error_set(errp,
                                    "Unsupported qcow2 feature(s): Unknown incompatible "
                                    "feature: %" G_GINT64_MODIFIER "x",
                                    (guint64)1ull << bit);
        }
    }
    if (q->incompatible & INCOMPAT_CORRUPT && !q->options.read_only) {
        return error_set(errp, "qcow2: Image is corrupt; cannot be opened read/write");
    }
    return TRUE;
}

static gboolean read_v3(Qcow2 *q, const guint8 *p, gsize len, GError **errp)
{
    if (q->version == 2) {
        q->incompatible = q->compatible = q->autoclear = 0;
        q->refcount_order = 4;
        q->header_length = V2_LENGTH;
        return TRUE;
    }
    q->incompatible = be64(p + 72);
    q->compatible = be64(p + 80);
    q->autoclear = be64(p + 88);
    q->refcount_order = be32(p + 96);
    q->header_length = be32(p + 100);
    if (q->header_length < V3_LENGTH || q->header_length > MIN(q->cluster_size, len)) {
        return error_set(errp, "qcow2: header length %u is invalid", q->header_length);
    }
    if (q->refcount_order > 6) {
        return error_set(errp, "qcow2: refcount order %u is too large",
                         q->refcount_order);
    }
    if (q->incompatible & INCOMPAT_COMPRESS &&
        (q->header_length <= V3_LENGTH || p[V3_LENGTH] != 0)) {
        return error_set(errp, "qcow2: compression type '%s' is not supported",
                         q->header_length > V3_LENGTH && p[V3_LENGTH] == 1 ? "zstd"
                                                                           : "unknown");
    }
    return TRUE;
}

static gboolean read_backing(Qcow2 *q, const guint8 *p, guint32 *end, GError **errp)
{
    guint64 offset = be64(p + 8);
    guint32 len = be32(p + 16);

    if (offset == 0) {
        return TRUE;
    }
    if (len > BACKING_MAX || offset < q->header_length || offset > *end ||
        len > *end - offset) {
        return error_set(errp, "qcow2: the backing file's name is out of bounds");
    }
    q->backing_file = name_of(p + offset, len);
    *end = (guint32)offset;
    return TRUE;
}

static gboolean parse(Qcow2 *q, const guint8 *p, GError **errp)
{
    guint32 crypt = be32(p + 32), end;

    q->version = be32(p + 4);
    q->cluster_bits = be32(p + 20);
    if (be32(p) != QCOW2_MAGIC) {
        return error_set(errp, "Image is not in qcow2 format");
    }
    if (q->version != 2 && q->version != 3) {
        return error_set(errp, "Unsupported qcow2 version %u", q->version);
    }
    if (q->cluster_bits < CLUSTER_BITS_MIN || q->cluster_bits > CLUSTER_BITS_MAX) {
        return error_set(errp, "Unsupported cluster size: 2^%u", q->cluster_bits);
    }
    if (crypt != 0) {
        return error_set(errp, "qcow2: encryption '%s' is not supported",
                         crypt == 2   ? "luks"
                         : crypt == 1 ? "aes"
                                      : "unknown");
    }
    q->cluster_size = 1u << q->cluster_bits;
    end = MIN(q->cluster_size, HEADER_MAX);
    q->size = be64(p + 24);
    return read_v3(q, p, end, errp) && read_backing(q, p, &end, errp) &&
           read_extensions(q, p, end, errp) && check_incompatible(q, errp);
}

gboolean qcow2_header_load(Qcow2 *q, GError **errp)
{
    g_autofree guint8 *p = g_malloc0(HEADER_MAX);
    int ret = q->io.read(q->io.opaque, 0, p, HEADER_MAX);

    if (ret < 0) {
        return error_set_errno(errp, -ret, "Could not read qcow2 header");
    }
    qcow2_header_clear(q);
    q->features = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    if (!parse(q, p, errp)) {
        return FALSE;
    }
    q->data_file = (q->incompatible & INCOMPAT_DATA_FILE) != 0;
    q->extended = (q->incompatible & INCOMPAT_EXT_L2) != 0;
    if (q->extended && q->cluster_bits < EXT_L2_BITS_MIN) {
        return error_set(errp, "qcow2: extended L2 entries need clusters of 16 KiB");
    }
    q->l1_size = be32(p + 36);
    q->l1_offset = be64(p + 40);
    q->reftable_offset = be64(p + 48);
    q->reftable_size = be32(p + 56); /* clusters, for now */
    q->n_snapshots = be32(p + 60);
    q->snapshots_offset = be64(p + 64);
    return TRUE;
}

gboolean qcow2_probe(const Qcow2Io *io, char **backing_file, char **backing_format,
                     char **data_file, GError **errp)
{
    Qcow2Options options = { .read_only = TRUE };
    Qcow2 q = { .io = *io, .options = options };
    gboolean ok = qcow2_header_load(&q, errp);

    if (ok) {
        *backing_file = g_steal_pointer(&q.backing_file);
        *backing_format = g_steal_pointer(&q.backing_format);
        *data_file = q.data_file ? g_steal_pointer(&q.data_name) : NULL;
    }
    qcow2_header_clear(&q);
    return ok;
}

int qcow2_header_write(Qcow2 *q, guint32 at, const void *bytes, gsize len)
{
    int ret = q->io.write(q->io.opaque, at, bytes, len);

    ret = ret < 0 ? ret : q->io.flush(q->io.opaque);
    if (ret < 0) {
        g_atomic_int_set(&q->read_only, TRUE);
    }
    return ret;
}

int qcow2_header_write_u64(Qcow2 *q, guint32 at, guint64 value)
{
    guint8 p[8];

    put_be64(p, value);
    return qcow2_header_write(q, at, p, sizeof(p));
}
