/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port's registers, and what is plugged into it. */
#include <string.h>

#include "virtio/port-internal.h"

guint16 virtio_port_queue_size(VirtioPort *port, unsigned queue)
{
    const VirtioDeviceClass *klass = virtio_device_get_class(port->dev);

    return klass->queue_size ? klass->queue_size(port->dev, queue)
                             : port->dev->queue_size;
}

void virtio_port_forget_driver(VirtioPort *port)
{
    g_assert(port->phase == VIRTIO_IDLE);
    port->status = 0;
    port->driver_features = 0;
    port->legacy = port->early = FALSE;
    port->generation++;
    g_atomic_int_set(&port->isr, 0);
    g_atomic_int_set(&port->broken, 0);
    for (unsigned i = 0; i < port->n_queues; i++) {
        virtqueue_reset(&port->queues[i], virtio_port_queue_size(port, i));
    }
    if (port->dev && virtio_device_get_class(port->dev)->reset) {
        virtio_device_get_class(port->dev)->reset(port->dev);
    }
}

/* Plugging */

void virtio_port_set_device(VirtioPort *port, VirtioDevice *dev)
{
    if (port->dev) {
        port->dev->port = NULL;
    }
    port->dev = dev;
    port->device_id = dev ? virtio_device_get_class(dev)->device_id : 0;
    port->frozen = FALSE;
    if (dev) {
        dev->port = port;
    }
    virtio_port_make_queues(port);
}

void virtio_port_plug(VirtioPort *port, VirtioDevice *dev)
{
    virtio_port_set_device(port, dev);
    virtio_port_forget_driver(port);
}

/* Quiesced, and frozen since. */
void virtio_port_unplug(VirtioPort *port)
{
    virtio_port_set_device(port, NULL);
    virtio_port_forget_driver(port);
}

void virtio_port_reset(VirtioPort *port)
{
    g_assert(port->phase == VIRTIO_IDLE); /* quiesced, and frozen since */
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
    return port->dev ? virtio_device_offers(port->dev) | port->features : 0;
}

guint8 virtio_port_status(const VirtioPort *port)
{
    gboolean broken = g_atomic_int_get(&port->broken) != 0;

    return port->status | (broken ? VIRTIO_CONFIG_S_NEEDS_RESET : 0);
}

void virtio_port_write_features(VirtioPort *port, guint32 select, guint32 value)
{
    if (!(port->status & VIRTIO_CONFIG_S_FEATURES_OK) && !port->legacy) {
        virtio_set_word(&port->driver_features, select, value);
    }
}

typedef struct GuestReset {
    VirtioPort *port;
    AccessHold *hold;
} GuestReset;

static void guest_reset_done(void *opaque)
{
    GuestReset *r = opaque;

    r->port->resetting = FALSE;
    if (r->port->transport->realized) { /* else an unplug has waited before */
        r->port->ops->driver_reset(r->port->transport);
        virtio_port_forget_driver(r->port);
    }
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
        port->ops->interrupt(port->transport, VIRTIO_CONFIG_VECTOR);
    }
}

void virtio_device_config_changed(VirtioDevice *dev)
{
    if (dev->port) {
        virtio_port_config_changed(dev->port);
    }
}
