/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <controller>: a USB controller of which there is none */
#include "xml/internal.h"

static const char *const type_names[] = { "usb", NULL };

static const XmlField rows[] = {
    XML_ENUM("@type", DomainController, type, type_names, .text = "*"),
    XML_UINT("@index", DomainController, index, .flags = XML_ALWAYS | XML_KEY),
    XML_NONE("@model", DomainController),
    XML_REFUSE("@ports"),
    XML_REFUSE("@vectors"),
    XML_REFUSE("@maxGrantFrames"),
    XML_REFUSE("@maxEventChannels"),
    XML_REFUSE("driver"),
    XML_REFUSE("master"),
    XML_REFUSE("model"),
    XML_REFUSE("target"),
    XML_REFUSE("pcihole64"),
    XML_REFUSE("serial"),
    XML_INFO(DomainController, xml_plain_info),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainController *device = base;

    return xml_refuse_unless_none(&device->extras, node, "model", device->none);
}

const XmlKind xml_kind_controller = {
    .name = "controller",
    .label = "controller",
    XML_KIND(DomainController, controllers, rows),
    .type.finish = finish,
};
