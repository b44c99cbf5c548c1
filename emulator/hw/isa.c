/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bus. */
#include "config.h"

#include "hw/isa.h"

#include <string.h>

#include "util/error.h"

typedef struct IsaBus {
    IrqLine *irqs[ISA_IRQS];
    gboolean pic;
} IsaBus;

static const BusClass isa_bus_class = { .type = ISA_BUS_TYPE };

Bus *isa_bus_new(const char *name, IrqLine *const irqs[ISA_IRQS])
{
    IsaBus *isa = g_new0(IsaBus, 1);

    memcpy(isa->irqs, irqs, sizeof(isa->irqs));
    return bus_new(&isa_bus_class, name, NULL, isa);
}

void isa_bus_free(Bus *bus)
{
    if (bus) {
        g_free(bus->opaque);
        bus_free(bus);
    }
}

IrqLine *isa_bus_irq(const Device *dev, unsigned irq, GError **errp)
{
    const IsaBus *isa = dev->bus->opaque;

    if (irq >= ISA_IRQS || !isa->irqs[irq]) {
        error_set(errp, "Parameter 'irq' of device '%s': bus '%s' has no interrupt %u",
                  dev->klass->name, dev->bus->name, irq);
        return NULL;
    }
    return isa->irqs[irq];
}

void isa_bus_set_pic(Bus *bus)
{
    IsaBus *isa = bus->opaque;
    isa->pic = TRUE;
}

void isa_bus_add_irq(const Device *dev, AmlResources *r, unsigned irq)
{
    const IsaBus *isa = dev->bus->opaque;
    if (isa->pic) {
        aml_resource_irq(r, irq);
    } else {
        aml_resource_gsi(r, AML_EDGE_HIGH, (guint32[]){ irq }, 1);
    }
}
