/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout as a property, over random trees: BARs are aligned, do not overlap, lie in
 * the windows of all bridges above them and in an aperture; every function is reached;
 * what was to be kept is kept. Where room is short, what was placed still holds to it.
 *
 * And of one tree with and without hints: it comes out the same each time, no BAR and no
 * bus number is lost for what is only kept, and no port's window for another's hint.
 */
#include <string.h>

#include "pci-board.h"
#include "pci/layout.h"

#define TREES     2000
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

/* A slot that takes devices at run time. */
static const PciHotplug slot = { NULL };

static void hint(PciBridge *b)
{
    if (dice(2)) {
        pci_bus_set_hotplug(b->bus, &slot, NULL);
    }
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
    gboolean kept;     /* and no hint was in vain */
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

static void check_kept(const Check *c, const PciBridge *b, PciWindow w, PciRange r)
{
    guint64 hint = b->reserve.window[w];
    if (c->kept && hint && hint != PCI_RESERVE_DEFAULT) {
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
    g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
    Check c = { .apertures = apertures };
    c.complete = pci_layout(root, apertures, complaints);
    c.kept = complaints->len == 0;
    g_assert_true(c.complete || !c.kept);
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

/* One tree, laid out again and again */

static GPtrArray *bridges; /* of the tree */

static void find_bridges(PciDevice *dev, void *opaque)
{
    PciBus *behind = pci_bridge_bus(dev);
    if (behind) {
        g_ptr_array_add(bridges, dev);
        pci_bus_foreach(behind, find_bridges, NULL);
    }
}

static guint64 window_size(const PciBridge *b, PciWindow w)
{
    PciRange r = pci_bridge_window(&b->pci, w);
    return r.base <= r.limit ? r.limit - r.base + 1 : 0;
}

static void add_config(PciDevice *dev, void *opaque)
{
    PciBus *behind = pci_bridge_bus(dev);
    g_byte_array_append(opaque, dev->config, dev->config_size);
    if (behind) {
        pci_bus_foreach(behind, add_config, opaque);
    }
}

static GBytes *config_of_all(void)
{
    GByteArray *all = g_byte_array_new();
    pci_bus_foreach(root, add_config, all);
    return g_byte_array_free_to_bytes(all);
}

static void set_all_hints(guint64 value)
{
    for (guint i = 0; i < bridges->len; i++) {
        PciBridge *b = bridges->pdata[i];
        for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
            b->reserve.window[w] = value;
        }
        b->reserve.bus = b->reserve.pref32 = value;
    }
}

static gboolean lay_out_again(const PciApertures *apertures)
{
    guint complete = 0;
    device_reset_all(NULL, NULL);
    lay_out(apertures, &complete);
    return complete;
}

/* As after a reset, and as at the other end of a migration. */
static void check_deterministic(const PciApertures *apertures)
{
    g_autoptr(GBytes) before = config_of_all();
    lay_out_again(apertures);
    g_autoptr(GBytes) after = config_of_all();
    g_assert_true(g_bytes_equal(before, after));
}

/* Every slot has what slots get that nobody has asked anything for. */
static gboolean slots_have(PciWindow w)
{
    static const guint64 wanted[] = { 0x1000, 2u << 20, 32u << 20 };
    for (guint i = 0; i < bridges->len; i++) {
        const PciBridge *b = bridges->pdata[i];
        if (b->bus->hotplug && b->reserve.window[w] == PCI_RESERVE_DEFAULT &&
            b->reserve.pref32 == PCI_RESERVE_DEFAULT && window_size(b, w) < wanted[w]) {
            return FALSE;
        }
    }
    return TRUE;
}

/* No hint of a port is too large to leave all else where it was: counts such trees. */
static guint check_hints(const PciApertures *apertures)
{
    gboolean had[PCI_WINDOWS];
    guint n = 0;
    set_all_hints(0);
    gboolean complete = lay_out_again(apertures);
    set_all_hints(PCI_RESERVE_DEFAULT);
    g_assert_true(lay_out_again(apertures) == complete);
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        had[w] = slots_have(w);
    }
    PciBridge *greedy = bridges->pdata[dice(bridges->len)];
    if (!greedy->bus->hotplug) {
        return 0; /* it had nothing before, so that there may not be room for it at all */
    }
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        greedy->reserve.window[w] = 0x1000ull << dice(48);
    }
    greedy->reserve.bus = dice(1000);
    g_assert_true(lay_out_again(apertures) == complete);
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        g_assert_true(!had[w] || slots_have(w));
        n += had[w] && window_size(greedy, w) < greedy->reserve.window[w];
    }
    return n;
}

/* The space above 4 GiB that pci_layout_need() says holds all. */
static void check_need(void)
{
    PciApertures a = large;
    guint64 need = pci_layout_need(root, a.mem64.base);
    if (need == 0 || need >= 1ull << 60) {
        return;
    }
    a.mem64.limit = a.mem64.base + (need - 1);
    lay_out_again(&a);
    for (guint i = 0; i < bridges->len; i++) {
        const PciBridge *b = bridges->pdata[i];
        guint64 hint = b->reserve.window[PCI_WINDOW_PREF];
        g_assert_true(hint == PCI_RESERVE_DEFAULT ||
                      window_size(b, PCI_WINDOW_PREF) >= hint);
    }
}

static void test_random(void)
{
    guint complete = 0, answers = 0, shrunk = 0;
    rnd = g_rand_new_with_seed(35);
    for (guint i = 0; i < TREES; i++) {
        PciApertures apertures = random_apertures();
        pci_board_make();
        bridges = g_ptr_array_new();
        budget = 16;
        grow(root, 0);
        pci_bus_foreach(root, find_bridges, NULL);
        answers += lay_out(&apertures, &complete);
        check_deterministic(&apertures);
        check_need();
        if (bridges->len) {
            shrunk += check_hints(&apertures);
        }
        g_ptr_array_unref(bridges);
        pci_board_free();
    }
    g_rand_free(rnd);
    g_assert_cmpuint(answers, >, TREES);
    g_assert_cmpuint(complete, >, TREES / 2);
    g_assert_cmpuint(complete, <, TREES); /* some had too little room */
    g_assert_cmpuint(shrunk, >, TREES / 10);
}

/* What is kept for devices to come is given up first: the largest, until it fits. */
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
    lay_out(&tight, &complete);
    g_assert_cmphex(pci_bar_address(&f->pci, 0), ==, 0xc0000000u);
    g_assert_cmphex(window_size(empty, PCI_WINDOW_MEM), ==, 0);
    tight.mem.limit = 0xc05fffffu;
    lay_out(&tight, &complete);
    g_assert_cmphex(window_size(empty, PCI_WINDOW_MEM), ==, 4u << 20);
    tight.mem.limit = 0xc0ffffffu;
    lay_out(&tight, &complete);
    g_assert_cmphex(window_size(empty, PCI_WINDOW_MEM), ==, 8u << 20);
    g_assert_cmpuint(complete, ==, 3);
    pci_board_free();
}

/* The largest BAR is left out, with its name; nobody else loses anything. */
static void test_left_out(void)
{
    g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
    pci_board_make();
    PciBridge *b = test_bridge_make("4", root);
    b->reserve.window[PCI_WINDOW_PREF] = 64ull << 20;
    TestFunction *f = test_function_new("0");
    f->want[0].size = 1ull << 50;
    f->want[2].size = 1u << 20;
    f->want[0].flags = f->want[2].flags = PCI_BAR_64 | PCI_BAR_PREFETCH;
    test_function_plug(f, b->bus);
    g_assert_false(pci_layout(root, &large, complaints));
    g_assert_cmphex(pci_bar_address(&f->pci, 0), ==, 0);
    g_assert_cmphex(pci_bar_address(&f->pci, 2), ==, large.mem64.base);
    g_assert_cmphex(window_size(b, PCI_WINDOW_PREF), ==, 64ull << 20);
    g_assert_cmpuint(complaints->len, ==, 1);
    g_assert_nonnull(strstr(complaints->pdata[0], "(0000:01:00.0): no room for BAR 0 of "
                                                  "0x4000000000000 bytes"));
    pci_board_free();
}

/* bus-reserve= of one port leaves the others a number, and the next what it asks for. */
static void test_buses(void)
{
    g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
    pci_board_make();
    PciBridge *greedy = test_bridge_make("4", root), *b = test_bridge_make("5", root);
    greedy->reserve.bus = 1000;
    b->reserve.bus = 4;
    g_assert_true(pci_layout(root, &large, complaints));
    g_assert_cmpuint(cfg_read(&greedy->pci, PCI_SECONDARY_BUS, 2), ==, 0x8101);
    g_assert_cmpuint(cfg_read(&b->pci, PCI_SECONDARY_BUS, 2), ==, 0x8682);
    g_assert_cmpuint(complaints->len, ==, 1);
    g_assert_nonnull(
        strstr(complaints->pdata[0],
               "(0000:00:04.0): no room for bus-reserve=0xff: 0x80 are kept"));
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/layout/short", test_short);
    g_test_add_func("/pci/layout/left-out", test_left_out);
    g_test_add_func("/pci/layout/buses", test_buses);
    g_test_add_func("/pci/layout/random", test_random);
    return g_test_run();
}
