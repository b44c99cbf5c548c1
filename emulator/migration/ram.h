/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM through the stream.
 *
 * A RAM record: aux is the number of the block, its place among those in CONFIG; length
 * counts the run table and the data. Run table: u32 number of runs, u32
 * zero, then per run u64 offset in the block, u32 pages, u32 flags (1: all zero,
 * no data). The data of the other runs follows, in their order: the sender writes
 * it from guest memory, the receiver reads it into guest memory, nothing is copied
 * in between.
 */
#ifndef VIREO_MIGRATION_RAM_H
#define VIREO_MIGRATION_RAM_H

#include "migration/populate.h"
#include "migration/stream.h"

typedef struct RamSender RamSender;

/* All pages of all blocks are pending at first. Migration thread only. */
RamSender *ram_sender_new(MigChannel *ch);
void ram_sender_free(RamSender *sender);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RamSender, ram_sender_free)
/* Takes the dirty bits (after dirty_log_sync()); returns the pages it took. */
guint64 ram_sender_collect(RamSender *sender);
/* Sends what is pending. last: nothing writes any more. Without the machine lock. */
gboolean ram_sender_pass(RamSender *sender, gboolean last, GError **errp);

typedef struct RamStats {
    guint64 total, remaining;  /* bytes */
    guint64 normal, duplicate; /* pages sent with data, as zero */
} RamStats;
/* Any thread. */
void ram_sender_stats(RamSender *sender, RamStats *stats);

/*
 * One RAM record into guest memory; blocks: RamBlock by number; populate may be NULL.
 * Incoming thread only.
 */
gboolean ram_load(MigChannel *ch, const MigRecord *record, const GPtrArray *blocks,
                  Populate *populate, GError **errp);

#endif
