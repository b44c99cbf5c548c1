/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <serial>, and the <console> that repeats the first of them */
#include "xml/internal.h"

#define OTHER_TYPES                                                                      \
    "null|vc|dev|file|pipe|stdio|udp|tcp|spicevmc|spiceport|nmdm|qemu-vdagent|dbus"

static const char *const type_names[] = { "pty", "unix", NULL };
static const char *const mode_names[] = { "", "bind", NULL };

#define TYPE_ROW   XML_ENUM("@type", DomainSerial, type, type_names, .text = OTHER_TYPES)
#define OF_TYPE(t) XML_WHEN(DomainSerial, type, XML_BIT(DOMAIN_CHARDEV_##t))
/* A PTY's path is live data. */
#define SOURCE_ROWS                                                                      \
    XML_ENUM("source@mode", DomainSerial, mode, mode_names, .text = "connect",           \
             OF_TYPE(UNIX)),                                                             \
        XML_STRING("source@path", DomainSerial, path, .flags = XML_REQUIRED,             \
                   .check = xml_check_path, OF_TYPE(UNIX)),                              \
        XML_STRING("source@path", DomainSerial, path, .flags = XML_LIVE | XML_AGAIN,     \
                   OF_TYPE(PTY)),                                                        \
        XML_CHARDEV_REFUSED

static const XmlField rows[] = {
    TYPE_ROW,
    SOURCE_ROWS,
    XML_CONST("target@type", "isa-serial"),
    XML_UINT("target@port", DomainSerial, port, .max = G_MAXINT,
             .fallback = G_MAXUINT, /* until numbered */
             .flags = XML_KEY | XML_UNIQUE | XML_ABI | XML_ALWAYS, .what = "serial port"),
    XML_CONST("target/model@name", "isa-serial"),
    XML_INFO(DomainSerial, xml_plain_info),
};

static const XmlField console_rows[] = {
    TYPE_ROW,
    XML_STRING("@tty", DomainSerial, path, .flags = XML_LIVE | XML_AGAIN, OF_TYPE(PTY)),
    SOURCE_ROWS,
    XML_CONST("target@type", "serial"),
    XML_CONST("target@port", "0"),
    XML_REFUSE("target/model"),
    XML_INFO(DomainSerial, xml_plain_info),
};

/* libvirt's default is connect. */
static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainSerial *serial = base;

    if (serial->type == DOMAIN_CHARDEV_UNIX && !serial->extras &&
        serial->mode != DOMAIN_CHARDEV_MODE_BIND) {
        xml_extra_refuse(&serial->extras,
                         "element <devices/%s/source> without "
                         "mode='bind' is not supported by vireo",
                         (const char *)node->name);
    }
    return TRUE;
}

static int compare(gconstpointer a, gconstpointer b)
{
    guint left = ((const DomainSerial *)a)->port, right = ((const DomainSerial *)b)->port;

    return (left > right) - (left < right);
}

const XmlKind xml_kind_serial = {
    .name = "serial",
    .label = "serial port",
    XML_KIND(DomainSerial, serials, rows),
    .type.finish = finish,
    .type.compare = compare,
};

const XmlStruct xml_console = { .size = sizeof(DomainSerial),
                                XML_ROWS(console_rows),
                                .finish = finish };
