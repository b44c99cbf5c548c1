/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-bridge and pcie-pci-bridge: QEMU's, by name, IDs and properties. */
#include "pci/pci-bridge.h"

#include "pci/express.h"
#include "pci/internal.h"
#include "util/error.h"

#define SLOT_ID_SIZE   4
#define EXPRESS_OFFSET 0x48

#define SPEEDS (PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK)

typedef struct SlotBridge {
    PciBridge bridge;
    guint8 chassis; /* number, of which the capability tells */
} SlotBridge;

/* The bus behind it, of conventional PCI, as its status registers tell (3.2.4.4). */
static gboolean realize(PciDevice *dev, gboolean express, GError **errp)
{
    if (!pci_bridge_realize(dev, PCI_SLOTS, FALSE, errp)) {
        return FALSE;
    }
    pci_set(dev, PCI_STATUS, 2, pci_get(dev, PCI_STATUS, 2) | SPEEDS);
    pci_set(dev, PCI_SEC_STATUS, 2, SPEEDS);
    if (express) {
        pci_add_express_pci_bridge(dev, EXPRESS_OFFSET);
        pci_add_power_management(dev, 0);
    }
    return TRUE;
}

static gboolean offer(PciDevice *dev, GError **errp)
{
    if (pci_bridge_offer((PciBridge *)dev, errp)) {
        return TRUE;
    }
    pci_bridge_unrealize(&dev->device);
    return FALSE;
}

/* Slot identification (13.1 of the specification), where nobody counts slots. */
static void add_slot_id(SlotBridge *b)
{
    PciDevice *dev = &b->bridge.pci;
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_SLOTID, 0, SLOT_ID_SIZE);
    pci_set(dev, at + PCI_SID_ESR, 1, PCI_SID_ESR_FIC);
    pci_set(dev, at + PCI_SID_CHASSIS_NR, 1, b->chassis);
}

static gboolean pci_pci_bridge_realize(Device *device, GError **errp)
{
    SlotBridge *b = (SlotBridge *)device;
    if (!b->chassis) {
        return error_set(errp, "Bridge chassis not specified. Each bridge is required to "
                               "be assigned a unique chassis id > 0.");
    }
    if (!pci_bridge_check_reserve(&b->bridge, errp) ||
        !realize(&b->bridge.pci, FALSE, errp)) {
        return FALSE;
    }
    add_slot_id(b);
    pci_bridge_add_reserve(&b->bridge);
    return offer(&b->bridge.pci, errp);
}

static gboolean pcie_pci_bridge_realize(Device *device, GError **errp)
{
    PciDevice *dev = (PciDevice *)device;
    if (!dev->bus->express) {
        return error_set(errp,
                         "Device 'pcie-pci-bridge' can't go on bus '%s', which is of "
                         "conventional PCI",
                         dev->bus->bus->name);
    }
    return realize(dev, TRUE, errp) && offer(dev, errp);
}

static const Property pci_pci_bridge_properties[] = {
    { "chassis_nr", PROP_U8, offsetof(SlotBridge, chassis), "0", .guest = TRUE,
      .help = "Number of the chassis behind it, not 0" },
    PCI_BRIDGE_RESERVE(SlotBridge, bridge),
    PROPERTY_ONLY("shpc", PROP_BOOL, "off"),
    PROPERTY_ONLY("msi", PROP_AUTO, "auto|off"),
    { NULL },
};

static const Property pcie_pci_bridge_properties[] = {
    PROPERTY_ONLY("msi", PROP_AUTO, "auto|off"),
    { NULL },
};

const PciDeviceClass pci_pci_bridge_class = {
    .device = {
        .name = "pci-bridge",
        .bus = PCI_BUS_TYPE,
        .desc = "Standard PCI Bridge",
        .instance_size = sizeof(SlotBridge),
        .user_creatable = TRUE,
        .properties = pci_pci_bridge_properties,
        .parent = &pci_bridge_class.device,
        .realize = pci_pci_bridge_realize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = PCI_REDHAT_BRIDGE,
    .class_code = 0x060400,
    .bridge = TRUE,
};

const PciDeviceClass pcie_pci_bridge_class = {
    .device = {
        .name = "pcie-pci-bridge",
        .bus = PCI_BUS_TYPE,
        .desc = "PCIe-to-PCI Bridge",
        .instance_size = sizeof(PciBridge),
        .user_creatable = TRUE,
        .properties = pcie_pci_bridge_properties,
        .parent = &pci_bridge_class.device,
        .realize = pcie_pci_bridge_realize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = PCI_REDHAT_PCIE_BRIDGE,
    .class_code = 0x060400,
    .bridge = TRUE,
    .config_size = PCI_CONFIG_SIZE,
};
