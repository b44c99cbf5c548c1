/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <memballoon>: none */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_NONE("@model", DomainBalloon), XML_REFUSE("@autodeflate"),
    XML_REFUSE("@freePageReporting"),  XML_REFUSE("stats"),
    XML_VIRTIO_DRIVER("driver"),       XML_INFO(DomainBalloon, xml_plain_info),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainBalloon *device = base;

    return xml_refuse_unless_none(&device->extras, node, "model", device->none);
}

const XmlKind xml_kind_balloon = {
    .name = "memballoon",
    .label = "memballoon",
    XML_KIND(DomainBalloon, balloons, rows),
    .type.finish = finish,
};
