/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The class of all USB devices: properties, state, endpoints. */
#include "config.h"

#include "usb/usb.h"

#include "pci/bus.h"
#include "util/error.h"

#define HALTED_IN(n)  (1u << (n))
#define HALTED_OUT(n) (1u << (16 + (n)))

const UsbDescDevice *usb_device_desc(const UsbDevice *dev)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;

    return dev->speed == USB_HIGH_SPEED ? desc->high : desc->full;
}

void usb_device_bus_reset(UsbDevice *dev)
{
    const UsbDeviceClass *klass = usb_device_get_class(dev);

    dev->address = dev->configuration = 0;
    dev->remote_wakeup = dev->suspended = FALSE;
    dev->halted = 0;
    if (klass->bus_reset) {
        klass->bus_reset(dev);
    }
}

void usb_device_set_suspended(UsbDevice *dev, gboolean suspended)
{
    dev->suspended = suspended;
}

UsbResult usb_device_control(UsbDevice *dev, const UsbSetup *setup, guint8 *data,
                             guint *len)
{
    *len = setup->type & USB_DIR_IN ? 0 : setup->length;
    if (!dev) {
        return USB_GONE;
    }
    if (*len > USB_CONTROL_MAX) {
        return USB_STALL;
    }
    if ((setup->type & USB_TYPE_MASK) == USB_TYPE_STANDARD) {
        UsbResult result = usb_standard_request(dev, setup, data, len);
        if (result != USB_NAK) { /* not one of those */
            return result;
        }
    }
    if (setup->request == USB_OS_VENDOR &&
        (setup->type & ~USB_RECIP_MASK) == (USB_DIR_IN | USB_TYPE_VENDOR) &&
        dev->msos_desc) {
        *len = usb_desc_os(usb_device_get_class(dev)->desc, setup->index, data);
        return *len ? USB_OK : USB_STALL;
    }
    const UsbDeviceClass *klass = usb_device_get_class(dev);
    return klass->control ? klass->control(dev, setup, data, len) : USB_STALL;
}

static gboolean has_endpoint(const UsbDevice *dev, guint8 address)
{
    return dev && dev->configuration && usb_desc_endpoint(usb_device_desc(dev), address);
}

UsbResult usb_device_in(UsbDevice *dev, guint8 endpoint, guint8 *data, guint *len)
{
    *len = 0;
    if (endpoint > 15 || !has_endpoint(dev, USB_DIR_IN | endpoint)) {
        return USB_GONE;
    }
    if (dev->halted & HALTED_IN(endpoint)) {
        return USB_STALL;
    }
    return usb_device_get_class(dev)->in(dev, endpoint, data, len);
}

UsbResult usb_device_out(UsbDevice *dev, guint8 endpoint, const guint8 *data, guint len)
{
    if (endpoint > 15 || !has_endpoint(dev, endpoint)) {
        return USB_GONE;
    }
    if (dev->halted & HALTED_OUT(endpoint)) {
        return USB_STALL;
    }
    return usb_device_get_class(dev)->out(dev, endpoint, data, len);
}

void usb_device_ready(UsbDevice *dev, guint8 endpoint)
{
    UsbPort *port = dev->port;

    if (!port || !port->device) {
        return;
    }
    if (dev->suspended && dev->remote_wakeup) {
        port->ops->wakeup(port);
    }
    port->bus->ready(port->bus->opaque, dev, endpoint);
}

/* --- life --- */

/* The way from the root bus by slots: numbers of buses change. "0000:00:02.0:00.0" */
static void append_way(GString *text, const PciDevice *dev)
{
    if (dev->bus->bridge) {
        append_way(text, dev->bus->bridge);
    }
    g_string_append_printf(text, ":%02x.%x", PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn));
}

/* As QEMU's: "28754-0000:00:04.0-1"; guests know their devices again by it. */
static char *unique_serial(const UsbDevice *dev)
{
    const UsbDesc *desc = usb_device_get_class(dev)->desc;
    const Device *owner = dev->port->bus->bus->owner;
    GString *text = g_string_new(desc->strings[desc->serial_string - 1]);

    if (owner && device_class_is_a(owner->klass, &pci_device_class.device)) {
        g_string_append(text, "-0000:00");
        append_way(text, (const PciDevice *)owner);
    }
    g_string_append_printf(text, "-%s", dev->port->path);
    return g_string_free(text, FALSE);
}

gboolean usb_device_realize(Device *device, GError **errp)
{
    UsbDevice *dev = (UsbDevice *)device;

    dev->unique = unique_serial(dev);
    return TRUE;
}

void usb_device_unrealize(Device *device)
{
    g_clear_pointer(&((UsbDevice *)device)->unique, g_free);
}

void usb_device_reset(Device *device)
{
    usb_device_bus_reset((UsbDevice *)device);
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    UsbDevice *dev = opaque;
    const char *name = device_user_name(&dev->device);

    if (dev->configuration > 1) {
        return error_set(errp, "%s: there is no configuration %u", name,
                         dev->configuration);
    }
    return TRUE;
}

static const StateField fields[] = {
    STATE_FIELD("address", STATE_U8, UsbDevice, address, .limit = 127),
    STATE_FIELD("configuration", STATE_U8, UsbDevice, configuration),
    STATE_FIELD("remote-wakeup", STATE_BOOL, UsbDevice, remote_wakeup),
    STATE_FIELD("suspended", STATE_BOOL, UsbDevice, suspended),
    STATE_FIELD("halted", STATE_U32, UsbDevice, halted),
    { NULL },
};

const StateDesc usb_device_state = {
    .name = "usb-device", .version = 1, .fields = fields, .post_load = post_load
};

static const Property properties[] = {
    { "port", PROP_STRING, offsetof(UsbDevice, port_path), .guest = TRUE,
      .help = "port of the bus: \"1\", or \"1.2\" behind a hub; default: the first free "
              "one" },
    { "serial", PROP_STRING, offsetof(UsbDevice, serial), .guest = TRUE,
      .help = "serial number; default: made of the place where it is" },
    { "msos-desc", PROP_BOOL, offsetof(UsbDevice, msos_desc), "on", .guest = TRUE,
      .help = "descriptors that Windows asks for" },
    PROPERTY_ONLY("attached", PROP_BOOL, "on"),
    PROPERTY_ONLY("pcap", PROP_STRING, ""),
    { NULL },
};

const UsbDeviceClass usb_device_class = {
    .device = {
        .name = "usb-device",
        .bus = USB_BUS_TYPE,
        .desc = "USB device",
        .instance_size = sizeof(UsbDevice),
        .abstract = TRUE,
        .properties = properties,
        .state = &usb_device_state,
        .realize = usb_device_realize,
        .reset = usb_device_reset,
        .unrealize = usb_device_unrealize,
    },
};
