/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports, class requests (HID 1.11, 7.2) and idle rate of all HID devices. */
#include "config.h"

#include "usb/hid.h"

#include <string.h>

#include "util/error.h"

#define IDLE_UNIT ((gint64)4000000) /* ns */

enum {
    CLASS_IN = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIP_INTERFACE,
    CLASS_OUT = USB_TYPE_CLASS | USB_RECIP_INTERFACE,
    STANDARD_IN = USB_DIR_IN | USB_RECIP_INTERFACE,

    GET_REPORT = 1,
    GET_IDLE = 2,
    GET_PROTOCOL = 3,
    SET_REPORT = 9,
    SET_IDLE = 10,
    SET_PROTOCOL = 11,

    DESCRIPTOR_HID = 0x21,
    DESCRIPTOR_REPORT = 0x22,

    REPORT_INPUT = 1,
    REPORT_OUTPUT = 2,
};

const char *const hid_strings[] = {
    "QEMU",  "QEMU USB Mouse", "QEMU USB Tablet", "QEMU USB Keyboard",
    "42",    "HID Mouse",      "HID Tablet",      "HID Keyboard",
    "89126", "28754",          "68284",           NULL,
};

/* --- idle rate --- */

/* From the last report on. */
static void arm_idle(HidDevice *hid)
{
    if (hid->idle) {
        timer_arm(hid->idle_timer, clock_now(CLOCK_TYPE_VIRTUAL) + hid->idle * IDLE_UNIT);
    } else {
        timer_disarm(hid->idle_timer);
    }
}

static void idle_over(void *opaque)
{
    HidDevice *hid = opaque;

    hid->due = TRUE;
    hid_ready(hid);
}

void hid_ready(HidDevice *hid)
{
    usb_device_ready(&hid->usb, HID_ENDPOINT);
}

/* --- the host --- */

/* Of several pointers input goes to the one that the guest has begun to read last. */
static void activate(HidDevice *hid)
{
    if (!hid->active) {
        hid->active = TRUE;
        input_handler_activate(hid->handler);
    }
}

UsbResult hid_in(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len)
{
    HidDevice *hid = (HidDevice *)dev;
    const HidClass *klass = hid_get_class(hid);

    activate(hid);
    if (!klass->pending(hid) && !hid->due) {
        return USB_NAK;
    }
    *len = klass->next(hid, data);
    hid->due = FALSE;
    arm_idle(hid);
    return USB_OK;
}

static UsbResult get_report(HidDevice *hid, const UsbSetup *setup, guint8 *data,
                            guint *len)
{
    if (setup->value >> 8 != REPORT_INPUT) {
        return USB_STALL;
    }
    activate(hid);
    *len = hid_get_class(hid)->current(hid, data);
    return USB_OK;
}

static UsbResult set_report(HidDevice *hid, const UsbSetup *setup, const guint8 *data)
{
    const HidClass *klass = hid_get_class(hid);

    if (setup->value >> 8 != REPORT_OUTPUT || setup->length != 1 || !klass->output) {
        return USB_STALL;
    }
    klass->output(hid, data[0]);
    return USB_OK;
}

/* The upper byte is the rate, the lower one the report, of which there is one. */
static UsbResult set_idle(HidDevice *hid, guint16 value)
{
    hid->idle = (guint8)(value >> 8);
    hid->due = FALSE;
    arm_idle(hid);
    return USB_OK;
}

static UsbResult set_protocol(HidDevice *hid, guint16 value)
{
    if (!hid_get_class(hid)->boot || value > 1) {
        return USB_STALL;
    }
    hid->protocol = (guint8)value;
    return USB_OK;
}

static UsbResult one_byte(guint8 value, guint8 *data, guint *len)
{
    data[0] = value;
    *len = 1;
    return USB_OK;
}

static UsbResult class_descriptor(const HidDevice *hid, guint16 value, guint8 *data,
                                  guint *len)
{
    const HidClass *klass = hid_get_class(hid);
    const UsbDescInterface *i = &usb_device_desc(&hid->usb)->interface;

    if (value >> 8 == DESCRIPTOR_REPORT) {
        memcpy(data, klass->report, klass->report_size);
        *len = klass->report_size;
    } else if (value >> 8 == DESCRIPTOR_HID) {
        memcpy(data, i->extra, i->extra_size);
        *len = i->extra_size;
    }
    return *len ? USB_OK : USB_STALL;
}

UsbResult hid_control(UsbDevice *dev, const UsbSetup *setup, guint8 *data, guint *len)
{
    HidDevice *hid = (HidDevice *)dev;

    if (setup->index != 0) { /* the interface */
        return USB_STALL;
    }
    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_REQUEST(STANDARD_IN, USB_REQ_GET_DESCRIPTOR):
        return class_descriptor(hid, setup->value, data, len);
    case USB_REQUEST(CLASS_IN, GET_REPORT):
        return get_report(hid, setup, data, len);
    case USB_REQUEST(CLASS_OUT, SET_REPORT):
        return set_report(hid, setup, data);
    case USB_REQUEST(CLASS_IN, GET_IDLE):
        return one_byte(hid->idle, data, len);
    case USB_REQUEST(CLASS_OUT, SET_IDLE):
        return set_idle(hid, setup->value);
    case USB_REQUEST(CLASS_IN, GET_PROTOCOL):
        return hid_get_class(hid)->boot ? one_byte(hid->protocol, data, len) : USB_STALL;
    case USB_REQUEST(CLASS_OUT, SET_PROTOCOL):
        return set_protocol(hid, setup->value);
    default:
        return USB_STALL;
    }
}

/* HID 1.11, 7.2.6: it begins with the report protocol. */
void hid_bus_reset(UsbDevice *dev)
{
    HidDevice *hid = (HidDevice *)dev;

    hid->protocol = 1;
    hid->idle = 0;
    hid->due = hid->active = FALSE;
    timer_disarm(hid->idle_timer);
    hid_get_class(hid)->clear(hid);
}

/* --- life --- */

static gboolean hid_realize(Device *device, GError **errp)
{
    HidDevice *hid = (HidDevice *)device;
    const HidClass *klass = hid_get_class(hid);

    if (hid->usb.usb_version != 1 && hid->usb.usb_version != 2) {
        return error_set(errp, "Unsupported usb version %u for usb hid device",
                         hid->usb.usb_version);
    }
    if (!usb_device_realize(device, errp)) {
        return FALSE;
    }
    hid->idle_timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, idle_over, hid);
    hid->handler = input_handler_add(klass->usb.device.name, klass->input, hid);
    if (klass->input->kinds & 1u << INPUT_KEY) {
        activate(hid); /* a keyboard that is plugged is the one to type on */
    }
    return TRUE;
}

static void hid_unrealize(Device *device)
{
    HidDevice *hid = (HidDevice *)device;

    g_clear_pointer(&hid->handler, input_handler_remove);
    g_clear_pointer(&hid->idle_timer, timer_free);
    usb_device_unrealize(device);
}

/* --- rows --- */

static gboolean pre_save(void *opaque, GError **errp)
{
    HidDevice *hid = opaque;

    hid->idle_end =
        timer_armed(hid->idle_timer) ? (guint64)timer_deadline(hid->idle_timer) : 0;
    return TRUE;
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    HidDevice *hid = opaque;
    guint64 last = (guint64)(clock_now(CLOCK_TYPE_VIRTUAL) + 255 * IDLE_UNIT);

    if (hid->idle_end) {
        timer_arm(hid->idle_timer, (gint64)MIN(hid->idle_end, last));
    } else {
        timer_disarm(hid->idle_timer);
    }
    if (hid->active) {
        input_handler_activate(hid->handler);
    }
    return TRUE;
}

static const StateField point_fields[] = {
    STATE_FIELD("x", STATE_U32, HidPoint, x),
    STATE_FIELD("y", STATE_U32, HidPoint, y),
    STATE_FIELD("wheel", STATE_U32, HidPoint, wheel),
    STATE_FIELD("buttons", STATE_U8, HidPoint, buttons),
    { NULL },
};
static const StateDesc point_state = { .name = "usb-hid-point",
                                       .version = 1,
                                       .fields = point_fields };

static const StateField key_fields[] = {
    STATE_FIELD("usage", STATE_U8, HidKey, usage),
    STATE_FIELD("down", STATE_BOOL, HidKey, down),
    { NULL },
};
static const StateDesc key_state = { .name = "usb-hid-key",
                                     .version = 1,
                                     .fields = key_fields };

static const StateField fields[] = {
    STATE_FIELD("active", STATE_BOOL, HidDevice, active),
    STATE_FIELD("protocol", STATE_U8, HidDevice, protocol, .limit = 1),
    STATE_FIELD("idle", STATE_U8, HidDevice, idle),
    STATE_FIELD("due", STATE_BOOL, HidDevice, due),
    STATE_FIELD("idle-end", STATE_U64, HidDevice, idle_end, .optional = TRUE),
    STATE_COUNTED("points", STATE_STRUCT, HidDevice, points, HID_QUEUE, n_points,
                  .nested = &point_state, .stride = sizeof(HidPoint)),
    STATE_FIELD("now", STATE_STRUCT, HidDevice, now, .nested = &point_state),
    STATE_FIELD("next", STATE_STRUCT, HidDevice, next, .nested = &point_state),
    STATE_FIELD("changed", STATE_BOOL, HidDevice, changed),
    STATE_COUNTED("keys", STATE_STRUCT, HidDevice, keys, HID_QUEUE, n_keys,
                  .nested = &key_state, .stride = sizeof(HidKey)),
    STATE_ARRAY("down", STATE_BYTES, HidDevice, down, 32),
    STATE_FIELD("leds", STATE_U8, HidDevice, leds),
    { NULL },
};

static const StateDesc state = { .name = "usb-hid",
                                 .version = 1,
                                 .fields = fields,
                                 .pre_save = pre_save,
                                 .post_load = post_load };

static const Property properties[] = {
    { "usb_version", PROP_U32, offsetof(HidDevice, usb.usb_version), "2", .guest = TRUE,
      .help = "2: of high speed, where the port is; 1: of full speed" },
    { NULL },
};

const HidClass hid_class = {
    .usb = {
        .device = {
            .name = "usb-hid",
            .desc = "USB human interface device",
            .instance_size = sizeof(HidDevice),
            .abstract = TRUE,
            .properties = properties,
            .state = &state,
            .parent = &usb_device_class.device,
            .realize = hid_realize,
            .unrealize = hid_unrealize,
        },
    },
};
