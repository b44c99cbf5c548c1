/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Main loop, iothreads, and work posted between threads.
 *
 * A loop is a GMainContext and the one thread that runs it. What a handler
 * touches belongs to its loop; other threads reach it by event_loop_post().
 * The main loop holds the machine lock (lock.h) while it dispatches and gives it
 * back while it waits; iothreads never take it.
 */
#ifndef VIREO_EVENT_LOOP_H
#define VIREO_EVENT_LOOP_H

#include "config/object.h"

typedef struct EventLoop EventLoop;
typedef struct EventHandler EventHandler;

typedef void (*EventFn)(void *opaque);
typedef void (*EventFdFn)(void *opaque, GIOCondition ready);

/*
 * Whether there are descriptors for one more loop: glib ends the process when it
 * gets none to wake a loop with.
 */
gboolean event_loop_check(GError **errp);
/*
 * Makes the calling thread the main thread: its loop exists from here on, and it
 * holds the machine lock except while the loop waits.
 */
void event_init(void);
EventLoop *event_loop_main(void);
/* The loop that the calling thread runs, or NULL (vCPU and worker threads). */
EventLoop *event_loop_current(void);
GMainContext *event_loop_context(EventLoop *loop);

/*
 * Calls fn in the loop's thread whenever fd is ready; fd stays the caller's.
 * Add from any thread; change and remove from the loop's own thread (main loop: or
 * under the machine lock): after event_handler_remove() fn is not called again.
 */
EventHandler *event_loop_add_fd(EventLoop *loop, int fd, GIOCondition condition,
                                EventFdFn fn, void *opaque);
void event_handler_set_condition(EventHandler *handler, GIOCondition condition);
void event_handler_remove(EventHandler *handler);

/* Runs fn once in the loop's thread, in the order of posting. Any thread. */
void event_loop_post(EventLoop *loop, EventFn fn, void *opaque);

/* Main thread: dispatch until event_loop_quit(). */
void event_loop_run(EventLoop *loop);
void event_loop_quit(EventLoop *loop);
/*
 * At the end of the process: goes on until busy() says FALSE. Like all that dispatches,
 * never from inside a handler: the control plane's steps are not to be interrupted by
 * others of their kind. What has to wait takes a callback.
 */
void event_loop_run_while(EventLoop *loop, gboolean (*busy)(void));
/* Tests: dispatch what is ready (block: wait for one event first). */
void event_loop_iterate(EventLoop *loop, gboolean block);

/* `-object iothread,id=ID`: a named loop with its own thread. */
typedef struct IoThread IoThread;
extern const ObjectType object_iothread;
IoThread *iothread_new(const char *id, GError **errp);
IoThread *iothread_find(const char *id);
EventLoop *iothread_loop(IoThread *thread);
const char *iothread_id(const IoThread *thread);
int iothread_tid(const IoThread *thread);
/* Users (devices) are counted; an iothread in use cannot be deleted. */
void iothread_use(IoThread *thread);
void iothread_unuse(IoThread *thread);
/* Main thread, under the machine lock. Work already posted still runs. */
gboolean iothread_delete(const char *id, GError **errp);
void iothread_foreach(void (*fn)(IoThread *thread, void *opaque), void *opaque);

/*
 * A hook that every new thread of the emulator runs first (kind: "iothread",
 * "vcpu", "worker", "migration", "slow", "user"): main installs the one that narrows the
 * seccomp filter. Must be set before threads start.
 */
void thread_set_start_hook(void (*hook)(const char *kind));
/* Runs the hook, in a thread that was started without a kind. */
void thread_narrow(const char *kind);
/*
 * Starts a named thread that runs the hook, then fn. kind NULL: fn calls thread_narrow()
 * itself, when it has made what it needs. NULL: the host gives none.
 */
GThread *thread_try_start(const char *kind, const char *name, GThreadFunc fn,
                          void *opaque, GError **errp);

#endif
