/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout as a property, over random trees: BARs are aligned, do not overlap, lie in
 * the windows of all bridges above them and in an aperture; every function is reached;
 * what was to be kept is kept. Where room is short, what was placed still holds to it.
 */
#include "pci-board.h"
#include "pci/layout.h"
#include "util/error.h"

#define TREES     10000
#define MAX_DEPTH 3

static const PciApertures large = {
    .io = { 0x1000, 0xffff },
    .mem = { 0xc0000000u, 0xfebfffffu },
    .mem64 = { 0x8000000000ull, 0xffffffffffull },
};

/* Random trees */

static GRand *rnd;
static guint budget; /* devices of a tree */

static guint dice(guint sides)
{
    return (guint)g_rand_int_range(rnd, 0, (gint32)sides);
}

static void want_bars(TestFunction *f)
{
    for (unsigned i = 0; i < PCI_BARS - 1; i++) {
        switch (dice(5)) {
        case 0:
            f->want[i].size = 4u << dice(7);
            f->want[i].flags = PCI_BAR_IO;
            break;
        case 1:
            f->want[i].size = 16ull << dice(20);
            f->want[i].flags = dice(2) ? PCI_BAR_PREFETCH : 0;
            break;
        case 2:
            f->want[i].size = 16ull << dice(dice(4) ? 20 : 32);
            f->want[i].flags = PCI_BAR_64 | (dice(4) ? PCI_BAR_PREFETCH : 0);
            if (!(f->want[i].flags & PCI_BAR_PREFETCH)) {
                f->want[i].size = MIN(f->want[i].size, 1u << 20);
            }
            i++;
            break;
        default:
            break;
        }
    }
}

static void hint(PciBridge *b)
{
    if (dice(3) == 0) {
        b->reserve.window[PCI_WINDOW_IO] = dice(3) * 0x1000;
        b->reserve.window[PCI_WINDOW_MEM] = dice(1u << 24);
        b->reserve.window[PCI_WINDOW_PREF] = (guint64)dice(1u << 20) << dice(16);
        b->reserve.bus = dice(4);
    }
}

static void grow(PciBus *bus, unsigned depth)
{
    for (guint n = 1 + dice(6); n && budget; n--, budget--) {
        if (depth < MAX_DEPTH && dice(3) == 0) {
            PciBridge *b = test_bridge_make(NULL, bus);
            hint(b);
            budget--;
            if (budget) {
                grow(b->bus, depth + 1);
            }
            budget++;
        } else {
            TestFunction *f = test_function_new(NULL);
            want_bars(f);
            test_function_plug(f, bus);
        }
    }
}

/* What has to hold */

typedef struct Placed {
    PciRange range;
    gboolean io, window;
    const PciBus *bus;
} Placed;

typedef struct Check {
    GArray *placed;
    gboolean complete; /* everything has a place */
    const PciApertures *apertures;
    guint answers;
    guint8 last; /* bus number that was seen */
} Check;

static gboolean contains(PciRange outer, PciRange inner)
{
    return outer.base <= outer.limit && inner.base >= outer.base &&
           inner.limit <= outer.limit;
}

/* All bridges above pass it on; the root's apertures have it. */
static void check_passed_on(const Check *c, const PciBus *bus, PciRange r, gboolean io)
{
    for (; bus->bridge; bus = bus->bridge->bus) {
        if (io) {
            g_assert_true(contains(pci_bridge_window(bus->bridge, PCI_WINDOW_IO), r));
        } else {
            g_assert_true(contains(pci_bridge_window(bus->bridge, PCI_WINDOW_MEM), r) ||
                          contains(pci_bridge_window(bus->bridge, PCI_WINDOW_PREF), r));
        }
    }
    g_assert_true(io ? contains(c->apertures->io, r)
                     : contains(c->apertures->mem, r) ||
                           contains(c->apertures->mem64, r));
}

static void check_alone(const Check *c, const Placed *p)
{
    for (guint i = 0; i < c->placed->len; i++) {
        const Placed *q = &g_array_index(c->placed, Placed, i);
        gboolean same_level = q->bus == p->bus || (!q->window && !p->window);
        if (q->io == p->io && same_level) {
            g_assert_true(q->range.limit < p->range.base ||
                          p->range.limit < q->range.base);
        }
    }
}

static void add_placed(Check *c, const PciBus *bus, PciRange range, gboolean io,
                       gboolean window)
{
    Placed p = { range, io, window, bus };
    check_passed_on(c, bus, range, io);
    check_alone(c, &p);
    g_array_append_val(c->placed, p);
}

static void check_bar(Check *c, PciDevice *dev, unsigned i)
{
    const PciBar *b = &dev->bars[i];
    guint64 addr = pci_bar_address(dev, i);
    gboolean io = (b->flags & PCI_BAR_IO) != 0;
    if (!addr) {
        g_assert_false(c->complete);
        return;
    }
    g_assert_cmphex(addr % b->size, ==, 0);
    add_placed(c, dev->bus, (PciRange){ addr, addr + b->size - 1 }, io, FALSE);
    guint32 value = io ? port_read((guint16)addr, 4) : mem_read(addr, 4);
    g_assert_cmphex(value, ==, bar_answer(i, 0));
    c->answers++;
}

/* There is always room for what is to be kept, but of ports. */
static gboolean is_roomy(const PciApertures *a)
{
    return a->mem.limit == large.mem.limit && a->mem64.limit == large.mem64.limit;
}

static void check_kept(const Check *c, const PciBridge *b, PciWindow w, PciRange r)
{
    guint64 hint = b->reserve.window[w];
    if (is_roomy(c->apertures) && w != PCI_WINDOW_IO && hint &&
        hint != PCI_RESERVE_DEFAULT) {
        g_assert_true(r.base <= r.limit && r.limit - r.base >= hint - 1);
    }
}

static void check_device(PciDevice *dev, void *opaque);

static void check_bridge(Check *c, PciBridge *b)
{
    guint8 secondary = (guint8)cfg_read(&b->pci, PCI_SECONDARY_BUS, 1);
    guint8 subordinate = (guint8)cfg_read(&b->pci, PCI_SUBORDINATE_BUS, 1);
    g_assert_cmpuint(cfg_read(&b->pci, PCI_PRIMARY_BUS, 1), ==,
                     pci_bus_number(b->pci.bus));
    g_assert_cmpuint(secondary, >, c->last); /* disjoint, and in order */
    g_assert_cmpuint(subordinate, >=, secondary);
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        PciRange r = pci_bridge_window(&b->pci, w);
        check_kept(c, b, w, r);
        if (r.base <= r.limit) {
            add_placed(c, b->pci.bus, r, w == PCI_WINDOW_IO, TRUE);
        }
    }
    c->last = secondary;
    pci_bus_foreach(b->bus, check_device, c);
    g_assert_cmpuint(c->last, <=, subordinate);
    c->last = subordinate;
}

static void check_device(PciDevice *dev, void *opaque)
{
    Check *c = opaque;
    g_assert_cmphex(cfg_read(dev, PCI_VENDOR_ID, 2), ==,
                    pci_device_get_class(dev)->vendor_id);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (dev->bars[i].region) {
            check_bar(c, dev, i);
        }
    }
    if (pci_bridge_bus(dev)) {
        check_bridge(c, (PciBridge *)dev);
    }
}

static guint lay_out(const PciApertures *apertures, guint *complete)
{
    g_autoptr(GError) err = NULL;
    Check c = { .apertures = apertures };
    c.complete = pci_layout(root, apertures, &err);
    g_assert_true(c.complete == !err);
    c.placed = g_array_new(FALSE, FALSE, sizeof(Placed));
    pci_bus_foreach(root, check_device, &c);
    g_array_unref(c.placed);
    *complete += c.complete;
    return c.answers;
}

static PciApertures random_apertures(void)
{
    PciApertures a = large;
    if (dice(4) == 0) {
        a.io.limit = 0x1fff + dice(0x1000);
        a.mem.limit = a.mem.base + dice(1u << 25);
    }
    if (dice(4) == 0) {
        a.mem64 = (PciRange){ 1, 0 };
    }
    return a;
}

static void test_random(void)
{
    guint complete = 0, answers = 0;
    rnd = g_rand_new_with_seed(35);
    for (guint i = 0; i < TREES; i++) {
        PciApertures apertures = random_apertures();
        pci_board_make();
        budget = 16;
        grow(root, 0);
        answers += lay_out(&apertures, &complete);
        if (dice(8) == 0) { /* again, as after a reset */
            device_reset_all(NULL, NULL);
            lay_out(&apertures, &complete);
        }
        pci_board_free();
    }
    g_rand_free(rnd);
    g_assert_cmpuint(answers, >, TREES);
    g_assert_cmpuint(complete, >, TREES / 2);
    g_assert_cmpuint(complete, <, TREES); /* some had too little room */
}

/* What is kept for devices to come is given up first. */
static void test_short(void)
{
    PciApertures tight = { .io = { 0x1000, 0x1fff },
                           .mem = { 0xc0000000u, 0xc00fffffu },
                           .mem64 = { 1, 0 } };
    guint complete = 0;
    pci_board_make();
    PciBridge *b = test_bridge_make("4", root), *empty = test_bridge_make("5", root);
    empty->reserve.window[PCI_WINDOW_MEM] = 8u << 20;
    TestFunction *f = test_function_new("0");
    f->want[0].size = 0x1000;
    test_function_plug(f, b->bus);
    pci_layout(root, &tight, NULL);
    g_assert_cmphex(pci_bar_address(&f->pci, 0), ==, 0xc0000000u);
    PciRange none = pci_bridge_window(&empty->pci, PCI_WINDOW_MEM);
    g_assert_cmphex(none.base, >, none.limit);
    tight.mem.limit = 0xc0ffffffu;
    b->reserve.window[PCI_WINDOW_PREF] = 0;
    lay_out(&tight, &complete);
    g_assert_cmpuint(complete, ==, 1);
    PciRange kept = pci_bridge_window(&empty->pci, PCI_WINDOW_MEM);
    g_assert_cmphex(kept.limit - kept.base, ==, (8u << 20) - 1);
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/layout/short", test_short);
    g_test_add_func("/pci/layout/random", test_random);
    return g_test_run();
}
