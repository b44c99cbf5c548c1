/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X and MSI: what is masked waits, whatever masks it, and comes once; also when it
 * came by an eventfd. Without bus mastering nothing is reached. A reset forgets. The
 * state goes to another function of the same kind. Messages are found in RAM, at MSI_AT
 * and 4 bytes for each vector.
 */
#include <string.h>
#include <unistd.h>

#include "event/loop.h"
#include "memory/guest.h"
#include "pci-board.h"
#include "pci/msi.h"
#include "pci/msix.h"
#include "util/fd.h"

#define BAR0    0xc0000000u
#define TABLE   0xc0100000u
#define VECTORS 200 /* several words of pending bits */
#define PBA     (TABLE + 16 * VECTORS)

#define ENABLE   0x8000u
#define MASK_ALL 0x4000u
#define ON       (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static TestFunction *f;

static void control(guint32 bits)
{
    cfg_write(&f->pci, f->pci.msix.cap + PCI_MSIX_FLAGS, 2, bits);
}

static void write_entry(unsigned vector, guint32 data, gboolean masked)
{
    guint32 at = TABLE + 16 * vector;
    mem_write(at, 4, MSI_AT + 4 * vector);
    mem_write(at + 4, 4, 0);
    mem_write(at + 8, 4, data);
    mem_write(at + 12, 4, masked);
}

static void mask(unsigned vector, gboolean masked)
{
    mem_write(TABLE + 16 * vector + 12, 4, masked);
}

/* The message that has come since the last call; 0: none. */
static guint32 taken(unsigned vector)
{
    while (g_main_context_pending(event_loop_context(event_loop_main()))) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    guint32 value = mem_read(MSI_AT + 4 * vector, 4);
    mem_write(MSI_AT + 4 * vector, 4, 0);
    return value;
}

static gboolean is_pending(unsigned vector)
{
    guint32 word = mem_read(PBA + vector / 32 * 4, 4);
    return (word >> (vector % 32)) & 1;
}

static TestFunction *new_function(void)
{
    TestFunction *made = test_function_new("3");
    made->want[0].size = 0x1000;
    made->msix = VECTORS;
    made->power = TRUE;
    test_function_plug(made, root);
    return made;
}

static void make(void)
{
    pci_board_make();
    f = new_function();
    cfg_write(&f->pci, PCI_BASE_ADDRESS_0, 4, BAR0);
    cfg_write(&f->pci, PCI_BASE_ADDRESS_1, 4, TABLE);
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
}

static void make_enabled(void)
{
    make();
    for (unsigned i = 0; i < VECTORS; i++) {
        write_entry(i, 0x100 + i, FALSE);
    }
    control(ENABLE);
}

static void test_table(void)
{
    make();
    /* As QEMU lays it out: behind the table, or in the second half of a page. */
    g_assert_cmphex(cfg_read(&f->pci, f->pci.msix.cap + PCI_MSIX_PBA, 4), ==, 0xc81);
    g_assert_cmphex(cfg_read(&f->pci, f->pci.msix.cap + PCI_MSIX_FLAGS, 2), ==, 199);
    g_assert_cmphex(mem_read(TABLE + 12, 4), ==, 1); /* masked after a reset */
    write_entry(3, 0xabcd, FALSE);
    mem_write(TABLE + 16 * 3 + 12, 4, 0xffffffff);
    g_assert_cmphex(mem_read(TABLE + 16 * 3 + 12, 4), ==, 1); /* the rest is reserved */
    g_assert_cmphex(mem_read(TABLE + 16 * 3 + 8, 4), ==, 0xabcd);
    g_assert_cmphex(mem_read(TABLE + 16 * 3 + 8, 2), ==, 0xffff); /* dwords only */
    mem_write(TABLE + 16 * 3 + 8, 2, 0);
    g_assert_cmphex(mem_read(TABLE + 16 * 3 + 8, 4), ==, 0xabcd);
    guint64 both = 0x1122334455667788ull;
    address_map_write(address_map_memory(), TABLE, &both, 8);
    g_assert_cmphex(mem_read(TABLE + 4, 4), ==, 0x11223344);
    mem_write(PBA, 4, 0xffffffff);
    g_assert_cmphex(mem_read(PBA, 4), ==, 0); /* read-only */
    pci_board_free();
}

static void test_mask(void)
{
    make_enabled();
    msix_raise(&f->pci, 66);
    g_assert_cmphex(taken(66), ==, 0x100 + 66);
    mask(66, TRUE);
    msix_raise(&f->pci, 66);
    msix_raise(&f->pci, 66);
    g_assert_cmphex(taken(66), ==, 0);
    g_assert_true(is_pending(66));
    g_assert_false(is_pending(2));
    mem_write(TABLE + 16 * 66 + 8, 4, 0x777); /* another message meanwhile */
    mask(66, FALSE);
    g_assert_cmphex(taken(66), ==, 0x777);
    g_assert_false(is_pending(66));
    g_assert_cmphex(taken(66), ==, 0);
    msix_raise(&f->pci, VECTORS); /* there is no such vector */
    pci_board_free();
}

static void test_function_mask(void)
{
    make_enabled();
    mask(1, TRUE);
    control(ENABLE | MASK_ALL);
    msix_raise(&f->pci, 0);
    msix_raise(&f->pci, 1);
    g_assert_true(is_pending(0) && is_pending(1));
    control(ENABLE);
    g_assert_cmphex(taken(0), ==, 0x100);
    g_assert_cmphex(taken(1), ==, 0); /* its own mask */
    mask(1, FALSE);
    g_assert_cmphex(taken(1), ==, 0x101);
    pci_board_free();
}

/* Off and on again with vectors in use. */
static void test_enable(void)
{
    g_autoptr(GError) err = NULL;
    int fd;
    make_enabled();
    g_assert_cmpuint(f->message_changes, ==, 1);
    g_assert_true(msix_fd_get(&f->pci, 5, &fd, &err));
    g_assert_no_error(err);
    fd_signal(fd);
    g_assert_cmphex(taken(5), ==, 0x105);
    control(0);
    g_assert_cmpuint(f->message_changes, ==, 2);
    g_assert_false(msix_enabled(&f->pci));
    fd_signal(fd);
    g_assert_cmphex(taken(5), ==, 0);
    control(ENABLE);
    g_assert_cmphex(taken(5), ==, 0x105);
    msix_fd_put(&f->pci, 5);
    pci_board_free();
}

/* B07: the bit is right although nobody of us has seen the interrupt. */
static void test_eventfd(void)
{
    int fd;
    make_enabled();
    g_assert_true(msix_fd_get(&f->pci, 69, &fd, NULL));
    mask(69, TRUE);
    g_assert_false(is_pending(69));
    fd_signal(fd);
    fd_signal(fd);
    g_assert_true(is_pending(69));
    g_assert_cmphex(taken(69), ==, 0);
    g_assert_true(is_pending(69));
    mask(69, FALSE);
    g_assert_cmphex(taken(69), ==, 0x100 + 69);
    g_assert_cmphex(taken(69), ==, 0);
    mask(69, TRUE);
    fd_signal(fd);
    msix_fd_put(&f->pci, 69); /* what was signalled is not lost */
    g_assert_true(is_pending(69));
    pci_board_free();
}

/* Bus mastering off: no message, no memory; both are there again with it. */
static void test_bus_master(void)
{
    guint8 byte = 0x5a;
    make_enabled();
    g_assert_cmpuint(f->starts, ==, 1);
    g_assert_true(guest_write(&f->pci.dma, 0x100, &byte, 1));
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmpuint(f->stops, ==, 1);
    byte = 1;
    g_assert_false(guest_write(&f->pci.dma, 0x100, &byte, 1));
    g_assert_false(guest_read(&f->pci.dma, 0x100, &byte, 1));
    g_assert_cmphex(mem_read(0x100, 1), ==, 0x5a);
    msix_raise(&f->pci, 0);
    g_assert_cmphex(taken(0), ==, 0);
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    g_assert_cmphex(taken(0), ==, 0x100);
    g_assert_true(guest_read(&f->pci.dma, 0x100, &byte, 1));
    g_assert_cmphex(byte, ==, 0x5a);
    pci_board_free();
}

/* PCI PM 1.2, 5.4.1: nothing but PME comes from D3hot; and it is as it was, afterwards.
 */
static void test_d3hot(void)
{
    guint8 byte = 0x5a;
    make_enabled();
    unsigned state = f->pci.power + PCI_PM_CTRL;
    g_assert_true(cfg_read(&f->pci, state, 2) & PCI_PM_CTRL_NO_SOFT_RESET);
    mask(150, TRUE);
    cfg_write(&f->pci, state, 2, 3);
    g_assert_cmpuint(f->stops, ==, 1);
    g_assert_false(pci_bus_master(&f->pci));
    g_assert_false(guest_write(&f->pci.dma, 0x100, &byte, 1));
    g_assert_cmphex(mem_read(TABLE, 4), ==, 0xffffffff);
    g_assert_cmphex(cfg_read(&f->pci, PCI_COMMAND, 2) & ON, ==, ON);
    msix_raise(&f->pci, 0);
    msix_raise(&f->pci, 150);
    g_assert_cmphex(taken(0), ==, 0);
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY); /* and back, in D3hot */
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    g_assert_cmpuint(f->starts, ==, 1);
    g_assert_cmpuint(f->resets, ==, 1); /* the board's */
    cfg_write(&f->pci, state, 2, 0);
    g_assert_cmpuint(f->starts, ==, 2);
    g_assert_cmpuint(f->resets, ==, 1);
    g_assert_true(guest_write(&f->pci.dma, 0x100, &byte, 1));
    g_assert_cmphex(taken(0), ==, 0x100);
    g_assert_true(is_pending(150));
    mask(150, FALSE);
    g_assert_cmphex(taken(150), ==, 0x100 + 150);
    pci_board_free();
}

static void access_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

/* As a vCPU, that goes on when done is TRUE. */
static void begin_write(unsigned offset, guint32 value, gboolean *done)
{
    *done = FALSE;
    access_begin();
    cfg_write(&f->pci, offset, 2, value);
    access_finish(access_done, done);
}

/* What is pinned is stopped before the space closes, and the vCPU waits for it. */
static void test_slow_stop(void)
{
    gboolean done, again;
    make_enabled();
    f->slow = TRUE;
    begin_write(PCI_COMMAND, PCI_COMMAND_MEMORY, &done);
    g_assert_false(done);
    g_assert_true(dma_space_is_open(&f->pci.dma));
    begin_write(PCI_COMMAND, ON, &again); /* another one switches it on meanwhile */
    g_assert_true(again);
    g_assert_cmpuint(f->starts, ==, 1);
    test_function_go_on(f);
    g_assert_true(done);
    g_assert_true(dma_space_is_open(&f->pci.dma));
    g_assert_cmpuint(f->starts, ==, 2);
    begin_write(f->pci.power + PCI_PM_CTRL, 3, &done);
    g_assert_false(done);
    begin_write(f->pci.power + PCI_PM_CTRL, 0, &again);
    test_function_go_on(f);
    g_assert_true(done && again);
    g_assert_cmpuint(f->starts, ==, 3);
    begin_write(PCI_COMMAND, PCI_COMMAND_MEMORY, &done);
    test_function_go_on(f);
    g_assert_true(done);
    g_assert_false(dma_space_is_open(&f->pci.dma));
    f->slow = FALSE;
    pci_board_free();
}

static void test_reset(void)
{
    int fd;
    make_enabled();
    g_assert_true(msix_fd_get(&f->pci, 1, &fd, NULL));
    control(ENABLE | MASK_ALL);
    msix_raise(&f->pci, 0);
    fd_signal(fd);
    pci_set_intx(&f->pci, TRUE);
    device_reset(&f->pci.device, NULL, NULL);
    g_assert_cmpuint(f->resets, ==, 2);
    g_assert_cmphex(cfg_read(&f->pci, PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_BASE_ADDRESS_1, 4), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, ==, 0);
    g_assert_cmphex(mem_read(TABLE, 4), ==, 0xffffffff);
    g_assert_false(irq_line_level(wires[3]));
    cfg_write(&f->pci, PCI_BASE_ADDRESS_1, 4, TABLE);
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    g_assert_cmphex(mem_read(TABLE + 8, 4), ==, 0);
    g_assert_cmphex(mem_read(TABLE + 12, 4), ==, 1);
    g_assert_false(is_pending(0) || is_pending(1));
    msix_fd_put(&f->pci, 1);
    pci_board_free();
}

/* FLR: the vCPU waits; meanwhile the function does not answer. */
static void test_flr(void)
{
    gboolean done;
    pci_board_make();
    f = test_function_new("3");
    f->want[0].size = 0x1000;
    f->express = TRUE;
    test_function_plug(f, root);
    cfg_write(&f->pci, PCI_BASE_ADDRESS_0, 4, BAR0);
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    f->slow = TRUE;
    unsigned at = f->pci.express + PCI_EXP_DEVCTL;
    begin_write(at, PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_CERE, &done);
    g_assert_false(done);
    g_assert_cmphex(cfg_read(&f->pci, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    cfg_write(&f->pci, PCI_INTERRUPT_LINE, 1, 5);
    test_function_go_on(f);
    g_assert_true(done);
    g_assert_cmphex(cfg_read(&f->pci, PCI_VENDOR_ID, 4), ==, 0x56781234);
    g_assert_cmphex(cfg_read(&f->pci, at, 2), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_INTERRUPT_LINE, 1), ==, 0);
    f->slow = FALSE;
    pci_board_free();
}

/* MSI */

static void test_msi(void)
{
    pci_board_make();
    f = test_function_new("3");
    f->msi = 4;
    test_function_plug(f, root);
    unsigned cap = f->pci.msi.cap;
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    cfg_write(&f->pci, cap + PCI_MSI_ADDRESS_LO, 4, MSI_AT);
    cfg_write(&f->pci, cap + PCI_MSI_DATA_64, 2, 0x4003);
    pci_msi_raise(&f->pci, 0);
    g_assert_cmphex(taken(0), ==, 0);
    cfg_write(&f->pci, cap + PCI_MSI_FLAGS, 2, 0x11); /* enabled, two vectors */
    g_assert_cmphex(taken(0), ==, 0x4002);            /* what was raised before */
    pci_msi_raise(&f->pci, 3);
    g_assert_cmphex(taken(0), ==, 0x4003); /* the last one that there is */
    cfg_write(&f->pci, cap + PCI_MSI_MASK_64, 4, 2);
    pci_msi_raise(&f->pci, 1);
    g_assert_cmphex(taken(0), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, cap + PCI_MSI_PENDING_64, 4), ==, 2);
    cfg_write(&f->pci, cap + PCI_MSI_MASK_64, 4, 0);
    g_assert_cmphex(taken(0), ==, 0x4003);
    g_assert_cmphex(cfg_read(&f->pci, cap + PCI_MSI_PENDING_64, 4), ==, 0);
    pci_set_intx(&f->pci, TRUE); /* 6.8.1.3: not while MSI is on */
    g_assert_false(irq_line_level(wires[3]));
    cfg_write(&f->pci, cap + PCI_MSI_FLAGS, 2, 0);
    g_assert_true(irq_line_level(wires[3]));
    cfg_write(&f->pci, cap + PCI_MSI_FLAGS, 2, 0x71); /* more than there are */
    pci_msi_raise(&f->pci, 3);
    g_assert_cmphex(taken(0), ==, 0x4003);
    pci_board_free();
}

/* What is behind the short capability is not its own. */
static void test_msi_plain(void)
{
    pci_board_make();
    f = test_function_new("3");
    f->msi = 1;
    f->plain_msi = TRUE;
    test_function_plug(f, root);
    unsigned cap = f->pci.msi.cap;
    g_assert_cmphex(cfg_read(&f->pci, cap + PCI_MSI_FLAGS, 2), ==, 0x80);
    cfg_write(&f->pci, PCI_COMMAND, 2, ON);
    cfg_write(&f->pci, cap + PCI_MSI_ADDRESS_LO, 4, MSI_AT);
    cfg_write(&f->pci, cap + PCI_MSI_DATA_64, 2, 0x4003);
    cfg_write(&f->pci, cap + PCI_MSI_MASK_64, 4, G_MAXUINT32);
    g_assert_cmphex(cfg_read(&f->pci, cap + PCI_MSI_MASK_64, 4), ==, 0);
    pci_set(&f->pci, cap + PCI_MSI_MASK_64, 4, G_MAXUINT32);
    cfg_write(&f->pci, cap + PCI_MSI_FLAGS, 2, 1);
    pci_msi_raise(&f->pci, 0);
    g_assert_cmphex(taken(0), ==, 0x4003);
    cfg_write(&f->pci, PCI_COMMAND, 2, 0);
    pci_msi_raise(&f->pci, 0);
    pci_set(&f->pci, cap + PCI_MSI_PENDING_64, 4, 0x12345678);
    g_assert_cmphex(cfg_read(&f->pci, cap + PCI_MSI_PENDING_64, 4), ==, 0x12345678);
    pci_board_free();
}

/* The stream */

static GByteArray *save(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    state_save(out, pci_device_class.device.state, f, &err);
    g_assert_no_error(err);
    return g_steal_pointer(&out);
}

static gboolean load(const GByteArray *in, GError **errp)
{
    return state_load(in->data, in->len, pci_device_class.device.state, f, errp);
}

static void test_state(void)
{
    g_autoptr(GError) err = NULL;
    int fd;
    make_enabled();
    mask(3, TRUE);
    mask(68, TRUE);
    mask(199, TRUE);
    msix_raise(&f->pci, 199);
    g_assert_true(msix_fd_get(&f->pci, 68, &fd, NULL));
    msix_raise(&f->pci, 3);
    fd_signal(fd);
    g_autoptr(GByteArray) stream = save();
    msix_fd_put(&f->pci, 68);
    pci_board_free();
    pci_board_make();
    f = new_function();
    load(stream, &err);
    g_assert_no_error(err);
    g_assert_cmphex(mem_read(BAR0 + 4, 4), ==, bar_answer(0, 4));
    g_assert_true(is_pending(3) && is_pending(68) && is_pending(199));
    g_assert_false(is_pending(4) || is_pending(7) || is_pending(198));
    mask(199, FALSE);
    g_assert_cmphex(taken(199), ==, 0x100 + 199);
    g_assert_true(pci_bus_master(&f->pci) && dma_space_is_open(&f->pci.dma));
    mask(68, FALSE);
    g_assert_cmphex(taken(68), ==, 0x100 + 68);
    mask(3, FALSE);
    g_assert_cmphex(taken(3), ==, 0x103);
    msix_raise(&f->pci, 7);
    g_assert_cmphex(taken(7), ==, 0x107);
    pci_board_free();
}

/* A stream of another function is refused; bits that nobody may write do not come. */
static void test_hostile_state(void)
{
    g_autoptr(GError) err = NULL;
    make_enabled();
    g_autoptr(GByteArray) stream = save();
    gsize at = 0;
    while (memcmp(stream->data + at, "\x34\x12\x78\x56", 4) != 0) {
        at++;
    }
    g_autoptr(GByteArray) bad = g_byte_array_new();
    g_byte_array_append(bad, stream->data, stream->len);
    bad->data[at] ^= 1;
    g_assert_false(load(bad, &err));
    g_assert_nonnull(strstr(err->message, "byte 0x0"));
    g_clear_error(&err);
    bad->data[at] ^= 1;
    bad->data[at + PCI_SUBSYSTEM_ID] ^= 0xff;
    bad->data[at + PCI_BASE_ADDRESS_0] |= 0xff; /* bits below the BAR's size */
    g_assert_true(load(bad, &err));
    g_assert_no_error(err);
    g_assert_cmphex(cfg_read(&f->pci, PCI_BASE_ADDRESS_0, 4), ==, BAR0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_SUBSYSTEM_ID, 2), ==, 0x1100);
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/msix/table", test_table);
    g_test_add_func("/pci/msix/mask", test_mask);
    g_test_add_func("/pci/msix/function-mask", test_function_mask);
    g_test_add_func("/pci/msix/enable", test_enable);
    g_test_add_func("/pci/msix/eventfd", test_eventfd);
    g_test_add_func("/pci/msix/bus-master", test_bus_master);
    g_test_add_func("/pci/msix/d3hot", test_d3hot);
    g_test_add_func("/pci/msix/slow-stop", test_slow_stop);
    g_test_add_func("/pci/msix/reset", test_reset);
    g_test_add_func("/pci/msix/flr", test_flr);
    g_test_add_func("/pci/msix/msi", test_msi);
    g_test_add_func("/pci/msix/msi/plain", test_msi_plain);
    g_test_add_func("/pci/msix/state", test_state);
    g_test_add_func("/pci/msix/hostile-state", test_hostile_state);
    return g_test_run();
}
