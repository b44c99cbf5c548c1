/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in a slot of PCI Express's own hot-plug, whose guest has a driver that listens,
 * with requests at the medium: pulled as asked and unasked, reset with its bus, asked for
 * again when nobody has answered, taken by a reset of the machine. Each waits for the
 * requests; nothing is written to guest memory afterwards; the medium is free then, and
 * the next disk is found and works.
 */
#include "config.h"

#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/monitor.h"
#include "tests/device/virtio-pci-hold.h"

#define NATIVE "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "

#define ABP   PCI_EXP_SLTSTA_ABP
#define PDC   PCI_EXP_SLTSTA_PDC
#define CC    PCI_EXP_SLTSTA_CC
#define PDS   PCI_EXP_SLTSTA_PDS
#define DLLSC PCI_EXP_SLTSTA_DLLSC
#define PCC   PCI_EXP_SLTCTL_PCC
#define OFF   (PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)
#define BLINK PCI_EXP_SLTCTL_PWR_IND_BLINK
#define ON    PCI_EXP_SLTCTL_PWR_IND_ON
/* What a driver enables, as Linux's. */
#define DRIVER                                                                           \
    (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_HPIE |                 \
     PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_ATTN_IND_OFF)
#define ASK_AGAIN (6 * G_GINT64_CONSTANT(1000000000)) /* ns */

/* The slot */

static unsigned slot_control(const VirtioPciDriver *d)
{
    unsigned at = vpci_port_cfg(d, PCI_CAPABILITY_LIST, 1);

    while (vpci_port_cfg(d, at, 1) != PCI_CAP_ID_EXP) {
        at = vpci_port_cfg(d, at + 1, 1);
    }
    return at + PCI_EXP_SLTCTL;
}

static guint32 slot_status(const VirtioPciDriver *d)
{
    return vpci_port_cfg(d, slot_control(d) + 2, 2);
}

static void command(const VirtioPciDriver *d, guint32 bits)
{
    vpci_set_port_cfg(d, slot_control(d), 2, bits | DRIVER);
    g_assert_true(slot_status(d) & CC);
    vpci_set_port_cfg(d, slot_control(d) + 2, 2, CC);
}

/* A command that a vCPU waits in. */
static void begin_command(VirtioPciDriver *d, guint32 bits)
{
    begin_port_cfg(d, slot_control(d), bits | DRIVER);
}

/* What a driver has heard, and clears. */
static guint32 news(const VirtioPciDriver *d)
{
    guint32 status = slot_status(d) & (ABP | PDC | DLLSC);

    vpci_set_port_cfg(d, slot_control(d) + 2, 2, status);
    return status;
}

static gboolean is_there(const VirtioPciDriver *d)
{
    return vpci_cfg(d, PCI_VENDOR_ID, 4) != 0xffffffff;
}

/* A driver of the slot, and one of the disk, whose requests are under way. */
static QTest *start(VirtioPciDriver *d, const char *where, guint32 *bars)
{
    QTest *q = vpci_start_disk(d, where, " " NATIVE);

    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, d->n_queues, 16);
    save_bars(d, bars);
    news(d);
    command(d, ON);
    g_assert_cmphex(slot_status(d), ==, PDS);
    hold_reads(d);
    return q;
}

/* Nothing has happened to the disk: the medium has its requests. */
static void expect_waiting(VirtioPciDriver *d)
{
    qmp_turns(d->q);
    g_assert_false(qtest_event_seen(d->q, "DEVICE_DELETED"));
    g_assert_cmpuint(blocks_held(d->q, "n"), ==, REQUESTS);
}

/* The medium is free; another disk on it comes into the slot, and is found. */
static void expect_next(VirtioPciDriver *d, const char *where, const guint32 *bars)
{
    const char *iothread = strstr(where, "iothread=io") ? ",\"iothread\":\"io\"" : "";

    qmp(d->q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"n\"}}");
    qmp(d->q, "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"raw\","
              "\"node-name\":\"n\",\"file\":\"f\"}}");
    qmp(d->q,
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-pci\","
        "\"id\":\"d\",\"drive\":\"n\",\"bus\":\"rp\"%s}}",
        iothread);
    g_assert_false(is_there(d)); /* it has no power */
    g_assert_cmphex(news(d), ==, PDC | DLLSC);
    command(d, BLINK);
    g_assert_true(is_there(d));
    command(d, ON);
    load_bars(d, bars);
    expect_works(d);
}

/* As asked: the driver of the slot switches it off while the disk is in use. */
static void test_asked(gconstpointer where)
{
    VirtioPciDriver d;
    guint32 bars[BARS];
    QTest *q = start(&d, where, bars);

    device_del(q);
    g_assert_cmphex(news(&d), ==, ABP);
    command(&d, BLINK);
    begin_command(&d, OFF);
    expect_waiting(&d);
    let_go(&d);
    scribble(&d);
    wait_deleted(q);
    g_assert_false(is_there(&d));
    vpci_set_port_cfg(&d, slot_control(&d) + 2, 2, CC);
    g_assert_cmphex(news(&d), ==, PDC | DLLSC);
    g_assert_cmphex(slot_status(&d), ==, 0);
    expect_untouched(&d);
    expect_next(&d, where, bars);
    qtest_stop(q);
}

/* Power first, and the indicator later, as Linux does: in between it is reset. */
static void test_power_first(gconstpointer where)
{
    VirtioPciDriver d;
    guint32 bars[BARS];
    QTest *q = start(&d, where, bars);

    device_del(q);
    g_assert_cmphex(news(&d), ==, ABP);
    command(&d, BLINK);
    begin_command(&d, BLINK | PCC);
    expect_waiting(&d);
    let_go(&d);
    scribble(&d);
    vpci_set_port_cfg(&d, slot_control(&d) + 2, 2, CC);
    g_assert_false(is_there(&d));
    qmp_turns(q);
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    command(&d, OFF);
    wait_deleted(q);
    g_assert_cmphex(news(&d), ==, PDC | DLLSC);
    expect_untouched(&d);
    expect_next(&d, where, bars);
    qtest_stop(q);
}

/* Unasked: what nobody wanted out stays in, without power, and begins anew with it. */
static void test_unasked(gconstpointer where)
{
    VirtioPciDriver d;
    guint32 bars[BARS];
    QTest *q = start(&d, where, bars);

    begin_command(&d, OFF);
    expect_waiting(&d);
    let_go(&d);
    scribble(&d);
    vpci_set_port_cfg(&d, slot_control(&d) + 2, 2, CC);
    g_assert_false(is_there(&d));
    g_assert_cmphex(slot_status(&d), ==, PDS); /* the card is there */
    expect_untouched(&d);
    command(&d, ON);
    g_assert_true(is_there(&d));
    g_assert_cmphex(vpci_cfg(&d, PCI_COMMAND, 2), ==, 0);
    load_bars(&d, bars);
    expect_works(&d);
    /* and pulled while it is without: at once, whoever listens */
    command(&d, OFF);
    device_del(q);
    wait_deleted(q);
    g_assert_cmphex(news(&d), ==, PDC | DLLSC);
    expect_next(&d, where, bars);
    qtest_stop(q);
}

/* A reset of the bus, in which it is asked for: neither takes the other for its own. */
static void test_bus_reset(gconstpointer where)
{
    VirtioPciDriver d;
    guint32 bars[BARS];
    QTest *q = start(&d, where, bars);

    begin_port_cfg(&d, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
    device_del(q);
    expect_waiting(&d);
    let_go(&d);
    scribble(&d);
    g_assert_false(is_there(&d));
    g_assert_cmphex(slot_status(&d), ==, PDS | ABP); /* the slot's own has stayed */
    vpci_set_port_cfg(&d, PCI_BRIDGE_CONTROL, 2, 0);
    g_assert_true(is_there(&d));
    expect_untouched(&d);
    load_bars(&d, bars);
    expect_works(&d);
    g_assert_cmphex(news(&d), ==, ABP);
    command(&d, BLINK);
    command(&d, OFF);
    wait_deleted(q);
    g_assert_cmphex(news(&d), ==, PDC | DLLSC);
    expect_next(&d, where, bars);
    qtest_stop(q);
}

/* Nobody answers: it stays and works, is asked for again, and a reset of the machine
 * takes it, which waits for its requests. */
static void test_no_answer(gconstpointer where)
{
    VirtioPciDriver d;
    guint32 bars[BARS];
    QTest *q = start(&d, where, bars);

    device_del(q);
    g_assert_cmphex(news(&d), ==, ABP);
    g_autofree char *early =
        qtest_qmp_fails(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}");
    g_assert_cmpstr(early, ==, "Device d is already in the process of unplug");
    g_assert_cmphex(news(&d), ==, 0);
    qtest_clock_step(q, ASK_AGAIN);
    expect_waiting(&d);
    device_del(q);
    g_assert_cmphex(news(&d), ==, ABP);
    qmp(q, "{\"execute\":\"system_reset\"}");
    expect_waiting(&d);
    g_assert_false(qtest_event_seen(q, "RESET"));
    block_testing(q, "n release");
    wait_deleted(q);
    wait_event(q, "RESET");
    scribble(&d);
    g_assert_false(is_there(&d));
    g_assert_cmphex(slot_status(&d), ==, 0);
    expect_untouched(&d);
    command(&d, OFF);
    expect_next(&d, where, bars);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    vpci_add_behind_port("slot-flight/asked", test_asked);
    vpci_add_behind_port("slot-flight/power-first", test_power_first);
    vpci_add_behind_port("slot-flight/unasked", test_unasked);
    vpci_add_behind_port("slot-flight/bus-reset", test_bus_reset);
    vpci_add_behind_port("slot-flight/no-answer", test_no_answer);
    return vpci_run();
}
