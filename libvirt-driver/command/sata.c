/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SATA: controllers with six ports each, and the drives on them. */
#include <string.h>

#include "command/kind.h"

#define PORTS COMMAND_SATA_PORTS

static gboolean has_controller(const Domain *domain, guint index)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_SATA && controller->index == index) {
            return TRUE;
        }
    }
    return FALSE;
}

/* As libvirt: the machine's own is in each definition, and so are those of its drives. */
void command_add_sata(Domain *domain)
{
    guint count = command_machine(domain->machine)->sata ? 1 : 0;

    for (guint i = 0; count && i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];
        const DomainAddress *address = &disk->info.address;

        if (disk->bus == DOMAIN_DISK_BUS_SATA && address->type == DOMAIN_ADDRESS_DRIVE &&
            address->drive.controller < COMMAND_SATA_CONTROLLERS) {
            count = MAX(count, address->drive.controller + 1);
        }
    }
    for (guint i = 0; i < count; i++) {
        if (!has_controller(domain, i)) {
            xml_domain_add_controller(domain, DOMAIN_CONTROLLER_SATA, i,
                                      DOMAIN_CONTROLLER_MODEL_DEFAULT);
        }
    }
}

gboolean command_complete_sata(const CommandMachine *machine, DomainController *device,
                               GError **errp)
{
    DomainAddress *address = &device->info.address;

    if (!machine->sata) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "element <devices/controller type='sata'> is not supported "
                             "by machine '%s'",
                             machine->name);
    }
    if (device->index >= COMMAND_SATA_CONTROLLERS) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "index='%u' of element <devices/controller type='sata'>: "
                             "there are at most %u",
                             device->index, COMMAND_SATA_CONTROLLERS);
    }
    if (device->index == 0 && !command_pci_is_placed(address)) {
        *address = (DomainAddress){ .type = DOMAIN_ADDRESS_PCI, .slot = address->slot };
        address->pci.slot = COMMAND_SATA_SLOT;
        address->pci.function = COMMAND_SATA_FUNCTION;
    }
    return device->index != 0 ||
           (!address->pci.domain && !address->pci.bus &&
            address->pci.slot == COMMAND_SATA_SLOT &&
            address->pci.function == COMMAND_SATA_FUNCTION) ||
           rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                         "Primary SATA controller must have PCI address 0:0:1f.2");
}

/* Without an address it is the one that its name's letters say. */
gboolean command_complete_drive(const CommandMachine *machine, DomainDisk *disk,
                                GError **errp)
{
    DomainAddress *address = &disk->info.address;
    guint number = xml_disk_index(disk);

    if (!machine->sata) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "attribute bus='sata' of element <devices/disk/target> of "
                             "disk %s is not supported by machine '%s'",
                             disk->target, machine->name);
    }
    if (disk->iothread) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "IOThreads not available for bus sata target %s",
                             disk->target);
    }
    if (address->type == DOMAIN_ADDRESS_NONE) {
        address->type = DOMAIN_ADDRESS_DRIVE;
        address->drive.controller = number / PORTS;
        address->drive.bus = address->drive.target = 0;
        address->drive.unit = number % PORTS;
    }
    if (address->drive.bus || address->drive.target) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "%s must be 0 for sata controller: disk %s",
                             address->drive.bus ? "bus" : "target", disk->target);
    }
    if (address->drive.unit >= PORTS ||
        address->drive.controller >= COMMAND_SATA_CONTROLLERS) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "address of disk %s: controller='%u' unit='%u' is no port "
                             "of a SATA controller",
                             disk->target, address->drive.controller,
                             address->drive.unit);
    }
    return TRUE;
}

static gboolean same_port(const DomainAddress *a, const DomainAddress *b)
{
    return a->drive.controller == b->drive.controller && a->drive.unit == b->drive.unit;
}

gboolean command_check_drives(const Domain *domain, GError **errp)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];
        const DomainAddress *address = &disk->info.address;

        for (guint n = 0; n < i && disk->bus == DOMAIN_DISK_BUS_SATA; n++) {
            const DomainDisk *other = domain->disks->pdata[n];

            if (other->bus == DOMAIN_DISK_BUS_SATA &&
                same_port(address, &other->info.address)) {
                return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                     "Found duplicate drive address for disk with "
                                     "target name '%s' controller='%u' bus='%u' "
                                     "target='%u' unit='%u'",
                                     disk->target, address->drive.controller,
                                     address->drive.bus, address->drive.target,
                                     address->drive.unit);
            }
        }
    }
    return TRUE;
}

char *command_drive_alias(const DomainDisk *disk)
{
    const DomainAddress *address = &disk->info.address;

    return g_strdup_printf("sata%u-%u-%u", address->drive.controller, address->drive.bus,
                           address->drive.unit);
}

/* The machine's own buses have names of their own. */
JsonObject *command_drive_device(const DomainDisk *disk)
{
    const DomainAddress *address = &disk->info.address;
    g_autofree char *bus =
        address->drive.controller
            ? g_strdup_printf("sata%u.%u", address->drive.controller, address->drive.unit)
            : g_strdup_printf("ide.%u", address->drive.unit);
    JsonObject *device = util_json_pair("driver", command_drive_driver(disk));

    json_object_set_string_member(device, "bus", bus);
    json_object_set_string_member(device, "id", disk->info.alias);
    return device;
}

const char *command_drive_driver(const DomainDisk *disk)
{
    return disk->device == DOMAIN_DISK_DEVICE_CDROM ? "ide-cd" : "ide-hd";
}
