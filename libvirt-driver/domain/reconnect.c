/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a status file means when the daemon starts: of another boot, or its PID file is
 * not locked: the VM has ended; clear up. Else it runs, and its phase says what to do:
 *
 *   starting     nobody was told of it (or it ends with a connection): end it
 *   running      go on
 *   out-begin    a migration that was not reported as complete: cancel it, let the
 *                source run
 *   out-done     all was sent, and the client knows it: the destination may run. Keep
 *                it paused; the administrator resumes or destroys it
 *   in-prepare   a destination that was not told to run: end it, the source goes on
 *   in-finish    a destination that runs; or, when it does not yet, as in-prepare
 *
 * A status file that cannot be read (it is damaged, or of a newer daemon) says nothing:
 * a VM whose PID file is locked is shown as running then, without a monitor, so that it
 * can be destroyed.
 *
 * Each VM has a thread of its own for this, which holds the VM's job: an emulator that
 * does not answer (it is stopped, say, or waits for a disk) keeps nobody else waiting.
 * Until it answers, or ends, its VM is shown as its status file has it, calls that need
 * the job wait for it, and destroy works.
 */
#include "domain/reconnect.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/migration.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "domain/run.h"
#include "domain/store.h"
#include "process/pidfile.h"
#include "process/spawn.h"
#include "qmp/frame.h"

#define KILL_TIMEOUT_MS 10000

/* A run out of a status file; takes its strings. */
static VmRun *run_of_status(Driver *driver, VmStatus *status)
{
    VmRun *run = g_new0(VmRun, 1);

    run->serial = (guint64)g_atomic_int_add(&driver->last_run, 1) + 1;
    run->pid = status->pid;
    run->pidfd = -1;
    run->dir = g_steal_pointer(&status->dir);
    run->monitor_path = g_steal_pointer(&status->monitor_path);
    run->pidfile_path = g_steal_pointer(&status->pidfile_path);
    run->log_path = g_steal_pointer(&status->log_path);
    run->memory_path = g_steal_pointer(&status->memory_path);
    run->cgroup = g_steal_pointer(&status->cgroup);
    run->emulator = g_steal_pointer(&status->emulator);
    run->version = g_steal_pointer(&status->version);
    run->package = g_steal_pointer(&status->package);
    run->next_node = status->next_node;
    return run;
}

/* The VM of the definition, which may be known from its persistent one. */
static Vm *find_or_add(Driver *driver, const Domain *domain, GError **errp)
{
    g_autoptr(Vm) vm = vm_new(driver, domain->name, domain->uuid);
    gboolean added;

    return registry_add(driver->registry, vm, &added, errp);
}

/* Opens the process that holds the PID file; FALSE when it has ended meanwhile. */
static gboolean open_process(VmRun *run)
{
    pid_t pid;

    if (!process_pidfile_held(run->pidfile_path, &pid) || pid == 0) {
        return FALSE;
    }
    run->pid = pid;
    run->pidfd = process_open(pid);
    /* Only if it holds the lock still is it the process that we have opened. */
    return run->pidfd >= 0 && process_pidfile_held(run->pidfile_path, &pid) &&
           pid == run->pid;
}

/* As far as the status file tells. */
static void set_stored_state_locked(Vm *vm, const VmStatus *status)
{
    gboolean paused = status->phase == VM_PHASE_OUT_DONE    ? TRUE
                      : status->phase == VM_PHASE_IN_FINISH ? status->paused
                                                            : status->suspended;

    if (vm->starting) {
        vm_set_state_locked(vm, VIR_DOMAIN_NOSTATE, VIR_DOMAIN_NOSTATE_UNKNOWN);
    } else if (paused) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_UNKNOWN);
    } else {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN);
    }
}

/* From here on it can be found. Nobody else has its job yet: this cannot wait. */
static void publish(Vm *vm, VmRun *run, VmStatus *status)
{
    g_mutex_lock(&vm->lock);
    vm->run = run;
    vm->id = status->id;
    vm->phase = status->phase;
    vm->keep_paused = status->paused;
    vm->reboot_wanted = status->reboot_wanted;
    vm->starting =
        status->phase == VM_PHASE_STARTING || status->phase == VM_PHASE_IN_PREPARE;
    vm->resume_reason = VIR_DOMAIN_RUNNING_UNPAUSED;
    vm->pause_reason = VIR_DOMAIN_PAUSED_UNKNOWN;
    vm_set_live_locked(vm, vm_def_new(g_steal_pointer(&status->domain)));
    set_stored_state_locked(vm, status);
    job_slot_begin(&vm->job, &vm->lock, JOB_MODIFY, "reconnect", 0, NULL);
    vm_watch_process_locked(vm);
    g_mutex_unlock(&vm->lock);
}

static void end_leftover(Vm *vm, guint64 run, const char *why)
{
    g_message("domain '%s': %s; ending its process", vm->name, why);
    vm_stop_and_wait(vm, run, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                     VIR_DOMAIN_EVENT_STOPPED_FAILED, KILL_TIMEOUT_MS, NULL);
}

static void set_state_locked(Vm *vm, gboolean running)
{
    gboolean moving = vm->phase == VM_PHASE_OUT_BEGIN || vm->phase == VM_PHASE_OUT_DONE;
    int before = vm->state;

    if (running) {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN);
    } else {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED,
                            moving ? VIR_DOMAIN_PAUSED_MIGRATION
                                   : VIR_DOMAIN_PAUSED_USER);
    }
    /* Clients that came before the emulator answered have been told otherwise. */
    if (vm->state != before && running) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_RESUMED,
                                  VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
    } else if (vm->state != before) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SUSPENDED,
                                  VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
    }
}

/* The state that the emulator reports, whenever it does. */
static gboolean refresh_state(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;
    JsonObject *object;
    const char *status;

    while (!vm_call(vm, run, "query-status", NULL, &reply, &err)) {
        if (!g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT)) {
            g_propagate_error(errp, g_steal_pointer(&err));
            return FALSE;
        }
        g_clear_error(&err);
    }
    object = JSON_NODE_HOLDS_OBJECT(reply) ? json_node_get_object(reply) : NULL;
    status = qmp_json_string(object, "status");
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        if (g_strcmp0(status, "guest-panicked") == 0) {
            vm_panic_seen_locked(vm);
        } else {
            set_state_locked(vm, qmp_json_bool(object, "running"));
        }
        if (g_strcmp0(status, "shutdown") == 0) {
            vm_shutdown_seen_locked(vm, TRUE, FALSE);
        }
    }
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

static int get_state(Vm *vm)
{
    int state;

    g_mutex_lock(&vm->lock);
    state = vm->state;
    g_mutex_unlock(&vm->lock);
    return state;
}

/* What the phase of a migration demands, once the state is known. */
static gboolean resolve_phase(Vm *vm, guint64 run, VmPhase phase, GError **errp)
{
    gboolean paused;

    g_mutex_lock(&vm->lock);
    paused = vm->keep_paused;
    g_mutex_unlock(&vm->lock);
    switch (phase) {
    case VM_PHASE_OUT_BEGIN:
        g_message("domain '%s': a migration was going on; cancelling it", vm->name);
        return vm_migration_cancel(vm, run, !paused, errp) &&
               vm_save_status(vm, run, VM_PHASE_RUNNING, errp);
    case VM_PHASE_OUT_DONE:
        g_message("domain '%s': it has been migrated, but nobody has confirmed that the "
                  "destination runs; keeping it paused",
                  vm->name);
        return TRUE;
    case VM_PHASE_IN_FINISH:
        if (get_state(vm) != VIR_DOMAIN_RUNNING && !paused) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                                 "its migration had not finished");
        }
        return vm_save_status(vm, run, VM_PHASE_RUNNING, errp);
    default:
        return TRUE;
    }
}

static gboolean is_run(Vm *vm, guint64 run)
{
    gboolean result;

    g_mutex_lock(&vm->lock);
    result = vm_is_run_locked(vm, run);
    g_mutex_unlock(&vm->lock);
    return result;
}

static void take_over(Vm *vm, guint64 run, VmPhase phase)
{
    g_autoptr(GError) err = NULL;

    if (phase == VM_PHASE_STARTING || phase == VM_PHASE_IN_PREPARE) {
        end_leftover(vm, run,
                     phase == VM_PHASE_STARTING
                         ? "it was being started, or bound to a client"
                         : "it was waiting for a migration");
        return;
    }
    if (!vm_connect_monitor(vm, run, G_MAXUINT, &err) || !refresh_state(vm, run, &err)) {
        /* It may be of use still: only its monitor is not. destroy works. */
        if (is_run(vm, run)) {
            g_message("domain '%s': cannot talk to its monitor: %s", vm->name,
                      err->message);
        }
        return;
    }
    if (!resolve_phase(vm, run, phase, &err)) {
        if (phase == VM_PHASE_IN_FINISH) {
            end_leftover(vm, run, err->message);
        } else {
            g_message("domain '%s': %s", vm->name, err->message);
        }
        return;
    }
    if (phase == VM_PHASE_OUT_DONE) {
        vm_mark_unreconciled(vm, run); /* when it goes on here after all */
    } else if (!vm_reconcile(vm, run, &err)) {
        g_message("domain '%s': cannot tell what it has of devices: %s", vm->name,
                  err->message);
    }
}

typedef struct Reconnect {
    Vm *vm;
    guint64 run;
    VmPhase phase;
} Reconnect;

static void finish(Reconnect *r)
{
    Driver *driver = r->vm->driver;

    vm_end_job(r->vm);
    vm_unref(r->vm);
    g_free(r);
    g_mutex_lock(&driver->reconnect_lock);
    driver->reconnecting--;
    g_cond_signal(&driver->reconnected);
    g_mutex_unlock(&driver->reconnect_lock);
}

static gpointer reconnect_thread(gpointer opaque)
{
    Reconnect *r = opaque;

    take_over(r->vm, r->run, r->phase);
    finish(r);
    return NULL;
}

/* Consumes vm, whose job is held. */
static void start_thread(Vm *vm, guint64 run, VmPhase phase)
{
    Driver *driver = vm->driver;
    Reconnect *r = g_new(Reconnect, 1);
    g_autoptr(GError) err = NULL;
    GThread *thread;

    *r = (Reconnect){ vm, run, phase };
    g_mutex_lock(&driver->reconnect_lock);
    driver->reconnecting++;
    g_mutex_unlock(&driver->reconnect_lock);
    thread = g_thread_try_new("reconnect", reconnect_thread, r, &err);
    if (!thread) {
        g_message("domain '%s': cannot talk to its monitor: %s", vm->name, err->message);
        finish(r);
        return;
    }
    driver->reconnect_threads = g_slist_prepend(driver->reconnect_threads, thread);
}

static void clear_up(Driver *driver, const char *name, VmRun *run)
{
    g_autoptr(Vm) vm = vm_new(driver, name, (const guint8[16]){ 0 });

    g_message("domain '%s' has ended while no daemon was running", name);
    vm_run_remove_files(vm, run);
    vm_run_free(run);
}

static VmStatus *read_status(const char *path, const char *name, GError **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(VmStatus) status = NULL;

    if (!g_file_get_contents(path, &text, NULL, errp) ||
        !(status = vm_status_parse(text, errp))) {
        return NULL;
    }
    if (strcmp(status->domain->name, name) != 0) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "it is of a domain '%s'",
                      status->domain->name);
        return NULL;
    }
    return g_steal_pointer(&status);
}

void vm_reconnect(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;
    g_autoptr(GError) err = NULL;
    g_autoptr(VmStatus) status = read_status(path, name, &err);
    g_autoptr(Vm) vm = NULL;
    VmPhase phase;
    guint64 serial;
    VmRun *run;

    if (!status) {
        g_message("ignoring '%s': %s", path, err->message);
        return;
    }
    run = run_of_status(driver, status);
    if (strcmp(status->boot_id, driver->boot_id) != 0 || !open_process(run)) {
        clear_up(driver, name, run);
        return;
    }
    vm = find_or_add(driver, status->domain, &err);
    if (!vm || !registry_set_id(driver->registry, vm, status->id)) {
        g_message("ignoring '%s': %s", path, err ? err->message : "its ID is taken");
        vm_run_free(run);
        return;
    }
    phase = status->autodestroy ? VM_PHASE_STARTING : status->phase;
    serial = run->serial;
    publish(vm, run, status);
    start_thread(g_steal_pointer(&vm), serial, phase);
}

/*
 * Opens the process that holds the PID file path of a VM that no status file has told
 * of; NULL if there is none.
 */
static VmRun *find_orphan(Driver *driver, const char *path)
{
    VmRun *run = g_new0(VmRun, 1);

    run->serial = (guint64)g_atomic_int_add(&driver->last_run, 1) + 1;
    run->pidfd = -1;
    run->pidfile_path = g_strdup(path);
    if (!open_process(run)) {
        g_clear_pointer(&run, vm_run_free);
    }
    return run;
}

void vm_reconnect_orphan(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;
    g_autoptr(Vm) vm = registry_by_name(driver->registry, name);
    g_autofree char *file = vm_status_path(driver, name);
    VmStatus status = { .phase = VM_PHASE_RUNNING };
    g_autoptr(VmDef) config = NULL;
    gboolean active = FALSE;
    VmRun *run;

    if (vm) {
        g_mutex_lock(&vm->lock);
        active = vm_is_active_locked(vm);
        config = vm->config ? vm_def_ref(vm->config) : NULL;
        g_mutex_unlock(&vm->lock);
    }
    run = active ? NULL : find_orphan(driver, path);
    if (!run) {
        return;
    }
    g_message("the process %d of domain '%s' runs, but its status file '%s' cannot be "
              "read; %s",
              (int)run->pid, name, file,
              config ? "the domain can only be destroyed"
                     : "as it is not defined, the process is left alone");
    if (!config) {
        vm_run_free(run);
        return;
    }
    status.id = registry_take_id(driver->registry, vm);
    status.domain = xml_domain_copy(config->domain);
    status.domain->id = status.id;
    publish(vm, run, &status);
    vm_end_job(vm);
}
