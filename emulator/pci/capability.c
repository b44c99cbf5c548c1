/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of capabilities (PCI 3.0, 6.7), and power management (PCI PM 1.2, 3.2). */
#include "pci/internal.h"

#define POWER_SIZE 8
#define PM_VERSION 3 /* of the specification 1.2 */
#define D3_HOT     3

guint8 pci_add_capability(PciDevice *dev, guint8 id, guint8 offset, guint8 size)
{
    guint at = offset ? offset : dev->config_used;
    g_assert(at >= 0x40 && at % 4 == 0 && at + size <= PCI_CONFIG_SIZE);
    for (guint i = at; i < at + size; i++) {
        g_assert(!dev->config[i]);
    }
    pci_set(dev, at + PCI_CAP_LIST_ID, 1, id);
    pci_set(dev, at + PCI_CAP_LIST_NEXT, 1, dev->config[PCI_CAPABILITY_LIST]);
    pci_set(dev, PCI_CAPABILITY_LIST, 1, at);
    pci_set(dev, PCI_STATUS, 2, pci_get(dev, PCI_STATUS, 2) | PCI_STATUS_CAP_LIST);
    dev->config_used = (guint16)MAX(dev->config_used, (at + size + 3u) & ~3u);
    return (guint8)at;
}

guint8 pci_find_capability(const PciDevice *dev, guint8 id)
{
    guint8 at = dev->config[PCI_CAPABILITY_LIST];
    while (at && dev->config[at + PCI_CAP_LIST_ID] != id) {
        at = dev->config[at + PCI_CAP_LIST_NEXT];
    }
    return at;
}

/* No_Soft_Reset (3.2.4): what was set is still there when it comes back from D3hot. */
void pci_add_power_management(PciDevice *dev, guint8 offset)
{
    dev->power = pci_add_capability(dev, PCI_CAP_ID_PM, offset, POWER_SIZE);
    pci_set(dev, dev->power + PCI_PM_PMC, 2, PM_VERSION);
    pci_set(dev, dev->power + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_writable(dev, dev->power + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);
}

unsigned pci_power_state(const PciDevice *dev)
{
    return dev->power ? pci_get(dev, dev->power + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK
                      : 0;
}

/* 3.2.4: a state that is not there is not taken. */
void pci_power_written(PciDevice *dev, guint16 old)
{
    unsigned state = pci_power_state(dev);
    if (state && state != D3_HOT) {
        pci_set(dev, dev->power + PCI_PM_CTRL, 2, old);
    }
}
