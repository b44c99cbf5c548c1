/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's name is constant, so that everybody can read it. One that is renamed makes room
 * for another with its UUID and definition. Both names are taken until the files have the
 * new one, and so is the new VM's job: who has found it already waits.
 */
#include "domain/define.h"
#include "domain/event.h"
#include "domain/firmware.h"
#include "domain/lifecycle.h"
#include "domain/store.h"

/* The definition to be renamed; a reference, or NULL with the reason why it is not. */
static VmDef *check(Vm *vm, GError **errp)
{
    VmDef *def = NULL;

    g_mutex_lock(&vm->lock);
    if (vm_is_active_locked(vm)) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "cannot rename active domain");
    } else if (!vm->config || vm->unwritten) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "cannot rename a transient domain");
    } else {
        def = vm_def_ref(vm->config);
    }
    g_mutex_unlock(&vm->lock);
    return def;
}

/* Variables that are where they are for the name's sake go with it. */
static void rename_nvram(const DriverPaths *paths, Domain *domain, const char *name)
{
    g_autofree char *usual = firmware_nvram_path(paths, domain->name);

    if (g_strcmp0(domain->nvram, usual) == 0) {
        g_free(domain->nvram);
        domain->nvram = firmware_nvram_path(paths, name);
    }
}

/* Parsed anew, which checks the name. */
static Domain *renamed(const DriverPaths *paths, const Domain *before, const char *name,
                       GError **errp)
{
    g_autoptr(Domain) copy = xml_domain_copy(before);
    g_autofree char *text = NULL;

    rename_nvram(paths, copy, name);
    g_free(copy->name);
    copy->name = g_strdup(name);
    text = xml_domain_format(copy,
                             XML_FORMAT_INACTIVE | XML_FORMAT_SECURE | XML_FORMAT_STORED);
    return xml_domain_parse(text, XML_PARSE_STORED, errp);
}

/* The file that @vm's definition has and the other's has not. */
static const char *moved_nvram(const Vm *vm, const Vm *other)
{
    const char *own = firmware_nvram(vm->config->domain);

    return g_strcmp0(own, firmware_nvram(other->config->domain)) != 0 ? own : NULL;
}

/* Each name has its link while the definition may be found by it after a crash. */
static gboolean move_files(Vm *vm, Vm *fresh, GError **errp)
{
    const char *dir = vm->driver->paths->config_dir;
    g_autoptr(GError) err = NULL;

    const char *from = moved_nvram(vm, fresh), *to = moved_nvram(fresh, vm);

    if (!store_set_autostart(dir, fresh->name, fresh->autostart, errp)) {
        return FALSE;
    }
    if (!firmware_link(from, to, errp) ||
        !store_rename_config(dir, vm->config->domain, fresh->config->domain, errp)) {
        firmware_unlink(to, from);
        store_set_autostart(dir, fresh->name, FALSE, NULL);
        return FALSE;
    }
    firmware_unlink(from, to);
    if (!store_set_autostart(dir, vm->name, FALSE, &err)) {
        g_message("%s", err->message); /* it leads nowhere */
    }
    return TRUE;
}

static void replace(Vm *vm, Vm *fresh)
{
    g_mutex_lock(&vm->lock);
    vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_UNDEFINED,
                              VIR_DOMAIN_EVENT_UNDEFINED_RENAMED);
    registry_replace(vm->driver->registry, vm, fresh);
    vm_remove_locked(vm);
    g_mutex_unlock(&vm->lock);
    g_mutex_lock(&fresh->lock);
    vm_event_lifecycle_locked(fresh, VIR_DOMAIN_EVENT_DEFINED,
                              VIR_DOMAIN_EVENT_DEFINED_RENAMED);
    g_mutex_unlock(&fresh->lock);
}

/* Consumes domain, the new definition. */
static gboolean rename_to(Vm *vm, Domain *domain, GError **errp)
{
    g_autoptr(Vm) fresh = vm_new(vm->driver, domain->name, domain->uuid);
    gboolean ok;

    fresh->config = vm_def_new(domain);
    g_mutex_lock(&vm->lock);
    fresh->autostart = vm->autostart;
    fresh->reason = vm->reason;
    fresh->max_speed = vm->max_speed;
    g_mutex_unlock(&vm->lock);
    if (!vm_begin_job(fresh, JOB_MODIFY, "rename", errp)) {
        return FALSE;
    }
    ok = registry_reserve(vm->driver->registry, fresh, errp) &&
         vm_check_unread(fresh, errp) && move_files(vm, fresh, errp);
    if (ok) {
        replace(vm, fresh);
    } else {
        g_mutex_lock(&fresh->lock);
        vm_remove_locked(fresh);
        g_mutex_unlock(&fresh->lock);
    }
    vm_end_job(fresh);
    return ok;
}

gboolean vm_rename(Vm *vm, const char *name, GError **errp)
{
    g_autoptr(VmDef) before = NULL;
    g_autoptr(Domain) domain = NULL;
    gboolean ok;

    if (!vm_begin_define(vm, errp)) {
        return FALSE;
    }
    before = check(vm, errp);
    domain = before ? renamed(vm->driver->paths, before->domain, name, errp) : NULL;
    ok = domain && rename_to(vm, g_steal_pointer(&domain), errp);
    vm_end_define(vm);
    return ok;
}
