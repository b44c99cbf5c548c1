/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the layout keeps behind bridges for devices to come: what the user asks for, or
 * what every slot gets that takes devices at run time. Where not all of it has room the
 * largest is halved, so that no port loses its own for what another has been given.
 */
#include "pci/internal.h"
#include "pci/layout-internal.h"

#define MIB      (1ull << 20)
#define MOST     (1ull << 62) /* of bytes */
#define LAST_BUS 255u

static const struct {
    const char *property;
    guint64 grain, slot; /* slot: without being asked */
} rows[PCI_KEEPS] = {
    [PCI_WINDOW_IO] = { "io-reserve", 0x1000, 0x1000 },
    [PCI_WINDOW_MEM] = { "mem-reserve", MIB, 2 * MIB },
    [PCI_WINDOW_PREF] = { "pref64-reserve", MIB, 32 * MIB },
    [PCI_KEEP_BUSES] = { "bus-reserve", 1, 0 },
};

guint64 pci_keep_grain(unsigned what)
{
    return rows[what].grain;
}

char *pci_layout_name(const PciDevice *dev)
{
    g_autofree char *where = pci_device_name(dev);
    return g_strdup_printf("%s (%s)", dev->device.id ? dev->device.id : dev->device.path,
                           where);
}

typedef struct Walk {
    void (*fn)(PciBridge *bridge, void *opaque);
    void *opaque;
} Walk;

static void visit(PciDevice *dev, void *opaque)
{
    const Walk *w = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    if (behind) {
        w->fn((PciBridge *)dev, w->opaque);
        pci_bus_foreach(behind, visit, opaque);
    }
}

void pci_layout_bridges(PciBus *root, void (*fn)(PciBridge *bridge, void *opaque),
                        void *opaque)
{
    Walk walk = { fn, opaque };
    pci_bus_foreach(root, visit, &walk);
}

/* The user's wish, PCI_RESERVE_DEFAULT: none. Below 4 GiB all memory is in one window. */
static guint64 hint(const PciBridge *b, unsigned what)
{
    const PciReserve *r = &b->reserve;
    if (what == PCI_KEEP_BUSES) {
        return r->bus == PCI_RESERVE_DEFAULT ? r->bus : MIN(r->bus, LAST_BUS);
    }
    guint64 bytes = r->window[what];
    if (what == PCI_WINDOW_MEM && r->pref32 != PCI_RESERVE_DEFAULT) {
        bytes =
            (bytes == PCI_RESERVE_DEFAULT ? 0 : MIN(bytes, MOST)) + MIN(r->pref32, MOST);
    }
    return bytes == PCI_RESERVE_DEFAULT ? bytes : MIN(bytes, MOST);
}

static gboolean is_asked(const PciBridge *b, unsigned what)
{
    return hint(b, what) != PCI_RESERVE_DEFAULT;
}

/* A wish is for the whole window, as firmware takes it. */
gboolean pci_keep_is_beside(const PciBridge *b, unsigned what)
{
    return b->bus->slots > 1 && !is_asked(b, what);
}

static void keep_nothing(PciBridge *b, void *opaque)
{
    b->kept[GPOINTER_TO_UINT(opaque)] = 0;
}

void pci_keep_nothing(PciBus *root, unsigned what)
{
    pci_layout_bridges(root, keep_nothing, GUINT_TO_POINTER(what));
}

static void keep_asked(PciBridge *b, void *opaque)
{
    unsigned what = GPOINTER_TO_UINT(opaque);
    guint64 slot = pci_bus_takes(b->bus) ? rows[what].slot : 0;
    gboolean pref32 =
        what == PCI_WINDOW_MEM && b->reserve.window[what] == PCI_RESERVE_DEFAULT;
    b->kept[what] = !is_asked(b, what) ? slot
                    : pref32           ? MAX(hint(b, what), slot)
                                       : hint(b, what);
}

void pci_keep_asked(PciBus *root, unsigned what)
{
    pci_layout_bridges(root, keep_asked, GUINT_TO_POINTER(what));
}

typedef struct Largest {
    unsigned what;
    PciBridge *bridge; /* NULL: nothing is kept */
} Largest;

static void find_largest(PciBridge *b, void *opaque)
{
    Largest *l = opaque;
    guint64 kept = b->kept[l->what], most = l->bridge ? l->bridge->kept[l->what] : 0;
    if (kept > most || (kept && kept == most &&
                        (is_asked(l->bridge, l->what) || !is_asked(b, l->what)))) {
        l->bridge = b;
    }
}

void pci_keep_halve_largest(PciBus *root, unsigned what)
{
    Largest l = { .what = what };
    guint64 grain = rows[what].grain;
    pci_layout_bridges(root, find_largest, &l);
    g_assert(l.bridge);
    guint64 grains = (l.bridge->kept[what] + (grain - 1)) / grain;
    l.bridge->kept[what] = grains == 1 ? 0 : (grains + 1) / 2 * grain;
}

/* As it has become. */
static guint64 there_is(const PciBridge *b, unsigned what)
{
    if (what == PCI_KEEP_BUSES) {
        return pci_get(&b->pci, PCI_SUBORDINATE_BUS, 1) -
               pci_get(&b->pci, PCI_SECONDARY_BUS, 1);
    }
    PciRange range = pci_bridge_window(&b->pci, what);
    return range.base <= range.limit ? range.limit - range.base + 1 : 0;
}

static void complain(PciBridge *b, void *opaque)
{
    for (unsigned what = 0; what < PCI_KEEPS; what++) {
        guint64 wanted = hint(b, what), there = there_is(b, what);
        if (wanted != PCI_RESERVE_DEFAULT && there < wanted) {
            gboolean pref32 =
                what == PCI_WINDOW_MEM && b->reserve.window[what] == PCI_RESERVE_DEFAULT;
            g_autofree char *name = pci_layout_name(&b->pci);
            g_ptr_array_add(
                opaque,
                g_strdup_printf("%s: no room for %s=0x%" G_GINT64_MODIFIER
                                "x: 0x%" G_GINT64_MODIFIER "x are kept",
                                name, pref32 ? "pref32-reserve" : rows[what].property,
                                wanted, there));
        }
    }
}

void pci_keep_complain(PciBus *root, GPtrArray *complaints)
{
    pci_layout_bridges(root, complain, complaints);
}
