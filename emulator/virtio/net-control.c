/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net's control queue (virtio 1.2, section 5.1.6.5), and what is set by it. Main
 * loop, under the machine lock.
 */
#include <linux/virtio_net.h>
#include <string.h>

#include "util/error.h"
#include "util/log.h"
#include "virtio/virtio-net.h"

#define BIT(n) (1ull << (n))
#define CHANGEABLE                                                                       \
    (BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |                       \
     BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN) |                        \
     BIT(VIRTIO_NET_F_GUEST_UFO))

/* The data plane takes it before the next packets. */
static void publish_filter(VirtioNet *net)
{
    g_mutex_lock(&net->shared_lock);
    net->shared = net->filter;
    g_atomic_int_inc(&net->shared_generation);
    g_mutex_unlock(&net->shared_lock);
}

static void filter_changed(VirtioNet *net)
{
    publish_filter(net);
    net_nic_rx_filter_changed(net->nic);
}

void net_control_reset(VirtioNet *net)
{
    net_filter_reset(&net->filter, net->mac);
    publish_filter(net);
    g_atomic_int_set(&net->active, 1);
    net->offloads = NET_NO_OFFLOADS;
    net->announcing = FALSE;
    net->announcements = 0;
    net->vhost_failed = FALSE;
}

void net_control_set_address(VirtioNet *net, const guint8 *mac)
{
    memcpy(net->filter.mac, mac, sizeof(net->filter.mac));
    filter_changed(net);
}

void net_control_loaded(VirtioNet *net)
{
    publish_filter(net);
    net_nic_load_link(net->nic, net->link_up);
    net->announcing = FALSE;
    net->announcements = NET_ANNOUNCEMENTS;
    g_atomic_int_set(&net->announce, NET_ANNOUNCEMENTS);
}

static guint64 agreed(const VirtioNet *net)
{
    return net->dev.port->driver_features;
}

static gboolean tell_header(VirtioNet *net, guint64 features, GError **errp)
{
    return net_backend_set_header(net->backend, net->header,
                                  net_tun_offloads(features & net->offloads), errp);
}

gboolean net_control_prepare(VirtioNet *net, guint64 features, GError **errp)
{
    unsigned active = MIN((unsigned)net->active, net_usable_pairs(net));

    gboolean all_vlans = !(features & BIT(VIRTIO_NET_F_CTRL_VLAN));
    if (all_vlans != net->filter.all_vlans) {
        net->filter.all_vlans = all_vlans;
        publish_filter(net);
    }
    g_atomic_int_set(&net->active, active);
    net->header = features & (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF))
                      ? NET_HEADER
                      : NET_HEADER_SHORT;
    net_vhost_choose(net);
    return tell_header(net, features, errp) &&
           net_backend_set_pairs(net->backend, active, errp);
}

/* Commands. What the driver sends is read once. TRUE: VIRTIO_NET_OK. */

static gboolean take(const GuestIov *out, guint64 *offset, void *to, gsize len)
{
    guint64 at = *offset;

    *offset += len;
    return guest_iov_to_buf(out, at, to, len) == len;
}

static gboolean set_mode(VirtioNet *net, unsigned command, const GuestIov *out,
                         guint64 at)
{
    static const guint8 modes[] = {
        [VIRTIO_NET_CTRL_RX_PROMISC] = NET_RX_PROMISC,
        [VIRTIO_NET_CTRL_RX_ALLMULTI] = NET_RX_ALLMULTI,
        [VIRTIO_NET_CTRL_RX_ALLUNI] = NET_RX_ALLUNI,
        [VIRTIO_NET_CTRL_RX_NOMULTI] = NET_RX_NOMULTI,
        [VIRTIO_NET_CTRL_RX_NOUNI] = NET_RX_NOUNI,
        [VIRTIO_NET_CTRL_RX_NOBCAST] = NET_RX_NOBCAST,
    };
    guint8 on;

    if (!take(out, &at, &on, sizeof(on))) {
        return FALSE;
    }
    net->filter.modes &= ~modes[command];
    net->filter.modes |= on ? modes[command] : 0;
    filter_changed(net);
    return TRUE;
}

/* One table behind the other; of one that is too long none is kept, and all come in. */
static gboolean take_table(NetFilter *filter, const GuestIov *out, guint64 *at,
                           gboolean *overflow)
{
    guint32 n;

    if (!take(out, at, &n, sizeof(n))) {
        return FALSE;
    }
    guint64 bytes = (guint64)GUINT32_FROM_LE(n) * 6;
    if (bytes > out->size - *at) {
        return FALSE;
    }
    *overflow = bytes > (NET_FILTER_MACS - filter->n_macs) * 6u;
    if (*overflow) {
        *at += bytes;
        return TRUE;
    }
    gboolean ok = take(out, at, filter->macs + filter->n_macs * 6, bytes);
    filter->n_macs += bytes / 6;
    return ok;
}

static gboolean set_tables(VirtioNet *net, unsigned command, const GuestIov *out,
                           guint64 at)
{
    NetFilter filter = net->filter;

    filter.n_macs = 0;
    memset(filter.macs, 0, sizeof(filter.macs));
    if (!take_table(&filter, out, &at, &filter.uni_overflow)) {
        return FALSE;
    }
    filter.first_multi = filter.n_macs;
    if (!take_table(&filter, out, &at, &filter.multi_overflow) || at != out->size) {
        return FALSE;
    }
    net->filter = filter;
    filter_changed(net);
    return TRUE;
}

static gboolean set_address(VirtioNet *net, unsigned command, const GuestIov *out,
                            guint64 at)
{
    guint8 mac[6];

    if (!take(out, &at, mac, sizeof(mac)) || at != out->size) {
        return FALSE;
    }
    net_control_set_address(net, mac);
    return TRUE;
}

static gboolean set_vlan(VirtioNet *net, unsigned command, const GuestIov *out,
                         guint64 at)
{
    guint16 vlan;

    if (!take(out, &at, &vlan, sizeof(vlan))) {
        return FALSE;
    }
    vlan = GUINT16_FROM_LE(vlan);
    if (vlan >= NET_FILTER_VLANS) {
        return FALSE;
    }
    if (command == VIRTIO_NET_CTRL_VLAN_ADD) {
        net->filter.vlans[vlan / 32] |= 1u << vlan % 32;
    } else {
        net->filter.vlans[vlan / 32] &= ~(1u << vlan % 32);
    }
    filter_changed(net);
    return TRUE;
}

static gboolean acknowledge(VirtioNet *net, unsigned command, const GuestIov *out,
                            guint64 at)
{
    if (!net->announcing) {
        return FALSE;
    }
    net->announcing = FALSE;
    if (net->announcements) {
        timer_arm(net->announce_next,
                  net_announce_next(NET_ANNOUNCEMENTS - net->announcements));
    }
    return TRUE;
}

/* Nobody receives by a pair that is not there any more, or that is not there yet. */
static gboolean change_pairs(VirtioNet *net, unsigned now)
{
    unsigned before = net->active;
    g_autoptr(GError) error = NULL;

    g_atomic_int_set(&net->active, MIN(before, now));
    if (!net_vhost_connect(net, now, before, FALSE, &error) ||
        !net_backend_set_pairs(net->backend, now, &error) ||
        !net_vhost_connect(net, before, now, TRUE, &error)) {
        log_once("%s", error->message);
        net_backend_set_pairs(net->backend, before, NULL);
        net_vhost_connect(net, 0, before, TRUE, NULL);
        g_atomic_int_set(&net->active, before);
        return FALSE;
    }
    g_atomic_int_set(&net->active, now);
    for (unsigned i = before; i < now; i++) {
        Virtqueue *vq = virtio_device_queue(&net->dev, 2 * i);
        if (vq->enabled) {
            virtio_queue_again(vq);
        }
    }
    return TRUE;
}

static gboolean set_pairs(VirtioNet *net, unsigned command, const GuestIov *out,
                          guint64 at)
{
    guint16 pairs;

    if (!take(out, &at, &pairs, sizeof(pairs))) {
        return FALSE;
    }
    pairs = GUINT16_FROM_LE(pairs);
    return pairs && pairs <= net_usable_pairs(net) && change_pairs(net, pairs);
}

static gboolean set_offloads(VirtioNet *net, unsigned command, const GuestIov *out,
                             guint64 at)
{
    g_autoptr(GError) error = NULL;
    guint64 offloads, before = net->offloads;

    if (!take(out, &at, &offloads, sizeof(offloads))) {
        return FALSE;
    }
    offloads = GUINT64_FROM_LE(offloads);
    if (!net_backend_has_header(net->backend) ||
        (offloads & ~(agreed(net) & CHANGEABLE))) {
        return FALSE;
    }
    net->offloads = offloads;
    if (!tell_header(net, agreed(net), &error)) {
        net->offloads = before;
        return FALSE;
    }
    return TRUE;
}

/* The commands first to last of a class, when the feature was agreed on. */
static const struct {
    guint8 class, first, last;
    guint8 feature;
    gboolean (*run)(VirtioNet *net, unsigned command, const GuestIov *out, guint64 at);
} commands[] = {
    { VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_CTRL_RX_ALLMULTI,
      VIRTIO_NET_F_CTRL_RX, set_mode },
    { VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_CTRL_RX_NOBCAST,
      VIRTIO_NET_F_CTRL_RX_EXTRA, set_mode },
    { VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_CTRL_MAC_TABLE_SET,
      VIRTIO_NET_F_CTRL_RX, set_tables },
    { VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_CTRL_MAC_ADDR_SET,
      VIRTIO_NET_F_CTRL_MAC_ADDR, set_address },
    { VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_CTRL_VLAN_DEL,
      VIRTIO_NET_F_CTRL_VLAN, set_vlan },
    { VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK,
      VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_F_GUEST_ANNOUNCE, acknowledge },
    { VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET,
      VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, set_pairs },
    { VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
      VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
      set_offloads },
};

static gboolean run_command(VirtioNet *net, const GuestIov *out)
{
    struct virtio_net_ctrl_hdr header;
    guint64 at = 0;

    if (!take(out, &at, &header, sizeof(header))) {
        return FALSE;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].class == header.class && commands[i].first <= header.cmd &&
            header.cmd <= commands[i].last) {
            return virtio_device_has_feature(&net->dev, commands[i].feature) &&
                   commands[i].run(net, header.cmd, out, at);
        }
    }
    return FALSE;
}

void net_control_handle(VirtioNet *net, Virtqueue *vq)
{
    VirtqElement *elem = &net->command;

    do {
        virtqueue_set_notification(vq, FALSE);
        while (virtqueue_pop(vq, elem)) {
            if (elem->out.size < sizeof(struct virtio_net_ctrl_hdr) || !elem->in.size) {
                virtqueue_unpop(vq, elem);
                virtio_device_broken(&net->dev, "control command without room");
                return;
            }
            guint8 status = run_command(net, &elem->out) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
            guest_iov_from_buf(&elem->in, 0, &status, sizeof(status));
            virtqueue_fill(vq, elem, sizeof(status));
        }
        virtqueue_flush(vq);
    } while (virtqueue_set_notification(vq, TRUE));
}

/* Announcing: the driver is asked some times, and sends what tells switches of it. */

static void ask_to_announce(void *opaque)
{
    VirtioNet *net = opaque;

    net->announcements--;
    net->announcing = TRUE;
    virtio_device_config_changed(&net->dev);
}

void net_control_start(VirtioNet *net)
{
    virtq_element_init(&net->command);
    net->announce_next =
        timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, ask_to_announce, net);
    if (!virtio_device_has_feature(&net->dev, VIRTIO_NET_F_GUEST_ANNOUNCE) ||
        !virtio_device_has_feature(&net->dev, VIRTIO_NET_F_STATUS)) {
        net->announcements = 0;
    } else if (net->announcements && !net->announcing) {
        ask_to_announce(net);
    }
}

void net_control_stop(VirtioNet *net)
{
    timer_free(net->announce_next);
    net->announce_next = NULL;
    virtq_element_free(&net->command);
}

/* The monitor's view */

static void link_changed(void *opaque)
{
    VirtioNet *net = opaque;

    virtio_device_config_changed(&net->dev);
    net_vhost_restart(net);
}

static char *mac_text(const guint8 *mac)
{
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                           mac[3], mac[4], mac[5]);
}

static ConfigNode *mac_list(const guint8 *macs, unsigned n)
{
    ConfigNode *list = config_list_new();

    for (unsigned i = 0; i < n; i++) {
        g_autofree char *mac = mac_text(macs + 6 * i);
        config_list_add_string(list, mac);
    }
    return list;
}

static ConfigNode *vlan_list(const NetFilter *f)
{
    ConfigNode *list = config_list_new();

    for (unsigned i = 0; !f->all_vlans && i < NET_FILTER_VLANS; i++) {
        if (net_filter_has_vlan(f, i)) {
            config_list_add(list, config_int_new(i));
        }
    }
    return list;
}

static const char *state_name(const NetFilter *f, guint8 none, guint8 all)
{
    return f->modes & none ? "none" : f->modes & all ? "all" : "normal";
}

static ConfigNode *query_rx_filter(void *opaque)
{
    const NetFilter *f = &((VirtioNet *)opaque)->filter;
    ConfigNode *info = config_map_new(), *vlans = vlan_list(f);
    g_autofree char *mac = mac_text(f->mac);

    config_map_set_bool(info, "promiscuous", (f->modes & NET_RX_PROMISC) != 0);
    config_map_set_string(info, "multicast",
                          state_name(f, NET_RX_NOMULTI, NET_RX_ALLMULTI));
    config_map_set_string(info, "unicast", state_name(f, NET_RX_NOUNI, NET_RX_ALLUNI));
    config_map_set_bool(info, "broadcast-allowed", !(f->modes & NET_RX_NOBCAST));
    config_map_set_bool(info, "multicast-overflow", f->multi_overflow);
    config_map_set_bool(info, "unicast-overflow", f->uni_overflow);
    config_map_set_string(info, "main-mac", mac);
    config_map_set_string(info, "vlan",
                          f->all_vlans              ? "all"
                          : config_list_size(vlans) ? "normal"
                                                    : "none");
    config_map_set(info, "vlan-table", vlans);
    config_map_set(info, "unicast-table", mac_list(f->macs, f->first_multi));
    config_map_set(info, "multicast-table",
                   mac_list(f->macs + 6 * f->first_multi, f->n_macs - f->first_multi));
    return info;
}

const NetNicOps net_nic_ops = { link_changed, query_rx_filter };
