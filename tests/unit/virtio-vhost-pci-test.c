/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net over PCI that is served by vhost: interrupts that another signals are
 * masked, pending, moved and migrated like our own. The tap is in a network namespace of
 * its own (skipped where the kernel does not let us); the kernel with vhost is a test's.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "config/json.h"
#include "event/lock.h"
#include "memory/ram.h"
#include "net/net.h"
#include "unit/vhost-kernel.h"
#include "virtio-pci-board.h"
#include "virtio/virtio-net.h"

#define VECTORS  70 /* more than one word of pending bits has */
#define ENABLE   0x8000u
#define MASK_ALL 0x4000u
#define PBA      (TABLE + 0x800)
#define MOVES    20000

static void add_netdev(int vhost)
{
    g_autofree char *json = g_strdup_printf(
        "{\"type\":\"tap\",\"id\":\"h\",\"ifname\":\"vireo20\",\"vhost\":true,"
        "\"vhostfd\":\"%d\"}",
        vhost);
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);
    g_autoptr(GError) error = NULL;

    net_backend_add(node, &error);
    g_assert_no_error(error);
}

static void make_card(void)
{
    Device *dev;

    pci_board_make();
    vhost_kernel = (VhostKernel){ .fd = open("/dev/null", O_RDWR), /* as if inherited */
                                  .know = ~0ull };
    add_netdev(vhost_kernel.fd);
    vm_start();
    dev = device_new(&virtio_net_pci_class.device);
    dev->id = g_strdup("card");
    device_set_text(dev, "netdev", "h");
    device_set_text(dev, "vectors", G_STRINGIFY(VECTORS));
    plug(dev, root);
    map_bars();
    enable_msix();
    start();
    g_assert_cmpint(vhost_kernel.tap[0], >=, 0); /* it serves */
    let_settle();
    for (unsigned i = 0; i < VECTORS; i++) {
        taken(i);
    }
}

static void free_card(void)
{
    vm_stop(RUN_STATE_PAUSED);
    pci_board_free();
    net_cleanup();
    vhost_kernel.fd = -1;
    v = NULL;
}

/* As the kernel tells that it has used buffers. */
static void signal_ring(unsigned ring)
{
    g_assert_cmpint(eventfd_write(vhost_kernel.interrupt[ring], 1), ==, 0);
}

static gboolean is_pending(unsigned vector)
{
    return (mem_read(PBA + vector / 32 * 4, 4) >> vector % 32) & 1;
}

static void expect_silence(void)
{
    let_settle();
    for (unsigned i = 0; i < VECTORS; i++) {
        g_assert_cmphex(taken(i), ==, 0);
    }
}

/* It comes once. */
static void expect_once(unsigned vector)
{
    wait_message(vector);
    expect_silence();
    g_assert_false(is_pending(vector));
}

static void set_vector(unsigned queue, guint16 vector)
{
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
    put(VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, vector);
}

static void set_flags(guint16 flags)
{
    put_config(v->pci.msix.cap + PCI_MSIX_FLAGS, 2, flags);
}

static void test_masked(void)
{
    make_card();
    for (unsigned ring = 0; ring < 2; ring++) {
        signal_ring(ring);
        expect_once(ring);
        mask(ring, TRUE);
        signal_ring(ring);
        signal_ring(ring);
        expect_silence();
        g_assert_true(is_pending(ring));
        mask(ring, FALSE);
        expect_once(ring);
    }
    /* the function as a whole, and within it a vector */
    set_flags(ENABLE | MASK_ALL);
    mask(1, TRUE);
    signal_ring(0);
    signal_ring(1);
    expect_silence();
    g_assert_cmphex(mem_read(PBA, 4), ==, 3);
    set_flags(ENABLE);
    expect_once(0);
    g_assert_true(is_pending(1));
    mask(1, FALSE);
    expect_once(1);
    free_card();
}

/* After DRIVER_OK, to the second word of pending bits, to none, and back. */
static void test_moved(void)
{
    make_card();
    set_vector(0, 68);
    signal_ring(0);
    expect_once(68);
    mask(68, TRUE);
    signal_ring(0);
    expect_silence();
    g_assert_true(is_pending(68));
    g_assert_cmphex(mem_read(PBA, 4), ==, 0);
    g_assert_cmphex(mem_read(PBA + 8, 4), ==, 1u << (68 - 64));
    set_vector(0, 5); /* what was raised there stays there */
    signal_ring(0);
    expect_once(5);
    mask(68, FALSE);
    expect_once(68);
    set_vector(0, NO_VECTOR);
    g_assert_cmpint(vhost_kernel.interrupt[0], ==, -1);
    set_vector(0, 1); /* shared with the other ring */
    g_assert_cmpint(vhost_kernel.interrupt[0], ==, vhost_kernel.interrupt[1]);
    signal_ring(0);
    expect_once(1);
    signal_ring(1);
    expect_once(1);
    free_card();
}

static void aim(unsigned vector, unsigned word)
{
    mask(vector, TRUE);
    mem_write(TABLE + 16 * vector, 4, MSI_AT + 4 * word);
    mem_write(TABLE + 16 * vector + 8, 4, 0x100 + word);
    mask(vector, FALSE);
}

/*
 * As Linux moves an interrupt to another CPU: masked, aimed, unmasked, with a signal
 * before, within or behind. Each one comes, there or here.
 */
static void test_many_moves(void)
{
    make_card();
    for (unsigned i = 0; i < MOVES; i++) {
        unsigned from = 10 + i % 2, to = 10 + (i + 1) % 2;
        guint32 value = 0;
        if (i % 3 == 0) {
            signal_ring(0);
        }
        mask(0, TRUE);
        if (i % 3 == 1) {
            signal_ring(0);
        }
        aim(0, to);
        if (i % 3 == 2) {
            signal_ring(0);
        }
        while (!(value = taken(from)) && !(value = taken(to))) {
            turn();
        }
        g_assert_true(value == 0x100 + from || value == 0x100 + to);
        g_assert_true(i % 3 == 0 || value == 0x100 + to); /* not the old one any more */
        if (i % 64 == 0) {                                /* the queue itself */
            set_vector(0, 1 + i / 64 % 3 * 30);
            set_vector(0, 0);
        }
    }
    expect_silence();
    g_assert_cmphex(mem_read(PBA, 4), ==, 0);
    free_card();
}

/* The stream */

static void save_or_load(GByteArray *saved[2], gboolean load)
{
    const StateDesc *const descs[] = { pci_device_class.device.state,
                                       virtio_pci_class.device.state };

    for (unsigned i = 0; i < G_N_ELEMENTS(descs); i++) {
        g_autoptr(GError) error = NULL;
        if (load) {
            state_load(saved[i]->data, saved[i]->len, descs[i], v, &error);
        } else {
            saved[i] = g_byte_array_new();
            state_save(saved[i], descs[i], v, &error);
        }
        g_assert_no_error(error);
    }
}

static void run_to_end(void (*fn)(void (*done)(void *), void *))
{
    gboolean done = FALSE;

    fn(set_done, &done);
    wait_done(&done);
}

/* Masked one by one and as a whole, and what is pending moves, also the last signal. */
static void test_migrated(void)
{
    GByteArray *saved[2];

    make_card();
    set_vector(1, 66);
    mask(66, TRUE);
    set_flags(ENABLE | MASK_ALL);
    signal_ring(0);
    signal_ring(1);
    g_assert_true(dirty_log_start(NULL));
    vm_stop(RUN_STATE_FINISH_MIGRATE);
    run_to_end(device_quiesce_all);
    g_assert_cmpint(vhost_kernel.tap[0], ==, -1);
    save_or_load(saved, FALSE);
    run_to_end(device_reset_all);
    g_assert_cmphex(mem_read(PBA, 4), ==, 0xffffffff); /* nothing decodes */
    save_or_load(saved, TRUE);
    dirty_log_stop();
    vm_start();
    g_assert_cmpint(vhost_kernel.tap[0], >=, 0);
    expect_silence();
    g_assert_cmphex(mem_read(PBA, 4), ==, 1);
    g_assert_cmphex(mem_read(PBA + 8, 4), ==, 1u << (66 - 64));
    set_flags(ENABLE);
    expect_once(0);
    mask(66, FALSE);
    expect_once(66);
    signal_ring(0);
    expect_once(0);
    signal_ring(1);
    expect_once(66);
    g_byte_array_unref(saved[0]);
    g_byte_array_unref(saved[1]);
    free_card();
}

int main(int argc, char **argv)
{
    vhost_kernel.fd = -1;
    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        return 77;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vhost-pci/masked", test_masked);
    g_test_add_func("/vhost-pci/moved", test_moved);
    g_test_add_func("/vhost-pci/many-moves", test_many_moves);
    g_test_add_func("/vhost-pci/migrated", test_migrated);
    return g_test_run();
}
