/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * However many VMs there are, a few workers take them over, in steps.
 * What an emulator lets us wait for is waited for by sources of the I/O thread: room in
 * the queue of its monitor, and its greeting. One that has greeted and then does not
 * answer holds a worker until its command times out, and goes to the end of the queue.
 */
#include "domain/take-over.h"

#include <glib-unix.h>
#include <unistd.h>

#include "domain/async-job.h"
#include "domain/cpus.h"
#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/memory.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"

#define KILL_TIMEOUT_MS 10000
#define GREETING_MS     QMP_TIMEOUT_DEFAULT_MS /* once it has begun to come */
#define RETRY_MS        1000
#define WORKERS         16 /* at most, of the driver's */

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

/* Once the state is known. */
static void settle(Vm *vm, guint64 run)
{
    learn(vm, run);
    vm_refresh_balloon(vm, run);
    async_job_settle(vm, run);
    if (is_run(vm, run)) {
        reconcile(vm, run);
    }
}

/* ---- one VM's way, in steps ---- */

/* What one VM still has to go through; owned by a queue, a source or a step. */
typedef struct Reconnect {
    Vm *vm;
    guint64 run;
    int fd;           /* connected, and not greeted yet; or -1 */
    gboolean greeted; /* the run has its monitor */
    GSource *source;  /* what it waits for, in the driver's reconnects; or NULL */
} Reconnect;

static void finish(Reconnect *r)
{
    Driver *driver = r->vm->driver;

    if (r->fd >= 0) {
        close(r->fd);
    }
    vm_end_job(r->vm);
    vm_unref(r->vm);
    g_free(r);
    g_mutex_lock(&driver->reconnect_lock);
    driver->reconnecting--;
    g_cond_signal(&driver->reconnected);
    g_mutex_unlock(&driver->reconnect_lock);
}

static void step(Reconnect *r);

/* Takes steps on a worker while there are any. */
static void take_steps(gpointer opaque)
{
    Driver *driver = opaque;
    Reconnect *r;

    g_mutex_lock(&driver->reconnect_lock);
    while ((r = g_queue_pop_head(&driver->reconnect_steps))) {
        g_mutex_unlock(&driver->reconnect_lock);
        step(r);
        g_mutex_lock(&driver->reconnect_lock);
    }
    driver->reconnect_workers--;
    g_mutex_unlock(&driver->reconnect_lock);
}

static void step_later(Reconnect *r)
{
    Driver *driver = r->vm->driver;
    gboolean more;

    g_mutex_lock(&driver->reconnect_lock);
    g_queue_push_tail(&driver->reconnect_steps, r);
    more = driver->reconnect_workers < WORKERS;
    driver->reconnect_workers += more;
    g_mutex_unlock(&driver->reconnect_lock);
    if (more) {
        rpc_workers_push(driver->workers, FALSE, take_steps, driver, NULL);
    }
}

/* On the I/O thread. */
static gboolean on_time(gpointer opaque)
{
    Reconnect *r = opaque;
    Driver *driver = r->vm->driver;

    g_mutex_lock(&driver->reconnect_lock);
    g_hash_table_remove(driver->reconnects, r);
    g_clear_pointer(&r->source, g_source_unref);
    g_mutex_unlock(&driver->reconnect_lock);
    step_later(r);
    return G_SOURCE_REMOVE;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer opaque)
{
    return on_time(opaque);
}

/* The next step is taken when source is ready. */
static void wait_for(Reconnect *r, GSource *source, GSourceFunc ready)
{
    Driver *driver = r->vm->driver;

    g_source_set_callback(source, ready, r, NULL);
    g_mutex_lock(&driver->reconnect_lock);
    r->source = source;
    g_hash_table_add(driver->reconnects, r);
    g_source_attach(source, driver->context);
    g_mutex_unlock(&driver->reconnect_lock);
}

/* The queue of one that does not answer may be full, of earlier attempts. */
static gboolean connect_monitor(Reconnect *r, GError **errp)
{
    g_autoptr(GError) err = NULL;

    r->fd = vm_try_connect(r->vm, r->run, &err);
    if (r->fd >= 0) {
        wait_for(r, g_unix_fd_source_new(r->fd, G_IO_IN | G_IO_HUP | G_IO_ERR),
                 G_SOURCE_FUNC(on_readable));
        return TRUE;
    }
    if (g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT)) {
        wait_for(r, g_timeout_source_new(RETRY_MS), on_time);
        return TRUE;
    }
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

/* Its monitor may be of use later, see monitor.c: destroy works. */
static void give_up(Reconnect *r, const GError *err)
{
    if (is_run(r->vm, r->run)) {
        g_message("domain '%s': cannot talk to its monitor: %s", r->vm->name,
                  err->message);
    }
    finish(r);
}

static gboolean is_starting(Vm *vm)
{
    gboolean starting;

    g_mutex_lock(&vm->lock);
    starting = vm->phase == VM_PHASE_STARTING;
    g_mutex_unlock(&vm->lock);
    return starting;
}

static void step(Reconnect *r)
{
    g_autoptr(GError) err = NULL;

    if (is_starting(r->vm)) {
        g_message("domain '%s': it was being started, waited for a migration, or was "
                  "bound to a client; ending its process",
                  r->vm->name);
        vm_end_leftover(r->vm, r->run);
        finish(r);
        return;
    }
    if (!r->greeted && r->fd < 0) {
        if (!connect_monitor(r, &err)) {
            give_up(r, err);
        }
        return; /* r is somebody else's by now */
    }
    if (!r->greeted) {
        int fd = r->fd;

        r->greeted = TRUE;
        r->fd = -1;
        if (!vm_adopt_monitor(r->vm, r->run, fd, GREETING_MS, &err)) {
            vm_close_monitor(r->vm, r->run); /* it is tried again, see monitor.c */
            give_up(r, err);
            return;
        }
    }
    if (vm_cpus_refresh(r->vm, r->run, &err)) {
        settle(r->vm, r->run);
        finish(r);
    } else if (g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT)) {
        step_later(r); /* when others have had their turn */
    } else {
        give_up(r, err);
    }
}

void vm_take_over(Vm *vm, guint64 run)
{
    Driver *driver = vm->driver;
    Reconnect *r = g_new(Reconnect, 1);

    *r = (Reconnect){ .vm = vm, .run = run, .fd = -1 };
    g_mutex_lock(&driver->reconnect_lock);
    driver->reconnecting++;
    g_mutex_unlock(&driver->reconnect_lock);
    step_later(r);
}

void vm_take_over_stop(Driver *driver)
{
    g_autoptr(GHashTable) waiting = g_steal_pointer(&driver->reconnects);
    GHashTableIter iter;
    Reconnect *r;

    g_hash_table_iter_init(&iter, waiting);
    while (g_hash_table_iter_next(&iter, (gpointer *)&r, NULL)) {
        g_source_destroy(r->source);
        g_clear_pointer(&r->source, g_source_unref);
        finish(r);
    }
    while ((r = g_queue_pop_head(&driver->reconnect_steps))) {
        finish(r);
    }
}
