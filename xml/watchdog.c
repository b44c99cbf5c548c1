/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <watchdog> */
#include "xml/internal.h"

static const char *const model_names[] = { "", "itco", "i6300esb", NULL };
static const char *const action_names[] = { "",      "reset", "shutdown",   "poweroff",
                                            "pause", "none",  "inject-nmi", NULL };

static const XmlField rows[] = {
    XML_ENUM("@model", DomainWatchdog, model, model_names, .text = "ib700|diag288",
             .flags = XML_REQUIRED | XML_KEY | XML_UNIQUE | XML_ABI,
             .what = "watchdog model"),
    XML_ENUM("@action", DomainWatchdog, action, action_names, .text = "dump"),
    XML_INFO(DomainWatchdog, xml_plain_info),
};

const XmlKind xml_kind_watchdog = {
    .name = "watchdog",
    .label = "watchdog",
    XML_KIND(DomainWatchdog, watchdogs, rows),
};
