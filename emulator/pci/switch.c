/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x3130-upstream and xio3130-downstream: QEMU's, by name, IDs and properties. */
#include "pci/switch.h"

#include "pci/express.h"
#include "pci/internal.h"
#include "pci/msi.h"
#include "pci/port.h"
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
    PciPort *d = (PciPort *)device;
    PciDevice *dev = &d->bridge.pci, *above = dev->bus->bridge;
    if (!above || pci_device_get_class(above) != &x3130_upstream_class) {
        return refuse_place(dev, "that of an x3130-upstream", errp);
    }
    if (!pci_bridge_check_slot(&d->bridge, errp) ||
        !pci_bridge_realize(dev, 1, TRUE, errp)) {
        return FALSE;
    }
    add_capabilities(dev);
    pci_add_express_downstream_port(dev, EXPRESS_OFFSET, d->port);
    return pci_port_finish(d, errp);
}

static const Property upstream_properties[] = {
    { "port", PROP_U8, offsetof(Upstream, port), "0", .guest = TRUE,
      .help = "Number of the port" },
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"), /* there is no AER */
    { NULL },
};

static const Property downstream_properties[] = {
    PCI_PORT_PROPERTIES,
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"),
    PROPERTY_ONLY("x-native-hotplug", PROP_BOOL, "on"),
    { NULL },
};

static const StateDesc downstream_state = PCI_PORT_STATE("xio3130-downstream");

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
        .instance_size = sizeof(PciPort),
        .user_creatable = TRUE,
        .properties = downstream_properties,
        .parent = &pci_bridge_class.device,
        .state = &downstream_state,
        .init = pci_port_init,
        .realize = downstream_realize,
        .reset = pci_port_reset,
        .unrealize = pci_port_unrealize,
    },
    .vendor_id = PCI_VENDOR_TI,
    .device_id = PCI_XIO3130_DOWNSTREAM,
    .revision = DOWNSTREAM_REVISION,
    .class_code = 0x060400,
    .bridge = TRUE,
    .config_written = pci_port_written,
    .config_size = PCI_CONFIG_SIZE,
};
