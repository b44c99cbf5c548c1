/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a guest can go on under another definition: what it sees must be equal. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

static gboolean differs(const char *what, const char *from, const char *to, GError **errp)
{
    g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                "Target %s '%s' does not match source '%s'", what, to ? to : "",
                from ? from : "");
    return FALSE;
}

static gboolean same_string(const char *what, const char *from, const char *to,
                            GError **errp)
{
    return g_strcmp0(from, to) == 0 || differs(what, from, to, errp);
}

static gboolean same_number(const char *what, guint64 from, guint64 to, GError **errp)
{
    g_autofree char *a = g_strdup_printf("%" G_GUINT64_FORMAT, from);
    g_autofree char *b = g_strdup_printf("%" G_GUINT64_FORMAT, to);

    return from == to || differs(what, a, b, errp);
}

static gboolean same_info(const char *device, const DomainDeviceInfo *from,
                          const DomainDeviceInfo *to, GError **errp)
{
    g_autofree char *alias = g_strdup_printf("alias of %s", device);
    g_autofree char *slot = g_strdup_printf("virtio-mmio slot of %s", device);

    return (!from->alias || !to->alias ||
            same_string(alias, from->alias, to->alias, errp)) &&
           (from->slot == DOMAIN_SLOT_NONE || to->slot == DOMAIN_SLOT_NONE ||
            same_number(slot, from->slot, to->slot, errp));
}

static gboolean same_disk(const DomainDisk *from, const DomainDisk *to, GError **errp)
{
    return same_string("disk target", from->target, to->target, errp) &&
           same_number("disk bus", from->bus, to->bus, errp) &&
           same_string("disk serial", from->serial, to->serial, errp) &&
           same_number("disk readonly", from->readonly, to->readonly, errp) &&
           same_info(from->target, &from->info, &to->info, errp);
}

static gboolean same_interface(const DomainInterface *from, const DomainInterface *to,
                               GError **errp)
{
    char a[18], b[18];

    xml_mac_format(from->mac, a);
    xml_mac_format(to->mac, b);
    return same_string("interface MAC address", a, b, errp) &&
           same_info(a, &from->info, &to->info, errp);
}

static gboolean same_serial(const DomainSerial *from, const DomainSerial *to,
                            GError **errp)
{
    return same_number("serial port", from->port, to->port, errp) &&
           same_info("serial port", &from->info, &to->info, errp);
}

static gboolean same_devices(const Domain *from, const Domain *to, DomainDeviceType type,
                             GError **errp)
{
    GPtrArray *a = xml_domain_devices(from, type), *b = xml_domain_devices(to, type);
    g_autofree char *count =
        g_strdup_printf("number of %s devices", xml_device_type_name(type));

    if (!same_number(count, a->len, b->len, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < a->len; i++) {
        const DomainRng *rng_a = a->pdata[i], *rng_b = b->pdata[i];
        gboolean same = type == DOMAIN_DEVICE_DISK
                            ? same_disk(a->pdata[i], b->pdata[i], errp)
                        : type == DOMAIN_DEVICE_INTERFACE
                            ? same_interface(a->pdata[i], b->pdata[i], errp)
                        : type == DOMAIN_DEVICE_SERIAL
                            ? same_serial(a->pdata[i], b->pdata[i], errp)
                            : same_info("rng", &rng_a->info, &rng_b->info, errp);
        if (!same) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean same_all_devices(const Domain *from, const Domain *to, GError **errp)
{
    for (DomainDeviceType type = 0; type <= DOMAIN_DEVICE_RNG; type++) {
        if (!same_devices(from, to, type, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean xml_domain_check_abi_stable(const Domain *from, const Domain *to, GError **errp)
{
    char a[DOMAIN_UUID_STR_LEN], b[DOMAIN_UUID_STR_LEN];

    xml_uuid_format(from->uuid, a);
    xml_uuid_format(to->uuid, b);
    return same_string("domain name", from->name, to->name, errp) &&
           same_string("domain uuid", a, b, errp) &&
           same_number("domain memory in KiB", from->memory, to->memory, errp) &&
           same_number("domain vCPU count", from->vcpus, to->vcpus, errp) &&
           same_number("domain iothreads count", from->iothreads, to->iothreads, errp) &&
           same_string("machine type", from->machine, to->machine, errp) &&
           same_number("feature acpi", from->acpi, to->acpi, errp) &&
           same_number("feature apic", from->apic, to->apic, errp) &&
           same_string("CPU mode", xml_cpu_mode_names[from->cpu_mode],
                       xml_cpu_mode_names[to->cpu_mode], errp) &&
           same_string("CPU migratable", xml_on_off_names[from->cpu_migratable],
                       xml_on_off_names[to->cpu_migratable], errp) &&
           same_all_devices(from, to, errp);
}
