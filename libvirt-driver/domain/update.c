/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a device of a VM that runs. */
#include "command/command.h"
#include "domain/hotplug.h"
#include "domain/media.h"

static gboolean is_drive(const DomainDevice *device)
{
    return device->type == DOMAIN_DEVICE_DISK &&
           device->disk->device == DOMAIN_DISK_DEVICE_CDROM;
}

/* All that is not a medium; domain is changed, and not published. */
static gboolean update_fields(const DomainDevice *device, const DomainDevice *to,
                              GError **errp)
{
    return command_check_update(device, to, errp) && xml_device_update(device, to, errp);
}

/* In the emulator, and then on the host; or in neither. */
static gboolean make_true(Vm *vm, guint64 run, const Domain *domain,
                          const DomainDevice *was, const DomainDevice *device,
                          GError **errp)
{
    g_autoptr(GPtrArray) steps = command_update_steps(was, device);
    CommandHost host = vm_host(vm);

    if (!vm_run_steps(vm, run, steps, errp)) {
        return FALSE;
    }
    if (!command_update_live(&host, domain, was, device, errp)) {
        vm_undo_steps(vm, run, steps);
        return FALSE;
    }
    return TRUE;
}

/* If the domain has ended: what was changed has gone with it, but for what others keep.
 */
static gboolean publish(Vm *vm, guint64 run, Domain *domain, const DomainDevice *was,
                        const DomainDevice *device, GError **errp)
{
    g_autoptr(DomainDevice) now = xml_device_copy(device);
    CommandHost host = vm_host(vm);

    if (vm_publish_live(vm, run, domain, errp)) {
        return TRUE;
    }
    command_forget_update(&host, was, now);
    return FALSE;
}

static gboolean update(Vm *vm, guint64 run, Domain *consumed, const DomainDevice *device,
                       const DomainDevice *to, GError **errp)
{
    g_autoptr(Domain) domain = consumed;
    g_autoptr(DomainDevice) was = xml_device_copy(device);

    return update_fields(device, to, errp) &&
           make_true(vm, run, domain, was, device, errp) &&
           publish(vm, run, g_steal_pointer(&domain), was, device, errp);
}

/*
 * What may be refused comes first, on a copy; what else is changed follows when the
 * medium is in: a guest that keeps its tray shut gets nothing of it.
 */
static gboolean update_drive(Vm *vm, guint64 run, Domain *consumed,
                             const DomainDevice *device, const DomainDevice *to,
                             gboolean force, GError **errp)
{
    G_GNUC_UNUSED g_autoptr(Domain) owned = consumed; /* until the end */
    g_autoptr(Domain) now = NULL;
    g_autoptr(DomainDevice) fields = xml_device_copy(to),
                            medium = xml_device_copy(device);
    g_autofree char *alias = g_strdup(xml_device_info(device)->alias);
    g_autoptr(VmDef) def = NULL;
    DomainDevice drive;

    xml_disk_swap_source(medium->disk, fields->disk);
    if (!update_fields(device, fields, errp) ||
        !vm_change_medium(vm, run, alias, medium->disk, force, errp)) {
        return FALSE;
    }
    def = vm_get_def(vm);
    now = xml_domain_copy(def->domain);
    if (!vm_find_alias(now, alias, &drive, errp)) {
        return FALSE;
    }
    g_clear_pointer(&medium, xml_device_free);
    medium = xml_device_copy(&drive);
    xml_disk_swap_source(medium->disk, fields->disk);
    return update(vm, run, g_steal_pointer(&now), &drive, fields, errp);
}

gboolean vm_update_device(Vm *vm, guint64 run, const DomainDevice *match,
                          const DomainDevice *to, gboolean force, DomainDevice **before,
                          GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    g_autoptr(DomainDevice) was = NULL;
    DomainDevice device;
    gboolean ok;

    if (xml_domain_find_device(domain, match, &device, errp) < 0) {
        return FALSE;
    }
    was = xml_device_copy(&device);
    ok = is_drive(&device) && is_drive(to) && !vm_same_medium(device.disk, to->disk)
             ? update_drive(vm, run, g_steal_pointer(&domain), &device, to, force, errp)
             : update(vm, run, g_steal_pointer(&domain), &device, to, errp);
    if (ok) {
        *before = g_steal_pointer(&was);
    }
    return ok;
}
