/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <glib.h>

/*
 * At most @bytes of @text, cut between characters and made valid UTF-8: what may be shown
 * in a message. Free with g_free.
 */
char *util_text_cut(const char *text, gsize bytes);

#endif
