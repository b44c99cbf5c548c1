/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr=: where a PCI function sits on its bus. */
#include "config/node.h"

#include "util/error.h"

#define MAX_SLOT     31
#define MAX_FUNCTION 7

/* Hexadecimal digits, with 0x or without; *text is moved behind them. */
static gboolean parse_hex(const char **text, guint max, guint *out)
{
    const char *p = *text;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        p += 2;
    }
    const char *first = p;
    guint value = 0;
    for (; g_ascii_isxdigit(*p) && value <= max; p++) {
        value = value * 16 + (guint)g_ascii_xdigit_value(*p);
    }
    *text = p;
    *out = value;
    return p > first && value <= max;
}

static gboolean parse(const char *text, gint32 *out)
{
    guint slot, function = 0;
    if (!parse_hex(&text, MAX_SLOT, &slot)) {
        return FALSE;
    }
    if (*text == '.') {
        text++;
        if (!parse_hex(&text, MAX_FUNCTION, &function)) {
            return FALSE;
        }
    }
    *out = (gint32)(slot * 8 + function);
    return *text == '\0';
}

static gboolean read_address(const ConfigNode *node, gint32 *out)
{
    if (config_node_type(node) == CONFIG_STRING) {
        const char *text = config_node_string(node);
        *out = -1; /* what a default says */
        return g_str_equal(text, "-1") || parse(text, out);
    }
    if (config_node_type(node) != CONFIG_INT) {
        return FALSE;
    }
    gint64 n = config_node_int(node);
    *out = (gint32)n;
    return n >= -1 && n <= MAX_SLOT * 8 + MAX_FUNCTION;
}

gboolean config_node_to_pci_address(const ConfigNode *node, const char *owner,
                                    const char *name, gint32 *out, GError **errp)
{
    gint32 addr;
    if (read_address(node, &addr)) {
        *out = addr;
        return TRUE;
    }
    g_autofree char *value = config_node_describe(node);
    return error_set(errp,
                     "Property '%s.%s' doesn't take value '%s': an address is SLOT or "
                     "SLOT.FUNCTION, hexadecimal, up to 1f.7",
                     owner, name, value);
}

char *config_pci_address_text(gint32 addr)
{
    return addr < 0 ? g_strdup("-1") : g_strdup_printf("%02x.%x", addr / 8, addr % 8);
}
