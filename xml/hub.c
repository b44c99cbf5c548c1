/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <hub> */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_CONST("@type", "usb", .flags = XML_REQUIRED),
    XML_INFO(DomainHub, xml_plain_info),
};

/* How many hubs it is behind; those that have no port yet are behind them all. */
static guint depth(const DomainHub *hub)
{
    guint dots = 0;

    for (const char *p = hub->info.address.usb_port; p && *p; p++) {
        dots += *p == '.';
    }
    return hub->info.address.usb_port ? dots : G_MAXUINT;
}

static int compare(gconstpointer a, gconstpointer b)
{
    guint left = depth(a), right = depth(b);

    return (left > right) - (left < right);
}

const XmlKind xml_kind_hub = {
    .name = "hub",
    .label = "hub",
    XML_KIND(DomainHub, hubs, rows),
    .type.compare = compare,
};
