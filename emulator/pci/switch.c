/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x3130-upstream and xio3130-downstream: QEMU's, by name, IDs and properties. */
#include "pci/switch.h"

#include "pci/express.h"
#include "pci/internal.h"
#include "pci/msi.h"
#include "util/error.h"

/* Where the chip has its capabilities. */
#define MSI_OFFSET     0x70
#define SSVID_OFFSET   0x80
#define EXPRESS_OFFSET 0x90

#define SSVID_SIZE          8
#define UPSTREAM_REVISION   2
#define DOWNSTREAM_REVISION 1

typedef struct Upstream {
    PciBridge bridge;
    guint8 port;
} Upstream;

typedef struct Downstream {
    PciBridge bridge;
    guint8 port;
    gboolean hotplug;
} Downstream;

static gboolean refuse_place(const PciDevice *dev, const char *why, GError **errp)
{
    return error_set(errp, "Device '%s' can't go on bus '%s', which is not %s",
                     dev->device.klass->name, dev->bus->bus->name, why);
}

static void add_capabilities(PciDevice *dev)
{
    pci_msi_init_plain(dev, 1, MSI_OFFSET);
    pci_add_capability(dev, PCI_CAP_ID_SSVID, SSVID_OFFSET, SSVID_SIZE);
}

static gboolean upstream_realize(Device *device, GError **errp)
{
    Upstream *u = (Upstream *)device;
    PciDevice *dev = &u->bridge.pci;
    if (!dev->bus->bridge || !dev->bus->express || dev->bus->slots != 1) {
        return refuse_place(dev, "that of a root port or of a downstream port", errp);
    }
    if (!pci_bridge_realize(dev, PCI_SLOTS, TRUE, errp)) {
        return FALSE;
    }
    add_capabilities(dev);
    pci_add_express_upstream_port(dev, EXPRESS_OFFSET, u->port);
    return TRUE;
}

static gboolean downstream_realize(Device *device, GError **errp)
{
    Downstream *d = (Downstream *)device;
    PciDevice *dev = &d->bridge.pci, *above = dev->bus->bridge;
    if (!above || pci_device_get_class(above) != &x3130_upstream_class) {
        return refuse_place(dev, "that of an x3130-upstream", errp);
    }
    if (!pci_bridge_check_slot(&d->bridge, errp) ||
        !pci_bridge_realize(dev, 1, TRUE, errp)) {
        return FALSE;
    }
    add_capabilities(dev);
    pci_add_express_downstream_port(dev, EXPRESS_OFFSET, d->port, d->bridge.slot,
                                    d->hotplug);
    if (d->hotplug && !pci_bridge_offer(&d->bridge, errp)) {
        pci_bridge_unrealize(device);
        return FALSE;
    }
    return TRUE;
}

static void downstream_init(Device *device)
{
    ((Downstream *)device)->bridge.slotted = TRUE;
}

static const Property upstream_properties[] = {
    { "port", PROP_U8, offsetof(Upstream, port), "0", .guest = TRUE,
      .help = "Number of the port" },
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"), /* there is no AER */
    { NULL },
};

#define FIELD(member_) offsetof(Downstream, member_)

static const Property downstream_properties[] = {
    { "port", PROP_U8, FIELD(port), "0", .guest = TRUE, .help = "Number of the port" },
    { "chassis", PROP_U8, FIELD(bridge.chassis), "0", .guest = TRUE,
      .help = "Number of the chassis that the slot is in" },
    { "slot", PROP_U16, FIELD(bridge.slot), "0", .guest = TRUE, .max = 0x1fff,
      .help = "Number of the slot in its chassis" },
    { "hotplug", PROP_BOOL, FIELD(hotplug), "on", .guest = TRUE,
      .help = "Devices come and go while the guest runs" },
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"),
    PROPERTY_ONLY("power_controller_present", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-native-hotplug", PROP_BOOL, "on"),
    { NULL },
};

const PciDeviceClass x3130_upstream_class = {
    .device = {
        .name = "x3130-upstream",
        .bus = PCI_BUS_TYPE,
        .desc = "TI X3130 Upstream Port of PCI Express Switch",
        .instance_size = sizeof(Upstream),
        .user_creatable = TRUE,
        .properties = upstream_properties,
        .parent = &pci_bridge_class.device,
        .realize = upstream_realize,
    },
    .vendor_id = PCI_VENDOR_TI,
    .device_id = PCI_XIO3130_UPSTREAM,
    .revision = UPSTREAM_REVISION,
    .class_code = 0x060400,
    .bridge = TRUE,
    .config_size = PCI_CONFIG_SIZE,
};

const PciDeviceClass xio3130_downstream_class = {
    .device = {
        .name = "xio3130-downstream",
        .bus = PCI_BUS_TYPE,
        .desc = "TI X3130 Downstream Port of PCI Express Switch",
        .instance_size = sizeof(Downstream),
        .user_creatable = TRUE,
        .properties = downstream_properties,
        .parent = &pci_bridge_class.device,
        .init = downstream_init,
        .realize = downstream_realize,
    },
    .vendor_id = PCI_VENDOR_TI,
    .device_id = PCI_XIO3130_DOWNSTREAM,
    .revision = DOWNSTREAM_REVISION,
    .class_code = 0x060400,
    .bridge = TRUE,
    .config_size = PCI_CONFIG_SIZE,
};
