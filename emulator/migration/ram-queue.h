/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM records on their way from the thread that scans to the one that sends: a few, so
 * that what was scanned is still in the processor's cache when it is sent, and so that
 * little of it is written to again before.
 */
#ifndef VIREO_MIGRATION_RAM_QUEUE_H
#define VIREO_MIGRATION_RAM_QUEUE_H

#include <sys/uio.h>

#include "migration/ram-internal.h"
#include "migration/stream.h"

#define RAM_QUEUE_BATCHES 4

/* A record that is being gathered, or is to be sent. */
typedef struct RamBatch {
    unsigned runs, iovs;
    guint64 pages, zero_pages; /* with data, without */
    guint8 head[MIG_RECORD_SIZE + TABLE_HEAD + RUNS_MAX * RUN_SIZE];
    struct iovec iov[RUNS_MAX + 1]; /* the head, and memory of the guest */
} RamBatch;

typedef struct RamQueue RamQueue;

RamQueue *ram_queue_new(void);
void ram_queue_free(RamQueue *q);
/* A new pass: it is empty, neither side has ended. No thread uses it yet. */
void ram_queue_begin(RamQueue *q);

/* The scanner's: an empty batch to fill; waits for one. NULL: the sender has given up. */
RamBatch *ram_queue_room(RamQueue *q);
/* That batch is full. */
void ram_queue_put(RamQueue *q);
/* No more will come. */
void ram_queue_end(RamQueue *q);

/* The sender's: the next batch; waits for it. NULL: all have been taken. */
RamBatch *ram_queue_next(RamQueue *q);
/* That batch has been sent. */
void ram_queue_done(RamQueue *q);
/* The sender gives up: the scanner's next wait ends. */
void ram_queue_stop(RamQueue *q);

#endif
