/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration nodes as JSON, laid out as QEMU's QMP does it: on one line with a
 * space after ',' and ':', or with four columns a level. The text is plain ASCII:
 * everything else is escaped, and what is not UTF-8 (a file name of the host, say)
 * becomes U+FFFD.
 */
#include "config.h"

#include "config/json.h"

#include <math.h>
#include <string.h>

typedef struct Writer {
    GString *out;
    gboolean pretty;
    guint depth;
} Writer;

static void write_node(Writer *w, const ConfigNode *node);

static void write_unit(GString *out, guint unit)
{
    static const char digits[] = "0123456789abcdef";
    const char text[] = { '\\',
                          'u',
                          digits[unit >> 12 & 15],
                          digits[unit >> 8 & 15],
                          digits[unit >> 4 & 15],
                          digits[unit & 15] };

    g_string_append_len(out, text, sizeof(text));
}

static void write_unichar(GString *out, gunichar c)
{
    if (c > 0xffff) {
        write_unit(out, 0xd800 + ((c - 0x10000) >> 10));
        write_unit(out, 0xdc00 + (c & 0x3ff));
    } else {
        write_unit(out, c);
    }
}

static void write_ascii(GString *out, char c)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *e = escapes; *e; e += 2) {
        if (*e == c) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, e[1]);
            return;
        }
    }
    if (g_ascii_iscntrl(c)) {
        write_unit(out, (guchar)c);
    } else {
        g_string_append_c(out, c);
    }
}

static void write_string(GString *out, const char *p)
{
    g_string_append_c(out, '"');
    while (*p) {
        gunichar c = g_utf8_get_char_validated(p, -1);

        if (c >= 0x110000) { /* no character: -1 or -2 */
            write_unit(out, 0xfffd);
            p++;
        } else if (c < 0x80) {
            write_ascii(out, *p++);
        } else {
            write_unichar(out, c);
            p = g_utf8_next_char(p);
        }
    }
    g_string_append_c(out, '"');
}

/* With as many digits as it takes to read the same number again. */
static void write_double(GString *out, double d)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    d = isfinite(d) ? d : 0; /* JSON has no others */
    for (int digits = 15; digits <= 17; digits++) {
        char format[] = "%.15g";

        format[3] = (char)('0' + digits % 10);
        g_ascii_formatd(text, sizeof(text), format, d);
        if (g_ascii_strtod(text, NULL) == d) {
            break;
        }
    }
    g_string_append(out, text);
}

static void new_line(Writer *w)
{
    if (w->pretty) {
        g_string_append_printf(w->out, "\n%*s", (int)w->depth * 4, "");
    }
}

/* In front of each item. */
static void separate(Writer *w, guint i)
{
    if (i > 0) {
        g_string_append(w->out, w->pretty ? "," : ", ");
    }
    new_line(w);
}

static void write_map(Writer *w, const ConfigNode *map)
{
    g_string_append_c(w->out, '{');
    w->depth++;
    for (guint i = 0; i < config_map_size(map); i++) {
        separate(w, i);
        write_string(w->out, config_map_key(map, i));
        g_string_append(w->out, ": ");
        write_node(w, config_map_value(map, i));
    }
    w->depth--;
    new_line(w);
    g_string_append_c(w->out, '}');
}

static void write_list(Writer *w, const ConfigNode *list)
{
    g_string_append_c(w->out, '[');
    w->depth++;
    for (guint i = 0; i < config_list_size(list); i++) {
        separate(w, i);
        write_node(w, config_list_at(list, i));
    }
    w->depth--;
    new_line(w);
    g_string_append_c(w->out, ']');
}

static void write_node(Writer *w, const ConfigNode *node)
{
    switch (config_node_type(node)) {
    case CONFIG_NULL:
        g_string_append(w->out, "null");
        break;
    case CONFIG_BOOL:
        g_string_append(w->out, config_node_bool(node) ? "true" : "false");
        break;
    case CONFIG_INT:
        g_string_append_printf(w->out, "%" G_GINT64_FORMAT, config_node_int(node));
        break;
    case CONFIG_UINT:
        g_string_append_printf(w->out, "%" G_GUINT64_FORMAT, config_node_uint(node));
        break;
    case CONFIG_DOUBLE:
        write_double(w->out, config_node_double(node));
        break;
    case CONFIG_STRING:
        write_string(w->out, config_node_string(node));
        break;
    case CONFIG_LIST:
        write_list(w, node);
        break;
    case CONFIG_MAP:
        write_map(w, node);
        break;
    }
}

char *config_to_json(const ConfigNode *node, gboolean pretty)
{
    Writer w = { .out = g_string_new(NULL), .pretty = pretty };

    write_node(&w, node);
    return g_string_free(w.out, FALSE);
}
