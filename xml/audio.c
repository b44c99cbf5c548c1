/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <audio>: none */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_UINT("@id", DomainAudio, id, .flags = XML_KEY),
    XML_NONE("@type", DomainAudio),
    XML_REFUSE("@driver"),
    XML_REFUSE("@dspPolicy"),
    XML_REFUSE("@exclusive"),
    XML_REFUSE("@path"),
    XML_REFUSE("@runtimeDir"),
    XML_REFUSE("@serverName"),
    XML_REFUSE("@timerPeriod"),
    XML_REFUSE("@tryMMap"),
    XML_REFUSE("input"),
    XML_REFUSE("output"),
    XML_INFO(DomainAudio, xml_plain_info),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainAudio *device = base;

    return xml_refuse_unless_none(&device->extras, node, "type", device->none);
}

const XmlKind xml_kind_audio = {
    .name = "audio",
    .label = "audio",
    XML_KIND(DomainAudio, audios, rows),
    .type.finish = finish,
};
