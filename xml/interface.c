/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <interface> */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

static const char *const type_names[] = { "ethernet", "bridge", "network",
                                          "direct",   "user",   NULL };
static const char *const mode_names[] = { "",        "vepa",        "bridge",
                                          "private", "passthrough", NULL };
static const char *const table_names[] = { "", "kernel", "libvirt", NULL };
static const char *const model_names[] = {
    "", "virtio", "virtio-transitional", "virtio-non-transitional", "e1000", NULL
};
static const char *const driver_names[] = { "", "qemu", "vhost", NULL };
static const char *const link_names[] = { "", "up", "down", NULL };

/* The names that we make up. */
static gboolean is_users(gconstpointer base, gconstpointer value)
{
    const DomainInterface *interface = base;

    return interface->managed == DOMAIN_TRISTATE_NO ||
           (!g_str_has_prefix(value, "vnet") && !g_str_has_prefix(value, "macvtap"));
}

static const char *check_name(const char *text)
{
    return *text && !strchr(text, '/') ? NULL : "not the name of a network";
}

static const char *check_uuid(const char *text)
{
    guint8 uuid[16];

    return xml_uuid_parse(text, uuid) ? NULL : "not a UUID";
}

/* ---- <bandwidth> ---- */

#define RATE(path_, m) XML_UINT(path_, DomainBandwidth, m, .min = 1, .max = G_MAXINT)

static const XmlField bandwidth_rows[] = {
    XML_REFUSE("@classID"),
    RATE("inbound@average", inbound.average),
    RATE("inbound@peak", inbound.peak),
    RATE("inbound@floor", inbound.floor),
    RATE("inbound@burst", inbound.burst),
    XML_REFUSE("inbound@classID"),
    RATE("outbound@average", outbound.average),
    RATE("outbound@peak", outbound.peak),
    RATE("outbound@burst", outbound.burst),
    XML_REFUSE("outbound@floor"),
    XML_REFUSE("outbound@classID"),
};

static gboolean finish_rate(const xmlNode *node, const char *name, const DomainRate *rate,
                            GError **errp)
{
    const xmlNode *side = xml_node_child(node, name);

    if (!side || rate->average || (rate->floor && !rate->peak && !rate->burst)) {
        return TRUE;
    }
    return xml_missing(side, "attribute 'average'", errp);
}

static gboolean finish_bandwidth(const xmlNode *node, gpointer base, XmlParseFlags flags,
                                 GError **errp)
{
    const DomainBandwidth *bandwidth = base;

    return finish_rate(node, "inbound", &bandwidth->inbound, errp) &&
           finish_rate(node, "outbound", &bandwidth->outbound, errp);
}

const XmlStruct xml_bandwidth = {
    .size = sizeof(DomainBandwidth),
    XML_ROWS(bandwidth_rows),
    .finish = finish_bandwidth,
};

/* ---- <interface> ---- */

#define OFFLOAD(path_, name)                                                             \
    XML_ENUM("driver/" path_, DomainInterface, offloads[DOMAIN_OFFLOAD_##name],          \
             xml_on_off_names, .flags = XML_ABI, .what = "offload " path_)
#define OF(type_) XML_WHEN(DomainInterface, type, XML_BIT(DOMAIN_INTERFACE_##type_))

static const XmlField rows[] = {
    XML_ENUM("@type", DomainInterface, type, type_names,
             .text = "internal|hostdev|vhostuser|vdpa|client|server|mcast|udp|null|vds",
             .flags = XML_REQUIRED),
    XML_REFUSE_BUT("@trustGuestRxFilters", "no"),
    XML_REFUSE("@managed"),
    XML_MAC("mac@address", DomainInterface, mac, .flags = XML_KEY | XML_ABI,
            .what = "interface MAC address"),
    XML_REFUSE("mac@type"),
    XML_REFUSE("mac@check"),
    XML_STRING("source@network", DomainInterface, network,
               .flags = XML_REQUIRED | XML_LIVE_UPDATE, .check = check_name, OF(NETWORK)),
    XML_STRING("source@portgroup", DomainInterface, portgroup,
               .flags = XML_LIVE_UPDATE | XML_EMPTY_NONE, OF(NETWORK)),
    XML_STRING("source@portid", DomainInterface, portid, .flags = XML_LIVE,
               .check = check_uuid, OF(NETWORK)),
    XML_STRING("source@bridge", DomainInterface, bridge,
               .flags = XML_REQUIRED | XML_LIVE_UPDATE, .check = xml_check_ifname,
               OF(BRIDGE)),
    XML_STRING("source@bridge", DomainInterface, bridge, .flags = XML_AGAIN | XML_LIVE,
               .check = xml_check_ifname, OF(NETWORK)),
    XML_ENUM("source@macTableManager", DomainInterface, mac_table, table_names,
             .flags = XML_LIVE, OF(NETWORK)),
    XML_STRING("source@dev", DomainInterface, dev, .flags = XML_REQUIRED,
               .check = xml_check_ifname, OF(DIRECT)),
    XML_STRING("source@dev", DomainInterface, dev, .flags = XML_AGAIN | XML_LIVE,
               .check = xml_check_ifname, OF(NETWORK)),
    XML_ENUM("source@mode", DomainInterface, mode, mode_names, OF(DIRECT)),
    XML_ENUM("source@mode", DomainInterface, mode, mode_names,
             .flags = XML_AGAIN | XML_LIVE, OF(NETWORK)),
    XML_ENUM("source@rates", DomainInterface, port_rates, xml_yes_no_names,
             .flags = XML_STATUS, OF(NETWORK)),
    XML_REFUSE("source@type"),
    XML_REFUSE("source@path"),
    XML_REFUSE("source@name"),
    XML_REFUSE("source@address"),
    XML_REFUSE("source@port"),
    XML_REFUSE("source@connectionid"),
    XML_REFUSE("source@missing"),
    XML_REFUSE("source@portgroupid"),
    XML_REFUSE("source@switchid"),
    XML_REFUSE("source/address"),
    XML_REFUSE("source/vendor"),
    XML_REFUSE("source/product"),
    XML_REFUSE("source/ip"),
    XML_REFUSE("source/route"),
    XML_REFUSE("source/local"),
    XML_REFUSE("source/reconnect"),
    { .path = "bandwidth",
      .type = XML_FIELD_POINTER,
      .offset = offsetof(DomainInterface, bandwidth),
      .flags = XML_LIVE_UPDATE,
      .of = &xml_bandwidth },
    /* decides about the next; written after it */
    XML_ENUM("target@managed", DomainInterface, managed, xml_yes_no_names,
             .flags = XML_AGAIN | XML_READ_ONLY),
    XML_STRING("target@dev", DomainInterface, target, .flags = XML_DETAIL | XML_UNIQUE,
               .check = xml_check_ifname, .keeps = is_users, .what = "interface target"),
    XML_ENUM("target@managed", DomainInterface, managed, xml_yes_no_names),
    XML_ENUM("target@made", DomainInterface, made, xml_yes_no_names, .flags = XML_STATUS),
    XML_ENUM("model@type", DomainInterface, model, model_names, .text = "*",
             .flags = XML_ABI, .guest = xml_virtio_guest, .what = "interface model"),
    XML_ENUM("driver@name", DomainInterface, driver, driver_names, .text = "*"),
    XML_REFUSE("driver@model"),
    XML_UINT("driver@queues", DomainInterface, queues, .min = 1, .max = 256,
             .flags = XML_ABI, .what = "interface queues"),
    XML_REFUSE_BUT("driver@ioeventfd", "on"),
    XML_REFUSE_BUT("driver@event_idx", "on"),
    XML_REFUSE("driver@txmode"),
    XML_UINT("driver@rx_queue_size", DomainInterface, rx_queue_size, .min = 1,
             .max = G_MAXUINT16, .flags = XML_ABI, .what = "interface rx_queue_size"),
    XML_UINT("driver@tx_queue_size", DomainInterface, tx_queue_size, .min = 1,
             .max = G_MAXUINT16, .flags = XML_ABI, .what = "interface tx_queue_size"),
    XML_REFUSE("driver@rss"),
    XML_REFUSE("driver@rss_hash_report"),
    XML_VIRTIO_DRIVER("driver"),
    OFFLOAD("host@csum", HOST_CSUM),
    OFFLOAD("host@gso", HOST_GSO),
    OFFLOAD("host@tso4", HOST_TSO4),
    OFFLOAD("host@tso6", HOST_TSO6),
    OFFLOAD("host@ecn", HOST_ECN),
    OFFLOAD("host@ufo", HOST_UFO),
    OFFLOAD("host@mrg_rxbuf", HOST_MRG_RXBUF),
    OFFLOAD("guest@csum", GUEST_CSUM),
    OFFLOAD("guest@tso4", GUEST_TSO4),
    OFFLOAD("guest@tso6", GUEST_TSO6),
    OFFLOAD("guest@ecn", GUEST_ECN),
    OFFLOAD("guest@ufo", GUEST_UFO),
    XML_REFUSE_BUT("backend@type", "default"),
    XML_REFUSE("backend@tap"),
    XML_REFUSE("backend@vhost"),
    XML_REFUSE("backend@logFile"),
    XML_REFUSE("backend@hostname"),
    XML_REFUSE("backend@fqdn"),
    XML_REFUSE("backenddomain"),
    XML_REFUSE("filterref"),
    XML_REFUSE("virtualport"),
    XML_REFUSE("vlan"),
    XML_REFUSE_BUT("port@isolated", "no"),
    XML_ENUM("link@state", DomainInterface, link, link_names, .flags = XML_LIVE_UPDATE),
    XML_UINT("mtu@size", DomainInterface, mtu, .min = 1, .max = G_MAXUINT16,
             .flags = XML_ABI, .what = "interface MTU"),
    XML_REFUSE("coalesce"),
    XML_REFUSE("tune"),
    XML_REFUSE("ip"),
    XML_REFUSE("route"),
    /* An empty path is none: so OpenStack says it. */
    { .path = "script@path", .type = XML_FIELD_REFUSED, .flags = XML_EMPTY_NONE },
    { .path = "downscript@path", .type = XML_FIELD_REFUSED, .flags = XML_EMPTY_NONE },
    XML_REFUSE("guest"),
    XML_REFUSE("teaming"),
    XML_REFUSE("portForward"),
    XML_INFO(DomainInterface, xml_nic_info),
};

DomainInterfaceType xml_interface_actual(const DomainInterface *interface)
{
    return interface->type != DOMAIN_INTERFACE_NETWORK ? interface->type
           : interface->dev                            ? DOMAIN_INTERFACE_DIRECT
                                                       : DOMAIN_INTERFACE_BRIDGE;
}

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainInterface *interface = base;
    static const guint8 none[6];
    const xmlNode *target = xml_node_child(node, "target");
    DomainTristate managed = interface->managed;

    if (memcmp(interface->mac, none, sizeof(none)) == 0) {
        guint32 random = g_random_int();
        guint8 generated[6] = { 0x52, 0x54, 0, random, random >> 8, random >> 16 };
        memcpy(interface->mac, generated, sizeof(generated));
    }
    if (managed != DOMAIN_TRISTATE_ABSENT && !interface->extras &&
        interface->type != DOMAIN_INTERFACE_ETHERNET) {
        return xml_node_invalid(target, "managed", xml_yes_no_names[managed],
                                "for interface type 'ethernet' only", errp);
    }
    if (managed == DOMAIN_TRISTATE_NO && !interface->target) {
        return xml_missing(target, "attribute 'dev'", errp);
    }
    return TRUE;
}

void xml_interface_forget_host(DomainInterface *interface)
{
    g_clear_pointer(&interface->portid, g_free);
    interface->made = DOMAIN_TRISTATE_ABSENT;
}

DomainBandwidth *xml_bandwidth_parse(const xmlNode *node, GError **errp)
{
    DomainBandwidth *bandwidth =
        xml_struct_parse(&xml_bandwidth, node, XML_PARSE_INACTIVE, errp);

    if (bandwidth) {
        g_clear_pointer(&bandwidth->extras, xml_extras_free);
    }
    return bandwidth;
}

void xml_bandwidth_free(DomainBandwidth *bandwidth)
{
    xml_struct_free(&xml_bandwidth, bandwidth);
}

DomainBandwidth *xml_bandwidth_copy(const DomainBandwidth *bandwidth)
{
    return bandwidth ? xml_struct_copy(&xml_bandwidth, bandwidth) : NULL;
}

char *xml_bandwidth_format(const DomainBandwidth *bandwidth)
{
    XmlWriter w = { .text = g_string_new(NULL), .flags = XML_FORMAT_INACTIVE };

    xml_struct_write(&xml_bandwidth, &w, "bandwidth", bandwidth);
    return g_string_free(w.text, FALSE);
}

const XmlKind xml_kind_interface = {
    .name = "interface",
    .label = "interface with MAC address",
    XML_KIND(DomainInterface, interfaces, rows),
    .type.finish = finish,
};
