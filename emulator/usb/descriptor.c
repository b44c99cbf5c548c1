/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "usb/descriptor.h"

#include <string.h>

#define LANGUAGE_US  0x0409
#define CONFIG_VALUE 1
#define STRING_CHARS 126 /* what the length, a byte, can say */

/* Bytes one after the other, numbers little-endian. */
typedef struct Writer {
    guint8 *out;
    guint at;
} Writer;

static void put8(Writer *w, guint8 value)
{
    w->out[w->at++] = value;
}

static void put16(Writer *w, guint16 value)
{
    put8(w, value & 0xff);
    put8(w, value >> 8);
}

static void put32(Writer *w, guint32 value)
{
    put16(w, value & 0xffff);
    put16(w, value >> 16);
}

static void put_bytes(Writer *w, const guint8 *bytes, guint len)
{
    if (len) { /* or there may be no bytes */
        memcpy(w->out + w->at, bytes, len);
    }
    w->at += len;
}

static void put_zeros(Writer *w, guint len)
{
    memset(w->out + w->at, 0, len);
    w->at += len;
}

/* With a 0 at the end. */
static void put_text16(Writer *w, const char *text)
{
    for (gsize i = 0; i <= strlen(text); i++) {
        put16(w, (guint8)text[i]);
    }
}

/* 9.6.1 */
guint usb_desc_device(const UsbDesc *desc, const UsbDescDevice *dev, guint8 *out)
{
    Writer w = { out, 0 };

    put8(&w, USB_DT_DEVICE_SIZE);
    put8(&w, USB_DT_DEVICE);
    put16(&w, dev->usb);
    put8(&w, dev->klass);
    put8(&w, dev->subclass);
    put8(&w, dev->protocol);
    put8(&w, dev->max_packet0);
    put16(&w, desc->vendor);
    put16(&w, desc->product);
    put16(&w, desc->device);
    put8(&w, desc->manufacturer_string);
    put8(&w, desc->product_string);
    put8(&w, desc->serial_string);
    put8(&w, 1); /* configurations */
    return w.at;
}

/* 9.6.2: what it is at the other speed. */
guint usb_desc_qualifier(const UsbDescDevice *other, guint8 *out)
{
    Writer w = { out, 0 };

    put8(&w, sizeof(struct usb_qualifier_descriptor));
    put8(&w, USB_DT_DEVICE_QUALIFIER);
    put16(&w, other->usb);
    put8(&w, other->klass);
    put8(&w, other->subclass);
    put8(&w, other->protocol);
    put8(&w, other->max_packet0);
    put8(&w, 1);
    put8(&w, 0);
    return w.at;
}

static void put_interface(Writer *w, const UsbDescInterface *i)
{
    put8(w, USB_DT_INTERFACE_SIZE);
    put8(w, USB_DT_INTERFACE);
    put8(w, 0); /* number */
    put8(w, 0); /* alternate setting */
    put8(w, i->n_endpoints);
    put8(w, i->klass);
    put8(w, i->subclass);
    put8(w, i->protocol);
    put8(w, 0); /* string */
    put_bytes(w, i->extra, i->extra_size);
    for (unsigned n = 0; n < i->n_endpoints; n++) {
        const UsbDescEndpoint *e = &i->endpoints[n];
        put8(w, USB_DT_ENDPOINT_SIZE);
        put8(w, USB_DT_ENDPOINT);
        put8(w, e->address);
        put8(w, e->attributes);
        put16(w, e->max_packet);
        put8(w, e->interval);
    }
}

/* 9.6.3, 9.6.4: with all that belongs to it. */
guint usb_desc_config(const UsbDescDevice *dev, guint8 type, guint8 *out)
{
    Writer w = { out, 0 };

    put8(&w, USB_DT_CONFIG_SIZE);
    put8(&w, type);
    put16(&w, 0); /* in all: below */
    put8(&w, 1);  /* interfaces */
    put8(&w, CONFIG_VALUE);
    put8(&w, dev->config_string);
    put8(&w, dev->attributes);
    put8(&w, dev->max_power);
    put_interface(&w, &dev->interface);
    out[2] = w.at & 0xff;
    out[3] = (guint8)(w.at >> 8);
    return w.at;
}

/* USB 3.2, 9.6.2: that it knows link power management, where it is of USB 2.0. */
guint usb_desc_bos(const UsbDesc *desc, guint8 *out)
{
    guint n = desc->high ? 1 : 0;
    Writer w = { out, 0 };

    put8(&w, USB_DT_BOS_SIZE);
    put8(&w, USB_DT_BOS);
    put16(&w, (guint16)(USB_DT_BOS_SIZE + n * USB_DT_USB_EXT_CAP_SIZE));
    put8(&w, (guint8)n);
    if (n) {
        put8(&w, USB_DT_USB_EXT_CAP_SIZE);
        put8(&w, USB_DT_DEVICE_CAPABILITY);
        put8(&w, USB_CAP_TYPE_EXT);
        put32(&w, USB_LPM_SUPPORT);
    }
    return w.at;
}

/* 9.6.7 */
guint usb_desc_string(const char *text, guint8 *out)
{
    Writer w = { out, 0 };
    gsize n = text ? MIN(strlen(text), STRING_CHARS) : 0;

    put8(&w, (guint8)(text ? 2 + 2 * n : 4));
    put8(&w, USB_DT_STRING);
    for (gsize i = 0; i < n; i++) {
        put16(&w, (guint8)text[i]);
    }
    if (!text) {
        put16(&w, LANGUAGE_US);
    }
    return w.at;
}

guint usb_desc_os_string(guint8 *out)
{
    static const char signature[] = "MSFT100";
    Writer w = { out, 0 };

    put8(&w, 18);
    put8(&w, USB_DT_STRING);
    for (const char *c = signature; *c; c++) {
        put16(&w, (guint8)*c);
    }
    put16(&w, USB_OS_VENDOR);
    return w.at;
}

/* One function, of the first interface, that needs no driver by name. */
static guint compatible_ids(guint8 *out)
{
    Writer w = { out, 0 };

    put32(&w, 40);
    put16(&w, 0x0100);
    put16(&w, 4);
    put8(&w, 1); /* functions */
    put_zeros(&w, 7);
    put8(&w, 0); /* interface */
    put8(&w, 1);
    put_zeros(&w, 8 + 8 + 6);
    return w.at;
}

/* One property: that it may be suspended while it is not used. */
static guint extended_properties(guint8 *out)
{
    static const char name[] = "SelectiveSuspendEnabled";
    guint name_size = 2 * sizeof(name), padding = 6; /* as QEMU has it */
    guint size = 14 + name_size + 4 + padding;
    Writer w = { out, 0 };

    put32(&w, 10 + size);
    put16(&w, 0x0100);
    put16(&w, 5);
    put16(&w, 1); /* properties */
    put32(&w, size);
    put32(&w, 4); /* REG_DWORD */
    put16(&w, (guint16)name_size);
    put_text16(&w, name);
    put32(&w, 4);
    put32(&w, 1);
    put_zeros(&w, padding);
    return w.at;
}

guint usb_desc_os(const UsbDesc *desc, guint16 index, guint8 *out)
{
    if (!desc->selective_suspend) {
        return 0;
    }
    return index == 4 ? compatible_ids(out) : index == 5 ? extended_properties(out) : 0;
}

const UsbDescEndpoint *usb_desc_endpoint(const UsbDescDevice *dev, guint8 address)
{
    const UsbDescInterface *i = &dev->interface;

    for (unsigned n = 0; n < i->n_endpoints; n++) {
        if (i->endpoints[n].address == address) {
            return &i->endpoints[n];
        }
    }
    return NULL;
}
