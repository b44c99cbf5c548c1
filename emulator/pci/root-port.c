/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcie-root-port: QEMU's generic one, by name, IDs and properties. */
#include "pci/root-port.h"

#include "pci/express.h"
#include "pci/internal.h"
#include "pci/msi.h"
#include "pci/port.h"
#include "util/error.h"

#define SSVID_SIZE 8

static gboolean check_place(const PciPort *p, GError **errp)
{
    if (p->bridge.pci.bus->bridge) {
        return error_set(errp,
                         "Device 'pcie-root-port' can't go on bus '%s', which is "
                         "not a root bus",
                         p->bridge.pci.bus->bus->name);
    }
    return pci_bridge_check_reserve(&p->bridge, errp) &&
           pci_bridge_check_slot(&p->bridge, errp);
}

static void add_capabilities(PciPort *p)
{
    PciDevice *dev = &p->bridge.pci;
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_SSVID, 0, SSVID_SIZE);
    pci_set(dev, at + PCI_SSVID_VENDOR_ID, 2, PCI_VENDOR_REDHAT);
    pci_add_power_management(dev, 0);
    pci_msi_init(dev, 1, 0);
    pci_add_express_root_port(dev, 0, p->port);
    pci_bridge_add_reserve(&p->bridge);
}

static gboolean port_realize(Device *device, GError **errp)
{
    PciPort *p = (PciPort *)device;
    if (!check_place(p, errp) || !pci_bridge_realize(&p->bridge.pci, 1, TRUE, errp)) {
        return FALSE;
    }
    add_capabilities(p);
    return pci_port_finish(p, errp);
}

static const Property properties[] = {
    PCI_PORT_PROPERTIES,
    PCI_BRIDGE_RESERVE(PciPort, bridge),
    PROPERTY_ONLY("aer_log_max", PROP_U16, "0"), /* there is no AER, no ACS */
    PROPERTY_ONLY("disable-acs", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-migrate-msix", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-native-hotplug", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-speed", PROP_STRING, "16"),
    PROPERTY_ONLY("x-width", PROP_STRING, "32"),
    { NULL },
};

static const StateDesc state = PCI_PORT_STATE("pcie-root-port");

const PciDeviceClass pcie_root_port_class = {
    .device = {
        .name = "pcie-root-port",
        .bus = PCI_BUS_TYPE,
        .desc = "PCI Express Root Port",
        .instance_size = sizeof(PciPort),
        .user_creatable = TRUE,
        .properties = properties,
        .parent = &pci_bridge_class.device,
        .state = &state,
        .init = pci_port_init,
        .realize = port_realize,
        .reset = pci_port_reset,
        .unrealize = pci_port_unrealize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = PCI_REDHAT_ROOT_PORT,
    .class_code = 0x060400,
    .intx = 1,
    .bridge = TRUE,
    .config_written = pci_port_written,
    .config_size = PCI_CONFIG_SIZE,
};
