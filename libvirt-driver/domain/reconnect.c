/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a status file means when the daemon starts: of another boot, or its PID file is
 * not locked: the VM has ended; clear up. Else it runs, and its phase says what to do:
 *
 *   starting     nobody was told of it (or it ends with a connection, or waits for a
 *                migration): end it
 *   running      go on, and settle the async job that it has, if any
 *
 * A status file that cannot be read (it is damaged, or of a newer daemon) says nothing:
 * a VM whose PID file is locked is shown then, without a monitor, so that it can be
 * destroyed. One that could not be read this time (no descriptor was left, say) is read
 * again later.
 *
 * Whether a process lives has three answers. While it is not known, its VM is uncertain:
 * it is shown as its status has it, its files stay, it is neither started nor stopped,
 * and it is looked at again every second until it is known.
 *
 * Each VM's job is held meanwhile, and no thread: an emulator that does not answer (it is
 * stopped, say, or waits for a disk) keeps nobody else waiting, see take-over.c.
 * Until it answers, or ends, its VM is shown as its status file has it, calls that need
 * the job wait for it, and destroy works.
 */
#include "domain/reconnect.h"

#include <string.h>
#include <unistd.h>

#include "domain/async-job.h"
#include "domain/cpus.h"
#include "domain/define.h"
#include "domain/lifecycle.h"
#include "domain/run.h"
#include "domain/store.h"
#include "domain/take-over.h"
#include "process/pidfile.h"
#include "process/spawn.h"

/* A run out of a status file; takes its strings. */
static VmRun *run_of_status(Driver *driver, VmStatus *status)
{
    VmRun *run = g_new0(VmRun, 1);

    run->serial = (guint64)g_atomic_int_add(&driver->last_run, 1) + 1;
    run->pid = status->pid;
    run->start_time = status->start_time;
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
    run->has = g_steal_pointer(&status->has);
    run->next_node = status->next_node;
    run->taints = status->taints;
    run->plugging = g_steal_pointer(&status->plugging);
    return run;
}

/* As far as the status file tells. */
static void set_stored_state_locked(Vm *vm, const VmStatus *status)
{
    if (vm->starting || (!status->boot_id && vm->run->uncertain)) {
        vm_set_state_locked(vm, VIR_DOMAIN_NOSTATE, VIR_DOMAIN_NOSTATE_UNKNOWN);
    } else if (status->suspended) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, status->reason);
    } else {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, status->reason);
    }
}

/* What both a new VM and one that is shown already take from the status file. */
static void take_status_locked(Vm *vm, VmStatus *status)
{
    /* What was bound to a connection ends, too; but it has been announced. */
    vm->phase = status->autodestroy ? VM_PHASE_STARTING : status->phase;
    vm->reboot_wanted = status->reboot_wanted;
    vm->agent_seconds = status->agent_seconds;
    vm->starting = status->phase == VM_PHASE_STARTING;
    vm_cpus_init_locked(vm);
    vm_set_live_locked(vm, vm_def_new(g_steal_pointer(&status->domain)));
    set_stored_state_locked(vm, status);
    if (status->job) {
        async_job_restore_locked(vm, status->job, status->job_phase, status->job_paused);
    }
}

/* From here on it can be found. Nobody else has its job yet: this cannot wait. */
static void publish(Vm *vm, VmRun *run, VmStatus *status)
{
    g_mutex_lock(&vm->lock);
    vm->run = run;
    vm->id = status->id;
    take_status_locked(vm, status);
    if (!run->uncertain) {
        job_slot_begin(&vm->job, &vm->lock, JOB_TAKE_OVER, "reconnect", 0, NULL);
        vm_watch_process_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
}

static void clear_up(Driver *driver, const char *name, VmRun *run, const Domain *live)
{
    g_autoptr(Vm) vm = vm_new(driver, name, (const guint8[16]){ 0 });

    g_message("domain '%s' has ended while no daemon was running", name);
    vm_run_release(vm, run, live);
    vm_run_free(run);
}

/* ---- status files ---- */

static VmStatus *read_status(const char *path, const char *name, GError **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(VmStatus) status = NULL;

    if (!(text = store_read(path, errp)) || !(status = vm_status_parse(text, errp))) {
        return NULL;
    }
    if (strcmp(status->domain->name, name) != 0) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "it is of a domain '%s'",
                      status->domain->name);
        return NULL;
    }
    return g_steal_pointer(&status);
}

/* Opens the process of the run. One that may live or not stays listed, as uncertain. */
static ProcessState open_process(VmRun *run, const char *name)
{
    g_autoptr(GError) err = NULL;
    ProcessState state = process_pidfile_open(run->pidfile_path, run->start_time,
                                              &run->pid, &run->pidfd, &err);

    run->uncertain = state == PROCESS_UNKNOWN;
    if (run->uncertain) {
        g_message("it is not known whether domain '%s' runs: %s; trying again", name,
                  err->message);
    }
    return state;
}

/* Another kernel wrote it: nothing that ran then can run now. */
static gboolean of_other_boot(const Driver *driver, const VmStatus *status)
{
    return strcmp(driver->boot_id, DRIVER_BOOT_UNKNOWN) != 0 &&
           strcmp(status->boot_id, DRIVER_BOOT_UNKNOWN) != 0 &&
           strcmp(status->boot_id, driver->boot_id) != 0;
}

static void take_vm(Driver *driver, const char *path, VmStatus *status, VmRun *run)
{
    g_autoptr(GError) err = NULL;
    gboolean added;
    g_autoptr(Vm) vm = vm_find_or_add(driver, status->domain, VM_ADD_BARE, &added, &err);
    guint64 serial = run->serial;
    gboolean uncertain = run->uncertain;

    if (!vm || !registry_set_id(driver->registry, vm, status->id)) {
        g_message("ignoring '%s': %s", path, err ? err->message : "its ID is taken");
        vm_run_free(run);
        return;
    }
    publish(vm, run, status);
    if (!uncertain) {
        vm_take_over(g_steal_pointer(&vm), serial);
    }
}

/* The VM of this name if it is shown without its status, with a reference, or NULL. */
static Vm *find_without_status(Driver *driver, const char *name)
{
    g_autoptr(Vm) vm = registry_by_name(driver->registry, name);
    gboolean found;

    if (!vm) {
        return NULL;
    }
    g_mutex_lock(&vm->lock);
    found = vm->run && !vm->run->monitor_path;
    g_mutex_unlock(&vm->lock);
    return found ? g_steal_pointer(&vm) : NULL;
}

/*
 * The status of a VM that is shown already could be read at last. Consumes vm. FALSE: it
 * has to be tried again.
 */
static gboolean complete_vm(Vm *vm, VmStatus *status)
{
    g_autoptr(Vm) owned = vm;
    g_autoptr(VmRun) from = run_of_status(vm->driver, status);
    gboolean take;
    guint64 serial = 0;

    g_mutex_lock(&vm->lock);
    take = vm->run && !vm->run->monitor_path && !vm->run->uncertain && !vm->stopping &&
           job_slot_begin(&vm->job, &vm->lock, JOB_TAKE_OVER, "reconnect", 0, NULL);
    if (take) {
        vm_run_complete(vm->run, from);
        serial = vm->run->serial;
        status->domain->id = vm->id; /* the one that it was given meanwhile */
        take_status_locked(vm, status);
    }
    g_mutex_unlock(&vm->lock);
    if (take) {
        vm_take_over(g_steal_pointer(&owned), serial);
    }
    return take;
}

/* FALSE if the file has to be read another time. */
static gboolean reconnect(Driver *driver, const char *path, const char *name,
                          gboolean again)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(VmStatus) status = read_status(path, name, &err);
    Vm *vm;
    VmRun *run;

    if (!status) {
        if (!again || !store_may_be_read(err)) {
            g_message("ignoring '%s': %s", path, err->message);
        }
        return !store_may_be_read(err);
    }
    vm = find_without_status(driver, name);
    if (vm) {
        return complete_vm(vm, status);
    }
    run = run_of_status(driver, status);
    if (status->phase == VM_PHASE_STOPPING || of_other_boot(driver, status) ||
        open_process(run, name) == PROCESS_ENDED) {
        clear_up(driver, name, run, status->domain);
    } else {
        take_vm(driver, path, status, run);
    }
    return TRUE;
}

void vm_reconnect(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;

    if (!reconnect(driver, path, name, FALSE)) {
        g_ptr_array_add(driver->unread, g_strdup(name));
    }
}

/* ---- PID files without a status ---- */

/* The run of a PID file's process, which lives or may live; NULL if it has ended. */
static VmRun *find_orphan(Driver *driver, const char *path, const char *name)
{
    VmRun *run = g_new0(VmRun, 1);

    run->serial = (guint64)g_atomic_int_add(&driver->last_run, 1) + 1;
    run->pidfd = -1;
    run->pidfile_path = g_strdup(path);
    if (open_process(run, name) == PROCESS_ENDED) {
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
    gboolean active = FALSE, uncertain;
    VmRun *run;

    if (vm) {
        g_mutex_lock(&vm->lock);
        active = vm_is_active_locked(vm);
        config = vm->config ? vm_def_ref(vm->config) : NULL;
        g_mutex_unlock(&vm->lock);
    }
    run = active ? NULL : find_orphan(driver, path, name);
    if (!run) {
        return;
    }
    uncertain = run->uncertain;
    if (!uncertain) {
        g_message("the process %d of domain '%s' runs, but its status file '%s' cannot "
                  "be read; %s",
                  (int)run->pid, name, file,
                  config ? "the domain can only be destroyed"
                         : "as it is not defined, the process is left alone");
    }
    if (!config) {
        vm_run_free(run);
        return;
    }
    status.id = registry_take_id(driver->registry, vm);
    status.domain = xml_domain_copy(config->domain);
    status.domain->id = status.id;
    publish(vm, run, &status);
    if (!uncertain) {
        vm_end_job(vm);
    }
}

/* ---- later ---- */

/* A process that was found at last. Its phase is settled as at the start. */
static void go_on_with(Vm *vm, guint64 serial, pid_t pid, int pidfd)
{
    gboolean ours, known = FALSE;

    g_mutex_lock(&vm->lock);
    ours = vm_is_run_locked(vm, serial) && vm->run->uncertain &&
           job_slot_begin(&vm->job, &vm->lock, JOB_TAKE_OVER, "reconnect", 0, NULL);
    if (ours) {
        vm->run->pid = pid;
        vm->run->pidfd = pidfd;
        vm->run->uncertain = FALSE;
        known = vm->run->monitor_path != NULL;
        vm_watch_process_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    if (!ours) {
        close(pidfd); /* a call has the job: the next time */
    } else if (known) {
        g_message("domain '%s' runs, as process %d", vm->name, (int)pid);
        vm_take_over(vm_ref(vm), serial);
    } else {
        vm_end_job(vm);
    }
}

/* TRUE when it is known by now whether the VM runs. */
static gboolean settle(Vm *vm)
{
    g_autofree char *path = NULL;
    guint64 serial, start_time;
    ProcessState state;
    pid_t pid = 0;
    int pidfd;

    g_mutex_lock(&vm->lock);
    if (vm_is_uncertain_locked(vm)) {
        path = g_strdup(vm->run->pidfile_path);
        pid = vm->run->pid;
        serial = vm->run->serial;
        start_time = vm->run->start_time;
    }
    g_mutex_unlock(&vm->lock);
    if (!path) {
        return TRUE;
    }
    state = process_pidfile_open(path, start_time, &pid, &pidfd, NULL);
    if (state == PROCESS_LIVES) {
        go_on_with(vm, serial, pid, pidfd);
    } else if (state == PROCESS_ENDED) {
        g_message("domain '%s' has ended", vm->name);
        vm_uncertain_ended(vm, serial);
    }
    g_mutex_lock(&vm->lock);
    state = vm_is_uncertain_locked(vm) ? PROCESS_UNKNOWN : PROCESS_ENDED;
    g_mutex_unlock(&vm->lock);
    return state != PROCESS_UNKNOWN;
}

gboolean vm_reconnect_settle(Driver *driver)
{
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);
    g_autoptr(GPtrArray) names = driver->unread;
    gboolean settled = TRUE;

    driver->unread = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = vm_status_path(driver, names->pdata[i]);

        if (!reconnect(driver, path, names->pdata[i], TRUE)) {
            g_ptr_array_add(driver->unread, g_strdup(names->pdata[i]));
        }
    }
    for (guint i = 0; i < vms->len; i++) {
        settled = settle(vms->pdata[i]) && settled;
    }
    return settled && driver->unread->len == 0;
}
