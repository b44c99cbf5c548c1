/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: 16 interrupt lines, which the board has wired; edge-triggered, unless an
 * 8259 is told otherwise. Devices map their ports themselves, wherever nothing else is.
 */
#ifndef VIREO_HW_ISA_H
#define VIREO_HW_ISA_H

#include "device/aml.h"
#include "device/device.h"
#include "device/irq.h"
#include "memory/address-map.h"

#define ISA_BUS_TYPE "isa-bus"
#define ISA_IRQS     16

/* irqs: borrowed lines, NULL where the board has none; they outlive the bus. */
Bus *isa_bus_new(const char *name, IrqLine *const irqs[ISA_IRQS]);
void isa_bus_free(Bus *bus);
/* The line of an interrupt; fails by name where the board has none. */
IrqLine *isa_bus_irq(const Device *dev, unsigned irq, GError **errp);
/* The board has 8259s, of which guests know without being told. */
void isa_bus_set_pic(Bus *bus);
/* The interrupt among the resources that ACPI tells of the device. */
void isa_bus_add_irq(const Device *dev, AmlResources *r, unsigned irq);

#endif
