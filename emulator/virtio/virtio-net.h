/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net: between the device (virtio-net.c), its control queue (net-control.c) and
 * its data plane (net-queue.c). The control queue belongs to the main loop, with all that
 * it changes; the loop that has the pairs sees the number of active ones, and takes a
 * copy of the filter when there is a new one.
 */
#ifndef VIREO_VIRTIO_VIRTIO_NET_H
#define VIREO_VIRTIO_VIRTIO_NET_H

#include "event/clock.h"
#include "net/net.h"
#include "net/nic.h"
#include "virtio/net-filter.h"
#include "virtio/virtio.h"

#define NET_HEADER       12 /* struct virtio_net_hdr_v1, 5.1.6 */
#define NET_HEADER_SHORT 10 /* a legacy driver's without mergeable buffers, 5.1.6.1 */
#define NET_CONTROL_SIZE 64 /* entries of the control queue */
#define NET_NO_OFFLOADS  G_MAXUINT64

typedef struct NetPlane NetPlane;
typedef struct Vhost Vhost;

typedef struct VirtioNet {
    VirtioDevice dev;

    /* properties */
    char *netdev, *iothread, *addr;
    guint8 mac[6];
    guint16 host_mtu, rx_queue_size, tx_queue_size;
    gboolean mq, mrg_rxbuf, status, csum, guest_csum;
    gboolean guest_tso4, guest_tso6, guest_ecn, guest_ufo;
    gboolean host_tso4, host_tso6, host_ecn, host_ufo;
    gboolean ctrl_vq, ctrl_rx, ctrl_rx_extra, ctrl_vlan, ctrl_mac_addr;
    gboolean ctrl_guest_offloads, guest_announce;
    gint32 bootindex;
    gboolean gso;

    NetBackend *backend;
    NetNic *nic;
    guint16 pairs; /* that the driver may make active */
    guint8 header; /* bytes of it, once features are agreed on */

    /* What the driver has set, and the link: migrated. Under the machine lock. */
    NetFilter filter;
    gint active;      /* pairs; atomic */
    guint64 offloads; /* VIRTIO_NET_F_GUEST_*; NET_NO_OFFLOADS: those agreed on */
    gboolean link_up; /* only for the stream */

    gboolean announcing;  /* the driver is asked to announce itself */
    guint announcements;  /* that are to be asked for */
    Timer *announce_next; /* while the control queue is served */
    VirtqElement command; /* the same */

    GMutex shared_lock;
    NetFilter shared;       /* for the data plane's loop */
    gint shared_generation; /* atomic */

    Vhost **vhosts;        /* one for each pair; NULL: there is no vhost */
    gboolean by_kernel;    /* from one start to the next */
    gboolean vhost_failed; /* until the next reset */
    gboolean vhost_told;   /* that it has, which a guest can see to again and again */
    gboolean vhost_unused_told; /* that the driver is none for it; the same */

    gint announce;   /* atomic: rounds of our own that the next start makes */
    NetPlane *plane; /* the owner's, while it runs */
} VirtioNet;

/* What the tap may hand over (TUN_F_*) when the driver has these features. */
unsigned net_tun_offloads(guint64 features);
/* The control queue's index, 5.1.2; G_MAXUINT: the driver has none. Any thread. */
unsigned net_control_index(VirtioNet *net);
/* The pairs that the driver can have, by what it has agreed to. */
unsigned net_usable_pairs(VirtioNet *net);

/* net-control.c: main loop. */
extern const NetNicOps net_nic_ops;
extern const StateDesc net_state; /* net-state.c */
void net_control_reset(VirtioNet *net);
void net_control_set_address(VirtioNet *net, const guint8 *mac);
void net_control_loaded(VirtioNet *net);
void net_control_start(VirtioNet *net);
void net_control_stop(VirtioNet *net);
void net_control_handle(VirtioNet *net, Virtqueue *vq);
gboolean net_control_prepare(VirtioNet *net, guint64 features, GError **errp);

/* net-vhost.c: main loop. */
extern const VirtioDataPlane net_vhost_plane;
gboolean net_vhost_realize(VirtioNet *net, GError **errp);
void net_vhost_unrealize(VirtioNet *net);
/* Who serves the pairs from the start that follows. */
void net_vhost_choose(VirtioNet *net);
/* There may be another answer now. */
void net_vhost_restart(VirtioNet *net);
/* The kernel serves these pairs from now on, or does not; nothing where it serves none.
 */
gboolean net_vhost_connect(VirtioNet *net, unsigned from, unsigned to, gboolean on,
                           GError **errp);

/* net-queue.c: the loop of the pairs. */
void net_plane_start(VirtioNet *net);
void net_plane_stop(VirtioNet *net);
void net_plane_handle(VirtioNet *net, Virtqueue *vq);

#endif
