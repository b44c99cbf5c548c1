/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open(2) and stat(2) wait for a dead NFS server, or a FIFO's other end, for ever. So
 * threads beside do it: who needs the file waits for one of them for a while, and leaves
 * it alone then. A path that a thread was left with is not tried again until that thread
 * has come back: what is asked for again and again costs one thread, and leaves the
 * others to the storage that answers.
 */
#include "process/open.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define STUCK_MAX    1024 /* paths, and so threads that nobody waits for any more */
#define IDLE_SECONDS 10   /* until a thread with nothing to do goes */

/* What is asked of a path. */
typedef struct Request {
    guint refs; /* who waits, and the thread */
    char *path;
    int flags; /* of open, unless stat is wanted */
    gboolean wants_stat;
    GCond done_cond;
    gboolean done;
    int result; /* a descriptor, 0 or -errno */
    struct stat st;
} Request;

static GMutex lock; /* of all here, but for what one thread has taken */
static GCond work;
static GQueue requests = G_QUEUE_INIT; /* that no thread has taken yet */
static guint idle;                     /* threads */
static GHashTable *stuck; /* path -> Request that nobody waits for; NULL: none ever */

/* A descriptor that came too late, to be closed without the lock (it may hang), or -1. */
static int unref_locked(Request *r)
{
    int late;

    if (--r->refs) {
        return -1;
    }
    late = r->wants_stat ? -1 : r->result;
    g_cond_clear(&r->done_cond);
    g_free(r->path);
    g_free(r);
    return late;
}

/* ---- threads ---- */

static int open_now(const char *path, int flags)
{
    int fd;

    do {
        fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0 &&
            errno == EWOULDBLOCK) { /* somebody has a lease, as NFS servers do */
            fd = open(path, (flags & ~O_NONBLOCK) | O_CLOEXEC, 0600);
        }
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static void serve(Request *r)
{
    int result = !r->wants_stat              ? open_now(r->path, r->flags)
                 : stat(r->path, &r->st) < 0 ? -errno
                                             : 0;
    int late;

    g_mutex_lock(&lock);
    r->result = result;
    r->done = TRUE;
    if (stuck && g_hash_table_lookup(stuck, r->path) == r) {
        g_hash_table_remove(stuck, r->path);
    }
    g_cond_signal(&r->done_cond);
    late = unref_locked(r);
    g_mutex_unlock(&lock);
    if (late >= 0) {
        close(late);
    }
}

/* The next request, or NULL when there was none for a while. */
static Request *take_locked(void)
{
    gint64 until = g_get_monotonic_time() + IDLE_SECONDS * G_USEC_PER_SEC;
    gboolean in_time = TRUE;

    idle++;
    while (g_queue_is_empty(&requests) && in_time) {
        in_time = g_cond_wait_until(&work, &lock, until);
    }
    idle--;
    return g_queue_pop_head(&requests);
}

static gpointer thread_main(gpointer opaque)
{
    Request *r;

    g_mutex_lock(&lock);
    while ((r = take_locked())) {
        g_mutex_unlock(&lock);
        pthread_setname_np(pthread_self(), "open"); /* to be seen when it hangs */
        serve(r);
        pthread_setname_np(pthread_self(), "open-idle");
        g_mutex_lock(&lock);
    }
    g_mutex_unlock(&lock);
    return NULL;
}

/* Each request has a thread of its own, which may wait for another one already. */
static gboolean have_thread_locked(void)
{
    GThread *thread = NULL;

    if (requests.length < idle) {
        return TRUE;
    }
    thread = g_thread_try_new("open-idle", thread_main, NULL, NULL);
    if (thread) {
        g_thread_unref(thread);
    }
    return thread != NULL;
}

/* ---- who waits ---- */

static gboolean is_refused_locked(const char *path)
{
    return stuck &&
           (g_hash_table_contains(stuck, path) || g_hash_table_size(stuck) >= STUCK_MAX);
}

/* The result is the caller's from here on. */
static int wait_locked(Request *r, guint timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    gboolean in_time = TRUE;
    int result = -ETIMEDOUT;

    while (!r->done && in_time) {
        in_time = g_cond_wait_until(&r->done_cond, &lock, deadline);
    }
    if (r->done) {
        result = r->result;
        r->result = -1;
        return result;
    }
    if (!stuck) {
        stuck = g_hash_table_new(g_str_hash, g_str_equal);
    }
    if (!g_hash_table_contains(stuck, r->path)) {
        g_hash_table_insert(stuck, r->path, r);
    }
    return result;
}

/* Of refs, one is the caller's, who has to give it back. */
static Request *request_new(const char *path, int flags, gboolean wants_stat)
{
    Request *r = g_new0(Request, 1);

    r->refs = 1;
    r->path = g_strdup(path);
    r->flags = flags;
    r->wants_stat = wants_stat;
    r->result = -1;
    g_cond_init(&r->done_cond);
    return r;
}

static int run_locked(Request *r, guint timeout_ms)
{
    if (is_refused_locked(r->path)) {
        return -EBUSY;
    }
    if (!have_thread_locked()) {
        return -EAGAIN;
    }
    r->refs++;
    g_queue_push_tail(&requests, r);
    g_cond_signal(&work);
    return wait_locked(r, timeout_ms);
}

static int run(const char *path, int flags, struct stat *st, guint timeout_ms)
{
    Request *r = request_new(path, flags, st != NULL);
    int result;

    g_mutex_lock(&lock);
    result = run_locked(r, timeout_ms);
    if (st && result == 0) {
        *st = r->st;
    }
    unref_locked(r);
    g_mutex_unlock(&lock);
    return result;
}

int process_open_file(const char *path, int flags, guint timeout_ms)
{
    return run(path, flags, NULL, timeout_ms);
}

int process_stat_file(const char *path, struct stat *st, guint timeout_ms)
{
    return run(path, 0, st, timeout_ms);
}

guint process_stuck_files(void)
{
    guint count;

    g_mutex_lock(&lock);
    count = stuck ? g_hash_table_size(stuck) : 0;
    g_mutex_unlock(&lock);
    return count;
}
