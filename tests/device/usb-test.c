/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What USB devices say of themselves, as QEMU 7.2's do; and the hub. */
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/xhci.h"

#define ALL                                                                              \
    X_CARD " -device usb-tablet,id=tab,bus=usb.0,port=1"                                 \
           " -device usb-kbd,id=kbd,bus=usb.0,port=2"                                    \
           " -device usb-mouse,id=mouse,bus=usb.0,port=3"                                \
           " -device usb-hub,id=hub,bus=usb.0,port=4"
#define GET_DESCRIPTOR 6
#define SET_PORT       0x23

typedef struct Answer {
    unsigned port; /* of the controller; the first of USB 2 is 5 */
    guint8 type;
    guint16 value;
    guint16 index;
    const char *bytes; /* in hexadecimal; NULL: a stall */
} Answer;

/* Read from QEMU 7.2. */
static const Answer answers[] = {
    { 5, 0x80, 0x100, 0, "120100020000004027060100000001030a01" },
    { 5, 0x80, 0x200, 0,
      "09022200010107a032090400000103000000092101000001224a0007058103080004" },
    { 5, 0x80, 0x600, 0, "0a060001000000080100" },
    { 5, 0x80, 0x700, 0,
      "09072200010107a032090400000103000000092101000001224a000705810308000a" },
    { 5, 0x80, 0xf00, 0,
      "050f0c00010710020200"
      "0000" },
    { 5, 0x80, 0x300, 0, "04030904" },
    { 5, 0x80, 0x303, 0x409,
      "2003510045004d005500200055005300420020005400610062006c0065007400" },
    { 5, 0x80, 0x30a, 0x409, /* 28754-0000:00:04.0-1 */
      "2a03320038003700350034002d0030003000300030003a00300030003a00300034002e0030002d00"
      "3100" },
    { 5, 0x80, 0x3ee, 0x409, "12034d005300460054003100300030005100" },
    { 5, 0x80, 0x30c, 0x409, NULL },
    { 5, 0x80, 0x101, 0, NULL },
    { 5, 0x81, 0x2200, 0,
      "05010902a1010901a1000509190129031500250195037501810295017505810105010930093115002"
      "6ff7f350046ff7f751095028102050109381581257f35004500750895018106c0c0" },
    { 5, 0x81, 0x2100, 0, "092101000001224a00" },
    { 6, 0x80, 0x100, 0, "120100020000004027060100000001040b01" },
    { 6, 0x80, 0x200, 0,
      "09022200010108a032090400000103010100092111010001223f0007058103080007" },
    { 6, 0x80, 0x30b, 0x409, /* 68284-0000:00:04.0-2 */
      "2a03360038003200380034002d0030003000300030003a00300030003a00300034002e0030002d00"
      "3200" },
    { 6, 0x81, 0x2200, 0,
      "05010906a10175019508050719e029e7150025018102950175088101950575010508190129059102"
      "95017503910195067508150025ff0507190029ff8100c0" },
    { 7, 0x80, 0x100, 0, "120100020000004027060100000001020901" },
    { 7, 0x80, 0x200, 0,
      "09022200010106a03209040000010301020009210100000122340007058103040007" },
    { 7, 0x81, 0x2200, 0,
      "05010902a1010901a1000509190129051500250195057501810295017503810105010930093109381"
      "581257f750895038106c0c0" },
    { 8, 0x80, 0x100, 0, "12011001090000080904aa55010101020301" },
    { 8, 0x80, 0x200, 0, "09021900010100e000090400000109000000070581030200ff" },
    { 8, 0x80, 0x600, 0, NULL },
    { 8, 0x80, 0xf00, 0, "050f050000" },
    { 8, 0xa0, 0x2900, 0, "0a29080a0001000000ff" },
};

static char *hex(const guint8 *bytes, unsigned n)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

static void check(XhciDriver *d, unsigned slot, const Answer *a)
{
    guint8 bytes[255];
    unsigned len, code;

    code = xhci_control(d, slot, a->type, GET_DESCRIPTOR, a->value, a->index, 255, &len);
    if (!a->bytes) {
        g_assert_cmpuint(code, ==, 6);
        return;
    }
    g_assert_cmpuint(code, ==, 1);
    qtest_memread(d->q, d->slots[slot].buffer, bytes, len);
    g_autofree char *text = hex(bytes, len);
    g_assert_cmpstr(text, ==, a->bytes);
}

static void test_descriptors(void)
{
    QTest *q = qtest_start(ALL);
    XhciDriver d;

    xhci_open(&d, q);
    xhci_start(&d, 4);
    for (unsigned port = 5; port <= 8; port++) {
        unsigned slot;

        g_assert_cmpuint(xhci_attach(&d, port, 0, &slot), ==, 1);
        g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 1, 0, 0, NULL), ==, 1);
        for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
            if (answers[i].port == port) {
                check(&d, slot, &answers[i]);
            }
        }
    }
    qtest_stop(q);
}

/* 9.4: status, features, halted endpoints, configurations. */
static void test_requests(void)
{
    QTest *q = qtest_start(ALL);
    unsigned slot, len;
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 4);
    slot = xhci_attach_hid(&d, 6, 8);
    guint64 buffer = d.slots[slot].buffer;
    g_assert_cmpuint(xhci_control(&d, slot, 0, 3, 1, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 0, 0, 0, 2, &len), ==, 1);
    g_assert_cmphex(qtest_readw(q, buffer), ==, 2);
    g_assert_cmpuint(xhci_control(&d, slot, 0, 1, 1, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 0, 0, 0, 2, &len), ==, 1);
    g_assert_cmphex(qtest_readw(q, buffer), ==, 0);
    g_assert_cmpuint(xhci_control(&d, slot, 2, 3, 0, 0x81, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x82, 0, 0, 0x81, 2, NULL), ==, 1);
    g_assert_cmphex(qtest_readw(q, buffer), ==, 1);
    xhci_ask(&d, slot, 3, 8);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmpuint(xhci_code(&e), ==, 6);
    g_assert_cmpuint(xhci_control(&d, slot, 2, 1, 0, 0x81, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 2, 3, 0, 0x82, 0, NULL), ==, 6);
    g_assert_cmpuint(xhci_control(&d, slot, 1, 11, 1, 0, 0, NULL), ==, 6);
    g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 2, 0, 0, NULL), ==, 6);
    /* Keyboard: LEDs, protocol, idle rate, a report that is asked for. */
    qtest_writeb(q, buffer, 2);
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, 9, 0x200, 0, 1, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, 11, 0, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0xa1, 3, 0, 0, 1, NULL), ==, 1);
    g_assert_cmphex(qtest_readb(q, buffer), ==, 0);
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, 10, 0x7d00, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0xa1, 2, 0, 0, 1, NULL), ==, 1);
    g_assert_cmphex(qtest_readb(q, buffer), ==, 0x7d);
    g_assert_cmpuint(xhci_control(&d, slot, 0xa1, 1, 0x100, 0, 8, &len), ==, 1);
    g_assert_cmpuint(len, ==, 8);
    /* Not configured it has no such endpoint. */
    g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 0, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x82, 0, 0, 0x81, 2, NULL), ==, 6);
    qtest_stop(q);
}

static guint32 port_status(XhciDriver *d, unsigned hub, unsigned port)
{
    g_assert_cmpuint(xhci_control(d, hub, 0xa3, 0, 0, (guint16)port, 4, NULL), ==, 1);
    return qtest_readl(d->q, d->slots[hub].buffer);
}

static void set_port(XhciDriver *d, unsigned hub, unsigned port, guint16 feature)
{
    g_assert_cmpuint(xhci_control(d, hub, SET_PORT, 3, feature, (guint16)port, 0, NULL),
                     ==, 1);
}

static void clear_port(XhciDriver *d, unsigned hub, unsigned port, guint16 feature)
{
    g_assert_cmpuint(xhci_control(d, hub, SET_PORT, 1, feature, (guint16)port, 0, NULL),
                     ==, 1);
}

static void add(QTest *q, const char *driver, const char *id, const char *port)
{
    json_node_unref(
        qtest_qmp_ok(q,
                     "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"%s\", "
                     "\"id\": \"%s\", \"bus\": \"usb.0\", \"port\": \"%s\"}}",
                     driver, id, port));
}

static void del(QTest *q, const char *id)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id));
}

/* The hub says that something has changed at a port. */
static void expect_change(XhciDriver *d, unsigned hub, unsigned bits)
{
    XhciEvent e = xhci_wait(d, X_TRANSFER_EVENT);

    g_assert_cmpuint(xhci_code(&e), ==, 1);
    g_assert_cmphex(qtest_readw(d->q, d->slots[hub].buffer + 0x800), ==, bits);
}

/* What is plugged in behind a hub: it comes, is used, and goes with it. */
static void test_hub(void)
{
    QTest *q = qtest_start(X_CARD " -device usb-hub,id=hub,bus=usb.0,port=2");
    unsigned hub, slot;
    XhciDriver d;
    XhciEvent e;

    xhci_open(&d, q);
    xhci_start(&d, 4);
    hub = xhci_attach_hid(&d, 6, 2);
    g_assert_cmphex(port_status(&d, hub, 3), ==, 0x100);
    xhci_ask(&d, hub, 3, 2);
    xhci_expect_none(&d);
    add(q, "usb-tablet", "tab", "2.3");
    expect_change(&d, hub, 1 << 3);
    g_assert_cmphex(port_status(&d, hub, 3), ==, 0x10101);
    clear_port(&d, hub, 3, 16);
    g_assert_cmpuint(xhci_attach(&d, 6, 3, &slot), ==, 4); /* not enabled yet */
    set_port(&d, hub, 3, 4);
    g_assert_cmphex(port_status(&d, hub, 3), ==, 0x100103);
    clear_port(&d, hub, 3, 20);
    g_assert_cmpuint(xhci_attach(&d, 6, 3, &slot), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0x80, 6, 0x100, 0, 18, NULL), ==, 1);
    g_assert_cmphex(qtest_readw(q, d.slots[slot].buffer + 2), ==, 0x100);
    g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 1, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_configure(&d, slot, 3, 7, 8), ==, 1);
    set_port(&d, hub, 3, 2); /* suspended, and resumed */
    g_assert_cmphex(port_status(&d, hub, 3), ==, 0x107);
    clear_port(&d, hub, 3, 2);
    g_assert_cmphex(port_status(&d, hub, 3), ==, 0x40103);
    clear_port(&d, hub, 3, 18);
    g_assert_cmpuint(xhci_control(&d, slot, 0x21, 10, 0x100, 0, 0, NULL), ==, 1);
    xhci_ask(&d, slot, 3, 6);
    qtest_clock_step(q, 4000000);
    e = xhci_wait(&d, X_TRANSFER_EVENT);
    g_assert_cmphex(e.status, ==, 1u << 24);
    /* The hub takes with it what is behind it. */
    add(q, "usb-kbd", "kbd", "2.1");
    del(q, "hub");
    for (unsigned i = 0; i < 3; i++) {
        board_wait(q, "DEVICE_DELETED");
    }
    g_assert_cmphex(xhci_port(&d, 6) & 1, ==, 0);
    g_free(qtest_qmp_fails(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"tab\"}}"));
    qtest_stop(q);
}

#define TREE                                                                             \
    X_CARD " -device usb-hub,id=hub,bus=usb.0,port=1,ports=4"                            \
           " -device usb-hub,id=hub2,bus=usb.0,port=1.4"                                 \
           " -device usb-mouse,id=mouse,bus=usb.0,port=1.4.8"

static void test_hub_migration(void)
{
    QTest *q = qtest_start(TREE);
    unsigned hub, second, slot;
    XhciDriver d;

    xhci_open(&d, q);
    xhci_start(&d, 4);
    hub = xhci_attach_hid(&d, 5, 2);
    g_assert_cmphex(port_status(&d, hub, 4), ==, 0x10101);
    set_port(&d, hub, 4, 4);
    g_assert_cmpuint(xhci_attach(&d, 5, 4, &second), ==, 1);
    g_assert_cmpuint(xhci_control(&d, second, 0, 9, 1, 0, 0, NULL), ==, 1);
    d.q = board_migrate(q, TREE);
    qtest_stop(q);
    g_assert_cmphex(port_status(&d, hub, 4), ==, 0x110103);
    set_port(&d, second, 8, 4);
    g_assert_cmpuint(xhci_attach(&d, 5, 0x84, &slot), ==, 1);
    g_assert_cmpuint(xhci_control(&d, slot, 0, 9, 1, 0, 0, NULL), ==, 1);
    qtest_stop(d.q);
}

static void test_hub_options(void)
{
    board_refuses(X_CARD " -device usb-hub,ports=9", "num_ports (9) out of range (1..8)");
    board_refuses(X_CARD " -device usb-hub,port=1 -device usb-hub,port=1.1"
                         " -device usb-hub,port=1.1.1 -device usb-hub,port=1.1.1.1"
                         " -device usb-hub,port=1.1.1.1.1"
                         " -device usb-hub,port=1.1.1.1.1.1",
                  "usb hub chain too deep");
    board_refuses(X_CARD " -device usb-hub,port=1,ports=2 -device usb-kbd,port=1.3",
                  "usb port 1.3 (bus usb.0) not found (in use?)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/usb/descriptors", test_descriptors);
    g_test_add_func("/usb/requests", test_requests);
    g_test_add_func("/usb/hub", test_hub);
    g_test_add_func("/usb/hub-migration", test_hub_migration);
    g_test_add_func("/usb/hub-options", test_hub_options);
    return g_test_run();
}
