/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout without firmware. Of each kind of window a bus has items: BARs, and the windows
 * of its bridges, which are as large as what is behind them and what is kept for devices
 * to come. The largest alignment goes first, so that no gaps are needed but at the end.
 *
 * What is 64-bit and prefetchable is of the kind PREF, above 4 GiB where that is; all
 * other memory goes below, as the non-prefetchable windows of bridges are 32-bit.
 */
#include "pci/layout.h"

#include "pci/internal.h"
#include "util/error.h"

#define LAST_BUS 255u
#define MIB      (1ull << 20)

/* How much of what is only kept is asked for. */
typedef enum Generosity {
    KEEP_NOTHING,
    KEEP_HINTS,    /* what the user asked for */
    KEEP_DEFAULTS, /* and what every hot-plug slot gets */
    GENEROSITIES,
} Generosity;

static const guint64 grains[PCI_WINDOWS] = { 0x1000, MIB, MIB };
static const guint64 defaults[PCI_WINDOWS] = { 0x1000, 2 * MIB, 32 * MIB };

/* A BAR, or the window of a bridge (bar < 0). */
typedef struct Item {
    PciDevice *dev;
    int bar;
    guint64 size, align;
} Item;

/* One kind of window, on one bus. */
typedef struct Plan {
    PciWindow kind;
    Generosity keep;
    GArray *items; /* Item, in the order of placing */
    guint64 size, align;
} Plan;

static Plan *plan_bus(PciBus *bus, PciWindow kind, Generosity keep);

static void plan_free(Plan *plan)
{
    g_array_unref(plan->items);
    g_free(plan);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

static guint64 round_up(guint64 value, guint64 align)
{
    return (value + (align - 1)) & ~(align - 1);
}

static PciWindow bar_kind(const PciBar *b)
{
    if (b->flags & PCI_BAR_IO) {
        return PCI_WINDOW_IO;
    }
    return (b->flags & PCI_BAR_64) && (b->flags & PCI_BAR_PREFETCH) ? PCI_WINDOW_PREF
                                                                    : PCI_WINDOW_MEM;
}

/* Planning */

static void add_bars(Plan *plan, PciDevice *dev)
{
    for (int i = 0; i < PCI_BARS; i++) {
        const PciBar *b = &dev->bars[i];
        if (b->region && bar_kind(b) == plan->kind) {
            Item item = { dev, i, b->size, b->size };
            g_array_append_val(plan->items, item);
        }
    }
}

/* Bytes that are kept behind the bridge at least. */
static guint64 kept(const PciBridge *b, PciWindow kind, Generosity keep)
{
    guint64 hint = b->reserve.window[kind];
    if (kind == PCI_WINDOW_MEM && hint == PCI_RESERVE_DEFAULT) {
        hint = b->reserve.pref32;
    }
    if (hint != PCI_RESERVE_DEFAULT) {
        return keep >= KEEP_HINTS ? MIN(hint, 1ull << 62) : 0;
    }
    return keep >= KEEP_DEFAULTS && b->bus->hotplug ? defaults[kind] : 0;
}

static guint64 power_of_two_below(guint64 value)
{
    return value ? 1ull << (63 - __builtin_clzll(value)) : 1;
}

static void add_window(Plan *plan, PciDevice *dev)
{
    const PciBridge *b = (const PciBridge *)dev;
    g_autoptr(Plan) behind = plan_bus(b->bus, plan->kind, plan->keep);
    guint64 keep = kept(b, plan->kind, plan->keep), grain = grains[plan->kind];
    guint64 size = round_up(MAX(behind->size, keep), grain);
    gboolean can = plan->kind != PCI_WINDOW_IO || dev->write_mask[PCI_IO_BASE];
    if (size && can) {
        guint64 align = MAX(behind->align, power_of_two_below(keep));
        Item item = { dev, -1, size, MAX(align, grain) };
        g_array_append_val(plan->items, item);
    }
}

static void add_items(PciDevice *dev, void *opaque)
{
    add_bars(opaque, dev);
    if (pci_bridge_bus(dev)) {
        add_window(opaque, dev);
    }
}

static int compare_items(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    if (x->align != y->align) {
        return x->align < y->align ? 1 : -1;
    }
    if (x->dev->devfn != y->dev->devfn) {
        return x->dev->devfn < y->dev->devfn ? -1 : 1;
    }
    return x->bar - y->bar;
}

static Plan *plan_bus(PciBus *bus, PciWindow kind, Generosity keep)
{
    Plan *plan = g_new0(Plan, 1);
    plan->kind = kind;
    plan->keep = keep;
    plan->align = 1;
    plan->items = g_array_new(FALSE, FALSE, sizeof(Item));
    pci_bus_foreach(bus, add_items, plan);
    g_array_sort(plan->items, compare_items);
    for (guint i = 0; i < plan->items->len; i++) {
        const Item *item = &g_array_index(plan->items, Item, i);
        plan->size = round_up(plan->size, item->align) + item->size;
        plan->align = MAX(plan->align, item->align);
    }
    return plan;
}

/* Placing */

/* What is still free of an aperture; used up when next > limit. */
typedef struct Space {
    guint64 next, limit;
    GError **errp; /* of the first that had no room */
} Space;

static gboolean take(Space *s, const Item *item, guint64 *addr)
{
    guint64 at = round_up(s->next, item->align);
    if (s->next > s->limit || at < s->next || at > s->limit ||
        s->limit - at < item->size - 1) {
        return FALSE;
    }
    *addr = at;
    s->next = at + item->size;
    if (s->next == 0) { /* that was the end of all addresses */
        s->next = 1;
        s->limit = 0;
    }
    return TRUE;
}

static void set_bar(PciDevice *dev, int bar, guint64 addr)
{
    unsigned at = pci_bar_register(dev, (unsigned)bar);
    guint32 low = pci_get(dev, at, 4);
    pci_set(dev, at, 4, (low & ~dev->write_mask[at] & 0xf) | (guint32)addr);
    if (dev->bars[bar].flags & PCI_BAR_64) {
        pci_set(dev, at + 4, 4, (guint32)(addr >> 32));
    }
}

static void no_room(Space *s, const Item *item)
{
    g_autofree char *where = pci_device_name(item->dev);
    if (s->errp && !*s->errp) {
        error_set(s->errp, "%s (%s): no room for %s of 0x%" G_GINT64_MODIFIER "x bytes",
                  item->dev->device.id ? item->dev->device.id : item->dev->device.path,
                  where, item->bar < 0 ? "a window" : "a BAR", item->size);
    }
}

static gboolean place(const Plan *plan, Space *space);

static gboolean place_item(const Plan *plan, Space *space, const Item *item)
{
    guint64 addr;
    if (!take(space, item, &addr)) {
        no_room(space, item);
        return FALSE;
    }
    if (item->bar >= 0) {
        set_bar(item->dev, item->bar, addr);
        return TRUE;
    }
    PciRange range = { addr, addr + item->size - 1 };
    Space inside = { range.base, range.limit, space->errp };
    g_autoptr(Plan) behind = plan_bus(pci_bridge_bus(item->dev), plan->kind, plan->keep);
    gboolean fits = pci_bridge_set_window(item->dev, plan->kind, range);
    g_assert(fits);
    return place(behind, &inside);
}

static gboolean place(const Plan *plan, Space *space)
{
    gboolean all = TRUE;
    for (guint i = 0; i < plan->items->len; i++) {
        all = place_item(plan, space, &g_array_index(plan->items, Item, i)) && all;
    }
    return all;
}

static gboolean fits(const Space *space, const Plan *plan)
{
    guint64 at = round_up(space->next, plan->align);
    return !plan->size || (space->next <= space->limit && at >= space->next &&
                           at <= space->limit && space->limit - at >= plan->size - 1);
}

/* The most generous plan that fits, or what fits of the least. */
static gboolean lay_out(PciBus *root, PciWindow kind, Space *space)
{
    for (int keep = GENEROSITIES - 1;; keep--) {
        g_autoptr(Plan) plan = plan_bus(root, kind, (Generosity)keep);
        if (keep == KEEP_NOTHING || fits(space, plan)) {
            return place(plan, space);
        }
    }
}

/* Bus numbers */

typedef struct Numbering {
    guint8 bus; /* on which the bridge is */
    guint last; /* given so far */
    gboolean all;
} Numbering;

static void number_bridge(PciDevice *dev, void *opaque)
{
    Numbering *n = opaque;
    const PciBridge *b = (const PciBridge *)dev;
    PciBus *behind = pci_bridge_bus(dev);
    if (!behind) {
        return;
    }
    if (n->last == LAST_BUS) {
        n->all = FALSE;
        return;
    }
    Numbering below = { .bus = (guint8)(n->last + 1), .last = n->last + 1, .all = TRUE };
    guint64 wanted = b->reserve.bus == PCI_RESERVE_DEFAULT ? 0 : b->reserve.bus;
    guint kept_last = below.bus + (guint)MIN(wanted, (guint64)(LAST_BUS - below.bus));
    pci_set(dev, PCI_PRIMARY_BUS, 1, n->bus);
    pci_set(dev, PCI_SECONDARY_BUS, 1, below.bus);
    pci_bus_foreach(behind, number_bridge, &below);
    n->last = MAX(below.last, kept_last);
    n->all = n->all && below.all;
    pci_set(dev, PCI_SUBORDINATE_BUS, 1, n->last);
}

/* Everything on */

static void switch_on(PciDevice *dev, void *opaque)
{
    PciBus *behind = pci_bridge_bus(dev);
    guint32 command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    command |= behind ? PCI_COMMAND_MASTER : 0;
    command &= dev->write_mask[PCI_COMMAND];
    pci_config_write(dev, PCI_COMMAND, 2, pci_get(dev, PCI_COMMAND, 2) | command);
    if (behind) {
        pci_bus_foreach(behind, switch_on, NULL);
    }
}

gboolean pci_layout(PciBus *root, const PciApertures *apertures, GError **errp)
{
    g_autoptr(GError) error = NULL;
    Numbering numbers = { .all = TRUE };
    Space io = { apertures->io.base, apertures->io.limit, &error };
    Space mem = { apertures->mem.base, apertures->mem.limit, &error };
    Space mem64 = { apertures->mem64.base, apertures->mem64.limit, &error };
    pci_map_begin();
    pci_bus_foreach(root, number_bridge, &numbers);
    gboolean ok = lay_out(root, PCI_WINDOW_IO, &io);
    ok = lay_out(root, PCI_WINDOW_MEM, &mem) && ok;
    ok = lay_out(root, PCI_WINDOW_PREF, mem64.next <= mem64.limit ? &mem64 : &mem) && ok;
    pci_bus_foreach(root, switch_on, NULL);
    pci_map_end();
    if (!ok) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return FALSE;
    }
    return numbers.all || error_set(errp, "More than %u PCI buses", LAST_BUS + 1);
}
