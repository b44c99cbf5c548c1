/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ICH9's LPC bridge, function 1f.0 of pcie.0, "ICH9-LPC" (Intel ICH9 data sheet,
 * chapter 13): where the power management registers are (PMBASE), which interrupt is the
 * SCI's, how PIRQA# to PIRQH# reach the interrupt controllers, the chipset's
 * configuration registers in memory (RCBA), the reset control register 0xcf9.
 */
#ifndef VIREO_PCI_ICH9_LPC_H
#define VIREO_PCI_ICH9_LPC_H

#include "pci/bus.h"

#define ICH9_GSIS     24
#define ICH9_PIC_PINS 16
#define ICH9_PIRQS    8

extern const PciDeviceClass ich9_lpc_class;

typedef struct Ich9LpcWiring {
    Device *host;         /* q35-pcihost, for 0xcf9 */
    IrqLine *const *gsis; /* ICH9_GSIS pins of the I/O APIC */
    IrqLine *const *pic;  /* ICH9_PIC_PINS pins of the 8259s; NULL: none */
    Region *pm;           /* of the power management, borrowed: put at PMBASE */
} Ich9LpcWiring;

/* Before realize; the lines live as long as the device. */
void ich9_lpc_set_wiring(Device *dev, const Ich9LpcWiring *wiring);
/* After realize: the wire of a slot's pin, for pci_bus_set_irqs(). opaque: the device. */
IrqLine *ich9_lpc_map_irq(void *opaque, unsigned slot, unsigned pin);
/*
 * Which PIRQ (0: A) a slot's pin (0: INTA#) is wired to after a reset, for a _PRT; its
 * GSI is ICH9_PIRQ_GSI and that.
 */
#define ICH9_PIRQ_GSI 16
unsigned ich9_lpc_pirq(unsigned slot, unsigned pin);
/* The line of the SCI, for who raises it. From device_new() to the device's end. */
IrqLine *ich9_lpc_sci(Device *dev);
/* The GSI that it reaches after a reset: for the FADT. */
#define ICH9_SCI_GSI 9

/* What `-global ICH9-LPC.NAME=` has set. */
typedef struct Ich9LpcOptions {
    guint8 disable_s3, disable_s4, s4_val;
    gboolean enable_tco, noreboot, acpi_hotplug;
} Ich9LpcOptions;
const Ich9LpcOptions *ich9_lpc_options(Device *dev);

/*
 * What firmware does, for a guest without; after each reset: the power management's
 * registers are at pm_base, the chipset's configuration registers at rcrb_base, and the
 * PIRQs reach the 8259s (10, 10, 11, 11, as with QEMU).
 */
void ich9_lpc_set_up(Device *dev, guint16 pm_base, guint32 rcrb_base);
/*
 * The same, after that: the Interrupt Line of each function that is there says which pin
 * of the 8259s its INTx# reaches, for a guest that knows no _PRT. Returns those pins (bit
 * N: IRQ N), which are level-triggered.
 */
guint16 ich9_lpc_set_lines(Device *dev);
/* The watchdog's expiry is to have no effect: GCS, or `noreboot`. */
gboolean ich9_lpc_no_reboot(Device *dev);

#endif
