/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a USB device says of itself (USB 2.0, 9.6), as tables: from them the answers to
 * GET_DESCRIPTOR are made, and with them the standard requests are checked.
 */
#ifndef VIREO_USB_DESCRIPTOR_H
#define VIREO_USB_DESCRIPTOR_H

#include <glib.h>

#include <linux/usb/ch9.h> /* names of requests, descriptors, classes */

#define USB_STRING_OS 0xee /* Microsoft's */
#define USB_OS_VENDOR 'Q'  /* the request by which its descriptors are read */

typedef struct UsbDescEndpoint {
    guint8 address; /* with USB_DIR_IN */
    guint8 attributes;
    guint16 max_packet;
    guint8 interval;
} UsbDescEndpoint;

typedef struct UsbDescInterface {
    guint8 klass, subclass, protocol;
    const guint8 *extra; /* descriptors of the class: between it and its endpoints */
    guint8 extra_size;
    guint8 n_endpoints;
    const UsbDescEndpoint *endpoints;
} UsbDescInterface;

/* One configuration with the value 1, one interface without alternate settings. */
typedef struct UsbDescDevice {
    guint16 usb; /* 0x0200 */
    guint8 klass, subclass, protocol;
    guint8 max_packet0;
    guint8 config_string; /* 0: none */
    guint8 attributes;    /* USB_CONFIG_ATT_ */
    guint8 max_power;     /* in 2 mA */
    UsbDescInterface interface;
} UsbDescDevice;

typedef struct UsbDesc {
    guint16 vendor, product, device;
    guint8 manufacturer_string, product_string, serial_string;
    const char *const *strings;       /* by number, from 1; ends with NULL */
    const UsbDescDevice *full, *high; /* high: NULL: it is not that fast */
    gboolean selective_suspend;       /* told by Microsoft's descriptors */
} UsbDesc;

/* Each appends to a buffer that has room for it (256 bytes), and returns the length. */
guint usb_desc_device(const UsbDesc *desc, const UsbDescDevice *dev, guint8 *out);
guint usb_desc_qualifier(const UsbDescDevice *other, guint8 *out);
/* type: USB_DT_CONFIG or USB_DT_OTHER_SPEED_CONFIG. */
guint usb_desc_config(const UsbDescDevice *dev, guint8 type, guint8 *out);
guint usb_desc_bos(const UsbDesc *desc, guint8 *out);
/* text: ASCII; NULL: the languages. */
guint usb_desc_string(const char *text, guint8 *out);
guint usb_desc_os_string(guint8 *out);
/* Microsoft OS 1.0: index 4 (compatible IDs) or 5 (properties); 0: there is none. */
guint usb_desc_os(const UsbDesc *desc, guint16 index, guint8 *out);

/* The endpoint with this address in the device's interface; NULL: there is none. */
const UsbDescEndpoint *usb_desc_endpoint(const UsbDescDevice *dev, guint8 address);

#endif
