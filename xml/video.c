/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <video>: none */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_NONE("model@type", DomainVideo),
    XML_REFUSE("model@vram"),
    XML_REFUSE("model@vram64"),
    XML_REFUSE("model@vgamem"),
    XML_REFUSE("model@ram"),
    XML_REFUSE("model@heads"),
    XML_REFUSE("model@primary"),
    XML_REFUSE("model@blob"),
    XML_REFUSE("model@edid"),
    XML_REFUSE("model/acceleration"),
    XML_REFUSE("model/resolution"),
    XML_REFUSE("driver"),
    XML_INFO(DomainVideo, xml_plain_info),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainVideo *device = base;

    return xml_refuse_unless_none(&device->extras, node, "type", device->none);
}

const XmlKind xml_kind_video = {
    .name = "video",
    .label = "video",
    XML_KIND(DomainVideo, videos, rows),
    .type.finish = finish,
};
