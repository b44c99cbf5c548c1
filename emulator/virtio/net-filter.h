/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a NIC lets in: receive modes, addresses, VLANs (virtio 1.2, 5.1.6.5.1 to 3). */
#ifndef VIREO_VIRTIO_NET_FILTER_H
#define VIREO_VIRTIO_NET_FILTER_H

#include <glib.h>

#define NET_FILTER_MACS  64 /* in both tables; of more, all are let in */
#define NET_FILTER_VLANS 4096
#define NET_FILTER_PEEK  18 /* bytes of a frame that decide: addresses, VLAN tag */

enum {
    NET_RX_PROMISC = 1,
    NET_RX_ALLMULTI = 2,
    NET_RX_ALLUNI = 4,
    NET_RX_NOMULTI = 8,
    NET_RX_NOUNI = 16,
    NET_RX_NOBCAST = 32,
    NET_RX_MODES = 63,
};

typedef struct NetFilter {
    guint8 mac[6];
    guint8 modes; /* NET_RX_* */
    gboolean uni_overflow, multi_overflow;
    guint8 n_macs, first_multi; /* unicast addresses are first */
    guint8 macs[NET_FILTER_MACS * 6];
    gboolean all_vlans; /* the driver does not filter them */
    guint32 vlans[NET_FILTER_VLANS / 32];
} NetFilter;

/* As after a reset: everything comes in. */
void net_filter_reset(NetFilter *filter, const guint8 *mac);
/* frame: NET_FILTER_PEEK bytes of it. */
gboolean net_filter_passes(const NetFilter *filter, const guint8 *frame);

static inline gboolean net_filter_has_vlan(const NetFilter *filter, guint16 vlan)
{
    return (filter->vlans[vlan / 32] >> vlan % 32) & 1;
}

#endif
