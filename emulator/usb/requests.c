/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard requests (USB 2.0, 9.4): answered from the descriptor tables. */
#include "config.h"

#include <string.h>

#include "usb/usb.h"

#define DESCRIPTOR_ROOM 256
#define ENDPOINT_NUMBER 0x0f

enum {
    DEVICE_IN = USB_DIR_IN | USB_RECIP_DEVICE,
    DEVICE_OUT = USB_RECIP_DEVICE,
    INTERFACE_IN = USB_DIR_IN | USB_RECIP_INTERFACE,
    INTERFACE_OUT = USB_RECIP_INTERFACE,
    ENDPOINT_IN = USB_DIR_IN | USB_RECIP_ENDPOINT,
    ENDPOINT_OUT = USB_RECIP_ENDPOINT,
};

static const char *string_of(const UsbDevice *dev, unsigned number)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;

    if (number == desc->serial_string) {
        return dev->serial ? dev->serial : dev->unique;
    }
    for (unsigned i = 0; desc->strings[i]; i++) {
        if (i + 1 == number) {
            return desc->strings[i];
        }
    }
    return NULL;
}

static guint string_descriptor(const UsbDevice *dev, unsigned number, guint8 *out)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;
    const char *text;

    if (number == 0) {
        return usb_desc_string(NULL, out);
    }
    if (number == USB_STRING_OS && dev->msos_desc && desc->selective_suspend) {
        return usb_desc_os_string(out);
    }
    text = string_of(dev, number);
    return text ? usb_desc_string(text, out) : 0;
}

/* The tables of the speed that it does not have now; NULL: it has but one. */
static const UsbDescDevice *other_speed(const UsbDevice *dev)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;

    if (!desc->high || dev->usb_version != 2) {
        return NULL;
    }
    return dev->speed == USB_HIGH_SPEED ? desc->full : desc->high;
}

static guint descriptor(const UsbDevice *dev, guint16 value, guint8 *out)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;
    const UsbDescDevice *now = usb_device_desc(dev), *other = other_speed(dev);
    guint8 number = value & 0xff;

    switch (value >> 8) {
    case USB_DT_DEVICE:
        return number == 0 ? usb_desc_device(desc, now, out) : 0;
    case USB_DT_CONFIG:
        return number == 0 ? usb_desc_config(now, USB_DT_CONFIG, out) : 0;
    case USB_DT_STRING:
        return string_descriptor(dev, number, out);
    case USB_DT_DEVICE_QUALIFIER:
        return other ? usb_desc_qualifier(other, out) : 0;
    case USB_DT_OTHER_SPEED_CONFIG:
        return other ? usb_desc_config(other, USB_DT_OTHER_SPEED_CONFIG, out) : 0;
    case USB_DT_BOS:
        return usb_desc_bos(desc, out);
    default:
        return 0;
    }
}

static UsbResult answer(guint8 *data, guint *len, const guint8 *bytes, guint n)
{
    memcpy(data, bytes, n);
    *len = n;
    return n ? USB_OK : USB_STALL;
}

static UsbResult get_descriptor(const UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                                guint *len)
{
    guint8 out[DESCRIPTOR_ROOM];

    return answer(data, len, out, descriptor(dev, setup->value, out));
}

static UsbResult device_status(const UsbDevice *dev, guint8 *data, guint *len)
{
    gboolean self = (usb_device_desc(dev)->attributes & USB_CONFIG_ATT_SELFPOWER) != 0;
    guint8 out[2] = { (guint8)(self << USB_DEVICE_SELF_POWERED |
                               dev->remote_wakeup << USB_DEVICE_REMOTE_WAKEUP),
                      0 };

    return answer(data, len, out, sizeof(out));
}

static UsbResult set_device_feature(UsbDevice *dev, guint16 feature, gboolean on)
{
    if (feature == USB_DEVICE_REMOTE_WAKEUP &&
        usb_device_desc(dev)->attributes & USB_CONFIG_ATT_WAKEUP) {
        dev->remote_wakeup = on;
        return USB_OK;
    }
    /* Test modes are of no use to anybody here. */
    return USB_STALL;
}

static UsbResult set_configuration(UsbDevice *dev, guint16 value)
{
    if (value > 1) {
        return USB_STALL;
    }
    dev->configuration = (guint8)value;
    dev->halted = 0;
    return USB_OK;
}

static gboolean is_interface(const UsbDevice *dev, const UsbSetup *setup)
{
    return dev->configuration && setup->index == 0;
}

/* Its bit among those that are halted; 0: there is no such endpoint. */
static guint32 endpoint_bit(const UsbDevice *dev, guint16 address)
{
    unsigned n = address & ENDPOINT_NUMBER;

    if (address > 0xff || !dev->configuration ||
        !usb_desc_endpoint(usb_device_desc(dev), (guint8)address)) {
        return 0;
    }
    return address & USB_DIR_IN ? 1u << n : 1u << (16 + n);
}

static gboolean is_endpoint0(guint16 address)
{
    return (address & ~(guint16)USB_DIR_IN) == 0;
}

static UsbResult endpoint_status(const UsbDevice *dev, guint16 address, guint8 *data,
                                 guint *len)
{
    guint32 bit = endpoint_bit(dev, address);
    guint8 out[2] = { (dev->halted & bit) != 0, 0 };

    return bit || is_endpoint0(address) ? answer(data, len, out, sizeof(out)) : USB_STALL;
}

static UsbResult set_endpoint_halt(UsbDevice *dev, const UsbSetup *setup, gboolean on)
{
    guint32 bit = endpoint_bit(dev, setup->index);

    if (setup->value != USB_ENDPOINT_HALT || (!bit && !is_endpoint0(setup->index))) {
        return USB_STALL;
    }
    dev->halted = on ? dev->halted | bit : dev->halted & ~bit;
    return USB_OK;
}

static UsbResult set_address(UsbDevice *dev, guint16 address)
{
    if (address > 127) {
        return USB_STALL;
    }
    dev->address = (guint8)address;
    return USB_OK;
}

/* USB_NAK: it is for the class. */
UsbResult usb_standard_request(UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                               guint *len)
{
    static const guint8 zeros[2];

    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_REQUEST(DEVICE_IN, USB_REQ_GET_DESCRIPTOR):
        return get_descriptor(dev, setup, data, len);
    case USB_REQUEST(DEVICE_OUT, USB_REQ_SET_ADDRESS):
        return set_address(dev, setup->value);
    case USB_REQUEST(DEVICE_IN, USB_REQ_GET_CONFIGURATION):
        return answer(data, len, &dev->configuration, 1);
    case USB_REQUEST(DEVICE_OUT, USB_REQ_SET_CONFIGURATION):
        return set_configuration(dev, setup->value);
    case USB_REQUEST(DEVICE_IN, USB_REQ_GET_STATUS):
        return device_status(dev, data, len);
    case USB_REQUEST(DEVICE_OUT, USB_REQ_SET_FEATURE):
        return set_device_feature(dev, setup->value, TRUE);
    case USB_REQUEST(DEVICE_OUT, USB_REQ_CLEAR_FEATURE):
        return set_device_feature(dev, setup->value, FALSE);
    case USB_REQUEST(INTERFACE_IN, USB_REQ_GET_STATUS):
        return is_interface(dev, setup) ? answer(data, len, zeros, 2) : USB_STALL;
    case USB_REQUEST(INTERFACE_IN, USB_REQ_GET_INTERFACE):
        return is_interface(dev, setup) ? answer(data, len, zeros, 1) : USB_STALL;
    case USB_REQUEST(INTERFACE_OUT, USB_REQ_SET_INTERFACE):
        return is_interface(dev, setup) && setup->value == 0 ? USB_OK : USB_STALL;
    case USB_REQUEST(ENDPOINT_IN, USB_REQ_GET_STATUS):
        return endpoint_status(dev, setup->index, data, len);
    case USB_REQUEST(ENDPOINT_OUT, USB_REQ_SET_FEATURE):
        return set_endpoint_halt(dev, setup, TRUE);
    case USB_REQUEST(ENDPOINT_OUT, USB_REQ_CLEAR_FEATURE):
        return set_endpoint_halt(dev, setup, FALSE);
    default:
        return USB_NAK;
    }
}
