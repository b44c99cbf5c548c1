/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-input in the real emulator: what keyboard, mouse and tablet say of themselves,
 * and what QMP's clients type and point at, as their drivers get it.
 */
#include <linux/input-event-codes.h>
#include <linux/virtio_input.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/virtio-common.h"

enum { KEYBOARD = 1, MOUSE, TABLET };

typedef struct Guest {
    VirtioDriver d;
    unsigned n; /* buffers given */
} Guest;

static QTest *start(void)
{
    QTest *q =
        qtest_start("-machine microvm -m 16M "
                    "-device virtio-keyboard-device,bus=virtio-mmio-bus.1,serial=K1 "
                    "-device virtio-mouse-device,bus=virtio-mmio-bus.2 "
                    "-device virtio-tablet-device,bus=virtio-mmio-bus.3");

    qtest_bus_set(q);
    return q;
}

static void offer(Guest *g, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        GuestBuffer b = { g->d.data + 8 * (g->n++ % 64), 8, TRUE };
        guest_ring_add(&g->d.rings[0], &b, 1);
    }
    virtio_driver_kick(&g->d, 0);
}

static void drive(Guest *g, unsigned slot, unsigned buffers)
{
    virtio_driver_start(&g->d, &qtest_bus, SLOT(slot), ~0ull, 2, 64,
                        RINGS + 0x10000 * slot);
    g->n = 0;
    offer(g, buffers);
}

/* The size of what it says of that; its bytes in buf. */
static unsigned ask(QTest *q, unsigned slot, guint8 select, guint8 subsel, void *buf)
{
    guint64 at = SLOT(slot) + VIRTIO_MMIO_CONFIG;

    qtest_writeb(q, at, select);
    qtest_writeb(q, at + 1, subsel);
    unsigned size = qtest_readb(q, at + 2);
    for (unsigned i = 0; i < size; i++) {
        ((guint8 *)buf)[i] = qtest_readb(q, at + 8 + i);
    }
    return size;
}

static gboolean has(QTest *q, unsigned slot, guint8 type, unsigned code)
{
    guint8 bits[128] = { 0 };
    unsigned size = ask(q, slot, VIRTIO_INPUT_CFG_EV_BITS, type, bits);

    return code / 8 < size && (bits[code / 8] & 1u << code % 8);
}

static void test_says(void)
{
    static const char *const names[] = { [KEYBOARD] = "QEMU Virtio Keyboard",
                                         [MOUSE] = "QEMU Virtio Mouse",
                                         [TABLET] = "QEMU Virtio Tablet" };
    QTest *q = start();
    struct virtio_input_absinfo axis;
    struct virtio_input_devids ids;

    for (unsigned slot = KEYBOARD; slot <= TABLET; slot++) {
        char name[129] = { 0 };
        ask(q, slot, VIRTIO_INPUT_CFG_ID_NAME, 0, name);
        g_assert_cmpstr(name, ==, names[slot]);
        g_assert_cmpuint(ask(q, slot, VIRTIO_INPUT_CFG_ID_DEVIDS, 0, &ids), ==, 8);
        g_assert_cmphex(ids.bustype, ==, 6);
        g_assert_cmphex(ids.vendor, ==, 0x627);
        g_assert_cmphex(ids.product, ==, slot);
        g_assert_cmpint(has(q, slot, EV_KEY, KEY_A), ==, slot == KEYBOARD);
        g_assert_cmpint(has(q, slot, EV_KEY, BTN_LEFT), ==, slot != KEYBOARD);
        g_assert_cmpint(has(q, slot, EV_REL, REL_X), ==, slot == MOUSE);
        g_assert_cmpint(has(q, slot, EV_REL, REL_WHEEL), ==, slot != KEYBOARD);
        g_assert_cmpint(has(q, slot, EV_ABS, ABS_Y), ==, slot == TABLET);
        g_assert_cmpint(has(q, slot, EV_LED, LED_CAPSL), ==, slot == KEYBOARD);
        g_assert_cmpuint(ask(q, slot, 99, 0, name), ==, 0);
    }
    char serial[129] = { 0 };
    ask(q, KEYBOARD, VIRTIO_INPUT_CFG_ID_SERIAL, 0, serial);
    g_assert_cmpstr(serial, ==, "K1");
    g_assert_cmpuint(ask(q, TABLET, VIRTIO_INPUT_CFG_ABS_INFO, ABS_X, &axis), ==, 20);
    g_assert_cmpuint(axis.max, ==, 0x7fff);
    g_assert_cmpuint(ask(q, TABLET, VIRTIO_INPUT_CFG_ABS_INFO, 5, &axis), ==, 0);
    qtest_stop(q);
}

static void expect(Guest *g, guint16 type, guint16 code, gint32 value)
{
    struct virtio_input_event event;
    guint32 head, len;
    guint64 addr;

    virtio_driver_wait_used(&g->d, 0, &head, &len);
    g_assert_cmpuint(len, ==, sizeof(event));
    qtest_bus.memory.read(g->d.rings[0].desc + 16 * head, &addr, 8);
    qtest_bus.memory.read(addr, &event, sizeof(event));
    g_assert_cmpuint(event.type, ==, type);
    g_assert_cmpuint(event.code, ==, code);
    g_assert_cmpint((gint32)event.value, ==, value);
}

static void expect_alone(Guest *g, guint16 type, guint16 code, gint32 value)
{
    expect(g, type, code, value);
    expect(g, EV_SYN, SYN_REPORT, 0);
}

static void quiet(QTest *q, Guest *g)
{
    guint32 head, len;

    board_sync(q);
    g_assert_false(guest_ring_take(&g->d.rings[0], &head, &len));
}

static void send(QTest *q, const char *events)
{
    qmp(q, "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [%s]}}",
        events);
}

static void test_events(void)
{
    QTest *q = start();
    Guest keyboard, mouse, tablet;

    drive(&keyboard, KEYBOARD, 16);
    drive(&mouse, MOUSE, 16);
    drive(&tablet, TABLET, 16); /* it has the buttons now */
    send(q, "{\"type\": \"key\", \"data\": {\"down\": true, \"key\": "
            "{\"type\": \"qcode\", \"data\": \"a\"}}}");
    expect_alone(&keyboard, EV_KEY, KEY_A, 1);
    send(q, "{\"type\": \"key\", \"data\": {\"down\": false, \"key\": "
            "{\"type\": \"number\", \"data\": 199}}}");
    expect_alone(&keyboard, EV_KEY, KEY_HOME, 0);
    send(q, "{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": -5}},"
            "{\"type\": \"rel\", \"data\": {\"axis\": \"y\", \"value\": 7}}");
    expect(&mouse, EV_REL, REL_X, -5);
    expect_alone(&mouse, EV_REL, REL_Y, 7);
    send(q,
         "{\"type\": \"abs\", \"data\": {\"axis\": \"x\", \"value\": 99999}},"
         "{\"type\": \"btn\", \"data\": {\"button\": \"right\", \"down\": true}},"
         "{\"type\": \"btn\", \"data\": {\"button\": \"wheel-down\", \"down\": true}},"
         "{\"type\": \"btn\", \"data\": {\"button\": \"wheel-left\", \"down\": true}}");
    expect(&tablet, EV_ABS, ABS_X, 0x7fff);
    expect(&tablet, EV_KEY, BTN_RIGHT, 1);
    expect_alone(&tablet, EV_REL, REL_WHEEL, -1);
    quiet(q, &keyboard);
    quiet(q, &mouse);
    quiet(q, &tablet);
    qtest_stop(q);
}

/* More events in a command than one group has: all of them come. */
static void test_many_events(void)
{
    g_autoptr(GString) events = g_string_new(NULL);
    QTest *q = start();
    Guest keyboard;

    drive(&keyboard, KEYBOARD, 64);
    for (guint i = 0; i < 40; i++) {
        g_string_append_printf(events,
                               "%s{\"type\": \"key\", \"data\": {\"down\": %s, \"key\": "
                               "{\"type\": \"number\", \"data\": %u}}}",
                               i ? "," : "", i % 2 ? "false" : "true",
                               KEY_Q + i / 2 % 10);
    }
    send(q, events->str);
    for (guint i = 0; i < 40; i++) {
        expect(&keyboard, EV_KEY, (guint16)(KEY_Q + i / 2 % 10), i % 2 == 0);
        if (i % 16 == 15) {
            expect(&keyboard, EV_SYN, SYN_REPORT, 0);
        }
    }
    expect(&keyboard, EV_SYN, SYN_REPORT, 0);
    qtest_stop(q);
}

/* Keys together, held by the guest's clock; the next ones wait for them. */
static void test_keys(void)
{
    static const guint16 keys[] = { KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE };
    QTest *q = start();
    Guest keyboard;

    drive(&keyboard, KEYBOARD, 32);
    qmp(q, "{\"execute\": \"send-key\", \"arguments\": {\"keys\": ["
           "{\"type\": \"qcode\", \"data\": \"ctrl\"},{\"type\": \"qcode\", \"data\": "
           "\"alt\"},{\"type\": \"qcode\", \"data\": \"delete\"}]}}");
    qmp(q,
        "{\"execute\": \"send-key\", \"arguments\": {\"hold-time\": 5, \"keys\": ["
        "{\"type\": \"number\", \"data\": 30},{\"type\": \"number\", \"data\": 255}]}}");
    for (int i = 0; i < 3; i++) {
        expect_alone(&keyboard, EV_KEY, keys[i], 1);
    }
    qtest_clock_step(q, 99 * 1000000);
    quiet(q, &keyboard);
    qtest_clock_step(q, 2 * 1000000);
    for (int i = 2; i >= 0; i--) {
        expect_alone(&keyboard, EV_KEY, keys[i], 0);
    }
    expect_alone(&keyboard, EV_KEY, KEY_A, 1);
    qtest_clock_step(q, 6 * 1000000);
    expect_alone(&keyboard, EV_KEY, KEY_A, 0);
    g_autofree char *no = qtest_qmp_fails(
        q,
        "{\"execute\": \"send-key\", \"arguments\": {\"keys\": [], \"hold-time\": -1}}");
    g_assert_nonnull(strstr(no, "hold-time"));
    qtest_stop(q);
}

/* A group waits for buffers for all of it; lamps are taken, and nothing is done. */
static void test_few_buffers(void)
{
    QTest *q = start();
    Guest mouse;
    guint32 head, len;

    drive(&mouse, MOUSE, 2);
    send(q, "{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": 1}},"
            "{\"type\": \"rel\", \"data\": {\"axis\": \"y\", \"value\": 2}}");
    send(q, "{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": 3}}");
    quiet(q, &mouse);
    offer(&mouse, 3);
    expect(&mouse, EV_REL, REL_X, 1);
    expect_alone(&mouse, EV_REL, REL_Y, 2);
    expect_alone(&mouse, EV_REL, REL_X, 3);
    for (int i = 0; i < 300; i++) { /* more than wait */
        send(q, "{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": 4}}");
    }
    offer(&mouse, 2);
    expect_alone(&mouse, EV_REL, REL_X, 4);
    GuestBuffer lamp = { mouse.d.data + 4096, 8, FALSE };
    guest_ring_add(&mouse.d.rings[1], &lamp, 1);
    virtio_driver_kick(&mouse.d, 1);
    virtio_driver_wait_used(&mouse.d, 1, &head, &len);
    qtest_stop(q);
}

/* The device is told as it has asked for (2.7.10), as a driver does it. */
static void offer_as_asked(Guest *g, unsigned n)
{
    const GuestRing *ring = &g->d.rings[0];
    guint16 old = ring->avail_idx, wanted;

    qtest_bus.memory.read(ring->used + 4 + 8 * (guint64)ring->num, &wanted, 2);
    for (unsigned i = 0; i < n; i++) {
        GuestBuffer b = { g->d.data + 8 * (g->n++ % 64), 8, TRUE };
        guest_ring_add(&g->d.rings[0], &b, 1);
    }
    if ((guint16)(ring->avail_idx - GUINT16_FROM_LE(wanted) - 1) <
        (guint16)(ring->avail_idx - old)) {
        virtio_driver_kick(&g->d, 0);
    }
}

/* With too few buffers it wants to hear of the next one, not of one that is there. */
static void test_notification(void)
{
    QTest *q = start();
    Guest mouse;

    drive(&mouse, MOUSE, 1);
    send(q, "{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": 1}},"
            "{\"type\": \"rel\", \"data\": {\"axis\": \"y\", \"value\": 2}}");
    for (unsigned i = 0; i < 2; i++) {
        quiet(q, &mouse);
        offer_as_asked(&mouse, 1);
    }
    expect(&mouse, EV_REL, REL_X, 1);
    expect_alone(&mouse, EV_REL, REL_Y, 2);
    qtest_stop(q);
}

static void test_nobody(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    g_autofree char *no = qtest_qmp_fails(
        q, "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [{\"type\": "
           "\"abs\", \"data\": {\"axis\": \"x\", \"value\": 1}}]}}");

    g_assert_cmpstr(no, ==, "Input handler not found for event type abs");
    qmp(q, "{\"execute\": \"send-key\", \"arguments\": {\"keys\": ["
           "{\"type\": \"qcode\", \"data\": \"ret\"}]}}");
    qtest_stop(q);
    board_refuses("-machine q35 -device virtio-tablet-pci,display=d", "display");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-input/says", test_says);
    g_test_add_func("/virtio-input/events", test_events);
    g_test_add_func("/virtio-input/many-events", test_many_events);
    g_test_add_func("/virtio-input/keys", test_keys);
    g_test_add_func("/virtio-input/few-buffers", test_few_buffers);
    g_test_add_func("/virtio-input/notification", test_notification);
    g_test_add_func("/virtio-input/nobody", test_nobody);
    return g_test_run();
}
