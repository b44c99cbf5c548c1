/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iothreads: loops with a thread of their own. The list belongs to the control
 * plane (machine lock).
 *
 * #syscalls io: gettid
 */
#include "event/loop.h"

#include <unistd.h>

#include "event/loop-internal.h"
#include "util/error.h"

struct IoThread {
    char *id;
    EventLoop *loop;
    GThread *thread;
    int tid; /* written by the thread before `started` */
    unsigned users;
    GMutex lock;
    GCond cond;
    gboolean started;
};

static GPtrArray *iothreads;

static void *iothread_main(void *opaque)
{
    IoThread *t = opaque;
    event_loop_enter(t->loop);
    g_main_context_push_thread_default(t->loop->context);
    g_mutex_lock(&t->lock);
    t->tid = gettid();
    t->started = TRUE;
    g_cond_signal(&t->cond);
    g_mutex_unlock(&t->lock);
    event_loop_run(t->loop);
    g_main_context_pop_thread_default(t->loop->context);
    return NULL;
}

IoThread *iothread_find(const char *id)
{
    for (guint i = 0; iothreads && i < iothreads->len; i++) {
        IoThread *t = g_ptr_array_index(iothreads, i);
        if (g_str_equal(t->id, id)) {
            return t;
        }
    }
    return NULL;
}

static void iothread_free(IoThread *t)
{
    event_loop_free(t->loop);
    g_mutex_clear(&t->lock);
    g_cond_clear(&t->cond);
    g_free(t->id);
    g_free(t);
}

IoThread *iothread_new(const char *id, GError **errp)
{
    if (iothread_find(id)) {
        error_set(errp,
                  "attempt to add duplicate property '%s' to object (type 'container')",
                  id);
        return NULL;
    }
    if (!event_loop_check(errp)) {
        g_prefix_error(errp, "iothread '%s': ", id);
        return NULL;
    }
    IoThread *t = g_new0(IoThread, 1);
    t->id = g_strdup(id);
    t->loop = event_loop_new(FALSE);
    g_mutex_init(&t->lock);
    g_cond_init(&t->cond);
    g_autofree char *name = g_strdup_printf("IO %s", id);
    t->thread = thread_try_start("iothread", name, iothread_main, t, errp);
    if (!t->thread) {
        g_prefix_error(errp, "iothread '%s': ", id);
        iothread_free(t);
        return NULL;
    }
    g_mutex_lock(&t->lock);
    while (!t->started) {
        g_cond_wait(&t->cond, &t->lock);
    }
    g_mutex_unlock(&t->lock);
    if (!iothreads) {
        iothreads = g_ptr_array_new();
    }
    g_ptr_array_add(iothreads, t);
    return t;
}

EventLoop *iothread_loop(IoThread *thread)
{
    return thread->loop;
}

const char *iothread_id(const IoThread *thread)
{
    return thread->id;
}

int iothread_tid(const IoThread *thread)
{
    return thread->tid;
}

void iothread_use(IoThread *thread)
{
    thread->users++;
}

void iothread_unuse(IoThread *thread)
{
    g_assert(thread->users > 0);
    thread->users--;
}

gboolean iothread_delete(const char *id, GError **errp)
{
    IoThread *t = iothread_find(id);
    if (!t) {
        return error_set(errp, "object '%s' not found", id);
    }
    if (t->users) {
        return error_set(errp, "object '%s' is in use, can not be deleted", id);
    }
    event_loop_quit(t->loop);
    g_thread_join(t->thread);
    g_ptr_array_remove(iothreads, t);
    if (!iothreads->len) {
        g_clear_pointer(&iothreads, g_ptr_array_unref);
    }
    iothread_free(t);
    return TRUE;
}

void iothread_foreach(void (*fn)(IoThread *thread, void *opaque), void *opaque)
{
    for (guint i = 0; iothreads && i < iothreads->len; i++) {
        fn(g_ptr_array_index(iothreads, i), opaque);
    }
}

/* It sleeps until something happens, which is within any bound of its polling. */
static const Property rows[] = {
    { "poll-max-ns", PROP_U64, 0, "0", .max = G_MAXINT64, .ignored = TRUE,
      .help = "The longest time in ns to poll before sleeping: it never polls" },
    { "poll-grow", PROP_U64, 0, "0", .max = G_MAXINT64, .ignored = TRUE,
      .help = "By what the time is multiplied to become longer" },
    { "poll-shrink", PROP_U64, 0, "0", .max = G_MAXINT64, .ignored = TRUE,
      .help = "By what the time is divided to become shorter" },
    { NULL },
};

static gboolean create_iothread(const void *own, const char *id, int fd, GError **errp)
{
    return iothread_new(id, errp) != NULL;
}

static gboolean destroy_iothread(const char *id, int *fd, GError **errp)
{
    return iothread_delete(id, errp);
}

const ObjectType object_iothread = {
    { "iothread", "a thread for devices' requests", rows },
    create_iothread,
    destroy_iothread,
};
