/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What loop.c, iothread.c and clock.c share. Not for other layers. */
#ifndef VIREO_EVENT_LOOP_INTERNAL_H
#define VIREO_EVENT_LOOP_INTERNAL_H

#include "event/clock.h"

#define CLOCK_TYPES 3

struct EventLoop {
    GMainContext *context;
    gboolean is_main;
    gint quit;       /* atomic */
    EventLoop *next; /* list of all loops, under its lock */

    GMutex post_lock;
    GQueue posted; /* PostedWork */
    GSource *post_source;

    /* Sorted by deadline. The loop's thread; main loop: under the machine lock. */
    Timer *timers[CLOCK_TYPES];
    GSource *timer_source;
    unsigned first_clock; /* whose timers fire first: taken in turn */
};

EventLoop *event_loop_new(gboolean is_main);
/* No thread runs it any more. Posted work that is left is run here. */
void event_loop_free(EventLoop *loop);
/* Makes the loop the calling thread's own. */
void event_loop_enter(EventLoop *loop);
void event_loop_wake_all(void);

/* Nanoseconds until the first timer: -1 for never, 0 for now. */
gint64 event_timers_timeout(EventLoop *loop);
void event_timers_fire(EventLoop *loop);

#endif
