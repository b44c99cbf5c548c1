/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/ram-queue.h"

struct RamQueue {
    GMutex lock; /* the counters and flags */
    GCond changed;
    guint64 put, done; /* batches since the beginning */
    gboolean ended, stopped;
    RamBatch batches[RAM_QUEUE_BATCHES]; /* of the one whose turn it is */
};

RamQueue *ram_queue_new(void)
{
    RamQueue *q = g_new0(RamQueue, 1);

    g_mutex_init(&q->lock);
    g_cond_init(&q->changed);
    return q;
}

void ram_queue_free(RamQueue *q)
{
    if (q) {
        g_mutex_clear(&q->lock);
        g_cond_clear(&q->changed);
        g_free(q);
    }
}

void ram_queue_begin(RamQueue *q)
{
    q->put = q->done = 0;
    q->ended = q->stopped = FALSE;
}

RamBatch *ram_queue_room(RamQueue *q)
{
    RamBatch *batch = NULL;

    g_mutex_lock(&q->lock);
    while (q->put - q->done == RAM_QUEUE_BATCHES && !q->stopped) {
        g_cond_wait(&q->changed, &q->lock);
    }
    if (!q->stopped) {
        batch = &q->batches[q->put % RAM_QUEUE_BATCHES];
        batch->runs = batch->iovs = 0;
        batch->pages = batch->zero_pages = 0;
    }
    g_mutex_unlock(&q->lock);
    return batch;
}

RamBatch *ram_queue_next(RamQueue *q)
{
    RamBatch *batch = NULL;

    g_mutex_lock(&q->lock);
    while (q->put == q->done && !q->ended) {
        g_cond_wait(&q->changed, &q->lock);
    }
    if (q->put != q->done) {
        batch = &q->batches[q->done % RAM_QUEUE_BATCHES];
    }
    g_mutex_unlock(&q->lock);
    return batch;
}

static void change(RamQueue *q, guint64 *counter, gboolean *flag)
{
    g_mutex_lock(&q->lock);
    if (counter) {
        ++*counter;
    } else {
        *flag = TRUE;
    }
    g_cond_signal(&q->changed); /* one side waits at most */
    g_mutex_unlock(&q->lock);
}

void ram_queue_put(RamQueue *q)
{
    change(q, &q->put, NULL);
}

void ram_queue_done(RamQueue *q)
{
    change(q, &q->done, NULL);
}

void ram_queue_end(RamQueue *q)
{
    change(q, NULL, &q->ended);
}

void ram_queue_stop(RamQueue *q)
{
    change(q, NULL, &q->stopped);
}
