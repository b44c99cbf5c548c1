/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <input> */
#include "xml/internal.h"

static const char *const type_names[] = { "mouse", "tablet", "keyboard", NULL };
static const char *const bus_names[] = { "", "ps2", "usb", "virtio", NULL };

#define OF(mask) XML_WHEN(DomainInput, bus, mask)
#define VIRTIO   XML_BIT(DOMAIN_INPUT_BUS_VIRTIO)

static const char *const model_names[] = { "", "virtio", NULL };

static const XmlField rows[] = {
    XML_ENUM("@type", DomainInput, type, type_names, .text = "passthrough|evdev",
             .flags = XML_REQUIRED | XML_KEY | XML_ABI, .what = "input type"),
    XML_ENUM("@bus", DomainInput, bus, bus_names, .text = "xen|parallels|none",
             .flags = XML_DETAIL | XML_ABI, .what = "input bus"),
    XML_ENUM("@model", DomainInput, virtio, model_names,
             .text = "virtio-transitional|virtio-non-transitional", OF(VIRTIO)),
    { .path = "@model", .type = XML_FIELD_REFUSED, OF(~VIRTIO) },
    XML_REFUSE("source"),
    XML_VIRTIO_DRIVER("driver"),
    XML_INFO(DomainInput, xml_plain_info),
};

const XmlKind xml_kind_input = {
    .name = "input",
    .label = "input device",
    XML_KIND(DomainInput, inputs, rows),
};
