/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers. All times are nanoseconds.
 *
 * VIRTUAL: the guest's time; stands still while the VM is stopped, and under
 * -accel qtest moves only by clock_step. REALTIME: monotonic host time.
 * HOST: wall-clock time since the epoch.
 */
#ifndef VIREO_EVENT_CLOCK_H
#define VIREO_EVENT_CLOCK_H

#include "event/loop.h"

typedef enum ClockType {
    CLOCK_TYPE_VIRTUAL,
    CLOCK_TYPE_REALTIME,
    CLOCK_TYPE_HOST,
} ClockType;

gint64 clock_now(ClockType type);

typedef struct Timer Timer;
/*
 * fn runs in the loop's thread. Arm, disarm, free: from that thread; for the main
 * loop from any thread that holds the machine lock (a vCPU in a register access).
 */
Timer *timer_new(EventLoop *loop, ClockType type, EventFn fn, void *opaque);
void timer_arm(Timer *timer, gint64 deadline);
void timer_disarm(Timer *timer);
gboolean timer_armed(const Timer *timer);
gint64 timer_deadline(const Timer *timer);
void timer_free(Timer *timer);

/* The VM started or stopped: the virtual clock goes on or stands still. */
void clock_virtual_run(gboolean running);
/* Migration: the value that the virtual clock goes on from. */
void clock_virtual_set(gint64 now);
/*
 * qtest: takes the virtual clock over, then moves it, firing timers on the way. FALSE:
 * not there yet, and the turn is over (turn.h); to be called again in another.
 */
void clock_qtest_enable(void);
gboolean clock_qtest_enabled(void);
gboolean clock_qtest_step_to(gint64 now);
/* qtest: from now on whoever reads the clock finds it so many ns later, as on a slow
 * host. */
void clock_qtest_creep(gint64 ns);
/* qtest: deadline of the next virtual timer, or -1. */
gint64 clock_next_virtual_deadline(void);

#endif
