/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller as a driver sees it: registers, ports, commands, transfers, events. */
#include "tests/device/xhci.h"

#include <string.h>

#include "tests/device/board.h"

#define TABLET   X_CARD " -device usb-tablet,id=tab,bus=usb.0,port=1"
#define SET_IDLE 10
#define IDLE     4000000 /* ns: of 1 */
#define STOPPED  26

static void test_identity(void)
{
    static const guint32 caps[] = { 0x01000040, 0x08001040, 0x0000004f, 0,
                                    0x00087001, 0x00002000, 0x00001000, 0,
                                    0x02000402, 0x20425355, 0x00000405, 0,
                                    0x03000002, 0x20425355, 0x00000401, 0 };
    QTest *q = qtest_start(X_CARD);
    XhciDriver d;

    xhci_open(&d, q);
    g_assert_cmphex(qtest_readl(q, d.config), ==, 0x000d1b36);
    g_assert_cmphex(qtest_readl(q, d.config + 8), ==, 0x0c033001);
    g_assert_cmphex(qtest_readl(q, d.config + 0x2c), ==, 0x11001af4);
    g_assert_cmphex(qtest_readb(q, d.config + 0x60), ==, 0x30);
    g_assert_cmphex(qtest_readb(q, d.config + 0x34), ==, 0x90);
    g_assert_cmphex(qtest_readl(q, d.config + 0x90), ==, 0x000fa011);
    g_assert_cmphex(qtest_readl(q, d.config + 0x94), ==, 0x3000);
    g_assert_cmphex(qtest_readl(q, d.config + 0x98), ==, 0x3800);
    g_assert_cmphex(qtest_readl(q, d.config + 0xa0), ==, 0x00920010);
    for (unsigned i = 0; i < G_N_ELEMENTS(caps); i++) {
        g_assert_cmphex(qtest_readl(q, d.bar + 4 * i), ==, caps[i]);
    }
    g_assert_cmphex(xhci_op(&d, X_USBSTS), ==, 1);
    g_assert_cmphex(xhci_op(&d, 0x08), ==, 1);
    g_assert_cmphex(xhci_port(&d, 1), ==, 0x2a0);
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x2a0);
    qtest_stop(q);
}

static void test_properties(void)
{
    QTest *q = qtest_start(X_CARD ",p2=15,p3=15,streams=off");
    XhciDriver d;

    xhci_open(&d, q);
    g_assert_cmphex(qtest_readl(q, d.bar + 4) >> 24, ==, 30);
    g_assert_cmphex(qtest_readl(q, d.bar + 0x10), ==, 0x00080001);
    g_assert_cmphex(qtest_readl(q, d.bar + 0x28), ==, 0x0f10);
    g_assert_cmphex(xhci_port(&d, 30), ==, 0x2a0);
    g_assert_cmphex(xhci_op(&d, X_PORTS + 16 * 30), ==, 0);
    qtest_stop(q);
    board_refuses(X_CARD ",p2=16", "Property 'qemu-xhci.p2' value '16' is above 15");
    board_refuses(X_CARD ",p2=0,p3=0", "no ports");
    board_refuses(X_CARD ",p2=1 -device usb-tablet,bus=usb.0,port=2",
                  "speed mismatch trying to attach usb device \"usb-tablet\"");
    board_refuses(TABLET " -device usb-kbd,bus=usb.0,port=1",
                  "usb port 1 (bus usb.0) not found (in use?)");
    board_refuses(X_CARD ",p2=1,p3=0 -device usb-kbd -device usb-mouse",
                  "tried to attach usb device usb-mouse to a bus with no free ports");
    board_refuses("-machine q35 -device usb-tablet",
                  "No 'usb-bus' bus found for device 'usb-tablet'");
    board_refuses(X_CARD " -device usb-tablet,usb_version=3",
                  "Unsupported usb version 3 for usb hid device");
}

/* 4.19: connection, reset, link states; what happens before it runs is told of then. */
static void test_port(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x20ee1);
    xhci_start(&d, 1);
    e = xhci_wait(&d, X_PORT_EVENT);
    g_assert_cmphex(e.parameter, ==, 5 << 24);
    g_assert_cmphex(xhci_op(&d, X_USBSTS) & 0x18, ==, 0x18);
    xhci_port_set(&d, 5, 0x210);
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x220e03);
    e = xhci_wait(&d, X_PORT_EVENT);
    xhci_port_set(&d, 5, 0x00fe0200);
    g_assert_cmphex(xhci_port(&d, 5), ==, 0xe03);
    xhci_port_set(&d, 5, 0x10060); /* U3 */
    g_assert_cmphex(xhci_port(&d, 5), ==, 0xe63);
    xhci_port_set(&d, 5, 0x101e0); /* resume */
    g_assert_cmphex(xhci_port(&d, 5), ==, 0xfe3);
    xhci_port_set(&d, 5, 0x10000); /* U0 */
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x400e03);
    e = xhci_wait(&d, X_PORT_EVENT);
    xhci_port_set(&d, 5, 0x2); /* disable */
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x400ee1);
    xhci_port_set(&d, 1, 0x80000000); /* a warm reset of nothing */
    g_assert_cmphex(xhci_port(&d, 1), ==, 0x2802a0);
    qtest_stop(q);
}

static void test_commands(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    unsigned slot;
    guint64 page;

    xhci_open(&d, q);
    xhci_start(&d, 2);
    for (unsigned i = 0; i < 3 * X_RING; i++) { /* over the links of both rings */
        g_assert_cmpuint(xhci_command(&d, X_NO_OP_COMMAND, 0, 0, NULL), ==, 1);
    }
    for (unsigned i = 1; i <= X_SLOTS; i++) {
        g_assert_cmpuint(xhci_command(&d, X_ENABLE_SLOT, 0, 0, &slot), ==, 1);
        g_assert_cmpuint(slot, ==, i);
    }
    g_assert_cmpuint(xhci_command(&d, X_ENABLE_SLOT, 0, 0, &slot), ==, 9);
    g_assert_cmpuint(xhci_command(&d, X_DISABLE_SLOT, 0, 7 << 24, &slot), ==, 1);
    g_assert_cmpuint(xhci_command(&d, X_DISABLE_SLOT, 0, 7 << 24, &slot), ==, 11);
    g_assert_cmpuint(xhci_command(&d, X_RESET_DEVICE, 0, 200u << 24, &slot), ==, 11);
    g_assert_cmpuint(xhci_command(&d, X_RESET_DEVICE, 0, 8 << 24, &slot), ==, 19);
    g_assert_cmpuint(xhci_command(&d, X_STOP_ENDPOINT, 0, 8 << 24 | 3 << 16, NULL), ==,
                     12);
    g_assert_cmpuint(xhci_command(&d, 60, 0, 0, NULL), ==, 5);
    page = xhci_page(&d);
    g_assert_cmpuint(xhci_command(&d, X_BANDWIDTH, page, 0, NULL), ==, 1);
    g_assert_cmphex(qtest_readl(q, page), ==, 0x50505000);
    xhci_op_set(&d, X_CONFIG_REG, 6);
    g_assert_cmpuint(xhci_command(&d, X_ENABLE_SLOT, 0, 0, &slot), ==, 9);
    qtest_stop(q);
}

/* 4.6.5, 4.6.6, 4.6.11: states of a slot, and what is written to its context. */
static void test_slot(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    unsigned slot, other;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    g_assert_cmpuint(xhci_attach(&d, 5, 0, &slot), ==, 1);
    guint64 out = d.slots[slot].output, in = d.slots[slot].input;
    g_assert_cmphex(qtest_readl(q, out), ==, 0x08300000);
    g_assert_cmphex(qtest_readl(q, out + 4), ==, 0x00050000);
    g_assert_cmphex(qtest_readl(q, out + 12), ==, 0x10000000 | slot);
    g_assert_cmphex(qtest_readl(q, out + 32) & 7, ==, 1);
    g_assert_cmpuint(xhci_command(&d, X_ADDRESS, in, slot << 24, NULL), ==, 19);
    g_assert_cmpuint(xhci_attach(&d, 5, 0, &other), ==, 5); /* it is another's */
    g_assert_cmpuint(xhci_attach(&d, 5, 1, &other), ==, 4); /* it is no hub */
    g_assert_cmpuint(xhci_attach(&d, 6, 1, &other), ==, 4);
    g_assert_cmpuint(xhci_attach(&d, 9, 1, &other), ==, 17);
    g_assert_cmpuint(xhci_configure(&d, slot, 3, 7, 8), ==, 1);
    g_assert_cmphex(qtest_readl(q, out), ==, 0x18300000);
    g_assert_cmphex(qtest_readl(q, out + 12), ==, 0x18000000 | slot);
    g_assert_cmphex(qtest_readl(q, out + 32 * 3) & 7, ==, 1);
    g_assert_cmpuint(xhci_configure(&d, slot, 2, 7, 8), ==, 17); /* IN at an OUT's */
    g_assert_cmpuint(xhci_configure(&d, slot, 5, 5, 8), ==, 8);  /* isochronous */
    g_assert_cmpuint(xhci_configure(&d, slot, 5, 6, 0), ==, 17);
    g_assert_cmpuint(xhci_command(&d, X_CONFIGURE, 0, slot << 24 | 0x200, NULL), ==, 1);
    g_assert_cmphex(qtest_readl(q, out), ==, 0x08300000);
    g_assert_cmphex(qtest_readl(q, out + 12), ==, 0x10000000 | slot);
    g_assert_cmphex(qtest_readl(q, out + 32 * 3) & 7, ==, 0);
    g_assert_cmpuint(xhci_command(&d, X_RESET_DEVICE, 0, slot << 24, NULL), ==, 1);
    g_assert_cmphex(qtest_readl(q, out + 12), ==, 0x08000000);
    g_assert_cmpuint(xhci_command(&d, X_ADDRESS, in, slot << 24, NULL), ==, 17);
    qtest_writel(q, in, 0);
    qtest_writel(q, in + 4, 3);
    qtest_writel(q, in + 36, 5 << 16);
    g_assert_cmpuint(xhci_command(&d, X_ADDRESS, in, slot << 24, NULL), ==, 1);
    qtest_writel(q, in + 4, 2);
    qtest_writel(q, in + 32 * 2 + 4, 8 << 16 | 4 << 3);
    g_assert_cmpuint(xhci_command(&d, X_EVALUATE, in, slot << 24, NULL), ==, 1);
    g_assert_cmphex(qtest_readl(q, out + 36) >> 16, ==, 8);
    g_assert_cmpuint(xhci_command(&d, X_DISABLE_SLOT, 0, slot << 24, NULL), ==, 1);
    g_assert_cmphex(qtest_readl(q, out + 12), ==, 0);
    qtest_stop(q);
}

/* 4.10.1: short packets, event data, chains; 4.11.7: a no-op. */
static void test_transfer_events(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    XhciEvent e;
    unsigned slot, len;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    slot = xhci_attach_hid(&d, 5, 8);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 6, 0x100, 0, 18, &len), ==, 1);
    g_assert_cmpuint(len, ==, 18);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 6, 0x100, 0, 64, &len), ==, 1);
    g_assert_cmpuint(len, ==, 18);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 6, 0x100, 0, 8, &len), ==, 1);
    g_assert_cmpuint(len, ==, 8);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 0x55, 0, 0, 8, NULL), ==, 6);

    XhciRing *ring = &d.slots[slot].rings[3];
    guint64 buffer = d.slots[slot].buffer, at;
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, SET_IDLE, 0x100, 0, 0, NULL), ==, 1);
    xhci_put(&d, ring, buffer, 4, X_TYPE(X_NORMAL) | X_CH);
    at = xhci_put(&d, ring, buffer + 0x100, 4, X_TYPE(X_NORMAL) | X_CH | X_ISP);
    xhci_put(&d, ring, 0x1234567890, 0, X_TYPE(X_EVENT_DATA) | X_IOC);
    qtest_writel(q, buffer, 0xffffffff);
    qtest_writel(q, buffer + 0x100, 0xffffffff);
    xhci_doorbell(&d, slot, 3);
    xhci_expect_none(&d);
    qtest_clock_step(q, IDLE);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, 13u << 24 | 2);
    g_assert_cmphex(e.control >> 16, ==, slot << 8 | 3);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, 0x1234567890);
    g_assert_cmphex(e.status, ==, 13u << 24 | 6);
    g_assert_cmphex(e.control & 4, ==, 4);
    g_assert_cmphex(qtest_readl(q, buffer), ==, 0);
    g_assert_cmphex(qtest_readl(q, buffer + 0x100), ==, 0xffff0000);
    at = xhci_put(&d, ring, 0, 0, X_TYPE(X_NO_OP) | X_IOC);
    xhci_doorbell(&d, slot, 3);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, 1u << 24);
    qtest_stop(q);
}

/* 4.6.9: what waits is told of, and goes on, or is left out. */
static void test_stop(void)
{
    QTest *q = qtest_start(TABLET);
    unsigned slot, target;
    XhciDriver d;
    XhciEvent e;
    guint64 at;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    slot = xhci_attach_hid(&d, 5, 8);
    target = slot << 24 | 3 << 16;
    guint64 out = d.slots[slot].output + 32 * 3;
    g_assert_cmpuint(xhci_command(&d, X_RESET_ENDPOINT, 0, target, NULL), ==, 19);
    g_assert_cmpuint(xhci_command(&d, X_SET_DEQUEUE, 0x1000, target, NULL), ==, 19);
    at = xhci_ask(&d, slot, 3, 8);
    xhci_expect_none(&d);
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_STOP_ENDPOINT) | target);
    xhci_doorbell(&d, 0, 0);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, (guint32)STOPPED << 24 | 8);
    e = xhci_wait(&d, X_COMMAND_EVENT);
    g_assert_cmphex(xhci_code(&e), ==, 1);
    g_assert_cmphex(qtest_readl(q, out) & 7, ==, 3);
    g_assert_cmphex(qtest_readq(q, out + 8), ==, at | 1);
    g_assert_cmpuint(xhci_command(&d, X_STOP_ENDPOINT, 0, target, NULL), ==, 19);
    /* A stopped one does nothing; its doorbell sets it going where it was. */
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, SET_IDLE, 0x100, 0, 0, NULL), ==, 1);
    qtest_clock_step(q, IDLE);
    xhci_expect_none(&d);
    xhci_doorbell(&d, slot, 3);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, 13u << 24 | 2);
    g_assert_cmphex(qtest_readl(q, out) & 7, ==, 1);
    xhci_ask(&d, slot, 3, 8);
    xhci_expect_none(&d);
    g_assert_cmpuint(xhci_command(&d, X_STOP_ENDPOINT, 0, target, NULL), ==, 1);
    guint64 next = d.slots[slot].rings[3].base + 16 * d.slots[slot].rings[3].next;
    g_assert_cmpuint(xhci_command(&d, X_SET_DEQUEUE, next | 1, target, NULL), ==, 1);
    g_assert_cmphex(qtest_readq(q, out + 8), ==, next | 1);
    at = xhci_ask(&d, slot, 3, 8);
    qtest_clock_step(q, IDLE);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    qtest_stop(q);
}

/* 4.9.4: nothing is lost when nobody takes events, and it is said that it is full. */
static void test_full(void)
{
    QTest *q = qtest_start(TABLET);
    unsigned commands = 40, full = 0, done = 0;
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    xhci_wait(&d, X_PORT_EVENT);
    d.held = TRUE;
    for (unsigned i = 0; i < commands; i++) {
        xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    }
    xhci_doorbell(&d, 0, 0);
    xhci_port_set(&d, 5, 0x210); /* this event waits, too */
    while (done < commands || !full) {
        while (xhci_poll(&d, &e)) {
            unsigned type = e.control >> 10 & 0x3f;
            done += type == X_COMMAND_EVENT;
            full += type == X_HOST_EVENT && xhci_code(&e) == 21;
        }
        xhci_give_back(&d);
    }
    d.held = FALSE;
    g_assert_cmpuint(done, ==, commands);
    g_assert_cmpuint(xhci_command(&d, X_NO_OP_COMMAND, 0, 0, NULL), ==, 1);
    qtest_stop(q);
}

/* 5.4.5: the command ring is stopped, moved, and goes on. */
static void test_command_ring(void)
{
    QTest *q = qtest_start(X_CARD);
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    g_assert_cmpuint(xhci_command(&d, X_NO_OP_COMMAND, 0, 0, NULL), ==, 1);
    g_assert_cmphex(xhci_op(&d, X_CRCR), ==, 8);
    xhci_op_set(&d, X_CRCR, 4);
    e = xhci_wait(&d, X_COMMAND_EVENT);
    g_assert_cmpuint(xhci_code(&e), ==, 24);
    g_assert_cmphex(e.parameter, ==, X_COMMANDS + 16);
    g_assert_cmphex(xhci_op(&d, X_CRCR), ==, 0);
    d.commands = (XhciRing){ xhci_page(&d), 0, 1 };
    qtest_writeq(q, d.op + X_CRCR, d.commands.base | 1);
    g_assert_cmpuint(xhci_command(&d, X_NO_OP_COMMAND, 0, 0, NULL), ==, 1);
    xhci_op_set(&d, X_USBCMD, 4); /* halted: doorbells are not heard */
    g_assert_cmphex(xhci_op(&d, X_USBSTS) & 1, ==, 1);
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    xhci_doorbell(&d, 0, 0);
    xhci_op_set(&d, X_USBCMD, 5);
    board_sync(q);
    g_assert_false(xhci_poll(&d, &e));
    xhci_doorbell(&d, 0, 0);
    xhci_wait(&d, X_COMMAND_EVENT);
    qtest_stop(q);
}

/* 4.17: INTx, messages, one interrupt until the event handler is done. */
static void test_interrupts(void)
{
    QTest *q = qtest_start(X_CARD);
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    d.held = TRUE;
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    xhci_doorbell(&d, 0, 0);
    while (!xhci_poll(&d, &e)) {
    }
    g_assert_cmphex(qtest_readw(q, d.config + 6) & 8, ==, 8);
    g_assert_cmphex(qtest_readl(q, d.rt + X_IMAN), ==, 3);
    g_assert_cmphex(qtest_readl(q, d.rt + X_ERDP) & 8, ==, 8);
    qtest_writel(q, d.rt + X_IMAN, 3);
    g_assert_cmphex(qtest_readw(q, d.config + 6) & 8, ==, 0);
    /* EHB is still set. */
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    xhci_doorbell(&d, 0, 0);
    while (!xhci_poll(&d, &e)) {
    }
    g_assert_cmphex(qtest_readw(q, d.config + 6) & 8, ==, 0);
    /* Cleared while one has not been seen, it interrupts again. */
    qtest_writeq(q, d.rt + X_ERDP, (X_EVENTS + 16) | 8);
    g_assert_cmphex(qtest_readw(q, d.config + 6) & 8, ==, 8);
    xhci_give_back(&d);
    qtest_writel(q, d.rt + X_IMAN, 3);
    /* By messages the pending bit goes with them; masked, it is in the PBA. */
    qtest_writew(q, d.config + 0x92, 0x8000);
    xhci_put(&d, &d.commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
    xhci_doorbell(&d, 0, 0);
    while (!xhci_poll(&d, &e)) {
    }
    g_assert_cmphex(qtest_readl(q, d.rt + X_IMAN), ==, 2);
    g_assert_cmphex(qtest_readl(q, d.bar + 0x3800), ==, 1);
    g_assert_cmphex(qtest_readw(q, d.config + 6) & 8, ==, 0);
    qtest_stop(q);
}

/* 5.5.1 and 4.14.2: 125 us each, of the guest's time. */
static void test_index(void)
{
    QTest *q = qtest_start(X_CARD);
    XhciDriver d;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    guint32 first = qtest_readl(q, d.rt);
    qtest_clock_step(q, 125000 * 100);
    g_assert_cmpuint(qtest_readl(q, d.rt), ==, first + 100);
    xhci_op_set(&d, X_USBCMD, 0x405);
    qtest_clock_step(q, 125000ll * 0x4000);
    xhci_wait(&d, 39);
    g_assert_cmpuint(qtest_readl(q, d.rt), ==, first + 100);
    qtest_stop(q);
}

static void device_del(QTest *q, const char *id)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id));
    board_wait(q, "DEVICE_DELETED");
}

/* A device goes at once; what waits for it ends, and another may come. */
static void test_plug(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    XhciEvent e;
    unsigned slot;
    guint64 at;

    xhci_open(&d, q);
    xhci_start(&d, 1);
    slot = xhci_attach_hid(&d, 5, 8);
    at = xhci_ask(&d, slot, 3, 8);
    xhci_expect_none(&d);
    device_del(q, "tab");
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x202a0);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(xhci_code(&e), ==, 4);
    g_assert_cmphex(qtest_readl(q, d.slots[slot].output + 32 * 3) & 7, ==, 2);
    g_assert_cmpuint(xhci_command(&d, X_DISABLE_SLOT, 0, slot << 24, NULL), ==, 1);
    xhci_port_set(&d, 5, 0x00fe0200);
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"usb-kbd\", "
           "\"id\": \"kbd\", \"bus\": \"usb.0\", \"port\": \"1\"}}"));
    e = xhci_wait(&d, X_PORT_EVENT);
    g_assert_cmphex(e.parameter, ==, 5 << 24);
    g_assert_cmphex(xhci_port(&d, 5), ==, 0x20ee1);
    xhci_attach_hid(&d, 5, 8);
    device_del(q, "kbd");
    qtest_stop(q);
}

/* A report is waited for, and comes where the VM has gone. */
static void test_migration(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;
    XhciEvent e;
    unsigned slot;
    guint64 at;

    xhci_open(&d, q);
    xhci_start(&d, 2);
    slot = xhci_attach_hid(&d, 5, 8);
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, SET_IDLE, 0x200, 0, 0, NULL), ==, 1);
    at = xhci_ask(&d, slot, 3, 8);
    xhci_expect_none(&d);
    d.q = board_migrate(q, TABLET);
    qtest_stop(q);
    xhci_expect_none(&d);
    qtest_clock_step(d.q, 2 * IDLE);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    g_assert_cmphex(e.status, ==, 13u << 24 | 2);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 8, 0, 0, 1, NULL), ==, 1);
    g_assert_cmphex(qtest_readb(d.q, d.slots[slot].buffer), ==, 1);
    qtest_stop(d.q);
}

static void test_reset(void)
{
    QTest *q = qtest_start(TABLET);
    XhciDriver d;

    xhci_open(&d, q);
    for (unsigned i = 0; i < 3; i++) {
        xhci_start(&d, 1);
        unsigned slot = xhci_attach_hid(&d, 5, 8);
        g_assert_cmpuint(slot, ==, 1);
        xhci_ask(&d, slot, 3, 8);
        if (i == 1) {
            board_reset(q);
            xhci_open(&d, q);
        }
    }
    xhci_op_set(&d, X_USBCMD, 0x205); /* no state can be restored */
    g_assert_cmphex(xhci_op(&d, X_USBSTS) & 0x400, ==, 0x400);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xhci/identity", test_identity);
    g_test_add_func("/xhci/properties", test_properties);
    g_test_add_func("/xhci/port", test_port);
    g_test_add_func("/xhci/commands", test_commands);
    g_test_add_func("/xhci/slot", test_slot);
    g_test_add_func("/xhci/transfer-events", test_transfer_events);
    g_test_add_func("/xhci/stop", test_stop);
    g_test_add_func("/xhci/full", test_full);
    g_test_add_func("/xhci/command-ring", test_command_ring);
    g_test_add_func("/xhci/interrupts", test_interrupts);
    g_test_add_func("/xhci/index", test_index);
    g_test_add_func("/xhci/plug", test_plug);
    g_test_add_func("/xhci/migration", test_migration);
    g_test_add_func("/xhci/reset", test_reset);
    return g_test_run();
}
