/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between port.c (the data plane's life) and port-control.c (registers, plug). */
#ifndef VIREO_VIRTIO_PORT_INTERNAL_H
#define VIREO_VIRTIO_PORT_INTERNAL_H

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "virtio/virtio.h"

GSList *virtio_ports(void);
/* Starts the data plane if it should run and does not. */
void virtio_port_update(VirtioPort *port);
/*
 * done (may be NULL): now or later, main loop. Starts again if it then should. A device
 * of the main loop with nothing in flight is down when this returns.
 */
void virtio_port_stop(VirtioPort *port, void (*done)(void *opaque), void *opaque);

/*
 * The device (or none: NULL) that is there from now on, under the driver that there is.
 * As many queues as it has; those that stay are left as they are. No data plane.
 */
void virtio_port_set_device(VirtioPort *port, VirtioDevice *dev);
void virtio_port_make_queues(VirtioPort *port);
/* The loops that own the queues: plane.c. */
void virtio_port_make_owners(VirtioPort *port);
/* The owner's: calls the device, unless it is broken. */
void virtio_port_handle(VirtioPort *port, Virtqueue *vq);
/* Entries at most; a device is there. */
guint16 virtio_port_queue_size(VirtioPort *port, unsigned queue);
/* Status, features, queues: as nobody had ever touched them. */
void virtio_port_forget_driver(VirtioPort *port);
void virtio_port_config_changed(VirtioPort *port);
/* What was saved or loaded last, but for a failure. */
void virtio_port_clear_source(VirtioPort *port);
/* Features of the device and of every transport. */
guint64 virtio_device_offers(VirtioDevice *dev);

#endif
