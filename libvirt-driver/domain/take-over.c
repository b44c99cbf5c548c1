/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/take-over.h"

#include "domain/async-job.h"
#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"

#define KILL_TIMEOUT_MS 10000

void vm_end_leftover(Vm *vm, guint64 run)
{
    vm_stop_and_wait(vm, run, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                     VIR_DOMAIN_EVENT_STOPPED_FAILED, KILL_TIMEOUT_MS, NULL);
}

static gboolean is_run(Vm *vm, guint64 run)
{
    gboolean result;

    g_mutex_lock(&vm->lock);
    result = vm_is_run_locked(vm, run);
    g_mutex_unlock(&vm->lock);
    return result;
}

/*
 * Its devices, unless it has been migrated away, and nobody has taken it back yet: they
 * are looked at then.
 */
static void reconcile(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    gboolean away;

    g_mutex_lock(&vm->lock);
    away = vm->state == VIR_DOMAIN_PAUSED && vm->reason == VIR_DOMAIN_PAUSED_MIGRATION;
    g_mutex_unlock(&vm->lock);
    if (away) {
        vm_mark_unreconciled(vm, run);
    } else if (!vm_reconcile(vm, run, &err)) {
        g_message("domain '%s': cannot tell what it has of devices: %s", vm->name,
                  err->message);
    }
}

/* What the emulator has that runs; its binary may be another one by now. */
static void learn(Vm *vm, guint64 run)
{
    g_autoptr(CommandEmulator) has = NULL;
    g_autoptr(GError) err = NULL;
    gboolean known;

    g_mutex_lock(&vm->lock);
    known = !vm_is_run_locked(vm, run) || vm->run->has;
    g_mutex_unlock(&vm->lock);
    if (known) {
        return;
    }
    has = vm_ask_emulator(vm, run, &err);
    if (!has) {
        g_message("domain '%s': its emulator cannot be asked what it has: %s", vm->name,
                  err->message);
    }
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->run->has = g_steal_pointer(&has);
    }
    g_mutex_unlock(&vm->lock);
}

static void take_over(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    gboolean starting;

    g_mutex_lock(&vm->lock);
    starting = vm->phase == VM_PHASE_STARTING;
    g_mutex_unlock(&vm->lock);
    if (starting) {
        g_message("domain '%s': it was being started, waited for a migration, or was "
                  "bound to a client; ending its process",
                  vm->name);
        vm_end_leftover(vm, run);
        return;
    }
    if (!vm_connect_monitor(vm, run, G_MAXUINT, &err) ||
        !vm_cpus_refresh(vm, run, &err)) {
        /* It may be of use still: only its monitor is not. destroy works. */
        if (is_run(vm, run)) {
            g_message("domain '%s': cannot talk to its monitor: %s", vm->name,
                      err->message);
        }
        return;
    }
    learn(vm, run);
    async_job_settle(vm, run);
    if (is_run(vm, run)) {
        reconcile(vm, run);
    }
}

typedef struct Reconnect {
    Vm *vm;
    guint64 run;
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

    take_over(r->vm, r->run);
    finish(r);
    return NULL;
}

void vm_take_over(Vm *vm, guint64 run)
{
    Driver *driver = vm->driver;
    Reconnect *r = g_new(Reconnect, 1);
    g_autoptr(GError) err = NULL;
    GThread *thread;

    *r = (Reconnect){ vm, run };
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
