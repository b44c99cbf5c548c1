/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls all: write
 */
#include "util/log.h"

#include <unistd.h>

static const char *program;

void log_set_program(const char *name)
{
    program = name;
}

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
