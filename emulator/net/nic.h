/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NICs: what the monitor knows of them, and whose back end is whose. Main loop, under the
 * machine lock.
 */
#ifndef VIREO_NET_NIC_H
#define VIREO_NET_NIC_H

#include "device/device.h"
#include "net/net.h"

typedef struct NetNic NetNic;

typedef struct NetNicOps {
    /* net_nic_link_up() has another answer now; NULL: the guest cannot tell. */
    void (*link_changed)(void *opaque);
    /* RxFilterInfo of QMP without its name, owned; NULL: not to be asked. */
    ConfigNode *(*query_rx_filter)(void *opaque);
} NetNicOps;

/*
 * For realize, of which unrealize frees it. Its name is the id of the user's device that
 * dev is (or is a part of), or its class and a number. Takes the back end, which nobody
 * else has; NULL: there is no cable.
 */
NetNic *net_nic_new(Device *dev, NetBackend *net, const NetNicOps *ops, void *opaque,
                    GError **errp);
void net_nic_free(NetNic *nic);
const char *net_nic_name(const NetNic *nic);
gboolean net_nic_link_up(const NetNic *nic);
/* From a migration stream: the link of the NIC itself. Calls nobody. */
void net_nic_load_link(NetNic *nic, gboolean up);
/*
 * The filter is another one: NIC_RX_FILTER_CHANGED, once until somebody asks for it.
 */
void net_nic_rx_filter_changed(NetNic *nic);

/* An address that is all zeros gets the next one from 52:54:00:12:34:56 on. */
void net_nic_default_mac(guint8 *mac);

/*
 * set_link: of a NIC by its name, or of a back end by its id and so of its NIC, too.
 * While a link is down packets are dropped, both ways. FALSE: there is neither.
 */
gboolean net_set_link(const char *name, gboolean up);
/* query-rx-filter, of all NICs that tell, or of the one of that name. */
ConfigNode *net_query_rx_filter(const char *name, GError **errp);

/* A line for each NIC and one for what is behind it, then back ends that nobody has. */
void net_describe(GString *out);

/*
 * After a migration switches must learn where the guest is now: a reverse ARP request
 * (RFC 903) in its name, some times with growing distance. Any thread.
 */
#define NET_ANNOUNCEMENTS  5
#define NET_ANNOUNCE_FRAME 60 /* bytes */
void net_announce_frame(guint8 *frame, const guint8 *mac);
/* When the next one is due, now that `sent` (at least 1) have been: CLOCK_TYPE_REALTIME.
 */
gint64 net_announce_next(guint sent);

#endif
