/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-net (virtio 1.2, section 5.1): properties, features, configuration. */
#include "virtio/virtio-net.h"

#include <linux/if_tun.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "device/boot.h"
#include "util/error.h"

#define BIT(n)      (1ull << (n))
#define FIELD(name) offsetof(VirtioNet, name)
#define MTU_MIN     68 /* 5.1.4.1 */

#define SEGMENTS_SENT                                                                    \
    (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |                         \
     BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_UFO))
#define SEGMENTS_RECEIVED                                                                \
    (BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) |                       \
     BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_UFO))

/* Features that a property switches; offload: they need the tap's, tun: told to it. */
static const struct {
    size_t offset;
    unsigned bit;
    gboolean offload;
    unsigned tun;
} switches[] = {
    { FIELD(mrg_rxbuf), VIRTIO_NET_F_MRG_RXBUF, FALSE, 0 },
    { FIELD(status), VIRTIO_NET_F_STATUS, FALSE, 0 },
    { FIELD(csum), VIRTIO_NET_F_CSUM, TRUE, 0 },
    { FIELD(host_tso4), VIRTIO_NET_F_HOST_TSO4, TRUE, 0 },
    { FIELD(host_tso6), VIRTIO_NET_F_HOST_TSO6, TRUE, 0 },
    { FIELD(host_ecn), VIRTIO_NET_F_HOST_ECN, TRUE, 0 },
    { FIELD(host_ufo), VIRTIO_NET_F_HOST_UFO, TRUE, 0 },
    { FIELD(guest_csum), VIRTIO_NET_F_GUEST_CSUM, TRUE, TUN_F_CSUM },
    { FIELD(guest_tso4), VIRTIO_NET_F_GUEST_TSO4, TRUE, TUN_F_TSO4 },
    { FIELD(guest_tso6), VIRTIO_NET_F_GUEST_TSO6, TRUE, TUN_F_TSO6 },
    { FIELD(guest_ecn), VIRTIO_NET_F_GUEST_ECN, TRUE, TUN_F_TSO_ECN },
    { FIELD(guest_ufo), VIRTIO_NET_F_GUEST_UFO, TRUE, TUN_F_UFO },
    /* 5.1.3.1: these need the first of them */
    { FIELD(ctrl_vq), VIRTIO_NET_F_CTRL_VQ, FALSE, 0 },
    { FIELD(ctrl_rx), VIRTIO_NET_F_CTRL_RX, FALSE, 0 },
    { FIELD(ctrl_rx_extra), VIRTIO_NET_F_CTRL_RX_EXTRA, FALSE, 0 },
    { FIELD(ctrl_vlan), VIRTIO_NET_F_CTRL_VLAN, FALSE, 0 },
    { FIELD(ctrl_mac_addr), VIRTIO_NET_F_CTRL_MAC_ADDR, FALSE, 0 },
    { FIELD(ctrl_guest_offloads), VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, FALSE, 0 },
    { FIELD(guest_announce), VIRTIO_NET_F_GUEST_ANNOUNCE, FALSE, 0 },
    { FIELD(mq), VIRTIO_NET_F_MQ, FALSE, 0 },
};

#define CONTROLLED                                                                       \
    (BIT(VIRTIO_NET_F_CTRL_RX) | BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) |                       \
     BIT(VIRTIO_NET_F_CTRL_VLAN) | BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) |                     \
     BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT(VIRTIO_NET_F_GUEST_ANNOUNCE) |          \
     BIT(VIRTIO_NET_F_MQ))

static guint64 net_features(VirtioDevice *dev)
{
    VirtioNet *net = (VirtioNet *)dev;
    gboolean offloads = net_backend_has_offloads(net->backend);
    guint64 features = BIT(VIRTIO_NET_F_MAC);

    features |= net->host_mtu ? BIT(VIRTIO_NET_F_MTU) : 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(switches); i++) {
        gboolean on = *(gboolean *)((guint8 *)net + switches[i].offset);
        if (on && (offloads || !switches[i].offload)) {
            features |= BIT(switches[i].bit);
        }
    }
    /* 5.1.3.1: segmentation needs checksums */
    if (!(features & BIT(VIRTIO_NET_F_CSUM))) {
        features &= ~SEGMENTS_SENT;
    }
    if (!(features & BIT(VIRTIO_NET_F_GUEST_CSUM))) {
        features &= ~SEGMENTS_RECEIVED;
    }
    if (!(features & BIT(VIRTIO_NET_F_CTRL_VQ))) {
        features &= ~CONTROLLED;
    }
    return features;
}

/* 5.1.3.3: one bit for all of TSO. */
static guint64 net_legacy_features(VirtioDevice *dev)
{
    gboolean csum = (net_features(dev) & BIT(VIRTIO_NET_F_CSUM)) != 0;

    return csum && ((VirtioNet *)dev)->gso ? BIT(VIRTIO_NET_F_GSO) : 0;
}

static unsigned net_config(VirtioDevice *dev, guint8 *space)
{
    VirtioNet *net = (VirtioNet *)dev;
    struct virtio_net_config config = {
        .status = GUINT16_TO_LE((net_nic_link_up(net->nic) ? VIRTIO_NET_S_LINK_UP : 0) |
                                (net->announcing ? VIRTIO_NET_S_ANNOUNCE : 0)),
        .max_virtqueue_pairs = GUINT16_TO_LE(net->pairs),
        .mtu = GUINT16_TO_LE(net->host_mtu),
    };

    memcpy(config.mac, net->filter.mac, sizeof(config.mac));
    memcpy(space, &config, sizeof(config));
    return net->host_mtu ? offsetof(struct virtio_net_config, speed)
           : net->mq     ? offsetof(struct virtio_net_config, mtu)
           : net->status ? offsetof(struct virtio_net_config, max_virtqueue_pairs)
                         : offsetof(struct virtio_net_config, status);
}

/* 5.1.4.1: a legacy driver sets the address here, byte by byte. */
static void net_config_write(VirtioDevice *dev, unsigned offset, unsigned size,
                             guint64 value)
{
    VirtioNet *net = (VirtioNet *)dev;
    guint8 mac[6];

    if (!dev->port || !dev->port->legacy || offset > sizeof(mac) ||
        size > sizeof(mac) - offset) {
        return;
    }
    memcpy(mac, net->filter.mac, sizeof(mac));
    value = GUINT64_TO_LE(value);
    memcpy(mac + offset, &value, size);
    net_control_set_address(net, mac);
}

/* The tap hands over what the driver can take: 5.1.6.4.2. */
unsigned net_tun_offloads(guint64 features)
{
    unsigned offloads = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(switches); i++) {
        offloads |= features & BIT(switches[i].bit) ? switches[i].tun : 0;
    }
    return offloads & TUN_F_CSUM ? offloads : 0; /* 5.1.3.1: the others require it */
}

static gboolean net_prepare(VirtioDevice *dev, guint64 features, GError **errp)
{
    return net_control_prepare((VirtioNet *)dev, features, errp);
}

/* Queues */

unsigned net_usable_pairs(VirtioNet *net)
{
    return virtio_device_has_feature(&net->dev, VIRTIO_NET_F_MQ) ? net->pairs : 1;
}

unsigned net_control_index(VirtioNet *net)
{
    return virtio_device_has_feature(&net->dev, VIRTIO_NET_F_CTRL_VQ)
               ? 2 * net_usable_pairs(net)
               : G_MAXUINT;
}

static EventLoop *net_queue_loop(VirtioDevice *dev, unsigned queue)
{
    if (queue == net_control_index((VirtioNet *)dev)) {
        return event_loop_main();
    }
    return ((VirtioNet *)dev)->by_kernel ? NULL : dev->loop;
}

/* Before the driver has said where its control queue is: the last one. */
static guint16 net_queue_size(VirtioDevice *dev, unsigned queue)
{
    const VirtioNet *net = (VirtioNet *)dev;

    if (queue == 2u * net->pairs) {
        return NET_CONTROL_SIZE;
    }
    return queue % 2 ? net->tx_queue_size : net->rx_queue_size;
}

static void net_start(VirtioDevice *dev, EventLoop *loop)
{
    if (loop == dev->loop) {
        net_plane_start((VirtioNet *)dev);
    }
    if (loop == event_loop_main()) {
        net_control_start((VirtioNet *)dev);
    }
}

static void net_stop(VirtioDevice *dev, EventLoop *loop)
{
    if (loop == dev->loop) {
        net_plane_stop((VirtioNet *)dev);
    }
    if (loop == event_loop_main()) {
        net_control_stop((VirtioNet *)dev);
    }
}

static void net_handle(VirtioDevice *dev, Virtqueue *vq)
{
    if (vq->index == net_control_index((VirtioNet *)dev)) {
        net_control_handle((VirtioNet *)dev, vq);
    } else if (vq->loop == dev->loop) {
        net_plane_handle((VirtioNet *)dev, vq);
    }
}

static void net_reset(VirtioDevice *dev)
{
    net_control_reset((VirtioNet *)dev);
}

/* Life */

static gboolean check_options(const VirtioNet *net, GError **errp)
{
    const char *name = device_user_name(&net->dev.device);
    guint16 rx = net->rx_queue_size, tx = net->tx_queue_size;

    if (net->host_mtu && net->host_mtu < MTU_MIN) {
        return error_set(errp, "Property '%s.host_mtu' value %u is below %d", name,
                         net->host_mtu, MTU_MIN);
    }
    if ((rx & (rx - 1)) || (tx & (tx - 1))) {
        return error_set(errp, "Property '%s.%s' value %u is not a power of two", name,
                         rx & (rx - 1) ? "rx_queue_size" : "tx_queue_size",
                         rx & (rx - 1) ? rx : tx);
    }
    return TRUE;
}

static gboolean net_realize(Device *device, GError **errp)
{
    VirtioNet *net = (VirtioNet *)device;
    /* StratoVirt's rule for its light machine: a netdev of the device's own name. */
    const char *name = net->netdev ? net->netdev : device->id;

    net->backend = name ? net_backend_find(name) : NULL;
    if (!net->backend) {
        return net->netdev ? error_set(errp, "Property '%s.netdev' can't find value '%s'",
                                       device_user_name(device), net->netdev)
                           : error_set(errp, "Property '%s.netdev' is not set",
                                       device_user_name(device));
    }
    if (!check_options(net, errp) ||
        !virtio_device_get_loop(&net->dev, net->iothread, errp)) {
        return FALSE;
    }
    net->nic = net_nic_new(device, net->backend, &net_nic_ops, net, errp);
    if (!net->nic) {
        virtio_device_put_loop(&net->dev, net->iothread);
        return FALSE;
    }
    net_nic_default_mac(net->mac);
    net->pairs = net->mq ? net_backend_pairs(net->backend) : 1;
    net->dev.n_queues = 2 * net->pairs + (net->ctrl_vq ? 1 : 0);
    if (!net_vhost_realize(net, errp)) {
        net_nic_free(net->nic);
        virtio_device_put_loop(&net->dev, net->iothread);
        return FALSE;
    }
    g_mutex_init(&net->shared_lock);
    net_control_reset(net);
    return TRUE;
}

static void net_unrealize(Device *device)
{
    VirtioNet *net = (VirtioNet *)device;

    net_vhost_unrealize(net);
    net_nic_free(net->nic);
    g_mutex_clear(&net->shared_lock);
    virtio_device_put_loop(&net->dev, net->iothread);
}

static char *net_boot_name(const Device *device)
{
    return g_strdup("ethernet-phy@0");
}

/* The number of its queues, which a PCI function's vectors follow. */
static void net_guest_facts(const Device *device, GuestPropertyFn fn, void *opaque)
{
    g_autofree char *pairs = g_strdup_printf("%u", ((const VirtioNet *)device)->pairs);

    fn("pairs of queues", pairs, "1", opaque);
}

#define SWITCH(name_, text)                                                              \
    {                                                                                    \
#name_, PROP_BOOL, FIELD(name_), "on", .guest = TRUE, .help = "offer " text      \
    }
static const Property properties[] = {
    { "netdev", PROP_STRING, FIELD(netdev), .help = "id of the network back end" },
    { "iothread", PROP_STRING, FIELD(iothread), .link = "link<iothread>",
      .help = "iothread that serves it" },
    { "mac", PROP_MAC, FIELD(mac), .guest = TRUE,
      .help = "address; default: 52:54:00:12:34:56 and on" },
    { "host_mtu", PROP_U16, FIELD(host_mtu), .guest = TRUE,
      .help = "MTU to tell the guest; 0: none" },
    { "rx_queue_size", PROP_U16, FIELD(rx_queue_size), "256", 256, VIRTQUEUE_MAX_SIZE,
      .guest = TRUE, .help = "entries, a power of two" },
    { "tx_queue_size", PROP_U16, FIELD(tx_queue_size), "256", 256, VIRTQUEUE_MAX_SIZE,
      .guest = TRUE, .help = "entries, a power of two" },
    { "mq", PROP_BOOL, FIELD(mq), "off", .guest = TRUE,
      .help = "offer as many pairs of queues as the netdev has" },
    SWITCH(mrg_rxbuf, "mergeable receive buffers"),
    SWITCH(status, "the link's status"),
    SWITCH(csum, "checksums by the host"),
    SWITCH(guest_csum, "packets without checksum"),
    SWITCH(guest_tso4, "receiving TSO (IPv4)"),
    SWITCH(guest_tso6, "receiving TSO (IPv6)"),
    SWITCH(guest_ecn, "receiving TSO with ECN"),
    SWITCH(guest_ufo, "receiving UFO"),
    SWITCH(host_tso4, "sending TSO (IPv4)"),
    SWITCH(host_tso6, "sending TSO (IPv6)"),
    SWITCH(host_ecn, "sending TSO with ECN"),
    SWITCH(host_ufo, "sending UFO"),
    SWITCH(ctrl_vq, "a control queue, which the next ones need"),
    SWITCH(ctrl_rx, "receive modes and a table of addresses"),
    SWITCH(ctrl_rx_extra, "further receive modes"),
    SWITCH(ctrl_vlan, "a filter of VLANs"),
    SWITCH(ctrl_mac_addr, "another address"),
    SWITCH(ctrl_guest_offloads, "changes of the receiving offloads"),
    SWITCH(guest_announce, "announcing itself after a migration"),
    { "addr", PROP_STRING, FIELD(addr), .ignored = TRUE,
      .help = "StratoVirt's; bus= chooses the slot" },
    PROPERTY_BOOTINDEX(VirtioNet, bootindex),
    { "gso", PROP_BOOL, FIELD(gso), "on", .guest = TRUE,
      .help = "offer sending TSO to legacy drivers by one bit" },
    PROPERTY_ONLY("rss", PROP_BOOL, "off"),
    PROPERTY_ONLY("hash", PROP_BOOL, "off"),
    PROPERTY_ONLY("guest_rsc_ext", PROP_BOOL, "off"),
    PROPERTY_ONLY("rsc_interval", PROP_U32, "300000"),
    PROPERTY_ONLY("failover", PROP_BOOL, "off"),
    PROPERTY_ONLY("duplex", PROP_STRING, ""),
    PROPERTY_ONLY("speed", PROP_STRING, "-1"),
    PROPERTY_ONLY("tx", PROP_STRING, "|bh"),
    PROPERTY_ONLY("x-mtu-bypass-backend", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-txburst", PROP_U32, "256"),
    PROPERTY_ONLY("x-txtimer", PROP_U32, "150000"), /* of tx=timer */
    { NULL },
};

const VirtioDeviceClass virtio_net_class = {
    .device = {
        .name = "virtio-net-device",
        .alias = "virtio-net-mmio",
        .desc = "Virtio network card",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioNet),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &net_state,
        .realize = net_realize,
        .unrealize = net_unrealize,
        .boot_name = net_boot_name,
        .guest_facts = net_guest_facts,
    },
    .device_id = VIRTIO_ID_NET,
    .features = net_features,
    .legacy_features = net_legacy_features,
    .bad_features = BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_CSUM) |
                    BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |
                    BIT(VIRTIO_NET_F_HOST_ECN),
    .config = net_config,
    .queue_size = net_queue_size,
    .queue_loop = net_queue_loop,
    .config_write = net_config_write,
    .prepare = net_prepare,
    .reset = net_reset,
    .start = net_start,
    .handle = net_handle,
    .stop = net_stop,
};
