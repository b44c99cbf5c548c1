/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/ram.h"

#include <string.h>

#include "memory/ram.h"
#include "migration/ram-internal.h"

/* A zero page that was never touched stays untouched. */
static void load_zero_run(RamBlock *block, guint64 offset, guint64 size)
{
    for (guint64 end = offset + size; offset < end; offset += RAM_PAGE_SIZE) {
        if (!ram_page_is_zero(block->host + offset)) {
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
