/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port's registers, and what is plugged into it. */
#include <string.h>

#include "util/error.h"
#include "virtio/port-internal.h"
#include "virtio/vacant.h"

void virtio_port_forget_driver(VirtioPort *port)
{
    g_assert(port->phase == VIRTIO_IDLE);
    port->status = 0;
    port->driver_features = 0;
    port->generation++;
    g_atomic_int_set(&port->isr, 0);
    g_atomic_int_set(&port->broken, 0);
    virtio_port_make_queues(port);
    for (unsigned i = 0; i < port->n_queues; i++) {
        virtqueue_reset(&port->queues[i], port->dev->queue_size);
    }
}

/* Plugging */

static void put_device(VirtioPort *port, VirtioDevice *dev, gboolean vacant)
{
    port->dev = dev;
    port->vacant = vacant;
    port->device_id = dev ? virtio_device_get_class(dev)->device_id : 0;
    port->frozen = FALSE;
    if (dev) {
        dev->port = port;
    }
}

static void drop_vacant(VirtioPort *port)
{
    VirtioDevice *dev = port->dev;

    put_device(port, NULL, FALSE);
    dev->port = NULL;
    device_unref(&dev->device);
}

void virtio_port_drop_vacant(VirtioPort *port, gboolean tell)
{
    if (port->vacant) {
        drop_vacant(port);
        if (tell) {
            port->ops->presence(port->transport, FALSE);
        }
    }
}

/* The driver keeps what it has agreed on: the new device must live with that. */
static gboolean check_adopt(VirtioPort *port, VirtioDevice *dev, GError **errp)
{
    const VirtioDeviceClass *klass = virtio_device_get_class(dev);
    guint64 missing = port->driver_features & ~virtio_device_offers(dev);

    if (klass->device_id != port->device_id || !klass->adopt) {
        return error_set(errp, VIRTIO_PORT_HELD, port->name);
    }
    if (!klass->adopt(dev, port->driver_features, errp)) {
        return FALSE;
    }
    if (missing) {
        return error_set(errp,
                         "Bus '%s': the guest's driver uses feature bit %u, which this "
                         "device does not offer",
                         port->name, __builtin_ctzll(missing));
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        if (vq->n_deferred) {
            return error_set(errp,
                             "Bus '%s': requests to the unplugged disk have not failed "
                             "yet: the guest must run first",
                             port->name);
        }
        if (vq->ready && (i >= dev->n_queues || vq->num > dev->queue_size)) {
            return error_set(errp,
                             "Bus '%s': the guest's driver uses queue %u with %u "
                             "entries; num-queues or queue-size is too small for that",
                             port->name, i, vq->num);
        }
    }
    return TRUE;
}

static void adopt(VirtioPort *port, VirtioDevice *dev)
{
    virtio_port_stop(port, NULL, NULL);
    g_assert(port->phase == VIRTIO_IDLE); /* the vacant one never has requests */
    drop_vacant(port);
    put_device(port, dev, FALSE);
    virtio_port_make_queues(port);
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        vq->num_max = dev->queue_size;
        vq->num = vq->ready ? vq->num : vq->num_max;
        g_clear_pointer(&vq->deferred, g_free); /* none; it may have to be larger */
    }
    virtio_port_config_changed(port);
    virtio_port_update(port);
}

gboolean virtio_port_plug(VirtioPort *port, VirtioDevice *dev, GError **errp)
{
    g_assert(dev->n_queues <= VIRTIO_MAX_QUEUES);
    if (port->vacant) {
        if (!check_adopt(port, dev, errp)) {
            return FALSE;
        }
        adopt(port, dev);
        return TRUE;
    }
    g_assert(port->phase == VIRTIO_IDLE);
    put_device(port, dev, FALSE);
    port->used = TRUE;
    virtio_port_forget_driver(port);
    port->ops->presence(port->transport, TRUE);
    return TRUE;
}

gboolean virtio_port_can_unplug(VirtioPort *port, GError **errp)
{
    if (port->status && !virtio_device_get_class(port->dev)->vacatable) {
        return error_set(errp,
                         "Device '%s' (%s) is in use by the guest's driver, and cannot "
                         "be unplugged on this machine",
                         port->dev->device.id ? port->dev->device.id : port->name,
                         port->dev->device.klass->name);
    }
    return TRUE;
}

void virtio_port_unplug(VirtioPort *port)
{
    VirtioDevice *dev = port->dev;
    gboolean told = dev->device.unplugging; /* else the process ends */

    g_assert(port->phase == VIRTIO_IDLE); /* quiesced, and frozen since */
    if (told && port->status && virtio_device_get_class(dev)->vacatable) {
        virtio_vacancy_take(&port->vacancy, dev, virtio_port_features(port));
        put_device(port, virtio_vacant_new(&port->vacancy), TRUE);
        dev->port = NULL;
        virtio_port_config_changed(port);
        virtio_port_update(port);
        return;
    }
    put_device(port, NULL, FALSE);
    dev->port = NULL;
    virtio_port_forget_driver(port);
    if (told) {
        port->ops->presence(port->transport, FALSE);
    }
}

void virtio_port_reset(VirtioPort *port)
{
    g_assert(port->phase == VIRTIO_IDLE); /* quiesced, and frozen since */
    virtio_port_drop_vacant(port, TRUE);
    port->used = port->dev != NULL;
    port->frozen = FALSE;
    virtio_port_forget_driver(port);
}

/* Registers */

guint64 virtio_device_offers(VirtioDevice *dev)
{
    guint64 features = virtio_device_get_class(dev)->features(dev);

    features |= 1ull << VIRTIO_F_VERSION_1;
    features |= dev->event_idx ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0;
    features |= dev->indirect_desc ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0;
    return features;
}

guint64 virtio_port_features(const VirtioPort *port)
{
    if (!port->dev) {
        return 0;
    }
    return port->vacant ? port->vacancy.features : virtio_device_offers(port->dev);
}

guint8 virtio_port_status(const VirtioPort *port)
{
    gboolean broken = g_atomic_int_get(&port->broken) != 0;

    return port->status | (broken ? VIRTIO_CONFIG_S_NEEDS_RESET : 0);
}

typedef struct GuestReset {
    VirtioPort *port;
    AccessHold *hold;
} GuestReset;

static void guest_reset_done(void *opaque)
{
    GuestReset *r = opaque;

    r->port->resetting = FALSE;
    virtio_port_drop_vacant(r->port, TRUE); /* its driver has let go */
    virtio_port_forget_driver(r->port);
    if (r->hold) {
        access_release(r->hold);
    }
    g_free(r);
}

/* 2.1.2: the driver goes on when the device is reset, not before. */
static void guest_reset(VirtioPort *port)
{
    GuestReset *r = g_new(GuestReset, 1);

    r->port = port;
    r->hold = port->phase == VIRTIO_IDLE ? NULL : access_hold();
    port->resetting = TRUE;
    virtio_port_stop(port, guest_reset_done, r);
}

void virtio_port_write_status(VirtioPort *port, guint8 status)
{
    guint8 set = status & ~port->status;

    if (!port->dev || port->resetting) {
        return;
    }
    if (status == 0) {
        guest_reset(port);
        return;
    }
    if ((set & VIRTIO_CONFIG_S_FEATURES_OK) &&
        ((port->driver_features & ~virtio_port_features(port)) ||
         !(port->driver_features & (1ull << VIRTIO_F_VERSION_1)))) {
        status &= ~VIRTIO_CONFIG_S_FEATURES_OK; /* 3.1.1: not accepted */
    }
    if (!((port->status | status) & VIRTIO_CONFIG_S_FEATURES_OK)) {
        status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
    }
    /* 2.1.1: only a reset clears bits; what was agreed on stays while queues run. */
    port->status |= status & ~VIRTIO_CONFIG_S_NEEDS_RESET;
    virtio_port_update(port);
}

guint32 virtio_port_config_read(VirtioPort *port, unsigned offset, unsigned size)
{
    guint8 space[VIRTIO_CONFIG_MAX] = { 0 };
    guint32 value = 0;

    if (!port->dev || offset + size > sizeof(space) || size > sizeof(value)) {
        return 0;
    }
    virtio_device_get_class(port->dev)->config(port->dev, space);
    memcpy(&value, space + offset, size);
    return GUINT32_FROM_LE(value);
}

void virtio_port_config_write(VirtioPort *port, unsigned offset, unsigned size,
                              guint32 value)
{
    if (port->dev && virtio_device_get_class(port->dev)->config_write) {
        virtio_device_get_class(port->dev)->config_write(port->dev, offset, size, value);
    }
}

void virtio_port_config_changed(VirtioPort *port)
{
    port->generation++;
    if (port->status & VIRTIO_CONFIG_S_DRIVER_OK) {
        g_atomic_int_or(&port->isr, VIRTIO_ISR_CONFIG);
        port->ops->interrupt(port->transport);
    }
}

void virtio_device_config_changed(VirtioDevice *dev)
{
    if (dev->port) {
        virtio_port_config_changed(dev->port);
    }
}
