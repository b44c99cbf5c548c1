/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a port's data plane. One function decides whether it should run
 * (port_wants_to_run()); everything that may change the answer calls
 * virtio_port_update(). Stopping is asynchronous: see virtio.h for the order. What runs
 * is the device's VirtioDataPlane.
 *
 * #syscalls main,vcpu: eventfd2
 */
#include <errno.h>
#include <sys/eventfd.h>

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

GSList *virtio_ports(void)
{
    return ports;
}

/* The data plane's way to the guest: first the status bit, then the edge. */
static void port_interrupt(VirtioPort *port, int fd, guint32 bit)
{
    g_atomic_int_or(&port->isr, bit);
    if (fd >= 0) {
        fd_signal(fd);
    }
}

#define BY_GUEST "the guest's driver misbehaves"
#define BY_HOST  "the host lacks what it needs"

static gboolean set_broken(VirtioPort *port, const char *whose, const char *why)
{
    if (!g_atomic_int_compare_and_exchange((gint *)&port->broken, 0, 1)) {
        return FALSE;
    }
    if (g_atomic_int_compare_and_exchange(&port->said_broken, 0, 1)) {
        log_warn("%s: %s, the device needs a reset: %s", port->name, whose, why);
    }
    return TRUE;
}

/* Owner's loop. */

static void queue_interrupt(Virtqueue *vq, void *opaque)
{
    port_interrupt(opaque, vq->call_fd, VIRTIO_ISR_QUEUE);
}

static void queue_broken(Virtqueue *vq, void *opaque, const char *why)
{
    VirtioPort *port = opaque;

    if (set_broken(port, BY_GUEST, why)) {
        port_interrupt(port, port->config_fd, VIRTIO_ISR_CONFIG);
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

void virtio_port_handle(VirtioPort *port, Virtqueue *vq)
{
    if (!port_is_broken(port)) {
        virtio_device_get_class(port->dev)->handle(port->dev, vq);
    }
}

/* Control plane. */

static gboolean port_wants_to_run(VirtioPort *port)
{
    return port->dev && virtio_port_is_live(port) && !port_is_broken(port) &&
           !port->frozen && !port->resetting && !port->no_dma && !port->telling &&
           vm_running() && !device_resetting();
}

/* *whose: BY_GUEST, or as it was. */
static gboolean enable_queue(VirtioPort *port, Virtqueue *vq, const char **whose,
                             GError **errp)
{
    if (vq->kick_fd < 0) {
        vq->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (vq->kick_fd < 0) {
            return error_set_errno(errp, errno, "eventfd");
        }
    }
    if (!virtqueue_enable(vq, port->driver_features & (1ull << VIRTIO_RING_F_EVENT_IDX),
                          port->driver_features & (1ull << VIRTIO_RING_F_INDIRECT_DESC),
                          errp)) {
        *whose = BY_GUEST;
        return FALSE;
    }
    vq->on_empty = (port->driver_features & (1ull << VIRTIO_F_NOTIFY_ON_EMPTY)) != 0;
    if (!port->ops->vector_get(port->transport, vq->index, &vq->call_fd, errp)) {
        virtqueue_disable(vq);
        return FALSE;
    }
    return TRUE;
}

static void disable_queues(VirtioPort *port)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (vq->enabled) {
            port->ops->vector_put(port->transport, i);
            vq->call_fd = -1;
            virtqueue_disable(vq);
        }
    }
}

static gboolean enable_queues(VirtioPort *port, const char **whose, GError **errp)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (vq->ready && !enable_queue(port, vq, whose, errp)) {
            disable_queues(port);
            return FALSE;
        }
    }
    return TRUE;
}

static void ioeventfds(VirtioPort *port, gboolean on)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (port->queues[i].enabled) {
            port->ops->ioeventfd(port->transport, &port->queues[i], on);
        }
    }
}

static void take_down(VirtioPort *port)
{
    disable_queues(port);
    port->ops->vector_put(port->transport, VIRTIO_CONFIG_VECTOR);
    port->config_fd = -1;
    port->phase = VIRTIO_IDLE;
}

/* All that can fail, undone on failure. *whose: the fault. */
static gboolean bring_up(VirtioPort *port, const char **whose, GError **errp)
{
    const VirtioDeviceClass *klass = virtio_device_get_class(port->dev);

    if (klass->prepare && !klass->prepare(port->dev, port->driver_features, errp)) {
        return FALSE;
    }
    if (!port->ops->vector_get(port->transport, VIRTIO_CONFIG_VECTOR, &port->config_fd,
                               errp)) {
        return FALSE;
    }
    virtio_port_make_owners(port); /* which may depend on what was agreed on */
    port->plane = port->dev->plane ? port->dev->plane : &virtio_plane_own;
    if (!enable_queues(port, whose, errp)) {
        take_down(port);
        return FALSE;
    }
    ioeventfds(port, TRUE);
    port->phase = VIRTIO_RUNNING;
    if (!port->plane->start(port, errp)) {
        ioeventfds(port, FALSE);
        take_down(port);
        return FALSE;
    }
    return TRUE;
}

static void port_start(VirtioPort *port)
{
    g_autoptr(GError) error = NULL;
    const char *whose = BY_HOST;

    if (!bring_up(port, &whose, &error)) {
        set_broken(port, whose, error->message);
        virtio_port_config_changed(port);
    }
}

void virtio_port_update(VirtioPort *port)
{
    if (port->phase == VIRTIO_IDLE && port_wants_to_run(port)) {
        port_start(port);
    }
}

/*
 * Who waits may be the one who takes the transport away. Each finds the port down: it
 * goes on after the last.
 */
void virtio_port_stopped(VirtioPort *port)
{
    g_autoptr(Device) transport G_GNUC_UNUSED = device_ref(port->transport);

    take_down(port);
    vm_quiesce_release();
    port->telling = TRUE;
    GSList *waiters = g_slist_reverse(g_steal_pointer(&port->waiters));
    for (GSList *l = waiters; l; l = l->next) {
        Waiter *w = l->data;
        w->done(w->opaque);
    }
    g_slist_free_full(waiters, g_free);
    port->telling = FALSE;
    virtio_port_update(port);
}

void virtio_port_stop(VirtioPort *port, void (*done)(void *opaque), void *opaque)
{
    if (port->phase == VIRTIO_RUNNING) {
        ioeventfds(port, FALSE);
        port->phase = VIRTIO_STOPPING;
        if (port->plane->stop(port)) {
            take_down(port);
        } else {
            vm_quiesce_hold();
        }
    }
    if (port->phase == VIRTIO_IDLE) {
        if (done) {
            done(opaque);
        }
    } else if (done) {
        Waiter *w = g_new(Waiter, 1);
        *w = (Waiter){ done, opaque };
        port->waiters = g_slist_prepend(port->waiters, w);
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
            if (!device_resetting() &&
                !(port->dev && device_is_held(&port->dev->device))) {
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

    g_assert(port->phase == VIRTIO_IDLE && n <= VIRTIO_QUEUE_MAX);
    for (guint32 i = n; i < had; i++) {
        virtqueue_finalize(&port->queues[i]);
    }
    port->queues = g_renew(Virtqueue, port->queues, n);
    for (guint32 i = had; i < n; i++) {
        virtqueue_init(&port->queues[i], i, port->dma, &queue_ops, port);
    }
    port->n_queues = n;
    virtio_port_make_owners(port);
}

void virtio_port_init(VirtioPort *port, const VirtioTransportOps *ops, Device *transport,
                      DmaSpace *dma, const char *name)
{
    static gboolean subscribed;

    port->ops = ops;
    port->transport = transport;
    port->dma = dma;
    port->name = name;
    port->config_fd = -1;
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
    virtio_port_clear_source(port);
}

void virtio_port_notify(VirtioPort *port, unsigned queue)
{
    if (port->phase == VIRTIO_RUNNING && queue < port->n_queues &&
        port->queues[queue].enabled) {
        fd_signal(port->queues[queue].kick_fd);
    }
}
