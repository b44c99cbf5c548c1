/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver->define_lock orders whoever changes definitions on disk; it is taken before a
 * VM's lock, and held while files are written, which no reader waits for.
 */
#include "domain/define.h"

#include <string.h>

#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/store.h"

/*
 * The VM with this name and UUID, or a new one, which has domain as its definition of
 * one kind or the other from the moment that others find it. One that was taken out of
 * the registry between lookup and lock is looked up again.
 */
static Vm *find_or_add(Driver *driver, const Domain *domain, gboolean persistent,
                       gboolean *added, GError **errp)
{
    for (;;) {
        g_autoptr(Vm) fresh = vm_new(driver, domain->name, domain->uuid);
        g_autoptr(Vm) vm = NULL;
        gboolean removed;

        *(persistent ? &fresh->config : &fresh->live) =
            vm_def_new(xml_domain_copy(domain));
        vm = registry_add(driver->registry, fresh, added, errp);
        if (!vm) {
            return NULL;
        }
        g_mutex_lock(&vm->lock);
        removed = vm->removed;
        g_mutex_unlock(&vm->lock);
        if (!removed) {
            return g_steal_pointer(&vm);
        }
    }
}

static void set_config(Vm *vm, Domain *domain, int detail)
{
    g_mutex_lock(&vm->lock);
    vm_set_config_locked(vm, vm_def_new(domain));
    if (detail >= 0) {
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

/* With define_lock held. */
static gboolean define_vm(Vm *vm, Domain *domain, gboolean added, GError **errp)
{
    gboolean known;

    g_mutex_lock(&vm->lock);
    known = vm->config != NULL && !added;
    g_mutex_unlock(&vm->lock);
    if (store_config(vm, domain,
                     known ? VIR_DOMAIN_EVENT_DEFINED_UPDATED
                           : VIR_DOMAIN_EVENT_DEFINED_ADDED,
                     errp)) {
        return TRUE;
    }
    if (added) {
        g_mutex_lock(&vm->lock);
        vm_remove_locked(vm);
        g_mutex_unlock(&vm->lock);
    }
    return FALSE;
}

Vm *vm_define(Driver *driver, Domain *domain, GError **errp)
{
    g_autoptr(Domain) owned = domain;
    g_autoptr(Vm) vm = NULL;
    gboolean added, ok;

    g_mutex_lock(&driver->define_lock);
    /* A name or UUID that clashes is refused before anything is written. */
    vm = find_or_add(driver, domain, TRUE, &added, errp);
    ok = vm && define_vm(vm, g_steal_pointer(&owned), added, errp);
    g_mutex_unlock(&driver->define_lock);
    return ok ? g_steal_pointer(&vm) : NULL;
}

Vm *vm_find_or_create(Driver *driver, const Domain *domain, GError **errp)
{
    gboolean added;
    Vm *vm;

    g_mutex_lock(&driver->define_lock);
    vm = find_or_add(driver, domain, FALSE, &added, errp);
    g_mutex_unlock(&driver->define_lock);
    return vm;
}

void vm_discard(Vm *vm)
{
    g_mutex_lock(&vm->driver->define_lock);
    g_mutex_lock(&vm->lock);
    if (!vm->config && !vm_is_active_locked(vm) && !vm->removed) {
        vm_remove_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    g_mutex_unlock(&vm->driver->define_lock);
}

gboolean vm_undefine(Vm *vm, GError **errp)
{
    gboolean persistent, ok = TRUE;

    g_mutex_lock(&vm->driver->define_lock);
    g_mutex_lock(&vm->lock);
    persistent = vm->config != NULL && !vm->removed;
    g_mutex_unlock(&vm->lock);
    if (!persistent) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "cannot undefine transient domain");
    }
    ok = ok && store_remove_config(vm->driver->paths->config_dir, vm->name, errp);
    if (ok) {
        g_mutex_lock(&vm->lock);
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_UNDEFINED,
                                  VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
        if (vm_is_active_locked(vm)) {
            vm_set_config_locked(vm, NULL);
        } else {
            vm_remove_locked(vm);
        }
        g_mutex_unlock(&vm->lock);
    }
    g_mutex_unlock(&vm->driver->define_lock);
    return ok;
}

gboolean vm_save_config(Vm *vm, Domain *domain, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->driver->define_lock);
    ok = store_config(vm, domain, VIR_DOMAIN_EVENT_DEFINED_UPDATED, errp);
    g_mutex_unlock(&vm->driver->define_lock);
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
    same = vm->config == before;
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

    g_mutex_lock(&vm->driver->define_lock);
    ok = commit(vm, before, errp);
    if (ok) {
        set_config(vm, g_steal_pointer(&owned), VIR_DOMAIN_EVENT_DEFINED_UPDATED);
    } else {
        vm_unstage_config(vm);
    }
    g_mutex_unlock(&vm->driver->define_lock);
    return ok;
}
