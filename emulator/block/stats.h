/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a disk counts of its guest's requests: query-blockstats.
 *
 * The counters belong to the loop that serves the disk, which alone writes them; others
 * read them at any time, each number for itself. A request that waits for `cont` counts
 * when it has been done again, one whose error is ignored as done.
 */
#ifndef VIREO_BLOCK_STATS_H
#define VIREO_BLOCK_STATS_H

#include "block/block.h"

typedef enum BlockStatsKind {
    BLOCK_STATS_READ,
    BLOCK_STATS_WRITE, /* zeroes too */
    BLOCK_STATS_FLUSH,
    BLOCK_STATS_UNMAP,
    BLOCK_STATS_KINDS
} BlockStatsKind;

typedef struct BlockCounters {
    guint64 bytes, operations; /* that were done */
    guint64 failed;            /* by the medium */
    guint64 invalid;           /* the guest's faults; have not reached the medium */
    guint64 total_ns;          /* of those done and those that failed */
} BlockCounters;

/* Of requests that wait for `cont`: io-status. */
typedef enum BlockStatus {
    BLOCK_STATUS_OK,
    BLOCK_STATUS_FAILED,
    BLOCK_STATUS_NOSPACE
} BlockStatus;

struct BlockStats {
    BlockCounters kinds[BLOCK_STATS_KINDS];
    gint64 last; /* when the last one ended, ns; 0: none has */
    int status;  /* atomic: BlockStatus */
};

/* A request on its way. */
typedef struct BlockAccount {
    BlockStatsKind kind;
    guint64 bytes;
    gint64 start; /* ns */
} BlockAccount;

/* The owner's loop. */
void block_account_start(BlockAccount *account, BlockOp op, guint64 bytes);
void block_account_done(BlockStats *stats, const BlockAccount *account);
void block_account_failed(BlockStats *stats, const BlockAccount *account);
void block_account_invalid(BlockStats *stats, BlockOp op);
/* A request has failed, and waits; the first error stays. */
void block_status_failed(BlockStats *stats, int error);

/* Main loop. */
const char *block_status_name(const BlockStats *stats);
void block_status_reset_all(void);       /* `cont`: what waits is done again */
void block_status_ok(BlockStats *stats); /* nothing waits */

#endif
