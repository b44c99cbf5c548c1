/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost: the kernel serves a pair of rings (linux/vhost.h, Documentation of the ioctls in
 * include/uapi/linux/vhost.h). It is told of guest memory as that changes, and what it
 * writes is in the dirty log. Main loop, or under the machine lock.
 */
#ifndef VIREO_VIRTIO_VHOST_H
#define VIREO_VIRTIO_VHOST_H

#include "virtio/virtqueue.h"

typedef struct Vhost Vhost;

typedef enum VhostKind { VHOST_KIND_NET, VHOST_KIND_VSOCK } VhostKind;

/* fd: of /dev/vhost-net or such, the caller's, who keeps it open. From realize. */
Vhost *vhost_new(int fd, VhostKind kind, GError **errp);
void vhost_free(Vhost *v); /* it does not run */
/*
 * Hands over two rings that are enabled, with features (of virtio, and of vhost) that the
 * driver has agreed on, and these descriptors to be kicked and to interrupt by. Nothing
 * is served before it has a back end.
 */
gboolean vhost_start(Vhost *v, Virtqueue *first, guint64 features, GError **errp);
/* Interrupts of ring 0 or 1 go there, not to its call_fd; -1: they do. Not running. */
void vhost_interrupt_by(Vhost *v, unsigned ring, int fd);
/* The socket or tap whose packets these are; vsock: 0, it serves; -1: none. */
gboolean vhost_set_backend(Vhost *v, int fd, GError **errp);
/* Takes the rings back: they say how far they have come. */
void vhost_stop(Vhost *v);

#endif
