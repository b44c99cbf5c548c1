/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs as firmware and guests treat them: sized, moved, over each other and over RAM for
 * a moment, decode off and on. What answers is compared with what the registers say.
 */
#include "pci-board.h"

#define MEM_BAR 0xc0000000u
#define SPAN    0x10000u /* where the random test moves BARs about */

static void enable(PciDevice *dev, guint32 bits)
{
    cfg_write(dev, PCI_COMMAND, 2, bits);
}

/* 6.2.5.1: ones are written, and the size is read. */
static void check_size(PciDevice *dev, unsigned bar, guint32 type, guint64 size)
{
    unsigned at = PCI_BASE_ADDRESS_0 + 4 * bar;
    guint32 keep = cfg_read(dev, at, 4);
    cfg_write(dev, at, 4, G_MAXUINT32);
    guint64 mask = cfg_read(dev, at, 4);
    g_assert_cmphex(mask & 0xf, ==, type);
    mask &= type & PCI_BASE_ADDRESS_SPACE_IO ? ~3ull : ~0xfull;
    cfg_write(dev, at, 4, keep);
    if (type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        guint32 high = cfg_read(dev, at + 4, 4);
        cfg_write(dev, at + 4, 4, G_MAXUINT32);
        mask |= (guint64)cfg_read(dev, at + 4, 4) << 32;
        cfg_write(dev, at + 4, 4, high);
    } else {
        mask |= 0xffffffffull << 32;
    }
    g_assert_cmphex(~mask + 1, ==, size);
}

static void test_sizing(void)
{
    pci_board_make();
    TestFunction *f = test_function_new("3");
    f->want[0].size = 16;
    f->want[1].size = 0x100;
    f->want[1].flags = PCI_BAR_IO;
    f->want[2].size = 1ull << 36;
    f->want[2].flags = PCI_BAR_64 | PCI_BAR_PREFETCH;
    f->want[4].size = 0x80000000u;
    f->want[4].flags = PCI_BAR_PREFETCH;
    test_function_plug(f, root);
    for (unsigned on = 0; on < 2; on++) { /* decode on does not matter */
        enable(&f->pci, on ? PCI_COMMAND_IO | PCI_COMMAND_MEMORY : 0);
        check_size(&f->pci, 0, 0, 16);
        check_size(&f->pci, 1, 1, 0x100);
        check_size(&f->pci, 2, 0xc, 1ull << 36);
        check_size(&f->pci, 4, 8, 0x80000000u);
        g_assert_cmphex(cfg_read(&f->pci, PCI_BASE_ADDRESS_5, 4), ==, 0);
    }
    pci_board_free();
}

static void set_bar(TestFunction *f, unsigned bar, guint32 addr)
{
    cfg_write(&f->pci, PCI_BASE_ADDRESS_0 + 4 * bar, 4, addr);
}

static void test_decode(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0);
    set_bar(f, 0, MEM_BAR);
    g_assert_cmphex(mem_read(MEM_BAR + 8, 4), ==, 0xffffffff);
    enable(&f->pci, PCI_COMMAND_IO);
    g_assert_cmphex(mem_read(MEM_BAR + 8, 4), ==, 0xffffffff);
    enable(&f->pci, PCI_COMMAND_MEMORY);
    g_assert_cmphex(mem_read(MEM_BAR + 8, 4), ==, bar_answer(0, 8));
    mem_write(MEM_BAR + 0xffc, 4, 0x12345678);
    g_assert_cmphex(f->last_offset, ==, 0xffc);
    g_assert_cmphex(f->last_value, ==, 0x12345678);
    set_bar(f, 0, MEM_BAR + 0x1000);
    g_assert_cmphex(mem_read(MEM_BAR + 8, 4), ==, 0xffffffff);
    g_assert_cmphex(mem_read(MEM_BAR + 0x1008, 4), ==, bar_answer(0, 8));
    /* Sized while it decodes, and put back. */
    set_bar(f, 0, G_MAXUINT32);
    g_assert_cmphex(mem_read(0xfffff000u, 4), ==, 0xffffffff);
    set_bar(f, 0, 0);
    g_assert_cmphex(mem_read(0, 4), ==, 0);
    set_bar(f, 0, MEM_BAR);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, bar_answer(0, 0));
    enable(&f->pci, 0);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, 0xffffffff);
    pci_board_free();
}

/* RAM is over a BAR that is put there, and two BARs are over each other. */
static void test_overlap(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0), *g = test_function_make("4", 0);
    enable(&f->pci, PCI_COMMAND_MEMORY);
    enable(&g->pci, PCI_COMMAND_MEMORY);
    mem_write(0x4000, 4, 0xcafe);
    set_bar(f, 0, 0x4000);
    g_assert_cmphex(mem_read(0x4000, 4), ==, 0xcafe);
    mem_write(0x4000, 4, 0xbeef);
    g_assert_cmphex(((guint16 *)(ram->host + 0x4000))[0], ==, 0xbeef);
    set_bar(f, 0, MEM_BAR);
    set_bar(g, 0, MEM_BAR);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, bar_answer(0, 0)); /* one of them */
    set_bar(g, 0, MEM_BAR + 0x1000);
    mem_write(MEM_BAR, 4, 1);
    mem_write(MEM_BAR + 0x1000, 4, 2);
    g_assert_cmphex(f->last_value, ==, 1);
    g_assert_cmphex(g->last_value, ==, 2);
    pci_board_free();
}

static void test_ports(void)
{
    pci_board_make();
    TestFunction *f = test_function_new("3");
    f->want[0].size = 0x20;
    f->want[0].flags = PCI_BAR_IO;
    test_function_plug(f, root);
    enable(&f->pci, PCI_COMMAND_IO);
    set_bar(f, 0, 0xc000);
    g_assert_cmphex(port_read(0xc004, 4), ==, bar_answer(0, 4));
    set_bar(f, 0, 0x1c000); /* no such port */
    g_assert_cmphex(port_read(0xc004, 4), ==, 0xffffffff);
    set_bar(f, 0, 0xce0); /* over the ports of configuration space, which stay */
    g_assert_cmphex(port_read(0xce0, 4), ==, bar_answer(0, 0));
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0x56781234);
    set_bar(f, 0, 0xcf0 & ~0x1fu);
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0x56781234);
    pci_board_free();
}

static void test_d3(void)
{
    pci_board_make();
    TestFunction *f = test_function_new("3");
    f->want[0].size = 0x1000;
    f->power = TRUE;
    test_function_plug(f, root);
    enable(&f->pci, PCI_COMMAND_MEMORY);
    set_bar(f, 0, MEM_BAR);
    pci_set_intx(&f->pci, TRUE);
    g_assert_true(f->pci.intx.level);
    cfg_write(&f->pci, f->pci.power + PCI_PM_CTRL, 2, 3);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, 0xffffffff);
    g_assert_false(f->pci.intx.level);
    cfg_write(&f->pci, f->pci.power + PCI_PM_CTRL, 2, 1); /* there is no D1 */
    g_assert_cmphex(cfg_read(&f->pci, f->pci.power + PCI_PM_CTRL, 2) & 3, ==, 3);
    cfg_write(&f->pci, f->pci.power + PCI_PM_CTRL, 2, 0);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, bar_answer(0, 0));
    g_assert_true(f->pci.intx.level);
    pci_board_free();
}

/* Four BARs of two functions go about in 64 KiB; the registers say who answers. */

#define FUNCTIONS 2
#define STEPS     20000

static TestFunction *moving[FUNCTIONS];

static gboolean decodes(const TestFunction *f, unsigned bar, guint64 addr)
{
    guint64 base = pci_bar_address(&f->pci, bar);
    return pci_bar_enabled(&f->pci, bar) && base && addr >= base &&
           addr - base < f->want[bar].size;
}

/* Whoever answers must be one whose BAR is there; if any is, somebody does. */
static void check_answer(guint64 addr)
{
    guint32 value = mem_read(addr, 4);
    gboolean any = FALSE, right = FALSE;
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        for (unsigned bar = 0; bar < 4; bar++) {
            if (decodes(moving[i], bar, addr)) {
                any = TRUE;
                right = right ||
                        value ==
                            bar_answer(bar, addr - pci_bar_address(&moving[i]->pci, bar));
            }
        }
    }
    g_assert_true(any ? right : value == 0xffffffff);
}

static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(8);
    guint answered = 0;
    pci_board_make();
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        moving[i] = test_function_new(NULL);
        for (unsigned bar = 0; bar < 4; bar++) {
            moving[i]->want[bar].size = 0x800u << bar;
        }
        test_function_plug(moving[i], root);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        TestFunction *f = moving[g_rand_int_range(random, 0, FUNCTIONS)];
        if (g_rand_int_range(random, 0, 8) == 0) {
            enable(&f->pci, (guint32)g_rand_int_range(random, 0, 4));
        } else {
            set_bar(f, (unsigned)g_rand_int_range(random, 0, 4),
                    MEM_BAR + (guint32)g_rand_int_range(random, 0, (gint32)SPAN));
        }
        guint64 addr =
            MEM_BAR + ((guint32)g_rand_int_range(random, 0, (gint32)SPAN) & ~3u);
        check_answer(addr);
        answered += mem_read(addr, 4) != 0xffffffff;
    }
    g_assert_cmpuint(answered, >, STEPS / 8);
    pci_board_free();
}

/* A bridge shows what is behind it where its windows are. */
static void test_windows(void)
{
    pci_board_make();
    PciBridge *b = test_bridge_make("4", root);
    TestFunction *f = test_function_new("0");
    f->want[0].size = 0x1000;
    f->want[1].size = 0x100;
    f->want[1].flags = PCI_BAR_IO;
    test_function_plug(f, b->bus);
    g_assert_null(pci_bus_by_number(root, 5));
    cfg_write(&b->pci, PCI_PRIMARY_BUS, 4, 0x050500);
    g_assert_true(pci_bus_by_number(root, 5) == b->bus);
    enable(&f->pci, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    set_bar(f, 0, MEM_BAR);
    set_bar(f, 1, 0xc000);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, 0xffffffff);
    cfg_write(&b->pci, PCI_MEMORY_BASE, 4, 0xc000c000);
    cfg_write(&b->pci, PCI_IO_BASE, 2, 0xc0c0);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, 0xffffffff);
    enable(&b->pci, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    g_assert_cmphex(mem_read(MEM_BAR, 4), ==, bar_answer(0, 0));
    g_assert_cmphex(port_read(0xc010, 4), ==, bar_answer(1, 0x10));
    set_bar(f, 0, MEM_BAR + 0x100000); /* behind the window */
    g_assert_cmphex(mem_read(MEM_BAR + 0x100000, 4), ==, 0xffffffff);
    cfg_write(&b->pci, PCI_MEMORY_LIMIT, 2, 0xc010);
    g_assert_cmphex(mem_read(MEM_BAR + 0x100000, 4), ==, bar_answer(0, 0));
    cfg_write(&b->pci, PCI_MEMORY_BASE, 2, 0xc020); /* base behind limit */
    g_assert_cmphex(mem_read(MEM_BAR + 0x100000, 4), ==, 0xffffffff);
    cfg_write(&b->pci, PCI_PREF_MEMORY_BASE, 4, 0xfff00000);
    cfg_write(&b->pci, PCI_PREF_LIMIT_UPPER32, 4, 0xffffffff); /* all there is */
    g_assert_cmphex(mem_read(MEM_BAR + 0x100000, 4), ==, bar_answer(0, 0));
    g_assert_cmphex(mem_read(0x2000, 4), ==, 0); /* RAM is over it */
    pci_board_free();
}

/* Shared, swizzled, disabled. */
static void test_intx(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0), *g = test_function_make("7", 0);
    PciBridge *b = test_bridge_make("5", root);
    TestFunction *behind = test_function_new("2");
    test_function_plug(behind, b->bus);
    pci_set_intx(&f->pci, TRUE);
    g_assert_true(irq_line_level(wires[3]));
    pci_set_intx(&g->pci, TRUE);
    pci_set_intx(&f->pci, FALSE);
    g_assert_true(irq_line_level(wires[3]));
    g_assert_true(cfg_read(&g->pci, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
    enable(&g->pci, PCI_COMMAND_INTX_DISABLE);
    g_assert_false(irq_line_level(wires[3]));
    g_assert_true(cfg_read(&g->pci, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
    enable(&g->pci, 0);
    g_assert_true(irq_line_level(wires[3]));
    pci_set_intx(&g->pci, FALSE);
    pci_set_intx(&behind->pci, TRUE); /* INTA of slot 2 is INTC of the bridge in slot 5 */
    g_assert_true(irq_line_level(wires[(5 + 2) % WIRES]));
    pci_set_intx(&behind->pci, FALSE);
    for (unsigned i = 0; i < WIRES; i++) {
        g_assert_false(irq_line_level(wires[i]));
    }
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/bar/sizing", test_sizing);
    g_test_add_func("/pci/bar/decode", test_decode);
    g_test_add_func("/pci/bar/overlap", test_overlap);
    g_test_add_func("/pci/bar/ports", test_ports);
    g_test_add_func("/pci/bar/d3", test_d3);
    g_test_add_func("/pci/bar/random", test_random);
    g_test_add_func("/pci/bar/windows", test_windows);
    g_test_add_func("/pci/bar/intx", test_intx);
    return g_test_run();
}
