/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <channel>: a port of virtio-serial, with a name */
#include "xml/internal.h"

static const char *const state_names[] = { "", "connected", "disconnected", NULL };

static const XmlField rows[] = {
    XML_GROUP(DomainChannel, chardev, xml_chardev_type),
    XML_GROUP(DomainChannel, chardev, xml_chardev_unnamed),
    XML_CONST("target@type", "virtio", .flags = XML_REQUIRED),
    XML_STRING("target@name", DomainChannel, name,
               .flags = XML_KEY | XML_UNIQUE | XML_ABI | XML_EMPTY_NONE,
               .what = "channel target name"),
    XML_ENUM("target@state", DomainChannel, state, state_names, .flags = XML_LIVE),
    XML_REFUSE("target@address"),
    XML_REFUSE("target@port"),
    XML_INFO(DomainChannel, xml_plain_info),
};

const XmlKind xml_kind_channel = {
    .name = "channel",
    .label = "channel",
    XML_KIND(DomainChannel, channels, rows),
};

const DomainChannel *xml_domain_agent(const Domain *domain)
{
    for (guint i = 0; i < domain->channels->len; i++) {
        const DomainChannel *channel = domain->channels->pdata[i];

        if (channel->chardev.type == DOMAIN_CHARDEV_UNIX &&
            channel->chardev.mode == DOMAIN_CHARDEV_MODE_BIND &&
            g_strcmp0(channel->name, DOMAIN_AGENT_NAME) == 0) {
            return channel;
        }
    }
    return NULL;
}
