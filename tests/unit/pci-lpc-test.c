/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35's own functions: how interrupts are routed, where PMBASE and RCBA put
 * registers, 0xcf9, and PAM.
 */
#include <string.h>

#include "accel/run-state.h"
#include "pci-board.h"
#include "pci/ich9-lpc.h"
#include "pci/mch.h"

static IrqLine *gsis[ICH9_GSIS], *pics[ICH9_PIC_PINS];
static Device *lpc;
static PciDevice *function;
static Region *pm;

static void no_fn(void *opaque, unsigned n, int level)
{
}

static guint64 pm_read(void *opaque, guint64 offset, unsigned size)
{
    return 0x5500 + offset;
}

static const RegionOps pm_ops = { .read = pm_read, .min_size = 1, .max_size = 4 };

static void make(void)
{
    g_autoptr(GError) err = NULL;
    pci_board_make();
    for (unsigned i = 0; i < ICH9_GSIS; i++) {
        gsis[i] = irq_line_new(no_fn, NULL, i);
    }
    for (unsigned i = 0; i < ICH9_PIC_PINS; i++) {
        pics[i] = irq_line_new(no_fn, NULL, i);
    }
    pm = region_new_io("pm", 128, &pm_ops, NULL);
    Ich9LpcWiring wiring = { .host = host, .gsis = gsis, .pic = pics, .pm = pm };
    lpc = device_new(&ich9_lpc_class.device);
    ich9_lpc_set_wiring(lpc, &wiring);
    device_realize(lpc, root->bus, &err);
    g_assert_no_error(err);
    function = (PciDevice *)lpc;
    pci_bus_set_irqs(root, ich9_lpc_map_irq, lpc);
}

static void unmake(void)
{
    device_unref(lpc);
    pci_board_free();
    region_free(pm);
    for (unsigned i = 0; i < ICH9_GSIS; i++) {
        irq_line_free(gsis[i]);
    }
    for (unsigned i = 0; i < ICH9_PIC_PINS; i++) {
        irq_line_free(pics[i]);
    }
}

/* The pin that is up; -1: none. More than one is an error. */
static int raised(IrqLine **lines, int n)
{
    int which = -1;
    for (int i = 0; i < n; i++) {
        if (irq_line_level(lines[i])) {
            g_assert_cmpint(which, ==, -1);
            which = i;
        }
    }
    return which;
}

static void test_identity(void)
{
    make();
    g_assert_cmphex(function->devfn, ==, PCI_DEVFN(31, 0));
    g_assert_cmphex(cfg_read(function, 0, 4), ==, 0x29188086);
    g_assert_cmphex(cfg_read(function, PCI_HEADER_TYPE, 1), ==, 0x80);
    g_assert_cmphex(cfg_read(function, 0x60, 4), ==, 0x80808080);
    g_assert_cmphex(cfg_read(function, 0x68, 4), ==, 0x80808080);
    unmake();
}

/* Every slot and pin by the table for a _PRT, and by the wire. */
static void test_wires(void)
{
    make();
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        for (unsigned pin = 0; pin < 4; pin++) {
            IrqSource source = { NULL };
            irq_source_connect(&source, ich9_lpc_map_irq(lpc, slot, pin));
            irq_source_set(&source, 1);
            g_assert_cmpint(raised(gsis, ICH9_GSIS), ==,
                            ICH9_PIRQ_GSI + (int)ich9_lpc_pirq(slot, pin));
            g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, -1);
            irq_source_disconnect(&source);
        }
    }
    g_assert_cmpuint(ich9_lpc_pirq(1, 0), ==, 5);
    g_assert_cmpuint(ich9_lpc_pirq(24, 3), ==, 7);
    g_assert_cmpuint(ich9_lpc_pirq(25, 0), ==, 0);
    g_assert_cmpuint(ich9_lpc_pirq(30, 0), ==, 4);
    g_assert_cmpuint(ich9_lpc_pirq(31, 3), ==, 3);
    unmake();
}

/* PIRQs reach the 8259s where their registers say, also while they are up. */
static void test_pic(void)
{
    make();
    TestFunction *f = test_function_make("4", 0); /* INTA: PIRQE */
    pci_set_intx(&f->pci, TRUE);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, ICH9_PIRQ_GSI + 4);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, -1);
    cfg_write(function, 0x68, 1, 11);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, 11);
    cfg_write(function, 0x68, 1, 5);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, 5);
    ich9_lpc_set_up(lpc, 0x600, 0);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, 10);
    cfg_write(function, 0x68, 1, 0x80);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, -1);
    pci_set_intx(&f->pci, FALSE);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, -1);
    unmake();
}

static void test_sci(void)
{
    static const int expected[] = { 9, 10, 11, 9, 20, 21 };
    IrqSource source = { NULL };
    make();
    irq_source_connect(&source, ich9_lpc_sci(lpc));
    irq_source_set(&source, 1);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, ICH9_SCI_GSI);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        cfg_write(function, 0x44, 1, 0x80 | i);
        g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, expected[i]);
        g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==,
                        expected[i] < 16 ? expected[i] : -1);
    }
    irq_source_disconnect(&source);
    unmake();
}

static void test_pmbase(void)
{
    make();
    g_assert_cmphex(port_read(0x600, 4), ==, 0xffffffff);
    cfg_write(function, 0x40, 4, 0x600);
    g_assert_cmphex(cfg_read(function, 0x40, 4), ==, 0x601);
    g_assert_cmphex(port_read(0x604, 4), ==, 0xffffffff); /* not enabled */
    cfg_write(function, 0x44, 1, 0x80);
    g_assert_cmphex(port_read(0x604, 4), ==, 0x5504);
    cfg_write(function, 0x40, 4, 0xb000);
    g_assert_cmphex(port_read(0x604, 4), ==, 0xffffffff);
    g_assert_cmphex(port_read(0xb008, 4), ==, 0x5508);
    device_reset(lpc, NULL, NULL);
    g_assert_cmphex(port_read(0xb008, 4), ==, 0xffffffff);
    g_assert_cmphex(cfg_read(function, 0x40, 4), ==, 1);
    ich9_lpc_set_up(lpc, 0x600, 0);
    g_assert_cmphex(port_read(0x67c, 4), ==, 0x557c);
    g_assert_cmphex(cfg_read(function, 0x40, 4), ==, 0x601);
    unmake();
}

/* D31IR and its kin move the chipset's own interrupts. */
static void test_rcba(void)
{
    make();
    TestFunction *f = test_function_make("1d", 0);
    pci_set_intx(&f->pci, TRUE);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, ICH9_PIRQ_GSI);
    g_assert_cmphex(mem_read(0xfed1c000u + 0x3144, 2), ==, 0xffff);
    cfg_write(function, 0xf0, 4, 0xfed1c001);
    g_assert_cmphex(mem_read(0xfed1c000u + 0x3144, 2), ==, 0x3210);
    mem_write(0xfed1c000u + 0x3144, 2, 0x3216);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, ICH9_PIRQ_GSI + 6);
    mem_write(0xfed1c000u + 0x1000, 4, 0xffffffff); /* nothing there */
    g_assert_cmphex(mem_read(0xfed1c000u + 0x1000, 4), ==, 0);
    mem_write(0xfed1c000u + 0x3ffc, 4, 0xffffffff);
    pci_set_intx(&f->pci, FALSE);
    cfg_write(function, 0xf0, 4, 0);
    g_assert_cmphex(mem_read(0xfed1c000u + 0x3144, 2), ==, 0xffff);
    unmake();
}

static void test_reset_control(void)
{
    make();
    port_write(0xcf9, 1, 0x0b);
    g_assert_cmphex(port_read(0xcf9, 1), ==, 0x0a);
    g_assert_cmphex(port_read(PCI_HOST_ADDRESS_PORT, 4), !=, 0xffffffff);
    unmake();
}

static void test_options(void)
{
    static const char *const refused[][2] = {
        { "disable_s3", "0" },
    };
    pci_board_make(); /* the other's place is free */
    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *said =
            g_strdup_printf("-global ICH9-LPC.%s=%s: ", refused[i][0], refused[i][1]);
        g_autoptr(Device) other = device_new(&ich9_lpc_class.device);
        device_set_text(other, refused[i][0], refused[i][1]);
        g_assert_false(device_realize(other, root->bus, &err));
        g_assert_true(g_str_has_prefix(err->message, said));
    }
    pci_board_free();
    make();
    g_assert_cmpuint(ich9_lpc_options(lpc)->s4_val, ==, 2);
    g_assert_true(ich9_lpc_options(lpc)->enable_tco);
    unmake();
}

static void test_state(void)
{
    g_autoptr(GByteArray) own = g_byte_array_new(), base = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    make();
    cfg_write(function, 0x68, 1, 11);
    cfg_write(function, 0xf0, 4, 0xfed1c001);
    mem_write(0xfed1c000u + 0x3144, 2, 0x3217);
    state_save(base, pci_device_class.device.state, lpc, &err);
    state_save(own, ich9_lpc_class.device.state, lpc, &err);
    g_assert_no_error(err);
    unmake();
    make();
    TestFunction *f = test_function_make("1d", 0), *g = test_function_make("4", 0);
    state_load(base->data, base->len, pci_device_class.device.state, lpc, &err);
    g_assert_no_error(err);
    state_load(own->data, own->len, ich9_lpc_class.device.state, lpc, &err);
    g_assert_no_error(err);
    g_assert_cmphex(mem_read(0xfed1c000u + 0x3144, 2), ==, 0x3217);
    pci_set_intx(&f->pci, TRUE);
    g_assert_cmpint(raised(gsis, ICH9_GSIS), ==, ICH9_PIRQ_GSI + 7);
    pci_set_intx(&f->pci, FALSE);
    pci_set_intx(&g->pci, TRUE);
    g_assert_cmpint(raised(pics, ICH9_PIC_PINS), ==, 11);
    pci_set_intx(&g->pci, FALSE);
    unmake();
}

/* PAM: 0xd0000 is the lower half of PAM3. */
static void test_pam(void)
{
    pci_board_make();
    PciDevice *mch = root->taken[0];
    mem_write(0xd0000, 4, 0x11111111);
    mem_write(0xf8000, 4, 0x22222222);
    pci_host_set_low_ram(host, ram, FALSE);
    g_assert_cmphex(mem_read(0xd0000, 4), ==, 0xffffffff);
    mem_write(0xd0000, 4, 0);
    cfg_write(mch, 0x93, 1, 0x01); /* read */
    g_assert_cmphex(mem_read(0xd0000, 4), ==, 0x11111111);
    mem_write(0xd0000, 4, 0);
    g_assert_cmphex(mem_read(0xd0000, 4), ==, 0x11111111);
    cfg_write(mch, 0x93, 1, 0x03);
    mem_write(0xd0000, 4, 0x33333333);
    g_assert_cmphex(mem_read(0xd0000, 4), ==, 0x33333333);
    g_assert_cmphex(mem_read(0xd4000, 4), ==, 0xffffffff);
    g_assert_cmphex(mem_read(0xf8000, 4), ==, 0xffffffff);
    cfg_write(mch, 0x90, 1, 0x30);
    g_assert_cmphex(mem_read(0xf8000, 4), ==, 0x22222222);
    /* What PCI has there is seen where RAM is not. */
    TestFunction *f = test_function_make("3", 0);
    cfg_write(&f->pci, PCI_BASE_ADDRESS_0, 4, 0xd0000);
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmphex(mem_read(0xd0000, 4), ==, 0x33333333);
    cfg_write(mch, 0x93, 1, 0x00);
    g_assert_cmphex(mem_read(0xd0000, 4), ==, bar_answer(0, 0));
    device_reset(&mch->device, NULL, NULL);
    g_assert_cmphex(mem_read(0xf8000, 4), ==, 0xffffffff);
    pci_board_free();
}

static void test_open_pam(void)
{
    pci_board_make();
    PciDevice *mch = root->taken[0];
    pci_host_set_low_ram(host, ram, TRUE);
    mem_write(0xe8000, 4, 0x44444444);
    g_assert_cmphex(mem_read(0xe8000, 4), ==, 0x44444444);
    cfg_write(mch, 0x96, 1, 0);
    g_assert_cmphex(mem_read(0xe8000, 4), ==, 0xffffffff);
    device_reset(&mch->device, NULL, NULL);
    g_assert_cmphex(mem_read(0xe8000, 4), ==, 0x44444444);
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/lpc/identity", test_identity);
    g_test_add_func("/pci/lpc/wires", test_wires);
    g_test_add_func("/pci/lpc/pic", test_pic);
    g_test_add_func("/pci/lpc/sci", test_sci);
    g_test_add_func("/pci/lpc/pmbase", test_pmbase);
    g_test_add_func("/pci/lpc/rcba", test_rcba);
    g_test_add_func("/pci/lpc/reset-control", test_reset_control);
    g_test_add_func("/pci/lpc/options", test_options);
    g_test_add_func("/pci/lpc/state", test_state);
    g_test_add_func("/pci/mch/pam", test_pam);
    g_test_add_func("/pci/mch/open-pam", test_open_pam);
    return g_test_run();
}
