/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB: devices, the ports that they are plugged into, and the bus that has the ports
 * (USB 2.0, chapters 8 and 9).
 *
 * A host controller makes a bus and its root ports; a hub adds ports of its own to the
 * same bus: "1" is a root port, "1.3" the third port of the hub there. A device is
 * plugged into one port; in the tree it is below the controller, or below its hub.
 *
 * The controller talks to a device by usb_device_control(), usb_device_in() and
 * usb_device_out(), which answer at once: a device that has nothing to say says USB_NAK,
 * and usb_device_ready() when that has changed. So nothing is ever in flight, and what a
 * host waits for is the host's state, not the device's.
 *
 * All of it under the machine lock.
 */
#ifndef VIREO_USB_USB_H
#define VIREO_USB_USB_H

#include "device/device.h"
#include "usb/descriptor.h"

#define USB_BUS_TYPE    "usb-bus"
#define USB_CONTROL_MAX 4096 /* bytes of one control transfer's data */
#define USB_PACKET_MAX  1024
#define USB_DEPTH_MAX   5  /* hubs between a device and a root port */
#define USB_PORTS_MAX   15 /* of one hub: what a route string can say */
#define USB_PATH_MAX    (3 * (USB_DEPTH_MAX + 1))

/* As xHCI numbers them (7.2.2.1.1). */
typedef enum UsbSpeed {
    USB_NONE_SPEED,
    USB_FULL_SPEED,
    USB_LOW_SPEED,
    USB_HIGH_SPEED,
    USB_SUPER_SPEED,
} UsbSpeed;

typedef enum UsbResult {
    USB_OK,
    USB_NAK,
    USB_STALL,
    USB_GONE, /* nobody answers: no device, or none with such an endpoint */
} UsbResult;

/* 9.3, in the host's byte order. */
typedef struct UsbSetup {
    guint8 type, request;
    guint16 value, index, length;
} UsbSetup;
/* Type and request as one number, for tables and switches. */
#define USB_REQUEST(type, request) ((type) << 8 | (request))

typedef struct UsbDevice UsbDevice;
typedef struct UsbPort UsbPort;

/* What a controller, or a hub, does for its ports. */
typedef struct UsbPortOps {
    void (*attached)(UsbPort *port);
    void (*detached)(UsbPort *port); /* port->device is NULL already */
    /* The device, which is suspended, wants to be resumed. */
    void (*wakeup)(UsbPort *port);
} UsbPortOps;

typedef struct UsbBus {
    Bus *bus;
    /* An IN endpoint of a device has something, after USB_NAK. */
    void (*ready)(void *opaque, UsbDevice *dev, guint8 endpoint);
    void *opaque;
    GPtrArray *ports; /* borrowed, in the order of adding */
} UsbBus;

/* Embedded in what has it. */
struct UsbPort {
    const UsbPortOps *ops;
    void *opaque;
    UsbBus *bus;
    UsbDevice *hub; /* whose it is; NULL: a root port */
    guint8 number;  /* from 1 */
    guint speeds;   /* bits 1 << UsbSpeed */
    char path[USB_PATH_MAX];
    UsbDevice *owner;  /* has reserved it */
    UsbDevice *device; /* is there for the guest */
};

typedef struct UsbDeviceClass {
    DeviceClass device; /* .parent: &usb_device_class, or one derived from it */
    const UsbDesc *desc;
    /*
     * Class and vendor requests, and what the standard ones leave. data: USB_CONTROL_MAX
     * bytes; of an OUT transfer with setup->length in it; of an IN transfer *len is to be
     * set to what there is, which may be more than the host has asked for. USB_OK or
     * USB_STALL. NULL: there are none.
     */
    UsbResult (*control)(UsbDevice *dev, const UsbSetup *setup, guint8 *data, guint *len);
    /*
     * The next packet of an IN endpoint: at most as long as the endpoint's largest. NULL:
     * the device has no such endpoint.
     */
    UsbResult (*in)(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len);
    UsbResult (*out)(UsbDevice *dev, guint8 endpoint, const guint8 *data, guint len);
    /* Of the port, or of the machine: as after power-on. NULL: nothing of its own. */
    void (*bus_reset)(UsbDevice *dev);
    /* Of a hub: its port of that number; NULL: there is none, or it is disabled. */
    UsbPort *(*port)(UsbDevice *dev, unsigned number);
} UsbDeviceClass;

struct UsbDevice {
    Device device;

    char *port_path; /* wanted; NULL: any */
    char *serial;    /* NULL: made up */
    guint32 usb_version;
    gboolean msos_desc;

    UsbPort *port;  /* from pre_plug to unplug */
    UsbSpeed speed; /* on this port */
    char *unique;   /* its serial number, made up */

    /* State. */
    guint8 address, configuration;
    gboolean remote_wakeup; /* is allowed */
    gboolean suspended;     /* by its port */
    guint32 halted;         /* endpoints: bit n of IN, 16 + n of OUT */
};

extern const UsbDeviceClass usb_device_class;

static inline const UsbDeviceClass *usb_device_get_class(const UsbDevice *dev)
{
    return (const UsbDeviceClass *)dev->device.klass;
}

/* --- Bus: bus.c --- */

/* name: "usb.0". In the owner's realize; usb_bus_free() in its unrealize. */
UsbBus *usb_bus_new(const char *name, Device *owner,
                    void (*ready)(void *opaque, UsbDevice *dev, guint8 endpoint),
                    void *opaque);
void usb_bus_free(UsbBus *bus);
/* hub: NULL for a root port. */
void usb_port_add(UsbPort *port, UsbBus *bus, UsbDevice *hub, guint8 number, guint speeds,
                  const UsbPortOps *ops, void *opaque);
void usb_port_remove(UsbPort *port);
/*
 * What is behind a root port by a route string (USB 3.2, 8.9): 4 bits for the port of
 * each hub, 0: the way ends. NULL: nothing is there, or a hub's port is disabled.
 */
UsbDevice *usb_port_route(const UsbPort *root, guint32 route);

/* --- Device: device.c, requests.c --- */

/* For a port: the device is as after power-on, at address 0. */
void usb_device_bus_reset(UsbDevice *dev);
void usb_device_set_suspended(UsbDevice *dev, gboolean suspended);
/* data: USB_CONTROL_MAX bytes, see UsbDeviceClass. dev NULL: USB_GONE. */
UsbResult usb_device_control(UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                             guint *len);
/* data: USB_PACKET_MAX bytes; *len: what there is. dev NULL: USB_GONE. */
UsbResult usb_device_in(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len);
UsbResult usb_device_out(UsbDevice *dev, guint8 endpoint, const guint8 *data, guint len);
/* From a device: an IN endpoint has something; resumes the bus where it may. */
void usb_device_ready(UsbDevice *dev, guint8 endpoint);
/* Full speed or high speed: what it says of itself now. */
const UsbDescDevice *usb_device_desc(const UsbDevice *dev);
/* A class's state rows begin with these. */
extern const StateDesc usb_device_state;
/* For a realize of a class: calls this first; nothing is to be undone. */
gboolean usb_device_realize(Device *device, GError **errp);
void usb_device_unrealize(Device *device);
void usb_device_reset(Device *device);

/* Chapter 9.4, and Microsoft's. */
UsbResult usb_standard_request(UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                               guint *len);

extern const UsbDeviceClass usb_hub_class;

#endif
