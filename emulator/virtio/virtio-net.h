/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-net: between the device (virtio-net.c) and its data plane (net-queue.c). */
#ifndef VIREO_VIRTIO_VIRTIO_NET_H
#define VIREO_VIRTIO_VIRTIO_NET_H

#include "event/clock.h"
#include "net/net.h"
#include "net/nic.h"
#include "virtio/virtio.h"

#define NET_HEADER 12 /* struct virtio_net_hdr_v1, 5.1.6 */

typedef struct NetQueues NetQueues;

typedef struct VirtioNet {
    VirtioDevice dev;

    /* properties */
    char *netdev, *iothread, *addr;
    guint8 mac[6];
    guint16 host_mtu, rx_queue_size, tx_queue_size;
    gboolean mq, mrg_rxbuf, status, csum, guest_csum;
    gboolean guest_tso4, guest_tso6, guest_ecn, guest_ufo;
    gboolean host_tso4, host_tso6, host_ecn, host_ufo;
    gint32 bootindex;
    gboolean gso; /* ignored */

    NetBackend *backend;
    NetNic *nic;
    gint announce; /* atomic: rounds of announcements that the next start makes */
    NetQueues *q;  /* the owner's, while it runs */
} VirtioNet;

void net_start(VirtioDevice *dev, EventLoop *loop);
void net_handle(VirtioDevice *dev, Virtqueue *vq);
void net_stop(VirtioDevice *dev, EventLoop *loop);

#endif
