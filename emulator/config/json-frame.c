/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/json.h"

#include <string.h>

#include "util/error.h"

void json_framer_init(JsonFramer *framer)
{
    memset(framer, 0, sizeof(*framer));
    framer->buf = g_string_new(NULL);
}

void json_framer_clear(JsonFramer *framer)
{
    g_string_free(framer->buf, TRUE);
    framer->buf = NULL;
}

void json_framer_reset(JsonFramer *framer)
{
    g_string_truncate(framer->buf, 0);
    framer->depth = framer->values = 0;
    framer->in_string = framer->escaped = framer->skipping = FALSE;
}

static JsonFrame frame_error(JsonFramer *framer, char last, const char *why,
                             GError **errp)
{
    g_string_truncate(framer->buf, 0);
    framer->skipping = TRUE;
    if (last == '\n') {
        json_framer_reset(framer);
    }
    error_set(errp, "JSON parse error, %s", why);
    return JSON_FRAME_ERROR;
}

/* Keeps account of strings and nesting. */
static void walk(JsonFramer *framer, char c)
{
    if (framer->in_string) {
        framer->in_string = framer->escaped || c != '"';
        framer->escaped = !framer->escaped && c == '\\';
    } else if (c == '"') {
        framer->in_string = TRUE;
    } else if (c == '{' || c == '[') {
        framer->depth++;
    } else if ((c == '}' || c == ']') && framer->depth > 0) {
        framer->depth--;
    }
}

/* One byte outside of any value. */
static JsonFrame feed_outside(JsonFramer *framer, char c, GError **errp)
{
    if (c == '{' || c == '[') {
        g_string_truncate(framer->buf, 0);
        g_string_append_c(framer->buf, c);
        framer->depth = framer->values = 1;
        return JSON_FRAME_MORE;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        return JSON_FRAME_MORE;
    }
    walk(framer, c);
    return frame_error(framer, c, "expecting value", errp);
}

/*
 * What may stand outside of strings. The parser behind us knows more (comments,
 * single quotes), and would count strings and nesting differently.
 */
static gboolean is_token_char(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("-+.:, \t\r\n\"{}[]", c));
}

static JsonFrame feed_inside(JsonFramer *framer, char c, GError **errp)
{
    gboolean token = framer->in_string || is_token_char(c);

    framer->values += !framer->in_string && (c == ',' || c == '{' || c == '[');
    walk(framer, c);
    if (framer->buf->len >= JSON_MAX_BYTES) {
        return frame_error(framer, c, "value too long", errp);
    }
    if (framer->depth > JSON_MAX_DEPTH) {
        return frame_error(framer, c, "nested too deeply", errp);
    }
    if (framer->values > JSON_MAX_VALUES) {
        return frame_error(framer, c, "more than " G_STRINGIFY(JSON_MAX_VALUES) " values",
                           errp);
    }
    if (!token) {
        return frame_error(
            framer, c, c == '\'' ? "strings stand in double quotes" : "stray character",
            errp);
    }
    g_string_append_c(framer->buf, c);
    return framer->depth > 0 ? JSON_FRAME_MORE : JSON_FRAME_VALUE;
}

/*
 * After an error: to the end of the line, of the bad value, or of the junk in front of
 * the next one. What a string holds is no command, also where the string is junk.
 */
static void skip(JsonFramer *framer, char c)
{
    gboolean inside = framer->depth > 0;

    if (!inside && !framer->in_string && (c == '{' || c == '[')) {
        json_framer_reset(framer);
        feed_outside(framer, c, NULL);
        return;
    }
    walk(framer, c);
    if (c == '\n' || (inside && framer->depth == 0)) {
        json_framer_reset(framer);
    }
}

JsonFrame json_framer_feed(JsonFramer *framer, const char **data, size_t *len,
                           GError **errp)
{
    JsonFrame frame = JSON_FRAME_MORE;

    while (*len > 0 && frame == JSON_FRAME_MORE) {
        char c = **data;

        (*data)++;
        (*len)--;
        if (framer->skipping) {
            skip(framer, c);
        } else if (framer->depth == 0) {
            frame = feed_outside(framer, c, errp);
        } else {
            frame = feed_inside(framer, c, errp);
        }
    }
    return frame;
}
