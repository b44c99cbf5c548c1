/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout without firmware. Of each kind of window a bus has items: BARs, and the windows
 * of its bridges, which are as large as what is behind them and what is kept for devices
 * to come (layout-keep.c). The largest alignment goes first, so that no gaps are needed
 * but at the end.
 *
 * What is 64-bit and prefetchable is of the kind PREF, above 4 GiB where that is; all
 * other memory goes below, as the non-prefetchable windows of bridges are 32-bit.
 *
 * BARs come first: without anything that is only kept, the largest are left out until the
 * others fit. Then of what is kept the largest is halved until that fits as well.
 */
#include "pci/layout.h"

#include "pci/internal.h"
#include "pci/layout-internal.h"

/* A BAR, or the window of a bridge (bar < 0). */
typedef struct Item {
    PciDevice *dev;
    int bar;
    guint64 size, align;
} Item;

/* One kind of window, on one bus. */
typedef struct Plan {
    PciWindow kind;
    gboolean low;  /* there is no space above 4 GiB: all memory is of the kind MEM */
    GArray *items; /* Item, in the order of placing */
    guint64 size, align;
} Plan;

static Plan *plan_bus(PciBus *bus, PciWindow kind, gboolean low);

static void plan_free(Plan *plan)
{
    g_array_unref(plan->items);
    g_free(plan);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* align: a power of two. G_MAXUINT64: more than there are addresses. */
static guint64 round_up(guint64 value, guint64 align)
{
    return value > G_MAXUINT64 - (align - 1) ? G_MAXUINT64
                                             : (value + (align - 1)) & ~(align - 1);
}

static guint64 add(guint64 a, guint64 b)
{
    return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

static PciWindow bar_kind(const PciBar *b, gboolean low)
{
    if (b->flags & PCI_BAR_IO) {
        return PCI_WINDOW_IO;
    }
    return !low && (b->flags & PCI_BAR_64) && (b->flags & PCI_BAR_PREFETCH)
               ? PCI_WINDOW_PREF
               : PCI_WINDOW_MEM;
}

/* Planning */

static gboolean has_bar(const PciDevice *dev, unsigned bar, PciWindow kind, gboolean low)
{
    const PciBar *b = &dev->bars[bar];
    return b->region && bar_kind(b, low) == kind && !(dev->left_out >> bar & 1);
}

static void add_bars(Plan *plan, PciDevice *dev)
{
    for (int i = 0; i < PCI_BARS; i++) {
        if (has_bar(dev, (unsigned)i, plan->kind, plan->low)) {
            Item item = { dev, i, dev->bars[i].size, dev->bars[i].size };
            g_array_append_val(plan->items, item);
        }
    }
}

static guint64 power_of_two_below(guint64 value)
{
    return value ? 1ull << (63 - __builtin_clzll(value)) : 1;
}

/* A bridge may have none for ports. */
static gboolean can_have(const PciDevice *bridge, PciWindow kind)
{
    return kind != PCI_WINDOW_IO || bridge->write_mask[PCI_IO_BASE];
}

/* What bridges pass on is nobody else's. */
static guint64 passed_on(const Plan *plan)
{
    guint64 size = 0;
    for (guint i = 0; i < plan->items->len; i++) {
        const Item *item = &g_array_index(plan->items, Item, i);
        if (item->bar < 0) {
            size = add(round_up(size, item->align), item->size);
        }
    }
    return size;
}

static void add_window(Plan *plan, PciDevice *dev)
{
    const PciBridge *b = (const PciBridge *)dev;
    g_autoptr(Plan) behind = plan_bus(b->bus, plan->kind, plan->low);
    guint64 keep = b->kept[plan->kind], grain = pci_keep_grain(plan->kind);
    guint64 size = round_up(behind->size, grain), align = MAX(behind->align, grain);
    guint64 passed = keep && pci_keep_is_beside(b, plan->kind) ? passed_on(behind) : 0;
    if (add(passed, keep) > size) { /* else what is there is enough */
        size = round_up(add(passed, keep), grain);
        align = MAX(align, power_of_two_below(keep));
    }
    if (size && can_have(dev, plan->kind)) {
        Item item = { dev, -1, size, align };
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

static Plan *plan_bus(PciBus *bus, PciWindow kind, gboolean low)
{
    Plan *plan = g_new0(Plan, 1);
    plan->kind = kind;
    plan->low = low;
    plan->align = 1;
    plan->items = g_array_new(FALSE, FALSE, sizeof(Item));
    pci_bus_foreach(bus, add_items, plan);
    g_array_sort(plan->items, compare_items);
    for (guint i = 0; i < plan->items->len; i++) {
        const Item *item = &g_array_index(plan->items, Item, i);
        plan->size = add(round_up(plan->size, item->align), item->size);
        plan->align = MAX(plan->align, item->align);
    }
    return plan;
}

/* What has no room */

typedef struct Search {
    PciWindow kind;
    gboolean low;
    PciDevice *dev; /* NULL: none */
    unsigned bar;
    GPtrArray *complaints;
} Search;

static void leave_out(PciDevice *dev, unsigned bar, GPtrArray *complaints)
{
    g_autofree char *name = pci_layout_name(dev);
    dev->left_out |= (guint8)(1u << bar);
    g_ptr_array_add(complaints,
                    g_strdup_printf("%s: no room for BAR %u of 0x%" G_GINT64_MODIFIER
                                    "x bytes",
                                    name, bar, dev->bars[bar].size));
}

static void find_largest(PciDevice *dev, void *opaque)
{
    Search *s = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (has_bar(dev, i, s->kind, s->low) &&
            (!s->dev || dev->bars[i].size >= s->dev->bars[s->bar].size)) {
            s->dev = dev;
            s->bar = i;
        }
    }
    if (behind) {
        pci_bus_foreach(behind, find_largest, s);
    }
}

/* Behind a bridge that has no such window: opaque is a Search. */
static void leave_out_all(PciDevice *dev, void *opaque)
{
    const Search *s = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (has_bar(dev, i, s->kind, s->low)) {
            leave_out(dev, i, s->complaints);
        }
    }
    if (behind) {
        pci_bus_foreach(behind, leave_out_all, opaque);
    }
}

static void leave_out_unreachable(PciDevice *dev, void *opaque)
{
    const Search *s = opaque;
    PciBus *behind = pci_bridge_bus(dev);
    if (behind) {
        pci_bus_foreach(behind,
                        can_have(dev, s->kind) ? leave_out_unreachable : leave_out_all,
                        opaque);
    }
}

static void forget_left_out(PciDevice *dev, void *opaque)
{
    PciBus *behind = pci_bridge_bus(dev);
    dev->left_out = 0;
    if (behind) {
        pci_bus_foreach(behind, forget_left_out, NULL);
    }
}

/* What is still free of an aperture; used up when next > limit. */
typedef struct Space {
    guint64 next, limit;
} Space;

static gboolean plan_fits(const Space *space, PciBus *root, PciWindow kind, gboolean low)
{
    g_autoptr(Plan) plan = plan_bus(root, kind, low);
    guint64 at = round_up(space->next, plan->align);
    return !plan->size || (space->next <= space->limit && at <= space->limit &&
                           space->limit - at >= plan->size - 1);
}

/* Placing */

static void set_bar(PciDevice *dev, int bar, guint64 addr)
{
    unsigned at = pci_bar_register(dev, (unsigned)bar);
    guint32 low = pci_get(dev, at, 4);
    pci_set(dev, at, 4, (low & ~dev->write_mask[at] & 0xf) | (guint32)addr);
    if (dev->bars[bar].flags & PCI_BAR_64) {
        pci_set(dev, at + 4, 4, (guint32)(addr >> 32));
    }
}

static void place(const Plan *plan, guint64 next);

static void place_window(const Plan *plan, const Item *item, guint64 addr)
{
    PciRange range = { addr, addr + (item->size - 1) };
    g_autoptr(Plan) behind = plan_bus(pci_bridge_bus(item->dev), plan->kind, plan->low);
    gboolean fits = pci_bridge_set_window(item->dev, plan->kind, range);
    g_assert(fits);
    place(behind, addr);
}

/* It fits from next on. */
static void place(const Plan *plan, guint64 next)
{
    for (guint i = 0; i < plan->items->len; i++) {
        const Item *item = &g_array_index(plan->items, Item, i);
        guint64 addr = round_up(next, item->align);
        if (item->bar >= 0) {
            set_bar(item->dev, item->bar, addr);
        } else {
            place_window(plan, item, addr);
        }
        next = addr + item->size;
    }
}

static void lay_out(PciBus *root, PciWindow kind, const PciRange *range, gboolean low,
                    GPtrArray *complaints)
{
    Space space = { range->base, range->limit };
    Search unreachable = { .kind = kind, .low = low, .complaints = complaints };
    pci_bus_foreach(root, leave_out_unreachable, &unreachable);
    pci_keep_nothing(root, kind);
    while (!plan_fits(&space, root, kind, low)) {
        Search largest = { .kind = kind, .low = low };
        pci_bus_foreach(root, find_largest, &largest);
        leave_out(largest.dev, largest.bar, complaints);
    }
    pci_keep_asked(root, kind);
    while (!plan_fits(&space, root, kind, low)) {
        pci_keep_halve_largest(root, kind);
    }
    g_autoptr(Plan) plan = plan_bus(root, kind, low);
    place(plan, space.next);
}

guint64 pci_layout_need(PciBus *root, guint64 base)
{
    pci_bus_foreach(root, forget_left_out, NULL);
    pci_keep_asked(root, PCI_WINDOW_PREF);
    g_autoptr(Plan) plan = plan_bus(root, PCI_WINDOW_PREF, FALSE);
    return add(round_up(base, plan->align) - base, plan->size);
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

gboolean pci_layout(PciBus *root, const PciApertures *apertures, GPtrArray *complaints)
{
    guint before = complaints->len;
    gboolean low = apertures->mem64.base > apertures->mem64.limit;
    pci_map_begin();
    pci_bus_foreach(root, forget_left_out, NULL);
    pci_number_buses(root, complaints);
    lay_out(root, PCI_WINDOW_IO, &apertures->io, low, complaints);
    lay_out(root, PCI_WINDOW_MEM, &apertures->mem, low, complaints);
    lay_out(root, PCI_WINDOW_PREF, &apertures->mem64, low, complaints);
    gboolean all = complaints->len == before;
    pci_keep_complain(root, complaints);
    pci_bus_foreach(root, switch_on, NULL);
    pci_map_end();
    return all;
}
