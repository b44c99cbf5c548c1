/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI on a q35, behind a root port and on the root bus, on the main loop and
 * on an iothread: what the guest finds, queues, vectors and the pin, the window in
 * configuration space; and what the properties say.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/virtio-pci.h"

/* What it is */

static void expect_identity(const VirtioPciDriver *d, unsigned id, guint32 klass)
{
    guint8 pm = 0;

    gboolean modern = d->port != NO_PORT; /* only; else transitional */
    guint32 old_id = id == VIRTIO_ID_BLOCK ? 0x1001 : 0x1005;

    g_assert_cmphex(vpci_cfg(d, PCI_VENDOR_ID, 4), ==,
                    (modern ? 0x1040 + id : old_id) << 16 | 0x1af4);
    g_assert_cmphex(vpci_cfg(d, PCI_CLASS_REVISION, 4), ==, klass << 8 | modern);
    g_assert_cmphex(vpci_cfg(d, PCI_SUBSYSTEM_VENDOR_ID, 4), ==,
                    (modern ? 0x1100 : id) << 16 | 0x1af4);
    g_assert_cmphex(vpci_cfg(d, PCI_HEADER_TYPE, 1), ==, 0);
    g_assert_cmphex(vpci_cfg(d, PCI_INTERRUPT_PIN, 1), ==, 1);
    g_assert_cmpuint(d->n_vectors, ==, d->n_queues + 1);
    g_assert_cmpuint(d->multiplier, ==, 4);
    for (guint8 at = (guint8)vpci_cfg(d, PCI_CAPABILITY_LIST, 1); at;
         at = (guint8)vpci_cfg(d, at + 1u, 1)) {
        pm = vpci_cfg(d, at, 1) == PCI_CAP_ID_PM ? at : pm;
    }
    /* as QEMU: an endpoint behind a port, a conventional function on the root bus */
    g_assert_cmpint(d->express != 0, ==, d->port != NO_PORT);
    g_assert_cmpint(pm != 0, ==, d->port != NO_PORT);
    if (d->express) {
        guint32 flags = vpci_cfg(d, d->express + PCI_EXP_FLAGS, 2);
        g_assert_cmpuint((flags & PCI_EXP_FLAGS_TYPE) >> 4, ==, PCI_EXP_TYPE_ENDPOINT);
        g_assert_true(vpci_cfg(d, d->express + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
    }
}

static void test_identity(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");

    expect_identity(&d, VIRTIO_ID_BLOCK, 0x010000);
    g_assert_cmpuint(d.n_queues, ==, 3); /* one for each vCPU */
    g_assert_cmpuint(qtest_readw(q, d.config + 34), ==, 3);
    g_assert_cmpuint(qtest_readl(q, d.config), ==, MIB / 512);
    qtest_stop(q);
    q = qtest_start(VPCI_MACHINE "-device virtio-rng-pci,rng=r%s", (const char *)where);
    vpci_find(&d, q, where);
    expect_identity(&d, VIRTIO_ID_RNG, 0x00ff00);
    qtest_stop(q);
}

/* Every queue by itself, with its vector and its place in the notification structure. */
static void test_queues(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < d.n_queues; i++) {
            g_assert_cmpuint(d.noff[i], ==, i);
            vpci_read_one(&d, i);
            vpci_wait_message(&d, i);
            vpci_expect_silence(&d);
        }
    }
    /* one notification may say that several queues have something: none is lost */
    for (unsigned i = 0; i < d.n_queues; i++) {
        vpci_blk_add(&d, i, i, VIRTIO_BLK_T_IN, i);
    }
    for (unsigned i = 0; i < d.n_queues; i++) {
        vpci_kick(&d, i);
    }
    for (unsigned i = 0; i < d.n_queues; i++) {
        vpci_wait_message(&d, i);
        g_assert_cmpuint(vpci_used_idx(&d, i), ==, 4);
    }
    vpci_kick(&d, d.n_queues);       /* there is no such queue */
    qtest_writeq(q, d.notify, 0);    /* any length, */
    qtest_writeb(q, d.notify, 0xff); /* any value: where it is written counts */
    vpci_read_one(&d, 0);
    qtest_stop(q);
}

/* Without eventfds it works all the same; and without vectors. */
static void test_plain(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where,
                               ",ioeventfd=off,vectors=0,num-queues=2,event_idx=off,"
                               "indirect_desc=off,queue_reset=off");

    g_assert_cmpuint(d.msix, ==, 0);
    g_assert_cmpuint(d.n_queues, ==, 2);
    vpci_start(&d, ~0ull, 2, 16);
    g_assert_cmphex(d.features & (1ull << VIRTIO_RING_F_EVENT_IDX |
                                  1ull << VIRTIO_RING_F_INDIRECT_DESC |
                                  1ull << VIRTIO_F_RING_RESET),
                    ==, 0);
    vpci_read_one(&d, 0);
    vpci_read_one(&d, 1);
    qtest_stop(q);
}

/* Interrupts */

static void wait_pending(VirtioPciDriver *d, unsigned vector)
{
    while (!vpci_pending(d, vector)) {
    }
}

static void set_function_mask(VirtioPciDriver *d, gboolean masked)
{
    vpci_set_cfg(d, d->msix + PCI_MSIX_FLAGS, 2,
                 PCI_MSIX_FLAGS_ENABLE | (masked ? PCI_MSIX_FLAGS_MASKALL : 0));
}

/* By its own bit and by the function's: pending until the last of them goes. */
static void test_masked(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    vpci_mask(&d, 1, TRUE);
    for (unsigned i = 0; i < 3; i++) {
        vpci_read_one(&d, 1);
        wait_pending(&d, 1);
    }
    vpci_read_one(&d, 0); /* the others are not masked */
    vpci_wait_message(&d, 0);
    vpci_expect_silence(&d);
    set_function_mask(&d, TRUE);
    vpci_mask(&d, 1, FALSE);
    vpci_read_one(&d, 2);
    wait_pending(&d, 2);
    g_assert_true(vpci_pending(&d, 1));
    g_assert_false(vpci_pending(&d, 0));
    vpci_expect_silence(&d);
    set_function_mask(&d, FALSE);
    vpci_wait_message(&d, 1); /* once, however often it was raised */
    vpci_wait_message(&d, 2);
    vpci_expect_silence(&d);
    g_assert_cmphex(qtest_readq(q, d.pba), ==, 0);
    qtest_writeq(q, d.pba, G_MAXUINT64); /* read-only */
    g_assert_cmphex(qtest_readq(q, d.pba), ==, 0);
    qtest_stop(q);
}

/* A vector's message, and which vector a queue has, change while one is pending. */
static void test_moved(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    vpci_mask(&d, 0, TRUE);
    vpci_read_one(&d, 0);
    wait_pending(&d, 0);
    vpci_aim(&d, 0, MSI_AT + 0x800, 0x77); /* as an affinity change does */
    vpci_mask(&d, 0, FALSE);
    while (qtest_readl(q, MSI_AT + 0x800) != 0x77) {
    }
    vpci_expect_silence(&d);
    /* not masked, with a request at the medium */
    block_testing(q, "n hold");
    vpci_blk_add(&d, 1, 0, VIRTIO_BLK_T_IN, 0);
    vpci_kick(&d, 1);
    while (blocks_held(q, "n") < 1) {
    }
    vpci_aim(&d, 1, MSI_AT + 0x804, 0x78);
    block_testing(q, "n release");
    while (qtest_readl(q, MSI_AT + 0x804) != 0x78) {
    }
    vpci_expect_silence(&d);
    /* another vector for the queue while it is live; two queues may share one */
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
    vpci_read_one(&d, 1);
    vpci_wait_message(&d, 2);
    vpci_read_one(&d, 2);
    vpci_wait_message(&d, 2);
    qtest_stop(q);
}

static guint8 isr_bits(VirtioPciDriver *d)
{
    return qtest_readb(d->q, d->isr);
}

static void test_no_vector(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, d.n_vectors); /* there is none such */
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, NO_VECTOR);
    vpci_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, 0xfffe);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), ==, NO_VECTOR);
    isr_bits(&d);
    vpci_read_one(&d, 0);
    while (!isr_bits(&d)) { /* it would have come by now */
    }
    vpci_expect_silence(&d);
    g_assert_cmphex(qtest_readq(q, d.pba), ==, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, 0);
    vpci_read_one(&d, 0);
    vpci_wait_message(&d, 0);
    qtest_stop(q);
}

/* The pin of the I/O APIC that is up; 0: none. */
static unsigned pin_up(QTest *q)
{
    unsigned up = 0;

    board_sync(q);
    for (unsigned n = 16; n < 24; n++) {
        if (qtest_get_irq(q, n)) {
            g_assert_cmpuint(up, ==, 0);
            up = n;
        }
    }
    return up;
}

/* No MSI-X: the level is the ISR status, which reading takes away. */
static void test_pin(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");
    unsigned pin = 0;

    qtest_irq_intercept_in(q, "ioapic");
    vpci_start(&d, EACH_INTERRUPTS, d.n_queues, 16);
    for (unsigned i = 0; i < d.n_queues; i++) {
        vpci_read_one(&d, i);
        while (!(pin = pin_up(q))) {
        }
        g_assert_true(vpci_cfg(&d, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
        vpci_set_cfg(&d, PCI_COMMAND, 2, DECODES | PCI_COMMAND_INTX_DISABLE);
        g_assert_cmpuint(pin_up(q), ==, 0);
        g_assert_true(vpci_cfg(&d, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
        vpci_set_cfg(&d, PCI_COMMAND, 2, DECODES);
        g_assert_cmpuint(pin_up(q), ==, pin);
        g_assert_cmpuint(isr_bits(&d), ==, 1);
        g_assert_cmpuint(pin_up(q), ==, 0);
        g_assert_cmpuint(isr_bits(&d), ==, 0);
        g_assert_false(vpci_cfg(&d, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
    }
    /* MSI-X, switched on while it is up, takes it down; and off again */
    vpci_read_one(&d, 0);
    while (!pin_up(q)) {
    }
    vpci_enable_msix(&d);
    g_assert_cmpuint(pin_up(q), ==, 0);
    vpci_set_cfg(&d, d.msix + PCI_MSIX_FLAGS, 2, 0);
    g_assert_cmpuint(pin_up(q), ==, pin);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0); /* a reset of the device clears it */
    g_assert_cmpuint(pin_up(q), ==, 0);
    vpci_expect_silence(&d);
    qtest_stop(q);
}

/* PCI PM 1.2, 5.4.1: no request comes from D3hot; back in D0 the driver goes on. */
static void test_d3hot(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");
    unsigned at = vpci_cfg(&d, PCI_CAPABILITY_LIST, 1), pin = 0;

    while (vpci_cfg(&d, at, 1) != PCI_CAP_ID_PM) {
        at = vpci_cfg(&d, at + 1u, 1);
        g_assert_cmpuint(at, !=, 0);
    }
    g_assert_true(vpci_cfg(&d, at + PCI_PM_CTRL, 2) & PCI_PM_CTRL_NO_SOFT_RESET);
    qtest_irq_intercept_in(q, "ioapic");
    vpci_start(&d, EACH_INTERRUPTS, d.n_queues, 16);
    vpci_read_one(&d, 0);
    while (!(pin = pin_up(q))) {
    }
    vpci_set_cfg(&d, at + PCI_PM_CTRL, 2, 3);
    g_assert_cmpuint(pin_up(q), ==, 0);
    g_assert_cmphex(qtest_readl(q, d.common), ==, 0xffffffff);
    vpci_blk_add(&d, 1, 0, VIRTIO_BLK_T_IN, 0);
    vpci_kick(&d, 1); /* nobody hears it */
    board_sync(q);
    g_assert_cmpuint(vpci_used_idx(&d, 1), ==, 0);
    vpci_set_cfg(&d, at + PCI_PM_CTRL, 2, 0);
    g_assert_cmpuint(pin_up(q), ==, pin);
    vpci_wait_used_idx(&d, 1, 1); /* what begins looks at what there is */
    g_assert_cmpuint(isr_bits(&d), !=, 0);
    vpci_read_one(&d, 2);
    qtest_stop(q);
}

/* The window: 4.1.4.9 */

static void aim_window(VirtioPciDriver *d, guint64 addr, guint32 length)
{
    vpci_set_cfg(d, d->window + VIRTIO_PCI_CAP_BAR, 1, 4);
    vpci_set_cfg(d, d->window + VIRTIO_PCI_CAP_OFFSET, 4,
                 (guint32)(addr - (d->common & ~0xfffull)));
    vpci_set_cfg(d, d->window + VIRTIO_PCI_CAP_LENGTH, 4, length);
}

static guint32 window_get(VirtioPciDriver *d, guint64 addr, guint32 length)
{
    aim_window(d, addr, length);
    return vpci_cfg(d, d->window + 16u, length);
}

static void window_put(VirtioPciDriver *d, guint64 addr, guint32 length, guint32 value)
{
    aim_window(d, addr, length);
    vpci_set_cfg(d, d->window + 16u, length, value);
}

/* All that firmware does that cannot reach the BAR: a request with memory decode off. */
static void test_window(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");
    guint64 common = d.common;

    vpci_start(&d, EACH_INTERRUPTS, 1, 16);
    vpci_set_cfg(&d, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_cmphex(qtest_readl(q, d.common), ==, 0xffffffff);
    g_assert_cmpuint(window_get(&d, common + VIRTIO_PCI_COMMON_NUMQ, 2), ==, 3);
    g_assert_cmpuint(window_get(&d, d.config, 4), ==, MIB / 512);
    g_assert_cmpuint(window_get(&d, common + VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    vpci_blk_add(&d, 0, 0, VIRTIO_BLK_T_IN, 0);
    window_put(&d, d.notify + 4 * d.noff[0], 2, 0);
    vpci_wait_used_idx(&d, 0, 1);
    while (window_get(&d, d.isr, 1) != 1) {
    }
    g_assert_cmpuint(window_get(&d, d.isr, 1), ==, 0);
    window_put(&d, common + VIRTIO_PCI_COMMON_STATUS, 1, 0);
    g_assert_cmpuint(window_get(&d, common + VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    qtest_stop(q);
}

/* Others than disks */

static void test_rng(gconstpointer where)
{
    guint8 bytes[64], zeros[64] = { 0 };
    VirtioPciDriver d;
    QTest *q =
        qtest_start(VPCI_MACHINE "-device virtio-rng-pci,rng=r%s", (const char *)where);
    guint32 head, len;

    vpci_find(&d, q, where);
    vpci_enable_msix(&d);
    vpci_start(&d, EACH_INTERRUPTS, 1, 8);
    guest_ring_add(&d.rings[0], &(GuestBuffer){ d.data, sizeof(bytes), TRUE }, 1);
    vpci_kick(&d, 0);
    vpci_wait_used(&d, 0, &head, &len);
    vpci_wait_message(&d, 0);
    g_assert_cmpuint(len, ==, sizeof(bytes));
    qtest_memread(q, d.data, bytes, sizeof(bytes));
    g_assert_cmpint(memcmp(bytes, zeros, sizeof(bytes)), !=, 0);
    qtest_stop(q);
}

/* Properties */

static void expect_refused(const char *device, const char *message)
{
    g_autofree char *args =
        g_strdup_printf("-accel qtest -M q35 -m 64 -object rng-random,id=r "
                        "-blockdev driver=file,node-name=n,filename=%s/image "
                        "-device %s",
                        vpci_dir, device);
    g_autofree char *messages = NULL;

    g_assert_cmpint(qtest_run(args, &messages), ==, 1);
    if (!strstr(messages, message)) {
        g_error("'%s' is refused by '%s', not '%s'", device, messages, message);
    }
}

/* By a message that names what the user has written. */
static void test_refused(void)
{
    static const struct {
        const char *device, *message;
    } cases[] = {
        { "virtio-blk-pci,drive=n,packed=on",
          "Property 'virtio-blk-pci.packed' value 'on' is not supported" },
        { "virtio-rng-pci,rng=r,iommu_platform=on",
          "Property 'virtio-rng-pci.iommu_platform' value 'on' is not supported" },
        { "virtio-blk-pci,drive=n,ats=on", "'virtio-blk-pci.ats' value 'on' is not" },
        { "virtio-blk-pci,drive=n,aer=on", "'virtio-blk-pci.aer' value 'on' is not" },
        { "virtio-rng-pci,rng=r,page-per-vq=on",
          "'virtio-rng-pci.page-per-vq' value 'on' is not supported" },
        { "virtio-rng-pci,rng=r,modern-pio-notify=on",
          "'virtio-rng-pci.modern-pio-notify' value 'on' is not supported" },
        { "virtio-blk-pci,drive=n,vectors=2049",
          "'virtio-blk-pci.vectors' value '2049' is not supported" },
        { "virtio-blk-pci,drive=n,num-queues=1025",
          "'virtio-blk-pci.num-queues' value 1025 is above 1024" },
        { "virtio-blk-pci,drive=n,queue-size=100",
          "'virtio-blk-pci.queue-size' value 100 is not a power of two" },
        { "virtio-blk-pci,drive=nope", "'virtio-blk-pci.drive' can't find value 'nope'" },
        { "virtio-blk-pci", "'virtio-blk-pci.drive' is not set" },
        { "virtio-blk-pci,drive=n,iothread=nope",
          "'virtio-blk-pci.iothread' can't find value 'nope'" },
        { "virtio-blk-pci,drive=n,logical_block_size=1000",
          "'virtio-blk-pci.logical_block_size' doesn't take value 1000" },
        { "virtio-rng-pci,rng=nope", "'virtio-rng-pci.rng' can't find value 'nope'" },
        { "virtio-net-pci", "'virtio-net-pci.netdev' is not set" },
    };

    g_free(make_image(vpci_dir, "image", MIB, 0));
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_refused(cases[i].device, cases[i].message);
    }
}

/* As many queues as vCPUs, and vectors by them; of virtio-mmio's one. */
static void test_defaults(void)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, ",bus=pcie.0,addr=5", ",num-queues=7");

    g_assert_cmpuint(d.n_queues, ==, 7);
    g_assert_cmpuint(d.n_vectors, ==, 8);
    qtest_stop(q);
    q = vpci_start_disk(&d, ",bus=pcie.0,addr=5", ",vectors=2");
    g_assert_cmpuint(d.n_queues, ==, 3);
    g_assert_cmpuint(d.n_vectors, ==, 2);
    qtest_stop(q);
    q = qtest_start("-M microvm -m 16 -smp 3 -blockdev "
                    "driver=file,node-name=n,filename=%s/image "
                    "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0",
                    vpci_dir);
    qtest_bus_set(q);
    qtest_writel(q, SLOT(0) + VIRTIO_MMIO_QUEUE_SEL, 0);
    g_assert_cmpuint(qtest_readl(q, SLOT(0) + VIRTIO_MMIO_QUEUE_NUM_MAX), ==, 256);
    qtest_writel(q, SLOT(0) + VIRTIO_MMIO_QUEUE_SEL, 1);
    g_assert_cmpuint(qtest_readl(q, SLOT(0) + VIRTIO_MMIO_QUEUE_NUM_MAX), ==, 0);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    vpci_add_everywhere("identity", test_identity);
    vpci_add_everywhere("queues", test_queues);
    vpci_add_everywhere("plain", test_plain);
    vpci_add_everywhere("masked", test_masked);
    vpci_add_everywhere("moved", test_moved);
    vpci_add_everywhere("no-vector", test_no_vector);
    vpci_add_everywhere("pin", test_pin);
    vpci_add_behind_port("d3hot", test_d3hot);
    vpci_add_everywhere("window", test_window);
    vpci_add_everywhere("rng", test_rng);
    g_test_add_func("/virtio-pci/refused", test_refused);
    g_test_add_func("/virtio-pci/defaults", test_defaults);
    return vpci_run();
}
