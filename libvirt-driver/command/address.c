/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on the machine's buses: assigned when a domain is defined, and kept since then.
 */
#include <string.h>

#include "command/kind.h"

gboolean command_check_address(const CommandMachine *machine, const DomainDevice *device,
                               GError **errp)
{
    const CommandKind *kind = command_kind(device->type);
    DomainAddressType type = xml_device_info(device)->address.type;

    if (type == DOMAIN_ADDRESS_NONE ||
        (kind && kind->virtio && type == machine->virtio) ||
        (kind && kind->isa && type == DOMAIN_ADDRESS_ISA)) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "attribute type='%s' of element <devices/%s/address> is not "
                         "supported by machine '%s'",
                         xml_address_names[type], xml_device_type_name(device->type),
                         machine->name);
}

/* The places of one bus. */
typedef struct Bus {
    const CommandMachine *machine;
    GHashTable *taken; /* slot + 1 */
    GError **errp;
} Bus;

static gboolean is_on_bus(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return kind && kind->virtio;
}

static gboolean take(Bus *bus, guint slot)
{
    return slot < bus->machine->virtio_slots &&
           g_hash_table_add(bus->taken, GUINT_TO_POINTER(slot + 1));
}

static gboolean note_slot(const DomainDevice *device, gpointer opaque)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    Bus *bus = opaque;

    if (!is_on_bus(device) || address->slot == DOMAIN_SLOT_NONE ||
        take(bus, address->slot)) {
        return TRUE;
    }
    return rpc_error_set(bus->errp, VIR_ERR_XML_ERROR,
                         "virtio-mmio slot %u is not there or taken twice",
                         address->slot);
}

static gboolean assign_slot(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;
    Bus *bus = opaque;
    guint slot = 0;

    if (!is_on_bus(device) || address->slot != DOMAIN_SLOT_NONE) {
        return TRUE;
    }
    while (slot < bus->machine->virtio_slots && !take(bus, slot)) {
        slot++;
    }
    if (slot == bus->machine->virtio_slots) {
        g_autofree char *label = xml_device_label(device);
        return rpc_error_set(bus->errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "no virtio-mmio slot is free for %s: the machine has %u",
                             label, slot);
    }
    address->type = bus->machine->virtio;
    address->slot = slot;
    return TRUE;
}

gboolean command_assign_addresses(const CommandMachine *machine, Domain *domain,
                                  GError **errp)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    Bus bus = { machine, taken, errp };

    return xml_domain_foreach_device(domain, note_slot, &bus) &&
           xml_domain_foreach_device(domain, assign_slot, &bus);
}

gboolean command_take_bus(const Domain *domain, const DomainDevice *device,
                          const char *bus)
{
    const CommandMachine *machine = command_machine(domain->machine);
    const char *name = bus && strrchr(bus, '/') ? strrchr(bus, '/') + 1 : bus;
    DomainAddress *address = &xml_device_info(device)->address;
    guint64 slot;

    if (!is_on_bus(device)) {
        return TRUE;
    }
    if (!name || !g_str_has_prefix(name, machine->virtio_bus) ||
        !g_ascii_string_to_unsigned(name + strlen(machine->virtio_bus), 10, 0,
                                    machine->virtio_slots - 1, &slot, NULL)) {
        return FALSE;
    }
    address->type = machine->virtio;
    address->slot = (guint)slot;
    return TRUE;
}

/* Devices that stay where they are, although the document does not say where. */
static gboolean keep(const DomainDevice *device, gpointer opaque)
{
    const Domain *before = opaque;
    GPtrArray *others = xml_domain_devices(before, device->type);

    for (guint i = 0; i < others->len; i++) {
        DomainDevice other = { .type = device->type, .any = others->pdata[i] };

        if (xml_device_same_key(&other, device)) {
            xml_device_adopt_place(device, &other, FALSE);
            break;
        }
    }
    return TRUE;
}

/* Several of the same key: the first one keeps the place. */
static gboolean forget_double(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;

    if (is_on_bus(device) && address->slot != DOMAIN_SLOT_NONE &&
        !g_hash_table_add(opaque, GUINT_TO_POINTER(address->slot + 1))) {
        address->slot = DOMAIN_SLOT_NONE;
    }
    return TRUE;
}

void command_keep_addresses(Domain *domain, const Domain *before)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    xml_domain_foreach_device(domain, keep, (gpointer)before);
    xml_domain_foreach_device(domain, forget_double, seen);
}
