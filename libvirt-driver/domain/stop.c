/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a run. There is one way: the process ends (by itself or by a signal), its
 * pidfd becomes readable, the I/O thread marks the VM as ending, and a worker clears up
 * and announces it. Until then the VM is active, but takes no more jobs that need it.
 *
 * The end does not take the VM's job: who has it is waiting for a process that has ended,
 * sees so, and goes. Nor can a new run begin meanwhile, for there is the old one.
 */
#include <signal.h>

#include <glib-unix.h>

#include "domain/async-job.h"
#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "domain/run.h"
#include "domain/waiter.h"
#include "process/spawn.h"

#define TERM_TIMEOUT_MS  10000
#define WAIT_TIMEOUT_MS  3000
#define CLEAR_TIMEOUT_US (30 * G_USEC_PER_SEC)

/* ---- asking for the end ---- */

static void kill_late(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && !vm->run->uncertain) {
        g_message("domain '%s' does not end; killing its process %d", vm->name,
                  (int)vm->run->pid);
        process_signal(vm->run->pidfd, SIGKILL);
    }
    g_mutex_unlock(&vm->lock);
}

/* The end of the daemon waits for it: see driver_stop(). */
static void kill_after_locked(Vm *vm, guint ms)
{
    gint64 at = g_get_monotonic_time() + (gint64)ms * 1000;

    vm->kill_at = vm->kill_at ? MIN(vm->kill_at, at) : at;
    driver_after(vm, vm->run->serial, ms, kill_late);
}

void vm_stop_locked(Vm *vm, VmStop how, int reason, int detail)
{
    if (!vm->run) {
        return;
    }
    if (!vm->stopping) {
        vm->stopping = TRUE;
        vm->stop_reason = reason;
        vm->stop_detail = detail;
    }
    if (how != VM_STOP_WAIT && !vm->run->uncertain) {
        process_signal(vm->run->pidfd, how == VM_STOP_KILL ? SIGKILL : SIGTERM);
    }
    if ((how == VM_STOP_TERM || how == VM_STOP_WAIT) && !vm->run->uncertain) {
        kill_after_locked(vm, how == VM_STOP_TERM ? TERM_TIMEOUT_MS : WAIT_TIMEOUT_MS);
    }
}

gboolean vm_stop_and_wait(Vm *vm, guint64 run, VmStop how, int reason, int detail,
                          guint timeout_ms, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    gboolean in_time = TRUE, ended;
    pid_t pid = 0;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && vm->run->uncertain) {
        g_mutex_unlock(&vm->lock);
        return vm_refuse_uncertain(vm, errp);
    }
    if (vm_is_run_locked(vm, run)) {
        pid = vm->run->pid;
        vm_stop_locked(vm, how, reason, detail);
    }
    while (vm_is_run_locked(vm, run) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    ended = !vm_is_run_locked(vm, run);
    g_mutex_unlock(&vm->lock);
    return ended || rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                                  "failed to terminate process %d", (int)pid);
}

/* ---- what the guest does ---- */

void vm_set_reboot_wanted(Vm *vm, guint64 run, gboolean wanted)
{
    gboolean changed;

    g_mutex_lock(&vm->lock);
    changed = vm_is_run_locked(vm, run) && vm->reboot_wanted != wanted;
    if (changed) {
        vm->reboot_wanted = wanted;
    }
    g_mutex_unlock(&vm->lock);
    if (changed) {
        vm_update_status(vm, run);
    }
}

/* A shutdown, or a panic, that is to be a reset. */
static void restart_guest(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    gboolean ok;
    guint64 now;

    ok = vm_begin_live_job(vm, JOB_MODIFY, "reset", &now, &err);
    if (ok) {
        ok = now == run && vm_call(vm, run, "system_reset", NULL, NULL, &err) &&
             vm_resume_cpus(vm, run, VIR_DOMAIN_RUNNING_BOOTED, &err);
        vm_set_reboot_wanted(vm, run, FALSE);
        vm_end_job(vm);
    }
    if (!ok) {
        g_message("domain '%s' could not be restarted: %s", vm->name,
                  err ? err->message : "it has ended");
        g_mutex_lock(&vm->lock);
        if (vm_is_run_locked(vm, run)) {
            vm_stop_locked(vm, VM_STOP_TERM, VIR_DOMAIN_SHUTOFF_SHUTDOWN,
                           VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
        }
        g_mutex_unlock(&vm->lock);
    }
}

/* What a client, or the end of its connection, has asked for, and not a migration. */
static gboolean is_destroyed_locked(const Vm *vm)
{
    return vm->stopping && vm->stop_detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED &&
           !vm->starting;
}

void vm_shutdown_seen_locked(Vm *vm, gboolean guest, gboolean reset)
{
    const Domain *domain = vm->live->domain;
    DomainLifecycle action = reset ? domain->on_reboot : domain->on_poweroff;
    gboolean restart = vm->reboot_wanted || action == DOMAIN_LIFECYCLE_RESTART;

    if ((vm->stopping && !is_destroyed_locked(vm)) || vm->state == VIR_DOMAIN_SHUTDOWN) {
        return;
    }
    /* reboot_wanted stays until it is a reset: a new daemon may have to see to that. */
    vm_set_state_locked(vm, VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_USER);
    if (restart && !vm->stopping) {
        driver_run(vm, vm->run->serial, FALSE, restart_guest);
        return;
    }
    vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SHUTDOWN,
                              guest ? VIR_DOMAIN_EVENT_SHUTDOWN_GUEST
                                    : VIR_DOMAIN_EVENT_SHUTDOWN_HOST);
    if (vm->stopping) {
        return; /* it has heard the signal */
    }
    /* The emulator stays, as it is told (-no-shutdown), until it is sent away. */
    vm_stop_locked(vm, VM_STOP_TERM, VIR_DOMAIN_SHUTOFF_SHUTDOWN,
                   VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
}

void vm_panic_seen_locked(Vm *vm)
{
    if (vm->stopping || vm->state == VIR_DOMAIN_CRASHED) {
        return;
    }
    vm_set_state_locked(vm, VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED);
    vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_CRASHED,
                              VIR_DOMAIN_EVENT_CRASHED_PANICKED);
    switch (vm->live->domain->on_crash) {
    case DOMAIN_LIFECYCLE_RESTART:
        driver_run(vm, vm->run->serial, FALSE, restart_guest);
        break;
    case DOMAIN_LIFECYCLE_PRESERVE:
        break;
    default:
        vm_stop_locked(vm, VM_STOP_TERM, VIR_DOMAIN_SHUTOFF_CRASHED,
                       VIR_DOMAIN_EVENT_STOPPED_CRASHED);
    }
}

/* ---- the end ---- */

void vm_remove_locked(Vm *vm)
{
    vm->removed = TRUE;
    job_slot_kill(&vm->job);
    registry_remove(vm->driver->registry, vm);
    g_cond_broadcast(&vm->cond);
}

void vm_forget_live_locked(Vm *vm)
{
    if (vm->config) {
        vm_set_live_locked(vm, NULL);
    } else if (!vm->defining) {
        vm_remove_locked(vm);
    }
}

static void drop_autodestroy_locked(Vm *vm)
{
    if (vm->autodestroy) {
        rpc_client_remove_close_hook(vm->autodestroy, vm->autodestroy_hook);
        g_clear_pointer(&vm->autodestroy, rpc_client_unref);
    }
}

void vm_drop_connections_locked(Vm *vm)
{
    g_autoptr(GError) err = rpc_error_new(VIR_ERR_OPERATION_ABORTED, "the daemon ends");

    drop_autodestroy_locked(vm);
    async_job_run_ended_locked(vm);
    vm_answer_waiters_locked(vm, err);
}

/* The VM is not running from here on. */
static void announce_end_locked(Vm *vm)
{
    int reason = vm->stopping   ? vm->stop_reason
                 : vm->starting ? VIR_DOMAIN_SHUTOFF_FAILED
                                : VIR_DOMAIN_SHUTOFF_CRASHED;
    int detail = vm->stopping ? vm->stop_detail : VIR_DOMAIN_EVENT_STOPPED_FAILED;

    registry_drop_id(vm->driver->registry, vm->id);
    vm->run = NULL;
    vm->id = -1;
    vm->stopping = vm->ending = FALSE;
    vm->kill_at = 0;
    g_ptr_array_set_size(vm->deleted, 0);
    vm_set_state_locked(vm, VIR_DOMAIN_SHUTOFF, reason);
    if (!vm->starting) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_STOPPED, detail);
    }
    vm->starting = FALSE;
    drop_autodestroy_locked(vm);
    async_job_run_ended_locked(vm);
    vm_forget_live_locked(vm);
    vm_answer_waiters_locked(vm, NULL);
}

/*
 * What the run has had of the host is given back. The status file says first that the
 * process has ended, and goes last: whatever a crash leaves undone, a new daemon does.
 */
static void release_run(Vm *vm, guint64 serial, const VmRun *run)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GError) err = NULL;

    if (run->monitor_path && !vm_enter_phase(vm, serial, VM_PHASE_STOPPING, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
    }
    g_mutex_lock(&vm->status_lock);
    vm_run_release(vm, run, def->domain);
    g_mutex_unlock(&vm->status_lock);
}

/*
 * On a worker: files take their time on a slow disk. The files go before the run does: a
 * new one, which may begin once this one is over, has files of the same names.
 */
static void end_run(Vm *vm, guint64 serial)
{
    VmRun *run;

    g_mutex_lock(&vm->lock);
    run = vm_is_run_locked(vm, serial) && vm->ending ? vm->run : NULL;
    g_mutex_unlock(&vm->lock);
    if (!run) {
        return;
    }
    release_run(vm, serial, run); /* nobody else frees it while the VM is ending */
    g_mutex_lock(&vm->lock);
    announce_end_locked(vm);
    g_mutex_unlock(&vm->lock);
    vm_run_free(run);
}

static void begin_end_locked(Vm *vm)
{
    vm->ending = TRUE;
    g_cond_broadcast(&vm->cond);
    driver_run(vm, vm->run->serial, TRUE, end_run);
}

static gboolean on_process_end(gint fd, GIOCondition condition, gpointer opaque)
{
    g_autoptr(Vm) vm = vm_ref(opaque);
    g_autofree char *how = NULL;

    g_mutex_lock(&vm->lock);
    if (vm->run && vm->run->pidfd == fd && !vm->ending) {
        how = process_reap(fd);
        if (!vm->stopping) {
            g_message("the process %d of domain '%s' has ended by itself: %s",
                      (int)vm->run->pid, vm->name, how ? how : "reason unknown");
        }
        begin_end_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    return G_SOURCE_REMOVE;
}

void vm_uncertain_ended(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && vm->run->uncertain && !vm->ending) {
        vm->stopping = TRUE;
        vm->stop_reason = VIR_DOMAIN_SHUTOFF_UNKNOWN;
        vm->stop_detail = VIR_DOMAIN_EVENT_STOPPED_FAILED;
        begin_end_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
}

gboolean vm_wait_cleared(Vm *vm, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + CLEAR_TIMEOUT_US;
    gboolean in_time = TRUE, cleared;

    g_mutex_lock(&vm->lock);
    while (!(cleared = !vm->ending) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    g_mutex_unlock(&vm->lock);
    return cleared || rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                                    "what is left of the last run of domain '%s' is not "
                                    "cleared up in time",
                                    vm->name);
}

void vm_watch_process_locked(Vm *vm)
{
    VmRun *run = vm->run;

    run->exit_source = g_unix_fd_source_new(run->pidfd, G_IO_IN);
    /* After what its monitor has still said. */
    g_source_set_priority(run->exit_source, G_PRIORITY_LOW);
    g_source_set_callback(run->exit_source, G_SOURCE_FUNC(on_process_end), vm_ref(vm),
                          (GDestroyNotify)vm_unref);
    g_source_attach(run->exit_source, vm->driver->context);
}

/* ---- with the connection ---- */

static void on_client_closed(RpcClient *client, gpointer opaque)
{
    Vm *vm = opaque;

    g_mutex_lock(&vm->lock);
    if (vm->autodestroy == client) {
        g_clear_pointer(&vm->autodestroy, rpc_client_unref);
        vm_stop_locked(vm, VM_STOP_TERM, VIR_DOMAIN_SHUTOFF_DESTROYED,
                       VIR_DOMAIN_EVENT_STOPPED_DESTROYED);
    }
    g_mutex_unlock(&vm->lock);
}

void vm_set_autodestroy(Vm *vm, guint64 run, RpcClient *client)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->autodestroy = rpc_client_ref(client);
        vm->autodestroy_hook = rpc_client_add_close_hook(
            client, on_client_closed, vm_ref(vm), (GDestroyNotify)vm_unref);
    }
    g_mutex_unlock(&vm->lock);
}
