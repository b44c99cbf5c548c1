/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <serial> */
#include "xml/internal.h"

static const XmlField rows[] = {
    XML_GROUP(DomainSerial, chardev, xml_chardev_type),
    XML_GROUP(DomainSerial, chardev, xml_chardev),
    XML_CONST("target@type", "isa-serial"),
    XML_UINT("target@port", DomainSerial, port, .max = G_MAXINT,
             .fallback = G_MAXUINT, /* until numbered */
             .flags = XML_KEY | XML_UNIQUE | XML_ABI | XML_ALWAYS, .what = "serial port"),
    XML_CONST("target/model@name", "isa-serial"),
    XML_INFO(DomainSerial, xml_plain_info),
};

static int compare(gconstpointer a, gconstpointer b)
{
    guint left = ((const DomainSerial *)a)->port, right = ((const DomainSerial *)b)->port;

    return (left > right) - (left < right);
}

const XmlKind xml_kind_serial = {
    .name = "serial",
    .label = "serial port",
    XML_KIND(DomainSerial, serials, rows),
    .type.compare = compare,
};
