/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio/net-filter.h"

#include <string.h>

static const guint8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void net_filter_reset(NetFilter *filter, const guint8 *mac)
{
    *filter = (NetFilter){ .modes = NET_RX_PROMISC, .all_vlans = TRUE };
    memcpy(filter->mac, mac, sizeof(filter->mac));
}

static gboolean in_table(const NetFilter *filter, unsigned from, unsigned to,
                         const guint8 *mac)
{
    for (unsigned i = from; i < to; i++) {
        if (memcmp(filter->macs + i * 6, mac, 6) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean passes_multicast(const NetFilter *filter, const guint8 *mac)
{
    if (memcmp(mac, broadcast, sizeof(broadcast)) == 0) {
        return !(filter->modes & NET_RX_NOBCAST);
    }
    if (filter->modes & NET_RX_NOMULTI) {
        return FALSE;
    }
    return (filter->modes & NET_RX_ALLMULTI) || filter->multi_overflow ||
           in_table(filter, filter->first_multi, filter->n_macs, mac);
}

static gboolean passes_unicast(const NetFilter *filter, const guint8 *mac)
{
    if (filter->modes & NET_RX_NOUNI) {
        return FALSE;
    }
    return (filter->modes & NET_RX_ALLUNI) || filter->uni_overflow ||
           memcmp(mac, filter->mac, sizeof(filter->mac)) == 0 ||
           in_table(filter, 0, filter->first_multi, mac);
}

gboolean net_filter_passes(const NetFilter *filter, const guint8 *frame)
{
    if (filter->modes & NET_RX_PROMISC) {
        return TRUE;
    }
    if (!filter->all_vlans && frame[12] == 0x81 && frame[13] == 0 &&
        !net_filter_has_vlan(filter, (frame[14] << 8 | frame[15]) & 0xfff)) {
        return FALSE;
    }
    return frame[0] & 1 ? passes_multicast(filter, frame) : passes_unicast(filter, frame);
}
