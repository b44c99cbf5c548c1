/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-pci: the functions that the guest sees, and what it has made of them. */
#include "config.h"

#include <string.h>

#include "monitor/commands.h"
#include "pci/bridge.h"

QMP_OBJECT(range, { "base", &qmp_int }, { "limit", &qmp_int });
QMP_OBJECT(region, { "bar", &qmp_int }, { "type", &qmp_str }, { "address", &qmp_int },
           { "size", &qmp_int }, { "prefetch", &qmp_bool, TRUE },
           { "mem_type_64", &qmp_bool, TRUE });
QMP_LIST(region_list, &region);
QMP_OBJECT(bus_info, { "number", &qmp_int }, { "secondary", &qmp_int },
           { "subordinate", &qmp_int }, { "io_range", &range },
           { "memory_range", &range }, { "prefetchable_range", &range });
QMP_OBJECT(class_info, { "desc", &qmp_str, TRUE }, { "class", &qmp_int });
QMP_OBJECT(id_info, { "device", &qmp_int }, { "vendor", &qmp_int },
           { "subsystem", &qmp_int, TRUE }, { "subsystem-vendor", &qmp_int, TRUE });
static const QmpType device_list;
QMP_OBJECT(bridge_info, { "bus", &bus_info }, { "devices", &device_list, TRUE });
QMP_OBJECT(device_info, { "bus", &qmp_int }, { "slot", &qmp_int },
           { "function", &qmp_int }, { "class_info", &class_info }, { "id", &id_info },
           { "irq", &qmp_int, TRUE }, { "irq_pin", &qmp_int }, { "qdev_id", &qmp_str },
           { "pci_bridge", &bridge_info, TRUE }, { "regions", &region_list });
QMP_LIST(device_list, &device_info);
QMP_OBJECT(pci_info, { "bus", &qmp_int }, { "devices", &device_list });
QMP_LIST(pci_info_list, &pci_info);

static ConfigNode *make_region(const PciDevice *dev, unsigned bar)
{
    const PciBar *b = &dev->bars[bar];
    ConfigNode *o = config_map_new();
    guint64 addr = pci_bar_address(dev, bar);
    gboolean placed = addr && pci_bar_enabled(dev, bar);
    config_map_set_int(o, "bar", bar);
    config_map_set_string(o, "type", b->flags & PCI_BAR_IO ? "io" : "memory");
    config_map_set_int(o, "address", placed ? (gint64)addr : -1);
    config_map_set_int(o, "size", (gint64)b->size);
    if (!(b->flags & PCI_BAR_IO)) {
        config_map_set_bool(o, "prefetch", (b->flags & PCI_BAR_PREFETCH) != 0);
        config_map_set_bool(o, "mem_type_64", (b->flags & PCI_BAR_64) != 0);
    }
    return o;
}

static ConfigNode *make_regions(const PciDevice *dev)
{
    ConfigNode *list = config_list_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(dev->bars); i++) {
        if (dev->bars[i].region) {
            config_list_add(list, make_region(dev, i));
        }
    }
    return list;
}

/* PCI 3.0, appendix D. */
static const struct {
    guint16 class_code;
    const char *name;
} class_names[] = {
    { 0x0100, "SCSI controller" },     { 0x0106, "SATA controller" },
    { 0x0200, "Ethernet controller" }, { 0x0600, "Host bridge" },
    { 0x0601, "ISA bridge" },          { 0x0604, "PCI bridge" },
};

static ConfigNode *make_class(const PciDevice *dev)
{
    ConfigNode *o = config_map_new();
    guint32 class_code = pci_get(dev, PCI_CLASS_DEVICE, 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (class_names[i].class_code == class_code) {
            config_map_set_string(o, "desc", class_names[i].name);
        }
    }
    config_map_set_int(o, "class", class_code);
    return o;
}

static ConfigNode *make_id(const PciDevice *dev)
{
    ConfigNode *o = config_map_new();
    config_map_set_int(o, "device", pci_get(dev, PCI_DEVICE_ID, 2));
    config_map_set_int(o, "vendor", pci_get(dev, PCI_VENDOR_ID, 2));
    if (!pci_bridge_bus(dev)) {
        config_map_set_int(o, "subsystem", pci_get(dev, PCI_SUBSYSTEM_ID, 2));
        config_map_set_int(o, "subsystem-vendor",
                           pci_get(dev, PCI_SUBSYSTEM_VENDOR_ID, 2));
    }
    return o;
}

static ConfigNode *make_range(const PciDevice *dev, PciWindow window)
{
    ConfigNode *o = config_map_new();
    PciRange r = pci_bridge_window(dev, window);
    config_map_set_int(o, "base", (gint64)r.base);
    config_map_set_int(o, "limit", (gint64)r.limit);
    return o;
}

static ConfigNode *make_devices(PciBus *bus);

static ConfigNode *make_bridge(const PciDevice *dev)
{
    ConfigNode *o = config_map_new(), *bus = config_map_new();
    config_map_set_int(bus, "number", pci_get(dev, PCI_PRIMARY_BUS, 1));
    config_map_set_int(bus, "secondary", pci_get(dev, PCI_SECONDARY_BUS, 1));
    config_map_set_int(bus, "subordinate", pci_get(dev, PCI_SUBORDINATE_BUS, 1));
    config_map_set(bus, "io_range", make_range(dev, PCI_WINDOW_IO));
    config_map_set(bus, "memory_range", make_range(dev, PCI_WINDOW_MEM));
    config_map_set(bus, "prefetchable_range", make_range(dev, PCI_WINDOW_PREF));
    config_map_set(o, "bus", bus);
    if (pci_get(dev, PCI_SECONDARY_BUS, 1)) { /* else nothing leads there */
        config_map_set(o, "devices", make_devices(pci_bridge_bus(dev)));
    }
    return o;
}

static void add_device(PciDevice *dev, void *opaque)
{
    guint8 pin = (guint8)pci_get(dev, PCI_INTERRUPT_PIN, 1);
    if (!dev->announced) {
        return;
    }
    ConfigNode *o = config_map_new();
    config_map_set_int(o, "bus", pci_bus_number(dev->bus));
    config_map_set_int(o, "slot", PCI_SLOT(dev->devfn));
    config_map_set_int(o, "function", PCI_FUNC(dev->devfn));
    config_map_set(o, "class_info", make_class(dev));
    config_map_set(o, "id", make_id(dev));
    if (pin) {
        config_map_set_int(o, "irq", pci_get(dev, PCI_INTERRUPT_LINE, 1));
    }
    config_map_set_int(o, "irq_pin", pin);
    config_map_set_string(o, "qdev_id", dev->device.id ? dev->device.id : "");
    if (pci_bridge_bus(dev)) {
        config_map_set(o, "pci_bridge", make_bridge(dev));
    }
    config_map_set(o, "regions", make_regions(dev));
    config_list_add(opaque, o);
}

static ConfigNode *make_devices(PciBus *bus)
{
    ConfigNode *list = config_list_new();
    pci_bus_foreach(bus, add_device, list);
    return list;
}

static ConfigNode *cmd_query_pci(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();
    Bus *root = bus_find("pcie.0");
    if (root && strcmp(root->klass->type, PCI_BUS_TYPE) == 0) {
        ConfigNode *o = config_map_new();
        config_map_set_int(o, "bus", 0);
        config_map_set(o, "devices", make_devices(pci_bus_of(root)));
        config_list_add(list, o);
    }
    return list;
}

const QmpCommand qmp_pci_commands[] = {
    { "query-pci", "The PCI functions that the guest sees", cmd_query_pci,
      .ret = &pci_info_list },
    { .name = NULL },
};
