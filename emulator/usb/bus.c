/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus: all ports of a controller and of the hubs on it. A device reserves its port
 * before it is realized; it is seen there once it has been announced.
 */
#include "config.h"

#include <string.h>

#include "usb/usb.h"
#include "util/error.h"

static const char *const speed_names[] = { "", "full", "low", "high", "super" };

/* "full+high": of a port or a device. */
static char *speeds_text(guint speeds)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = USB_FULL_SPEED; i <= USB_SUPER_SPEED; i++) {
        if (speeds & 1u << i) {
            g_string_append_printf(text, "%s%s", text->len ? "+" : "", speed_names[i]);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static guint device_speeds(const UsbDevice *dev)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;

    return 1u << USB_FULL_SPEED |
           (desc->high && dev->usb_version == 2 ? 1u << USB_HIGH_SPEED : 0);
}

/* The one that is named, or the first that is free and fast enough. */
static UsbPort *find_port(const UsbBus *bus, const UsbDevice *dev)
{
    for (guint i = 0; i < bus->ports->len; i++) {
        UsbPort *port = bus->ports->pdata[i];
        if (!port->owner && (dev->port_path ? strcmp(port->path, dev->port_path) == 0
                                            : device_speeds(dev) & port->speeds)) {
            return port;
        }
    }
    return NULL;
}

static UsbPort *choose_port(const UsbBus *bus, const UsbDevice *dev, GError **errp)
{
    UsbPort *port = find_port(bus, dev);

    if (!port && dev->port_path) {
        error_set(errp, "usb port %s (bus %s) not found (in use?)", dev->port_path,
                  bus->bus->name);
    } else if (!port) {
        error_set(errp, "tried to attach usb device %s to a bus with no free ports",
                  device_user_name(&dev->device));
    }
    return port;
}

static gboolean choose_speed(UsbDevice *dev, const UsbPort *port, GError **errp)
{
    guint both = device_speeds(dev) & port->speeds;

    if (!both) {
        g_autofree char *mine = speeds_text(device_speeds(dev));
        g_autofree char *its = speeds_text(port->speeds);
        return error_set(errp,
                         "speed mismatch trying to attach usb device \"%s\" (%s speed) "
                         "to bus \"%s\", port \"%s\" (%s speed)",
                         device_user_name(&dev->device), mine, port->bus->bus->name,
                         port->path, its);
    }
    dev->speed = both & 1u << USB_HIGH_SPEED ? USB_HIGH_SPEED : USB_FULL_SPEED;
    return TRUE;
}

/* What is behind a hub goes with it: in the tree it is the hub's. */
static gboolean bus_pre_plug(Bus *b, Device *device, GError **errp)
{
    UsbDevice *dev = (UsbDevice *)device;
    UsbPort *port = choose_port(b->opaque, dev, errp);

    if (!port || !choose_speed(dev, port, errp)) {
        return FALSE;
    }
    if (port->hub && port->hub->device.unplug == DEVICE_UNPLUG_GOING) {
        return error_set(errp, "usb port %s (bus %s) is being unplugged", port->path,
                         b->name);
    }
    port->owner = dev;
    dev->port = port;
    if (!dev->port_path) {
        dev->port_path = g_strdup(port->path);
    }
    if (port->hub) {
        device->parent = &port->hub->device;
    }
    return TRUE;
}

static void bus_announce(Bus *b, Device *device)
{
    UsbDevice *dev = (UsbDevice *)device;

    dev->port->device = dev;
    dev->port->ops->attached(dev->port);
}

static void bus_unplug(Bus *b, Device *device)
{
    UsbDevice *dev = (UsbDevice *)device;
    UsbPort *port = dev->port;

    if (port->device) {
        port->device = NULL;
        port->ops->detached(port);
    }
    port->owner = NULL;
    dev->port = NULL;
}

static const BusClass bus_class = {
    .type = USB_BUS_TYPE,
    .pre_plug = bus_pre_plug,
    .announce = bus_announce,
    .unplug = bus_unplug,
};

UsbBus *usb_bus_new(const char *name, Device *owner,
                    void (*ready)(void *opaque, UsbDevice *dev, guint8 endpoint),
                    void *opaque)
{
    UsbBus *bus = g_new(UsbBus, 1);

    *bus = (UsbBus){ .ready = ready, .opaque = opaque, .ports = g_ptr_array_new() };
    bus->bus = bus_new(&bus_class, name, owner, bus);
    return bus;
}

void usb_bus_free(UsbBus *bus)
{
    bus_free(bus->bus);
    g_ptr_array_unref(bus->ports);
    g_free(bus);
}

void usb_port_add(UsbPort *port, UsbBus *bus, UsbDevice *hub, guint8 number, guint speeds,
                  const UsbPortOps *ops, void *opaque)
{
    *port = (UsbPort){ .ops = ops,
                       .opaque = opaque,
                       .bus = bus,
                       .hub = hub,
                       .number = number,
                       .speeds = speeds };
    g_snprintf(port->path, sizeof(port->path), "%s%s%u", hub ? hub->port->path : "",
               hub ? "." : "", number);
    g_ptr_array_add(bus->ports, port);
}

void usb_port_remove(UsbPort *port)
{
    g_ptr_array_remove(port->bus->ports, port);
}

UsbDevice *usb_port_route(const UsbPort *root, guint32 route)
{
    UsbDevice *dev = root->device;

    for (; dev && (route & 0xf); route >>= 4) {
        const UsbDeviceClass *klass = usb_device_get_class(dev);
        const UsbPort *port = klass->port ? klass->port(dev, route & 0xf) : NULL;
        dev = port ? port->device : NULL;
    }
    return dev;
}
