/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-net in the migration stream: what its driver has set by the control queue. */
#include "util/error.h"
#include "virtio/virtio-net.h"

static gboolean pre_save(void *opaque, GError **errp)
{
    VirtioNet *net = opaque;

    net->link_up = net_nic_link_up(net->nic);
    return TRUE;
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    VirtioNet *net = opaque;
    const NetFilter *f = &net->filter;

    if (f->first_multi > f->n_macs) {
        return error_set(errp, "virtio-net: %u of %u addresses are unicast",
                         f->first_multi, f->n_macs);
    }
    if (net->active < 1 || net->active > net->pairs) {
        return error_set(errp, "virtio-net: %d pairs of queues are active, of %u here",
                         net->active, net->pairs);
    }
    net_control_loaded(net);
    return TRUE;
}

static const StateField fields[] = {
    STATE_ARRAY("mac", STATE_BYTES, VirtioNet, filter.mac, 6),
    STATE_FIELD("modes", STATE_U8, VirtioNet, filter.modes, .limit = NET_RX_MODES),
    STATE_FIELD("unicast-overflow", STATE_BOOL, VirtioNet, filter.uni_overflow),
    STATE_FIELD("multicast-overflow", STATE_BOOL, VirtioNet, filter.multi_overflow),
    STATE_FIELD("addresses", STATE_U8, VirtioNet, filter.n_macs,
                .limit = NET_FILTER_MACS),
    STATE_FIELD("first-multicast", STATE_U8, VirtioNet, filter.first_multi,
                .limit = NET_FILTER_MACS),
    STATE_ARRAY("table", STATE_BYTES, VirtioNet, filter.macs, NET_FILTER_MACS * 6,
                .optional = TRUE),
    STATE_ARRAY("vlans", STATE_U32, VirtioNet, filter.vlans, NET_FILTER_VLANS / 32,
                .optional = TRUE),
    STATE_FIELD("active-pairs", STATE_U32, VirtioNet, active, .limit = NET_PAIRS_MAX),
    STATE_FIELD("offloads", STATE_U64, VirtioNet, offloads),
    STATE_FIELD("link-up", STATE_BOOL, VirtioNet, link_up),
    { NULL },
};

const StateDesc net_state = {
    .name = "virtio-net-device",
    .version = 1,
    .fields = fields,
    .pre_save = pre_save,
    .post_load = post_load,
};
