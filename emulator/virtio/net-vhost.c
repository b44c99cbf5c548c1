/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net's pairs served by the kernel (vhost-net). The control queue stays here, and
 * so do all pairs while the kernel cannot do it: for a driver without MSI-X, whose
 * interrupt status is to be kept, for a legacy one, and while the cable is pulled, when
 * packets are to be lost. When the kernel refuses, that is said, and they are served
 * here.
 */
#include <linux/vhost.h>

#include "util/error.h"
#include "util/log.h"
#include "virtio/port-internal.h"
#include "virtio/vhost.h"
#include "virtio/virtio-net.h"

static void fall_back(VirtioNet *net, const GError *error)
{
    if (net->vhost_told) {
        return;
    }
    net->vhost_told = TRUE;
    log_warn("netdev '%s': unable to start vhost net: %s: falling back on userspace "
             "virtio",
             net_backend_id(net->backend), error->message);
}

static void tell_unused(VirtioNet *net, const char *why)
{
    if (!net->vhost_unused_told) {
        net->vhost_unused_told = TRUE;
        log_info("netdev '%s': served by this process, not by vhost, with %s",
                 net_backend_id(net->backend), why);
    }
}

/* Why the kernel can never serve it; NULL: it depends on the driver. */
static const char *why_never(const VirtioNet *net)
{
    return net->dev.no_modern ? "disable-modern=on" : net->dev.no_messages;
}

gboolean net_vhost_realize(VirtioNet *net, GError **errp)
{
    g_autoptr(GError) error = NULL;
    const char *never = why_never(net);

    if (net_backend_vhost_fd(net->backend, 0) < 0) {
        return TRUE;
    }
    if (never && net_backend_vhost_required(net->backend)) {
        return error_set(
            errp,
            "netdev '%s' has vhostforce=on, but '%s' with %s cannot be served "
            "by vhost: it needs a modern driver and MSI-X",
            net_backend_id(net->backend), device_user_name(&net->dev.device), never);
    }
    if (never) {
        tell_unused(net, never);
        return TRUE;
    }
    net->vhosts = g_new0(Vhost *, net->pairs);
    for (unsigned i = 0; i < net->pairs; i++) {
        net->vhosts[i] =
            vhost_new(net_backend_vhost_fd(net->backend, i), VHOST_KIND_NET, &error);
        if (!net->vhosts[i]) {
            net_vhost_unrealize(net);
            break;
        }
    }
    if (error && net_backend_vhost_forced(net->backend)) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return FALSE;
    }
    if (error) {
        fall_back(net, error);
    }
    return TRUE;
}

void net_vhost_unrealize(VirtioNet *net)
{
    for (unsigned i = 0; net->vhosts && i < net->pairs && net->vhosts[i]; i++) {
        vhost_free(net->vhosts[i]);
    }
    g_clear_pointer(&net->vhosts, g_free);
}

/* Both rings of each pair that the driver has set up at all. */
static gboolean has_whole_pairs(VirtioNet *net)
{
    for (unsigned i = 0; i < net_usable_pairs(net); i++) {
        if (virtio_device_queue(&net->dev, 2 * i)->ready !=
            virtio_device_queue(&net->dev, 2 * i + 1)->ready) {
            return FALSE;
        }
    }
    return TRUE;
}

/* What the driver does that the kernel cannot serve; NULL: nothing. */
static const char *why_not(VirtioNet *net)
{
    const VirtioPort *port = net->dev.port;

    if (port->legacy) {
        return "a legacy driver";
    }
    if (!port->ops->by_message || !port->ops->by_message(port->transport)) {
        return "a driver that does not use MSI-X";
    }
    return has_whole_pairs(net) ? NULL : "a driver that has set up half a pair of queues";
}

void net_vhost_choose(VirtioNet *net)
{
    const char *why = net->vhosts && !net->vhost_failed ? why_not(net) : NULL;

    if (why) {
        tell_unused(net, why);
    }
    net->by_kernel =
        net->vhosts && !net->vhost_failed && !why && net_backend_link_up(net->backend);
    net->dev.plane = net->by_kernel ? &net_vhost_plane : NULL;
}

void net_vhost_restart(VirtioNet *net)
{
    VirtioPort *port = net->dev.port;

    if (net->vhosts && port && port->phase == VIRTIO_RUNNING) {
        virtio_port_stop(port, NULL, NULL);
        virtio_port_update(port);
    }
}

gboolean net_vhost_connect(VirtioNet *net, unsigned from, unsigned to, gboolean on,
                           GError **errp)
{
    for (unsigned i = from; net->by_kernel && i < to; i++) {
        if (virtio_device_queue(&net->dev, 2 * i)->enabled &&
            !vhost_set_backend(net->vhosts[i], on ? net_backend_fd(net->backend, i) : -1,
                               errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void stop_all(VirtioNet *net)
{
    for (unsigned i = 0; i < net->pairs; i++) {
        vhost_stop(net->vhosts[i]);
    }
}

static gboolean start_all(VirtioNet *net, GError **errp)
{
    VirtioPort *port = net->dev.port;
    guint64 features = port->driver_features;

    if (!net_backend_has_header(net->backend)) {
        features |= 1ull << VHOST_NET_F_VIRTIO_NET_HDR; /* it is the kernel's to make */
    }
    for (unsigned i = 0; i < net_usable_pairs(net); i++) {
        if (port->queues[2 * i].enabled &&
            !vhost_start(net->vhosts[i], &port->queues[2 * i], features, errp)) {
            return FALSE;
        }
    }
    return net_vhost_connect(net, 0, net->active, TRUE, errp);
}

static gboolean vhost_plane_start(VirtioPort *port, GError **errp)
{
    VirtioNet *net = (VirtioNet *)port->dev;
    g_autoptr(GError) error = NULL;

    if (!start_all(net, &error)) {
        fall_back(net, error);
        stop_all(net);
        net->vhost_failed = TRUE;
        net->by_kernel = FALSE;
        port->plane = &virtio_plane_own;
        virtio_port_make_owners(port);
    }
    return virtio_plane_own.start(port, errp);
}

static gboolean vhost_plane_stop(VirtioPort *port)
{
    stop_all((VirtioNet *)port->dev);
    return virtio_plane_own.stop(port);
}

const VirtioDataPlane net_vhost_plane = { vhost_plane_start, vhost_plane_stop };
