/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <memballoon>: one, or that there is none */
#include <libvirt/virterror.h>

#include "xml/internal.h"

static const char *const model_names[] = {
    "", "virtio", "virtio-transitional", "virtio-non-transitional", "none", NULL
};

static const XmlField rows[] = {
    XML_ENUM("@model", DomainBalloon, model, model_names, .text = "xen",
             .flags = XML_REQUIRED | XML_ABI, .guest = xml_virtio_guest,
             .what = "memory balloon model"),
    XML_ENUM("@autodeflate", DomainBalloon, autodeflate, xml_on_off_names,
             .flags = XML_ABI, .what = "memory balloon autodeflate"),
    XML_ENUM("@freePageReporting", DomainBalloon, free_page_reporting, xml_on_off_names,
             .flags = XML_ABI, .what = "memory balloon freePageReporting"),
    XML_UINT("stats@period", DomainBalloon, period, .max = G_MAXINT),
    XML_VIRTIO_DRIVER("driver"),
    XML_INFO(DomainBalloon, xml_plain_info),
};

const XmlKind xml_kind_balloon = {
    .name = "memballoon",
    .label = "memballoon",
    XML_KIND(DomainBalloon, balloons, rows),
};

DomainBalloon *xml_domain_balloon(const Domain *domain)
{
    DomainBalloon *balloon = domain->balloons->len ? domain->balloons->pdata[0] : NULL;

    return balloon && balloon->model != DOMAIN_BALLOON_NONE ? balloon : NULL;
}

gboolean xml_balloon_check(const Domain *domain, GError **errp)
{
    if (domain->balloons->len > 1) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "only a single memory balloon device is supported: a second element "
                    "<devices/memballoon>");
        return FALSE;
    }
    return TRUE;
}
