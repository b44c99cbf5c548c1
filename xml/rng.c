/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <rng> */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_VIRTIO_MODEL(DomainRng, .text = "*", .flags = XML_REQUIRED | XML_ABI,
                     .what = "RNG model"),
    XML_CONST("backend@model", "random", .flags = XML_REQUIRED),
    XML_REFUSE("backend@type"),
    XML_STRING("backend", DomainRng, filename, .flags = XML_KEY),
    XML_REFUSE("backend/source"),
    XML_REFUSE("backend/log"),
    XML_REFUSE("backend/protocol"),
    XML_REFUSE("rate"),
    XML_VIRTIO_DRIVER("driver"),
    XML_INFO(DomainRng, xml_info),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainRng *rng = base;
    const xmlNode *backend = xml_node_child(node, "backend");
    const char *reason = NULL;

    if (!rng->filename || !*g_strstrip(rng->filename)) {
        g_free(rng->filename);
        rng->filename = g_strdup("/dev/random");
    }
    reason = rng->extras ? NULL : xml_check_path(rng->filename);
    return !reason || xml_node_invalid(backend, NULL, rng->filename, reason, errp);
}

const XmlKind xml_kind_rng = {
    .name = "rng",
    .label = "rng with backend",
    XML_KIND(DomainRng, rngs, rows),
    .type.finish = finish,
};
