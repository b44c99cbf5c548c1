/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI: capabilities, vectors and the pin, the window in configuration space,
 * properties.
 */
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "accel/run-state.h"
#include "block-late.h"
#include "block/testing.h"
#include "virtio-pci-board.h"
#include "virtio/rng-backend.h"

static void test_identity(void)
{
    make_board(NULL);
    g_assert_cmphex(cfg_read(&v->pci, PCI_VENDOR_ID, 4), ==, 0x10011af4);
    g_assert_cmphex(cfg_read(&v->pci, PCI_CLASS_REVISION, 4), ==, 0x01000000);
    g_assert_cmphex(cfg_read(&v->pci, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0x00021af4);
    g_assert_cmpuint(cfg_read(&v->pci, PCI_INTERRUPT_PIN, 1), ==, 1);
    g_assert_true(common && notify && isr && config);
    g_assert_cmpuint(v->pci.msix.n, ==, QUEUES + 1);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_NUMQ, 2), ==, QUEUES);
    g_assert_cmpuint(mem_read(config, 4), ==, DISK_SIZE / 512);
    g_assert_cmpstr(v->backend->path, ==, "/machine/peripheral/disk/virtio-backend");
    /* no such queue */
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, QUEUES);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), ==, 0);
    put(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    put(VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    g_assert_cmpuint(v->pci.express, ==, 0); /* as QEMU has it on the root bus */
    free_board();
}

/* Behind a port there is a link, with it a reset of the function, and power states. */
static void test_behind_bridge(void)
{
    pci_board_make();
    rng_backend_add("r", open("/dev/urandom", O_RDONLY | O_CLOEXEC), NULL);
    PciBridge *bridge = test_bridge_make("4", root);
    pci_bridge_bus(&bridge->pci)->express = TRUE;
    Device *dev = device_new(&virtio_rng_pci_class.device);
    device_set_text(dev, "rng", "r");
    plug(dev, pci_bridge_bus(&bridge->pci));
    g_assert_cmphex(pci_get(&v->pci, PCI_VENDOR_ID, 4), ==, 0x10441af4);
    g_assert_cmphex(pci_get(&v->pci, PCI_CLASS_REVISION, 4), ==, 0x00ff0001);
    g_assert_cmphex(pci_get(&v->pci, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0x11001af4);
    g_assert_cmpuint(v->pci.power, !=, 0);
    g_assert_cmpuint(v->pci.express, !=, 0);
    g_assert_cmpuint(
        pci_get(&v->pci, v->pci.express + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR, !=, 0);
    pci_board_free();
    rng_cleanup();
}

static void test_vectors(gconstpointer iothread)
{
    make_live(iothread);
    for (unsigned i = 0; i < QUEUES; i++) {
        request(i);
        wait_used(i);
        wait_message(i);
        for (unsigned other = 0; other <= QUEUES; other++) {
            g_assert_cmphex(taken(other), ==, 0);
        }
    }
    virtio_device_config_changed((VirtioDevice *)v->backend);
    wait_message(QUEUES);

    /* there is no such vector */
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    put(VIRTIO_PCI_COMMON_Q_MSIX, 2, QUEUES + 1);
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, NO_VECTOR);
    put(VIRTIO_PCI_COMMON_MSIX, 2, 0x7ff);
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_MSIX, 2), ==, NO_VECTOR);
    virtio_device_config_changed((VirtioDevice *)v->backend);
    request(1);
    wait_used(1);
    let_settle();
    for (unsigned i = 0; i <= QUEUES; i++) {
        g_assert_cmphex(taken(i), ==, 0);
    }
    /* another one, while the queue is live; two may share one */
    put(VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
    request(1);
    wait_used(1);
    wait_message(2);
    free_board();
}

/* A vector's mask holds back what the data plane signals. */
static void test_masked(gconstpointer iothread)
{
    make_live(iothread);
    mask(0, TRUE);
    request(0);
    wait_used(0);
    let_settle();
    g_assert_cmphex(taken(0), ==, 0);
    g_assert_cmphex(mem_read(TABLE + 0x800, 4), ==, 1);
    mask(0, FALSE);
    wait_message(0);
    g_assert_cmphex(mem_read(TABLE + 0x800, 4), ==, 0);
    free_board();
}

/* Without MSI-X: the level is the ISR status, which reading clears. */
static void test_pin(gconstpointer iothread)
{
    make_board(iothread);
    start();
    IrqLine *wire = v->pci.intx.line;
    g_assert_nonnull(wire);
    for (unsigned i = 0; i < 3; i++) {
        request(i);
        wait_used(i);
        while (!irq_line_level(wire)) {
            turn();
        }
        g_assert_true(cfg_read(&v->pci, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
        g_assert_cmpuint(mem_read(isr, 1), ==, 1);
        g_assert_false(irq_line_level(wire));
        g_assert_cmpuint(mem_read(isr, 1), ==, 0);
    }
    virtio_device_config_changed((VirtioDevice *)v->backend);
    g_assert_true(irq_line_level(wire));
    put_config(PCI_COMMAND, 2, ON | PCI_COMMAND_INTX_DISABLE);
    g_assert_false(irq_line_level(wire));
    put_config(PCI_COMMAND, 2, ON);
    g_assert_true(irq_line_level(wire));
    /* MSI-X takes over while queues are live, and gives back */
    enable_msix();
    g_assert_false(irq_line_level(wire));
    mem_read(isr, 1);
    request(0);
    wait_message(0);
    put_config(v->pci.msix.cap + PCI_MSIX_FLAGS, 2, 0);
    mem_read(isr, 1);
    request(0);
    while (!irq_line_level(wire)) {
        turn();
    }
    put(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    g_assert_false(irq_line_level(wire));
    free_board();
}

/* 4.1.4.9 */

static guint32 window(guint8 bar, guint32 offset, guint32 size)
{
    put_config(v->window + VIRTIO_PCI_CAP_BAR, 1, bar);
    put_config(v->window + VIRTIO_PCI_CAP_OFFSET, 4, offset);
    put_config(v->window + VIRTIO_PCI_CAP_LENGTH, 4, size);
    return cfg_read(&v->pci, v->window + 16u, 4);
}

static void test_window(void)
{
    static const struct {
        guint8 bar;
        guint32 offset, size;
    } bad[] = { { 0, 0, 4 },          { 1, 0, 4 },          { 255, 0, 4 },
                { 4, 0, 0 },          { 4, 0, 3 },          { 4, 0, 8 },
                { 4, 2, 4 },          { 4, 0x4000, 4 },     { 4, 0xfffffffc, 4 },
                { 4, 0x80000000, 1 }, { 4, 0, G_MAXUINT32 } };

    make_live(NULL);
    g_assert_cmpuint(window(4, VIRTIO_PCI_COMMON_NUMQ, 2) & 0xffff, ==, QUEUES);
    g_assert_cmpuint(window(4, config - REGISTERS, 4), ==, DISK_SIZE / 512);
    put_config(v->window + 16u, 4, 0x12345678);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        put_config(v->window + 16u, 4, 0x5a5a5a5a);
        window(bad[i].bar, bad[i].offset, bad[i].size);
        put_config(v->window + 16u, 4, 0x5a5a5a5a);
        g_assert_cmphex(cfg_read(&v->pci, v->window + 16u, 4), ==, 0x5a5a5a5a);
    }
    /* with memory decode off, as firmware uses it: a reset, with a request in flight */
    hold_request(0);
    put_config(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    window(4, VIRTIO_PCI_COMMON_STATUS, 1);
    gboolean done = FALSE;
    begin_write_config(v->window + 16u, 4, 0, &done);
    g_assert_false(done);
    medium("release");
    wait_done(&done);
    g_assert_cmphex(window(4, VIRTIO_PCI_COMMON_STATUS, 1) & 0xff, ==, 0);
    free_board();
}

/* Properties */

static void test_refused(void)
{
    static const struct {
        const char *name, *value, *why;
    } cases[] = {
        { "ats", "on", "ats" },
        { "packed", "on", "packed" },
        { "iommu_platform", "on", "iommu_platform" },
        { "page-per-vq", "on", "page-per-vq" },
        { "vectors", "2049", "vectors" },
        { "drive", "nope", "can't find value 'nope'" },
        { "iothread", "nope", "iothread" },
        { "addr", "20.0", "" },
    };

    pci_board_make();
    make_medium();
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Device) dev = new_disk();
        g_autoptr(ConfigNode) node = config_string_new(cases[i].value);
        gboolean taken_on = device_set_property(dev, cases[i].name, node, &error) &&
                            device_realize(dev, root->bus, &error);
        g_assert_false(taken_on);
        g_assert_nonnull(strstr(error->message, cases[i].why));
    }
    pci_board_free();
    g_assert_true(node_del("n", NULL));
}

/* No vectors and no eventfds at all, in a slot that was asked for. */
static void test_plain(void)
{
    pci_board_make();
    make_medium();
    vm_start();
    Device *dev = new_disk();
    device_set_text(dev, "vectors", "0");
    device_set_text(dev, "ioeventfd", "off");
    device_set_text(dev, "addr", "5.0");
    plug(dev, root);
    g_assert_cmpuint(v->pci.devfn, ==, PCI_DEVFN(5, 0));
    g_assert_cmpuint(v->pci.msix.cap, ==, 0);
    map_bars();
    start();
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_MSIX, 2), ==, NO_VECTOR);
    request(1);
    wait_used(1);
    while (mem_read(isr, 1) == 0) {
        turn();
    }
    vm_stop(RUN_STATE_PAUSED);
    pci_board_free();
    g_assert_true(node_del("n", NULL));
}

static void test_rng(void)
{
    guint8 bytes[64], zeros[64] = { 0 };

    pci_board_make();
    vm_start();
    rng_backend_add("r", open("/dev/urandom", O_RDONLY | O_CLOEXEC), NULL);
    Device *dev = device_new(&virtio_rng_pci_class.device);
    device_set_text(dev, "rng", "r");
    plug(dev, root);
    map_bars();
    enable_msix();
    negotiate(1ull << 29);
    set_up_queue(0, 1);
    put(VIRTIO_PCI_COMMON_STATUS, 1, 15);
    guest_ring_add(&rings[0], &(GuestBuffer){ DATA, sizeof(bytes), TRUE }, 1);
    kick(0);
    wait_used(0);
    wait_message(1);
    read_guest(DATA, bytes, sizeof(bytes));
    g_assert_cmpint(memcmp(bytes, zeros, sizeof(bytes)), !=, 0);
    vm_stop(RUN_STATE_PAUSED);
    pci_board_free();
    rng_cleanup();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    block_testing_enable();
    g_test_add_func("/virtio-pci/identity", test_identity);
    g_test_add_func("/virtio-pci/behind-bridge", test_behind_bridge);
    add_both("vectors", test_vectors);
    add_both("masked", test_masked);
    add_both("pin", test_pin);
    g_test_add_func("/virtio-pci/window", test_window);
    g_test_add_func("/virtio-pci/refused", test_refused);
    g_test_add_func("/virtio-pci/plain", test_plain);
    g_test_add_func("/virtio-pci/rng", test_rng);
    return g_test_run();
}
