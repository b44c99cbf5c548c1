/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open(2) waits for a dead NFS server, or a FIFO's other end, for ever. So a thread of
 * its own opens: who needs the file waits for it for a while, and leaves it alone then.
 */
#include "process/open.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STUCK_MAX 64 /* threads that nobody waits for any more */

typedef struct Opening {
    gatomicrefcount refs; /* who waits, and the thread */
    char *path;
    int flags;
    GMutex lock;
    GCond cond;
    gboolean done, left;
    int result; /* a descriptor or -errno */
} Opening;

static gint stuck;

static void unref(Opening *o)
{
    if (g_atomic_ref_count_dec(&o->refs)) {
        if (o->result >= 0) {
            close(o->result);
        }
        g_mutex_clear(&o->lock);
        g_cond_clear(&o->cond);
        g_free(o->path);
        g_free(o);
    }
}

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

static gpointer open_thread(gpointer opaque)
{
    Opening *o = opaque;
    int result = open_now(o->path, o->flags);

    g_mutex_lock(&o->lock);
    o->result = result;
    o->done = TRUE;
    if (o->left) {
        g_atomic_int_add(&stuck, -1);
    }
    g_cond_signal(&o->cond);
    g_mutex_unlock(&o->lock);
    unref(o);
    return NULL;
}

/* The result is the caller's from here on. */
static int wait_opened(Opening *o, guint timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    gboolean in_time = TRUE;
    int result = -ETIMEDOUT;

    g_mutex_lock(&o->lock);
    while (!o->done && in_time) {
        in_time = g_cond_wait_until(&o->cond, &o->lock, deadline);
    }
    if (o->done) {
        result = o->result;
        o->result = -1;
    } else {
        o->left = TRUE;
        g_atomic_int_add(&stuck, 1);
    }
    g_mutex_unlock(&o->lock);
    return result;
}

int process_open_file(const char *path, int flags, guint timeout_ms)
{
    Opening *o;
    GThread *thread;
    int result = -EAGAIN; /* no thread can be had */

    if (g_atomic_int_get(&stuck) >= STUCK_MAX) {
        return -EBUSY;
    }
    o = g_new0(Opening, 1);
    g_atomic_ref_count_init(&o->refs);
    g_atomic_ref_count_inc(&o->refs);
    o->path = g_strdup(path);
    o->flags = flags;
    o->result = -1;
    g_mutex_init(&o->lock);
    g_cond_init(&o->cond);
    thread = g_thread_try_new("open", open_thread, o, NULL);
    if (thread) {
        g_thread_unref(thread);
        result = wait_opened(o, timeout_ms);
    } else {
        unref(o);
    }
    unref(o);
    return result;
}
