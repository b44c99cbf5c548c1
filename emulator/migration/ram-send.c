/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass over RAM: one thread scans (clears the log of a piece, looks which of its pages
 * are zero, gathers records), the migration thread sends what it has gathered. The
 * scanner lives as long as the pass. A page may be written to between scan and send:
 * its log was cleared before it was looked at, so it is sent again.
 */
#include "migration/ram.h"

#include <string.h>

#include "event/loop.h"
#include "event/turn.h"
#include "memory/discard.h"
#include "migration/ram-queue.h"

#define DATA_PAGES_MAX 512        /* 2 MiB of data in a record */
#define CLEAR_PAGES    4096       /* 16 MiB whose writes are logged again in one go */
#define ALONE_BYTES    (8u << 20) /* less is not worth the start of a thread */

typedef struct SendBlock {
    RamBlock *block;
    guint64 pages;
    unsigned long *pending;
} SendBlock;

struct RamSender {
    MigChannel *ch;
    GArray *blocks;                              /* SendBlock */
    guint64 total, remaining, normal, duplicate; /* atomic: read by query-migrate */
    RamQueue *queue;
    gboolean filled; /* all is pending, or was */
    /* of a pass */
    gboolean last;
    gboolean alone;  /* the sender scans */
    RamBatch *batch; /* being gathered; the scanner's own */
    GError *error;   /* of a scanner that has ended */
};

#define BITS (8 * sizeof(unsigned long))

static void add_block(RamBlock *block, void *opaque)
{
    RamSender *s = opaque;
    SendBlock b = { .block = ram_block_ref(block),
                    .pages = block->size >> RAM_PAGE_BITS };

    b.pending = g_new0(unsigned long, (b.pages + BITS - 1) / BITS);
    g_array_append_val(s->blocks, b);
    if (!block->readonly) { /* or both sides have it from the same file */
        s->total += block->size;
    }
}

RamSender *ram_sender_new(MigChannel *ch)
{
    RamSender *s = g_new0(RamSender, 1);

    s->ch = ch;
    s->queue = ram_queue_new();
    s->blocks = g_array_new(FALSE, FALSE, sizeof(SendBlock));
    ram_block_foreach(add_block, s);
    s->remaining = s->total;
    return s;
}

/* By the first pass, not under the machine lock: it is much where RAM is. */
static void fill(SendBlock *b)
{
    turn_count_locked(TURN_LOG_PAGES, b->pages);
    memset(b->pending, 0xff, (b->pages + BITS - 1) / BITS * sizeof(unsigned long));
    if (b->pages % BITS) {
        b->pending[b->pages / BITS] = (1ul << (b->pages % BITS)) - 1;
    }
}

static void fill_all(RamSender *s)
{
    for (guint i = 0; i < s->blocks->len && !s->filled; i++) {
        SendBlock *b = &g_array_index(s->blocks, SendBlock, i);

        if (!b->block->readonly) {
            fill(b);
        }
    }
    s->filled = TRUE;
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
    ram_queue_free(s->queue);
    g_free(s);
}

guint64 ram_sender_collect(RamSender *s)
{
    guint64 pages = 0;

    fill_all(s);
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

static gboolean send_batch(RamSender *s, RamBatch *b, GError **errp)
{
    guint64 pages = b->pages + b->zero_pages;

    turn_count_locked(TURN_LOG_PAGES, pages);
    if (!mig_channel_lendv(s->ch, b->iov, b->iovs + 1, errp)) {
        return FALSE;
    }
    __atomic_add_fetch(&s->duplicate, b->zero_pages, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->normal, b->pages, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&s->remaining, pages << RAM_PAGE_BITS, __ATOMIC_RELAXED);
    ram_queue_done(s->queue);
    return TRUE;
}

/* The sender's: all that there is, and with a scanner all that will be. */
static gboolean send_batches(RamSender *s, GError **errp)
{
    RamBatch *batch;

    while ((batch = ram_queue_next(s->queue))) {
        if (!send_batch(s, batch, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean begin_batch(RamSender *s, GError **errp)
{
    s->batch = ram_queue_room(s->queue);
    if (!s->batch) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_CANCELLED,
                            "Nothing is sent any more");
    }
    return s->batch != NULL;
}

static gboolean flush_record(RamSender *s, guint32 index, GError **errp)
{
    RamBatch *b = s->batch;
    guint64 table = TABLE_HEAD + b->runs * RUN_SIZE;
    guint32 head[2] = { GUINT32_TO_LE(b->runs), 0 };

    if (b->runs == 0) {
        return TRUE;
    }
    mig_record_pack(b->head, MIG_RECORD_RAM, index, table + (b->pages << RAM_PAGE_BITS));
    memcpy(b->head + MIG_RECORD_SIZE, head, sizeof(head));
    b->iov[0].iov_base = b->head;
    b->iov[0].iov_len = MIG_RECORD_SIZE + table;
    ram_queue_put(s->queue);
    return (!s->alone || send_batch(s, b, errp)) && begin_batch(s, errp);
}

static void add_run(RamBatch *batch, const SendBlock *b, guint64 page, guint32 pages,
                    gboolean zero)
{
    guint8 *p = batch->head + MIG_RECORD_SIZE + TABLE_HEAD + batch->runs++ * RUN_SIZE;
    guint64 offset = GUINT64_TO_LE(page << RAM_PAGE_BITS);
    guint32 words[2] = { GUINT32_TO_LE(pages), GUINT32_TO_LE(zero ? RUN_ZERO : 0) };

    memcpy(p, &offset, sizeof(offset));
    memcpy(p + sizeof(offset), words, sizeof(words));
    if (zero) {
        batch->zero_pages += pages;
    } else {
        struct iovec *iov = &batch->iov[++batch->iovs];

        iov->iov_base = b->block->host + (page << RAM_PAGE_BITS);
        iov->iov_len = (gsize)pages << RAM_PAGE_BITS;
        batch->pages += pages;
    }
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

/*
 * The piece around `page`, before any of it is read; *end is where it ends. A sender
 * that waits for us does not hear of a cancel.
 */
static gboolean begin_piece(RamSender *s, const SendBlock *b, guint64 page, guint64 *end,
                            GError **errp)
{
    guint64 first = page - page % CLEAR_PAGES;

    *end = MIN(first + CLEAR_PAGES, b->pages);
    return (!mig_channel_cancelled(s->ch) || mig_channel_wait(s->ch, -1, 0, 0, errp)) &&
           (s->last || dirty_log_clear(b->block, first, *end - first,
                                       b->pending + first / BITS, errp));
}

/* What was given back is not looked at, so that it stays away. */
static gboolean is_zero(const SendBlock *b, guint64 page)
{
    return ram_block_is_hole(b->block, page) ||
           ram_page_is_zero(b->block->host + (page << RAM_PAGE_BITS));
}

/* Takes pages from `page` on that are pending, all zero or all not; where they end. */
static guint64 gather_run(RamBatch *batch, SendBlock *b, guint64 page, guint64 piece_end)
{
    gboolean zero = is_zero(b, page);
    guint64 room = zero ? G_MAXUINT32 : DATA_PAGES_MAX - batch->pages;
    guint64 end = page;

    while (end - page < room && take_pending(b, end)) {
        end++;
        if (end >= piece_end || is_zero(b, end) != zero) {
            break;
        }
    }
    add_run(batch, b, page, end - page, zero);
    return end;
}

static gboolean scan_block(RamSender *s, guint32 index, SendBlock *b, GError **errp)
{
    guint64 page = next_pending(b, 0), piece_end = 0;

    while (page < b->pages) {
        if (page >= piece_end && !begin_piece(s, b, page, &piece_end, errp)) {
            return FALSE;
        }
        page = next_pending(b, gather_run(s->batch, b, page, piece_end));
        if ((s->batch->runs == RUNS_MAX || s->batch->pages == DATA_PAGES_MAX) &&
            !flush_record(s, index, errp)) {
            return FALSE;
        }
    }
    return flush_record(s, index, errp);
}

static gboolean scan_all(RamSender *s, GError **errp)
{
    if (!begin_batch(s, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < s->blocks->len; i++) {
        if (!scan_block(s, i, &g_array_index(s->blocks, SendBlock, i), errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gpointer scanner_thread(gpointer opaque)
{
    RamSender *s = opaque;

    scan_all(s, &s->error);
    ram_queue_end(s->queue);
    return NULL;
}

/* Beside the scanner, which has ended when this returns. */
static gboolean send_scanned(RamSender *s, GThread *scanner, GError **errp)
{
    gboolean ok = send_batches(s, errp);

    if (!ok) {
        ram_queue_stop(s->queue);
    }
    g_thread_join(scanner);
    if (ok && s->error) {
        g_propagate_error(errp, g_steal_pointer(&s->error));
        return FALSE;
    }
    g_clear_error(&s->error); /* that nobody sends */
    return ok;
}

gboolean ram_sender_pass(RamSender *s, gboolean last, GError **errp)
{
    GThread *scanner = NULL;

    fill_all(s);
    ram_queue_begin(s->queue);
    s->last = last;
    s->alone = __atomic_load_n(&s->remaining, __ATOMIC_RELAXED) <= ALONE_BYTES;
    if (!s->alone) {
        scanner = thread_try_start("migration", "ram-scan", scanner_thread, s, NULL);
    }
    if (!scanner) {
        s->alone = TRUE;
    }
    return scanner ? send_scanned(s, scanner, errp) : scan_all(s, errp);
}
