/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hub: up to eight ports of full speed (USB 2.0, chapter 11). What is behind it is
 * below it in the tree, and goes with it.
 */
#include "config.h"

#include <string.h>

#include "usb/usb.h"
#include "util/error.h"

#define HUB_PORTS    8
#define HUB_ENDPOINT 1

/* 11.24.2 */
enum {
    HUB_IN = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIP_DEVICE,
    HUB_OUT = USB_TYPE_CLASS | USB_RECIP_DEVICE,
    PORT_IN = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIP_OTHER,
    PORT_OUT = USB_TYPE_CLASS | USB_RECIP_OTHER,
    DESCRIPTOR_HUB = 0x29,
};

/* 11.24.2.7: bits of wPortStatus and wPortChange, and the numbers of features. */
enum {
    PORT_CONNECTION = 0,
    PORT_ENABLE = 1,
    PORT_SUSPEND = 2,
    PORT_RESET = 4,
    PORT_POWER = 8,
    PORT_LOW_SPEED = 9,
    C_PORT = 16, /* C_PORT_CONNECTION and so on */
};
#define BIT(n) ((guint16)(1u << (n)))
#define PORT_CHANGES                                                                     \
    (BIT(PORT_CONNECTION) | BIT(PORT_ENABLE) | BIT(PORT_SUSPEND) | BIT(3) |              \
     BIT(PORT_RESET))

typedef struct HubPort {
    UsbPort port;
    guint16 status, change;
} HubPort;

typedef struct Hub {
    UsbDevice usb;
    guint32 n_ports;
    gboolean port_power;
    HubPort ports[HUB_PORTS];
} Hub;

static HubPort *port_of(Hub *hub, unsigned number)
{
    return number && number <= hub->n_ports ? &hub->ports[number - 1] : NULL;
}

/* --- what happens at the ports --- */

static void changed(HubPort *p, guint16 bits)
{
    p->change |= bits;
    usb_device_ready(p->port.hub, HUB_ENDPOINT);
}

static void connect_device(HubPort *p)
{
    if (p->port.device && p->status & BIT(PORT_POWER)) {
        p->status |= BIT(PORT_CONNECTION);
        changed(p, BIT(PORT_CONNECTION));
    }
}

static void on_attached(UsbPort *port)
{
    connect_device(port->opaque);
}

static void on_detached(UsbPort *port)
{
    HubPort *p = port->opaque;
    guint16 was = p->status;

    p->status &= BIT(PORT_POWER);
    if (was & BIT(PORT_CONNECTION)) {
        changed(p,
                BIT(PORT_CONNECTION) | (was & BIT(PORT_ENABLE) ? BIT(PORT_ENABLE) : 0));
    }
}

/* A stream may say that something is enabled that is not there. */
static void set_suspended(HubPort *p, gboolean suspended)
{
    if (p->port.device) {
        usb_device_set_suspended(p->port.device, suspended);
    }
}

static void resume(HubPort *p)
{
    if (p->status & BIT(PORT_SUSPEND)) {
        p->status &= (guint16)~BIT(PORT_SUSPEND);
        set_suspended(p, FALSE);
        changed(p, BIT(PORT_SUSPEND));
    }
}

static void on_wakeup(UsbPort *port)
{
    resume(port->opaque);
}

static const UsbPortOps port_ops = { .attached = on_attached,
                                     .detached = on_detached,
                                     .wakeup = on_wakeup };

static void disable(HubPort *p)
{
    p->status &= (guint16) ~(BIT(PORT_ENABLE) | BIT(PORT_SUSPEND));
}

/* A hub behind this one goes down with its ports. */
static void reset_port(HubPort *p)
{
    if (!p->port.device || !(p->status & BIT(PORT_CONNECTION))) {
        return;
    }
    usb_device_bus_reset(p->port.device);
    p->status &= (guint16)~BIT(PORT_SUSPEND);
    p->status |= BIT(PORT_ENABLE);
    changed(p, BIT(PORT_RESET));
}

static void set_power(const Hub *hub, HubPort *p, gboolean on)
{
    if (on && !(p->status & BIT(PORT_POWER))) {
        p->status = BIT(PORT_POWER);
        connect_device(p);
    } else if (!on && hub->port_power) {
        p->status = 0;
    }
}

static void suspend(HubPort *p)
{
    if (p->status & BIT(PORT_ENABLE)) {
        p->status |= BIT(PORT_SUSPEND);
        set_suspended(p, TRUE);
    }
}

/* --- requests --- */

static UsbResult set_port_feature(const Hub *hub, HubPort *p, guint16 feature)
{
    switch (feature) {
    case PORT_SUSPEND:
        suspend(p);
        return USB_OK;
    case PORT_RESET:
        reset_port(p);
        return USB_OK;
    case PORT_POWER:
        set_power(hub, p, TRUE);
        return USB_OK;
    default:
        return USB_STALL;
    }
}

static UsbResult clear_port_feature(const Hub *hub, HubPort *p, guint16 feature)
{
    if (feature >= C_PORT && feature < C_PORT + 16 &&
        PORT_CHANGES & BIT(feature - C_PORT)) {
        p->change &= (guint16)~BIT(feature - C_PORT);
        return USB_OK;
    }
    switch (feature) {
    case PORT_ENABLE:
        disable(p);
        return USB_OK;
    case PORT_SUSPEND:
        resume(p);
        return USB_OK;
    case PORT_POWER:
        set_power(hub, p, FALSE);
        return USB_OK;
    default:
        return USB_STALL;
    }
}

static UsbResult put_status(guint16 status, guint16 change, guint8 *data, guint *len)
{
    guint16 words[2] = { GUINT16_TO_LE(status), GUINT16_TO_LE(change) };

    memcpy(data, words, sizeof(words));
    *len = sizeof(words);
    return USB_OK;
}

/* 11.23.2.1 */
static UsbResult hub_descriptor(const Hub *hub, guint8 *data, guint *len)
{
    guint8 bytes = (guint8)(hub->n_ports / 8 + 1);
    const guint8 head[] = {
        (guint8)(7 + bytes + (hub->n_ports + 7) / 8),
        DESCRIPTOR_HUB,
        (guint8)hub->n_ports,
        hub->port_power ? 0x09 : 0x0a, /* power of each, or none; a compound device: no */
        0x00,
        0x01, /* 2 ms to good power */
        0x00, /* no current of its own */
    };

    memcpy(data, head, sizeof(head));
    memset(data + sizeof(head), 0, bytes); /* all removable */
    memset(data + sizeof(head) + bytes, 0xff, (hub->n_ports + 7) / 8);
    *len = head[0];
    return USB_OK;
}

static UsbResult hub_request(const Hub *hub, const UsbSetup *setup, guint8 *data,
                             guint *len)
{
    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_REQUEST(HUB_IN, USB_REQ_GET_DESCRIPTOR):
        return setup->value >> 8 == DESCRIPTOR_HUB || setup->value == 0
                   ? hub_descriptor(hub, data, len)
                   : USB_STALL;
    case USB_REQUEST(HUB_IN, USB_REQ_GET_STATUS):
        return put_status(0, 0, data, len);
    case USB_REQUEST(HUB_OUT, USB_REQ_CLEAR_FEATURE):
        return setup->value <= 1 ? USB_OK : USB_STALL; /* of power and overcurrent */
    default:
        return USB_STALL;
    }
}

static UsbResult hub_control(UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                             guint *len)
{
    Hub *hub = (Hub *)dev;
    HubPort *p = port_of(hub, setup->index & 0xff);

    if ((setup->type & USB_RECIP_MASK) != USB_RECIP_OTHER) {
        return hub_request(hub, setup, data, len);
    }
    if (!p) {
        return USB_STALL;
    }
    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_REQUEST(PORT_IN, USB_REQ_GET_STATUS):
        return put_status(p->status, p->change, data, len);
    case USB_REQUEST(PORT_OUT, USB_REQ_SET_FEATURE):
        return set_port_feature(hub, p, setup->value);
    case USB_REQUEST(PORT_OUT, USB_REQ_CLEAR_FEATURE):
        return clear_port_feature(hub, p, setup->value);
    default:
        return USB_STALL;
    }
}

/* 11.12.4: a bit for each port that has changed; bit 0 is the hub's. */
static UsbResult hub_in(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len)
{
    const Hub *hub = (const Hub *)dev;
    guint32 bits = 0;

    for (unsigned i = 0; i < hub->n_ports; i++) {
        bits |= hub->ports[i].change ? 2u << i : 0;
    }
    if (!bits) {
        return USB_NAK;
    }
    data[0] = bits & 0xff;
    data[1] = (guint8)(bits >> 8);
    *len = hub->n_ports / 8 + 1;
    return USB_OK;
}

static UsbPort *hub_port(UsbDevice *dev, unsigned number)
{
    HubPort *p = port_of((Hub *)dev, number);

    return p && p->status & BIT(PORT_ENABLE) ? &p->port : NULL;
}

/* --- life --- */

static void hub_bus_reset(UsbDevice *dev)
{
    Hub *hub = (Hub *)dev;

    for (unsigned i = 0; i < hub->n_ports; i++) {
        HubPort *p = &hub->ports[i];
        p->status = BIT(PORT_POWER);
        p->change = 0;
        if (p->port.device) {
            p->status |= BIT(PORT_CONNECTION);
            p->change = BIT(PORT_CONNECTION);
        }
    }
}

static unsigned depth(const UsbDevice *dev)
{
    unsigned n = 0;

    for (const UsbDevice *hub = dev->port->hub; hub; hub = hub->port->hub) {
        n++;
    }
    return n;
}

static gboolean hub_realize(Device *device, GError **errp)
{
    Hub *hub = (Hub *)device;

    if (hub->n_ports < 1 || hub->n_ports > HUB_PORTS) {
        return error_set(errp, "num_ports (%u) out of range (1..%u)", hub->n_ports,
                         HUB_PORTS);
    }
    if (depth(&hub->usb) == USB_DEPTH_MAX) {
        return error_set(errp, "usb hub chain too deep");
    }
    if (!usb_device_realize(device, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < hub->n_ports; i++) {
        usb_port_add(&hub->ports[i].port, hub->usb.port->bus, &hub->usb, (guint8)(i + 1),
                     1u << USB_FULL_SPEED | 1u << USB_LOW_SPEED, &port_ops,
                     &hub->ports[i]);
    }
    return TRUE;
}

/* What was behind it has gone before. */
static void hub_unrealize(Device *device)
{
    Hub *hub = (Hub *)device;

    for (unsigned i = 0; i < hub->n_ports; i++) {
        usb_port_remove(&hub->ports[i].port);
    }
    usb_device_unrealize(device);
}

/* --- descriptors --- */

static const UsbDescEndpoint endpoints[] = {
    { USB_DIR_IN | HUB_ENDPOINT, USB_ENDPOINT_XFER_INT, 2, 0xff },
};

static const UsbDescDevice full = {
    .usb = 0x0110,
    .klass = USB_CLASS_HUB,
    .max_packet0 = 8,
    .attributes = USB_CONFIG_ATT_ONE | USB_CONFIG_ATT_SELFPOWER | USB_CONFIG_ATT_WAKEUP,
    .interface = {
        .klass = USB_CLASS_HUB,
        .n_endpoints = 1,
        .endpoints = endpoints,
    },
};

static const char *const strings[] = { "QEMU", "QEMU USB Hub", "314159", NULL };

static const UsbDesc desc = {
    .vendor = 0x0409,
    .product = 0x55aa,
    .device = 0x0101,
    .manufacturer_string = 1,
    .product_string = 2,
    .serial_string = 3,
    .strings = strings,
    .full = &full,
};

static const StateField port_fields[] = {
    STATE_FIELD("status", STATE_U16, HubPort, status),
    STATE_FIELD("change", STATE_U16, HubPort, change),
    { NULL },
};
static const StateDesc port_state = { .name = "usb-hub-port",
                                      .version = 1,
                                      .fields = port_fields };

static const StateField fields[] = {
    STATE_ARRAY("ports", STATE_STRUCT, Hub, ports, HUB_PORTS, .nested = &port_state,
                .stride = sizeof(HubPort)),
    { NULL },
};
static const StateDesc state = { .name = "usb-hub", .version = 1, .fields = fields };

static const Property properties[] = {
    { "ports", PROP_U32, offsetof(Hub, n_ports), "8", .guest = TRUE, .help = "1 to 8" },
    { "port-power", PROP_BOOL, offsetof(Hub, port_power), .guest = TRUE,
      .help = "the guest switches the power of each port" },
    { NULL },
};

const UsbDeviceClass usb_hub_class = {
    .device = {
        .name = "usb-hub",
        .desc = "USB hub",
        .instance_size = sizeof(Hub),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &state,
        .parent = &usb_device_class.device,
        .realize = hub_realize,
        .unrealize = hub_unrealize,
    },
    .desc = &desc,
    .control = hub_control,
    .in = hub_in,
    .bus_reset = hub_bus_reset,
    .port = hub_port,
};
