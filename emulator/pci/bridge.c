/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bridges. A window is an alias: what the bus behind has at an address is seen at the
 * same address before the bridge, as far as the window reaches.
 */
#include "pci/bridge.h"

#include "pci/bridge-internal.h"
#include "pci/internal.h"

#define PRIORITY 1

/* The registers of a window: 3.2.5 of the specification. */
typedef struct WindowRow {
    guint8 base, limit;             /* offsets */
    guint8 size;                    /* of each, bytes */
    guint8 base_upper, limit_upper; /* offsets of the upper 32 bits; 0: none */
    guint8 grain;                   /* address bits below the register's */
    guint8 shift;                   /* of the register's bits to the left */
    guint16 command;                /* lets it pass */
} WindowRow;

static const WindowRow rows[PCI_WINDOWS] = {
    [PCI_WINDOW_IO] = { PCI_IO_BASE, PCI_IO_LIMIT, 1, 0, 0, 12, 8, PCI_COMMAND_IO },
    [PCI_WINDOW_MEM] = { PCI_MEMORY_BASE, PCI_MEMORY_LIMIT, 2, 0, 0, 20, 16,
                         PCI_COMMAND_MEMORY },
    [PCI_WINDOW_PREF] = { PCI_PREF_MEMORY_BASE, PCI_PREF_MEMORY_LIMIT, 2,
                          PCI_PREF_BASE_UPPER32, PCI_PREF_LIMIT_UPPER32, 20, 16,
                          PCI_COMMAND_MEMORY },
};

static guint64 get_bound(const PciDevice *dev, const WindowRow *r, guint8 at,
                         guint8 upper)
{
    guint64 low = (guint64)(pci_get(dev, at, r->size) & ~0xfu) << r->shift;
    return low | (upper ? (guint64)pci_get(dev, upper, 4) << 32 : 0);
}

PciRange pci_bridge_window(const PciDevice *bridge, PciWindow window)
{
    const WindowRow *r = &rows[window];
    guint64 grain = (1ull << r->grain) - 1;
    return (PciRange){ .base = get_bound(bridge, r, r->base, r->base_upper),
                       .limit = get_bound(bridge, r, r->limit, r->limit_upper) | grain };
}

static void put_bound(PciDevice *dev, const WindowRow *r, guint8 at, guint8 upper,
                      guint64 addr)
{
    guint32 type = pci_get(dev, at, r->size) & 0xf;
    pci_set(dev, at, r->size,
            type |
                ((guint32)(addr >> r->shift) & ~0xfu & (r->size == 1 ? 0xff : 0xffff)));
    if (upper) {
        pci_set(dev, upper, 4, (guint32)(addr >> 32));
    }
}

/* A bridge may have no window for ports: its registers are zero then (3.2.5.6). */
static gboolean has_window(const PciDevice *dev, PciWindow window)
{
    return dev->write_mask[rows[window].base] != 0;
}

static void put_window(PciDevice *dev, PciWindow window, PciRange range)
{
    const WindowRow *r = &rows[window];
    put_bound(dev, r, r->base, r->base_upper, range.base);
    put_bound(dev, r, r->limit, r->limit_upper, range.limit);
}

/* Base behind limit: nothing passes. */
static const PciRange closed[PCI_WINDOWS] = {
    [PCI_WINDOW_IO] = { 0xf000, 0xfff },
    [PCI_WINDOW_MEM] = { 0xfff00000, 0xfffff },
    [PCI_WINDOW_PREF] = { 0xfff00000, 0xfffff },
};

/* Aliases */

static void drop_alias(PciBridge *b, PciWindow window)
{
    if (b->windows[window]) {
        region_remove(b->windows[window]);
        g_clear_pointer(&b->windows[window], region_free);
    }
}

static void show_window(PciBridge *b, PciWindow window)
{
    PciRange range = pci_bridge_window(&b->pci, window);
    gboolean on = (pci_get(&b->pci, PCI_COMMAND, 2) & rows[window].command) &&
                  range.base <= range.limit && pci_power_state(&b->pci) == 0;
    if (on == (b->windows[window] != NULL) &&
        (!on || (b->shown[window].base == range.base &&
                 b->shown[window].limit == range.limit))) {
        return;
    }
    drop_alias(b, window);
    if (on) {
        gboolean io = window == PCI_WINDOW_IO;
        b->shown[window] = range;
        b->windows[window] =
            region_new_alias("pci-window", io ? b->bus->io : b->bus->memory, range.base,
                             range.limit - range.base + 1);
        region_add_over(io ? b->pci.bus->io : b->pci.bus->memory, b->windows[window],
                        range.base, PRIORITY);
    }
}

static void show_windows(PciBridge *b)
{
    pci_map_begin();
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        show_window(b, w);
    }
    pci_map_end();
}

gboolean pci_bridge_set_window(PciDevice *bridge, PciWindow window, PciRange range)
{
    const WindowRow *r = &rows[window];
    guint64 grain = (1ull << r->grain) - 1;
    guint64 last = window == PCI_WINDOW_IO ? 0xffff
                   : r->base_upper         ? G_MAXUINT64
                                           : G_MAXUINT32;
    if (range.base > range.limit) {
        range = closed[window];
    } else if ((range.base & grain) || (range.limit & grain) != grain ||
               range.limit > last) {
        return FALSE;
    }
    put_window(bridge, window, range);
    show_windows((PciBridge *)bridge);
    return TRUE;
}

/* Reset of the bus */

gboolean pci_bridge_resets(const PciDevice *bridge)
{
    return bridge &&
           (((const PciBridge *)bridge)->resets ||
            (pci_get(bridge, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CTL_BUS_RESET));
}

typedef struct BusReset {
    PciBridge *bridge; /* a reference */
    AccessHold *hold;
} BusReset;

static void bus_was_reset(void *opaque)
{
    BusReset *r = opaque;
    r->bridge->resets--;
    access_release(r->hold);
    device_unref(&r->bridge->pci.device);
    g_free(r);
}

void pci_bridge_reset_bus(PciDevice *bridge)
{
    PciBridge *b = (PciBridge *)bridge;
    BusReset *r = g_new(BusReset, 1);
    *r = (BusReset){ .bridge = b, .hold = access_hold() };
    device_ref(&b->pci.device);
    b->resets++;
    bus_reset(b->bus->bus, bus_was_reset, r);
}

static void bridge_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old)
{
    PciBridge *b = (PciBridge *)dev;
    show_windows(b);
    if (pci_touches(offset, size, PCI_BRIDGE_CONTROL, 1)) {
        unsigned shift = 8 * (PCI_BRIDGE_CONTROL - offset);
        guint32 now = pci_get(dev, PCI_BRIDGE_CONTROL, 1);
        if ((now & ~(old >> shift)) & PCI_BRIDGE_CTL_BUS_RESET) {
            pci_bridge_reset_bus(dev);
        }
    }
}

static void bridge_loaded(PciDevice *dev)
{
    show_windows((PciBridge *)dev);
}

/* Life */

static void set_registers(PciDevice *dev)
{
    pci_set_writable(dev, PCI_PRIMARY_BUS, 4, G_MAXUINT32);
    pci_set_writable(dev, PCI_IO_BASE, 2, 0xf0f0);
    pci_set_write_clears(dev, PCI_SEC_STATUS, 2, 0xf900);
    pci_set_writable(dev, PCI_MEMORY_BASE, 4, 0xfff0fff0);
    pci_set_writable(dev, PCI_PREF_MEMORY_BASE, 4, 0xfff0fff0);
    pci_set(dev, PCI_PREF_MEMORY_BASE, 4, PCI_PREF_RANGE_TYPE_64 * 0x10001u);
    pci_set_writable(dev, PCI_PREF_BASE_UPPER32, 4, G_MAXUINT32);
    pci_set_writable(dev, PCI_PREF_LIMIT_UPPER32, 4, G_MAXUINT32);
    pci_set_writable(dev, PCI_BRIDGE_CONTROL, 2,
                     PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR |
                         PCI_BRIDGE_CTL_BUS_RESET);
}

/* A class need not have the properties. */
void pci_bridge_init(Device *device)
{
    PciReserve *r = &((PciBridge *)device)->reserve;
    r->bus = r->pref32 = PCI_RESERVE_DEFAULT;
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        r->window[w] = PCI_RESERVE_DEFAULT;
    }
}

gboolean pci_bridge_realize(PciDevice *dev, unsigned slots, gboolean express,
                            GError **errp)
{
    PciBridge *b = (PciBridge *)dev;
    g_autofree char *name = pci_bridge_bus_name(dev);
    if (!pci_bridge_check_depth(dev, errp) || !pci_device_realize(&dev->device, errp)) {
        return FALSE;
    }
    set_registers(dev);
    b->bus = pci_bus_new(name, &dev->device, dev, slots);
    b->bus->express = express;
    return TRUE;
}

void pci_bridge_unrealize(Device *device)
{
    PciBridge *b = (PciBridge *)device;
    pci_bridge_withdraw(b);
    pci_map_begin();
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        drop_alias(b, w);
    }
    pci_map_end();
    g_clear_pointer(&b->bus, pci_bus_free);
    pci_device_unrealize(device);
}

void pci_bridge_reset(Device *device)
{
    PciBridge *b = (PciBridge *)device;
    pci_device_reset(device);
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        if (has_window(&b->pci, w)) {
            put_window(&b->pci, w, closed[w]);
        }
    }
    show_windows(b);
}

PciBus *pci_bridge_bus(const PciDevice *dev)
{
    return pci_device_get_class(dev)->bridge ? ((const PciBridge *)dev)->bus : NULL;
}

const PciDeviceClass pci_bridge_class = {
    .device = {
        .name = "base-pci-bridge",
        .abstract = TRUE,
        .desc = "PCI bridge",
        .instance_size = sizeof(PciBridge),
        .parent = &pci_device_class.device,
        .init = pci_bridge_init,
        .reset = pci_bridge_reset,
        .unrealize = pci_bridge_unrealize,
    },
    .bridge = TRUE,
    .config_written = bridge_written,
    .config_loaded = bridge_loaded,
};
