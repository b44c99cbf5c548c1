/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes XML as virsh dumpxml has it: two spaces a level, single quotes. */
#include <string.h>

#include "xml/writer.h"

/* Line breaks and tabs in attributes, and carriage returns anywhere, would not
 * come back as they were: they are written as references. */
static void append_escaped(GString *text, const char *value, gboolean attribute)
{
    for (; *value; value++) {
        switch (*value) {
        case '<':
            g_string_append(text, "&lt;");
            break;
        case '>':
            g_string_append(text, "&gt;");
            break;
        case '&':
            g_string_append(text, "&amp;");
            break;
        case '"':
            g_string_append(text, "&quot;");
            break;
        case '\'':
            g_string_append(text, "&apos;");
            break;
        case '\n':
        case '\t':
        case '\r':
            if (attribute || *value == '\r') {
                g_string_append_printf(text, "&#x%X;", *value);
                break;
            }
            /* fall through */
        default:
            g_string_append_c(text, *value);
        }
    }
}

static void indent(XmlWriter *w)
{
    for (guint i = 0; i < w->depth; i++) {
        g_string_append(w->text, "  ");
    }
}

void xml_write_begin(XmlWriter *w, const char *name)
{
    indent(w);
    g_string_append_printf(w->text, "<%s", name);
}

void xml_write_attr(XmlWriter *w, const char *name, const char *value)
{
    g_string_append_printf(w->text, " %s='", name);
    append_escaped(w->text, value, TRUE);
    g_string_append_c(w->text, '\'');
}

void xml_write_end_empty(XmlWriter *w)
{
    g_string_append(w->text, "/>\n");
}

void xml_write_end_text(XmlWriter *w, const char *name, const char *text)
{
    g_string_append_c(w->text, '>');
    append_escaped(w->text, text, FALSE);
    g_string_append_printf(w->text, "</%s>\n", name);
}

void xml_write_end_open(XmlWriter *w)
{
    g_string_append(w->text, ">\n");
    w->depth++;
}

void xml_write_close(XmlWriter *w, const char *name)
{
    w->depth--;
    indent(w);
    g_string_append_printf(w->text, "</%s>\n", name);
}

void xml_write_verbatim(XmlWriter *w, const char *text)
{
    indent(w);
    g_string_append(w->text, text);
    g_string_append_c(w->text, '\n');
}

gboolean xml_write_inactive(const XmlWriter *w)
{
    return (w->flags & XML_FORMAT_INACTIVE) && !(w->flags & XML_FORMAT_STATUS);
}
