/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mouse and tablet: what is told up to a sync is one point. Moves without a click between
 * them become one; each click is a report of its own.
 */
#include "config.h"

#include <string.h>

#include <linux/input-event-codes.h>

#include "usb/hid.h"

#define STEP_MAX       127 /* of one report */
#define TABLET_BUTTONS 0x07

/* --- input --- */

static guint8 button_bit(guint code)
{
    static const guint buttons[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE,
                                     BTN_EXTRA };

    for (unsigned i = 0; i < G_N_ELEMENTS(buttons); i++) {
        if (buttons[i] == code) {
            return (guint8)(1u << i);
        }
    }
    return 0;
}

/* Steps of long without a reader, or of a wrong one, stay in a range that adds up. */
static void add(gint32 *sum, gint32 steps)
{
    *sum = CLAMP((gint64)*sum + steps, -G_MAXINT16, G_MAXINT16);
}

static void on_move(HidPoint *p, const InputEvent *event)
{
    gboolean place = event->kind == INPUT_ABS;

    if (event->code == INPUT_X) {
        place ? (void)(p->x = event->value) : add(&p->x, event->value);
    } else if (event->code == INPUT_Y) {
        place ? (void)(p->y = event->value) : add(&p->y, event->value);
    } else if (!place) {
        add(&p->wheel, event->value);
    }
}

static void on_event(void *opaque, const InputEvent *event)
{
    HidDevice *hid = opaque;
    HidPoint *p = &hid->next;
    guint8 bit = event->kind == INPUT_BUTTON ? button_bit(event->code) : 0;

    if (event->kind != INPUT_BUTTON) {
        on_move(p, event);
    } else {
        p->buttons = event->value ? p->buttons | bit : p->buttons & ~bit;
    }
    hid->changed = TRUE;
}

static gboolean is_tablet(const HidDevice *hid)
{
    return (hid_get_class(hid)->input->kinds & 1u << INPUT_ABS) != 0;
}

/* The newer one follows the older one as if there had been no report between. */
static void merge(const HidDevice *hid, HidPoint *older, const HidPoint *newer)
{
    if (is_tablet(hid)) {
        older->x = newer->x;
        older->y = newer->y;
    } else {
        add(&older->x, newer->x);
        add(&older->y, newer->y);
    }
    add(&older->wheel, newer->wheel);
    older->buttons = newer->buttons;
}

static void on_sync(void *opaque)
{
    HidDevice *hid = opaque;
    HidPoint *last = hid->n_points ? &hid->points[hid->n_points - 1] : NULL;

    if (!hid->changed) {
        return;
    }
    if (last && (last->buttons == hid->next.buttons || hid->n_points == HID_QUEUE)) {
        merge(hid, last, &hid->next);
    } else {
        hid->points[hid->n_points++] = hid->next;
    }
    if (!is_tablet(hid)) {
        hid->next.x = hid->next.y = 0;
    }
    hid->next.wheel = 0;
    hid->changed = FALSE;
    hid_ready(hid);
}

/* --- reports --- */

static gboolean pending(const HidDevice *hid)
{
    return hid->n_points > 0;
}

/* So much of it as a report can say is taken. */
static gint8 take_steps(gint32 *steps)
{
    gint32 now = CLAMP(*steps, -STEP_MAX, STEP_MAX);

    *steps -= now;
    return (gint8)now;
}

static void drop_first(HidDevice *hid)
{
    memmove(hid->points, hid->points + 1, --hid->n_points * sizeof(HidPoint));
}

static guint mouse_report(const HidDevice *hid, const HidPoint *p, guint8 *report)
{
    report[0] = p->buttons;
    report[1] = (guint8)p->x;
    report[2] = (guint8)p->y;
    report[3] = (guint8)p->wheel;
    return hid->protocol ? 4 : 3;
}

static guint mouse_current(const HidDevice *hid, guint8 *report)
{
    HidPoint p = { .buttons = hid->now.buttons };

    return mouse_report(hid, &p, report);
}

static guint mouse_next(HidDevice *hid, guint8 *report)
{
    HidPoint *first = &hid->points[0];
    HidPoint p;

    if (!hid->n_points) {
        return mouse_current(hid, report);
    }
    p = (HidPoint){ take_steps(&first->x), take_steps(&first->y),
                    take_steps(&first->wheel), first->buttons };
    hid->now.buttons = p.buttons;
    if (!first->x && !first->y && (!first->wheel || !hid->protocol)) {
        drop_first(hid);
    }
    return mouse_report(hid, &p, report);
}

static guint tablet_report(const HidPoint *p, guint8 *report)
{
    report[0] = p->buttons & TABLET_BUTTONS;
    report[1] = p->x & 0xff;
    report[2] = (guint8)(p->x >> 8);
    report[3] = p->y & 0xff;
    report[4] = (guint8)(p->y >> 8);
    report[5] = (guint8)p->wheel;
    return 6;
}

static guint tablet_current(const HidDevice *hid, guint8 *report)
{
    HidPoint p = hid->now;

    p.wheel = 0;
    return tablet_report(&p, report);
}

static guint tablet_next(HidDevice *hid, guint8 *report)
{
    HidPoint *first = &hid->points[0];
    HidPoint p;

    if (!hid->n_points) {
        return tablet_current(hid, report);
    }
    p = *first;
    p.wheel = take_steps(&first->wheel);
    hid->now = p;
    if (!first->wheel) {
        drop_first(hid);
    }
    return tablet_report(&p, report);
}

static void clear(HidDevice *hid)
{
    hid->n_points = 0;
    hid->now = hid->next = (HidPoint){ 0 };
    hid->changed = FALSE;
}

/* --- descriptors --- */

static const guint8 mouse_report_descriptor[] = {
    0x05, 0x01, /* usage page: generic desktop */
    0x09, 0x02, /* usage: mouse */
    0xa1, 0x01, /* collection: application */
    0x09, 0x01, /*  usage: pointer */
    0xa1, 0x00, /*  collection: physical */
    0x05, 0x09, /*   usage page: buttons */
    0x19, 0x01, /*   usages: 1 */
    0x29, 0x05, /*   to 5 */
    0x15, 0x00, /*   values: 0 */
    0x25, 0x01, /*   to 1 */
    0x95, 0x05, /*   count: 5 */
    0x75, 0x01, /*   bits: 1 */
    0x81, 0x02, /*   input: a variable each */
    0x95, 0x01, /*   count: 1 */
    0x75, 0x03, /*   bits: 3 */
    0x81, 0x01, /*   input: constant */
    0x05, 0x01, /*   usage page: generic desktop */
    0x09, 0x30, /*   usage: X */
    0x09, 0x31, /*   usage: Y */
    0x09, 0x38, /*   usage: wheel */
    0x15, 0x81, /*   values: -127 */
    0x25, 0x7f, /*   to 127 */
    0x75, 0x08, /*   bits: 8 */
    0x95, 0x03, /*   count: 3 */
    0x81, 0x06, /*   input: relative */
    0xc0,       /*  end */
    0xc0,       /* end */
};

static const guint8 tablet_report_descriptor[] = {
    0x05, 0x01,       /* usage page: generic desktop */
    0x09, 0x02,       /* usage: mouse */
    0xa1, 0x01,       /* collection: application */
    0x09, 0x01,       /*  usage: pointer */
    0xa1, 0x00,       /*  collection: physical */
    0x05, 0x09,       /*   usage page: buttons */
    0x19, 0x01,       /*   usages: 1 */
    0x29, 0x03,       /*   to 3 */
    0x15, 0x00,       /*   values: 0 */
    0x25, 0x01,       /*   to 1 */
    0x95, 0x03,       /*   count: 3 */
    0x75, 0x01,       /*   bits: 1 */
    0x81, 0x02,       /*   input: a variable each */
    0x95, 0x01,       /*   count: 1 */
    0x75, 0x05,       /*   bits: 5 */
    0x81, 0x01,       /*   input: constant */
    0x05, 0x01,       /*   usage page: generic desktop */
    0x09, 0x30,       /*   usage: X */
    0x09, 0x31,       /*   usage: Y */
    0x15, 0x00,       /*   values: 0 */
    0x26, 0xff, 0x7f, /*   to 0x7fff */
    0x35, 0x00,       /*   physical: 0 */
    0x46, 0xff, 0x7f, /*   to 0x7fff */
    0x75, 0x10,       /*   bits: 16 */
    0x95, 0x02,       /*   count: 2 */
    0x81, 0x02,       /*   input: absolute */
    0x05, 0x01,       /*   usage page: generic desktop */
    0x09, 0x38,       /*   usage: wheel */
    0x15, 0x81,       /*   values: -127 */
    0x25, 0x7f,       /*   to 127 */
    0x35, 0x00,       /*   physical: the same */
    0x45, 0x00,       /*   */
    0x75, 0x08,       /*   bits: 8 */
    0x95, 0x01,       /*   count: 1 */
    0x81, 0x06,       /*   input: relative */
    0xc0,             /*  end */
    0xc0,             /* end */
};

static const guint8 mouse_hid_descriptor[] = {
    0x09, 0x21, 0x01, 0x00, 0x00, 0x01, 0x22, sizeof(mouse_report_descriptor), 0x00,
};
static const guint8 tablet_hid_descriptor[] = {
    0x09, 0x21, 0x01, 0x00, 0x00, 0x01, 0x22, sizeof(tablet_report_descriptor), 0x00,
};

#define ENDPOINT(size_, interval_)                                                       \
    {                                                                                    \
        USB_DIR_IN | HID_ENDPOINT, USB_ENDPOINT_XFER_INT, size_, interval_               \
    }
static const UsbDescEndpoint mouse_full_endpoint = ENDPOINT(4, 10);
static const UsbDescEndpoint mouse_high_endpoint = ENDPOINT(4, 7);
static const UsbDescEndpoint tablet_full_endpoint = ENDPOINT(8, 10);
static const UsbDescEndpoint tablet_high_endpoint = ENDPOINT(8, 4);

#define DEVICE(usb_, size_, string_, subclass_, protocol_, extra_, endpoint_)            \
    {                                                                                    \
        .usb = usb_, .max_packet0 = size_, .config_string = string_,                     \
        .attributes = USB_CONFIG_ATT_ONE | USB_CONFIG_ATT_WAKEUP, .max_power = 50,       \
        .interface = {                                                                   \
            .klass = USB_CLASS_HID,                                                      \
            .subclass = subclass_,                                                       \
            .protocol = protocol_,                                                       \
            .extra = extra_,                                                             \
            .extra_size = sizeof(extra_),                                                \
            .n_endpoints = 1,                                                            \
            .endpoints = endpoint_,                                                      \
        },                                                                               \
    }
#define MOUSE(usb_, size_, endpoint_)                                                    \
    DEVICE(usb_, size_, HID_STRING_CONFIG_MOUSE, 1, 2, mouse_hid_descriptor, endpoint_)
#define TABLET(usb_, size_, endpoint_)                                                   \
    DEVICE(usb_, size_, HID_STRING_CONFIG_TABLET, 0, 0, tablet_hid_descriptor, endpoint_)
static const UsbDescDevice mouse_full = MOUSE(0x0100, 8, &mouse_full_endpoint);
static const UsbDescDevice mouse_high = MOUSE(0x0200, 64, &mouse_high_endpoint);
static const UsbDescDevice tablet_full = TABLET(0x0100, 8, &tablet_full_endpoint);
static const UsbDescDevice tablet_high = TABLET(0x0200, 64, &tablet_high_endpoint);

static const UsbDesc mouse_desc = {
    .vendor = 0x0627,
    .product = 0x0001,
    .manufacturer_string = HID_STRING_MANUFACTURER,
    .product_string = HID_STRING_MOUSE,
    .serial_string = HID_STRING_SERIAL_MOUSE,
    .strings = hid_strings,
    .full = &mouse_full,
    .high = &mouse_high,
    .selective_suspend = TRUE,
};
static const UsbDesc tablet_desc = {
    .vendor = 0x0627,
    .product = 0x0001,
    .manufacturer_string = HID_STRING_MANUFACTURER,
    .product_string = HID_STRING_TABLET,
    .serial_string = HID_STRING_SERIAL_TABLET,
    .strings = hid_strings,
    .full = &tablet_full,
    .high = &tablet_high,
    .selective_suspend = TRUE,
};

static const InputHandlerOps mouse_input = {
    .kinds = 1u << INPUT_BUTTON | 1u << INPUT_REL, .event = on_event, .sync = on_sync
};
static const InputHandlerOps tablet_input = {
    .kinds = 1u << INPUT_BUTTON | 1u << INPUT_ABS, .event = on_event, .sync = on_sync
};

static const Property tablet_properties[] = {
    PROPERTY_ONLY("display", PROP_STRING, ""),
    PROPERTY_ONLY("head", PROP_U32, "0"),
    { NULL },
};

const HidClass usb_mouse_class = {
    .usb = {
        .device = {
            .name = "usb-mouse",
            .desc = "USB mouse",
            .instance_size = sizeof(HidDevice),
            .user_creatable = TRUE,
            .hotpluggable = TRUE,
            .parent = &hid_class.usb.device,
        },
        .desc = &mouse_desc,
        HID_FUNCTIONS,
    },
    .report = mouse_report_descriptor,
    .report_size = sizeof(mouse_report_descriptor),
    .boot = TRUE,
    .input = &mouse_input,
    .pending = pending,
    .next = mouse_next,
    .current = mouse_current,
    .clear = clear,
};

const HidClass usb_tablet_class = {
    .usb = {
        .device = {
            .name = "usb-tablet",
            .desc = "USB tablet",
            .instance_size = sizeof(HidDevice),
            .user_creatable = TRUE,
            .hotpluggable = TRUE,
            .properties = tablet_properties,
            .parent = &hid_class.usb.device,
        },
        .desc = &tablet_desc,
        HID_FUNCTIONS,
    },
    .report = tablet_report_descriptor,
    .report_size = sizeof(tablet_report_descriptor),
    .input = &tablet_input,
    .pending = pending,
    .next = tablet_next,
    .current = tablet_current,
    .clear = clear,
};
