/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <console>: the first serial port again, or a port of virtio-serial */
#include "xml/internal.h"

static const char *const target_names[] = { "serial", "virtio", NULL };

#define OF_SERIAL XML_WHEN(DomainConsole, target, XML_BIT(DOMAIN_CONSOLE_SERIAL))

static const XmlField rows[] = {
    XML_GROUP(DomainConsole, chardev, xml_chardev_type),
    XML_STRING("@tty", DomainConsole, chardev.path, .flags = XML_LIVE | XML_AGAIN,
               XML_WHEN(DomainConsole, chardev.type, XML_BIT(DOMAIN_CHARDEV_PTY))),
    XML_GROUP(DomainConsole, chardev, xml_chardev),
    XML_ENUM("target@type", DomainConsole, target, target_names,
             .text = "xen|uml|lxc|openvz|sclp|sclplm|none", .flags = XML_ABI | XML_ALWAYS,
             .what = "console target type"),
    XML_UINT("target@port", DomainConsole, port, .max = G_MAXINT,
             .fallback = G_MAXUINT, /* until numbered */
             .flags = XML_KEY | XML_UNIQUE | XML_ALWAYS, .what = "console port"),
    XML_REFUSE("target/model"),
    XML_INFO(DomainConsole, xml_plain_info),
};

const XmlKind xml_kind_console = {
    .name = "console",
    .label = "console",
    XML_KIND(DomainConsole, consoles, rows),
};
