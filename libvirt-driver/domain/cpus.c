/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/cpus.h"

#include "domain/async-job.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "util/json.h"

#define STATE_TIMEOUT_US (10 * G_USEC_PER_SEC)

void vm_cpus_init_locked(Vm *vm)
{
    vm->cpus.pause_reason = vm->cpus.run_reason = 0;
    vm->cpus.fault = 0;
}

/* ---- asking ---- */

/* Waits for a state; one that a RESUME has led to may be over again by then. */
static gboolean wait_state(Vm *vm, guint64 run, int state, guint64 resumes, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + STATE_TIMEOUT_US;
    gboolean ok = TRUE, in_time = TRUE, reached;

    g_mutex_lock(&vm->lock);
    while (!(reached = vm->state == state || vm->cpus.resumes != resumes) &&
           vm_is_run_locked(vm, run) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    if (!reached) {
        ok = vm_is_run_locked(vm, run)
                 ? rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                                 "the emulator did not report its new state")
                 : rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "the domain has ended");
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

static gboolean change(Vm *vm, guint64 run, const char *command, int state, int *reason,
                       int wanted, GError **errp)
{
    guint64 resumes;
    gboolean ok;

    g_mutex_lock(&vm->lock);
    if (wanted) {
        *reason = wanted;
    } else if (state == VIR_DOMAIN_PAUSED && vm->async) {
        vm->async->halts = TRUE;
    }
    resumes = vm->cpus.resumes;
    g_mutex_unlock(&vm->lock);
    ok = vm_call(vm, run, command, NULL, NULL, errp) &&
         wait_state(vm, run, state, resumes, errp);
    /* It was for this event, and for no later one. */
    if (wanted) {
        g_mutex_lock(&vm->lock);
        *reason = 0;
        g_mutex_unlock(&vm->lock);
    }
    return ok;
}

gboolean vm_pause_cpus(Vm *vm, guint64 run, int reason, GError **errp)
{
    return change(vm, run, "stop", VIR_DOMAIN_PAUSED, &vm->cpus.pause_reason, reason,
                  errp);
}

gboolean vm_resume_cpus(Vm *vm, guint64 run, int reason, GError **errp)
{
    return change(vm, run, "cont", VIR_DOMAIN_RUNNING, &vm->cpus.run_reason, reason,
                  errp);
}

/* ---- events ---- */

static int suspended_detail(int reason)
{
    return reason == VIR_DOMAIN_PAUSED_MIGRATION  ? VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED
           : reason == VIR_DOMAIN_PAUSED_IOERROR  ? VIR_DOMAIN_EVENT_SUSPENDED_IOERROR
           : reason == VIR_DOMAIN_PAUSED_WATCHDOG ? VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG
                                                  : VIR_DOMAIN_EVENT_SUSPENDED_PAUSED;
}

/* 0: nobody has asked for it. */
static int asked_reason_locked(const Vm *vm)
{
    return vm->cpus.pause_reason           ? vm->cpus.pause_reason
           : vm->async && vm->async->halts ? vm->async->kind->paused_reason
                                           : 0;
}

void vm_cpus_stopped_locked(Vm *vm)
{
    int reason = vm->cpus.fault ? vm->cpus.fault : asked_reason_locked(vm);

    if (vm->cpus.fault || !reason) { /* or else who has asked sees to it */
        driver_run(vm, vm->run->serial, FALSE, vm_update_status);
    }
    vm->cpus.fault = 0;
    if (vm->state == VIR_DOMAIN_RUNNING) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, reason);
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SUSPENDED,
                                  suspended_detail(reason));
    }
}

void vm_cpus_resumed_locked(Vm *vm)
{
    int reason = vm->cpus.run_reason ? vm->cpus.run_reason
                 : vm->async         ? vm->async->kind->running_reason
                                     : VIR_DOMAIN_RUNNING_UNPAUSED;

    if (vm->async) {
        vm->async->halts = FALSE;
    }
    vm->cpus.fault = 0;
    if (vm->state != VIR_DOMAIN_RUNNING) {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, reason);
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_RESUMED,
                                  reason == VIR_DOMAIN_RUNNING_MIGRATED ||
                                          reason == VIR_DOMAIN_RUNNING_MIGRATION_CANCELED
                                      ? VIR_DOMAIN_EVENT_RESUMED_MIGRATED
                                      : VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
    }
    vm->cpus.resumes++;
}

/* Its STOP is about to come; unless something else has stopped them already. */
void vm_cpus_fault_locked(Vm *vm, int reason)
{
    if (vm->state == VIR_DOMAIN_RUNNING) {
        vm->cpus.fault = reason;
    } else if (vm->state == VIR_DOMAIN_PAUSED && !vm->starting) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, reason);
        driver_run(vm, vm->run->serial, FALSE, vm_update_status);
    }
}

/* ---- the status file ---- */

/* Other than until what goes on now is done. */
gboolean vm_cpus_suspended_locked(const Vm *vm)
{
    return vm->state == VIR_DOMAIN_PAUSED &&
           vm->reason != VIR_DOMAIN_PAUSED_STARTING_UP &&
           !(vm->async && vm->async->kind->starts && !vm->async->stay_paused);
}

/* Of a VM that is about to run, why it will. */
int vm_cpus_reason_locked(const Vm *vm)
{
    return vm->state == VIR_DOMAIN_RUNNING || vm_cpus_suspended_locked(vm) ? vm->reason
           : vm->async ? vm->async->kind->running_reason
                       : VIR_DOMAIN_RUNNING_BOOTED;
}

/* ---- what the emulator says ---- */

/* Its RunState, of one that does not run. */
static const struct {
    const char *status;
    int reason;
} told[] = {
    { "io-error", VIR_DOMAIN_PAUSED_IOERROR },
    { "watchdog", VIR_DOMAIN_PAUSED_WATCHDOG },
    { "inmigrate", VIR_DOMAIN_PAUSED_MIGRATION },
    { "finish-migrate", VIR_DOMAIN_PAUSED_MIGRATION },
    { "postmigrate", VIR_DOMAIN_PAUSED_MIGRATION },
    { "save-vm", VIR_DOMAIN_PAUSED_SAVE },
    { "internal-error", VIR_DOMAIN_PAUSED_UNKNOWN },
};

static int told_reason(const char *status)
{
    for (guint i = 0; i < G_N_ELEMENTS(told); i++) {
        if (g_strcmp0(status, told[i].status) == 0) {
            return told[i].reason;
        }
    }
    return VIR_DOMAIN_PAUSED_USER;
}

/* The reason stays what the status file has if the state does. */
static int paused_reason_locked(const Vm *vm, const char *status)
{
    gboolean paused = vm->state == VIR_DOMAIN_PAUSED;
    int now = told_reason(status);

    return now == VIR_DOMAIN_PAUSED_IOERROR || now == VIR_DOMAIN_PAUSED_WATCHDOG ? now
           : paused    ? vm->reason
           : vm->async ? vm->async->kind->paused_reason
                       : now;
}

static void set_state_locked(Vm *vm, gboolean running, const char *status)
{
    int before = vm->state;

    vm->cpus.fault = 0;
    if (!running) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, paused_reason_locked(vm, status));
    } else if (before != VIR_DOMAIN_RUNNING) {
        vm_set_state_locked(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN);
    }
    /* Clients that came before the emulator answered have been told otherwise. */
    if (vm->state != before && running) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_RESUMED,
                                  VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
    } else if (vm->state != before) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SUSPENDED,
                                  suspended_detail(vm->reason));
    }
}

gboolean vm_cpus_refresh(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *object;
    const char *status;

    if (!vm_call(vm, run, "query-status", NULL, &reply, errp)) {
        return FALSE;
    }
    object = JSON_NODE_HOLDS_OBJECT(reply) ? json_node_get_object(reply) : NULL;
    status = util_json_string(object, "status");
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        if (g_strcmp0(status, "guest-panicked") == 0) {
            vm_panic_seen_locked(vm);
        } else {
            set_state_locked(vm, util_json_bool(object, "running"), status);
        }
        if (g_strcmp0(status, "shutdown") == 0) {
            vm_shutdown_seen_locked(vm, TRUE, FALSE);
        }
    }
    g_mutex_unlock(&vm->lock);
    return TRUE;
}
