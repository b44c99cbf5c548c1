/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <serial>, and the <console> that repeats the first of them */
#include "xml/internal.h"

#define OTHER_TYPES "vc|dev|pipe|stdio|udp|spicevmc|spiceport|nmdm|qemu-vdagent|dbus"

static const char *const type_names[] = { "pty", "unix", "null", "file", "tcp", NULL };
static const char *const mode_names[] = { "", "connect", "bind", NULL };

#define TYPE_ROW   XML_ENUM("@type", DomainSerial, type, type_names, .text = OTHER_TYPES)
#define OF(mask)   XML_WHEN(DomainSerial, type, mask)
#define BIT(t)     XML_BIT(DOMAIN_CHARDEV_##t)
#define OF_TYPE(t) OF(BIT(t))
#define REFUSE_BUT_OF(p, t, ...)                                                         \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_REFUSED, OF(~BIT(t)), __VA_ARGS__                 \
    }
/* A PTY's path is live data. */
#define SOURCE_ROWS                                                                      \
    XML_ENUM("source@mode", DomainSerial, mode, mode_names, OF(BIT(UNIX) | BIT(TCP))),   \
        XML_STRING("source@path", DomainSerial, path, .flags = XML_REQUIRED,             \
                   .check = xml_check_path, OF(BIT(UNIX) | BIT(FILE))),                  \
        XML_STRING("source@path", DomainSerial, path, .flags = XML_LIVE | XML_AGAIN,     \
                   OF_TYPE(PTY)),                                                        \
        XML_ENUM("source@append", DomainSerial, append, xml_on_off_names,                \
                 OF_TYPE(FILE)),                                                         \
        REFUSE_BUT_OF("source@append", FILE, .text = "off"),                             \
        REFUSE_BUT_OF("source@host", TCP, ), REFUSE_BUT_OF("source@service", TCP, ),     \
        XML_STRING("source@host", DomainSerial, host, .flags = XML_REQUIRED,             \
                   OF_TYPE(TCP)),                                                        \
        XML_STRING("source@service", DomainSerial, service, .flags = XML_REQUIRED,       \
                   OF_TYPE(TCP)),                                                        \
        XML_CHARDEV_REFUSED, REFUSE_BUT_OF("protocol", TCP, ),                           \
        XML_CONST("protocol@type", "raw", OF_TYPE(TCP))

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

const XmlStruct xml_console = { .size = sizeof(DomainSerial), XML_ROWS(console_rows) };
