/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keyboard, mouse and tablet have in common (HID 1.11): one interrupt endpoint for
 * reports, class requests, the idle rate. Each class says how its reports are made.
 */
#ifndef VIREO_USB_HID_H
#define VIREO_USB_HID_H

#include "event/clock.h"
#include "input/input.h"
#include "usb/usb.h"

#define HID_ENDPOINT   1
#define HID_REPORT_MAX 8  /* bytes */
#define HID_QUEUE      16 /* of what has not been reported */

enum { /* numbers of the strings */
       HID_STRING_MANUFACTURER = 1,
       HID_STRING_MOUSE,
       HID_STRING_TABLET,
       HID_STRING_KEYBOARD,
       HID_STRING_SERIAL,
       HID_STRING_CONFIG_MOUSE,
       HID_STRING_CONFIG_TABLET,
       HID_STRING_CONFIG_KEYBOARD,
       HID_STRING_SERIAL_MOUSE,
       HID_STRING_SERIAL_TABLET,
       HID_STRING_SERIAL_KEYBOARD,
};
extern const char *const hid_strings[];

typedef struct HidDevice HidDevice;

typedef struct HidClass {
    UsbDeviceClass usb;   /* .device.parent: &hid_class.usb.device */
    const guint8 *report; /* descriptor */
    guint16 report_size;
    gboolean boot; /* it has the boot protocol */
    const InputHandlerOps *input;
    gboolean (*pending)(const HidDevice *hid); /* something has not been reported */
    /* Takes the next of what is pending, if anything is; returns the report's length. */
    guint (*next)(HidDevice *hid, guint8 *report);
    /* What is reported now; nothing is taken. */
    guint (*current)(const HidDevice *hid, guint8 *report);
    /* Output report; NULL: none. */
    void (*output)(HidDevice *hid, guint8 value);
    void (*clear)(HidDevice *hid); /* after power-on */
} HidClass;

/* A move or a click; the last one may still grow. */
typedef struct HidPoint {
    gint32 x, y; /* steps, or the place */
    gint32 wheel;
    guint8 buttons;
} HidPoint;

typedef struct HidKey {
    guint8 usage;
    gboolean down;
} HidKey;

struct HidDevice {
    UsbDevice usb;
    InputHandler *handler;
    gboolean active; /* the guest reads it; so it has been told to the input layer */

    guint8 protocol; /* 0: boot */
    guint8 idle;     /* in 4 ms; 0: only what changes */
    Timer *idle_timer;
    gboolean due; /* the idle time is over: a report, whatever it says */
    guint64
        idle_end; /* as of loading and saving: ns of the virtual clock; 0: not armed */

    /* Of a pointer. */
    HidPoint points[HID_QUEUE]; /* from 0 on; what is not reported */
    guint32 n_points;
    HidPoint now;     /* place and buttons as reported */
    HidPoint next;    /* that are being told */
    gboolean changed; /* next has */

    /* Of a keyboard. */
    HidKey keys[HID_QUEUE];
    guint32 n_keys;
    guint8 down[32]; /* bitmap of usages, as reported */
    guint8 leds;
};

extern const HidClass hid_class;
extern const HidClass usb_kbd_class;
extern const HidClass usb_mouse_class;
extern const HidClass usb_tablet_class;

static inline const HidClass *hid_get_class(const HidDevice *hid)
{
    return (const HidClass *)hid->usb.device.klass;
}

/* Something is pending: whoever waits is told. */
void hid_ready(HidDevice *hid);

/* Of all classes. */
UsbResult hid_control(UsbDevice *dev, const UsbSetup *setup, guint8 *data, guint *len);
UsbResult hid_in(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len);
void hid_bus_reset(UsbDevice *dev);
#define HID_FUNCTIONS .control = hid_control, .in = hid_in, .bus_reset = hid_bus_reset

#endif
