/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a port has for drivers that are older than virtio 1.0 (virtio 1.2, 1.3.1 and the
 * sections "Legacy Interface"): 32 feature bits that hold as they are written, without
 * FEATURES_OK; the rings of a queue one behind the other at a page; and queues that may
 * be used before DRIVER_OK (3.1.2), as Linux 2.6 did.
 *
 * The driver is a legacy one from its first write on, until the device is reset. What it
 * then changes of live queues waits, as its vCPU does, until they have stopped.
 */
#include "virtio/port-internal.h"

#define BIT(n)     (1ull << (n))
#define RING_ALIGN 4096u /* 2.7.2 */
#define PAGE_SHIFT 12
#define F_BAD      30 /* below */
#define NOT_THEIRS (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_NEEDS_RESET)

/*
 * 6.3: bit 30 says nothing. Who agrees to it agrees to everything without looking, as
 * Linux 2.6.25 did, and is taken to have agreed to what that knew.
 */
guint32 virtio_port_legacy_features(const VirtioPort *port)
{
    VirtioDevice *dev = port->dev;

    if (!dev) {
        return 0;
    }
    const VirtioDeviceClass *klass = virtio_device_get_class(dev);
    guint64 features = virtio_device_offers(dev) | BIT(F_BAD);
    features |= klass->legacy_features ? klass->legacy_features(dev) : 0;
    features |= dev->notify_on_empty ? BIT(VIRTIO_F_NOTIFY_ON_EMPTY) : 0;
    features |= dev->any_layout ? BIT(VIRTIO_F_ANY_LAYOUT) : 0;
    return (guint32)features;
}

/* FALSE: there is no such device, or its driver is another. */
static gboolean take_over(VirtioPort *port)
{
    if (!port->dev || !port->has_legacy || port->resetting ||
        (port->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
        return FALSE;
    }
    if (!port->legacy) {
        port->legacy = TRUE;
        port->driver_features &= virtio_port_legacy_features(port);
    }
    return TRUE;
}

/* What is not to change while queues are live */

typedef struct Change {
    VirtioPort *port;
    void (*apply)(VirtioPort *port, guint32 queue, guint32 value);
    guint32 queue, value;
    AccessHold *hold; /* NULL: nobody waits */
} Change;

static void stopped(void *opaque)
{
    Change *c = opaque;

    if (c->port->dev && c->port->legacy) { /* else it was reset, or has gone, meanwhile */
        c->apply(c->port, c->queue, c->value);
    }
    if (c->hold) {
        access_release(c->hold);
    }
    g_free(c);
}

static void change(VirtioPort *port,
                   void (*apply)(VirtioPort *port, guint32 queue, guint32 value),
                   guint32 queue, guint32 value)
{
    Change *c = g_new(Change, 1);

    *c = (Change){ port, apply, queue, value,
                   port->phase == VIRTIO_IDLE ? NULL : access_hold() };
    virtio_port_stop(port, stopped, c);
    virtio_port_update(port);
}

static void apply_features(VirtioPort *port, guint32 queue, guint32 features)
{
    port->driver_features = features;
}

/* 2.7.2: descriptors, then the available ring; the used ring on a page of its own. */
static void apply_page(VirtioPort *port, guint32 queue, guint32 page)
{
    Virtqueue *vq = virtio_port_queue(port, queue);

    if (!vq) {
        return;
    }
    if (!page) {
        virtqueue_reset(vq, vq->num_max);
        return;
    }
    vq->num = vq->num_max; /* 4.1.5.1.3.1: the driver cannot choose another */
    vq->desc = (guint64)page << PAGE_SHIFT;
    vq->avail = vq->desc + 16 * (guint64)vq->num;
    vq->used =
        (vq->avail + 2 * (3 + (guint64)vq->num) + RING_ALIGN - 1) & ~(RING_ALIGN - 1ull);
    vq->ready = TRUE;
}

static void apply_status(VirtioPort *port, guint32 queue, guint32 status)
{
    port->status = (guint8)status;
    port->early = FALSE;
}

/* Registers */

void virtio_port_legacy_write_features(VirtioPort *port, guint32 value)
{
    guint64 agreed = value;

    if (!take_over(port)) {
        return;
    }
    if (value & BIT(F_BAD)) {
        agreed = virtio_device_get_class(port->dev)->bad_features;
    }
    agreed &= virtio_port_legacy_features(port) & ~BIT(F_BAD);
    if (agreed != port->driver_features) {
        change(port, apply_features, 0, (guint32)agreed);
    }
}

/* NEEDS_RESET is of virtio 1.0. */
guint8 virtio_port_legacy_status(const VirtioPort *port)
{
    return port->status & ~VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* Bits may go, too: drivers take DRIVER_OK back before they let go of their rings. */
void virtio_port_legacy_write_status(VirtioPort *port, guint8 status)
{
    if (status == 0) {
        virtio_port_write_status(port, 0);
    } else if (take_over(port)) {
        guint8 gone = port->status & ~status;
        status &= ~NOT_THEIRS;
        if (gone & VIRTIO_CONFIG_S_DRIVER_OK) {
            change(port, apply_status, 0, status);
        } else {
            port->status = status;
            virtio_port_update(port);
        }
    }
}

guint32 virtio_port_legacy_page(VirtioPort *port, guint32 queue)
{
    const Virtqueue *vq = virtio_port_queue(port, queue);

    return vq && vq->ready ? (guint32)(vq->desc >> PAGE_SHIFT) : 0;
}

void virtio_port_legacy_write_page(VirtioPort *port, guint32 queue, guint32 page)
{
    if (virtio_port_queue(port, queue) && take_over(port)) {
        change(port, apply_page, queue, page);
    }
}

void virtio_port_legacy_notify(VirtioPort *port, guint32 queue)
{
    const Virtqueue *vq = virtio_port_queue(port, queue);

    if (vq && vq->ready && !virtio_port_is_live(port) && take_over(port)) {
        port->early = TRUE;
        virtio_port_update(port);
    }
    virtio_port_notify(port, queue);
}
