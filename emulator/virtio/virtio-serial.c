/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-serial: the device, its queues, and the bus that its ports sit on. */
#include "virtio/virtio-serial.h"

#include <linux/virtio_ids.h>
#include <string.h>

#include "util/error.h"

#define QUEUE_SIZE   128
#define CONTROL_SIZE 32
#define NO_NUMBER    G_MAXUINT32
#define FEATURE(bit) (1ull << VIRTIO_CONSOLE_F_##bit)

gboolean serial_has_control(const VirtioSerial *serial)
{
    return virtio_device_has_feature(&serial->dev, VIRTIO_CONSOLE_F_MULTIPORT);
}

static guint64 serial_features(VirtioDevice *dev)
{
    const VirtioSerial *serial = (const VirtioSerial *)dev;

    return (serial->max_ports > 1 ? FEATURE(MULTIPORT) : 0) |
           (serial->emergency_write ? FEATURE(EMERG_WRITE) : 0);
}

static unsigned serial_config(VirtioDevice *dev, guint8 *space)
{
    const VirtioSerial *serial = (const VirtioSerial *)dev;
    struct virtio_console_config *config = (struct virtio_console_config *)space;

    config->max_nr_ports = GUINT32_TO_LE(serial->max_ports);
    return serial->emergency_write ? sizeof(*config)
                                   : offsetof(struct virtio_console_config, emerg_wr);
}

/* 5.3.4: a byte for the first console, also before there is a driver. */
static void serial_config_write(VirtioDevice *dev, unsigned offset, unsigned size,
                                guint64 value)
{
    VirtioSerial *serial = (VirtioSerial *)dev;
    guint8 byte = (guint8)value;

    if (!serial->emergency_write ||
        offset != offsetof(struct virtio_console_config, emerg_wr)) {
        return;
    }
    for (guint32 i = 0; i < serial->max_ports; i++) {
        SerialPort *port = serial->ports[i];
        if (port && serial_port_is_console(port)) {
            if (port->chr) {
                chardev_write(port->chr, &byte, 1);
            }
            return;
        }
    }
}

static SerialPort *port_of(VirtioSerial *serial, const Virtqueue *vq)
{
    return serial->ports[vq->index < 2 ? 0 : vq->index / 2 - 1];
}

/* What is sent to a port that is not there is lost. */
static void drop(Virtqueue *vq)
{
    VirtqElement elem;

    virtq_element_init(&elem);
    while (virtqueue_pop(vq, &elem)) {
        virtqueue_fill(vq, &elem, 0);
    }
    virtq_element_free(&elem);
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
}

static void serial_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VirtioSerial *serial = (VirtioSerial *)dev;

    if (vq->index == SERIAL_CONTROL_RX) {
        serial_tell_queue(serial);
    } else if (vq->index == SERIAL_CONTROL_TX) {
        serial_hear_queue(serial, vq);
    } else if (port_of(serial, vq) && vq->index % 2) {
        serial_port_send(port_of(serial, vq));
    } else if (port_of(serial, vq)) {
        serial_port_receive(port_of(serial, vq));
    } else if (vq->index % 2) {
        drop(vq);
    }
}

static void serial_start(VirtioDevice *dev, EventLoop *loop)
{
    VirtioSerial *serial = (VirtioSerial *)dev;

    serial->running = TRUE;
    if (!serial_has_control(serial) && serial->ports[0]) {
        serial_port_set_open(serial->ports[0], TRUE);
    }
    for (guint32 i = 0; i < serial->max_ports; i++) {
        if (serial->ports[i]) {
            serial_port_start(serial->ports[i]);
        }
    }
}

static void serial_stop(VirtioDevice *dev, EventLoop *loop)
{
    VirtioSerial *serial = (VirtioSerial *)dev;

    serial->running = FALSE;
    for (guint32 i = 0; i < serial->max_ports; i++) {
        if (serial->ports[i]) {
            serial_port_stop(serial->ports[i]);
        }
    }
}

static void serial_reset(VirtioDevice *dev)
{
    VirtioSerial *serial = (VirtioSerial *)dev;

    serial_forget(serial);
    for (guint32 i = 0; i < serial->max_ports; i++) {
        if (serial->ports[i]) {
            serial_port_forget(serial->ports[i]);
        }
    }
}

static guint16 serial_queue_size(VirtioDevice *dev, unsigned queue)
{
    return queue == SERIAL_CONTROL_RX || queue == SERIAL_CONTROL_TX ? CONTROL_SIZE
                                                                    : QUEUE_SIZE;
}

/*
 * Linux makes the queues of all ports that there could be. What is sent to one that is
 * not there has to be given back; buffers for what it might receive can wait.
 */
static gboolean serial_listens(VirtioDevice *dev, unsigned queue)
{
    const VirtioSerial *serial = (const VirtioSerial *)dev;

    return queue % 2 || queue / 2 == 1 || serial->ports[queue < 2 ? 0 : queue / 2 - 1];
}

/* The bus */

/* Number 0 is a console's: what drivers without the control queue know. */
static guint32 free_number(const VirtioSerial *serial, const SerialPort *port)
{
    for (guint32 i = serial_port_is_console(port) ? 0 : 1; i < serial->max_ports; i++) {
        if (!serial->ports[i]) {
            return i;
        }
    }
    return NO_NUMBER;
}

static gboolean choose_number(const VirtioSerial *serial, SerialPort *port, GError **errp)
{
    if (port->nr == NO_NUMBER) {
        port->nr = free_number(serial, port);
        return port->nr != NO_NUMBER ||
               error_set(errp, "virtio-serial-bus: Maximum port limit for this device "
                               "reached");
    }
    if (port->nr >= serial->max_ports) {
        return error_set(errp,
                         "virtio-serial-bus: Out-of-range port id specified, max. "
                         "allowed: %u",
                         serial->max_ports - 1);
    }
    if (port->nr == 0 && !serial_port_is_console(port)) {
        return error_set(errp, "Port number 0 on virtio-serial devices reserved for "
                               "virtconsole devices for backward compatibility.");
    }
    return !serial->ports[port->nr] ||
           error_set(errp, "virtio-serial-bus: A port already exists at id %u", port->nr);
}

static gboolean bus_pre_plug(Bus *bus, Device *device, GError **errp)
{
    VirtioSerial *serial = bus->opaque;
    SerialPort *port = (SerialPort *)device;

    for (guint32 i = 0; port->name && i < serial->max_ports; i++) {
        if (serial->ports[i] && g_strcmp0(serial->ports[i]->name, port->name) == 0) {
            return error_set(errp, "virtio-serial-bus: A port already exists by name %s",
                             port->name);
        }
    }
    if (!choose_number(serial, port, errp)) {
        return FALSE;
    }
    serial->ports[port->nr] = port;
    return TRUE;
}

static void bus_announce(Bus *bus, Device *device)
{
    SerialPort *port = (SerialPort *)device;

    port->serial = bus->opaque;
    virtio_queue_listen(&port->serial->dev, serial_rx(port)->index);
    serial_tell(port->serial, port->nr, SERIAL_TELL_ADD);
}

static void bus_unplug(Bus *bus, Device *device)
{
    VirtioSerial *serial = bus->opaque;
    SerialPort *port = (SerialPort *)device;

    serial->ports[port->nr] = NULL;
    if (port->serial) {
        serial_port_off(port);
        port->serial = NULL;
        serial->tell[port->nr] = 0;
        serial_tell(serial, port->nr, SERIAL_TELL_REMOVE);
    }
}

static const BusClass bus_class = {
    .type = SERIAL_BUS_TYPE,
    .pre_plug = bus_pre_plug,
    .announce = bus_announce,
    .unplug = bus_unplug,
};

/* Life */

static const char *user_id(const Device *device)
{
    while (device->part) {
        device = device->parent;
    }
    return device->id;
}

static gboolean serial_realize(Device *device, GError **errp)
{
    VirtioSerial *serial = (VirtioSerial *)device;
    const char *id = user_id(device);

    if (serial->max_ports < 1 || serial->max_ports > SERIAL_PORTS_MAX) {
        return error_set(errp, "maximum ports supported: %u", SERIAL_PORTS_MAX);
    }
    if (!virtio_device_get_loop(&serial->dev, NULL, errp)) {
        return FALSE;
    }
    serial->dev.n_queues = (guint16)(2 * (serial->max_ports + 1));
    serial->dev.n_vectors =
        (guint16)(serial->max_ports + 1); /* as QEMU's: drivers share */
    serial->dev.queue_size = QUEUE_SIZE;
    g_autofree char *name = g_strdup_printf("%s.0", id ? id : "virtio-serial-bus");
    serial->bus = bus_new(&bus_class, name, device, serial);
    return TRUE;
}

static void serial_unrealize(Device *device)
{
    VirtioSerial *serial = (VirtioSerial *)device;

    g_clear_pointer(&serial->bus, bus_free);
    virtio_device_put_loop(&serial->dev, NULL);
}

static const StateField fields[] = {
    STATE_FIELD("ready", STATE_BOOL, VirtioSerial, ready),
    STATE_ARRAY("tell", STATE_BYTES, VirtioSerial, tell, SERIAL_PORTS_MAX),
    { NULL },
};

/* A port that is not there has nothing to tell but that it has gone. */
static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    const VirtioSerial *serial = opaque;

    for (guint32 i = 0; i < SERIAL_PORTS_MAX; i++) {
        gboolean there = i < serial->max_ports && serial->ports[i];
        guint8 tell = serial->tell[i];
        if (tell & ~(there ? 0x9f : SERIAL_TELL_REMOVE) ||
            ((tell & SERIAL_TELL_NAME) && !serial->ports[i]->name) ||
            (tell && i >= serial->max_ports)) {
            return error_set(errp, "virtio-serial: 0x%02x is to be told of port %u", tell,
                             i);
        }
    }
    return TRUE;
}

static const StateDesc serial_state = {
    .name = "virtio-serial-device",
    .version = 1,
    .fields = fields,
    .post_load = post_load,
};

#define FIELD(name) offsetof(VirtioSerial, name)
static const Property properties[] = {
    { "max_ports", PROP_U32, FIELD(max_ports), "31", .guest = TRUE,
      .help = "ports that it has room for, 1 to 511" },
    { "emergency-write", PROP_BOOL, FIELD(emergency_write), "on", .guest = TRUE,
      .help = "the guest can write a byte to its console without a driver" },
    { NULL },
};

const VirtioDeviceClass virtio_serial_class = {
    .device = {
        .name = "virtio-serial-device",
        .alias = "virtio-serial-mmio",
        .desc = "Virtio consoles and channels",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioSerial),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &serial_state,
        .realize = serial_realize,
        .unrealize = serial_unrealize,
    },
    .device_id = VIRTIO_ID_CONSOLE,
    .features = serial_features,
    .config = serial_config,
    .config_write = serial_config_write,
    .queue_size = serial_queue_size,
    .reset = serial_reset,
    .start = serial_start,
    .handle = serial_handle,
    .listens = serial_listens,
    .stop = serial_stop,
};
