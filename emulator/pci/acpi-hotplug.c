/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side of hot-plug. A slot is asked for as a whole, and goes as a whole: an
 * ejection unplugs all functions in it. The vCPU that ejects waits until they are off the
 * bus, so that it never sees half of that.
 */
#include "pci/acpi-hotplug.h"

#include "event/vm-event.h"
#include "pci/internal.h"
#include "pci/slot.h"
#include "util/error.h"

#define OST_EJECT       0x003
#define OST_OSPM_EJECT  0x103
#define OST_SUCCESS     0
#define OST_IN_PROGRESS 0x84

typedef struct AcpiPciHotplug AcpiPciHotplug;

/* A bus that takes part: the opaque of its hot-plug. */
typedef struct HotplugBus {
    AcpiPciHotplug *h;
    PciBus *bus; /* NULL: it has gone */
    guint32 bsel;
} HotplugBus;

/* A vCPU that waits for a function to leave its bus. */
typedef struct Ejection {
    PciDevice *dev;
    AccessHold *hold;
} Ejection;

struct AcpiPciHotplug {
    Device device;
    guint16 port, ost_port;
    IrqLine *gpe;
    Region *region, *ost_region;
    GPtrArray *buses; /* HotplugBus, by BSEL */
    GArray *ejections;
    guint32 n;          /* of the buses; so many of */
    guint32 *up, *down; /* bits of slots */
    guint32 select, index, ost_slot, ost_event;
};

static HotplugBus *hotplug_bus(const PciBus *bus)
{
    return bus->hotplug_opaque;
}

static void raise_event(AcpiPciHotplug *h)
{
    irq_line_pulse(h->gpe);
}

/* What the bus asks for */

/* A slot appears with its function 0. */
static void plugged(PciBus *bus, PciDevice *dev)
{
    HotplugBus *b = hotplug_bus(bus);
    dev->unseen = TRUE;
    if (PCI_FUNC(dev->devfn) == 0) {
        b->h->up[b->bsel] |= 1u << PCI_SLOT(dev->devfn);
        raise_event(b->h);
    }
    pci_slot_plugged(bus, dev);
}

static gboolean request_unplug(PciBus *bus, PciDevice *dev, GError **errp)
{
    HotplugBus *b = hotplug_bus(bus);
    if (pci_unplug_too_early(dev, errp) || !pci_slot_may_unplug(bus, errp)) {
        return FALSE;
    }
    if (pci_slot_lets_go(bus)) {
        return TRUE;
    }
    pci_unplug_asked(dev);
    b->h->down[b->bsel] |= 1u << PCI_SLOT(dev->devfn);
    raise_event(b->h);
    pci_slot_press(bus);
    return TRUE;
}

static void release(AcpiPciHotplug *h, const PciDevice *dev)
{
    for (guint i = h->ejections->len; i-- > 0;) {
        Ejection e = g_array_index(h->ejections, Ejection, i);
        if (e.dev == dev) {
            g_array_remove_index(h->ejections, i);
            access_release(e.hold);
        }
    }
}

/* Of the slot something is left. */
static gboolean is_occupied(const PciBus *bus, unsigned slot)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        const PciDevice *dev = bus->taken[PCI_DEVFN(slot, i)];
        if (dev && dev->announced) {
            return TRUE;
        }
    }
    return FALSE;
}

static void unplugged(PciBus *bus, PciDevice *dev)
{
    HotplugBus *b = hotplug_bus(bus);
    unsigned slot = PCI_SLOT(dev->devfn);
    if (!is_occupied(bus, slot)) {
        b->h->up[b->bsel] &= ~(1u << slot);
        b->h->down[b->bsel] &= ~(1u << slot);
    }
    release(b->h, dev);
    pci_slot_unplugged(bus, dev);
}

static const PciHotplug hotplug = {
    .pre_plug = pci_slot_may_plug,
    .plugged = plugged,
    .request_unplug = request_unplug,
    .unplugged = unplugged,
};

/* What the guest does */

typedef void (*SlotFn)(AcpiPciHotplug *h, PciDevice *dev);

static void foreach_function(HotplugBus *b, unsigned slot, SlotFn fn)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS && slot < b->bus->slots; i++) {
        PciDevice *dev = b->bus->taken[PCI_DEVFN(slot, i)];
        if (dev && dev->announced && dev->device.klass->hotpluggable) {
            fn(b->h, dev);
        }
    }
}

static void eject(AcpiPciHotplug *h, PciDevice *dev)
{
    Ejection e = { .dev = dev, .hold = access_hold() };
    g_array_append_val(h->ejections, e);
    device_unplug(&dev->device);
}

/*
 * A guest that is notified again and again of what is to go may eject once more when it
 * has gone. What was plugged into the slot since then, and the guest has neither looked
 * at nor been asked for, is not meant.
 */
static gboolean is_meant(const HotplugBus *b, unsigned slot)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS && slot < b->bus->slots; i++) {
        const PciDevice *dev = b->bus->taken[PCI_DEVFN(slot, i)];
        if (dev && dev->announced &&
            (!dev->unseen || dev->device.unplug == DEVICE_UNPLUG_REQUESTED)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void eject_slots(HotplugBus *b, guint32 slots)
{
    for (; slots; slots &= slots - 1) {
        unsigned slot = (unsigned)__builtin_ctz(slots);
        if (is_meant(b, slot)) {
            foreach_function(b, slot, eject);
        }
    }
}

static void refuse(AcpiPciHotplug *h, PciDevice *dev)
{
    dev->unplug_asked = 0;
    device_unplug_refused(&dev->device);
}

/* For whoever watches; what QEMU says of DIMMs and processors. */
static void emit_ost(const HotplugBus *b, guint32 status)
{
    ConfigNode *data = config_map_new(), *info = config_map_new();
    const PciDevice *dev = b->bus->taken[PCI_DEVFN(b->h->ost_slot, 0)];
    g_autofree char *slot = g_strdup_printf("%u", b->h->ost_slot);
    if (dev && dev->announced && dev->device.id) {
        config_map_set_string(info, "device", dev->device.id);
    }
    config_map_set_string(info, "slot", slot);
    config_map_set_string(info, "slot-type", "PCI");
    config_map_set(info, "source", config_int_new(b->h->ost_event));
    config_map_set(info, "status", config_int_new(status));
    config_map_set(data, "info", info);
    vm_event_emit("ACPI_DEVICE_OST", data);
}

static void ost_told(HotplugBus *b, guint32 status)
{
    AcpiPciHotplug *h = b->h;
    if (h->ost_slot >= b->bus->slots) {
        return;
    }
    emit_ost(b, status);
    if ((h->ost_event != OST_EJECT && h->ost_event != OST_OSPM_EJECT) ||
        status == OST_SUCCESS || status == OST_IN_PROGRESS) {
        return;
    }
    h->down[b->bsel] &= ~(1u << h->ost_slot);
    foreach_function(b, h->ost_slot, refuse);
}

static guint32 find_index(const HotplugBus *b, guint32 slots)
{
    unsigned slot = slots ? (unsigned)__builtin_ctz(slots) : PCI_SLOTS;
    const PciDevice *dev =
        slot < b->bus->slots ? b->bus->taken[PCI_DEVFN(slot, 0)] : NULL;
    return dev && dev->announced ? dev->acpi_index : 0;
}

static guint32 removable_slots(const HotplugBus *b)
{
    guint32 slots = 0;
    for (unsigned i = 0; i < b->bus->slots; i++) {
        const PciDevice *dev = b->bus->taken[PCI_DEVFN(i, 0)];
        slots |= !dev || dev->device.klass->hotpluggable ? 1u << i : 0;
    }
    return slots;
}

static HotplugBus *selected(const AcpiPciHotplug *h)
{
    HotplugBus *b = h->select < h->n ? h->buses->pdata[h->select] : NULL;
    return b && b->bus ? b : NULL;
}

static guint32 take(guint32 *value)
{
    guint32 was = *value;
    *value = 0;
    return was;
}

static guint64 read_bus(HotplugBus *b, guint64 offset)
{
    switch (offset) {
    case ACPI_HOTPLUG_UP:
        return take(&b->h->up[b->bsel]);
    case ACPI_HOTPLUG_DOWN:
        return b->h->down[b->bsel];
    case ACPI_HOTPLUG_REMOVABLE:
        return removable_slots(b);
    default:
        return 0;
    }
}

static guint64 hotplug_read(void *opaque, guint64 offset, unsigned size)
{
    AcpiPciHotplug *h = opaque;
    HotplugBus *b = selected(h);
    switch (offset) {
    case ACPI_HOTPLUG_SELECT:
        return h->select;
    case ACPI_HOTPLUG_INDEX:
        return take(&h->index);
    default:
        return b ? read_bus(b, offset) : 0;
    }
}

static void write_bus(HotplugBus *b, guint64 offset, guint32 value)
{
    switch (offset) {
    case ACPI_HOTPLUG_EJECT:
        eject_slots(b, value);
        break;
    case ACPI_HOTPLUG_INDEX:
        b->h->index = find_index(b, value);
        break;
    }
}

static void hotplug_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    AcpiPciHotplug *h = opaque;
    HotplugBus *b = selected(h);
    switch (offset) {
    case ACPI_HOTPLUG_SELECT:
        h->select = (guint32)value;
        break;
    default:
        if (b) {
            write_bus(b, offset, (guint32)value);
        }
    }
}

static const RegionOps hotplug_ops = {
    .read = hotplug_read, .write = hotplug_write, .min_size = 4, .max_size = 4
};

static guint64 ost_read(void *opaque, guint64 offset, unsigned size)
{
    return 0;
}

static void ost_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    AcpiPciHotplug *h = opaque;
    HotplugBus *b = selected(h);
    switch (offset) {
    case ACPI_HOTPLUG_OST_SLOT:
        h->ost_slot = (guint32)value;
        break;
    case ACPI_HOTPLUG_OST_EVENT:
        h->ost_event = (guint32)value;
        break;
    case ACPI_HOTPLUG_OST_STATUS:
        if (b) {
            ost_told(b, (guint32)value);
        }
        break;
    }
}

static const RegionOps ost_ops = {
    .read = ost_read, .write = ost_write, .min_size = 4, .max_size = 4
};

/* Life */

void acpi_pci_hotplug_set_wiring(Device *device, guint16 port, guint16 ost_port,
                                 IrqLine *gpe)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    h->port = port;
    h->ost_port = ost_port;
    h->gpe = gpe;
}

static void drop_bus(HotplugBus *b)
{
    if (b->bus) {
        pci_bus_set_hotplug(b->bus, NULL, NULL);
        b->bus = NULL;
    }
}

static gboolean add_bus(AcpiPciHotplug *h, PciBus *bus)
{
    if (h->n == ACPI_HOTPLUG_MAX_BUSES) {
        return FALSE;
    }
    HotplugBus *b = g_new(HotplugBus, 1);
    *b = (HotplugBus){ .h = h, .bus = bus, .bsel = h->n };
    g_ptr_array_add(h->buses, b);
    h->n++;
    h->up = g_renew(guint32, h->up, h->n);
    h->down = g_renew(guint32, h->down, h->n);
    h->up[b->bsel] = h->down[b->bsel] = 0;
    pci_bus_set_hotplug(bus, &hotplug, b);
    return TRUE;
}

gboolean acpi_pci_hotplug_bus_changed(PciBus *bus, gboolean there, void *opaque)
{
    if (there) {
        return add_bus(opaque, bus);
    }
    if (bus->hotplug == &hotplug) {
        drop_bus(hotplug_bus(bus));
    }
    return TRUE;
}

guint32 acpi_pci_hotplug_bsel(const PciBus *bus)
{
    return bus->hotplug == &hotplug ? hotplug_bus(bus)->bsel : ACPI_HOTPLUG_NO_BUS;
}

static gboolean hotplug_realize(Device *device, GError **errp)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    h->region = region_new_io("acpi-pci-hotplug", ACPI_HOTPLUG_SIZE, &hotplug_ops, h);
    h->ost_region =
        region_new_io("acpi-pci-hotplug-ost", ACPI_HOTPLUG_OST_SIZE, &ost_ops, h);
    if (address_map_put(address_map_io(), &h->region, h->port, errp) &&
        address_map_put(address_map_io(), &h->ost_region, h->ost_port, errp)) {
        return TRUE;
    }
    address_map_take(&h->region);
    return FALSE;
}

/* A device that was asked for and is there at a reset has gone by then (device.h). */
static void hotplug_reset(Device *device)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    for (guint32 i = 0; i < h->n; i++) {
        h->up[i] = h->down[i] = 0;
    }
    h->select = h->index = h->ost_slot = h->ost_event = 0;
}

/* Ports may outlive it. */
static void hotplug_unrealize(Device *device)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    for (guint32 i = 0; i < h->n; i++) {
        drop_bus(h->buses->pdata[i]);
    }
    address_map_take(&h->region);
    address_map_take(&h->ost_region);
}

static void hotplug_init(Device *device)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    h->buses = g_ptr_array_new_with_free_func(g_free);
    h->ejections = g_array_new(FALSE, FALSE, sizeof(Ejection));
}

static void hotplug_finalize(Device *device)
{
    AcpiPciHotplug *h = (AcpiPciHotplug *)device;
    g_ptr_array_unref(h->buses);
    g_array_unref(h->ejections);
    g_free(h->up);
    g_free(h->down);
}

static const StateField fields[] = {
    STATE_COUNTED("up", STATE_U32, AcpiPciHotplug, up, 0, n, .indirect = TRUE),
    STATE_COUNTED("down", STATE_U32, AcpiPciHotplug, down, 0, n, .indirect = TRUE),
    STATE_FIELD("select", STATE_U32, AcpiPciHotplug, select),
    STATE_FIELD("index", STATE_U32, AcpiPciHotplug, index),
    STATE_FIELD("ost-slot", STATE_U32, AcpiPciHotplug, ost_slot),
    STATE_FIELD("ost-event", STATE_U32, AcpiPciHotplug, ost_event),
    { NULL },
};

static const StateDesc state = { .name = "acpi-pci-hotplug",
                                 .version = 1,
                                 .fields = fields };

const DeviceClass acpi_pci_hotplug_class = {
    .name = "acpi-pci-hotplug",
    .desc = "ACPI hot-plug of PCI devices",
    .instance_size = sizeof(AcpiPciHotplug),
    .state = &state,
    .init = hotplug_init,
    .realize = hotplug_realize,
    .reset = hotplug_reset,
    .unrealize = hotplug_unrealize,
    .finalize = hotplug_finalize,
};
