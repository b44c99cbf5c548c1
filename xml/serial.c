/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <serial>, and the <console> that repeats the first of them */
#include "xml/internal.h"

#define OTHER_TYPES                                                                      \
    "null|vc|dev|file|pipe|stdio|udp|tcp|spicevmc|spiceport|nmdm|qemu-vdagent|dbus"

static const char *const type_names[] = { "pty", "unix", NULL };
static const char *const mode_names[] = { "", "bind", NULL };

/* A PTY's path is live data. */
#define SOURCE_ROWS                                                                      \
    { .path = "source@mode",                                                             \
      .type = XML_FIELD_ENUM,                                                            \
      .offset = offsetof(DomainSerial, mode),                                            \
      .names = mode_names,                                                               \
      .text = "connect",                                                                 \
      XML_WHEN(DomainSerial, type, XML_BIT(DOMAIN_CHARDEV_UNIX)) },                      \
        { .path = "source@path",                                                         \
          .type = XML_FIELD_STRING,                                                      \
          .offset = offsetof(DomainSerial, path),                                        \
          .flags = XML_REQUIRED,                                                         \
          .check = xml_check_path,                                                       \
          XML_WHEN(DomainSerial, type, XML_BIT(DOMAIN_CHARDEV_UNIX)) },                  \
        { .path = "source@path",                                                         \
          .type = XML_FIELD_STRING,                                                      \
          .offset = offsetof(DomainSerial, path),                                        \
          .flags = XML_LIVE | XML_AGAIN,                                                 \
          XML_WHEN(DomainSerial, type, XML_BIT(DOMAIN_CHARDEV_PTY)) },                   \
        XML_CHARDEV_REFUSED
#define TYPE_ROW                                                                         \
    {                                                                                    \
        .path = "@type", .type = XML_FIELD_ENUM, .offset = offsetof(DomainSerial, type), \
        .names = type_names, .text = OTHER_TYPES                                         \
    }

static const XmlField rows[] = {
    TYPE_ROW,
    SOURCE_ROWS,
    { .path = "target@type", .type = XML_FIELD_CONST, .text = "isa-serial" },
    { .path = "target@port",
      .type = XML_FIELD_UINT,
      .max = 255,
      .fallback = G_MAXUINT, /* until numbered */
      .offset = offsetof(DomainSerial, port),
      .flags = XML_KEY | XML_UNIQUE | XML_ABI | XML_ALWAYS,
      .what = "serial port" },
    { .path = "target/model@name", .type = XML_FIELD_CONST, .text = "isa-serial" },
    XML_INFO(DomainSerial, xml_plain_info),
};

static const XmlField console_rows[] = {
    TYPE_ROW,
    { .path = "@tty",
      .type = XML_FIELD_STRING,
      .offset = offsetof(DomainSerial, path),
      .flags = XML_LIVE | XML_AGAIN,
      XML_WHEN(DomainSerial, type, XML_BIT(DOMAIN_CHARDEV_PTY)) },
    SOURCE_ROWS,
    { .path = "target@type", .type = XML_FIELD_CONST, .text = "serial" },
    { .path = "target@port", .type = XML_FIELD_CONST, .text = "0" },
    XML_REFUSE("target/model"),
    { .type = XML_FIELD_GROUP,
      .offset = offsetof(DomainSerial, info),
      .of = &xml_plain_info },
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
    return (int)((const DomainSerial *)a)->port - (int)((const DomainSerial *)b)->port;
}

const XmlKind xml_kind_serial = {
    .name = "serial",
    .label = "serial port",
    XML_KIND(DomainSerial, serials),
    .type.fields = rows,
    .type.count = G_N_ELEMENTS(rows),
    .type.finish = finish,
    .type.compare = compare,
};

const XmlStruct xml_console = { .size = sizeof(DomainSerial),
                                XML_ROWS(console_rows),
                                .finish = finish };
