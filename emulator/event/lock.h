/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock: one lock for the control plane (QMP, main loop, MMIO and PIO
 * exits, realize, reset, unplug). The data plane never takes it. Nobody waits for
 * I/O while holding it.
 */
#ifndef VIREO_EVENT_LOCK_H
#define VIREO_EVENT_LOCK_H

#include <glib.h>

void machine_lock(void);
void machine_unlock(void);
gboolean machine_lock_held(void);
/* Counts how often this thread has taken it: tells one hold from the next. */
guint64 machine_lock_holds(void);
/* Some thread waits for the lock (a hint). */
gboolean machine_lock_wanted(void);
/* Waits on cond with the lock given back. */
void machine_lock_wait(GCond *cond);

/*
 * A guest access (a register write that stops a device) whose effect is not
 * complete when its handler returns. The thread that made the access (a vCPU, or
 * the qtest server) must not go on until the last hold is released.
 *
 * Inside a handler, under the lock: access_hold() returns the hold of the access
 * in progress, or NULL where nobody waits (a call from QMP). The vCPU thread or
 * qtest server brackets dispatch with access_begin()/access_finish(); the latter
 * calls done (at once or later, under the lock) when nothing is held any more.
 */
typedef struct AccessHold AccessHold;
AccessHold *access_hold(void);
void access_release(AccessHold *hold);
void access_begin(void);
void access_finish(void (*done)(void *opaque), void *opaque);

#endif
