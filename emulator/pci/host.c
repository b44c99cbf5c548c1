/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge: how the guest reaches configuration space, and where the root bus's
 * memory and ports are: under all else that is there.
 */
#include "pci/host.h"

#include "pci/host-internal.h"
#include "pci/internal.h"
#include "pci/mch.h"

#define CONFIG_ENABLE 0x80000000u
#define ADDRESS_BITS  0x80fffffcu
#define RESET_OFFSET  1 /* of 0xcf9 in the address port */

#define BUS_SHIFT      20
#define DEVFN_SHIFT    12
#define PRIORITY_UNDER (-1)
#define PRIORITY_ECAM  0
#define PRIORITY_ROM   1 /* over what is on the bus */

typedef struct PciHost {
    Device device;
    PciBus *bus;
    Region *address_port, *data_port, *ecam, *low_rom;
    guint64 ecam_base, ecam_size;
    guint32 address;
    const RegionOps *reset_ops; /* NULL: none */
    void *reset_opaque;
    Device *mch;
    guint64 hole64_size;
} PciHost;

/* Configuration space */

static PciDevice *find(PciBus *root, guint8 number, guint8 devfn)
{
    PciBus *bus = pci_bus_by_number(root, number);
    return bus ? pci_bus_find(bus, devfn) : NULL;
}

guint32 pci_host_read(PciBus *root, guint8 bus, guint8 devfn, unsigned offset,
                      unsigned size)
{
    PciDevice *dev = find(root, bus, devfn);
    return dev ? pci_config_read(dev, offset, size) : G_MAXUINT32;
}

void pci_host_write(PciBus *root, guint8 bus, guint8 devfn, unsigned offset,
                    unsigned size, guint32 value)
{
    PciDevice *dev = find(root, bus, devfn);
    if (dev) {
        pci_config_write(dev, offset, size, value);
    }
}

/* Ports */

static gboolean is_reset_byte(const PciHost *h, guint64 offset, unsigned size)
{
    return h->reset_ops && offset == RESET_OFFSET && size == 1;
}

static guint64 address_read(void *opaque, guint64 offset, unsigned size)
{
    PciHost *h = opaque;
    if (is_reset_byte(h, offset, size)) {
        return h->reset_ops->read(h->reset_opaque, 0, 1);
    }
    return size == 4 ? h->address : G_MAXUINT64;
}

static void address_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    PciHost *h = opaque;
    if (is_reset_byte(h, offset, size)) {
        h->reset_ops->write(h->reset_opaque, 0, value, 1);
    } else if (size == 4) {
        h->address = (guint32)value & ADDRESS_BITS;
    }
}

static const RegionOps address_ops = {
    .read = address_read, .write = address_write, .min_size = 1, .max_size = 4
};

static guint64 data_read(void *opaque, guint64 offset, unsigned size)
{
    PciHost *h = opaque;
    if (!(h->address & CONFIG_ENABLE)) {
        return G_MAXUINT64;
    }
    return pci_host_read(h->bus, (guint8)(h->address >> 16), (guint8)(h->address >> 8),
                         (h->address & 0xfc) + (unsigned)offset, size);
}

static void data_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    PciHost *h = opaque;
    if (h->address & CONFIG_ENABLE) {
        pci_host_write(h->bus, (guint8)(h->address >> 16), (guint8)(h->address >> 8),
                       (h->address & 0xfc) + (unsigned)offset, size, (guint32)value);
    }
}

static const RegionOps data_ops = {
    .read = data_read, .write = data_write, .min_size = 1, .max_size = 4
};

/* Memory */

static guint64 ecam_read(void *opaque, guint64 offset, unsigned size)
{
    PciHost *h = opaque;
    return pci_host_read(h->bus, (guint8)(offset >> BUS_SHIFT),
                         (guint8)(offset >> DEVFN_SHIFT), offset & (PCIE_CONFIG_SIZE - 1),
                         size);
}

static void ecam_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    PciHost *h = opaque;
    pci_host_write(h->bus, (guint8)(offset >> BUS_SHIFT), (guint8)(offset >> DEVFN_SHIFT),
                   offset & (PCIE_CONFIG_SIZE - 1), size, (guint32)value);
}

static const RegionOps ecam_ops = {
    .read = ecam_read, .write = ecam_write, .min_size = 1, .max_size = 4, .split = TRUE
};

void pci_host_map_ecam(Device *host, guint64 base, guint64 size)
{
    PciHost *h = (PciHost *)host;
    if (h->ecam_size == size && (!size || h->ecam_base == base)) {
        return;
    }
    pci_map_begin();
    if (h->ecam) {
        region_remove(h->ecam);
        g_clear_pointer(&h->ecam, region_free);
    }
    h->ecam_base = base;
    h->ecam_size = size;
    if (size) {
        h->ecam = region_new_io("pcie-ecam", size, &ecam_ops, h);
        region_add_over(address_map_root(address_map_memory()), h->ecam, base,
                        PRIORITY_ECAM);
    }
    pci_map_end();
}

gboolean pci_host_set_ecam(Device *host, guint64 base, guint64 size)
{
    return mch_set_pciexbar((PciDevice *)((PciHost *)host)->mch, base, size);
}

void pci_host_set_low_ram(Device *host, RamBlock *ram, gboolean open)
{
    mch_set_low_ram((PciDevice *)((PciHost *)host)->mch, ram, open);
}

void pci_host_set_low_rom(Device *host, RamBlock *rom, guint64 offset, guint64 size)
{
    PciHost *h = (PciHost *)host;
    g_assert(!h->low_rom && size <= MCH_PAM_SIZE);
    h->low_rom = region_new_ram("isa-bios", rom, offset, size, TRUE);
    pci_map_begin();
    region_add_over(h->bus->memory, h->low_rom, MCH_PAM_FIRST + MCH_PAM_SIZE - size,
                    PRIORITY_ROM);
    pci_map_end();
}

guint64 pci_host_ecam_base(Device *host)
{
    return ((PciHost *)host)->ecam_base;
}

guint64 pci_host_ecam_size(Device *host)
{
    return ((PciHost *)host)->ecam_size;
}

guint64 pci_host_hole64_size(Device *host)
{
    return ((PciHost *)host)->hole64_size;
}

/* The device */

PciBus *pci_host_bus(Device *host)
{
    return ((PciHost *)host)->bus;
}

void pci_host_set_reset_port(Device *host, const RegionOps *ops, void *opaque)
{
    ((PciHost *)host)->reset_ops = ops;
    ((PciHost *)host)->reset_opaque = opaque;
}

static void unmap(PciHost *h)
{
    address_map_take(&h->address_port);
    address_map_take(&h->data_port);
    if (h->bus) {
        pci_map_begin();
        region_remove(h->bus->memory);
        region_remove(h->bus->io);
        if (h->low_rom) {
            region_remove(h->low_rom);
            g_clear_pointer(&h->low_rom, region_free);
        }
        pci_map_end();
    }
}

static gboolean map_ports(PciHost *h, GError **errp)
{
    h->address_port = region_new_io("pci-config-address", 4, &address_ops, h);
    if (!address_map_put(address_map_io(), &h->address_port, PCI_HOST_ADDRESS_PORT,
                         errp)) {
        return FALSE;
    }
    h->data_port = region_new_io("pci-config-data", 4, &data_ops, h);
    return address_map_put(address_map_io(), &h->data_port, PCI_HOST_DATA_PORT, errp);
}

static void map_bus(PciHost *h)
{
    pci_map_begin();
    region_add_over(address_map_root(address_map_memory()), h->bus->memory, 0,
                    PRIORITY_UNDER);
    region_add_over(address_map_root(address_map_io()), h->bus->io, 0, PRIORITY_UNDER);
    pci_map_end();
}

static void host_unrealize(Device *device)
{
    PciHost *h = (PciHost *)device;
    unmap(h);
    g_clear_pointer(&h->bus, pci_bus_free);
}

static gboolean host_realize(Device *device, GError **errp)
{
    PciHost *h = (PciHost *)device;
    if (!map_ports(h, errp)) {
        host_unrealize(device);
        return FALSE;
    }
    h->bus = pci_bus_new("pcie.0", device, NULL, PCI_SLOTS);
    h->bus->bus->alias = "pci.0";
    h->bus->express = TRUE;
    map_bus(h);
    if (!device_realize_part(h->mch, h->bus->bus, errp)) {
        host_unrealize(device);
        return FALSE;
    }
    return TRUE;
}

static void host_reset(Device *device)
{
    ((PciHost *)device)->address = 0;
}

static const StateField fields[] = {
    STATE_FIELD("address", STATE_U32, PciHost, address),
    { NULL },
};

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    ((PciHost *)opaque)->address &= ADDRESS_BITS;
    return TRUE;
}

static const StateDesc state = {
    .name = "q35-pcihost", .version = 1, .fields = fields, .post_load = post_load
};

static const DevicePart parts[] = {
    { "mch", &mch_class.device, offsetof(PciHost, mch) },
    { NULL },
};

static const Property properties[] = {
    { "pci-hole64-size", PROP_SIZE, offsetof(PciHost, hole64_size), "34359738368",
      .guest = TRUE,
      .help = "Bytes above all RAM that are PCI's; more, if it needs more" },
    { NULL },
};

/* By the port that its registers begin at. */
static char *host_boot_name(const Device *device)
{
    return g_strdup_printf("pci@i%04x", PCI_HOST_ADDRESS_PORT);
}

const DeviceClass pci_host_class = {
    .name = "q35-pcihost",
    .desc = "PCI Express host bridge",
    .instance_size = sizeof(PciHost),
    .parts = parts,
    .properties = properties,
    .state = &state,
    .realize = host_realize,
    .reset = host_reset,
    .unrealize = host_unrealize,
    .boot_name = host_boot_name,
};
