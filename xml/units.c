/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory sizes with units, UUIDs and MAC addresses as libvirt writes them. */
#include <libvirt/virterror.h>
#include <string.h>

#include "util/text.h"
#include "xml/domain.h"
#include "xml/node.h"

static const struct {
    const char *name;
    guint64 bytes;
} memory_units[] = {
    { "b", 1 },
    { "byte", 1 },
    { "bytes", 1 },
    { "KB", 1000ull },
    { "k", 1ull << 10 },
    { "KiB", 1ull << 10 },
    { "MB", 1000000ull },
    { "M", 1ull << 20 },
    { "MiB", 1ull << 20 },
    { "GB", 1000000000ull },
    { "G", 1ull << 30 },
    { "GiB", 1ull << 30 },
    { "TB", 1000000000000ull },
    { "T", 1ull << 40 },
    { "TiB", 1ull << 40 },
    { "PB", 1000000000000000ull },
    { "P", 1ull << 50 },
    { "PiB", 1ull << 50 },
    { "EB", 1000000000000000000ull },
    { "E", 1ull << 60 },
    { "EiB", 1ull << 60 },
};

static guint64 unit_bytes(const char *unit)
{
    for (size_t i = 0; i < G_N_ELEMENTS(memory_units); i++) {
        if (g_ascii_strcasecmp(unit, memory_units[i].name) == 0) {
            return memory_units[i].bytes;
        }
    }
    return 0;
}

gboolean xml_node_memory(const xmlNode *node, guint64 *kib, GError **errp)
{
    g_autofree char *text = xml_node_text(node);
    g_autofree char *unit = xml_node_attr(node, "unit");
    guint64 number, scale = unit_bytes(unit ? unit : "KiB"), bytes;
    gboolean digits;

    g_strstrip(text);
    if (!scale) {
        return xml_node_invalid(node, "unit", unit, "not a unit of memory", errp);
    }
    digits = *text && !text[strspn(text, "0123456789")];
    if (!digits) {
        return xml_node_invalid(node, NULL, text, "not a number", errp);
    }
    /* Bytes must fit 63 bits: the size is one of offsets in a file, too. */
    if (!xml_uint_parse(text, G_MAXUINT64, &number) ||
        __builtin_mul_overflow(number, scale, &bytes) || bytes > G_MAXINT64) {
        g_autofree char *path = xml_node_path(node);
        g_autofree char *shown = util_text_cut(text, 100);
        g_set_error(errp, XML_ERROR, VIR_ERR_OVERFLOW,
                    "value '%s' of <%s> is out of range", shown, path);
        return FALSE;
    }
    *kib = bytes / 1024 + (bytes % 1024 != 0);
    return TRUE;
}

gboolean xml_uuid_parse(const char *text, guint8 uuid[16])
{
    guint8 bytes[16];

    for (int i = 0; i < 32;) {
        int digit = g_ascii_xdigit_value(*text);
        if (*text == '-' && i > 0) {
            text++;
            continue;
        }
        if (digit < 0) {
            return FALSE;
        }
        bytes[i / 2] = i % 2 ? bytes[i / 2] << 4 | digit : digit;
        i++;
        text++;
    }
    if (*text) {
        return FALSE;
    }
    memcpy(uuid, bytes, sizeof(bytes));
    return TRUE;
}

void xml_uuid_format(const guint8 uuid[16], char text[DOMAIN_UUID_STR_LEN])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 15];
    }
    *text = 0;
}

void xml_uuid_generate(guint8 uuid[16])
{
    g_autofree char *text = g_uuid_string_random();
    gboolean ok = xml_uuid_parse(text, uuid);

    g_assert(ok);
}

gboolean xml_mac_parse(const char *text, guint8 mac[6])
{
    guint8 bytes[6];

    for (int i = 0; i < 6; i++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        if (low < 0 || text[2] != (i < 5 ? ':' : 0)) {
            return FALSE;
        }
        bytes[i] = high << 4 | low;
        text += 3;
    }
    memcpy(mac, bytes, sizeof(bytes));
    return TRUE;
}

void xml_mac_format(const guint8 mac[6], char text[18])
{
    g_snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
               mac[4], mac[5]);
}
