/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of a virtio-serial. What the guest writes waits in its own buffers while the
 * host's side takes no more, and what the host sends waits with the host until the guest
 * has opened the port and given buffers: nobody keeps it here, and nothing gets lost.
 */
#include "config/node.h"
#include "event/vm-event.h"
#include "util/error.h"
#include "virtio/virtio-serial.h"

#define AT_ONCE (32 << 10) /* bytes for the guest */
#define RX_MAX  8          /* buffers for them: Linux gives pages */

/* From the guest */

/* Bytes of a chain from tx_done on; FALSE: the host takes no more now. */
static gboolean write_chain(SerialPort *port)
{
    const GuestIov *out = &port->tx.out;
    guint64 at = 0;

    for (unsigned i = 0; i < out->n; i++) {
        guint64 end = at + out->iov[i].iov_len;
        if (port->tx_done < end) {
            const guint8 *from =
                (const guint8 *)out->iov[i].iov_base + (port->tx_done - at);
            guint64 want = end - port->tx_done;
            port->tx_done += chardev_write(port->chr, from, want);
            if (port->tx_done < end) {
                return FALSE;
            }
        }
        at = end;
    }
    return TRUE;
}

void serial_port_send(SerialPort *port)
{
    Virtqueue *vq;
    gboolean taken = TRUE;

    if (!port->serial || !port->serial->running || !serial_tx(port)->enabled) {
        return;
    }
    vq = serial_tx(port);
    while (taken && (port->has_tx || virtqueue_pop(vq, &port->tx))) {
        port->has_tx = TRUE;
        taken = !port->chr || write_chain(port);
        if (taken) {
            virtqueue_fill(vq, &port->tx, 0);
            port->has_tx = FALSE;
            port->tx_done = 0;
        }
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE) && taken) {
        virtio_queue_again(vq);
    }
}

static void writable(void *opaque)
{
    serial_port_send(opaque);
}

/* To the guest */

static VirtqElement *rx_at(SerialPort *port, guint i)
{
    return &port->rx[(port->first_rx + i) % RX_MAX];
}

/* One more that takes something. */
static gboolean take_buffer(SerialPort *port, Virtqueue *vq)
{
    VirtqElement *elem = rx_at(port, port->n_rx);

    while (virtqueue_pop(vq, elem)) {
        if (elem->in.size) {
            port->n_rx++;
            port->rx_room += elem->in.size;
            return TRUE;
        }
        if (port->n_rx) { /* in turn: those before it may have to be given back */
            virtqueue_unpop(vq, elem);
            return FALSE;
        }
        virtqueue_push(vq, elem, 0);
    }
    return FALSE;
}

/* Buffers of the guest's, as many as one turn can fill: so it hears of them at once. */
static guint64 have_room(SerialPort *port, Virtqueue *vq)
{
    if (!port->rx) {
        port->rx = g_new(VirtqElement, RX_MAX);
        for (guint i = 0; i < RX_MAX; i++) {
            virtq_element_init(&port->rx[i]);
        }
    }
    while (port->n_rx < RX_MAX && port->rx_room < AT_ONCE && take_buffer(port, vq)) {
    }
    return vq->broken ? 0 : port->rx_room;
}

/* As they came: from the last on. */
static void give_back_rx(SerialPort *port)
{
    while (port->n_rx) {
        virtqueue_unpop(serial_rx(port), rx_at(port, --port->n_rx));
    }
    port->rx_room = 0;
}

static size_t can_receive(void *opaque)
{
    SerialPort *port = opaque;
    guint64 room;
    Virtqueue *vq;

    if (!port->serial || !port->serial->running || !port->guest_open ||
        !serial_rx(port)->enabled) {
        return 0;
    }
    vq = serial_rx(port);
    room = have_room(port, vq);
    if (!room && virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq); /* one has just come: serial_port_receive() */
    }
    return MIN(room, AT_ONCE);
}

static void receive(void *opaque, const guint8 *buf, size_t len)
{
    SerialPort *port = opaque;
    Virtqueue *vq = serial_rx(port);

    while (len && port->n_rx) {
        VirtqElement *elem = rx_at(port, 0);
        guint64 n = guest_iov_from_buf(&elem->in, 0, buf, len);

        port->rx_room -= elem->in.size;
        port->first_rx = (port->first_rx + 1) % RX_MAX;
        port->n_rx--;
        virtqueue_fill(vq, elem, (guint32)n);
        buf += n;
        len -= n;
    }
    virtqueue_flush(vq);
}

void serial_port_receive(SerialPort *port)
{
    if (port->chr) {
        chardev_resume(port->chr);
    }
}

/* Open and closed */

static void tell_open(SerialPort *port, gboolean open)
{
    ConfigNode *data = config_map_new();

    config_map_set_string(data, "id", port->device.id);
    config_map_set_bool(data, "open", open);
    vm_event_emit("VSERPORT_CHANGE", data);
}

void serial_port_set_open(SerialPort *port, gboolean open)
{
    if (port->guest_open == open) {
        return;
    }
    port->guest_open = open;
    if (port->device.id) {
        tell_open(port, open);
    }
    if (port->chr) {
        chardev_set_open(port->chr, open);
        chardev_resume(port->chr);
    }
}

static void set_host_open(SerialPort *port, gboolean open)
{
    port->host_open = open || serial_port_is_console(port);
    if (port->serial && (port->serial->tell[port->nr] & SERIAL_KNOWN)) {
        serial_tell(port->serial, port->nr, SERIAL_TELL_OPEN);
    }
}

static void peer_changed(void *opaque, ChardevEvent event)
{
    SerialPort *port = opaque;

    if (event == CHARDEV_OPENED || event == CHARDEV_CLOSED) {
        set_host_open(port, event == CHARDEV_OPENED);
    }
    if (event == CHARDEV_CLOSED) {
        serial_port_send(port); /* to nobody */
    }
}

static const ChardevUser port_user = {
    .can_receive = can_receive,
    .receive = receive,
    .event = peer_changed,
    .writable = writable,
    .opens_itself = TRUE,
};

/* The queues come and go */

void serial_port_start(SerialPort *port)
{
    if (port->told_open != port->host_open &&
        (port->serial->tell[port->nr] & SERIAL_KNOWN)) {
        serial_tell(port->serial, port->nr, SERIAL_TELL_OPEN);
    }
}

/* The buffers are the driver's again, and are popped anew when the queue goes on. */
void serial_port_stop(SerialPort *port)
{
    if (port->has_tx) {
        port->has_tx = FALSE;
        virtqueue_unpop(serial_tx(port), &port->tx);
    }
    give_back_rx(port);
}

void serial_port_forget(SerialPort *port)
{
    serial_port_set_open(port, FALSE);
    port->told_open = FALSE;
    port->tx_done = 0;
}

/* What it had begun with is given back as it is. */
void serial_port_off(SerialPort *port)
{
    serial_port_set_open(port, FALSE);
    if (port->has_tx) {
        port->has_tx = FALSE;
        virtqueue_push(serial_tx(port), &port->tx, 0);
    }
    give_back_rx(port);
}

/* Life */

static gboolean port_realize(Device *device, GError **errp)
{
    SerialPort *port = (SerialPort *)device;

    port->host_open = serial_port_is_console(port);
    virtq_element_init(&port->tx);
    if (port->chardev && !chardev_attach_property(device->klass->name, port->chardev,
                                                  &port_user, port, &port->chr, errp)) {
        virtq_element_free(&port->tx);
        return FALSE;
    }
    return TRUE;
}

static void port_unrealize(Device *device)
{
    SerialPort *port = (SerialPort *)device;

    chardev_detach(&port->chr);
    for (guint i = 0; port->rx && i < RX_MAX; i++) {
        virtq_element_free(&port->rx[i]);
    }
    g_clear_pointer(&port->rx, g_free);
    virtq_element_free(&port->tx);
}

/* The host hears of what is open here, too. */
static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    SerialPort *port = opaque;

    if (port->guest_open) {
        port->guest_open = FALSE;
        serial_port_set_open(port, TRUE);
    }
    return TRUE;
}

static const StateField fields[] = {
    STATE_FIELD("guest-open", STATE_BOOL, SerialPort, guest_open),
    STATE_FIELD("told-open", STATE_BOOL, SerialPort, told_open),
    STATE_FIELD("sent", STATE_U64, SerialPort, tx_done),
    { NULL },
};

static const StateDesc state = {
    .name = "virtio-serial-port",
    .version = 1,
    .fields = fields,
    .post_load = post_load,
};

#define FIELD(name) offsetof(SerialPort, name)
static const Property properties[] = {
    { "chardev", PROP_STRING, FIELD(chardev),
      .help = "id of the chardev that has the other end" },
    { "nr", PROP_U32, FIELD(nr), "4294967295", .guest = TRUE,
      .help = "number of the port; a free one if not given" },
    { "name", PROP_STRING, FIELD(name), .guest = TRUE,
      .help = "by which the guest finds it: /dev/virtio-ports/NAME" },
    { NULL },
};

const DeviceClass virtio_serial_port_class = {
    .name = "virtio-serial-port",
    .abstract = TRUE,
    .bus = SERIAL_BUS_TYPE,
    .desc = "Port of a virtio-serial",
    .instance_size = sizeof(SerialPort),
    .properties = properties,
    .state = &state,
    .realize = port_realize,
    .unrealize = port_unrealize,
};

const SerialPortClass virtconsole_class = {
    .device = {
        .name = "virtconsole",
        .desc = "Console of the guest on a virtio-serial (hvc)",
        .parent = &virtio_serial_port_class,
        .instance_size = sizeof(SerialPort),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
    },
    .console = TRUE,
};

const SerialPortClass virtserialport_class = {
    .device = {
        .name = "virtserialport",
        .desc = "Channel to the guest on a virtio-serial",
        .parent = &virtio_serial_port_class,
        .instance_size = sizeof(SerialPort),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
    },
};
