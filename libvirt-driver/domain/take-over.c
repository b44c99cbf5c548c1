/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/take-over.h"

#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/migration.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "qmp/frame.h"

#define KILL_TIMEOUT_MS 10000

static void end_leftover(Vm *vm, guint64 run, const char *why)
{
    g_message("domain '%s': %s; ending its process", vm->name, why);
    vm_stop_and_wait(vm, run, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                     VIR_DOMAIN_EVENT_STOPPED_FAILED, KILL_TIMEOUT_MS, NULL);
}

/* Why the CPUs stand, as far as the emulator says. */
static int paused_reason(const char *status)
{
    return g_strcmp0(status, "io-error") == 0         ? VIR_DOMAIN_PAUSED_IOERROR
           : g_strcmp0(status, "watchdog") == 0       ? VIR_DOMAIN_PAUSED_WATCHDOG
                                                      : VIR_DOMAIN_PAUSED_USER;
}

/* The reason stays what the status file has if the state does. */
static void set_state_locked(Vm *vm, gboolean running, const char *status)
{
    gboolean moving = vm->phase == VM_PHASE_OUT_BEGIN || vm->phase == VM_PHASE_OUT_DONE;
    int before = vm->state;

    if (running && before != VIR_DOMAIN_RUNNING) {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN);
    } else if (!running && (moving || before != VIR_DOMAIN_PAUSED)) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED,
                            moving ? VIR_DOMAIN_PAUSED_MIGRATION : paused_reason(status));
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
gboolean vm_refresh_state(Vm *vm, guint64 run, GError **errp)
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
            set_state_locked(vm, qmp_json_bool(object, "running"), status);
        }
        if (g_strcmp0(status, "shutdown") == 0) {
            vm_shutdown_seen_locked(vm, TRUE, FALSE);
        }
    }
    g_mutex_unlock(&vm->lock);
    return TRUE;
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
        return vm_save_status(vm, run, VM_PHASE_RUNNING, errp);
    default:
        return TRUE;
    }
}

/* A destination that was to run, and does not. */
static gboolean is_left_half(Vm *vm)
{
    gboolean half;

    g_mutex_lock(&vm->lock);
    half = vm->state != VIR_DOMAIN_RUNNING && !vm->keep_paused;
    g_mutex_unlock(&vm->lock);
    return half;
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
    if (!vm_connect_monitor(vm, run, G_MAXUINT, &err) ||
        !vm_refresh_state(vm, run, &err)) {
        /* It may be of use still: only its monitor is not. destroy works. */
        if (is_run(vm, run)) {
            g_message("domain '%s': cannot talk to its monitor: %s", vm->name,
                      err->message);
        }
        return;
    }
    if (phase == VM_PHASE_IN_FINISH && is_left_half(vm)) {
        end_leftover(vm, run, "its migration had not finished");
        return;
    }
    if (!resolve_phase(vm, run, phase, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
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

void vm_take_over(Vm *vm, guint64 run, VmPhase phase)
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
