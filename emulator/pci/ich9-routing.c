/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How interrupts go: a slot's pin to a PIRQ (wired for slots 0 to 24 and 30, by the
 * registers D25IR to D31IR for the chipset's own), a PIRQ to its pin of the I/O APIC and,
 * where its register says so, to one of the 8259s'; the SCI to where ACPI_CNTL says.
 * (Intel ICH9 data sheet, 10.1 and 13.1.)
 */
#include <string.h>

#include "pci/bridge.h"
#include "pci/ich9-internal.h"
#include "pci/internal.h"

#define FIRST_OWN_SLOT 25
#define DMI_SLOT       30
#define NO_LINE        0xff   /* PCI 3.0, 6.2.4: unknown, or none */
#define DEFAULT_ROUTE  0x3210 /* INTA# to PIRQA#, and so on */

/* Offsets of DnIR from RCRB_ROUTES; 0: there is none. */
static const guint8 own_routes[] = { 0x50, 0x4c, 0x48, 0x46, 0x44, 0, 0x40 };

/* 13.1.14: the selections that are an interrupt. */
static const guint8 sci_gsis[8] = { 9, 10, 11, 9, 20, 21, 20, 20 };

static unsigned wired_pirq(unsigned slot, unsigned pin)
{
    return (slot == DMI_SLOT ? pin : (slot + pin) % 4) + 4;
}

unsigned ich9_lpc_pirq(unsigned slot, unsigned pin)
{
    gboolean own = slot >= FIRST_OWN_SLOT && own_routes[slot - FIRST_OWN_SLOT];
    return own ? (DEFAULT_ROUTE >> (4 * pin)) & 7 : wired_pirq(slot, pin);
}

static guint16 own_route(const Ich9Lpc *lpc, unsigned slot)
{
    guint8 at = own_routes[slot - FIRST_OWN_SLOT];
    return (guint16)(lpc->routes[at] | lpc->routes[at + 1] << 8);
}

static unsigned pirq_of(const Ich9Lpc *lpc, unsigned slot, unsigned pin)
{
    gboolean own = slot >= FIRST_OWN_SLOT && own_routes[slot - FIRST_OWN_SLOT];
    return own ? (own_route(lpc, slot) >> (4 * pin)) & 7 : wired_pirq(slot, pin);
}

IrqLine *ich9_lpc_map_irq(void *opaque, unsigned slot, unsigned pin)
{
    Ich9Lpc *lpc = opaque;
    return lpc->pirqs[pirq_of(lpc, slot, pin)].line;
}

/* Lines */

static void route_changed(void *opaque, unsigned n, int level)
{
    Ich9Route *r = opaque;
    irq_source_set(&r->gsi, level);
    irq_source_set(&r->pic, level);
}

void ich9_routing_init(Ich9Lpc *lpc)
{
    lpc->sci.line = irq_line_new(route_changed, &lpc->sci, 0);
    for (unsigned i = 0; i < ICH9_PIRQS; i++) {
        lpc->pirqs[i].line = irq_line_new(route_changed, &lpc->pirqs[i], i);
    }
}

void ich9_routing_finalize(Ich9Lpc *lpc)
{
    irq_line_free(lpc->sci.line);
    for (unsigned i = 0; i < ICH9_PIRQS; i++) {
        irq_line_free(lpc->pirqs[i].line);
    }
}

static void connect(const Ich9Lpc *lpc, Ich9Route *r, unsigned gsi, int pic)
{
    const Ich9LpcWiring *w = &lpc->wiring;
    irq_source_connect(&r->gsi, w->gsis ? w->gsis[gsi] : NULL);
    irq_source_connect(&r->pic, w->pic && pic >= 0 ? w->pic[pic] : NULL);
}

static int pic_pin(const Ich9Lpc *lpc, unsigned pirq)
{
    unsigned at = pirq < 4 ? ICH9_PIRQ_A_D + pirq : ICH9_PIRQ_E_H + pirq - 4;
    guint8 value = lpc->pci.config[at];
    return value & ICH9_PIRQ_OFF ? -1 : value & (ICH9_PIC_PINS - 1);
}

static void set_line(PciDevice *dev, void *opaque)
{
    const Ich9Lpc *lpc = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    unsigned slot, pin;
    if (dev->config[PCI_INTERRUPT_PIN]) {
        pci_intx_at_root(dev, &slot, &pin);
        int irq = pic_pin(lpc, pirq_of(lpc, slot, pin));
        dev->config[PCI_INTERRUPT_LINE] = irq < 0 ? NO_LINE : (guint8)irq;
    }
    if (behind) {
        pci_bus_foreach(behind, set_line, opaque);
    }
}

guint16 ich9_lpc_set_lines(Device *device)
{
    Ich9Lpc *lpc = (Ich9Lpc *)device;
    guint16 used = 0;
    pci_bus_foreach(lpc->pci.bus, set_line, lpc);
    for (unsigned i = 0; i < ICH9_PIRQS; i++) {
        used |= pic_pin(lpc, i) >= 0 ? (guint16)(1u << pic_pin(lpc, i)) : 0;
    }
    return used;
}

void ich9_routing_apply(Ich9Lpc *lpc)
{
    unsigned sci = sci_gsis[lpc->pci.config[ICH9_ACPI_CNTL] & 7];
    connect(lpc, &lpc->sci, sci, sci < ICH9_PIC_PINS ? (int)sci : -1);
    for (unsigned i = 0; i < ICH9_PIRQS; i++) {
        connect(lpc, &lpc->pirqs[i], ICH9_PIRQ_GSI + i, pic_pin(lpc, i));
    }
    pci_bus_remap_irqs(lpc->pci.bus);
}

void ich9_routing_disconnect(Ich9Lpc *lpc)
{
    lpc->wiring = (Ich9LpcWiring){ NULL };
    ich9_routing_apply(lpc);
}

void ich9_routing_reset(Ich9Lpc *lpc)
{
    memset(lpc->routes, 0, sizeof(lpc->routes));
    for (unsigned i = 0; i < G_N_ELEMENTS(own_routes); i++) {
        if (own_routes[i]) {
            lpc->routes[own_routes[i]] = DEFAULT_ROUTE & 0xff;
            lpc->routes[own_routes[i] + 1] = DEFAULT_ROUTE >> 8;
        }
    }
    lpc->gcs = 0;
    ich9_routing_strap(lpc);
}

void ich9_routing_strap(Ich9Lpc *lpc)
{
    lpc->gcs |= lpc->options.noreboot ? GCS_NO_REBOOT : 0;
}

/* The registers behind RCBA: bytes, of which the rest reads as zero. */

static guint8 *register_byte(Ich9Lpc *lpc, guint64 offset)
{
    if (offset >= RCRB_ROUTES && offset < RCRB_ROUTES + RCRB_ROUTE_SIZE) {
        return &lpc->routes[offset - RCRB_ROUTES];
    }
    return offset == RCRB_GCS ? (guint8 *)&lpc->gcs : NULL;
}

static guint64 rcrb_read(void *opaque, guint64 offset, unsigned size)
{
    guint64 value = 0;
    for (unsigned i = 0; i < size; i++) {
        const guint8 *byte = register_byte(opaque, offset + i);
        value |= (guint64)(byte ? *byte : 0) << (8 * i);
    }
    return value;
}

static void rcrb_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Ich9Lpc *lpc = opaque;
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        guint8 *byte = register_byte(lpc, offset + i);
        if (byte) {
            *byte = (guint8)value;
        }
    }
    ich9_routing_strap(lpc);
    ich9_routing_apply(lpc);
}

const RegionOps ich9_rcrb_ops = {
    .read = rcrb_read, .write = rcrb_write, .min_size = 1, .max_size = 4, .split = TRUE
};
