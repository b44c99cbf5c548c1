/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/error.h"

#include <string.h>

GQuark vireo_error_quark(void)
{
    return g_quark_from_static_string("vireo");
}

gboolean error_set(GError **errp, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error_literal(errp, VIREO_ERROR, VIREO_ERROR_GENERIC, text);
    return FALSE;
}

gboolean error_set_errno(GError **errp, int errnum, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(errp, VIREO_ERROR, VIREO_ERROR_GENERIC, "%s: %s", text,
                error_text(errnum));
    return FALSE;
}

const char *error_text(int errnum)
{
    return strerrordesc_np(errnum) ?: "Unknown error";
}

char *error_printable(const void *bytes, gsize len)
{
    char *text = g_utf8_make_valid(bytes, MIN(len, 1024));

    for (char *p = text; *p; p++) {
        if (g_ascii_iscntrl(*p)) {
            *p = '?';
        }
    }
    return text;
}
