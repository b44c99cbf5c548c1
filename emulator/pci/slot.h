/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slot of an Express port, as its own registers have it (PCI Express 4.0, 7.5.3.9 to
 * 7.5.3.11, and 6.7): attention button, power and attention indicators, power controller,
 * presence and link, electromechanical interlock, command completed, and the port's
 * interrupt for all that. A root port and a switch's downstream port have one each.
 *
 * With ACPI hot-plug the same slot is beside it, for guests without ACPI: who has enabled
 * the attention button is told and asked here as well (acpi-hotplug.c calls the functions
 * at the end). Without it (pci_slot_set_native()) the bus is plugged by this alone.
 *
 * All of it under the machine lock.
 */
#ifndef VIREO_PCI_SLOT_H
#define VIREO_PCI_SLOT_H

#include "pci/bridge.h"

/* A member of the port, which its PciBridge knows as `native`. */
typedef struct PciSlot {
    PciBridge *port;  /* NULL: not made */
    gboolean hotplug; /* devices come and go */
    gboolean power;   /* there is a power controller */
    gboolean native;  /* nobody else plugs */
    gboolean present; /* as the guest was told */
    /* The state of the slot that is not in the registers. */
    gboolean locked;    /* the interlock is engaged */
    gboolean answering; /* the guest blinks, because it was asked to let go */
    GArray *held;       /* vCPUs that wait for a function to leave */
} PciSlot;

/*
 * In realize of the port, after its bus and its Express capability. number: the physical
 * one that the guest is shown.
 */
void pci_slot_init(PciSlot *s, PciBridge *port, guint16 number, gboolean hotplug,
                   gboolean power);
/* There is no ACPI hot-plug: the bus's hot-plug is this, or is refused by it. */
void pci_slot_set_native(PciSlot *s);
/* In unrealize, before the bridge's. */
void pci_slot_free(PciSlot *s);
/* After pci_bridge_reset(): a slot with something in it is on, an empty one off. */
void pci_slot_reset(PciSlot *s);
/* As config_written of PciDeviceClass, after the bridge's. */
void pci_slot_written(PciSlot *s, unsigned offset, unsigned size, guint32 old);
/* Rows of a PciSlot; left out of streams while they say nothing. */
extern const StateDesc pci_slot_state;

/* A bridge has switched off what is behind it, and nothing answers. NULL: no. */
gboolean pci_slot_is_off(const PciDevice *bridge);
/* Something has been put there before the machine ran. Buses without a slot: nothing. */
void pci_slot_filled(PciBus *bus);

/*
 * For who else plugs on the bus: what it does, the slot shows too. Nothing is done and
 * nothing refused on buses without a slot, and where the guest has no driver for it.
 */
gboolean pci_slot_may_plug(PciBus *bus, PciDevice *dev, GError **errp);
void pci_slot_plugged(PciBus *bus, PciDevice *dev);
gboolean pci_slot_may_unplug(PciBus *bus, GError **errp);
/* TRUE: the guest needs not be asked, all functions go. They may have gone already. */
gboolean pci_slot_lets_go(PciBus *bus);
/* Asks the guest: presses the attention button. */
void pci_slot_press(PciBus *bus);
void pci_slot_unplugged(PciBus *bus, PciDevice *dev);

#endif
