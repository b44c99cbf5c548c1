/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/worker.h"

typedef struct Job {
    void (*fn)(gpointer);
    gpointer opaque;
    GDestroyNotify drop; /* of opaque when fn is never called, or NULL */
} Job;

/* The ordinary threads, or the reserved ones. */
typedef struct Crew {
    RpcWorkers *workers;
    gboolean reserved;
    guint max, n, idle;
    GCond work;
} Crew;

struct RpcWorkers {
    GMutex lock; /* of everything here */
    Crew ordinary, reserved;
    gint64 idle_us;
    GQueue jobs, priority_jobs; /* of Job */
    GSList *finished;           /* GThreads to join */
    GCond gone;
    gboolean stopping; /* threads go when there is nothing left to do */
    gboolean stopped;  /* all have gone */
};

RpcWorkers *rpc_workers_new(guint max, guint max_reserved, guint idle_ms)
{
    RpcWorkers *w = g_new0(RpcWorkers, 1);

    g_mutex_init(&w->lock);
    g_cond_init(&w->ordinary.work);
    g_cond_init(&w->reserved.work);
    g_cond_init(&w->gone);
    w->ordinary.workers = w->reserved.workers = w;
    w->ordinary.max = max;
    w->reserved.max = max_reserved;
    w->reserved.reserved = TRUE;
    w->idle_us = idle_ms * G_TIME_SPAN_MILLISECOND;
    return w;
}

static Job *next_job(Crew *crew)
{
    Job *job = g_queue_pop_head(&crew->workers->priority_jobs);

    if (!job && !crew->reserved)
        job = g_queue_pop_head(&crew->workers->jobs);
    return job;
}

static gpointer worker_main(gpointer opaque)
{
    Crew *crew = opaque;
    RpcWorkers *w = crew->workers;

    g_mutex_lock(&w->lock);
    for (;;) {
        Job *job = next_job(crew);

        if (job) {
            g_mutex_unlock(&w->lock);
            job->fn(job->opaque);
            g_free(job);
            g_mutex_lock(&w->lock);
            continue;
        }
        if (w->stopping)
            break;
        gint64 until = g_get_monotonic_time() + w->idle_us;
        gboolean woken = TRUE;
        crew->idle++;
        if (crew->n == 1) /* the one that stays */
            g_cond_wait(&crew->work, &w->lock);
        else
            woken = g_cond_wait_until(&crew->work, &w->lock, until);
        crew->idle--;
        if (!woken && crew->n > 1 && g_queue_is_empty(&w->priority_jobs) &&
            (crew->reserved || g_queue_is_empty(&w->jobs)))
            break;
    }
    crew->n--;
    w->finished = g_slist_prepend(w->finished, g_thread_self());
    g_cond_broadcast(&w->gone);
    g_mutex_unlock(&w->lock);
    return NULL;
}

static const char *thread_name(const Crew *crew)
{
    return crew->reserved ? "rpc-prio" : "rpc-worker";
}

void rpc_workers_start(RpcWorkers *w)
{
    Crew *const crews[] = { &w->ordinary, &w->reserved };

    g_mutex_lock(&w->lock);
    for (guint i = 0; i < G_N_ELEMENTS(crews); i++) {
        g_thread_new(thread_name(crews[i]), worker_main, crews[i]);
        crews[i]->n++;
    }
    g_mutex_unlock(&w->lock);
}

static gboolean spawn(Crew *crew)
{
    g_autoptr(GError) error = NULL;
    GThread *thread = g_thread_try_new(thread_name(crew), worker_main, crew, &error);

    if (!thread) {
        g_message("cannot start a worker thread: %s", error->message);
        return FALSE;
    }
    crew->n++;
    return TRUE;
}

/* Threads that have ended: the caller joins them without the lock. */
static void join_all(GSList *threads)
{
    for (GSList *t = threads; t; t = t->next)
        g_thread_join(t->data);
    g_slist_free(threads);
}

static void drop_job(gpointer opaque)
{
    Job *job = opaque;

    if (job->drop)
        job->drop(job->opaque);
    g_free(job);
}

void rpc_workers_push(RpcWorkers *w, gboolean priority, void (*fn)(gpointer),
                      gpointer opaque, GDestroyNotify drop)
{
    Job *job = g_new(Job, 1);

    job->fn = fn;
    job->opaque = opaque;
    job->drop = drop;
    g_mutex_lock(&w->lock);
    if (w->stopped) {
        g_mutex_unlock(&w->lock);
        drop_job(job);
        return;
    }
    GSList *finished = g_steal_pointer(&w->finished);
    g_queue_push_tail(priority ? &w->priority_jobs : &w->jobs, job);
    guint waiting = w->priority_jobs.length + w->jobs.length;
    gboolean spawned = !w->stopping && waiting > w->ordinary.idle &&
                       w->ordinary.n < w->ordinary.max && spawn(&w->ordinary);
    if (!spawned && !w->stopping && priority &&
        w->priority_jobs.length > w->ordinary.idle + w->reserved.idle &&
        w->reserved.n < w->reserved.max)
        spawn(&w->reserved);
    g_cond_signal(&w->ordinary.work);
    if (priority)
        g_cond_signal(&w->reserved.work);
    g_mutex_unlock(&w->lock);
    join_all(finished);
}

gboolean rpc_workers_stop(RpcWorkers *w, guint timeout_ms)
{
    gint64 until = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
    gboolean all_gone = TRUE;

    g_mutex_lock(&w->lock);
    w->stopping = TRUE;
    g_cond_broadcast(&w->ordinary.work);
    g_cond_broadcast(&w->reserved.work);
    while (all_gone && w->ordinary.n + w->reserved.n)
        all_gone = g_cond_wait_until(&w->gone, &w->lock, until);
    all_gone = w->stopped = !(w->ordinary.n + w->reserved.n);
    GSList *finished = g_steal_pointer(&w->finished);
    g_mutex_unlock(&w->lock);
    join_all(finished);
    if (all_gone) {
        /* What came when the last thread was on its way out. */
        g_queue_clear_full(&w->jobs, drop_job);
        g_queue_clear_full(&w->priority_jobs, drop_job);
    }
    return all_gone;
}

void rpc_workers_free(RpcWorkers *w)
{
    g_assert(!w->ordinary.n && !w->reserved.n);
    g_assert(g_queue_is_empty(&w->jobs) && g_queue_is_empty(&w->priority_jobs));
    g_mutex_clear(&w->lock);
    g_cond_clear(&w->ordinary.work);
    g_cond_clear(&w->reserved.work);
    g_cond_clear(&w->gone);
    g_free(w);
}
