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

/* All that is not a medium. */
static gboolean update(Vm *vm, guint64 run, Domain *consumed, const DomainDevice *device,
                       const DomainDevice *to, GError **errp)
{
    g_autoptr(Domain) domain = consumed;
    g_autoptr(DomainDevice) was = xml_device_copy(device);

    return command_check_update(device, to, errp) &&
           xml_device_update(device, to, errp) &&
           command_update_live(was, device, errp) &&
           /* If the domain has ended: what was changed has gone with it. */
           vm_publish_live(vm, run, g_steal_pointer(&domain), errp);
}

gboolean vm_update_device(Vm *vm, guint64 run, const DomainDevice *match,
                          const DomainDevice *to, gboolean force, DomainDevice **before,
                          GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    g_autoptr(DomainDevice) was = NULL, wanted = xml_device_copy(to), medium = NULL;
    g_autofree char *alias = NULL;
    DomainDevice device;

    if (xml_domain_find_device(domain, match, &device, errp) < 0) {
        return FALSE;
    }
    was = xml_device_copy(&device);
    alias = g_strdup(xml_device_info(&device)->alias);
    if (is_drive(&device) && is_drive(to) && !vm_same_medium(device.disk, to->disk)) {
        medium = xml_device_copy(&device);
        xml_disk_swap_source(medium->disk, wanted->disk);
    }
    if (!update(vm, run, g_steal_pointer(&domain), &device, wanted, errp) ||
        (medium && !vm_change_medium(vm, run, alias, medium->disk, force, errp))) {
        return FALSE;
    }
    *before = g_steal_pointer(&was);
    return TRUE;
}
