/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of PCI Express with a slot. */
#include "pci/port.h"

#include "pci/internal.h"

const StateField pci_port_fields[] = {
    STATE_FIELD("slot", STATE_STRUCT, PciPort, native, .nested = &pci_slot_state),
    { NULL },
};

gboolean pci_port_has_state(void *port)
{
    return pci_slot_state.needed(&((PciPort *)port)->native);
}

void pci_port_init(Device *device)
{
    pci_bridge_init(device);
    ((PciPort *)device)->bridge.slotted = TRUE;
}

gboolean pci_port_finish(PciPort *p, GError **errp)
{
    pci_slot_init(&p->native, &p->bridge, p->bridge.slot, p->hotplug, p->power);
    if (!pci_bridge_has_hotplug()) {
        pci_slot_set_native(&p->native);
    } else if (p->hotplug && !pci_bridge_offer(&p->bridge, errp)) {
        pci_port_unrealize(&p->bridge.pci.device);
        return FALSE;
    }
    return TRUE;
}

void pci_port_unrealize(Device *device)
{
    pci_slot_free(&((PciPort *)device)->native);
    pci_bridge_unrealize(device);
}

void pci_port_reset(Device *device)
{
    pci_bridge_reset(device);
    pci_slot_reset(&((PciPort *)device)->native);
}

void pci_port_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old)
{
    pci_bridge_class.config_written(dev, offset, size, old);
    pci_slot_written(&((PciPort *)dev)->native, offset, size, old);
}
