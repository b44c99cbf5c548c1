/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a qcow2 image with damages, and what a guest does with it. The image is a
 * good one at first, with data, a compressed cluster, a snapshot, bitmaps and a backing
 * file; then fields of the header and entries of the tables become what makes trouble:
 * other tables' places, huge or unaligned offsets, sizes that overflow, counts that are
 * wrong. Nothing crashes, no request asks for more of the file than a bound, and what is
 * read twice is the same.
 */
#include "fuzz/qcow2-fuzz.h"

#include <errno.h>
#include <string.h>

#include "block/qcow2/qcow2.h"

#define FILE_MAX  (2u << 20)
#define IO_MAX    2000000u /* calls for one input */
#define DAMAGES   24
#define STEPS     40
#define BUF_BYTES (96u << 10)

struct Qcow2FuzzCounts qcow2_fuzz_counts;

/* What is in which cluster. */
enum {
    AT_HEADER,
    AT_REFTABLE,
    AT_REFBLOCK,
    AT_L1,
    AT_L2,
    AT_SNAPSHOTS,
    AT_SNAPSHOT_L1,
    AT_SNAPSHOT_L2,
    AT_BITMAPS,
    AT_COMPRESSED,
    AT_DATA,
    AT_END = AT_DATA + 8,
};

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

typedef struct File {
    guint8 *bytes;
    gsize len;
    unsigned calls;
    unsigned fails_at; /* the call that fails, and each later one; 0: none */
} File;

static guint8 take(Input *in)
{
    guint8 byte = in->left ? *in->data : 0;

    in->data += in->left != 0;
    in->left -= in->left != 0;
    return byte;
}

static guint64 take_number(Input *in, unsigned bytes)
{
    guint64 n = 0;

    while (bytes--) {
        n = n << 8 | take(in);
    }
    return n;
}

/* --- the file --- */

static int call(File *f)
{
    if (++f->calls > IO_MAX) {
        g_error("%u calls for one input", f->calls);
    }
    return f->fails_at && f->calls >= f->fails_at ? -EIO : 0;
}

static int file_read(void *opaque, guint64 offset, void *buf, gsize len)
{
    File *f = opaque;
    gsize have = offset < f->len ? MIN(len, f->len - offset) : 0;

    if (have) {
        memcpy(buf, f->bytes + offset, have);
    }
    memset((guint8 *)buf + have, 0, len - have);
    return call(f);
}

static int file_write(void *opaque, guint64 offset, const void *buf, gsize len)
{
    File *f = opaque;

    if (offset > FILE_MAX || len > FILE_MAX - offset) {
        return -ENOSPC;
    }
    memcpy(f->bytes + offset, buf, len);
    f->len = MAX(f->len, offset + len);
    return call(f);
}

static int file_readv(void *opaque, guint64 offset, const struct iovec *iov, unsigned n)
{
    int ret = 0;

    for (unsigned i = 0; i < n && ret == 0; i++) {
        ret = file_read(opaque, offset, iov[i].iov_base, iov[i].iov_len);
        offset += iov[i].iov_len;
    }
    return ret;
}

static int file_writev(void *opaque, guint64 offset, const struct iovec *iov, unsigned n)
{
    int ret = 0;

    for (unsigned i = 0; i < n && ret == 0; i++) {
        ret = file_write(opaque, offset, iov[i].iov_base, iov[i].iov_len);
        offset += iov[i].iov_len;
    }
    return ret;
}

static int file_flush(void *opaque)
{
    return call(opaque);
}

static int file_zero(void *opaque, guint64 offset, guint64 len, gboolean unmap)
{
    File *f = opaque;

    (void)unmap;
    if (offset > FILE_MAX || len > FILE_MAX - offset) {
        return -ENOSPC;
    }
    memset(f->bytes + offset, 0, len);
    f->len = MAX(f->len, offset + len);
    return call(f);
}

static int file_discard(void *opaque, guint64 offset, guint64 len)
{
    const File *f = opaque;

    return offset < f->len ? file_zero(opaque, offset, MIN(len, f->len - offset), TRUE)
                           : 0;
}

static int file_truncate(void *opaque, guint64 size)
{
    File *f = opaque;

    if (size > FILE_MAX) {
        return -ENOSPC;
    }
    if (size > f->len) {
        memset(f->bytes + f->len, 0, size - f->len);
    }
    f->len = size;
    return call(f);
}

static guint64 file_size(void *opaque)
{
    return ((const File *)opaque)->len;
}

static int read_backing(void *opaque, guint64 offset, void *buf, gsize len)
{
    (void)opaque;
    memset(buf, (int)(offset >> 9 & 0xff), len);
    return 0;
}

static guint64 backing_size(void *opaque)
{
    (void)opaque;
    return 3u << 20;
}

static void corrupted(void *opaque, const char *message, guint64 offset, guint64 bytes)
{
    (void)opaque;
    (void)offset;
    (void)bytes;
    g_assert_cmpuint(strlen(message), >, 0);
    qcow2_fuzz_counts.corrupt++;
}

/* --- a good image --- */

typedef struct Image {
    File file;
    unsigned bits, order; /* of the clusters' size, of the counts' */
    gboolean v2, extended;
    guint64 size;
} Image;

static void put32(Image *im, guint64 at, guint32 v)
{
    v = GUINT32_TO_BE(v);
    memcpy(im->file.bytes + at, &v, 4);
}

static void put64(Image *im, guint64 at, guint64 v)
{
    v = GUINT64_TO_BE(v);
    memcpy(im->file.bytes + at, &v, 8);
}

static guint64 place(const Image *im, unsigned cluster)
{
    return (guint64)cluster << im->bits;
}

static void put_counts(Image *im)
{
    guint64 at = place(im, AT_REFBLOCK);

    for (unsigned i = 0; i < AT_END; i++) {
        unsigned bit = i << im->order;
        if (im->order < 3) {
            im->file.bytes[at + bit / 8] |= (guint8)(1u << bit % 8);
        } else {
            im->file.bytes[at + bit / 8 + (1u << im->order) / 8 - 1] = 1;
        }
    }
}

static void put_header(Image *im)
{
    put32(im, 0, 0x514649fb);
    put32(im, 4, im->v2 ? 2 : 3);
    put32(im, 20, im->bits);
    put64(im, 24, im->size);
    put32(im, 36, 2);
    put64(im, 40, place(im, AT_L1));
    put64(im, 48, place(im, AT_REFTABLE));
    put32(im, 56, 1);
    put32(im, 60, 1);
    put64(im, 64, place(im, AT_SNAPSHOTS));
    if (im->v2) {
        return;
    }
    put64(im, 72, im->extended ? 1u << 4 : 0);
    put64(im, 88, 1); /* the bitmaps are as they should be */
    put32(im, 96, im->order);
    put32(im, 100, 104);
    put32(im, 104, 0x23852875);
    put32(im, 108, 24);
    put32(im, 112, 1);
    put64(im, 120, 32);
    put64(im, 128, place(im, AT_BITMAPS));
    put32(im, 136, 0xe2792aca); /* the backing file's format */
    put32(im, 140, 3);
    memcpy(im->file.bytes + 144, "raw", 3);
    put64(im, 8, 160);
    put32(im, 16, 4);
    memcpy(im->file.bytes + 160, "base", 4);
}

static void put_entry(Image *im, guint64 table, unsigned i, guint64 entry, guint64 bits)
{
    put64(im, table + i * (im->extended ? 16u : 8u), entry);
    if (im->extended) {
        put64(im, table + i * 16u + 8, bits);
    }
}

static void put_tables(Image *im)
{
    guint64 copied = 1ull << 63, snapshot = place(im, AT_SNAPSHOTS);

    put64(im, place(im, AT_REFTABLE), place(im, AT_REFBLOCK));
    put64(im, place(im, AT_L1), place(im, AT_L2) | copied);
    put64(im, place(im, AT_SNAPSHOT_L1), place(im, AT_SNAPSHOT_L2) | copied);
    for (unsigned i = 0; i < 6; i++) {
        put_entry(im, place(im, AT_L2), i * 2, place(im, AT_DATA + i) | copied,
                  0xffff0000 >> i);
    }
    put_entry(im, place(im, AT_L2), 1, 1, 0);
    put_entry(im, place(im, AT_L2), 3, 1ull << 62 | place(im, AT_COMPRESSED), 0);
    put_entry(im, place(im, AT_SNAPSHOT_L2), 0, place(im, AT_DATA + 6) | copied,
              0xffffffff);
    put64(im, snapshot, place(im, AT_SNAPSHOT_L1));
    put32(im, snapshot + 8, 2);
    put32(im, snapshot + 12, 1u << 16 | 1);
    put32(im, snapshot + 36, 16);
    put64(im, snapshot + 48, im->size);
    memcpy(im->file.bytes + snapshot + 56, "1s", 2);
    put32(im, place(im, AT_BITMAPS) + 8, 1);
    put32(im, place(im, AT_BITMAPS) + 16, 1u << 24 | 16u << 16 | 1);
    im->file.bytes[place(im, AT_BITMAPS) + 24] = 'b';
}

static void make_image(Image *im, Input *in)
{
    static const guint8 sizes[] = { 9, 9, 10, 12, 14, 16 };
    guint8 how = take(in);

    im->bits = sizes[how % G_N_ELEMENTS(sizes)];
    im->v2 = (how & 0x60) == 0x60;
    im->extended = im->bits >= 14 && !im->v2 && how & 0x80;
    im->order = im->v2 ? 4 : take(in) % 7;
    im->size = 48ull << im->bits;
    im->file.bytes = g_malloc0(FILE_MAX);
    im->file.len = place(im, AT_END);
    memset(im->file.bytes + place(im, AT_DATA), 0x33, 8ull << im->bits);
    put_header(im);
    put_tables(im);
    put_counts(im);
}

/* --- damages --- */

static guint64 choose_value(const Image *im, Input *in)
{
    guint8 what = take(in);
    guint64 flags = (guint64)(take(in) & 0xc1);
    guint64 value;

    switch (what % 8) {
    case 0:
        return take_number(in, 8);
    case 1:
        return 0;
    case 2:
        return 1ull << (what >> 3) * 2;
    case 3:
        value = G_MAXUINT64 << (what >> 3);
        break;
    case 4:
        value = place(im, take(in) % (AT_END + 4)) + 512u * (what >> 6);
        break;
    case 5:
        value = (guint64)take(in) << (im->bits + (what >> 3));
        break;
    default:
        value = place(im, take(in) % AT_END);
    }
    return value | (flags & 0xc0) << 56 | (flags & 1);
}

static void damage(Image *im, Input *in)
{
    static const guint16 fields[] = { 4,   8,   16,  20,  24,  32,  36,  40,
                                      48,  56,  60,  64,  72,  80,  88,  96,
                                      100, 104, 108, 112, 120, 128, 136, 140 };
    static const guint8 tables[] = { AT_REFTABLE,    AT_REFBLOCK,  AT_L1,
                                     AT_L1,          AT_L2,        AT_L2,
                                     AT_L2,          AT_SNAPSHOTS, AT_SNAPSHOT_L1,
                                     AT_SNAPSHOT_L2, AT_BITMAPS,   AT_COMPRESSED };
    guint8 how = take(in);

    if (how % 4 == 0) {
        guint16 at = fields[take(in) % G_N_ELEMENTS(fields)];
        guint64 value = choose_value(im, in);
        if (how & 0x40) {
            put64(im, at, value);
        } else {
            put32(im, at, (guint32)value);
        }
    } else if (how % 4 == 3) {
        im->file.bytes[take_number(in, 3) % im->file.len] = take(in);
    } else {
        guint64 table = place(im, tables[take(in) % G_N_ELEMENTS(tables)]);
        put64(im, table + 8u * (take(in) % 20u), choose_value(im, in));
    }
}

/* --- a guest --- */

static guint8 one[BUF_BYTES], two[BUF_BYTES];

static void done(int ret)
{
    qcow2_fuzz_counts.failed += ret < 0;
}

static void read_twice(Qcow2 *q, guint64 offset, guint64 len)
{
    struct iovec a = { one, len }, b = { two, len };
    int ret = qcow2_read(q, offset, &a, 1);

    done(ret);
    if (ret == 0 && qcow2_read(q, offset, &b, 1) == 0) {
        g_assert_true(memcmp(one, two, len) == 0);
    }
}

static void write_once(Qcow2 *q, guint64 offset, guint64 len)
{
    struct iovec iov = { one, len };
    int ret;

    memset(one, (int)(len & 0xff), len);
    ret = qcow2_write(q, offset, &iov, 1);
    done(ret);
    qcow2_fuzz_counts.written += ret == 0;
}

static void map_once(Qcow2 *q, guint64 offset, guint64 len, gboolean write)
{
    Qcow2Extent x;

    qcow2_map(q, offset, len, write, &x);
    g_assert_cmpuint(x.bytes, <=, len);
    g_assert_true(x.bytes > 0 || len == 0);
    qcow2_unmap(q, &x);
}

static void step(Qcow2 *q, Input *in, const Image *im)
{
    guint8 how = take(in);
    guint64 size = qcow2_size(q), limit = MAX(MIN(size, 64ull << im->bits), 512);
    guint64 offset = take_number(in, 3) * 512 % limit;
    guint64 len = MIN(512ull * (1 + take(in) % 160u), BUF_BYTES);

    offset += how & 0x80 && size > limit ? (size - limit) / 512 * 512 : 0;
    len = MIN(len, size - MIN(size, offset));
    switch (how % 12) {
    case 0:
        done(qcow2_zero(q, offset, len, how & 0x40));
        break;
    case 1:
        done(qcow2_discard(q, offset, len));
        break;
    case 2:
        done(qcow2_flush(q));
        break;
    case 3:
        done(qcow2_resize(q, im->size + 512ull * take(in), NULL));
        break;
    case 4:
        if (qcow2_revert(q, "s", NULL) == 0) {
            qcow2_fuzz_counts.reverted++;
        }
        break;
    case 5:
        qcow2_clean_caches(q, how & 0x40);
        g_assert_cmpuint(qcow2_memory(q), <, 256u << 20);
        break;
    case 6:
        map_once(q, offset, len, how & 0x40);
        break;
    case 7:
    case 8:
        read_twice(q, offset, len);
        break;
    default:
        write_once(q, offset, len);
    }
}

static void use(Qcow2 *q, Input *in, const Image *im)
{
    g_autoptr(GError) error = NULL;
    Qcow2Info info;

    if (!qcow2_activate(q, &error)) {
        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        qcow2_fuzz_counts.refused++;
        return;
    }
    qcow2_fuzz_counts.opened++;
    qcow2_get_info(q, &info);
    for (unsigned i = 0; i < STEPS && in->left; i++) {
        step(q, in, im);
    }
    qcow2_inactivate(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };
    Image im = { 0 };

    make_image(&im, &in);
    guint8 how = take(&in);
    for (unsigned n = take(&in) % DAMAGES; n > 0; n--) {
        damage(&im, &in);
    }
    Qcow2Io io = { file_read, file_write,   file_readv,    file_writev, file_flush,
                   file_zero, file_discard, file_truncate, file_size,   &im.file };
    Qcow2Options options = { .read_only = how % 8 == 0,
                             .l2_cache_size = 4096,
                             .refcount_cache_size = 4096,
                             .pass_discard = how >> 3 & 7,
                             .no_overlap_check = how % 8 == 1,
                             .read_backing = how & 0x40 ? read_backing : NULL,
                             .backing_size = backing_size,
                             .corrupted = corrupted };
    im.file.fails_at = how & 0x80 ? 20 + take(&in) : 0;
    Qcow2 *q = qcow2_new(&io, how % 16 == 2 ? &io : NULL, &options);
    use(q, &in, &im);
    im.file.fails_at = 0;
    use(q, &in, &im); /* what it has become */
    qcow2_free(q);
    g_free(im.file.bytes);
    return 0;
}
