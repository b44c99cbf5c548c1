/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <rng> */
#include "xml/internal.h"

static const char *const backend_names[] = { "random", "builtin", NULL };

static const XmlField rows[] = {
    XML_VIRTIO_MODEL(DomainRng, .text = "*", .flags = XML_REQUIRED | XML_ABI,
                     .what = "RNG model"),
    XML_UINT("rate@bytes", DomainRng, rate_bytes, .min = 1, .max = G_MAXUINT32),
    XML_UINT("rate@period", DomainRng, rate_period, .min = 1, .max = G_MAXUINT32),
    XML_ENUM("backend@model", DomainRng, backend, backend_names, .text = "egd",
             .flags = XML_REQUIRED),
    XML_REFUSE("backend@type"),
    XML_STRING("backend", DomainRng, filename, .flags = XML_KEY,
               XML_WHEN(DomainRng, backend, XML_BIT(DOMAIN_RNG_RANDOM))),
    XML_REFUSE("backend/source"),
    XML_REFUSE("backend/log"),
    XML_REFUSE("backend/protocol"),
    XML_VIRTIO_DRIVER("driver"),
    XML_INFO(DomainRng, xml_info),
};

/* As libvirt, which takes what has no name for this. */
static const char *name_file(DomainRng *rng)
{
    if (!rng->filename || !*g_strstrip(rng->filename)) {
        g_free(rng->filename);
        rng->filename = g_strdup("/dev/random");
    }
    return rng->extras ? NULL : xml_check_path(rng->filename);
}

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainRng *rng = base;
    const xmlNode *backend = xml_node_child(node, "backend");
    const char *reason = rng->backend == DOMAIN_RNG_RANDOM ? name_file(rng) : NULL;

    if (rng->rate_period && !rng->rate_bytes) {
        return xml_missing(xml_node_child(node, "rate"), "attribute 'bytes'", errp);
    }
    return !reason || xml_node_invalid(backend, NULL, rng->filename, reason, errp);
}

const XmlKind xml_kind_rng = {
    .name = "rng",
    .label = "rng",
    XML_KIND(DomainRng, rngs, rows),
    .type.finish = finish,
};
