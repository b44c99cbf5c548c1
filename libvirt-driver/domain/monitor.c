/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events' callbacks run on the I/O thread. They change the state, announce it, and
 * leave what takes long (or needs the monitor) to a worker.
 */
#include "domain/monitor.h"

#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "domain/agent.h"
#include "domain/chardev.h"
#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/hotplug.h"
#include "domain/lifecycle.h"
#include "domain/media.h"
#include "domain/memory.h"
#include "domain/migration.h"
#include "domain/reconcile.h"
#include "process/listen.h"
#include "util/json.h"

#define CONNECT_AGAIN_MS    1000
#define LOST_MS             500 /* for the process to end as well */
#define RESTORE_TIMEOUT_MS  30000
#define RESTORE_INTERVAL_MS 2000

/* The VM and the run that a monitor belongs to. */
typedef struct Binding {
    Vm *vm;
    guint64 run;
} Binding;

/* ---- events ---- */

static void on_stop(Vm *vm, JsonObject *data)
{
    vm_cpus_stopped_locked(vm);
}

static void on_resume(Vm *vm, JsonObject *data)
{
    vm_cpus_resumed_locked(vm);
    if (vm->starting) {
        vm->starting = FALSE;
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_STARTED,
                                  VIR_DOMAIN_EVENT_STARTED_BOOTED);
    }
}

static void on_shutdown(Vm *vm, JsonObject *data)
{
    gboolean guest = util_json_bool(data, "guest");
    const char *reason = util_json_string(data, "reason");

    vm_agent_notify_locked(vm, AGENT_EVENT_SHUTDOWN);
    vm_shutdown_seen_locked(vm, guest, g_strcmp0(reason, "guest-reset") == 0);
}

static void on_reset(Vm *vm, JsonObject *data)
{
    vm_agent_notify_locked(vm, AGENT_EVENT_RESET);
    if (vm->reboot_wanted) {
        vm->reboot_wanted = FALSE;
        driver_run(vm, vm->run->serial, FALSE, vm_update_status);
    }
    if (vm->state == VIR_DOMAIN_CRASHED) { /* its CPUs stand, but they could go on */
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED);
    }
    vm_event_reboot_locked(vm);
}

static void on_panicked(Vm *vm, JsonObject *data)
{
    if (g_strcmp0(util_json_string(data, "action"), "run") != 0) {
        vm_panic_seen_locked(vm);
    }
}

static void on_device_deleted(Vm *vm, JsonObject *data)
{
    const char *alias = util_json_string(data, "device");

    if (alias && *alias) {
        vm_device_deleted_locked(vm, alias);
    }
}

static void on_unplug_error(Vm *vm, JsonObject *data)
{
    const char *alias = util_json_string(data, "device");

    if (alias && *alias) {
        vm_device_kept_locked(vm, alias);
    }
}

static void on_migration(Vm *vm, JsonObject *data)
{
    vm_migration_event_locked(vm, util_json_string(data, "status"));
}

static void on_migration_pass(Vm *vm, JsonObject *data)
{
    gint64 pass = util_json_int(data, "pass");

    if (pass > 0 && pass <= G_MAXINT) {
        vm_event_migration_iteration_locked(vm, (int)pass);
    }
}

/* An emulator may tell of the device alone: a node's name is not in each of them. */
static const DomainDisk *find_failed(const Domain *domain, JsonObject *data)
{
    const DomainDisk *disk =
        command_disk_of_node(domain, util_json_string(data, "node-name"));

    return disk ? disk : command_disk_named(domain, util_json_string(data, "qom-path"));
}

static void on_io_error(Vm *vm, JsonObject *data)
{
    const DomainDisk *disk = find_failed(vm->live->domain, data);
    const char *action = util_json_string(data, "action");
    gboolean stop = g_strcmp0(action, "stop") == 0;
    int code = stop                               ? VIR_DOMAIN_EVENT_IO_ERROR_PAUSE
               : g_strcmp0(action, "ignore") == 0 ? VIR_DOMAIN_EVENT_IO_ERROR_NONE
                                                  : VIR_DOMAIN_EVENT_IO_ERROR_REPORT;

    if (stop) {
        vm_cpus_fault_locked(vm, VIR_DOMAIN_PAUSED_IOERROR);
    }
    vm_event_io_error_locked(vm, disk && disk->source.path ? disk->source.path : "",
                             disk && disk->info.alias ? disk->info.alias : "", code,
                             util_json_bool(data, "nospace") ? "enospc" : "");
}

/* What it does to the guest is told of by events of its own. */
static void on_watchdog(Vm *vm, JsonObject *data)
{
    static const char *const actions[] = {
        [VIR_DOMAIN_EVENT_WATCHDOG_NONE] = "none",
        [VIR_DOMAIN_EVENT_WATCHDOG_PAUSE] = "pause",
        [VIR_DOMAIN_EVENT_WATCHDOG_RESET] = "reset",
        [VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF] = "poweroff",
        [VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN] = "shutdown",
        [VIR_DOMAIN_EVENT_WATCHDOG_DEBUG] = "debug",
        [VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI] = "inject-nmi",
    };
    const char *action = util_json_string(data, "action");
    int code = G_N_ELEMENTS(actions) - 1;

    while (code > VIR_DOMAIN_EVENT_WATCHDOG_NONE &&
           g_strcmp0(action, actions[code]) != 0) {
        code--;
    }
    if (code == VIR_DOMAIN_EVENT_WATCHDOG_PAUSE) {
        vm_cpus_fault_locked(vm, VIR_DOMAIN_PAUSED_WATCHDOG);
    }
    vm_event_watchdog_locked(vm, code);
}

static void on_tray_moved(Vm *vm, JsonObject *data)
{
    vm_tray_moved_locked(vm, util_json_string(data, "id"),
                         util_json_bool(data, "tray-open"));
}

static void on_port_changed(Vm *vm, JsonObject *data)
{
    vm_channel_changed_locked(vm, util_json_string(data, "id"),
                              util_json_bool(data, "open"));
}

static void on_balloon_change(Vm *vm, JsonObject *data)
{
    gint64 actual = util_json_int(data, "actual");

    if (actual > 0) {
        vm_balloon_changed_locked(vm, (guint64)actual);
    }
}

/* Called with the VM's lock held. */
static const struct {
    const char *name;
    void (*fn)(Vm *vm, JsonObject *data);
} event_table[] = {
    { "STOP", on_stop },
    { "RESUME", on_resume },
    { "SHUTDOWN", on_shutdown },
    { "RESET", on_reset },
    { "GUEST_PANICKED", on_panicked },
    { "DEVICE_DELETED", on_device_deleted },
    { "DEVICE_UNPLUG_GUEST_ERROR", on_unplug_error },
    { "MIGRATION", on_migration },
    { "MIGRATION_PASS", on_migration_pass },
    { "BLOCK_IO_ERROR", on_io_error },
    { "DEVICE_TRAY_MOVED", on_tray_moved },
    { "WATCHDOG", on_watchdog },
    { "VSERPORT_CHANGE", on_port_changed },
    { "BALLOON_CHANGE", on_balloon_change },
};

static void on_event(const char *name, JsonObject *data, gint64 usec, gpointer opaque)
{
    Binding *b = opaque;

    for (guint i = 0; i < G_N_ELEMENTS(event_table); i++) {
        if (strcmp(name, event_table[i].name) == 0) {
            g_mutex_lock(&b->vm->lock);
            if (vm_is_run_locked(b->vm, b->run)) {
                event_table[i].fn(b->vm, data);
                g_cond_broadcast(&b->vm->cond);
            }
            g_mutex_unlock(&b->vm->lock);
        }
    }
}

static void lost(Vm *vm, guint64 run);

/*
 * A new connection to the monitor, after one that has ended while the process goes on.
 * What has happened in between is asked for.
 */
static void restore_monitor(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    guint64 now;
    gboolean ok = FALSE, alive;

    if (vm_begin_live_job(vm, JOB_QUERY, "monitor", &now, &err)) {
        ok = now == run && vm_connect_monitor(vm, run, RESTORE_TIMEOUT_MS, &err) &&
             vm_cpus_refresh(vm, run, &err);
        if (ok) {
            vm_refresh_balloon(vm, run);
        }
        vm_end_job(vm);
    }
    g_mutex_lock(&vm->lock);
    alive = vm_is_run_locked(vm, run) && !vm->ending;
    if (alive && ok) {
        vm->run->monitor_lost = FALSE;
        vm_reconcile_soon_locked(vm);
    } else if (alive) {
        driver_after(vm, run, RESTORE_INTERVAL_MS, lost);
    }
    g_mutex_unlock(&vm->lock);
    if (alive) {
        g_message("domain '%s': %s%s", vm->name,
                  ok ? "its monitor answers again" : "its monitor does not answer: ",
                  ok    ? ""
                  : err ? err->message
                        : "it has ended");
    }
}

/* On the I/O thread. */
static void lost(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && !vm->ending && !vm->stopping) {
        if (!vm->run->monitor_lost) {
            vm->run->monitor_lost = TRUE;
            g_message("domain '%s': the connection to its monitor has ended, but its "
                      "process has not",
                      vm->name);
            vm_event_control_error_locked(vm);
        }
        driver_run(vm, run, FALSE, restore_monitor);
    }
    g_mutex_unlock(&vm->lock);
}

/*
 * As a rule the process has ended, too, and that is about to be seen. If not, the guest
 * is none the worse for it; only one that is being started is given up.
 */
static void on_closed(gpointer opaque)
{
    Binding *b = opaque;

    g_mutex_lock(&b->vm->lock);
    if (vm_is_run_locked(b->vm, b->run) && b->vm->starting) {
        vm_stop_locked(b->vm, VM_STOP_WAIT, VIR_DOMAIN_SHUTOFF_FAILED,
                       VIR_DOMAIN_EVENT_STOPPED_FAILED);
    } else if (vm_is_run_locked(b->vm, b->run)) {
        driver_after(b->vm, b->run, LOST_MS, lost);
    }
    g_mutex_unlock(&b->vm->lock);
}

/* What it was the answer to, or what could not be undone before, is done now. */
static void on_late_reply(gpointer opaque)
{
    Binding *b = opaque;

    g_mutex_lock(&b->vm->lock);
    if (vm_is_run_locked(b->vm, b->run) && b->vm->run->unreconciled) {
        vm_reconcile_soon_locked(b->vm);
    }
    g_mutex_unlock(&b->vm->lock);
}

static void binding_free(gpointer opaque)
{
    Binding *b = opaque;

    vm_unref(b->vm);
    g_free(b);
}

/* ---- commands ---- */

QmpClient *vm_get_monitor(Vm *vm, guint64 run, GError **errp)
{
    QmpClient *monitor = NULL;
    gboolean alive, known, uncertain;

    g_mutex_lock(&vm->lock);
    alive = vm_is_run_locked(vm, run);
    known = alive && vm->run->monitor_path;
    uncertain = vm_is_uncertain_locked(vm);
    if (alive && vm->run->monitor) {
        monitor = qmp_client_ref(vm->run->monitor);
    }
    g_mutex_unlock(&vm->lock);
    if (uncertain) {
        vm_refuse_uncertain(vm, errp);
    } else if (!monitor) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_CLOSED, "%s",
                    known   ? "there is no connection to the domain's monitor"
                    : alive ? "the domain's status file could not be read when the "
                              "daemon started; it can only be destroyed"
                            : "the domain has ended");
    }
    return monitor;
}

gboolean vm_call_fd(Vm *vm, guint64 run, const char *command, JsonObject *args, int fd,
                    JsonNode **reply, GError **errp)
{
    g_autoptr(QmpClient) monitor = vm_get_monitor(vm, run, errp);

    if (!monitor) {
        g_clear_pointer(&args, json_object_unref);
        return FALSE;
    }
    return qmp_client_call_full(monitor, command, args, fd, QMP_TIMEOUT_DEFAULT_MS, reply,
                                errp);
}

gboolean vm_call(Vm *vm, guint64 run, const char *command, JsonObject *args,
                 JsonNode **reply, GError **errp)
{
    return vm_call_fd(vm, run, command, args, -1, reply, errp);
}

/* Errors that say nothing about who listens there, but about us, now. */
static gboolean is_passing(const GError *err)
{
    static const int codes[] = { G_FILE_ERROR_AGAIN, G_FILE_ERROR_MFILE,
                                 G_FILE_ERROR_NFILE, G_FILE_ERROR_NOMEM,
                                 G_FILE_ERROR_INTR };

    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_error_matches(err, G_FILE_ERROR, codes[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Until the next attempt, or the end of the run. */
static void wait_a_while(Vm *vm, guint64 run, gint64 deadline)
{
    gint64 until = MIN(g_get_monotonic_time() + CONNECT_AGAIN_MS * 1000, deadline);
    gboolean in_time = TRUE;

    g_mutex_lock(&vm->lock);
    while (in_time && vm_is_run_locked(vm, run)) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, until);
    }
    g_mutex_unlock(&vm->lock);
}

int vm_try_connect(Vm *vm, guint64 run, GError **errp)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) err = NULL;
    int fd;

    g_mutex_lock(&vm->lock);
    path = vm_is_run_locked(vm, run) ? g_strdup(vm->run->monitor_path) : NULL;
    g_mutex_unlock(&vm->lock);
    if (!path) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_CLOSED, "the domain has ended");
        return -1;
    }
    fd = process_connect_unix(path, 0, &err);
    if (fd < 0) {
        /* Else who has listened there has ended. */
        g_set_error(errp, QMP_ERROR,
                    is_passing(err) ? QMP_ERROR_TIMEOUT : QMP_ERROR_CLOSED, "%s",
                    err->message);
    }
    return fd;
}

/* A socket to the monitor. */
static int connect_monitor(Vm *vm, guint64 run, gint64 deadline, GError **errp)
{
    for (;;) {
        g_autoptr(GError) err = NULL;
        int fd = vm_try_connect(vm, run, &err);

        if (fd >= 0) {
            return fd;
        }
        if (!g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT) ||
            g_get_monotonic_time() >= deadline) {
            g_propagate_error(errp, g_steal_pointer(&err));
            return -1;
        }
        wait_a_while(vm, run, deadline);
    }
}

gboolean vm_connect_monitor(Vm *vm, guint64 run, guint timeout_ms, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    int fd = connect_monitor(vm, run, deadline, errp);

    return fd >= 0 && vm_adopt_monitor(vm, run, fd, timeout_ms, errp);
}

gboolean vm_adopt_monitor(Vm *vm, guint64 run, int fd, guint timeout_ms, GError **errp)
{
    static const QmpClientOps ops = { on_event, on_closed, on_late_reply };
    g_autoptr(QmpClient) monitor = NULL;
    Binding *binding = g_new0(Binding, 1);

    binding->vm = vm_ref(vm);
    binding->run = run;
    monitor = qmp_client_new(fd, vm->driver->context, &ops, binding, binding_free);
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        g_clear_pointer(&vm->run->monitor, qmp_client_unref);
        vm->run->monitor = qmp_client_ref(monitor);
    } else {
        qmp_client_close(monitor);
    }
    g_mutex_unlock(&vm->lock);
    if (!qmp_client_negotiate(monitor, timeout_ms, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        g_free(vm->run->version);
        g_free(vm->run->package);
        vm->run->version = g_strdup(qmp_client_version(monitor));
        vm->run->package = g_strdup(qmp_client_package(monitor));
    }
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

void vm_close_monitor(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && vm->run->monitor) {
        qmp_client_close(vm->run->monitor);
    }
    g_mutex_unlock(&vm->lock);
}

static gboolean call_monitor(gpointer opaque, const char *command, JsonNode **reply,
                             GError **errp)
{
    Binding *b = opaque;

    return vm_call(b->vm, b->run, command, NULL, reply, errp);
}

CommandEmulator *vm_ask_emulator(Vm *vm, guint64 run, GError **errp)
{
    Binding b = { vm, run };

    return command_emulator_ask(call_monitor, &b, errp);
}
