/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors without a class of their own: a text for the user. */
#ifndef VIREO_UTIL_ERROR_H
#define VIREO_UTIL_ERROR_H

#include <glib.h>

#define VIREO_ERROR (vireo_error_quark())
GQuark vireo_error_quark(void);
enum { VIREO_ERROR_GENERIC };

/* Both return FALSE, so that a function can end with them. */
gboolean error_set(GError **errp, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Appends ": " and the text of errnum. */
gboolean error_set_errno(GError **errp, int errnum, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/*
 * What errnum means, in English; never NULL. Any thread: strerror() and its kin look
 * at the locale's files the first time, which no thread's filter but the main one's
 * allows.
 */
const char *error_text(int errnum);
/*
 * Bytes from outside as text that can stand in a message: valid UTF-8, one line
 * without control characters, at most 1024 bytes of it. Free it.
 */
char *error_printable(const void *bytes, gsize len);

#endif
