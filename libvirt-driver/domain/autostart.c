/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which domains start with the host is told by links beside their definitions, as with
 * libvirt's drivers (domain/store.h). The first daemon of a boot starts them, a few at a
 * time, while it serves already; a file in run_dir has the boot for which that has been
 * begun. It is written before: a host that they bring down is not brought down again.
 */
#include "domain/autostart.h"

#include "domain/lifecycle.h"
#include "domain/store.h"

#define BEGUN   "autostarted"
#define AT_ONCE 4 /* that are being started */

typedef struct Autostart {
    gatomicrefcount refs;
    Driver *driver;
    GPtrArray *vms;
    gint next; /* atomic; of vms */
} Autostart;

static void autostart_unref(gpointer opaque)
{
    Autostart *all = opaque;

    if (g_atomic_ref_count_dec(&all->refs)) {
        g_ptr_array_unref(all->vms);
        g_free(all);
    }
}

static gboolean is_wanted(Vm *vm)
{
    gboolean wanted;

    g_mutex_lock(&vm->lock);
    wanted = vm->autostart && vm->config && !vm_is_active_locked(vm);
    g_mutex_unlock(&vm->lock);
    return wanted;
}

static void start_one(Vm *vm)
{
    g_autoptr(GError) err = NULL;
    VmStart how = { 0 };

    if (is_wanted(vm) && !vm_start_as_defined(vm, NULL, &how, &err)) {
        g_message("domain '%s' could not be started with the host: %s", vm->name,
                  err->message);
    }
}

static void start_all(gpointer opaque)
{
    Autostart *all = opaque;
    guint i;

    while (!g_atomic_int_get(&all->driver->stopping) &&
           (i = (guint)g_atomic_int_add(&all->next, 1)) < all->vms->len) {
        start_one(all->vms->pdata[i]);
    }
    autostart_unref(all);
}

static void start_late(gpointer opaque)
{
    g_autoptr(Vm) vm = opaque;

    if (!g_atomic_int_get(&vm->driver->stopping)) {
        start_one(vm);
    }
}

/* If that cannot be told, it is not: what a user has shut down stays so. */
static gboolean is_first_of_boot(Driver *driver)
{
    g_autofree char *path = g_build_filename(driver->paths->run_dir, BEGUN, NULL);
    g_autoptr(GError) err = NULL;
    g_autofree char *boot = store_read(path, &err);
    gboolean first = boot ? g_strcmp0(boot, driver->boot_id) != 0
                          : g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT);

    if (first) {
        g_clear_error(&err);
        first = store_write(path, driver->boot_id, &err);
    }
    if (err) {
        g_message("no domain is started with the host: %s", err->message);
    }
    return first;
}

void driver_autostart(Driver *driver)
{
    Autostart *all;

    if (!is_first_of_boot(driver)) {
        return;
    }
    /* First: whatever is read from here on is started by whoever has read it. */
    g_atomic_int_set(&driver->autostarts, TRUE);
    all = g_new0(Autostart, 1);
    g_atomic_ref_count_init(&all->refs);
    all->driver = driver;
    all->vms = registry_list(driver->registry);
    for (guint i = 0; i < AT_ONCE; i++) {
        g_atomic_ref_count_inc(&all->refs);
        rpc_workers_push(driver->workers, FALSE, start_all, all, autostart_unref);
    }
    autostart_unref(all);
}

void driver_autostart_late(Driver *driver, const char *name)
{
    Vm *vm = g_atomic_int_get(&driver->autostarts)
                 ? registry_by_name(driver->registry, name)
                 : NULL;

    if (vm) {
        rpc_workers_push(driver->workers, FALSE, start_late, vm,
                         (GDestroyNotify)vm_unref);
    }
}
