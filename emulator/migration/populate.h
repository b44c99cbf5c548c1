/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Populates guest memory ahead of the reader of a migration stream.
 *
 * What limits a destination is not copying but the page faults of memory that is
 * touched for the first time, most of it clearing pages. While the records are dense
 * and follow one another, helper threads fault in the next chunks of the block; the
 * reader then finds them there. What is guessed wrongly costs at most POPULATE_AHEAD
 * chunks of memory that the guest has and does not use.
 */
#ifndef VIREO_MIGRATION_POPULATE_H
#define VIREO_MIGRATION_POPULATE_H

#include "memory/ram.h"

#define POPULATE_CHUNK (2u << 20) /* a huge page */
#define POPULATE_AHEAD 4

typedef struct Populate Populate;

/* Starts the threads. They have the filter of the thread that calls this. */
Populate *populate_new(void);
/* Joins them; the reader has come to its end. */
void populate_free(Populate *populate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Populate, populate_free)

/*
 * The reader is about to write `data` bytes somewhere into [offset, offset + length)
 * of the block. Waits for a helper that is at work there, so that no page is cleared
 * twice. One reader, without the machine lock.
 */
void populate_follow(Populate *populate, RamBlock *block, guint64 offset, guint64 length,
                     guint64 data);

#endif
