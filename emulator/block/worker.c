/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads for blocking I/O. Started when there is work and nobody idle, up
 * to a limit; they end after some seconds without work.
 */
#include "block/node.h"

#define WORKERS_MAX  32
#define IDLE_SECONDS 10

static struct {
    GMutex lock;
    GCond work, ended;
    BlockRequest *head, *tail;
    unsigned queued, threads, idle;
    gboolean quit;
} pool;

/* The next request, or NULL when this thread should end. Called and left locked. */
static BlockRequest *take(void)
{
    gint64 until = g_get_monotonic_time() + IDLE_SECONDS * G_TIME_SPAN_SECOND;

    while (!pool.head && !pool.quit) {
        pool.idle++;
        gboolean woken = g_cond_wait_until(&pool.work, &pool.lock, until);
        pool.idle--;
        if (!woken && !pool.head) {
            return NULL;
        }
    }
    BlockRequest *r = pool.head;
    if (r) {
        pool.head = r->next;
        pool.queued--;
        if (!pool.head) {
            pool.tail = NULL;
        }
    }
    return r;
}

static gpointer worker_run(gpointer opaque)
{
    BlockRequest *r;

    g_mutex_lock(&pool.lock);
    while ((r = take())) {
        g_mutex_unlock(&pool.lock);
        block_node_complete(r, r->node->driver->blocking(r->node, r));
        g_mutex_lock(&pool.lock);
    }
    pool.threads--;
    g_cond_signal(&pool.ended);
    g_mutex_unlock(&pool.lock);
    return NULL;
}

/* The host gives no thread: others do the work, or, when there are none, this one. */
static void work_without_thread(void)
{
    g_mutex_lock(&pool.lock);
    pool.threads--;
    g_cond_signal(&pool.ended);
    while (!pool.threads && pool.head) {
        BlockRequest *r = take();
        g_mutex_unlock(&pool.lock);
        block_node_complete(r, r->node->driver->blocking(r->node, r));
        g_mutex_lock(&pool.lock);
    }
    g_mutex_unlock(&pool.lock);
}

void block_worker_submit(BlockRequest *r)
{
    gboolean start = FALSE;

    r->next = NULL;
    g_mutex_lock(&pool.lock);
    if (pool.tail) {
        pool.tail->next = r;
    } else {
        pool.head = r;
    }
    pool.tail = r;
    pool.queued++;
    if (pool.idle >= pool.queued) {
        g_cond_signal(&pool.work);
    } else if (pool.threads < WORKERS_MAX) {
        pool.threads++;
        start = TRUE;
    }
    g_mutex_unlock(&pool.lock);
    if (start) {
        GThread *thread =
            thread_try_start("worker", "block-worker", worker_run, NULL, NULL);
        if (thread) {
            g_thread_unref(thread);
        } else {
            work_without_thread();
        }
    }
}

/* Ends all threads; what was submitted is done before. */
void block_worker_cleanup(void)
{
    g_mutex_lock(&pool.lock);
    pool.quit = TRUE;
    g_cond_broadcast(&pool.work);
    while (pool.threads) {
        g_cond_wait(&pool.ended, &pool.lock);
    }
    pool.quit = FALSE;
    g_mutex_unlock(&pool.lock);
}
