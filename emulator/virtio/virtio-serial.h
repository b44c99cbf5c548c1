/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-serial (virtio 1.2, section 5.3, "console device"): between the device
 * (virtio-serial.c), its control queues (serial-control.c) and the ports on its bus
 * (serial-port.c). All of it on the main loop, under the machine lock.
 */
#ifndef VIREO_VIRTIO_VIRTIO_SERIAL_H
#define VIREO_VIRTIO_VIRTIO_SERIAL_H

#include <linux/virtio_console.h>

#include "chardev/chardev.h"
#include "virtio/virtio.h"

#define SERIAL_BUS_TYPE  "virtio-serial-bus"
#define SERIAL_PORTS_MAX 511 /* with their queues as many as a device can have */

/* Queues: 5.3.2. Port 0 has the first two, then come those of control. */
enum { SERIAL_CONTROL_RX = 2, SERIAL_CONTROL_TX = 3 };

typedef struct SerialPort SerialPort;

/* What the guest is still to be told of a port, in this order, and what it knows. */
enum {
    SERIAL_TELL_REMOVE = 1 << 0,
    SERIAL_TELL_ADD = 1 << 1,
    SERIAL_TELL_CONSOLE = 1 << 2,
    SERIAL_TELL_NAME = 1 << 3,
    SERIAL_TELL_OPEN = 1 << 4, /* or closed */
    SERIAL_KNOWN = 1 << 7,     /* it has said that it is ready for it */
};

typedef struct VirtioSerial {
    VirtioDevice dev;

    /* properties */
    guint32 max_ports;
    gboolean emergency_write;

    Bus *bus;
    SerialPort *ports[SERIAL_PORTS_MAX]; /* by number; NULL: there is none */
    gboolean running;                    /* the data plane is */

    /* migrated */
    gboolean ready;                /* the driver is, to hear of ports */
    guint8 tell[SERIAL_PORTS_MAX]; /* by number: SERIAL_TELL_ */
} VirtioSerial;

struct SerialPort {
    Device device;

    /* properties */
    char *chardev, *name;
    guint32 nr;

    VirtioSerial *serial;
    ChardevFront *chr; /* NULL: none */
    gboolean host_open;
    VirtqElement tx;
    gboolean has_tx;  /* popped: more than tx_done is to go */
    VirtqElement *rx; /* a ring, of which n_rx are popped; NULL: never yet */
    guint first_rx, n_rx;
    guint64 rx_room; /* bytes of theirs */

    /* migrated */
    gboolean guest_open, told_open; /* what the guest was told of host_open */
    guint64 tx_done;                /* bytes of the chain that comes first */
};

typedef struct SerialPortClass {
    DeviceClass device;
    gboolean console; /* a terminal of the guest's, open from the host's side */
} SerialPortClass;

extern const DeviceClass virtio_serial_port_class; /* what they have in common */
extern const SerialPortClass virtconsole_class, virtserialport_class;

static inline gboolean serial_port_is_console(const SerialPort *port)
{
    return ((const SerialPortClass *)port->device.klass)->console;
}

/* virtio-serial.c */
gboolean serial_has_control(const VirtioSerial *serial); /* agreed on */
static inline Virtqueue *serial_rx(SerialPort *port)
{
    return virtio_device_queue(&port->serial->dev, port->nr ? 2 * port->nr + 2 : 0);
}
static inline Virtqueue *serial_tx(SerialPort *port)
{
    return serial_rx(port) + 1;
}

/* serial-control.c */
void serial_tell(VirtioSerial *serial, guint32 nr, guint8 what);
void serial_tell_queue(VirtioSerial *serial); /* there may be room again */
void serial_hear_queue(VirtioSerial *serial, Virtqueue *vq);
/* The device forgets its driver. */
void serial_forget(VirtioSerial *serial);

/* serial-port.c */
void serial_port_start(SerialPort *port);
void serial_port_stop(SerialPort *port);
void serial_port_send(SerialPort *port);    /* what the guest has written */
void serial_port_receive(SerialPort *port); /* the guest has room */
void serial_port_set_open(SerialPort *port, gboolean open); /* the guest's side */
void serial_port_forget(SerialPort *port);
void serial_port_off(SerialPort *port); /* the bus */

#endif
