/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INTx: the function's pin, turned at each bridge on the way to the root
 * (PCI-to-PCI Bridge 1.2, 9.1), where the board says which wire it is.
 */
#include "pci/internal.h"

const PciBus *pci_intx_at_root(const PciDevice *dev, unsigned *slot, unsigned *pin)
{
    const PciBus *bus = dev->bus;
    *slot = PCI_SLOT(dev->devfn);
    *pin = dev->config[PCI_INTERRUPT_PIN] - 1u;
    for (; bus->bridge; bus = bus->bridge->bus) {
        *pin = (*pin + *slot) % 4;
        *slot = PCI_SLOT(bus->bridge->devfn);
    }
    return bus;
}

static IrqLine *find_line(const PciDevice *dev)
{
    unsigned slot, pin;
    const PciBus *bus = pci_intx_at_root(dev, &slot, &pin);
    return bus->map_irq ? bus->map_irq(bus->irq_opaque, slot, pin) : NULL;
}

void pci_intx_connect(PciDevice *dev)
{
    if (dev->config[PCI_INTERRUPT_PIN]) {
        irq_source_connect(&dev->intx, find_line(dev));
    }
}

void pci_intx_disconnect(PciDevice *dev)
{
    irq_source_disconnect(&dev->intx);
}

/*
 * 6.2.3: the status tells of the level. The line may be disabled, or not be in use, or
 * the function is in D3hot, where it asks for nothing (PCI PM 1.2, 5.4.1).
 */
void pci_intx_update(PciDevice *dev)
{
    guint16 status = (guint16)(pci_get(dev, PCI_STATUS, 2) & ~PCI_STATUS_INTERRUPT);
    gboolean disabled = (pci_get(dev, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE) != 0;
    pci_set(dev, PCI_STATUS, 2, status | (dev->intx_level ? PCI_STATUS_INTERRUPT : 0));
    irq_source_set(&dev->intx, dev->intx_level && !disabled && !dev->messages &&
                                   pci_power_state(dev) == 0);
}

void pci_set_intx(PciDevice *dev, gboolean level)
{
    if (dev->intx_level != !!level) {
        dev->intx_level = !!level;
        pci_intx_update(dev);
    }
}
