/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane in this process: the loops that own the queues call the device's
 * handle(). Each loop begins and halts by itself; the port has stopped when the last one
 * has nothing in flight any more.
 *
 * #syscalls all: write
 */
#include "util/fd.h"
#include "virtio/port-internal.h"

/* What a loop has of a port: all queues whose owner it is. */
struct VirtioOwner {
    VirtioPort *port;
    EventLoop *loop;
    gboolean posted;   /* is to begin, and has not; cleared by the loop */
    gboolean begun;    /* the loop's: it has begun, and has not been halted */
    gboolean draining; /* the loop's: stopped, once nothing is in flight */
};

static void queue_kicked(void *opaque, GIOCondition ready)
{
    Virtqueue *vq = opaque;
    guint64 count;

    if (read(vq->kick_fd, &count, sizeof(count)) == sizeof(count)) {
        virtio_port_handle(vq->opaque, vq);
    }
}

void virtio_queue_again(Virtqueue *vq)
{
    fd_signal(vq->kick_fd);
}

static gboolean is_owned(const VirtioOwner *owner, const Virtqueue *vq)
{
    return vq->enabled && vq->loop == owner->loop;
}

static void listen_to(VirtioOwner *owner, Virtqueue *vq)
{
    if (!vq->kick_handler) {
        vq->kick_handler =
            event_loop_add_fd(owner->loop, vq->kick_fd, G_IO_IN, queue_kicked, vq);
    }
}

/* In the owner's loop; or, for the main loop, under the machine lock. */
static void begin(void *opaque)
{
    VirtioOwner *owner = opaque;
    VirtioPort *port = owner->port;
    const VirtioDeviceClass *klass = virtio_device_get_class(port->dev);

    owner->posted = FALSE;
    owner->begun = TRUE;
    if (klass->start) {
        klass->start(port->dev, owner->loop);
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (is_owned(owner, vq) && (!klass->listens || klass->listens(port->dev, i))) {
            listen_to(owner, vq);
            virtio_port_handle(port, vq);
        }
    }
}

/*
 * Those of the main loop that are still to begin: they may have been stopped since this
 * was posted, and their ports may have gone.
 */
static void begin_posted(void *opaque)
{
    for (GSList *l = virtio_ports(); l; l = l->next) {
        VirtioPort *port = l->data;
        for (unsigned i = 0; i < port->n_owners; i++) {
            VirtioOwner *owner = &port->owners[i];
            if (owner->posted && owner->loop == event_loop_main()) {
                begin(owner);
            }
        }
    }
}

static gboolean own_start(VirtioPort *port, GError **errp)
{
    for (unsigned i = 0; i < port->n_owners; i++) {
        VirtioOwner *owner = &port->owners[i];
        owner->draining = FALSE;
        owner->posted = TRUE;
        if (owner->loop == event_loop_current()) {
            begin(owner);
        } else if (owner->loop == event_loop_main()) {
            event_loop_post(owner->loop, begin_posted, NULL);
        } else {
            event_loop_post(owner->loop, begin, owner);
        }
    }
    return TRUE;
}

/* Nothing in flight any more? TRUE the first time that this is so. */
static gboolean drained(VirtioOwner *owner)
{
    const VirtioPort *port = owner->port;

    if (!owner->draining) {
        return FALSE;
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (is_owned(owner, &port->queues[i]) && port->queues[i].in_flight) {
            return FALSE;
        }
    }
    owner->draining = FALSE;
    return TRUE;
}

/* Main loop. */
static void owner_stopped(void *opaque)
{
    VirtioPort *port = opaque;

    if (--port->busy == 0) {
        virtio_port_stopped(port);
    }
}

void virtio_device_idle(VirtioDevice *dev, EventLoop *loop)
{
    VirtioPort *port = dev->port;

    for (unsigned i = 0; i < port->n_owners; i++) {
        if (port->owners[i].loop == loop && drained(&port->owners[i])) {
            event_loop_post(event_loop_main(), owner_stopped, port);
            return; /* it may be gone by now */
        }
    }
}

static void halt(VirtioOwner *owner)
{
    VirtioPort *port = owner->port;
    const VirtioDeviceClass *klass = virtio_device_get_class(port->dev);

    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (is_owned(owner, vq)) {
            event_handler_remove(vq->kick_handler);
            vq->kick_handler = NULL;
        }
    }
    if (klass->stop) {
        klass->stop(port->dev, owner->loop);
    }
    owner->begun = FALSE;
    owner->draining = TRUE;
}

static void halt_posted(void *opaque)
{
    VirtioOwner *owner = opaque;

    halt(owner);
    virtio_device_idle(owner->port->dev, owner->loop);
}

/* Of the main loop, which does not run meanwhile: on the spot. TRUE when it is down. */
static gboolean halt_now(VirtioOwner *owner)
{
    if (owner->posted) {
        owner->posted = FALSE;
        return TRUE;
    }
    halt(owner);
    return drained(owner);
}

static gboolean own_stop(VirtioPort *port)
{
    port->busy = 0;
    for (unsigned i = 0; i < port->n_owners; i++) {
        VirtioOwner *owner = &port->owners[i];
        if (owner->loop != event_loop_main()) {
            port->busy++;
            event_loop_post(owner->loop, halt_posted, owner);
        } else if (!halt_now(owner)) {
            port->busy++;
        }
    }
    return port->busy == 0;
}

const VirtioDataPlane virtio_plane_own = { own_start, own_stop };

/* Who owns what */

static VirtioOwner *find_owner(VirtioPort *port, const EventLoop *loop)
{
    for (unsigned i = 0; i < port->n_owners; i++) {
        if (port->owners[i].loop == loop) {
            return &port->owners[i];
        }
    }
    return NULL;
}

/* What was added meanwhile has signalled the descriptor. */
void virtio_queue_listen(VirtioDevice *dev, unsigned queue)
{
    VirtioPort *port = dev->port;

    if (port && queue < port->n_queues) {
        Virtqueue *vq = &port->queues[queue];
        VirtioOwner *owner = find_owner(port, vq->loop);
        if (owner && owner->begun && is_owned(owner, vq)) {
            listen_to(owner, vq);
        }
    }
}

static void add_owner(VirtioPort *port, EventLoop *loop)
{
    if (loop && !find_owner(port, loop)) { /* NULL: somebody else serves the queue */
        port->owners = g_renew(VirtioOwner, port->owners, port->n_owners + 1);
        port->owners[port->n_owners++] = (VirtioOwner){ .port = port, .loop = loop };
    }
}

void virtio_port_make_owners(VirtioPort *port)
{
    VirtioDevice *dev = port->dev;

    port->n_owners = 0;
    if (!dev) {
        g_clear_pointer(&port->owners, g_free);
        return;
    }
    const VirtioDeviceClass *klass = virtio_device_get_class(dev);
    add_owner(port, dev->loop);
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        vq->loop = klass->queue_loop ? klass->queue_loop(dev, i) : dev->loop;
        add_owner(port, vq->loop);
    }
}
