/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base address registers (PCI 3.0, 6.2.5). A BAR's region is always in its bus's
 * container, over and under the others there, and is enabled while it decodes: where the
 * guest puts it for a moment, it hides or is hidden, and nothing is refused.
 */
#include "pci/internal.h"

#define MEM_MIN  16
#define IO_MIN   4
#define PRIORITY 1

unsigned pci_bar_register(const PciDevice *dev, unsigned bar)
{
    if (bar != PCI_BAR_ROM) {
        return PCI_BASE_ADDRESS_0 + 4 * bar;
    }
    return pci_device_get_class(dev)->bridge ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
}

static guint32 type_bits(unsigned flags)
{
    if (flags & PCI_BAR_IO) {
        return PCI_BASE_ADDRESS_SPACE_IO;
    }
    return (flags & PCI_BAR_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
           (flags & PCI_BAR_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
}

void pci_add_bar(PciDevice *dev, unsigned bar, unsigned flags, Region *region,
                 guint64 size)
{
    unsigned at = pci_bar_register(dev, bar);
    unsigned registers = pci_device_get_class(dev)->bridge ? 2 : PCI_BARS;
    g_assert(size && !(size & (size - 1)) &&
             size >= (flags & PCI_BAR_IO ? IO_MIN : MEM_MIN));
    g_assert(flags & PCI_BAR_64 || size <= 0x80000000u);
    g_assert(bar == PCI_BAR_ROM || bar + !!(flags & PCI_BAR_64) < registers);
    g_assert(!dev->bars[bar].region);
    dev->bars[bar] = (PciBar){ .region = region, .size = size, .flags = (guint8)flags };
    guint64 mask = ~(size - 1);
    if (bar == PCI_BAR_ROM) {
        pci_set_writable(dev, at, 4, (guint32)mask | PCI_ROM_ADDRESS_ENABLE);
    } else {
        pci_set(dev, at, 4, type_bits(flags));
        pci_set_writable(dev, at, 4, (guint32)mask);
        if (flags & PCI_BAR_64) {
            pci_set_writable(dev, at + 4, 4, (guint32)(mask >> 32));
        }
    }
    pci_map_begin();
    region_set_enabled(region, FALSE);
    region_add_over(flags & PCI_BAR_IO ? dev->bus->io : dev->bus->memory, region, 0,
                    PRIORITY);
    pci_map_end();
}

guint64 pci_bar_address(const PciDevice *dev, unsigned bar)
{
    const PciBar *b = &dev->bars[bar];
    unsigned at = pci_bar_register(dev, bar);
    guint64 value = pci_get(dev, at, 4);
    if (b->flags & PCI_BAR_64) {
        value |= (guint64)pci_get(dev, at + 4, 4) << 32;
    }
    return value & ~(b->size - 1);
}

gboolean pci_bar_enabled(const PciDevice *dev, unsigned bar)
{
    guint16 command = (guint16)pci_get(dev, PCI_COMMAND, 2);
    guint16 bit = dev->bars[bar].flags & PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    if (bar == PCI_BAR_ROM &&
        !(pci_get(dev, pci_bar_register(dev, bar), 4) & PCI_ROM_ADDRESS_ENABLE)) {
        return FALSE;
    }
    return (command & bit) && pci_power_state(dev) == 0;
}

/*
 * Address 0, and the end of the space, are what a BAR says that has no place, or is
 * being sized.
 */
static gboolean has_place(const PciBar *b, guint64 addr)
{
    guint64 last = addr + (b->size - 1);
    guint64 end = b->flags & PCI_BAR_64 ? G_MAXUINT64 : G_MAXUINT32;
    return addr != 0 && last > addr && last < end &&
           (!(b->flags & PCI_BAR_IO) || last <= G_MAXUINT16);
}

void pci_update_mapping(PciDevice *dev)
{
    pci_map_begin();
    for (unsigned i = 0; i < G_N_ELEMENTS(dev->bars); i++) {
        const PciBar *b = &dev->bars[i];
        if (!b->region) {
            continue;
        }
        guint64 addr = pci_bar_address(dev, i);
        gboolean seen = pci_bar_enabled(dev, i) && has_place(b, addr);
        region_set_enabled(b->region, seen);
        if (seen) {
            region_set_address(b->region, addr);
        }
    }
    pci_map_end();
}

void pci_bars_free(PciDevice *dev)
{
    pci_map_begin();
    for (unsigned i = 0; i < G_N_ELEMENTS(dev->bars); i++) {
        if (dev->bars[i].region) {
            region_remove(dev->bars[i].region);
        }
    }
    pci_map_end();
    for (unsigned i = 0; i < G_N_ELEMENTS(dev->bars); i++) {
        region_free(dev->bars[i].region);
        dev->bars[i] = (PciBar){ NULL };
    }
}
