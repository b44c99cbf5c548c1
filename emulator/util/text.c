/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/text.h"

#include <string.h>

char *util_text_cut(const char *text, gsize bytes)
{
    gsize length = strnlen(text, bytes);

    /* Not within a character: its continuation bytes are 10xxxxxx. */
    if (length == bytes) {
        while (length > 0 && ((guchar)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    return g_utf8_make_valid(text, (gssize)length);
}
