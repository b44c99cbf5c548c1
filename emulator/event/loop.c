/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops on GMainContext. Each has three kinds of sources: one for posted work, one
 * for all its timers, one per file descriptor. The poll function is ours: it waits
 * with nanosecond deadlines, and on the main loop gives the machine lock back
 * while it waits.
 *
 * #syscalls main,io: ppoll read write
 * #syscalls main: sched_yield eventfd2 close
 */
#include "event/loop.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "event/lock.h"
#include "event/loop-internal.h"
#include "event/rcu.h"
#include "event/turn.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tsan.h"

typedef struct PostedWork {
    EventFn fn;
    void *opaque;
} PostedWork;

typedef struct LoopSource {
    GSource base;
    EventLoop *loop;
} LoopSource;

struct EventHandler {
    GSource base;
    gpointer tag;
    EventFdFn fn;
    void *opaque;
};

static EventLoop *main_loop;
static __thread EventLoop *current_loop;

static GMutex all_lock;
static EventLoop *all_loops;

EventLoop *event_loop_main(void)
{
    return main_loop;
}

EventLoop *event_loop_current(void)
{
    return current_loop;
}

GMainContext *event_loop_context(EventLoop *loop)
{
    return loop->context;
}

void event_loop_wake_all(void)
{
    g_mutex_lock(&all_lock);
    for (EventLoop *l = all_loops; l; l = l->next) {
        g_main_context_wakeup(l->context);
    }
    g_mutex_unlock(&all_lock);
}

static gint loop_poll(GPollFD *fds, guint n, gint timeout_ms)
{
    EventLoop *loop = current_loop;
    if (!loop) {
        return g_poll(fds, n, timeout_ms);
    }
    gint64 ns = timeout_ms < 0 ? -1 : (gint64)timeout_ms * 1000000;
    gint64 timer_ns = event_timers_timeout(loop);
    if (timer_ns >= 0 && (ns < 0 || timer_ns < ns)) {
        ns = timer_ns;
    }
    struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

    if (loop->is_main) {
        gboolean wanted = machine_lock_wanted();
        machine_unlock();
        if (wanted && ns == 0) {
            sched_yield(); /* a busy main loop must not starve the vCPUs */
        }
    }
    /* GPollFD is struct pollfd on Linux (glib's own g_poll relies on it). */
    int ready = ppoll((struct pollfd *)fds, n, ns < 0 ? NULL : &ts, NULL);
    if (loop->is_main) {
        machine_lock();
    }
    return ready;
}

/* Posted work */

static void run_posted(EventLoop *loop)
{
    g_mutex_lock(&loop->post_lock);
    guint n = loop->posted.length; /* what is posted meanwhile waits a round */
    while (n-- && !turn_over()) {
        PostedWork *work = g_queue_pop_head(&loop->posted);
        g_mutex_unlock(&loop->post_lock);
        TSAN_ACQUIRE(work);
        turn_count(TURN_POSTED, 1);
        work->fn(work->opaque);
        g_free(work);
        g_mutex_lock(&loop->post_lock);
    }
    if (!loop->posted.length) {
        g_source_set_ready_time(loop->post_source, -1);
    }
    g_mutex_unlock(&loop->post_lock);
}

static gboolean post_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    gboolean outer = turn_begin();
    run_posted(((LoopSource *)source)->loop);
    turn_end(outer);
    return G_SOURCE_CONTINUE;
}

void event_loop_post(EventLoop *loop, EventFn fn, void *opaque)
{
    PostedWork *work = g_new(PostedWork, 1);
    *work = (PostedWork){ fn, opaque };
    TSAN_RELEASE(work);
    g_mutex_lock(&loop->post_lock);
    g_queue_push_tail(&loop->posted, work);
    if (loop->posted.length == 1) {
        g_source_set_ready_time(loop->post_source, 0);
    }
    g_mutex_unlock(&loop->post_lock);
}

static GSourceFuncs post_funcs = { .dispatch = post_dispatch };

/* Timers: the source only says whether one is due; loop_poll() has the deadline. */

static gboolean timers_prepare(GSource *source, gint *timeout_ms)
{
    *timeout_ms = -1;
    return event_timers_timeout(((LoopSource *)source)->loop) == 0;
}

static gboolean timers_check(GSource *source)
{
    return event_timers_timeout(((LoopSource *)source)->loop) == 0;
}

static gboolean timers_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    gboolean outer = turn_begin();
    event_timers_fire(((LoopSource *)source)->loop);
    turn_end(outer);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { timers_prepare, timers_check, timers_dispatch,
                                    NULL,           NULL,         NULL };

/* File descriptors */

static gboolean handler_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    EventHandler *handler = (EventHandler *)source;
    TSAN_ACQUIRE(handler);
    GIOCondition ready = g_source_query_unix_fd(source, handler->tag);
    if (ready) {
        gboolean outer = turn_begin();
        handler->fn(handler->opaque, ready);
        turn_end(outer);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs handler_funcs = { .dispatch = handler_dispatch };

EventHandler *event_loop_add_fd(EventLoop *loop, int fd, GIOCondition condition,
                                EventFdFn fn, void *opaque)
{
    GSource *source = g_source_new(&handler_funcs, sizeof(EventHandler));
    EventHandler *handler = (EventHandler *)source;
    handler->fn = fn;
    handler->opaque = opaque;
    handler->tag = g_source_add_unix_fd(source, fd, condition);
    g_source_set_can_recurse(source, TRUE); /* see loop_source() */
    TSAN_RELEASE(handler);
    g_source_attach(source, loop->context);
    return handler;
}

void event_handler_set_condition(EventHandler *handler, GIOCondition condition)
{
    g_source_modify_unix_fd(&handler->base, handler->tag, condition);
}

void event_handler_remove(EventHandler *handler)
{
    if (handler) {
        g_source_destroy(&handler->base);
        g_source_unref(&handler->base);
    }
}

/* Loops */

/*
 * Loops never nest. That a source could recurse is said all the same: glib then leaves
 * its descriptor in the set while it is dispatched, which saves four system calls.
 */
static GSource *loop_source(EventLoop *loop, GSourceFuncs *funcs)
{
    GSource *source = g_source_new(funcs, sizeof(LoopSource));
    ((LoopSource *)source)->loop = loop;
    g_source_set_can_recurse(source, TRUE);
    g_source_attach(source, loop->context);
    return source;
}

/* One is needed, the other is for a thread that opens something in between. */
gboolean event_loop_check(GError **errp)
{
    autofd G_GNUC_UNUSED int wake = eventfd(0, EFD_CLOEXEC);
    autofd int spare = eventfd(0, EFD_CLOEXEC);

    return spare >= 0 || error_set_errno(errp, errno, "cannot create an event loop");
}

EventLoop *event_loop_new(gboolean is_main)
{
    EventLoop *loop = g_new0(EventLoop, 1);
    loop->is_main = is_main;
    loop->context =
        is_main ? g_main_context_ref(g_main_context_default()) : g_main_context_new();
    g_main_context_set_poll_func(loop->context, loop_poll);
    g_mutex_init(&loop->post_lock);
    g_queue_init(&loop->posted);
    loop->post_source = loop_source(loop, &post_funcs);
    loop->timer_source = loop_source(loop, &timer_funcs);
    g_mutex_lock(&all_lock);
    loop->next = all_loops;
    all_loops = loop;
    g_mutex_unlock(&all_lock);
    TSAN_RELEASE(loop);
    return loop;
}

void event_loop_free(EventLoop *loop)
{
    g_mutex_lock(&all_lock);
    EventLoop **link = &all_loops;
    while (*link != loop) {
        link = &(*link)->next;
    }
    *link = loop->next;
    g_mutex_unlock(&all_lock);

    run_posted(loop);
    g_source_destroy(loop->post_source);
    g_source_unref(loop->post_source);
    g_source_destroy(loop->timer_source);
    g_source_unref(loop->timer_source);
    g_queue_clear_full(&loop->posted, g_free);
    g_mutex_clear(&loop->post_lock);
    g_main_context_unref(loop->context);
    g_free(loop);
}

void event_loop_enter(EventLoop *loop)
{
    TSAN_ACQUIRE(loop);
    current_loop = loop;
}

void event_init(void)
{
    g_assert(!main_loop);
    mallopt(M_ARENA_MAX, 1); /* the data plane does not allocate: one heap is smaller */
    machine_lock();
    rcu_thread_register();
    main_loop = event_loop_new(TRUE);
    event_loop_enter(main_loop);
}

void event_loop_run(EventLoop *loop)
{
    g_assert(loop == current_loop);
    while (!g_atomic_int_get(&loop->quit)) {
        g_main_context_iteration(loop->context, TRUE);
    }
}

void event_loop_quit(EventLoop *loop)
{
    g_atomic_int_set(&loop->quit, TRUE);
    g_main_context_wakeup(loop->context);
}

void event_loop_run_while(EventLoop *loop, gboolean (*busy)(void))
{
    g_assert(loop == current_loop && g_main_depth() == 0);
    while (busy()) {
        g_main_context_iteration(loop->context, TRUE);
    }
}

void event_loop_iterate(EventLoop *loop, gboolean block)
{
    g_assert(loop == current_loop && g_main_depth() == 0);
    g_main_context_iteration(loop->context, block);
}
