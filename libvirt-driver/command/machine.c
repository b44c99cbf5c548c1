/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a microvm adds to a definition, and what it cannot have. */
#include <string.h>

#include "command/command.h"
#include "rpc/error.h"

#define MEMORY_GRAIN_KIB 1024u

static gboolean unsupported(GError **errp, const char *element, const char *value,
                            const char *reason)
{
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED, "<%s> '%.100s': %s", element,
                         value, reason);
}

static gboolean complete_machine(Domain *domain, GError **errp)
{
    if (!domain->machine || strcmp(domain->machine, COMMAND_MACHINE_ALIAS) == 0) {
        g_free(domain->machine);
        domain->machine = g_strdup(COMMAND_MACHINE_MICROVM);
    }
    if (strcmp(domain->machine, COMMAND_MACHINE_MICROVM) != 0) {
        return unsupported(errp, "domain/os/type machine", domain->machine,
                           "vireo's machine is " COMMAND_MACHINE_MICROVM
                           " (or its alias " COMMAND_MACHINE_ALIAS ")");
    }
    /* A guest that powers off is reset, and a reset would end it. */
    if (domain->on_poweroff == DOMAIN_LIFECYCLE_RESTART &&
        domain->on_reboot == DOMAIN_LIFECYCLE_DESTROY) {
        return unsupported(errp, "domain/on_poweroff", "restart",
                           "not together with <on_reboot> 'destroy'");
    }
    if (!domain->kernel) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "missing element <domain/os/kernel>: machine '%s' has no "
                             "firmware that could boot a disk",
                             domain->machine);
    }
    if (!domain->acpi) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "missing element <domain/features/acpi>: a guest finds the "
                             "devices of machine '%s' through ACPI; add "
                             "<features><acpi/></features>",
                             domain->machine);
    }
    return TRUE;
}

static void complete_cpu(Domain *domain)
{
    if (domain->cpu_mode == DOMAIN_CPU_DEFAULT) {
        domain->cpu_mode = DOMAIN_CPU_HOST_PASSTHROUGH;
    }
    if (domain->cpu_check == DOMAIN_CPU_CHECK_DEFAULT) {
        domain->cpu_check = DOMAIN_CPU_CHECK_NONE;
    }
    if (domain->cpu_migratable == DOMAIN_TRISTATE_ABSENT) {
        domain->cpu_migratable = DOMAIN_TRISTATE_YES;
    }
}

static gboolean complete_memory(Domain *domain, GError **errp)
{
    guint64 rounded;

    if (__builtin_add_overflow(domain->memory, MEMORY_GRAIN_KIB - 1, &rounded) ||
        rounded > G_MAXINT64 / 1024) {
        return rpc_error_set(errp, VIR_ERR_OVERFLOW,
                             "<domain/memory> of %" G_GUINT64_FORMAT " KiB is too large",
                             domain->memory);
    }
    rounded -= rounded % MEMORY_GRAIN_KIB;
    domain->memory = domain->current_memory = rounded;
    return TRUE;
}

gboolean command_complete_device(const DomainDevice *device, GError **errp)
{
    DomainDeviceInfo *info = xml_device_info(device);

    if (device->type == DOMAIN_DEVICE_SERIAL) {
        if (device->serial->port >= COMMAND_SERIAL_PORTS) {
            g_autofree char *port = g_strdup_printf("%u", device->serial->port);
            return unsupported(errp, "devices/serial/target port", port,
                               "the machine has 4 serial ports");
        }
        return TRUE;
    }
    if (device->type == DOMAIN_DEVICE_INTERFACE) {
        device->interface->model = DOMAIN_INTERFACE_MODEL_VIRTIO;
    }
    info->address = DOMAIN_ADDRESS_VIRTIO_MMIO;
    return TRUE;
}

gboolean command_complete(Domain *domain, const char *emulator, GError **errp)
{
    guint virtio = domain->disks->len + domain->interfaces->len + domain->rngs->len;

    if (!complete_machine(domain, errp) || !complete_memory(domain, errp)) {
        return FALSE;
    }
    complete_cpu(domain);
    if (!domain->emulator) {
        domain->emulator = g_strdup(emulator);
    }
    if (domain->vcpus > COMMAND_VCPUS_MAX) {
        g_autofree char *vcpus = g_strdup_printf("%u", domain->vcpus);
        return unsupported(errp, "domain/vcpu", vcpus,
                           "the machine has at most 254 vCPUs");
    }
    if (virtio > COMMAND_VIRTIO_SLOTS) {
        g_autofree char *count = g_strdup_printf("%u", virtio);
        return unsupported(errp, "devices", count,
                           "the machine has 24 slots for virtio devices");
    }
    for (DomainDeviceType type = DOMAIN_DEVICE_DISK; type <= DOMAIN_DEVICE_RNG; type++) {
        GPtrArray *arrays[] = { domain->disks, domain->interfaces, domain->serials,
                                domain->rngs };
        for (guint i = 0; i < arrays[type]->len; i++) {
            DomainDevice device = { .type = type, .any = arrays[type]->pdata[i] };
            if (!command_complete_device(&device, errp)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean command_check_migration_safe(const Domain *domain, GError **errp)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        if (!disk->readonly && disk->cache != DOMAIN_DISK_CACHE_NONE &&
            disk->cache != DOMAIN_DISK_CACHE_DIRECTSYNC) {
            return rpc_error_set(
                errp, VIR_ERR_MIGRATE_UNSAFE,
                "Migration may lead to data corruption if disks use cache "
                "other than none or directsync: disk %s has cache='%s'",
                disk->target, xml_disk_cache_names[disk->cache]);
        }
    }
    return TRUE;
}
