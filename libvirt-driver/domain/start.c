/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/lifecycle.h"

#include "command/command.h"
#include "domain/async-job.h"
#include "domain/chardev.h"
#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/firmware.h"
#include "domain/hotplug.h"
#include "domain/media.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "domain/run.h"
#include "domain/store.h"

#define GREETING_TIMEOUT_MS 30000
#define FAILED_STOP_MS      10000 /* for a process that is killed */

char *vm_status_path(Driver *driver, const char *name)
{
    return store_path(driver->paths->run_dir, name, ".status");
}

/* What the status file is to say; borrows from vm and def. */
static VmStatus collect_status_locked(Vm *vm, const VmDef *def)
{
    const VmRun *run = vm->run;

    return (VmStatus){
        .phase = vm->phase,
        .boot_id = vm->driver->boot_id,
        .id = vm->id,
        .pid = run->pid,
        .job = vm->async ? vm->async->kind : NULL,
        .job_phase = vm->async ? vm->async->phase : 0,
        .job_paused = vm->async && vm->async->stay_paused,
        .start_time = run->start_time,
        .suspended = vm_cpus_suspended_locked(vm),
        .reason = vm_cpus_reason_locked(vm),
        .autodestroy = vm->autodestroy != NULL,
        .reboot_wanted = vm->reboot_wanted,
        .agent_seconds = vm->agent_seconds,
        .taints = vm->run->taints,
        .dir = run->dir,
        .monitor_path = run->monitor_path,
        .pidfile_path = run->pidfile_path,
        .log_path = run->log_path,
        .memory_path = run->memory_path,
        .cgroup = run->cgroup,
        .emulator = run->emulator,
        .version = run->version,
        .package = run->package,
        .next_node = run->next_node,
        .has = run->has,
        .plugging = run->plugging,
        .domain = (Domain *)def->domain,
    };
}

gboolean vm_save_status(Vm *vm, guint64 run, GError **errp)
{
    g_autofree char *path = vm_status_path(vm->driver, vm->name);
    g_autofree char *text = NULL;
    gboolean ok = TRUE;

    g_mutex_lock(&vm->status_lock);
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && !vm->run->monitor_path) {
        /* What a newer daemon may still be able to read stays. */
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "the status file '%s' could not be read", path);
    } else if (vm_is_run_locked(vm, run)) {
        VmStatus status = collect_status_locked(vm, vm->live);

        text = vm_status_format(&status);
    }
    g_mutex_unlock(&vm->lock);
    if (text) {
        ok = store_write(path, text, errp); /* the end of the run waits for status_lock */
    }
    g_mutex_unlock(&vm->status_lock);
    return ok;
}

gboolean vm_enter_phase(Vm *vm, guint64 run, VmPhase phase, GError **errp)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->phase = phase;
    }
    g_mutex_unlock(&vm->lock);
    return vm_save_status(vm, run, errp);
}

void vm_update_status(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;

    if (!vm_save_status(vm, run, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
    }
}

/* From here on the VM is active: the process exists, the CPUs stand. */
static void publish(Vm *vm, VmRun *run, Domain *live, const VmStart *how)
{
    g_mutex_lock(&vm->lock);
    vm->run = run;
    vm->id = live->id;
    vm->phase = VM_PHASE_STARTING;
    vm->starting = TRUE;
    vm->stopping = FALSE;
    vm->reboot_wanted = FALSE;
    vm_cpus_init_locked(vm);
    vm_set_live_locked(vm, vm_def_new(live));
    vm_set_state_locked(vm, VIR_DOMAIN_PAUSED,
                        how->incoming ? VIR_DOMAIN_PAUSED_MIGRATION
                                      : VIR_DOMAIN_PAUSED_STARTING_UP);
    vm_watch_process_locked(vm);
    g_mutex_unlock(&vm->lock);
}

/* It stands because the user wants it to: known before the status file is written. */
static void leave_paused(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    }
    g_mutex_unlock(&vm->lock);
}

/* One that is to run is announced by its RESUME event. */
static void announce_paused(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->starting = FALSE;
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_STARTED,
                                  VIR_DOMAIN_EVENT_STARTED_BOOTED);
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SUSPENDED,
                                  VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
    }
    g_mutex_unlock(&vm->lock);
}

/* What no option has said: before the CPUs run, and before a migration comes in. */
static gboolean settle(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GPtrArray) steps = command_settle(def->domain);

    return vm_run_steps(vm, run, steps, errp);
}

static gboolean bring_up(Vm *vm, guint64 run, const VmStart *how, GError **errp)
{
    if (!vm_connect_monitor(vm, run, GREETING_TIMEOUT_MS, errp) ||
        !vm_refresh_chardevs(vm, run, errp) || !settle(vm, run, errp)) {
        return FALSE;
    }
    if (how->autodestroy) {
        vm_set_autodestroy(vm, run, how->autodestroy);
    }
    if (how->incoming) {
        return vm_save_status(vm, run, errp); /* it starts for as long as it comes in */
    }
    if (how->paused) {
        leave_paused(vm, run);
    }
    /* On disk before the guest runs: a new daemon must find it. */
    if (!vm_enter_phase(vm, run, VM_PHASE_RUNNING, errp)) {
        return FALSE;
    }
    if (!how->paused) {
        return vm_resume_cpus(vm, run, VIR_DOMAIN_RUNNING_BOOTED, errp);
    }
    announce_paused(vm, run);
    return TRUE;
}

/*
 * Ends what did not come up. If the process has ended by itself, its own words are the
 * better error, if it had any.
 */
static void fail_start(Vm *vm, guint64 run, const VmRun *log, GError **err)
{
    gboolean closed = g_error_matches(*err, QMP_ERROR, QMP_ERROR_CLOSED);
    g_autofree char *words = NULL;

    vm_stop_and_wait(vm, run, closed ? VM_STOP_WAIT : VM_STOP_KILL,
                     VIR_DOMAIN_SHUTOFF_FAILED, VIR_DOMAIN_EVENT_STOPPED_FAILED,
                     FAILED_STOP_MS, NULL);
    words = closed ? vm_run_log_tail(log) : NULL;
    if (words && *words) {
        g_clear_error(err);
        *err = rpc_error_new(VIR_ERR_INTERNAL_ERROR,
                             "process exited while connecting to monitor: %s", words);
    }
}

/* Also of what has failed before there was a process. */
static void note_failure(Vm *vm)
{
    g_mutex_lock(&vm->lock);
    vm_set_state_locked(vm, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED);
    g_mutex_unlock(&vm->lock);
}

gboolean vm_start(Vm *vm, Domain *live, const VmStart *how, guint64 *serial,
                  GError **errp)
{
    g_autoptr(Domain) owned = live;
    g_autoptr(GError) err = NULL;
    g_autofree char *log_path = NULL;
    VmRun *run, log;

    vm_close_trays(live);
    vm_close_channels(live);
    live->id = registry_take_id(vm->driver->registry, vm);
    run = vm_run_new(vm, live);
    if (!command_complete(live, NULL, vm->driver->emulator, errp) ||
        !firmware_complete(vm->driver->paths, live, errp) ||
        !probe_check(vm->driver->probe, live, &run->has, errp) ||
        !command_assign(live, &run->next_node, errp) ||
        !firmware_prepare(live, how->reset_nvram, errp) ||
        !vm_run_spawn(vm, run, live, how->incoming, errp)) {
        registry_drop_id(vm->driver->registry, live->id);
        vm_run_free(run);
        note_failure(vm);
        return FALSE;
    }
    *serial = run->serial;
    log = (VmRun){ .log_path = log_path = g_strdup(run->log_path),
                   .log_start = run->log_start };
    publish(vm, run, g_steal_pointer(&owned), how);
    if (!bring_up(vm, *serial, how, &err)) {
        fail_start(vm, *serial, &log, &err);
        g_propagate_error(errp, g_steal_pointer(&err));
        return FALSE;
    }
    if (!vm_remove_sets(vm, *serial, &err)) {
        vm_mark_unreconciled(vm, *serial); /* if it is there still */
    }
    return TRUE;
}

gboolean vm_start_as_defined(Vm *vm, Domain *given, const VmStart *how, GError **errp)
{
    g_autoptr(Domain) live = given;
    g_autoptr(VmDef) def = NULL;
    gboolean active, uncertain, ok;
    guint64 run;

    if (!vm_wait_cleared(vm, errp) || !vm_begin_job(vm, JOB_MODIFY, "start", errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    uncertain = vm_is_uncertain_locked(vm);
    def = vm_get_def_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (uncertain) {
        ok = vm_refuse_uncertain(vm, errp);
    } else if (active) {
        ok = rpc_error_set_from(
            errp, given ? VIR_FROM_DOMAIN : VIR_FROM_QEMU, VIR_ERR_OPERATION_INVALID,
            given ? "domain '%s' is already active" : "domain is already running",
            vm->name);
    } else {
        if (!live) {
            live = xml_domain_copy(def->domain);
        }
        ok = vm_start(vm, g_steal_pointer(&live), how, &run, errp);
    }
    vm_end_job(vm);
    return ok;
}
