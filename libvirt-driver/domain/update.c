/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a device of a VM that runs. */
#include "command/command.h"
#include "domain/hotplug.h"

gboolean vm_update_device(Vm *vm, guint64 run, const DomainDevice *match,
                          const DomainDevice *to, DomainDevice **before, GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    g_autoptr(DomainDevice) was = NULL;
    DomainDevice device;

    if (xml_domain_find_device(domain, match, &device, errp) < 0) {
        return FALSE;
    }
    was = xml_device_copy(&device);
    if (!command_check_update(&device, to, errp) ||
        !xml_device_update(&device, to, errp) ||
        !command_update_live(was, &device, errp)) {
        return FALSE;
    }
    if (!vm_publish_live(vm, run, g_steal_pointer(&domain), errp)) {
        return FALSE; /* the domain has ended: what was changed has gone with it */
    }
    *before = g_steal_pointer(&was);
    return TRUE;
}
