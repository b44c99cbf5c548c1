/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm->define_lock orders whoever changes a VM's definition on disk; it is taken before
 * the VM's lock, and held while files are written, which no reader and no other VM waits
 * for. While it is held, the VM stays in the registry: a transient one that ends
 * meanwhile is removed, or is not, by whoever defines it.
 */
#include "domain/define.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "domain/event.h"
#include "domain/firmware.h"
#include "domain/lifecycle.h"
#include "domain/store.h"

#define NO_EVENT (-1) /* instead of a virDomainEventDefinedDetailType */

Vm *vm_find_or_add(Driver *driver, const Domain *domain, VmAdd as, gboolean *added,
                   GError **errp)
{
    g_autoptr(Vm) fresh = vm_new(driver, domain->name, domain->uuid);

    if (as != VM_ADD_BARE) {
        *(as == VM_ADD_CONFIG ? &fresh->config : &fresh->live) =
            vm_def_new(xml_domain_copy(domain));
        fresh->unwritten = as == VM_ADD_CONFIG;
    }
    return registry_add(driver->registry, fresh, added, errp);
}

/* The same without an error. */
static gboolean begin_define(Vm *vm)
{
    gboolean removed;

    g_mutex_lock(&vm->define_lock);
    g_mutex_lock(&vm->lock);
    removed = vm->removed;
    vm->defining = !removed;
    g_mutex_unlock(&vm->lock);
    if (removed) {
        g_mutex_unlock(&vm->define_lock);
    }
    return !removed;
}

gboolean vm_begin_define(Vm *vm, GError **errp)
{
    return begin_define(vm) ||
           rpc_error_set(errp, VIR_ERR_NO_DOMAIN, "domain '%s' is gone", vm->name);
}

/* If the VM has ended meanwhile, it is one that is shut off, or it goes now. */
void vm_end_define(Vm *vm)
{
    g_mutex_lock(&vm->lock);
    vm->defining = FALSE;
    if (!vm_is_active_locked(vm) && !vm->removed && vm->live) {
        vm_forget_live_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    g_mutex_unlock(&vm->define_lock);
}

/* Whether it has a definition in a file. With define_lock held. */
static gboolean is_written(Vm *vm)
{
    gboolean written;

    g_mutex_lock(&vm->lock);
    written = vm->config && !vm->unwritten;
    g_mutex_unlock(&vm->lock);
    return written;
}

static void set_config(Vm *vm, Domain *domain, int detail)
{
    g_mutex_lock(&vm->lock);
    vm_set_config_locked(vm, vm_def_new(domain));
    if (detail != NO_EVENT) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_DEFINED, detail);
    }
    g_mutex_unlock(&vm->lock);
}

static gboolean store_config(Vm *vm, Domain *domain, int detail, GError **errp)
{
    g_autoptr(Domain) owned = domain;

    if (!store_save_config(vm->driver->paths->config_dir, domain, errp)) {
        return FALSE;
    }
    set_config(vm, g_steal_pointer(&owned), detail);
    return TRUE;
}

gboolean vm_check_unread(Vm *vm, GError **errp)
{
    g_autofree char *path = store_path(vm->driver->paths->config_dir, vm->name, ".xml");
    struct stat st;

    return (lstat(path, &st) < 0 && errno == ENOENT) ||
           rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                         "'%s' is there already, but could not be read when the daemon "
                         "started; see its log",
                         path);
}

/* No file or link has that name, which would be its own then. With define_lock held. */
static gboolean check_first(Vm *vm, GError **errp)
{
    return vm_check_unread(vm, errp) &&
           store_set_autostart(vm->driver->paths->config_dir, vm->name, FALSE, errp);
}

/* A first definition that could not be written is none. With define_lock held. */
static void forget_unwritten(Vm *vm)
{
    g_mutex_lock(&vm->lock);
    if (vm->unwritten && vm_is_active_locked(vm)) {
        vm_set_config_locked(vm, NULL);
    } else if (vm->unwritten) {
        vm_remove_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
}

/* With define_lock held. */
static gboolean define_vm(Vm *vm, Domain *domain, int *detail, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    gboolean known = is_written(vm);
    int event;

    g_mutex_lock(&vm->lock);
    event =
        vm->unwritten ? VIR_DOMAIN_EVENT_DEFINED_ADDED : VIR_DOMAIN_EVENT_DEFINED_UPDATED;
    g_mutex_unlock(&vm->lock);
    if (detail) { /* it became persistent by a migration */
        *detail =
            known ? VIR_DOMAIN_EVENT_DEFINED_UPDATED : VIR_DOMAIN_EVENT_DEFINED_ADDED;
        event = NO_EVENT;
    }
    if ((known || check_first(vm, errp)) &&
        store_config(vm, g_steal_pointer(&owned), event, errp)) {
        return TRUE;
    }
    forget_unwritten(vm);
    return FALSE;
}

Vm *vm_define(Driver *driver, Domain *domain, int *detail, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    g_autoptr(Vm) vm = NULL;
    gboolean added, ok;

    do {
        g_clear_pointer(&vm, vm_unref);
        /* A name or UUID that clashes is refused before anything is written. */
        vm = vm_find_or_add(driver, domain, VM_ADD_CONFIG, &added, errp);
        if (!vm) {
            return NULL;
        }
    } while (!begin_define(vm));
    ok = define_vm(vm, g_steal_pointer(&owned), detail, errp);
    vm_end_define(vm);
    return ok ? g_steal_pointer(&vm) : NULL;
}

static void load_autostart(Vm *vm)
{
    gboolean autostart = store_is_autostart(vm->driver->paths->config_dir, vm->name);

    g_mutex_lock(&vm->lock);
    vm->autostart = autostart;
    g_mutex_unlock(&vm->lock);
}

gboolean vm_define_loaded(Driver *driver, Domain *domain, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    g_autoptr(Vm) vm = NULL;
    gboolean added;

    do {
        g_clear_pointer(&vm, vm_unref);
        vm = vm_find_or_add(driver, domain, VM_ADD_CONFIG, &added, errp);
        if (!vm) {
            return FALSE;
        }
    } while (!begin_define(vm));
    if (!is_written(vm)) { /* nobody has defined it meanwhile */
        load_autostart(vm);
        set_config(vm, g_steal_pointer(&owned), VIR_DOMAIN_EVENT_DEFINED_ADDED);
    }
    vm_end_define(vm);
    return TRUE;
}

Vm *vm_find_or_create(Driver *driver, const Domain *domain, GError **errp)
{
    gboolean added;

    return vm_find_or_add(driver, domain, VM_ADD_LIVE, &added, errp);
}

gboolean vm_discard(Vm *vm)
{
    gboolean removed;

    g_mutex_lock(&vm->lock);
    if (!vm_is_active_locked(vm) && !vm->config && !vm->defining && !vm->removed &&
        !job_slot_is_taken(&vm->job)) {
        vm_remove_locked(vm);
    }
    removed = vm->removed;
    g_mutex_unlock(&vm->lock);
    return removed;
}

static gboolean set_autostart(Vm *vm, gboolean on, GError **errp)
{
    if (!is_written(vm)) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "cannot set autostart for transient domain");
    }
    if (!store_set_autostart(vm->driver->paths->config_dir, vm->name, on, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm->autostart = on;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

/* The link first: it would be one to the next definition of that name. */
static gboolean remove_config(Vm *vm, gboolean autostart, GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (!set_autostart(vm, FALSE, errp)) {
        return FALSE;
    }
    if (store_remove_config(vm->driver->paths->config_dir, vm->name, errp)) {
        return TRUE;
    }
    if (autostart && !set_autostart(vm, TRUE, &err)) {
        g_message("domain '%s' does not start with the host any more: %s", vm->name,
                  err->message);
    }
    return FALSE;
}

/* What cannot be made again goes last: an undefine that fails has lost nothing. */
static gboolean undefine(Vm *vm, guint32 flags, GError **errp)
{
    g_autoptr(VmDef) config = NULL;
    gboolean autostart, nvram;

    if (!is_written(vm)) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "cannot undefine transient domain");
    }
    g_mutex_lock(&vm->lock);
    config = vm_def_ref(vm->config);
    autostart = vm->autostart;
    g_mutex_unlock(&vm->lock);
    if (!firmware_check_undefine(config->domain, flags, &nvram, errp) ||
        !remove_config(vm, autostart, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_UNDEFINED,
                              VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
    if (vm_is_active_locked(vm)) {
        vm_set_config_locked(vm, NULL);
    } else {
        vm_remove_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    return !nvram || firmware_remove(config->domain, errp);
}

gboolean vm_undefine(Vm *vm, guint32 flags, GError **errp)
{
    gboolean ok;

    if (!vm_begin_define(vm, errp)) {
        return FALSE;
    }
    ok = undefine(vm, flags, errp);
    vm_end_define(vm);
    return ok;
}

gboolean vm_set_autostart(Vm *vm, gboolean on, GError **errp)
{
    gboolean ok;

    if (!vm_begin_define(vm, errp)) {
        return FALSE;
    }
    ok = set_autostart(vm, on, errp);
    vm_end_define(vm);
    return ok;
}

gboolean vm_save_config(Vm *vm, Domain *domain, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    gboolean ok;

    if (!vm_begin_define(vm, errp)) {
        return FALSE;
    }
    ok = store_config(vm, g_steal_pointer(&owned), NO_EVENT, errp);
    vm_end_define(vm);
    return ok;
}

gboolean vm_stage_config(Vm *vm, const Domain *domain, GError **errp)
{
    return store_stage_config(vm->driver->paths->config_dir, domain, errp);
}

void vm_unstage_config(Vm *vm)
{
    store_unstage_config(vm->driver->paths->config_dir, vm->name);
}

/* With define_lock held. */
static gboolean commit(Vm *vm, const VmDef *before, GError **errp)
{
    gboolean same;

    g_mutex_lock(&vm->lock);
    same = vm->config == before && !vm->unwritten;
    g_mutex_unlock(&vm->lock);
    if (!same) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                             "the persistent definition of domain '%s' has been changed "
                             "meanwhile",
                             vm->name);
    }
    return store_commit_config(vm->driver->paths->config_dir, vm->name, errp);
}

gboolean vm_commit_config(Vm *vm, const VmDef *before, Domain *domain, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    gboolean ok;

    if (!vm_begin_define(vm, errp)) {
        vm_unstage_config(vm);
        return FALSE;
    }
    ok = commit(vm, before, errp);
    if (ok) {
        set_config(vm, g_steal_pointer(&owned), NO_EVENT);
    } else {
        vm_unstage_config(vm);
    }
    vm_end_define(vm);
    return ok;
}
