/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "docs/roff.h"

#include <stdio.h>

/* One line of text: a dash is a dash, and a control character no request. */
static void put_escaped(const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", stdout);
    }
    for (; *text; text++) {
        if (*text == '\\') {
            fputs("\\e", stdout);
        } else if (*text == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(*text);
        }
    }
}

void roff_subsection(const char *title)
{
    fputs(".SS ", stdout);
    put_escaped(title);
    putchar('\n');
}

void roff_text(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    puts(".PP");
    put_escaped(text);
    putchar('\n');
}

void roff_item(const char *name, const char *value, const char *text)
{
    fputs(".TP\n\\fB", stdout);
    put_escaped(name);
    fputs("\\fR", stdout);
    if (value) {
        fputs(*value == '=' ? "\\fI" : " \\fI", stdout);
        put_escaped(value);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put_escaped(text && *text ? text : "");
    putchar('\n');
}
