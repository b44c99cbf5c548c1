/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed and pointed at, as reports of USB devices. */
#include "config.h"

#include <string.h>

#include <linux/input-event-codes.h>

#include "event/clock.h"
#include "usb/hid.h"

static UsbBus *bus;
static UsbPort ports[2];
static guint ready, wakeups;

static void on_ready(void *opaque, UsbDevice *dev, guint8 endpoint)
{
    g_assert_cmpuint(endpoint, ==, HID_ENDPOINT);
    ready++;
}

static void on_change(UsbPort *port)
{
}

static void on_wakeup(UsbPort *port)
{
    wakeups++;
    usb_device_set_suspended(port->device, FALSE);
}

static const UsbPortOps port_ops = { on_change, on_change, on_wakeup };

static void make_bus(void)
{
    bus = usb_bus_new("usb.0", NULL, on_ready, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        usb_port_add(&ports[i], bus, NULL, (guint8)(i + 1),
                     1u << USB_FULL_SPEED | 1u << USB_HIGH_SPEED, &port_ops, NULL);
    }
    ready = wakeups = 0;
}

static void free_bus(void)
{
    device_cleanup();
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        usb_port_remove(&ports[i]);
    }
    usb_bus_free(bus);
}

static UsbResult control(UsbDevice *dev, guint8 type, guint8 request, guint16 value,
                         guint16 length)
{
    static guint8 data[USB_CONTROL_MAX];
    UsbSetup setup = { type, request, value, 0, length };
    guint len;

    return usb_device_control(dev, &setup, data, &len);
}

static UsbDevice *plug(const HidClass *klass)
{
    g_autoptr(Device) dev = device_new(&klass->usb.device);
    g_autoptr(GError) error = NULL;
    UsbDevice *usb = (UsbDevice *)dev;

    device_realize(dev, bus->bus, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(usb->speed, ==, USB_HIGH_SPEED);
    g_assert_cmpint(control(usb, 0, USB_REQ_SET_CONFIGURATION, 1, 0), ==, USB_OK);
    return usb;
}

static void send(InputKind kind, guint code, gint32 value)
{
    g_assert_true(input_event_send(&(InputEvent){ kind, code, value }));
}

/* The next report in hexadecimal; "": there is none. */
static void expect(UsbDevice *dev, const char *report)
{
    guint8 data[USB_PACKET_MAX];
    g_autoptr(GString) text = g_string_new(NULL);
    guint len;

    UsbResult result = usb_device_in(dev, HID_ENDPOINT, data, &len);
    g_assert_cmpint(result, ==, *report ? USB_OK : USB_NAK);
    for (guint i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", data[i]);
    }
    g_assert_cmpstr(text->str, ==, report);
}

static void test_keyboard(void)
{
    make_bus();
    UsbDevice *k = plug(&usb_kbd_class);

    expect(k, "");
    send(INPUT_KEY, KEY_LEFTSHIFT, 1);
    send(INPUT_KEY, KEY_A, 1);
    g_assert_cmpuint(ready, ==, 2);
    send(INPUT_KEY, KEY_UNKNOWN, 1);
    send(INPUT_KEY, KEY_MAX, 1);
    g_assert_cmpuint(ready, ==, 2);
    expect(k, "0200000000000000");
    expect(k, "0200040000000000");
    expect(k, "");
    send(INPUT_KEY, KEY_LEFTSHIFT, 0);
    send(INPUT_KEY, KEY_RIGHTMETA, 1);
    expect(k, "0000040000000000");
    expect(k, "8000040000000000");
    for (guint i = 0; i < 6; i++) {
        send(INPUT_KEY, KEY_1 + i, 1);
    }
    for (guint i = 0; i < 5; i++) {
        guint8 data[USB_PACKET_MAX];
        guint len;
        g_assert_cmpint(usb_device_in(k, HID_ENDPOINT, data, &len), ==, USB_OK);
    }
    expect(k, "8000010101010101"); /* seven are too many */
    free_bus();
}

/* Nobody reads: what is down in the end is right. */
static void test_keyboard_late(void)
{
    make_bus();
    UsbDevice *k = plug(&usb_kbd_class);

    send(INPUT_KEY, KEY_Z, 1);
    for (guint i = 0; i < HID_QUEUE; i++) {
        send(INPUT_KEY, KEY_B, i % 2 == 0);
    }
    for (guint i = 0; i < HID_QUEUE; i++) {
        expect(k, i % 2 ? "00001d0000000000" : "0000051d00000000");
    }
    expect(k, "");
    g_assert_cmpint(control(k, 0x21, 9, 0x200, 1), ==, USB_OK);
    g_assert_cmpint(control(k, 0x21, 9, 0x100, 1), ==, USB_STALL);
    g_assert_cmpint(control(k, 0x21, 9, 0x200, 2), ==, USB_STALL);
    free_bus();
}

static void test_mouse(void)
{
    make_bus();
    UsbDevice *m = plug(&usb_mouse_class);

    send(INPUT_REL, INPUT_X, 5);
    send(INPUT_REL, INPUT_Y, -3);
    expect(m, ""); /* until it is complete */
    input_event_sync();
    send(INPUT_REL, INPUT_X, 1);
    input_event_sync();
    expect(m, "0006fd00"); /* both moves */
    expect(m, "");
    send(INPUT_BUTTON, BTN_LEFT, 1);
    input_event_sync();
    send(INPUT_BUTTON, BTN_LEFT, 0);
    input_event_sync();
    send(INPUT_REL, INPUT_WHEEL, -1);
    send(INPUT_REL, INPUT_X, 300);
    input_event_sync();
    expect(m, "01000000");
    expect(m, "007f00ff");
    expect(m, "007f0000");
    expect(m, "002e0000");
    expect(m, "");
    g_assert_cmpint(control(m, 0x21, 11, 0, 0), ==, USB_OK); /* the boot protocol */
    send(INPUT_BUTTON, BTN_EXTRA, 1);
    send(INPUT_REL, INPUT_WHEEL, 1);
    input_event_sync();
    expect(m, "100000");
    expect(m, "");
    free_bus();
}

static void test_tablet(void)
{
    make_bus();
    UsbDevice *t = plug(&usb_tablet_class);

    send(INPUT_ABS, INPUT_X, 0x1234);
    send(INPUT_ABS, INPUT_Y, 0x7fff);
    input_event_sync();
    send(INPUT_ABS, INPUT_X, 0x1235);
    input_event_sync();
    expect(t, "003512ff7f00");
    expect(t, "");
    send(INPUT_BUTTON, BTN_RIGHT, 1);
    send(INPUT_REL, INPUT_WHEEL, 2);
    input_event_sync();
    expect(t, "023512ff7f02");
    expect(t, "");
    for (guint i = 0; i < 2 * HID_QUEUE + 1; i++) { /* more clicks than are kept */
        send(INPUT_BUTTON, BTN_RIGHT, i % 2);
        input_event_sync();
    }
    for (guint i = 0; i < HID_QUEUE; i++) {
        guint8 data[USB_PACKET_MAX];
        guint len;
        g_assert_cmpint(usb_device_in(t, HID_ENDPOINT, data, &len), ==, USB_OK);
        g_assert_cmpuint(data[0], ==, i == HID_QUEUE - 1 ? 0 : i % 2 * 2);
    }
    expect(t, "");
    g_assert_cmpint(control(t, 0xa1, 3, 0, 1), ==, USB_STALL); /* it has no protocols */
    free_bus();
}

/* The guest's choice: whom it reads. Suspended, it is woken when it wants to be. */
static void test_activation(void)
{
    make_bus();
    UsbDevice *m = plug(&usb_mouse_class), *t = plug(&usb_tablet_class);

    g_assert_cmpstr(input_handler_name(INPUT_BUTTON), ==, "usb-mouse");
    expect(t, "");
    g_assert_cmpstr(input_handler_name(INPUT_BUTTON), ==, "usb-tablet");
    expect(m, "");
    expect(t, "");
    g_assert_cmpstr(input_handler_name(INPUT_BUTTON), ==, "usb-mouse");
    usb_device_set_suspended(m, TRUE);
    send(INPUT_REL, INPUT_X, 1);
    input_event_sync();
    g_assert_cmpuint(wakeups, ==, 0);
    g_assert_cmpint(control(m, 0, USB_REQ_SET_FEATURE, 1, 0), ==, USB_OK);
    send(INPUT_REL, INPUT_X, 1);
    input_event_sync();
    g_assert_cmpuint(wakeups, ==, 1);
    expect(m, "00020000");
    usb_device_bus_reset(m);
    usb_device_bus_reset(t);
    g_assert_cmpuint(m->configuration, ==, 0);
    g_assert_cmpint(
        usb_device_in(m, HID_ENDPOINT, (guint8[USB_PACKET_MAX]){ 0 }, &(guint){ 0 }), ==,
        USB_GONE);
    free_bus();
}

/* What was pressed and moved is there after loading. */
static void test_state(void)
{
    g_autoptr(GByteArray) saved = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    make_bus();
    UsbDevice *m = plug(&usb_mouse_class);
    send(INPUT_REL, INPUT_X, -200);
    send(INPUT_BUTTON, BTN_LEFT, 1);
    input_event_sync();
    g_assert_true(state_save(saved, hid_class.usb.device.state, m, &error));
    expect(m, "01810000");
    expect(m, "01b70000");
    g_assert_true(
        state_load(saved->data, saved->len, hid_class.usb.device.state, m, &error));
    expect(m, "01810000");
    expect(m, "01b70000");
    expect(m, "");
    free_bus();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/usb/keyboard", test_keyboard);
    g_test_add_func("/usb/keyboard-late", test_keyboard_late);
    g_test_add_func("/usb/mouse", test_mouse);
    g_test_add_func("/usb/tablet", test_tablet);
    g_test_add_func("/usb/activation", test_activation);
    g_test_add_func("/usb/state", test_state);
    return g_test_run();
}
