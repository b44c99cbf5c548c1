/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on the machine's buses: assigned when a domain is defined, and kept since then.
 */
#include <string.h>

#include "command/chardev.h"

#define ISA_PORTS 0x10000u

gboolean command_check_address(const CommandMachine *machine, const DomainDevice *device,
                               GError **errp)
{
    const CommandKind *kind = command_kind(device->type);
    DomainAddressType type = xml_device_info(device)->address.type;

    if (type == DOMAIN_ADDRESS_NONE ||
        (command_is_virtio(device) && type == machine->virtio) ||
        (device->type == DOMAIN_DEVICE_DISK && !command_is_virtio(device) &&
         type == DOMAIN_ADDRESS_DRIVE) ||
        (device->type == DOMAIN_DEVICE_CONTROLLER && type == DOMAIN_ADDRESS_PCI) ||
        (kind && kind->serial_port && type == DOMAIN_ADDRESS_VIRTIO_SERIAL) ||
        (type == DOMAIN_ADDRESS_PCI && command_has_pci(machine) &&
         command_is_on_pci(device)) ||
        (type == DOMAIN_ADDRESS_USB && command_is_on_usb(device)) ||
        (kind && kind->isa && type == DOMAIN_ADDRESS_ISA)) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "attribute type='%s' of element <devices/%s/address> is not "
                         "supported by machine '%s'",
                         xml_address_names[type], xml_device_type_name(device->type),
                         machine->name);
}

static gboolean is_on_bus(const DomainDevice *device)
{
    return command_is_virtio(device);
}

/* ---- places ---- */

/* What somebody has of a bus: a slot, or some ports. */
typedef struct Range {
    guint first, count;
    char *owner; /* as errors name it */
} Range;

typedef struct Bus {
    const char *place; /* what errors call one, before its number */
    gboolean hex;      /* ... which they write so */
    guint count;       /* of places that there are */
    GArray *taken;     /* of Range */
} Bus;

static void range_clear(gpointer opaque)
{
    g_free(((Range *)opaque)->owner);
}

static void bus_init(Bus *bus, const char *place, gboolean hex, guint count)
{
    *bus = (Bus){ place, hex, count, g_array_new(FALSE, FALSE, sizeof(Range)) };
    g_array_set_clear_func(bus->taken, range_clear);
}

/* Who has one of these places, or NULL. */
static const char *find_owner(const Bus *bus, guint first, guint count)
{
    for (guint i = 0; i < bus->taken->len; i++) {
        const Range *range = &g_array_index(bus->taken, Range, i);

        if (first < range->first + range->count && range->first < first + count) {
            return range->owner;
        }
    }
    return NULL;
}

/* Takes over @owner. */
static void take(Bus *bus, guint first, guint count, char *owner)
{
    Range range = { first, count, owner };

    g_array_append_val(bus->taken, range);
}

/* What a device says that it has. */
static gboolean note(Bus *bus, guint first, guint count, const DomainDevice *device,
                     GError **errp)
{
    gboolean there = first < bus->count && count <= bus->count - first;
    const char *owner = there ? find_owner(bus, first, count) : NULL;
    g_autofree char *label = xml_device_label(device);
    g_autofree char *number = g_strdup_printf(bus->hex ? "0x%x" : "%u", first);

    if (!there) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR, "%s %s of %s is not there",
                             bus->place, number, label);
    }
    if (owner) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR, "%s %s of %s is taken by %s",
                             bus->place, number, label, owner);
    }
    take(bus, first, count, g_steal_pointer(&label));
    return TRUE;
}

/* ---- assignment ---- */

typedef struct Allocator {
    const CommandMachine *machine;
    Bus virtio, isa;
    GError **errp;
} Allocator;

static gboolean note_slot(const DomainDevice *device, gpointer opaque)
{
    guint slot = xml_device_info(device)->address.slot;
    Allocator *a = opaque;

    return !is_on_bus(device) || slot == DOMAIN_SLOT_NONE ||
           note(&a->virtio, slot, 1, device, a->errp);
}

static gboolean assign_slot(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;
    Allocator *a = opaque;
    guint slot = 0;

    if (!is_on_bus(device) || address->slot != DOMAIN_SLOT_NONE) {
        return TRUE;
    }
    while (slot < a->virtio.count && find_owner(&a->virtio, slot, 1)) {
        slot++;
    }
    if (slot == a->virtio.count) {
        g_autofree char *label = xml_device_label(device);
        return rpc_error_set(a->errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "no virtio-mmio slot is free for %s: the machine has %u",
                             label, slot);
    }
    take(&a->virtio, slot, 1, xml_device_label(device));
    address->type = a->machine->virtio;
    address->slot = slot;
    return TRUE;
}

/* Ports are a device's own: those that it names, or those of its kind. */
static gboolean note_ports(const DomainDevice *device, gpointer opaque)
{
    const CommandKind *kind = command_kind(device->type);
    const DomainAddress *address = &xml_device_info(device)->address;
    Allocator *a = opaque;
    guint port;

    if (!kind || !kind->isa_ports) {
        return TRUE;
    }
    port = address->type == DOMAIN_ADDRESS_ISA ? address->isa.iobase : 0;
    if (!port) {
        port = kind->isa_base(a->machine, device->any);
    }
    return !port || note(&a->isa, port, kind->isa_ports, device, a->errp);
}

static void allocator_init(Allocator *a, const CommandMachine *machine, GError **errp)
{
    a->machine = machine;
    a->errp = errp;
    bus_init(&a->virtio, "virtio-mmio slot", FALSE, machine->virtio_slots);
    bus_init(&a->isa, "ISA port", TRUE, ISA_PORTS);
    for (const CommandPorts *own = machine->isa_own; own->name; own++) {
        take(&a->isa, own->first, own->count,
             g_strdup_printf("the machine's %s", own->name));
    }
}

gboolean command_assign_addresses(const CommandMachine *machine, Domain *domain,
                                  gboolean more, GError **errp)
{
    Allocator a;
    gboolean ok;

    if (!command_assign_serial_ports(domain, more, errp) ||
        !command_assign_usb(domain, more, errp)) {
        return FALSE;
    }
    allocator_init(&a, machine, errp);
    ok = xml_domain_foreach_device(domain, note_ports, &a);
    if (ok && command_has_pci(machine)) {
        ok = command_assign_pci(machine, domain, more, errp);
    } else if (ok) {
        ok = xml_domain_foreach_device(domain, note_slot, &a) &&
             xml_domain_foreach_device(domain, assign_slot, &a);
    }
    g_array_unref(a.virtio.taken);
    g_array_unref(a.isa.taken);
    return ok;
}

gboolean command_has_place(const Domain *domain, const DomainDevice *device)
{
    return !is_on_bus(device) || command_has_pci(command_machine(domain->machine));
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

    for (guint i = 0; is_on_bus(device) && i < others->len; i++) {
        DomainDevice other = { .type = device->type, .any = others->pdata[i] };

        if (is_on_bus(&other) && xml_device_same_key(&other, device)) {
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

    if (command_has_pci(command_machine(domain->machine))) {
        return; /* as libvirt: a document says where, or the devices may move */
    }
    xml_domain_foreach_device(domain, keep, (gpointer)before);
    xml_domain_foreach_device(domain, forget_double, seen);
}
