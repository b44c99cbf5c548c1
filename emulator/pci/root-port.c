/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcie-root-port: QEMU's generic one, by name, IDs and properties. */
#include "pci/root-port.h"

#include "pci/express.h"
#include "pci/internal.h"
#include "pci/msi.h"
#include "util/error.h"

#define SSVID_SIZE   8
#define RESERVE_SIZE 32
#define RESERVE_TYPE 1 /* of the vendor-specific capability that firmware reads */

typedef struct RootPort {
    PciBridge bridge;
    guint8 port, chassis;
    guint16 slot;
    gboolean hotplug;
} RootPort;

static void (*changed_hook)(PciBus *bus, gboolean there, void *opaque);
static void *changed_opaque;

void pcie_root_port_set_hotplug(void (*changed)(PciBus *bus, gboolean there,
                                                void *opaque),
                                void *opaque)
{
    changed_hook = changed;
    changed_opaque = opaque;
}

static void tell(const RootPort *p, gboolean there)
{
    if (p->hotplug && changed_hook) {
        changed_hook(p->bridge.bus, there, changed_opaque);
    }
}

/* The guest names slots by chassis and number. */
static gboolean check_slot(const RootPort *p, GError **errp)
{
    const PciBus *bus = p->bridge.pci.bus;
    for (unsigned i = 0; i < bus->slots * PCI_FUNCTIONS; i++) {
        const RootPort *other = (const RootPort *)bus->taken[i];
        if (other && other != p &&
            pci_device_get_class(bus->taken[i]) == &pcie_root_port_class &&
            other->bridge.bus && other->chassis == p->chassis && other->slot == p->slot) {
            const Device *device = &other->bridge.pci.device;
            return error_set(errp,
                             "Can't add chassis slot: slot %u of chassis %u is "
                             "that of '%s' (see chassis=, slot=)",
                             p->slot, p->chassis, device->id ? device->id : device->path);
        }
    }
    return TRUE;
}

static gboolean check_place(const RootPort *p, GError **errp)
{
    const PciReserve *r = &p->bridge.reserve;
    if (p->bridge.pci.bus->bridge) {
        return error_set(errp,
                         "Device 'pcie-root-port' can't go on bus '%s', which is "
                         "not a root bus",
                         p->bridge.pci.bus->bus->name);
    }
    if (r->pref32 != PCI_RESERVE_DEFAULT &&
        r->window[PCI_WINDOW_PREF] != PCI_RESERVE_DEFAULT) {
        return error_set(errp, "pref32-reserve and pref64-reserve cannot be given both");
    }
    return check_slot(p, errp);
}

/* What firmware is to keep free: QEMU's capability "resource reserve". */
static void add_reserve(PciDevice *dev, const PciReserve *r)
{
    if (r->bus == PCI_RESERVE_DEFAULT && r->pref32 == PCI_RESERVE_DEFAULT &&
        r->window[PCI_WINDOW_IO] == PCI_RESERVE_DEFAULT &&
        r->window[PCI_WINDOW_MEM] == PCI_RESERVE_DEFAULT &&
        r->window[PCI_WINDOW_PREF] == PCI_RESERVE_DEFAULT) {
        return;
    }
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_VNDR, 0, RESERVE_SIZE);
    pci_set(dev, at + 2, 1, RESERVE_SIZE);
    pci_set(dev, at + 3, 1, RESERVE_TYPE);
    pci_set(dev, at + 4, 4, (guint32)r->bus);
    pci_set(dev, at + 8, 4, (guint32)r->window[PCI_WINDOW_IO]);
    pci_set(dev, at + 12, 4, (guint32)(r->window[PCI_WINDOW_IO] >> 32));
    pci_set(dev, at + 16, 4, (guint32)r->window[PCI_WINDOW_MEM]);
    pci_set(dev, at + 20, 4, (guint32)r->pref32);
    pci_set(dev, at + 24, 4, (guint32)r->window[PCI_WINDOW_PREF]);
    pci_set(dev, at + 28, 4, (guint32)(r->window[PCI_WINDOW_PREF] >> 32));
}

/* io-reserve=0: a port that has no window for ports, so that nobody looks for room. */
static void drop_io_window(PciDevice *dev)
{
    dev->write_mask[PCI_COMMAND] &= (guint8)~PCI_COMMAND_IO;
    dev->write_mask[PCI_IO_BASE] = dev->write_mask[PCI_IO_LIMIT] = 0;
}

static void add_capabilities(RootPort *p)
{
    PciDevice *dev = &p->bridge.pci;
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_SSVID, 0, SSVID_SIZE);
    pci_set(dev, at + PCI_SSVID_VENDOR_ID, 2, PCI_VENDOR_REDHAT);
    pci_add_power_management(dev, 0);
    pci_msi_init(dev, 1, 0);
    pci_add_express_root_port(dev, 0, p->port, p->slot, p->hotplug);
    add_reserve(dev, &p->bridge.reserve);
}

/* Without an id the name tells at least where the port is. */
static char *bus_name(const PciDevice *dev)
{
    return dev->device.id ? g_strdup(dev->device.id)
                          : g_strdup_printf("pcie.%u", dev->devfn);
}

static gboolean port_realize(Device *device, GError **errp)
{
    RootPort *p = (RootPort *)device;
    g_autofree char *name = bus_name(&p->bridge.pci);
    if (!check_place(p, errp) || !pci_bridge_realize(&p->bridge.pci, name, 1, errp)) {
        return FALSE;
    }
    add_capabilities(p);
    if (p->bridge.reserve.window[PCI_WINDOW_IO] == 0) {
        drop_io_window(&p->bridge.pci);
    }
    tell(p, TRUE);
    return TRUE;
}

static void port_unrealize(Device *device)
{
    tell((RootPort *)device, FALSE);
    pci_bridge_unrealize(device);
}

#define FIELD(member_) offsetof(RootPort, member_)
#define RESERVE(name_, member_, help_)                                                   \
    {                                                                                    \
        name_, PROP_SIZE, FIELD(bridge.reserve.member_), "18446744073709551615",         \
            .guest = TRUE, .help = help_                                                 \
    }

static const Property properties[] = {
    { "port", PROP_U8, FIELD(port), "0", .guest = TRUE, .help = "Number of the port" },
    { "chassis", PROP_U8, FIELD(chassis), "0", .guest = TRUE,
      .help = "Number of the chassis that the slot is in" },
    { "slot", PROP_U16, FIELD(slot), "0", .guest = TRUE, .max = 0x1fff,
      .help = "Number of the slot in its chassis" },
    { "hotplug", PROP_BOOL, FIELD(hotplug), "on", .guest = TRUE,
      .help = "Devices come and go while the guest runs" },
    RESERVE("bus-reserve", bus,
            "Bus numbers to keep free behind the port; auto if not given"),
    RESERVE("io-reserve", window[PCI_WINDOW_IO],
            "Bytes of ports to keep free; auto if not given"),
    RESERVE("mem-reserve", window[PCI_WINDOW_MEM],
            "Bytes of memory to keep free; auto if not given"),
    RESERVE("pref32-reserve", pref32,
            "Bytes of prefetchable memory below 4 GiB to keep free; auto if not given"),
    RESERVE("pref64-reserve", window[PCI_WINDOW_PREF],
            "Bytes of prefetchable memory to keep free; auto if not given"),
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"), /* there is no AER, no ACS */
    PROPERTY_ONLY("disable-acs", PROP_BOOL, "on"),
    PROPERTY_ONLY("power_controller_present", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-migrate-msix", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-native-hotplug", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-speed", PROP_STRING, "16"),
    PROPERTY_ONLY("x-width", PROP_STRING, "32"),
    { NULL },
};

const PciDeviceClass pcie_root_port_class = {
    .device = {
        .name = "pcie-root-port",
        .bus = PCI_BUS_TYPE,
        .desc = "PCI Express Root Port",
        .instance_size = sizeof(RootPort),
        .user_creatable = TRUE,
        .properties = properties,
        .parent = &pci_bridge_class.device,
        .realize = port_realize,
        .unrealize = port_unrealize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = PCI_REDHAT_ROOT_PORT,
    .class_code = 0x060400,
    .intx = 1,
    .bridge = TRUE,
    .config_size = PCI_CONFIG_SIZE,
};
