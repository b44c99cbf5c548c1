/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <seclabel>: the host has no security driver, and what asks for one's protection is
 * refused. */
#include <string.h>

#include "xml/internal.h"

static const char *const type_names[] = { "dynamic", "none", NULL };

static const XmlField rows[] = {
    XML_ENUM("@type", DomainSeclabel, type, type_names, .text = "static"),
    XML_STRING("@model", DomainSeclabel, model, .flags = XML_EMPTY_NONE),
    XML_ENUM("@relabel", DomainSeclabel, relabel, xml_yes_no_names,
             .flags = XML_READ_ONLY),
    XML_REFUSE("label"),
    XML_REFUSE("baselabel"),
    XML_REFUSE("imagelabel"),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainSeclabel *label = base;
    gboolean none = label->type == DOMAIN_SECLABEL_NONE;
    gboolean no_driver = !label->model || strcmp(label->model, "none") == 0;

    if (none && label->relabel == DOMAIN_TRISTATE_YES) {
        return xml_node_invalid(node, "relabel", "yes", "not with type 'none'", errp);
    }
    /* dac: with type='none' only */
    if (!label->extras && !no_driver && !(none && strcmp(label->model, "dac") == 0)) {
        xml_extra_refuse_node(&label->extras, node);
    }
    return TRUE;
}

const XmlStruct xml_seclabel = { .size = sizeof(DomainSeclabel),
                                 XML_ROWS(rows),
                                 .finish = finish };
