/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no driver does: rings without end or that are no memory, contexts that are
 * anything, event rings that nobody reads. No turn is too long, the emulator answers, and
 * a driver that begins anew gets its reports.
 */
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/turn.h"
#include "tests/device/xhci.h"

#define TABLET X_CARD " -device usb-tablet,id=tab,bus=usb.0,port=1"
#define NO_RAM 0x80000000ull
#define HSE    4u

static const guint64 bad[] = { NO_RAM, 0xffffffffffffffc0ull, 0xfee00000, 0xb0020000 };
#define HALF_RAM (16 * MIB - 8) /* where memory ends in the midst of something */

static QTest *start(XhciDriver *d)
{
    QTest *q = qtest_start(TABLET);

    xhci_open(d, q);
    xhci_start(d, 1);
    return q;
}

/* Once round the main loop. */
static void look(XhciDriver *d)
{
    board_qmp(d->q, "query-status");
}

static void assert_good(XhciDriver *d)
{
    unsigned slot;
    XhciEvent e;
    guint64 at;

    xhci_start(d, 1);
    slot = xhci_attach_hid(d, 5, 8);
    g_assert_cmpuint(xhci_control(d, slot, 0x21, 10, 0x100, 0, 0, NULL), ==, 1);
    at = xhci_ask(d, slot, 3, 8);
    qtest_clock_step(d->q, 4000000);
    e = xhci_wait(d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, 13u << 24 | 2);
}

static void test_commands(void)
{
    XhciDriver d;
    QTest *q = start(&d);

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        xhci_start(&d, 1);
        qtest_writeq(q, d.op + X_CRCR, bad[i] | 1);
        xhci_doorbell(&d, 0, 0);
        look(&d);
        g_assert_cmphex(xhci_op(&d, X_USBSTS) & (HSE | 1), ==, HSE | 1);
        assert_good(&d);
    }
    /* Links to themselves, and two to each other. */
    for (unsigned i = 0; i < 2; i++) {
        xhci_start(&d, 1);
        for (unsigned n = 0; n < 2; n++) {
            qtest_writeq(q, X_COMMANDS + 16 * n, X_COMMANDS + 16 * (n ^ i));
            qtest_writel(q, X_COMMANDS + 16 * n + 12, X_TYPE(X_LINK) | 1);
        }
        xhci_doorbell(&d, 0, 0);
        look(&d);
        g_assert_cmphex(xhci_op(&d, X_USBSTS) & HSE, ==, HSE);
        assert_good(&d);
    }
    qtest_stop(q);
}

/* A ring that is never empty: others have their turn. */
static void test_endless(void)
{
    XhciDriver d;
    QTest *q = start(&d);
    unsigned slot = xhci_attach_hid(&d, 5, 8);
    XhciRing *ring = &d.slots[slot].rings[3];

    for (unsigned i = 0; i < 8; i++) {
        qtest_writel(q, ring->base + 16 * i + 12, X_TYPE(X_NO_OP) | 1);
    }
    qtest_writeq(q, ring->base + 16 * 8, ring->base);
    qtest_writel(q, ring->base + 16 * 8 + 12, X_TYPE(X_LINK) | 1);
    xhci_doorbell(&d, slot, 3);
    while (turn_of(q, "descriptors").total < 100000) {
        look(&d);
    }
    g_assert_cmpuint(turn_of(q, "descriptors").peak, <=, turn_of(q, "descriptors").bound);
    g_assert_cmpuint(xhci_command(&d, X_STOP_ENDPOINT, 0, slot << 24 | 3 << 16, NULL), ==,
                     1);
    assert_good(&d);
    qtest_stop(q);
}

/* A hub that always has a byte to say, and an endpoint of packets of one byte. */
static void test_small_packets(void)
{
    QTest *q = qtest_start(X_CARD " -device usb-hub,bus=usb.0,port=1,ports=3"
                                  " -device usb-tablet,bus=usb.0,port=1.1");
    XhciDriver d;
    unsigned slot;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    g_assert_cmpuint(xhci_attach(&d, 5, 0, &slot), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 1, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_configure(&d, slot, 3, 7, 1), ==, 1);
    guint64 base = d.slots[slot].rings[3].base;
    for (unsigned i = 0; i < 128; i++) { /* 16 KiB */
        qtest_writeq(q, base + 16 * i, d.slots[slot].buffer);
        qtest_writel(q, base + 16 * i + 8, 128);
        qtest_writel(q, base + 16 * i + 12,
                     X_TYPE(X_NORMAL) | (i < 127 ? X_CH : X_IOC) | 1);
    }
    xhci_doorbell(&d, slot, 3);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.status, ==, 1u << 24);
    g_assert_cmpuint(turn_of(q, "descriptors").total, >=, 128 * 128);
    g_assert_cmpuint(turn_of(q, "descriptors").peak, <=, turn_of(q, "descriptors").bound);
    qtest_stop(q);
}

/* A ring of which each TRB is behind as many links as there may be. */
static void test_links(void)
{
    XhciDriver d;
    QTest *q = start(&d);
    unsigned slot = xhci_attach_hid(&d, 5, 8);
    guint64 at = d.slots[slot].rings[3].base;

    for (unsigned i = 0, n = 0; i < 128; i++) {
        for (unsigned link = 0; link < 31; link++) {
            guint64 next = 0x800000 + 16 * n++;
            qtest_writeq(q, at, next);
            qtest_writel(q, at + 12, X_TYPE(X_LINK) | 1);
            at = next;
        }
        qtest_writel(q, at + 8, 8);
        qtest_writel(q, at + 12, X_TYPE(X_NORMAL) | X_CH | 1);
        at += 16;
        n++;
    }
    for (unsigned i = 0; i < 8; i++) {
        xhci_doorbell(&d, slot, 3);
        look(&d);
    }
    g_assert_cmpuint(turn_of(q, "descriptors").peak, <=, turn_of(q, "descriptors").bound);
    assert_good(&d);
    qtest_stop(q);
}

/* TDs without an end, of links only, or nowhere: the endpoint is in error. */
static void test_tds(void)
{
    XhciDriver d;
    QTest *q = start(&d);
    XhciEvent e;

    for (unsigned i = 0; i < 3 + G_N_ELEMENTS(bad); i++) {
        xhci_start(&d, 1);
        unsigned slot = xhci_attach_hid(&d, 5, 8);
        guint64 base = d.slots[slot].rings[3].base;
        if (i == 0) {
            for (unsigned n = 0; n < 200; n++) {
                qtest_writel(q, base + 16 * n + 8, 8);
                qtest_writel(q, base + 16 * n + 12, X_TYPE(X_NORMAL) | X_CH | 1);
            }
        } else if (i == 1) {
            qtest_writeq(q, base, base);
            qtest_writel(q, base + 12, X_TYPE(X_LINK) | X_CH | 1);
        } else if (i == 2) {
            qtest_writel(q, base + 12, X_TYPE(X_SETUP) | 1);
        } else {
            qtest_writeq(q, base, bad[i - 3]);
            qtest_writel(q, base + 12, X_TYPE(X_LINK) | 1);
        }
        xhci_doorbell(&d, slot, 3);
        e = xhci_wait(&d, X_TRANSFER_EVENT);
        g_assert_cmpuint(xhci_code(&e), ==, 5);
        g_assert_cmphex(qtest_readl(q, d.slots[slot].output + 32 * 3) & 7, ==, 4);
    }
    assert_good(&d);
    qtest_stop(q);
}

/* Buffers that are no memory, both ways. */
static void test_buffers(void)
{
    XhciDriver d;
    QTest *q = start(&d);

    for (unsigned i = 0; i <= G_N_ELEMENTS(bad); i++) {
        xhci_start(&d, 1);
        unsigned slot = xhci_attach_hid(&d, 5, 8);
        d.slots[slot].buffer = i < G_N_ELEMENTS(bad) ? bad[i] : HALF_RAM;
        g_assert_cmpuint(xhci_control(&d, slot, 0x80, 6, 0x100, 0, 18, NULL), ==, 2);
        g_assert_cmpuint(xhci_control(&d, slot, 0x21, 9, 0x200, 0, 16, NULL), ==, 2);
        g_assert_cmpuint(xhci_control(&d, slot, 0x21, 9, 0x200, 0, 0xffff, NULL), ==, 6);
    }
    assert_good(&d);
    qtest_stop(q);
}

static void test_contexts(void)
{
    XhciDriver d;
    QTest *q = start(&d);
    unsigned slot;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        xhci_start(&d, 1);
        g_assert_cmpuint(xhci_attach(&d, 5, 0, &slot), ==, 1);
        guint32 target = slot << 24;
        guint64 in = bad[i];
        g_assert_cmpuint(xhci_command(&d, X_CONFIGURE, in, target, NULL), ==, 5);
        g_assert_cmpuint(xhci_command(&d, X_EVALUATE, in, target, NULL), ==, 5);
        g_assert_cmpuint(xhci_command(&d, X_BANDWIDTH, in, target, NULL), ==, 5);
        g_assert_cmpuint(xhci_command(&d, X_RESET_DEVICE, 0, target, NULL), ==, 1);
        /* The device's context is nowhere, or its address is. */
        qtest_writel(q, d.slots[slot].input + 4, 3);
        qtest_writeq(q, X_DCBAA + 8 * slot, bad[i] & ~0x3full);
        xhci_command(&d, X_ADDRESS, d.slots[slot].input, target, NULL);
        qtest_writeq(q, d.op + X_DCBAAP, bad[i] & ~0x3full);
        xhci_command(&d, X_ADDRESS, d.slots[slot].input, target, NULL);
        xhci_command(&d, X_STOP_ENDPOINT, 0, target | 1 << 16, NULL);
        g_assert_cmpuint(xhci_command(&d, X_DISABLE_SLOT, 0, target, NULL), ==, 1);
    }
    assert_good(&d);
    qtest_stop(q);
}

/* Tables and segments of event rings that are nothing, or too small. */
static void test_event_rings(void)
{
    XhciDriver d;
    QTest *q = start(&d);

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        xhci_start(&d, 1);
        qtest_writeq(q, d.rt + X_ERSTBA, bad[i] & ~0x3full);
        g_assert_cmphex(xhci_op(&d, X_USBSTS) & HSE, ==, HSE);
        xhci_start(&d, 1);
        qtest_writeq(q, X_ERST, bad[i] & ~0x3full);
        qtest_writeq(q, d.rt + X_ERSTBA, X_ERST);
        xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
        xhci_doorbell(&d, 0, 0);
        look(&d);
    }
    xhci_start(&d, 1);
    qtest_writel(q, X_ERST + 8, 15);
    qtest_writeq(q, d.rt + X_ERSTBA, X_ERST);
    g_assert_cmphex(xhci_op(&d, X_USBSTS) & HSE, ==, HSE);
    assert_good(&d);
    qtest_stop(q);
}

/* Nobody reads, and ERDP is anything; 300 commands wait or are told of nowhere. */
static void test_nobody_reads(void)
{
    XhciDriver d;
    QTest *q = start(&d);

    d.held = TRUE;
    for (unsigned i = 0; i < 300; i++) {
        xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
        xhci_doorbell(&d, 0, 0);
        if (i % 50 == 49) {
            qtest_writeq(q, d.rt + X_ERDP, X_EVENTS + 16 * i);
            look(&d);
        }
    }
    assert_good(&d);
    qtest_stop(q);
}

/* Without bus mastering nothing is read or written; it goes on with it. */
static void test_no_master(void)
{
    XhciDriver d;
    QTest *q = start(&d);
    XhciEvent e;

    qtest_writew(q, d.config + 4, 2);
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    xhci_doorbell(&d, 0, 0);
    look(&d);
    g_assert_cmphex(xhci_op(&d, X_USBSTS) & HSE, ==, 0);
    qtest_writew(q, d.config + 4, 6);
    e = xhci_wait(&d, X_COMMAND_EVENT);
    g_assert_cmpuint(xhci_code(&e), ==, 1);
    assert_good(&d);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xhci-hostile/commands", test_commands);
    g_test_add_func("/xhci-hostile/endless", test_endless);
    g_test_add_func("/xhci-hostile/small-packets", test_small_packets);
    g_test_add_func("/xhci-hostile/links", test_links);
    g_test_add_func("/xhci-hostile/tds", test_tds);
    g_test_add_func("/xhci-hostile/buffers", test_buffers);
    g_test_add_func("/xhci-hostile/contexts", test_contexts);
    g_test_add_func("/xhci-hostile/event-rings", test_event_rings);
    g_test_add_func("/xhci-hostile/nobody-reads", test_nobody_reads);
    g_test_add_func("/xhci-hostile/no-master", test_no_master);
    return g_test_run();
}
