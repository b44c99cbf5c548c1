/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <interface> */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

static const char *const type_names[] = { "ethernet", "bridge", NULL };
static const char *const model_names[] = { "", "virtio", NULL };
static const char *const link_names[] = { "", "up", NULL };

/* "vnet*" are the names that we make up. */
static gboolean is_users(gconstpointer base, gconstpointer value)
{
    const DomainInterface *interface = base;

    return interface->managed == DOMAIN_TRISTATE_NO || !g_str_has_prefix(value, "vnet");
}

static const XmlField rows[] = {
    XML_ENUM(
        "@type", DomainInterface, type, type_names,
        .text = "network|user|internal|direct|hostdev|vhostuser|vdpa|client|server|mcast|"
                "udp|null|vds",
        .flags = XML_REQUIRED),
    XML_REFUSE_BUT("@trustGuestRxFilters", "no"),
    XML_REFUSE("@managed"),
    XML_MAC("mac@address", DomainInterface, mac, .flags = XML_KEY | XML_ABI,
            .what = "interface MAC address"),
    XML_REFUSE("mac@type"),
    XML_REFUSE("mac@check"),
    XML_STRING("source@bridge", DomainInterface, bridge,
               .flags = XML_REQUIRED | XML_LIVE_UPDATE, .check = xml_check_ifname,
               XML_WHEN(DomainInterface, type, XML_BIT(DOMAIN_INTERFACE_BRIDGE))),
    XML_REFUSE("source@network"),
    XML_REFUSE("source@portgroup"),
    XML_REFUSE("source@portid"),
    XML_REFUSE("source@dev"),
    XML_REFUSE("source@mode"),
    XML_REFUSE("source@type"),
    XML_REFUSE("source@path"),
    XML_REFUSE("source@name"),
    XML_REFUSE("source@address"),
    XML_REFUSE("source@port"),
    XML_REFUSE("source@connectionid"),
    XML_REFUSE("source@macTableManager"),
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
    /* decides about the next; written after it */
    XML_ENUM("target@managed", DomainInterface, managed, xml_yes_no_names,
             .flags = XML_AGAIN | XML_READ_ONLY),
    XML_STRING("target@dev", DomainInterface, target, .flags = XML_DETAIL | XML_UNIQUE,
               .check = xml_check_ifname, .keeps = is_users, .what = "interface target"),
    XML_ENUM("target@managed", DomainInterface, managed, xml_yes_no_names),
    XML_ENUM("model@type", DomainInterface, model, model_names, .text = "*"),
    XML_ENUM("link@state", DomainInterface, link, link_names, .flags = XML_LIVE_UPDATE,
             .text = "down"),
    XML_REFUSE_BUT("driver@name", "qemu"),
    XML_REFUSE("driver@model"),
    XML_REFUSE_BUT("driver@queues", "1"),
    XML_REFUSE_BUT("driver@ioeventfd", "on"),
    XML_REFUSE_BUT("driver@event_idx", "on"),
    XML_REFUSE("driver@txmode"),
    XML_REFUSE("driver@rx_queue_size"),
    XML_REFUSE("driver@tx_queue_size"),
    XML_REFUSE("driver@rss"),
    XML_REFUSE("driver@rss_hash_report"),
    XML_VIRTIO_DRIVER("driver"),
    XML_REFUSE("driver/host"),
    XML_REFUSE("driver/guest"),
    XML_REFUSE("backend"),
    XML_REFUSE("backenddomain"),
    XML_REFUSE("filterref"),
    XML_REFUSE("virtualport"),
    XML_REFUSE("bandwidth"),
    XML_REFUSE("vlan"),
    XML_REFUSE_BUT("port@isolated", "no"),
    XML_REFUSE("mtu"),
    XML_REFUSE("coalesce"),
    XML_REFUSE("tune"),
    XML_REFUSE("ip"),
    XML_REFUSE("route"),
    XML_REFUSE("script"),
    XML_REFUSE("downscript"),
    XML_REFUSE("guest"),
    XML_REFUSE("teaming"),
    XML_REFUSE("portForward"),
    XML_INFO(DomainInterface, xml_nic_info),
};

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

const XmlKind xml_kind_interface = {
    .name = "interface",
    .label = "interface with MAC address",
    XML_KIND(DomainInterface, interfaces, rows),
    .type.finish = finish,
};
