/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls all: write
 */
#include "util/log.h"

#include <unistd.h>

static const char *program;


static void say(const char *kind, const char *format, va_list ap) G_GNUC_PRINTF(2, 0);

static void say(const char *kind, const char *format, va_list ap)
{
    const char *name = program ? program : g_get_prgname();
    g_autofree char *text = g_strdup_vprintf(format, ap);
    g_autofree char *line = g_strdup_printf("%s: %s%s\n", name ? name : "?", kind, text);
    if (write(STDERR_FILENO, line, strlen(line)) < 0) {
        return; /* nobody listens */
    }
}

/* GLib's own would ask who reads stderr, by calls that no filter has. */
static GLogWriterOutput write_glib(GLogLevelFlags level, const GLogField *fields,
                                   gsize n_fields, gpointer opaque)
{
    for (gsize i = 0; i < n_fields && level <= G_LOG_LEVEL_WARNING; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE")) {
            log_error("%.*s", fields[i].length < 0 ? -1 : (int)fields[i].length,
                      (const char *)fields[i].value);
        }
    }
    return G_LOG_WRITER_HANDLED;
}

void log_set_program(const char *name)
{
    program = name;
    g_log_set_writer_func(write_glib, NULL, NULL);
}

void log_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("", format, ap);
    va_end(ap);
}

void log_warn(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("warning: ", format, ap);
    va_end(ap);
}

void log_info(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("info: ", format, ap);
    va_end(ap);
}
