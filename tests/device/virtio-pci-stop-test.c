/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI with requests at the medium, which holds them: each way to stop the
 * device waits for them, each that only hides it does not. Nothing is written to guest
 * memory once it has stopped.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/monitor.h"
#include "tests/device/virtio-pci-hold.h"

#define EJECT  0xcc8
#define SELECT 0xcd0

static QTest *hold(VirtioPciDriver *d, const char *where)
{
    QTest *q = vpci_start_live(d, where);

    hold_reads(d);
    return q;
}

static void begin_put(VirtioPciDriver *d, unsigned offset, guint32 value)
{
    qtest_begin(d->q, "writew 0x%" G_GINT64_MODIFIER "x 0x%x", d->common + offset, value);
}

/* The driver's resets */

static void test_status(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    qtest_begin(q, "writeb 0x%" G_GINT64_MODIFIER "x 0",
                d.common + VIRTIO_PCI_COMMON_STATUS);
    let_go(&d);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), ==, NO_VECTOR);
    scribble(&d);
    vpci_write(&d, d.notify + 4, 2, 1);
    expect_untouched(&d);
    expect_works(&d);
    qtest_stop(q);
}

static void test_queue_reset(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    begin_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 1);
    let_go(&d);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_Q_RESET, 2), ==, 0);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    vpci_taken(&d, 1); /* of what was done */
    vpci_blk_add(&d, 1, 0, VIRTIO_BLK_T_IN, 0);
    vpci_kick(&d, 1);
    vpci_read_one(&d, 0); /* the others go on */
    vpci_read_one(&d, 2);
    vpci_wait_message(&d, 0);
    vpci_wait_message(&d, 2);
    g_assert_cmpuint(vpci_used_idx(&d, 1), ==, REQUESTS);
    /* smaller than it was, and with another vector */
    vpci_set_up_queue(&d, 1, 8, 0);
    vpci_read_one(&d, 1);
    vpci_wait_message(&d, 0);
    vpci_expect_silence(&d);
    qtest_stop(q);
}

/* PCI's resets */

static void test_function_reset(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);
    guint32 bars[BARS];

    save_bars(&d, bars);
    begin_cfg(&d, d.express + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    let_go(&d);
    scribble(&d);
    g_assert_cmphex(vpci_cfg(&d, PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(vpci_cfg(&d, PCI_BASE_ADDRESS_1, 4), ==, 0);
    g_assert_cmphex(vpci_cfg(&d, d.msix + PCI_MSIX_FLAGS, 2), ==, d.n_vectors - 1);
    expect_untouched(&d);
    load_bars(&d, bars);
    vpci_find_again(&d);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    expect_works(&d);
    qtest_stop(q);
}

static void test_bus_reset(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);
    guint32 bars[BARS];

    save_bars(&d, bars);
    begin_port_cfg(&d, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
    let_go(&d);
    scribble(&d);
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    vpci_set_port_cfg(&d, PCI_BRIDGE_CONTROL, 2, 0);
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 2), ==, 0x1af4);
    expect_untouched(&d);
    load_bars(&d, bars);
    expect_works(&d);
    qtest_stop(q);
}

/* Slot Control of the port, which switches off what is behind it, and keeps it. */
static void test_slot_power(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);
    guint32 bars[BARS], at = vpci_port_cfg(&d, PCI_CAPABILITY_LIST, 1);

    while (vpci_port_cfg(&d, at, 1) != PCI_CAP_ID_EXP) {
        at = vpci_port_cfg(&d, at + 1, 1);
    }
    save_bars(&d, bars);
    begin_port_cfg(&d, at + PCI_EXP_SLTCTL,
                   PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_ON);
    let_go(&d);
    scribble(&d);
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    vpci_set_port_cfg(&d, at + PCI_EXP_SLTCTL, 2, PCI_EXP_SLTCTL_PWR_IND_ON);
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 2), ==, 0x1af4);
    g_assert_cmphex(vpci_cfg(&d, PCI_COMMAND, 2), ==, 0);
    expect_untouched(&d);
    load_bars(&d, bars);
    expect_works(&d);
    qtest_stop(q);
}

/* What only stops it */

static void test_bus_master(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    begin_cfg(&d, PCI_COMMAND, PCI_COMMAND_MEMORY);
    let_go(&d);
    vpci_blk_add(&d, 1, 0, VIRTIO_BLK_T_IN, 0);
    vpci_kick(&d, 1);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    g_assert_cmpuint(vpci_used_idx(&d, 1), ==, REQUESTS);
    vpci_expect_silence(&d); /* no messages without it: the vector is pending */
    g_assert_true(vpci_pending(&d, 1));
    vpci_set_cfg(&d, PCI_COMMAND, 2, DECODES);
    vpci_wait_used_idx(&d, 1, REQUESTS + 1);
    vpci_wait_message(&d, 1);
    g_assert_cmpuint(vpci_blk_status(&d, 0), ==, VIRTIO_BLK_S_OK);
    qtest_stop(q);
}

/* A queue's vector: the others stand still for it, and go on. */
static void test_vector(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
    begin_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2);
    let_go(&d);
    vpci_wait_message(&d, 1);
    vpci_read_one(&d, 0);
    vpci_wait_message(&d, 2);
    vpci_read_one(&d, 1);
    vpci_wait_message(&d, 1);
    qtest_stop(q);
}

/* What only hides it: requests go on. */

static void finish_hidden(VirtioPciDriver *d)
{
    g_assert_cmpuint(blocks_held(d->q, "n"), ==, REQUESTS);
    block_testing(d->q, "n release");
    vpci_wait_used_idx(d, 1, REQUESTS);
    vpci_wait_message(d, 1);
}

static void test_decode(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    vpci_set_cfg(&d, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 0xff);
    finish_hidden(&d);
    vpci_set_cfg(&d, PCI_COMMAND, 2, DECODES);
    vpci_read_one(&d, 1);
    vpci_taken(&d, 1);
    qtest_stop(q);
}

/* As firmware and Linux do: sized and moved, also on top of each other for a moment. */
static void test_moved(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);
    guint32 bars[BARS];
    guint64 common = d.common;

    save_bars(&d, bars);
    for (unsigned i = 0; i < BARS; i++) {
        vpci_set_cfg(&d, PCI_BASE_ADDRESS_0 + 4 * i, 4, 0xffffffff);
    }
    load_bars(&d, bars);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    vpci_set_cfg(&d, PCI_BASE_ADDRESS_4, 4, bars[4] + 0x8000);
    vpci_find_again(&d);
    g_assert_cmphex(d.common, ==, common + 0x8000);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    g_assert_cmphex(qtest_readl(q, common), ==, 0xffffffff);
    finish_hidden(&d);
    for (unsigned i = 0; i < d.n_queues; i++) { /* its eventfds have moved, too */
        vpci_read_one(&d, i);
        vpci_taken(&d, i);
    }
    qtest_stop(q);
}

/* Unplug */

/* The vCPU that has written to the slot's bit waits, too. */
static void begin_eject(VirtioPciDriver *d)
{
    qtest_outl(d->q, SELECT, 0);
    qtest_begin(d->q, "outl 0x%x 1", EJECT);
    g_assert_cmpuint(blocks_held(d->q, "n"), ==, REQUESTS);
}

/* The guest lets go with requests at the medium: B05. */
static void test_eject(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    device_del(q);
    begin_eject(&d);
    g_autofree char *error =
        qtest_qmp_fails(q, "{\"execute\":\"blockdev-del\",\"arguments\":"
                           "{\"node-name\":\"n\"}}");
    g_assert_nonnull(strstr(error, "in use"));
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    let_go(&d);
    wait_deleted(q);
    scribble(&d);
    qmp(q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"n\"}}");
    expect_untouched(&d);
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(q, d.common), ==, 0xffffffff);
    qtest_stop(q);
}

/* The VM has been stopped, and the flush of that is at the medium. */
static void test_eject_flush(gconstpointer where)
{
    g_autofree char *options = vpci_disk_options(where, "");
    QTest *q = qtest_start("%s -qmp unix:%s/b,server=on,wait=off", options, vpci_dir);
    VirtioPciDriver d;
    Monitor b;

    monitor_open(&b, vpci_dir, "b");
    vpci_find(&d, q, where);
    vpci_start(&d, EACH_INTERRUPTS, d.n_queues, 16);
    vpci_read_one(&d, 0);
    block_testing(q, "n hold");
    say(&b, "stop");
    while (blocks_held(q, "n") < 1) {
    }
    qtest_outl(q, SELECT, 0);
    qtest_begin(q, "outl 0x%x 1", EJECT);
    qmp_turns(q);
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    expect_nothing(&b);
    block_testing(q, "n release");
    qtest_finish(q);
    wait_deleted(q);
    expect(&b, "{\"return\": {}}");
    monitor_close(&b);
    qtest_stop(q);
}

/* Unasked; and what it has not been notified of by then it does not take. */
static void test_eject_new(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    vpci_blk_add(&d, 1, REQUESTS, VIRTIO_BLK_T_OUT, 9);
    begin_eject(&d);
    let_go(&d);
    wait_deleted(q);
    g_assert_cmpuint(vpci_used_idx(&d, 1), ==, REQUESTS);
    g_assert_cmpuint(vpci_blk_status(&d, REQUESTS), ==, 0xff);
    g_assert_cmpuint(blocks_seen(q, "n"), ==, REQUESTS);
    qtest_stop(q);
}

/* The driver's reset waits behind the unplug. Its pin is up, which is nobody's then. */
static void test_status_gone(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");

    vpci_start(&d, EACH_INTERRUPTS, d.n_queues, 16);
    vpci_read_one(&d, 0);
    while (!(vpci_cfg(&d, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT)) {
    }
    hold_reads(&d);
    device_del(q);
    qmp(q, "{\"execute\":\"system_reset\"}");
    for (unsigned i = 0; i < 20; i++) {
        qmp(q, "{\"execute\":\"query-status\"}");
    }
    qtest_begin(q, "writeb 0x%" G_GINT64_MODIFIER "x 0",
                d.common + VIRTIO_PCI_COMMON_STATUS);
    block_testing(q, "n release");
    qtest_finish(q);
    wait_deleted(q);
    wait_event(q, "RESET");
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    qtest_stop(q);
}

static void test_machine_reset(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = hold(&d, where);

    qmp(q, "{\"execute\":\"system_reset\"}");
    qmp(q, "{\"execute\":\"query-status\"}");
    g_assert_false(qtest_event_seen(q, "RESET"));
    g_assert_cmpuint(blocks_held(q, "n"), ==, REQUESTS);
    block_testing(q, "n release");
    wait_event(q, "RESET");
    expect_works(&d); /* the machine has laid the BARs out */
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    vpci_add_everywhere("stop/status", test_status);
    vpci_add_everywhere("stop/queue-reset", test_queue_reset);
    vpci_add_behind_port("stop/function-reset", test_function_reset);
    vpci_add_behind_port("stop/bus-reset", test_bus_reset);
    vpci_add_behind_port("stop/slot-power", test_slot_power);
    vpci_add_everywhere("stop/bus-master", test_bus_master);
    vpci_add_everywhere("stop/vector", test_vector);
    vpci_add_everywhere("stop/decode", test_decode);
    vpci_add_everywhere("stop/moved", test_moved);
    vpci_add_behind_port("stop/eject", test_eject);
    vpci_add_behind_port("stop/eject-flush", test_eject_flush);
    vpci_add_behind_port("stop/eject-new", test_eject_new);
    vpci_add_behind_port("stop/status-gone", test_status_gone);
    vpci_add_everywhere("stop/machine-reset", test_machine_reset);
    return vpci_run();
}
