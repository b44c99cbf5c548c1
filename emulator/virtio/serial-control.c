/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control queues of a virtio-serial: 5.3.6.2. What the guest is to be told waits, a
 * bit for each kind and port, until it has given a buffer for it: nothing gets lost, and
 * a guest that gives none costs nothing.
 */
#include <string.h>

#include "virtio/virtio-serial.h"

static void put_header(struct virtio_console_control *m, guint32 nr, guint16 event,
                       guint16 value)
{
    *m = (struct virtio_console_control){ GUINT32_TO_LE(nr), GUINT16_TO_LE(event),
                                          GUINT16_TO_LE(value) };
}

/* The first thing to be told of a port; FALSE: it is known already. */
static gboolean make_message(VirtioSerial *serial, guint32 nr, guint8 what,
                             struct virtio_console_control *m)
{
    SerialPort *port = serial->ports[nr];

    switch (what) {
    case SERIAL_TELL_REMOVE:
        put_header(m, nr, VIRTIO_CONSOLE_PORT_REMOVE, 1);
        return TRUE;
    case SERIAL_TELL_ADD:
        put_header(m, nr, VIRTIO_CONSOLE_PORT_ADD, 1);
        return TRUE;
    case SERIAL_TELL_CONSOLE:
        put_header(m, nr, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
        return TRUE;
    case SERIAL_TELL_NAME:
        put_header(m, nr, VIRTIO_CONSOLE_PORT_NAME, 1);
        return TRUE;
    default:
        put_header(m, nr, VIRTIO_CONSOLE_PORT_OPEN, (guint16) !!port->host_open);
        if (port->told_open == port->host_open) {
            return FALSE;
        }
        port->told_open = port->host_open;
        return TRUE;
    }
}

/* FALSE: the guest has no buffer for it. */
static gboolean send_message(VirtioSerial *serial, guint32 nr, guint8 what)
{
    Virtqueue *vq = virtio_device_queue(&serial->dev, SERIAL_CONTROL_RX);
    struct virtio_console_control m;
    VirtqElement elem;
    guint64 n = 0;

    virtq_element_init(&elem);
    gboolean there = virtqueue_pop(vq, &elem);
    if (there && !make_message(serial, nr, what, &m)) {
        virtqueue_unpop(vq, &elem);
    } else if (there) {
        n = guest_iov_from_buf(&elem.in, 0, &m, sizeof(m));
        if (what == SERIAL_TELL_NAME) {
            const char *name = serial->ports[nr]->name;
            n += guest_iov_from_buf(&elem.in, n, name, strlen(name) + 1);
        }
        virtqueue_push(vq, &elem, (guint32)n);
    }
    virtq_element_free(&elem);
    return there;
}

void serial_tell_queue(VirtioSerial *serial)
{
    Virtqueue *vq = virtio_device_queue(&serial->dev, SERIAL_CONTROL_RX);

    if (!serial->running || !vq->enabled) {
        return;
    }
    for (guint32 nr = 0; nr < serial->max_ports; nr++) {
        guint8 *tell = &serial->tell[nr];
        for (guint8 what = SERIAL_TELL_REMOVE; what <= SERIAL_TELL_OPEN; what <<= 1) {
            if (!(*tell & what)) {
                continue;
            }
            if (!send_message(serial, nr, what)) {
                if (virtqueue_set_notification(vq, TRUE)) {
                    virtio_queue_again(vq);
                }
                return;
            }
            *tell &= ~what;
        }
    }
}

void serial_tell(VirtioSerial *serial, guint32 nr, guint8 what)
{
    if (serial->ready) {
        serial->tell[nr] |= what;
        serial_tell_queue(serial);
    }
}

/* What a port has to say of itself once the guest is ready for it. */
static void introduce(VirtioSerial *serial, SerialPort *port)
{
    serial->tell[port->nr] |= SERIAL_KNOWN | SERIAL_TELL_OPEN |
                              (serial_port_is_console(port) ? SERIAL_TELL_CONSOLE : 0) |
                              (port->name ? SERIAL_TELL_NAME : 0);
}

static void hear(VirtioSerial *serial, const struct virtio_console_control *m)
{
    guint32 nr = GUINT32_FROM_LE(m->id);
    gboolean value = m->value != 0;
    SerialPort *port = nr < serial->max_ports ? serial->ports[nr] : NULL;

    switch (GUINT16_FROM_LE(m->event)) {
    case VIRTIO_CONSOLE_DEVICE_READY:
        serial->ready = value;
        for (guint32 i = 0; value && i < serial->max_ports; i++) {
            serial->tell[i] |= serial->ports[i] ? SERIAL_TELL_ADD : 0;
        }
        break;
    case VIRTIO_CONSOLE_PORT_READY:
        if (port && value) {
            introduce(serial, port);
        }
        break;
    case VIRTIO_CONSOLE_PORT_OPEN:
        if (port) {
            serial_port_set_open(port, value);
        }
        break;
    }
}

void serial_hear_queue(VirtioSerial *serial, Virtqueue *vq)
{
    struct virtio_console_control m;
    VirtqElement elem;

    virtq_element_init(&elem);
    while (virtqueue_pop(vq, &elem)) {
        if (guest_iov_to_buf(&elem.out, 0, &m, sizeof(m)) == sizeof(m)) {
            hear(serial, &m);
        }
        virtqueue_fill(vq, &elem, 0);
    }
    virtq_element_free(&elem);
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
    serial_tell_queue(serial);
}

void serial_forget(VirtioSerial *serial)
{
    serial->ready = FALSE;
    memset(serial->tell, 0, sizeof(serial->tell));
}
