/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI hot-plug by ACPI: the registers of QEMU's, that the DSDT's methods use, and one
 * group more, by which the guest tells that it keeps a device (_OST). A bus that takes
 * part has a number, BSEL. What happens raises a general purpose event.
 *
 * Dwords from ACPI_HOTPLUG_PORT on:
 *   0x00 up         read: slots into which something was plugged; a read clears
 *   0x04 down       read: slots that the guest is asked to let go of
 *   0x08 eject      write: a bit for each slot that the guest lets go of
 *   0x0c removable  read: slots that may be ejected
 *   0x10 select     BSEL of the bus that the others are of
 *   0x14 index      write: a bit for a slot; read: the acpi-index of what is there, once
 * and of _OST (ACPI 6.5, 6.3.5), from ACPI_HOTPLUG_OST_PORT on:
 *   0x00 slot       number
 *   0x04 event      3, 0x103: ejection
 *   0x08 status     a write tells
 *
 * The ports of the second group are nobody's on QEMU's q35, whatever is plugged there:
 * behind the first group's its CPU hot-plug is (0xcd8-0xce3, to 0xcf7 until a guest has
 * switched it over), memory hot-plug and NVDIMMs at 0xa00-0xa1b, IPMI at 0xca2-0xcab.
 */
#ifndef VIREO_PCI_ACPI_HOTPLUG_H
#define VIREO_PCI_ACPI_HOTPLUG_H

#include "pci/bus.h"

#define ACPI_HOTPLUG_PORT      0xcc0 /* on q35 */
#define ACPI_HOTPLUG_SIZE      0x18
#define ACPI_HOTPLUG_OST_PORT  0xcb0 /* on q35 */
#define ACPI_HOTPLUG_OST_SIZE  0x0c
#define ACPI_HOTPLUG_GPE       1 /* the event, of GPE0 */
#define ACPI_HOTPLUG_MAX_BUSES 256
#define ACPI_HOTPLUG_NO_BUS    G_MAXUINT32

enum {
    ACPI_HOTPLUG_UP = 0x00,
    ACPI_HOTPLUG_DOWN = 0x04,
    ACPI_HOTPLUG_EJECT = 0x08,
    ACPI_HOTPLUG_REMOVABLE = 0x0c,
    ACPI_HOTPLUG_SELECT = 0x10,
    ACPI_HOTPLUG_INDEX = 0x14,
};

enum {
    ACPI_HOTPLUG_OST_SLOT = 0x00,
    ACPI_HOTPLUG_OST_EVENT = 0x04,
    ACPI_HOTPLUG_OST_STATUS = 0x08,
};

extern const DeviceClass acpi_pci_hotplug_class; /* "acpi-pci-hotplug" */

/* Before realize: where both groups are. gpe: pulsed for each event; borrowed. */
void acpi_pci_hotplug_set_wiring(Device *dev, guint16 port, guint16 ost_port,
                                 IrqLine *gpe);
/*
 * The bus's slots are plugged through this device, or not any more; as the hook of
 * pci_bridge_set_hotplug(), with the device as opaque. Numbers are given in order, and
 * not again. The device is realized.
 */
gboolean acpi_pci_hotplug_bus_changed(PciBus *bus, gboolean there, void *opaque);
/* What the DSDT calls BSEL; ACPI_HOTPLUG_NO_BUS: it does not take part. */
guint32 acpi_pci_hotplug_bsel(const PciBus *bus);

#endif
