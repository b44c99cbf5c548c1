/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/ram.h"

#include <string.h>
#include <sys/mman.h>

#include "memory/ram.h"

#define RUNS_MAX       256
#define DATA_PAGES_MAX 512 /* 2 MiB of data in a record */
#define RUN_ZERO       1u
#define TABLE_HEAD     8
#define CLEAR_PAGES    4096 /* 16 MiB whose writes are logged again in one go */
#define RUN_SIZE       16

typedef struct SendBlock {
    RamBlock *block;
    guint64 pages;
    unsigned long *pending;
} SendBlock;

struct RamSender {
    MigChannel *ch;
    GArray *blocks;                              /* SendBlock */
    guint64 total, remaining, normal, duplicate; /* atomic: read by query-migrate */
    /* the record being gathered */
    unsigned runs, iovs;
    guint64 data_pages;
    guint8 head[MIG_RECORD_SIZE + TABLE_HEAD + RUNS_MAX * RUN_SIZE];
    struct iovec iov[RUNS_MAX + 1];
};

#define BITS (8 * sizeof(unsigned long))

static void add_block(RamBlock *block, void *opaque)
{
    RamSender *s = opaque;
    SendBlock b = { .block = ram_block_ref(block),
                    .pages = block->size >> RAM_PAGE_BITS };

    b.pending = g_new0(unsigned long, (b.pages + BITS - 1) / BITS);
    g_array_append_val(s->blocks, b);
    if (block->readonly) {
        return; /* both sides have it from the same file */
    }
    memset(b.pending, 0xff, (b.pages + BITS - 1) / BITS * sizeof(unsigned long));
    if (b.pages % BITS) {
        b.pending[b.pages / BITS] = (1ul << (b.pages % BITS)) - 1;
    }
    s->total += block->size;
}

RamSender *ram_sender_new(MigChannel *ch)
{
    RamSender *s = g_new0(RamSender, 1);

    s->ch = ch;
    s->blocks = g_array_new(FALSE, FALSE, sizeof(SendBlock));
    ram_block_foreach(add_block, s);
    s->remaining = s->total;
    return s;
}

void ram_sender_free(RamSender *s)
{
    if (!s) {
        return;
    }
    for (guint i = 0; i < s->blocks->len; i++) {
        SendBlock *b = &g_array_index(s->blocks, SendBlock, i);

        ram_block_unref(b->block);
        g_free(b->pending);
    }
    g_array_free(s->blocks, TRUE);
    g_free(s);
}

guint64 ram_sender_collect(RamSender *s)
{
    guint64 pages = 0;

    for (guint i = 0; i < s->blocks->len; i++) {
        SendBlock *b = &g_array_index(s->blocks, SendBlock, i);

        pages += dirty_log_take(b->block, b->pending);
    }
    __atomic_add_fetch(&s->remaining, pages << RAM_PAGE_BITS, __ATOMIC_RELAXED);
    return pages;
}

void ram_sender_stats(RamSender *s, RamStats *stats)
{
    stats->total = s->total;
    stats->remaining = __atomic_load_n(&s->remaining, __ATOMIC_RELAXED);
    stats->normal = __atomic_load_n(&s->normal, __ATOMIC_RELAXED);
    stats->duplicate = __atomic_load_n(&s->duplicate, __ATOMIC_RELAXED);
}

/*
 * Eight vectors at a time. The processor's own prefetching ends with the page, so that
 * the beginning of the next one is asked for here: it is what is looked at next.
 */
static gboolean page_is_zero(const guint8 *page)
{
    typedef guint64 Vector __attribute__((vector_size(16)));
    const Vector *v = (const Vector *)page;

    for (unsigned i = 0; i < 512; i += 64) {
        __builtin_prefetch(page + RAM_PAGE_SIZE + i);
    }
    for (unsigned i = 0; i < RAM_PAGE_SIZE / sizeof(Vector); i += 8) {
        Vector or = v[i] | v[i + 1] | v[i + 2] | v[i + 3] | v[i + 4] | v[i + 5] |
                    v[i + 6] | v[i + 7];

        if (or [0] | or [1]) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean flush_record(RamSender *s, guint32 index, GError **errp)
{
    guint64 table = TABLE_HEAD + s->runs * RUN_SIZE;
    guint32 head[2] = { GUINT32_TO_LE(s->runs), 0 };
    gboolean ok;

    if (s->runs == 0) {
        return TRUE;
    }
    mig_record_pack(s->head, MIG_RECORD_RAM, index,
                    table + (s->data_pages << RAM_PAGE_BITS));
    memcpy(s->head + MIG_RECORD_SIZE, head, sizeof(head));
    s->iov[0].iov_base = s->head;
    s->iov[0].iov_len = MIG_RECORD_SIZE + table;
    ok = mig_channel_writev(s->ch, s->iov, s->iovs + 1, errp);
    s->runs = s->iovs = 0;
    s->data_pages = 0;
    return ok;
}

static void add_run(RamSender *s, const SendBlock *b, guint64 page, guint32 pages,
                    gboolean zero)
{
    guint8 *p = s->head + MIG_RECORD_SIZE + TABLE_HEAD + s->runs++ * RUN_SIZE;
    guint64 offset = GUINT64_TO_LE(page << RAM_PAGE_BITS);
    guint32 words[2] = { GUINT32_TO_LE(pages), GUINT32_TO_LE(zero ? RUN_ZERO : 0) };

    memcpy(p, &offset, sizeof(offset));
    memcpy(p + sizeof(offset), words, sizeof(words));
    if (!zero) {
        struct iovec *iov = &s->iov[++s->iovs];

        iov->iov_base = b->block->host + (page << RAM_PAGE_BITS);
        iov->iov_len = (gsize)pages << RAM_PAGE_BITS;
        s->data_pages += pages;
    }
    __atomic_add_fetch(zero ? &s->duplicate : &s->normal, pages, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&s->remaining, (guint64)pages << RAM_PAGE_BITS, __ATOMIC_RELAXED);
}

/* The first pending page at or after `page`, or b->pages. */
static guint64 next_pending(const SendBlock *b, guint64 page)
{
    guint64 word = page / BITS;
    unsigned long bits;

    if (page >= b->pages) {
        return b->pages;
    }
    bits = b->pending[word] & (~0ul << (page % BITS));
    while (!bits) {
        if (++word * BITS >= b->pages) {
            return b->pages;
        }
        bits = b->pending[word];
    }
    return word * BITS + __builtin_ctzl(bits);
}

static gboolean take_pending(SendBlock *b, guint64 page)
{
    unsigned long mask = 1ul << (page % BITS);

    if (page >= b->pages || !(b->pending[page / BITS] & mask)) {
        return FALSE;
    }
    b->pending[page / BITS] &= ~mask;
    return TRUE;
}

/* The piece around `page`, before any of it is read; *end is where it ends. */
static gboolean clear_piece(const SendBlock *b, guint64 page, guint64 *end, GError **errp)
{
    guint64 first = page - page % CLEAR_PAGES;

    *end = MIN(first + CLEAR_PAGES, b->pages);
    return dirty_log_clear(b->block, first, *end - first, b->pending + first / BITS,
                           errp);
}

static gboolean pass_block(RamSender *s, guint32 index, SendBlock *b, gboolean last,
                           GError **errp)
{
    guint64 page = next_pending(b, 0), cleared = last ? b->pages : 0;

    while (page < b->pages) {
        if (page >= cleared && !clear_piece(b, page, &cleared, errp)) {
            return FALSE;
        }
        gboolean zero = page_is_zero(b->block->host + (page << RAM_PAGE_BITS));
        guint64 room = zero ? G_MAXUINT32 : DATA_PAGES_MAX - s->data_pages;
        guint64 end = page;

        while (end - page < room && take_pending(b, end)) {
            end++;
            if (end >= cleared ||
                page_is_zero(b->block->host + (end << RAM_PAGE_BITS)) != zero) {
                break;
            }
        }
        add_run(s, b, page, end - page, zero);
        if (s->runs == RUNS_MAX || s->data_pages == DATA_PAGES_MAX) {
            if (!flush_record(s, index, errp)) {
                return FALSE;
            }
        }
        page = next_pending(b, end);
    }
    return flush_record(s, index, errp);
}

gboolean ram_sender_pass(RamSender *s, gboolean last, GError **errp)
{
    for (guint i = 0; i < s->blocks->len; i++) {
        if (!pass_block(s, i, &g_array_index(s->blocks, SendBlock, i), last, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A zero page that was never touched stays untouched. */
static void load_zero_run(RamBlock *block, guint64 offset, guint64 size)
{
    for (guint64 end = offset + size; offset < end; offset += RAM_PAGE_SIZE) {
        if (!page_is_zero(block->host + offset)) {
            memset(block->host + offset, 0, RAM_PAGE_SIZE);
        }
    }
}

static gboolean bad_record(GError **errp, const char *block, const char *what,
                           guint64 value)
{
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "Section 'ram' block '%s': bad %s %" G_GUINT64_FORMAT, block, what,
                value);
    return FALSE;
}

/* Checks a run and carries out a zero one, or appends where its data goes. */
static gboolean load_run(RamBlock *block, const guint8 *p, struct iovec *iov, unsigned *n,
                         guint64 *data, GError **errp)
{
    guint64 offset, size;
    guint32 words[2];

    memcpy(&offset, p, sizeof(offset));
    memcpy(words, p + sizeof(offset), sizeof(words));
    offset = GUINT64_FROM_LE(offset);
    size = (guint64)GUINT32_FROM_LE(words[0]) << RAM_PAGE_BITS;
    if (offset % RAM_PAGE_SIZE || offset >= block->size) {
        return bad_record(errp, block->name, "offset", offset);
    }
    if (size == 0 || size > block->size - offset) {
        return bad_record(errp, block->name, "number of pages", size >> RAM_PAGE_BITS);
    }
    if (GUINT32_FROM_LE(words[1]) & ~RUN_ZERO) {
        return bad_record(errp, block->name, "flags", GUINT32_FROM_LE(words[1]));
    }
    if (words[1]) {
        load_zero_run(block, offset, size);
        return TRUE;
    }
    iov[*n].iov_base = block->host + offset;
    iov[(*n)++].iov_len = size;
    *data += size;
    return TRUE;
}

/* The span of guest memory that the data of a record goes to. */
static void follow(Populate *populate, RamBlock *block, const struct iovec *iov,
                   unsigned n, guint64 data)
{
    guint8 *first = NULL, *end = NULL;

    for (unsigned i = 0; i < n; i++) {
        guint8 *base = iov[i].iov_base;

        first = i ? MIN(first, base) : base;
        end = i ? MAX(end, base + iov[i].iov_len) : base + iov[i].iov_len;
    }
    if (n) {
        populate_follow(populate, block, first - block->host, end - first, data);
    }
}

gboolean ram_load(MigChannel *ch, const MigRecord *record, const GPtrArray *blocks,
                  Populate *populate, GError **errp)
{
    guint8 table[TABLE_HEAD + RUNS_MAX * RUN_SIZE];
    struct iovec iov[RUNS_MAX];
    guint64 data = 0, left = record->length;
    RamBlock *block = record->aux < blocks->len ? blocks->pdata[record->aux] : NULL;
    guint32 runs;
    unsigned n = 0;

    if (!block || block->readonly) {
        return bad_record(errp, block ? block->name : "?", "index", record->aux);
    }
    if (left < TABLE_HEAD || !mig_channel_read(ch, table, TABLE_HEAD, errp)) {
        return left < TABLE_HEAD ? bad_record(errp, block->name, "length", left) : FALSE;
    }
    memcpy(&runs, table, sizeof(runs));
    runs = GUINT32_FROM_LE(runs);
    left -= TABLE_HEAD;
    if (runs > RUNS_MAX || runs * RUN_SIZE > left) {
        return bad_record(errp, block->name, "number of runs", runs);
    }
    if (!mig_channel_read(ch, table + TABLE_HEAD, runs * RUN_SIZE, errp)) {
        return FALSE;
    }
    left -= runs * RUN_SIZE;
    for (guint32 i = 0; i < runs; i++) {
        if (!load_run(block, table + TABLE_HEAD + i * RUN_SIZE, iov, &n, &data, errp)) {
            return FALSE;
        }
    }
    if (data != left) {
        return bad_record(errp, block->name, "length", record->length);
    }
    if (populate) {
        follow(populate, block, iov, n, data);
    }
    return mig_channel_readv(ch, iov, n, errp);
}
