/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a port's data plane. One function decides whether it should run
 * (port_wants_to_run()); everything that may change the answer calls
 * port_update(). Stopping is asynchronous: see virtio.h for the order.
 *
 * #syscalls main,vcpu: eventfd2
 * #syscalls all: write
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"
#include "virtio/port-internal.h"

static GSList *ports;

typedef struct Waiter {
    void (*done)(void *opaque);
    void *opaque;
} Waiter;

/* The data plane's way to the guest: first the status bit, then the edge. */
static void port_interrupt(VirtioPort *port, guint32 bit)
{
    g_atomic_int_or(&port->isr, bit);
    fd_signal(port->irq_fd);
}

static gboolean set_broken(VirtioPort *port, const char *why)
{
    if (!g_atomic_int_compare_and_exchange((gint *)&port->broken, 0, 1)) {
        return FALSE;
    }
    if (g_atomic_int_compare_and_exchange(&port->said_broken, 0, 1)) {
        log_warn("%s: the guest's driver misbehaves, the device needs a reset: %s",
                 port->name, why);
    }
    return TRUE;
}

/* Owner's loop. */

static void queue_interrupt(Virtqueue *vq, void *opaque)
{
    port_interrupt(opaque, VIRTIO_ISR_QUEUE);
}

static void queue_broken(Virtqueue *vq, void *opaque, const char *why)
{
    if (set_broken(opaque, why)) {
        port_interrupt(opaque, VIRTIO_ISR_CONFIG);
    }
}

static const VirtqueueOps queue_ops = { queue_interrupt, queue_broken,
                                        virtio_queue_again };

void virtio_device_broken(VirtioDevice *dev, const char *why)
{
    queue_broken(NULL, dev->port, why);
}

static gboolean port_is_broken(VirtioPort *port)
{
    return g_atomic_int_get(&port->broken) != 0;
}

static void handle_queue(VirtioPort *port, Virtqueue *vq)
{
    if (!port_is_broken(port)) {
        virtio_device_get_class(port->dev)->handle(port->dev, vq);
    }
}

static void queue_kicked(void *opaque, GIOCondition ready)
{
    Virtqueue *vq = opaque;
    guint64 count;

    if (read(vq->kick_fd, &count, sizeof(count)) == sizeof(count)) {
        handle_queue(vq->opaque, vq);
    }
}

void virtio_queue_again(Virtqueue *vq)
{
    fd_signal(vq->kick_fd);
}

/* In the owner's loop; or, for one that the main loop owns, under the machine lock. */
static void owner_start(void *opaque)
{
    VirtioPort *port = opaque;
    VirtioDevice *dev = port->dev;

    if (!port->start_posted) {
        return; /* stopped again before it came to this (owned by the main loop) */
    }
    port->start_posted = FALSE;
    if (virtio_device_get_class(dev)->start) {
        virtio_device_get_class(dev)->start(dev);
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (vq->enabled) {
            vq->kick_handler =
                event_loop_add_fd(dev->loop, vq->kick_fd, G_IO_IN, queue_kicked, vq);
            handle_queue(port, vq);
        }
    }
}

static void port_stopped(void *opaque);

/* Nothing in flight any more? TRUE the first time that this is so. */
static gboolean owner_drained(VirtioPort *port)
{
    if (!port->draining) {
        return FALSE;
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (port->queues[i].enabled && port->queues[i].in_flight) {
            return FALSE;
        }
    }
    port->draining = FALSE;
    return TRUE;
}

void virtio_device_idle(VirtioDevice *dev)
{
    if (owner_drained(dev->port)) {
        event_loop_post(event_loop_main(), port_stopped, dev->port);
    }
}

static void owner_halt(VirtioPort *port)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        event_handler_remove(vq->kick_handler);
        vq->kick_handler = NULL;
    }
    if (virtio_device_get_class(port->dev)->stop) {
        virtio_device_get_class(port->dev)->stop(port->dev);
    }
    port->draining = TRUE;
}

static void owner_stop(void *opaque)
{
    VirtioPort *port = opaque;

    owner_halt(port);
    virtio_device_idle(port->dev);
}

/* Control plane. */

static gboolean port_wants_to_run(VirtioPort *port)
{
    return port->dev && (port->status & VIRTIO_CONFIG_S_DRIVER_OK) &&
           !port_is_broken(port) && !port->frozen && !port->resetting && vm_running() &&
           !device_resetting();
}

static gboolean enable_queue(VirtioPort *port, Virtqueue *vq, GError **errp)
{
    if (vq->kick_fd < 0) {
        vq->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (vq->kick_fd < 0) {
            return error_set_errno(errp, errno, "eventfd");
        }
    }
    return virtqueue_enable(vq, port->driver_features & (1ull << VIRTIO_RING_F_EVENT_IDX),
                            port->driver_features & (1ull << VIRTIO_RING_F_INDIRECT_DESC),
                            errp);
}

static void disable_queues(VirtioPort *port)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        virtqueue_disable(&port->queues[i]);
    }
}

/* All that can fail, undone on failure. */
static gboolean bring_up(VirtioPort *port, GError **errp)
{
    const VirtioDeviceClass *klass = virtio_device_get_class(port->dev);

    if (klass->prepare && !klass->prepare(port->dev, port->driver_features, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (vq->ready && !enable_queue(port, vq, errp)) {
            disable_queues(port);
            return FALSE;
        }
    }
    port->irq_fd = port->ops->irqfd_get(port->transport, errp);
    if (port->irq_fd < 0) {
        disable_queues(port);
        return FALSE;
    }
    return TRUE;
}

static void port_start(VirtioPort *port)
{
    g_autoptr(GError) error = NULL;

    if (!bring_up(port, &error)) {
        set_broken(port, error->message);
        virtio_port_config_changed(port);
        return;
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (port->queues[i].enabled) {
            port->ops->ioeventfd(port->transport, &port->queues[i], TRUE);
        }
    }
    port->phase = VIRTIO_RUNNING;
    port->draining = FALSE;
    port->start_posted = TRUE;
    if (event_loop_current() == port->dev->loop) {
        owner_start(port);
    } else {
        event_loop_post(port->dev->loop, owner_start, port);
    }
}

void virtio_port_update(VirtioPort *port)
{
    if (port->phase == VIRTIO_IDLE && port_wants_to_run(port)) {
        port_start(port);
    }
}

/* The end of a stop. */
static void take_down(VirtioPort *port)
{
    port->ops->irqfd_put(port->transport);
    port->irq_fd = -1;
    disable_queues(port);
    port->phase = VIRTIO_IDLE;
}

static void port_stopped(void *opaque)
{
    VirtioPort *port = opaque;
    GSList *waiters;

    take_down(port);
    vm_quiesce_release();
    waiters = g_slist_reverse(g_steal_pointer(&port->waiters));
    for (GSList *l = waiters; l; l = l->next) {
        Waiter *w = l->data;
        w->done(w->opaque);
    }
    g_slist_free_full(waiters, g_free);
    virtio_port_update(port);
}

static void ioeventfds_off(VirtioPort *port)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (port->queues[i].enabled) {
            port->ops->ioeventfd(port->transport, &port->queues[i], FALSE);
        }
    }
}

/*
 * Of a device that the main loop owns, which does not run meanwhile: on the spot. TRUE
 * when nothing is in flight.
 */
static gboolean halt_now(VirtioPort *port)
{
    if (port->start_posted) {
        port->start_posted = FALSE;
        return TRUE;
    }
    owner_halt(port);
    return owner_drained(port);
}

void virtio_port_stop(VirtioPort *port, void (*done)(void *opaque), void *opaque)
{
    gboolean ours = port->dev && port->dev->loop == event_loop_main();

    if (port->phase == VIRTIO_RUNNING && ours) {
        ioeventfds_off(port);
        if (halt_now(port)) {
            take_down(port);
        } else {
            port->phase = VIRTIO_STOPPING;
            vm_quiesce_hold();
        }
    }
    if (port->phase == VIRTIO_IDLE) {
        if (done) {
            done(opaque);
        }
        return;
    }
    if (done) {
        Waiter *w = g_new(Waiter, 1);
        *w = (Waiter){ done, opaque };
        port->waiters = g_slist_prepend(port->waiters, w);
    }
    if (port->phase == VIRTIO_RUNNING) {
        port->phase = VIRTIO_STOPPING;
        vm_quiesce_hold();
        ioeventfds_off(port);
        event_loop_post(port->dev->loop, owner_stop, port);
    }
}

void virtio_port_quiesce(VirtioPort *port, void (*done)(void *opaque), void *opaque)
{
    port->frozen = TRUE;
    virtio_port_stop(port, done, opaque);
}

/*
 * While the VM stands still, queues are not served. Going on ends a freeze that
 * neither a reset nor an unplug has ended: a migration that did not take place.
 */
static void run_state_changed(gboolean running, void *opaque)
{
    for (GSList *l = ports; l; l = l->next) {
        VirtioPort *port = l->data;
        if (!running) {
            virtio_port_stop(port, NULL, NULL);
        } else {
            if (!device_resetting() && !(port->dev && port->dev->device.unplugging)) {
                port->frozen = FALSE;
            }
            virtio_port_update(port);
        }
    }
}

/* Of the 24 ports of a board few are ever filled: an empty one has no queues. */
void virtio_port_make_queues(VirtioPort *port)
{
    guint32 had = port->n_queues, n = port->dev ? port->dev->n_queues : 0;

    g_assert(port->phase == VIRTIO_IDLE);
    for (guint32 i = n; i < had; i++) {
        virtqueue_finalize(&port->queues[i]);
    }
    port->queues = g_renew(Virtqueue, port->queues, n);
    for (guint32 i = had; i < n; i++) {
        virtqueue_init(&port->queues[i], i, port->dma, &queue_ops, port);
    }
    port->n_queues = n;
}

void virtio_port_init(VirtioPort *port, const VirtioTransportOps *ops, void *transport,
                      DmaSpace *dma, const char *name)
{
    static gboolean subscribed;

    port->ops = ops;
    port->transport = transport;
    port->dma = dma;
    port->name = name;
    port->irq_fd = -1;
    virtio_port_init_state(port);
    virtio_port_forget_driver(port);
    ports = g_slist_append(ports, port);
    if (!subscribed) {
        subscribed = TRUE;
        run_state_subscribe(run_state_changed, NULL);
    }
}

void virtio_port_finalize(VirtioPort *port)
{
    g_assert(port->phase == VIRTIO_IDLE);
    ports = g_slist_remove(ports, port);
    g_assert(!port->dev);
    virtio_port_make_queues(port);
}

void virtio_port_notify(VirtioPort *port, unsigned queue)
{
    if (port->phase == VIRTIO_RUNNING && queue < port->n_queues &&
        port->queues[queue].enabled) {
        fd_signal(port->queues[queue].kick_fd);
    }
}
