/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <vsock> */
#include <libvirt/virterror.h>

#include "xml/internal.h"

#define OF(mask)  XML_WHEN(DomainVsock, automatic, mask)
#define AUTOMATIC XML_BIT(DOMAIN_TRISTATE_YES)
#define CID(...)                                                                         \
    XML_UINT("cid@address", DomainVsock, cid, .min = DOMAIN_CID_MIN,                     \
             .max = G_MAXUINT32 - 1, __VA_ARGS__)

/* One that the driver has chosen is of the run. */
static const XmlField rows[] = {
    XML_VIRTIO_MODEL(DomainVsock, .text = "*", .flags = XML_ABI, .what = "vsock model"),
    XML_ENUM("cid@auto", DomainVsock, automatic, xml_yes_no_names, .flags = XML_ABI,
             .what = "vsock cid auto"),
    CID(.flags = XML_ABI, .what = "vsock cid", OF(~AUTOMATIC)),
    CID(.flags = XML_LIVE | XML_AGAIN, OF(AUTOMATIC)),
    XML_VIRTIO_DRIVER("driver"),
    XML_INFO(DomainVsock, xml_plain_info),
};

const XmlKind xml_kind_vsock = {
    .name = "vsock",
    .label = "vsock",
    XML_KIND(DomainVsock, vsocks, rows),
};

gboolean xml_vsock_check(const Domain *domain, GError **errp)
{
    if (domain->vsocks->len > 1) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "only a single vsock device is supported: a second element "
                    "<devices/vsock>");
        return FALSE;
    }
    return TRUE;
}
