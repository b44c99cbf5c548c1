/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads for blocking I/O. Started when there is work and nobody idle, up
 * to a limit; they end after some seconds without work.
 *
 * What a format does may wait for requests to a file that loops have made, which need a
 * thread too: so formats never have all of them.
 */
#include "block/node.h"

#define WORKERS_MAX  32
#define FORMATS_MAX  24
#define IDLE_SECONDS 10

typedef struct Queue {
    BlockRequest *head, *tail;
    unsigned n;
} Queue;

static struct {
    GMutex lock;
    GCond work, ended;
    Queue files, formats;
    unsigned threads, idle;
    unsigned at_formats; /* threads */
    gboolean quit;
} pool;

static void push(Queue *q, BlockRequest *r)
{
    r->next = NULL;
    *(q->tail ? &q->tail->next : &q->head) = r;
    q->tail = r;
    q->n++;
}

static BlockRequest *pop(Queue *q)
{
    BlockRequest *r = q->head;

    q->head = r->next;
    q->tail = q->head ? q->tail : NULL;
    q->n--;
    return r;
}

/* With the lock: so many could be begun now. */
static unsigned ready(void)
{
    return pool.files.n + MIN(pool.formats.n, FORMATS_MAX - pool.at_formats);
}

/* The next request, or NULL when this thread should end. Called and left locked. */
static BlockRequest *take(void)
{
    gint64 until = g_get_monotonic_time() + IDLE_SECONDS * G_TIME_SPAN_SECOND;

    while (!ready() && !pool.quit) {
        pool.idle++;
        gboolean woken = g_cond_wait_until(&pool.work, &pool.lock, until);
        pool.idle--;
        if (!woken && !ready()) {
            return NULL;
        }
    }
    if (!ready()) { /* the rest is for those that are at formats now */
        return NULL;
    }
    return pop(pool.files.n ? &pool.files : &pool.formats);
}

/* Called and left locked. */
static void do_request(BlockRequest *r)
{
    gboolean format = r->node->driver->waits;

    pool.at_formats += format;
    g_mutex_unlock(&pool.lock);
    block_node_complete(r, r->node->driver->blocking(r->node, r));
    g_mutex_lock(&pool.lock);
    pool.at_formats -= format;
}

static gpointer worker_run(gpointer opaque)
{
    BlockRequest *r;

    g_mutex_lock(&pool.lock);
    while ((r = take())) {
        do_request(r);
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
    while (!pool.threads && ready()) {
        do_request(take());
    }
    g_mutex_unlock(&pool.lock);
}

void block_worker_submit(BlockRequest *r)
{
    gboolean start = FALSE;

    g_mutex_lock(&pool.lock);
    push(r->node->driver->waits ? &pool.formats : &pool.files, r);
    if (pool.idle >= ready()) {
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
