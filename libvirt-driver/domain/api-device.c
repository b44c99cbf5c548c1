/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching, detaching and changing devices: live, in the persistent definition, or both.
 */
#include <string.h>

#include "command/command.h"
#include "domain/api.h"
#include "domain/define.h"
#include "domain/hotplug.h"
#include "domain/impact.h"
#include "domain/media.h"
#include "domain/reconcile.h"

static void take_back(Vm *vm, guint64 run, const char *alias)
{
    g_autoptr(GError) err = NULL;
    gboolean removed;

    if (!vm_remove_device(vm, run, alias, &removed, &err) ||
        (removed && !vm_finish_unplug(vm, run, alias, &err))) {
        g_message("domain '%s': undoing a plug: %s", vm->name, err->message);
    }
}

/* force: what has been forced on the guest is taken back in the same way. */
static void change_back(Vm *vm, guint64 run, const DomainDevice *before, gboolean force)
{
    g_autoptr(DomainDevice) changed = NULL;
    g_autoptr(GError) err = NULL;

    if (!vm_update_device(vm, run, before, before, force, &changed, &err)) {
        g_message("domain '%s': undoing an update: %s", vm->name, err->message);
    }
}

/* What runs may be older, or newer, than the binary is by now. */
static gboolean check_running_emulator(Vm *vm, const DomainDevice *device, GError **errp)
{
    g_autoptr(CommandEmulator) has = NULL;
    g_autoptr(VmDef) def = NULL;

    g_mutex_lock(&vm->lock);
    def = vm_get_def_locked(vm);
    if (vm->run && vm->run->has) {
        has = command_emulator_ref(vm->run->has);
    }
    g_mutex_unlock(&vm->lock);
    return !has || command_check_emulator_device(def->domain, device, has, errp);
}

/* As libvirt: a drive that is there gets the medium. A copy of it, or NULL. */
static DomainDevice *find_drive(const Domain *domain, const DomainDevice *device)
{
    DomainDevice found;

    return device->type == DOMAIN_DEVICE_DISK &&
                   device->disk->device == DOMAIN_DISK_DEVICE_CDROM &&
                   xml_domain_find_device(domain, device, &found, NULL) >= 0 &&
                   found.disk->device == DOMAIN_DISK_DEVICE_CDROM
               ? xml_device_copy(&found)
               : NULL;
}

/* What a plug has done: the new device's alias, or the drive as it was. */
typedef struct Plugged {
    char *alias;
    DomainDevice *drive;
} Plugged;

static void plugged_clear(Plugged *plugged)
{
    g_free(plugged->alias);
    g_clear_pointer(&plugged->drive, xml_device_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plugged, plugged_clear)

static gboolean plug(Vm *vm, guint64 run, DomainDevice *consumed, Plugged *plugged,
                     GError **errp)
{
    g_autoptr(DomainDevice) device = consumed;
    g_autoptr(VmDef) live = vm_get_def(vm);
    g_autoptr(DomainDevice) drive = find_drive(live->domain, device);

    if (!drive) {
        return vm_plug_device(vm, run, g_steal_pointer(&device), &plugged->alias, errp);
    }
    if (!vm_change_medium(vm, run, drive->disk->info.alias, device->disk, FALSE, errp)) {
        return FALSE;
    }
    plugged->drive = g_steal_pointer(&drive);
    return TRUE;
}

static void undo_plug(Vm *vm, guint64 run, const Plugged *plugged)
{
    if (plugged->alias) {
        take_back(vm, run, plugged->alias);
    } else if (plugged->drive) {
        change_back(vm, run, plugged->drive, FALSE);
    }
}

static gboolean attach(Vm *vm, const char *xml, const Impact *impact, GError **errp)
{
    g_autoptr(DomainDevice) device = xml_device_parse(xml, XML_PARSE_INACTIVE, errp);
    g_autoptr(Domain) config = NULL;
    g_autoptr(VmDef) def = NULL;
    g_auto(Plugged) plugged = { 0 };
    gboolean ok;

    def = impact->config ? vm_def_ref(impact->before) : vm_get_def(vm);
    if (!device || !command_complete_device(def->domain, device, errp)) {
        return FALSE;
    }
    /* First what may be refused without touching the guest. */
    if (impact->config) {
        config = xml_domain_copy(impact->before->domain);
        if (!command_can_change(device, TRUE, errp) ||
            !command_check_new(config, device, errp) ||
            !xml_domain_add_device(config, device, NULL, errp) ||
            !command_complete(config, NULL, vm->driver->emulator, errp) ||
            !probe_check(vm->driver->probe, config, NULL, errp)) {
            return FALSE;
        }
    }
    if ((impact->live && !check_running_emulator(vm, device, errp)) ||
        (config && !vm_stage_config(vm, config, errp))) {
        return FALSE;
    }
    ok = !impact->live || plug(vm, impact->run, g_steal_pointer(&device), &plugged, errp);
    ok = vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
    if (!ok) {
        undo_plug(vm, impact->run, &plugged);
    }
    return ok;
}

static gboolean detach(Vm *vm, const char *xml, const Impact *impact, GError **errp)
{
    g_autoptr(DomainDevice) match =
        xml_device_parse(xml, XML_PARSE_STATUS | XML_PARSE_MATCH, errp);
    g_autoptr(Domain) config = NULL;
    gboolean ok;

    if (!match) {
        return FALSE;
    }
    if (impact->config) {
        config = xml_domain_copy(impact->before->domain);
        if (!command_can_change(match, FALSE, errp) ||
            !xml_domain_remove_device(config, match, errp)) {
            return FALSE;
        }
    }
    if (config && !vm_stage_config(vm, config, errp)) {
        return FALSE;
    }
    ok = !impact->live || vm_unplug_device(vm, impact->run, match, errp);
    return vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
}

static gboolean detach_alias(Vm *vm, const char *alias, const Impact *impact,
                             GError **errp)
{
    g_autoptr(Domain) config = NULL;
    DomainDevice device;
    gboolean ok;

    if (impact->config) {
        config = xml_domain_copy(impact->before->domain);
        if (!vm_find_alias(config, alias, &device, errp) ||
            !command_can_change(&device, FALSE, errp) ||
            !xml_domain_remove_device(config, &device, errp)) {
            return FALSE;
        }
    }
    if (config && !vm_stage_config(vm, config, errp)) {
        return FALSE;
    }
    ok = !impact->live || vm_request_unplug(vm, impact->run, alias, errp);
    return vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
}

/* An address that it does not say stays. */
static void keep_place(const Domain *before, const DomainDevice *match,
                       const DomainDevice *device)
{
    DomainDevice old;

    if (xml_device_info(device)->address.type == DOMAIN_ADDRESS_NONE &&
        xml_domain_find_device(before, match, &old, NULL) >= 0) {
        xml_device_adopt_place(device, &old, FALSE);
    }
}

/* In its place, with its address. */
static Domain *replace_device(Vm *vm, const Domain *before, const DomainDevice *match,
                              const DomainDevice *device, GError **errp)
{
    g_autoptr(Domain) config = xml_domain_copy(before);
    g_autoptr(DomainDevice) placed = xml_device_copy(device);

    keep_place(before, match, placed);
    return xml_domain_remove_device(config, match, errp) &&
                   xml_domain_add_device(config, placed, NULL, errp) &&
                   command_complete(config, before, vm->driver->emulator, errp) &&
                   probe_check(vm->driver->probe, config, NULL, errp)
               ? g_steal_pointer(&config)
               : NULL;
}

static gboolean update(Vm *vm, const char *xml, const Impact *impact, GError **errp)
{
    g_autoptr(DomainDevice) match =
        xml_device_parse(xml, XML_PARSE_STATUS | XML_PARSE_MATCH, errp);
    g_autoptr(DomainDevice) device =
        match ? xml_device_parse(xml, XML_PARSE_INACTIVE, errp) : NULL;
    g_autoptr(DomainDevice) before = NULL;
    g_autoptr(Domain) config = NULL;
    g_autoptr(VmDef) def = impact->config ? vm_def_ref(impact->before) : vm_get_def(vm);
    gboolean ok;

    if (!device || !command_can_update(device, impact->live, errp)) {
        return FALSE;
    }
    keep_place(def->domain, match, device);
    if (!command_complete_device(def->domain, device, errp) ||
        (impact->live && !check_running_emulator(vm, device, errp))) {
        return FALSE;
    }
    if (impact->config &&
        !(config = replace_device(vm, impact->before->domain, match, device, errp))) {
        return FALSE;
    }
    if (config && !vm_stage_config(vm, config, errp)) {
        return FALSE;
    }
    ok = !impact->live ||
         vm_update_device(vm, impact->run, match, device, impact->force, &before, errp);
    ok = vm_finish_impact(vm, impact, g_steal_pointer(&config), ok, errp);
    if (!ok && before) {
        change_back(vm, impact->run, before, impact->force);
    }
    return ok;
}

/* what: an XML document, or an alias. */
static gboolean change(RpcCall *call, const RemoteDomain *dom, const char *what,
                       guint32 flags, const char *owner,
                       gboolean (*fn)(Vm *, const char *, const Impact *, GError **),
                       GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    g_auto(Impact) impact = { 0 };
    gboolean ok;

    if (!vm || !vm_begin_job(vm, JOB_MODIFY, owner, errp)) {
        return FALSE;
    }
    impact.force = (flags & VIR_DOMAIN_DEVICE_MODIFY_FORCE) != 0;
    ok = vm_read_impact(vm, flags, &impact, errp) &&
         (!impact.live || vm_reconcile_pending(vm, impact.run, errp)) &&
         fn(vm, what, &impact, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_attach_device(RpcCall *call,
                                     const RemoteDomainAttachDeviceArgs *args,
                                     GError **errp)
{
    return change(call, &args->dom, args->xml, VIR_DOMAIN_AFFECT_LIVE, "attach", attach,
                  errp);
}

gboolean remote_domain_attach_device_flags(RpcCall *call,
                                           const RemoteDomainAttachDeviceFlagsArgs *args,
                                           GError **errp)
{
    return change(call, &args->dom, args->xml, args->flags, "attach", attach, errp);
}

gboolean remote_domain_detach_device(RpcCall *call,
                                     const RemoteDomainDetachDeviceArgs *args,
                                     GError **errp)
{
    return change(call, &args->dom, args->xml, VIR_DOMAIN_AFFECT_LIVE, "detach", detach,
                  errp);
}

gboolean remote_domain_detach_device_flags(RpcCall *call,
                                           const RemoteDomainDetachDeviceFlagsArgs *args,
                                           GError **errp)
{
    return change(call, &args->dom, args->xml, args->flags, "detach", detach, errp);
}

gboolean remote_domain_detach_device_alias(RpcCall *call,
                                           const RemoteDomainDetachDeviceAliasArgs *args,
                                           GError **errp)
{
    return change(call, &args->dom, args->alias, args->flags, "detach", detach_alias,
                  errp);
}

gboolean remote_domain_update_device_flags(RpcCall *call,
                                           const RemoteDomainUpdateDeviceFlagsArgs *args,
                                           GError **errp)
{
    return change(call, &args->dom, args->xml, args->flags, "update", update, errp);
}
