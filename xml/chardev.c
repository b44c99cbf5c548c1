/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What character devices of all kinds have: @type, <source>, <protocol>, <log>. */
#include "xml/internal.h"

#define OTHER_TYPES "vc|dev|udp|spicevmc|spiceport|nmdm|qemu-vdagent|dbus"

static const char *const type_names[] = { "pty", "unix", "null",  "file",
                                          "tcp", "pipe", "stdio", NULL };
static const char *const mode_names[] = { "", "connect", "bind", NULL };

#define OF(mask)   XML_WHEN(DomainChardev, type, mask)
#define BIT(t)     XML_BIT(DOMAIN_CHARDEV_##t)
#define OF_TYPE(t) OF(BIT(t))
#define SOCKETS    (BIT(UNIX) | BIT(TCP))
#define REFUSE_BUT_OF(p, types, ...)                                                     \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_REFUSED, OF(~(types)), __VA_ARGS__                \
    }

static const XmlField type_rows[] = {
    XML_ENUM("@type", DomainChardev, type, type_names, .text = OTHER_TYPES),
};

/* Those that the driver has made: in the directory of a run (see domain/run.c), or in
 * that of libvirt's own driver, from where a definition may come. */
static gboolean is_generated(const char *path)
{
    static const char *const patterns[] = { "*/domain-*/channel/*",
                                            "*/libvirt/qemu/channel/*" };

    for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
        if (g_pattern_match_simple(patterns[i], path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_users(gconstpointer base, gconstpointer value)
{
    return !is_generated(value);
}

/* A PTY's path is live data. */
#define ROWS(unix_types, ...)                                                            \
    XML_ENUM("source@mode", DomainChardev, mode, mode_names, OF(SOCKETS)),               \
        XML_STRING("source@path", DomainChardev, path, .flags = XML_REQUIRED,            \
                   .check = xml_check_path, OF((unix_types) | BIT(FILE) | BIT(PIPE))),   \
        XML_STRING("source@path", DomainChardev, path, .flags = XML_LIVE | XML_AGAIN,    \
                   OF_TYPE(PTY)),                                                        \
        __VA_ARGS__ XML_ENUM("source@append", DomainChardev, append, xml_on_off_names,   \
                             OF_TYPE(FILE)),                                             \
        REFUSE_BUT_OF("source@append", BIT(FILE), .text = "off"),                        \
        REFUSE_BUT_OF("source@host", BIT(TCP), ),                                        \
        REFUSE_BUT_OF("source@service", BIT(TCP), ),                                     \
        XML_STRING("source@host", DomainChardev, host, .flags = XML_REQUIRED,            \
                   OF_TYPE(TCP)),                                                        \
        XML_STRING("source@service", DomainChardev, service, .flags = XML_REQUIRED,      \
                   OF_TYPE(TCP)),                                                        \
        XML_REFUSE_BUT("source@tls", "no"), XML_REFUSE("source@channel"),                \
        XML_REFUSE("source@master"), XML_REFUSE("source@slave"),                         \
        XML_ENUM("source/reconnect@enabled", DomainChardev, reconnect, xml_yes_no_names, \
                 OF(SOCKETS)),                                                           \
        XML_UINT("source/reconnect@timeout", DomainChardev, reconnect_after, .min = 1,   \
                 .max = RECONNECT_MAX, OF(SOCKETS)),                                     \
        REFUSE_BUT_OF("source/reconnect@enabled", SOCKETS, .text = "no"),                \
        REFUSE_BUT_OF("source/reconnect@timeout", SOCKETS, ),                            \
        XML_REFUSE("source/seclabel"), XML_REFUSE("source/clipboard"),                   \
        XML_REFUSE("source/mouse"), REFUSE_BUT_OF("protocol", BIT(TCP), ),               \
        XML_CONST("protocol@type", "raw", OF_TYPE(TCP)),                                 \
        XML_STRING("log@file", DomainChardev, log, .check = xml_check_path),             \
        XML_ENUM("log@append", DomainChardev, log_append, xml_on_off_names)
#define RECONNECT_MAX (24u * 60 * 60) /* seconds */

static const XmlField rows[] = { ROWS(BIT(UNIX), ) };

static const XmlField unnamed_rows[] = {
    ROWS(0,
         XML_STRING("source@path", DomainChardev, path, .flags = XML_AGAIN,
                    .check = xml_check_path, .keeps = is_users, OF_TYPE(UNIX)), ),
};

const XmlStruct xml_chardev_type = { XML_ROWS(type_rows) };
const XmlStruct xml_chardev = { XML_ROWS(rows) };
const XmlStruct xml_chardev_unnamed = { XML_ROWS(unnamed_rows) };

gboolean xml_chardev_reconnects(const DomainChardev *chardev)
{
    return (chardev->type == DOMAIN_CHARDEV_UNIX ||
            chardev->type == DOMAIN_CHARDEV_TCP) &&
           chardev->mode != DOMAIN_CHARDEV_MODE_BIND &&
           chardev->reconnect == DOMAIN_TRISTATE_YES;
}
