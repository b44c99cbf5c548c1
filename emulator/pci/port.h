/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a root port and a switch's downstream port have in common: a bridge to one slot,
 * which is plugged by ACPI, by its own registers, or both (pci/slot.h).
 */
#ifndef VIREO_PCI_PORT_H
#define VIREO_PCI_PORT_H

#include "pci/bridge.h"
#include "pci/slot.h"

typedef struct PciPort {
    PciBridge bridge;
    guint8 port;
    gboolean hotplug, power;
    PciSlot native;
} PciPort;

#define PCI_PORT_PROPERTIES                                                                \
    { "port", PROP_U8,       offsetof(PciPort, port),                                      \
      "0",    .guest = TRUE, .help = "Number of the port" },                               \
        { "chassis", PROP_U8,       offsetof(PciPort, bridge.chassis),                     \
          "0",       .guest = TRUE, .help = "Number of the chassis that the slot is in" }, \
        { "slot",                                                                          \
          PROP_U16,                                                                        \
          offsetof(PciPort, bridge.slot),                                                  \
          "0",                                                                             \
          .guest = TRUE,                                                                   \
          .max = 0x1fff,                                                                   \
          .help = "Number of the slot in its chassis" },                                   \
        { "hotplug", PROP_BOOL,     offsetof(PciPort, hotplug),                            \
          "on",      .guest = TRUE, .help = "Devices come and go while the guest runs" },  \
    {                                                                                      \
        "power_controller_present", PROP_BOOL, offsetof(PciPort, power), "on",             \
            .guest = TRUE, .help = "The guest switches the power of the slot"              \
    }

/* Of the classes: all but realize is theirs. */
void pci_port_init(Device *device);
void pci_port_unrealize(Device *device);
void pci_port_reset(Device *device);
void pci_port_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old);
gboolean pci_port_has_state(void *port);
#define PCI_PORT_STATE(name_)                                                            \
    {                                                                                    \
        .name = name_, .version = 1, .fields = pci_port_fields,                          \
        .needed = pci_port_has_state                                                     \
    }
extern const StateField pci_port_fields[];

/*
 * The end of realize, after the capabilities: the slot. FALSE: the bridge has been taken
 * down again.
 */
gboolean pci_port_finish(PciPort *port, GError **errp);

#endif
