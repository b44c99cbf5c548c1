/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost-vsock: sockets between guest and host (virtio 1.2, section 5.10), which the
 * kernel serves. The event queue is ours: after a migration it tells the driver that its
 * connections are gone and that its number may be another.
 *
 * Interrupts of a driver without MSI-X have a status, which the kernel does not keep:
 * they go by way of the main loop.
 *
 * #syscalls main,vcpu: ioctl(VHOST_VSOCK_SET_GUEST_CID)
 *     -- rare: few test machines have vhost-vsock
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "util/error.h"
#include "util/fd.h"
#include "virtio/port-internal.h"
#include "virtio/vhost.h"

#define DEVICE      "/dev/vhost-vsock"
#define RINGS       2 /* the kernel's */
#define EVENT_QUEUE 2
#define QUEUE_SIZE  128
#define CID_MIN     3 /* 5.10.4: lower ones are the host's, or nobody's */
#define SEQPACKET   (1ull << VIRTIO_VSOCK_F_SEQPACKET)

typedef struct VhostVsock {
    VirtioDevice dev;

    guint64 cid;
    char *vhostfd;
    int seqpacket; /* OnOffAuto */

    int fd;
    Vhost *vhost;
    guint64 kernel; /* features that it has */
    gboolean moved; /* the driver is to be told */
    int relay_fds[RINGS];
    EventHandler *relays[RINGS]; /* of a run without MSI-X */
} VhostVsock;

static guint64 vsock_features(VirtioDevice *dev)
{
    const VhostVsock *vsock = (const VhostVsock *)dev;

    return vsock->seqpacket == ON_OFF_AUTO_OFF ? 0 : vsock->kernel & SEQPACKET;
}

static unsigned vsock_config(VirtioDevice *dev, guint8 *space)
{
    struct virtio_vsock_config *config = (struct virtio_vsock_config *)space;

    config->guest_cid = GUINT64_TO_LE(((VhostVsock *)dev)->cid);
    return sizeof(*config);
}

/* The event queue: 5.10.6.7 */

static EventLoop *vsock_queue_loop(VirtioDevice *dev, unsigned queue)
{
    return queue == EVENT_QUEUE ? dev->loop : NULL;
}

static void vsock_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VhostVsock *vsock = (VhostVsock *)dev;
    struct virtio_vsock_event event = { GUINT32_TO_LE(
        VIRTIO_VSOCK_EVENT_TRANSPORT_RESET) };
    VirtqElement elem;

    virtq_element_init(&elem);
    if (vsock->moved && virtqueue_pop(vq, &elem)) {
        vsock->moved = FALSE;
        if (elem.in.size < sizeof(event)) {
            virtio_device_broken(dev, "virtio-vsock: no room for an event");
        } else {
            guest_iov_from_buf(&elem.in, 0, &event, sizeof(event));
        }
        virtqueue_push(vq, &elem, MIN(elem.in.size, sizeof(event)));
    }
    virtq_element_free(&elem);
    if (virtqueue_set_notification(vq, TRUE) && vsock->moved) {
        virtio_queue_again(vq);
    }
}

/* The kernel's rings */

static void relay(void *opaque, GIOCondition ready)
{
    Virtqueue *vq = opaque;
    VhostVsock *vsock = (VhostVsock *)((VirtioPort *)vq->opaque)->dev;
    guint64 count;

    if (read(vsock->relay_fds[vq->index], &count, sizeof(count)) == sizeof(count)) {
        vq->ops->interrupt(vq, vq->opaque);
    }
}

static void end_relays(VhostVsock *vsock)
{
    for (unsigned i = 0; i < RINGS; i++) {
        if (vsock->relays[i]) {
            event_handler_remove(vsock->relays[i]);
            vsock->relays[i] = NULL;
            relay(virtio_device_queue(&vsock->dev, i), G_IO_IN); /* the last ones */
        }
        vhost_interrupt_by(vsock->vhost, i, -1);
    }
}

static void begin_relays(VhostVsock *vsock)
{
    VirtioPort *port = vsock->dev.port;

    if (port->ops->by_message && port->ops->by_message(port->transport)) {
        return;
    }
    for (unsigned i = 0; i < RINGS; i++) {
        vsock->relays[i] = event_loop_add_fd(event_loop_main(), vsock->relay_fds[i],
                                             G_IO_IN, relay, &port->queues[i]);
        vhost_interrupt_by(vsock->vhost, i, vsock->relay_fds[i]);
    }
}

static gboolean vsock_plane_start(VirtioPort *port, GError **errp)
{
    VhostVsock *vsock = (VhostVsock *)port->dev;

    for (unsigned i = 0; i < RINGS; i++) {
        if (!port->queues[i].enabled) {
            return error_set(errp, "virtio-vsock: queue %u is not set up", i);
        }
    }
    begin_relays(vsock);
    if (vhost_start(vsock->vhost, port->queues, port->driver_features, errp) &&
        vhost_set_backend(vsock->vhost, 0, errp) && virtio_plane_own.start(port, errp)) {
        return TRUE;
    }
    vhost_stop(vsock->vhost);
    end_relays(vsock);
    return FALSE;
}

static gboolean vsock_plane_stop(VirtioPort *port)
{
    VhostVsock *vsock = (VhostVsock *)port->dev;

    vhost_stop(vsock->vhost);
    end_relays(vsock);
    return virtio_plane_own.stop(port);
}

static const VirtioDataPlane vsock_plane = { vsock_plane_start, vsock_plane_stop };

/* Life */

static gboolean check_cid(const VhostVsock *vsock, GError **errp)
{
    if (vsock->cid < CID_MIN) {
        return error_set(errp, "guest-cid property must be greater than 2");
    }
    return vsock->cid <= G_MAXUINT32 ||
           error_set(errp, "guest-cid property must be a 32-bit number");
}

static gboolean open_vhost(VhostVsock *vsock, GError **errp)
{
    if (vsock->vhostfd) {
        vsock->fd = fd_claim(vsock->vhostfd, errp);
        if (vsock->fd < 0) {
            g_prefix_error(errp, "vhost-vsock: unable to parse vhostfd: ");
        }
    } else {
        vsock->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
        if (vsock->fd < 0) {
            error_set_errno(errp, errno, "vhost-vsock: failed to open vhost device");
        }
    }
    return vsock->fd >= 0;
}

static gboolean claim_cid(VhostVsock *vsock, GError **errp)
{
    if (ioctl(vsock->fd, VHOST_GET_FEATURES, &vsock->kernel) < 0) {
        return error_set_errno(errp, errno, "vhost-vsock: features");
    }
    if (vsock->seqpacket == ON_OFF_AUTO_ON && !(vsock->kernel & SEQPACKET)) {
        return error_set(errp, "vhost-vsock: device doesn't support requested feature "
                               "seqpacket");
    }
    return ioctl(vsock->fd, VHOST_VSOCK_SET_GUEST_CID, &vsock->cid) >= 0 ||
           error_set_errno(errp, errno, "vhost-vsock: unable to set guest cid %u",
                           (unsigned)vsock->cid);
}

static gboolean open_relays(VhostVsock *vsock, GError **errp)
{
    for (unsigned i = 0; i < RINGS; i++) {
        vsock->relay_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (vsock->relay_fds[i] < 0) {
            return error_set_errno(errp, errno, "eventfd");
        }
    }
    return TRUE;
}

/* failed: the descriptor that was given can be given again. */
static void close_all(VhostVsock *vsock, gboolean failed)
{
    for (unsigned i = 0; i < RINGS; i++) {
        fd_clear(&vsock->relay_fds[i]);
    }
    if (vsock->vhost) {
        vhost_free(vsock->vhost);
        vsock->vhost = NULL;
    }
    if (failed && vsock->vhostfd && vsock->fd >= 0) {
        fd_unclaim(fd_steal(&vsock->fd), vsock->vhostfd);
    }
    fd_clear(&vsock->fd);
}

static gboolean vsock_realize(Device *device, GError **errp)
{
    VhostVsock *vsock = (VhostVsock *)device;

    vsock->fd = vsock->relay_fds[0] = vsock->relay_fds[1] = -1;
    if (!check_cid(vsock, errp) || !open_vhost(vsock, errp) || !claim_cid(vsock, errp) ||
        !open_relays(vsock, errp) ||
        !(vsock->vhost = vhost_new(vsock->fd, VHOST_KIND_VSOCK, errp)) ||
        !virtio_device_get_loop(&vsock->dev, NULL, errp)) {
        close_all(vsock, TRUE);
        return FALSE;
    }
    vsock->dev.n_queues = EVENT_QUEUE + 1;
    vsock->dev.queue_size = QUEUE_SIZE;
    vsock->dev.plane = &vsock_plane;
    return TRUE;
}

static void vsock_unrealize(Device *device)
{
    VhostVsock *vsock = (VhostVsock *)device;

    close_all(vsock, FALSE);
    virtio_device_put_loop(&vsock->dev, NULL);
}

static void vsock_reset(VirtioDevice *dev)
{
    ((VhostVsock *)dev)->moved = FALSE; /* a driver that begins has no connections */
}

/* Whoever has connections has lost them on the way. */
static gboolean vsock_post_load(void *opaque, guint32 version, GError **errp)
{
    ((VhostVsock *)opaque)->moved = TRUE;
    return TRUE;
}

static const StateField fields[] = { { NULL } };
static const StateDesc vsock_state = {
    .name = "vhost-vsock-device",
    .version = 1,
    .fields = fields,
    .post_load = vsock_post_load,
};

#define FIELD(name) offsetof(VhostVsock, name)
static const Property properties[] = {
    /* Not .guest: the host that it moves to may have given the number to another. */
    { "guest-cid", PROP_U64, FIELD(cid), "0",
      .help = "the guest's number (context ID), 3 to 4294967295; required" },
    { "vhostfd", PROP_STRING, FIELD(vhostfd),
      .help = "a descriptor of " DEVICE ", by number; opened if not given" },
    { "seqpacket", PROP_AUTO, FIELD(seqpacket), "auto", .guest = TRUE,
      .help = "offer sockets of packets in sequence; auto: if the kernel does" },
    { NULL },
};

const VirtioDeviceClass virtio_vsock_class = {
    .device = {
        .name = "vhost-vsock-device",
        .desc = "Sockets between guest and host, by the kernel",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VhostVsock),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &vsock_state,
        .realize = vsock_realize,
        .unrealize = vsock_unrealize,
    },
    .device_id = VIRTIO_ID_VSOCK,
    .features = vsock_features,
    .config = vsock_config,
    .queue_loop = vsock_queue_loop,
    .reset = vsock_reset,
    .handle = vsock_handle,
};
