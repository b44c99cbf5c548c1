/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the VM runs, and the requests that change it. QMP's RunState names.
 * Under the machine lock; requests may come from any thread (vCPU, main loop) and
 * are carried out on the main loop.
 */
#ifndef VIREO_ACCEL_RUN_STATE_H
#define VIREO_ACCEL_RUN_STATE_H

#include <glib.h>

#include "config/action.h"

typedef enum RunState {
    RUN_STATE_PRELAUNCH, /* -S */
    RUN_STATE_INMIGRATE,
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED,
    RUN_STATE_FINISH_MIGRATE,
    RUN_STATE_POSTMIGRATE,
    RUN_STATE_SHUTDOWN,
    RUN_STATE_IO_ERROR,
    RUN_STATE_INTERNAL_ERROR,
    RUN_STATE_GUEST_PANICKED,
    RUN_STATE_WATCHDOG,
    RUN_STATE__MAX,
} RunState;

RunState run_state_get(void);
const char *run_state_name(RunState state);
/* FALSE: no such name. */
gboolean run_state_parse(const char *name, RunState *state);
gboolean vm_running(void);
/* The process is going to end, and nothing more is to be begun. Main thread. */
gboolean vm_ending(void);

/*
 * vm_start(): vCPUs, virtual clock, RESUME event. vm_stop(): vCPUs have left
 * KVM_RUN, the clock stands still, `state`, STOP event; what is in flight ends later:
 * see vm_quiesce(). Both do nothing when already so. Subscribers (block back ends,
 * migration) hear of each change.
 */
void vm_start(void);
void vm_stop(RunState state);

/*
 * Calls done when the stopped VM stands still: nothing is in flight, no access half
 * done, no reset under way, and the disks are flushed. Now or later, main loop, under
 * the lock, in the order of asking. stands FALSE: it was started, or the process ends,
 * before that. error (borrowed): the flush has failed.
 */
typedef void (*VmQuiesceFn)(void *opaque, gboolean stands, const GError *error);
void vm_quiesce(VmQuiesceFn done, void *opaque);
/* It does so now. */
gboolean vm_stands_still(void);
/*
 * Around what is under way and ends by itself; also while the VM runs. Under the lock,
 * any thread.
 */
void vm_quiesce_hold(void);
void vm_quiesce_release(void);
/* What flushes the disks; done gets an error that it owns, or NULL. Set at start. */
typedef void (*VmFlushFn)(void (*done)(void *opaque, GError *error), void *opaque);
void vm_set_flush(VmFlushFn fn);
/* vm_start() says so. */
void vm_quiesce_started(void);
/* The end of the process: a flush is waited for, who else waits is told. */
void vm_quiesce_cleanup(void);

/* Changes the name of a stopped state (paused -> postmigrate ...). */
void run_state_set(RunState state);
void run_state_subscribe(void (*fn)(gboolean running, void *opaque), void *opaque);
void run_state_unsubscribe(void (*fn)(gboolean running, void *opaque), void *opaque);
/* The guest cannot go on (it is off, say): `cont` is refused until a reset. */
gboolean run_state_needs_reset(void);

typedef enum ShutdownCause {
    SHUTDOWN_HOST_ERROR,
    SHUTDOWN_HOST_QMP_QUIT,
    SHUTDOWN_HOST_QMP_SYSTEM_RESET,
    SHUTDOWN_HOST_SIGNAL,
    SHUTDOWN_GUEST_SHUTDOWN,
    SHUTDOWN_GUEST_RESET,
    SHUTDOWN_GUEST_PANIC,
    SHUTDOWN_CAUSE__MAX,
} ShutdownCause;
const char *shutdown_cause_name(ShutdownCause cause);

/*
 * Any thread. Shutdown: event SHUTDOWN; with -action shutdown=pause a guest's power-off
 * leaves the process with the VM in state "shutdown", else the main loop ends.
 * Reset: with -action reboot=shutdown it is a shutdown.
 */
void vm_request_shutdown(ShutdownCause cause);
void vm_request_reset(ShutdownCause cause);
void vm_request_powerdown(void);
/* The guest says that it has panicked: event GUEST_PANICKED, and what -action says. */
void vm_request_panic(void);
/* A watchdog has expired: event WATCHDOG, and what -action says. */
void vm_request_watchdog(void);
/* A device cannot go on until somebody has seen to it; `cont` follows. */
void vm_request_stop(RunState state);
/* An unexpected exit, or a hole under the guest: pause and tell, do not die. */
void vm_request_internal_error(const char *why);

/*
 * Machine: what a reset and a power-button press do; set once. The reset handler
 * starts the reset (vCPUs are stopped); whoever completes it, now or later, calls
 * vm_reset_done(): event RESET, and the vCPUs go on if the VM runs.
 */
void vm_set_reset_handler(void (*fn)(void *opaque), void *opaque);
void vm_reset_done(void);
/* Begun, and vm_reset_done() is to come. */
gboolean vm_resetting(void);
void vm_set_powerdown_handler(void (*fn)(void *opaque), void *opaque);
/* -action, set-action: `value` is of the kind's enum, whose defaults are QEMU's. */
void vm_set_action(ActionKind kind, int value);
/* The process is to end with an exit status that says so (PANIC_ACTION_EXIT_FAILURE). */
gboolean vm_has_failed(void);

#endif
