/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <panic> */
#include "xml/internal.h"

static const char *const model_names[] = { "", "isa", "pvpanic", NULL };

static const XmlField rows[] = {
    XML_ENUM("@model", DomainPanic, model, model_names, .text = "pseries|hyperv|s390",
             .flags = XML_KEY | XML_UNIQUE | XML_ABI, .what = "panic model"),
    XML_INFO(DomainPanic, xml_plain_info),
};

const XmlKind xml_kind_panic = {
    .name = "panic",
    .label = "panic device",
    XML_KIND(DomainPanic, panics, rows),
};
