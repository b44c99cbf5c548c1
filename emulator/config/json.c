/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/json.h"

#include <errno.h>
#include <math.h>
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
    framer->depth = 0;
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
    g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC, "JSON parse error, %s", why);
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
        framer->depth = 1;
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

    walk(framer, c);
    if (framer->buf->len >= JSON_MAX_BYTES) {
        return frame_error(framer, c, "value too long", errp);
    }
    if (framer->depth > JSON_MAX_DEPTH) {
        return frame_error(framer, c, "nested too deeply", errp);
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

static gboolean number_fits(const char *number)
{
    const char *digits = number + (*number == '-');

    errno = 0;
    if (digits[0] == '0' && g_ascii_isdigit(digits[1])) {
        return FALSE; /* octal to the parser */
    }
    if (strpbrk(number, ".eE")) {
        return isfinite(g_ascii_strtod(number, NULL));
    }
    g_ascii_strtoll(number, NULL, 10);
    return errno != ERANGE;
}

/* The code unit of "\uXXXX"; -1: something else. */
static int code_unit(const char *p)
{
    int value = 0;

    if (p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        if (!g_ascii_isxdigit(p[i])) {
            return -1;
        }
        value = value * 16 + g_ascii_xdigit_value(p[i]);
    }
    return value;
}

/* The length of the escape at p; 0 for NUL and for half a surrogate pair. */
static size_t escape_length(const char *p)
{
    int first = code_unit(p);

    if (first < 0) {
        return p[1] ? 2 : 1;
    }
    if ((first & 0xfc00) == 0xd800) {
        int second = code_unit(p + 6);

        return second >= 0 && (second & 0xfc00) == 0xdc00 ? 12 : 0;
    }
    return first == 0 || (first & 0xfc00) == 0xdc00 ? 0 : 6;
}

static gboolean bad_token(const char *what, const char *token, size_t len, GError **errp)
{
    g_autofree char *text = error_printable(token, len);

    g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC, "JSON parse error, %s: %s",
                what, text);
    return FALSE;
}

/*
 * Refuses of what the parser would make something else: numbers out of range or in
 * another base, NUL and half surrogate pairs in strings.
 */
static gboolean check_values(const char *p, GError **errp)
{
    gboolean in_string = FALSE;

    while (*p) {
        size_t n = 1;

        if (in_string && *p == '\\') {
            n = escape_length(p);
            if (n == 0) {
                return bad_token("escape is not supported", p, strlen("\\uXXXX"), errp);
            }
        } else if (*p == '"') {
            in_string = !in_string;
        } else if (!in_string && (*p == '-' || g_ascii_isdigit(*p))) {
            g_autofree char *number = g_strndup(p, n = strspn(p, "+-.0123456789eE"));

            if (!number_fits(number) || p[n] == 'x' || p[n] == 'X') {
                return bad_token("number out of range or not decimal", p, n, errp);
            }
        }
        p += n;
    }
    return TRUE;
}

/* What has been seen of the objects: the parser replaces a member that comes again. */
typedef struct Seen {
    GHashTable *counts; /* JsonObject -> members */
    char *duplicate;    /* the first name */
} Seen;

static void object_member(JsonParser *parser, JsonObject *object, const char *name,
                          gpointer opaque)
{
    Seen *seen = opaque;
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(seen->counts, object)) + 1;

    g_hash_table_insert(seen->counts, object, GUINT_TO_POINTER(n));
    if (!seen->duplicate && n > json_object_get_size(object)) {
        seen->duplicate = g_strdup(name);
    }
}

JsonNode *json_parse_framed(const char *text, size_t len, GError **errp)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *duplicate = NULL;
    Seen seen = { .counts = counts };

    if (memchr(text, 0, len)) { /* inside a string */
        g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC,
                    "JSON parse error, stray character");
        return NULL;
    }
    if (!check_values(text, errp)) {
        return NULL;
    }
    g_signal_connect(parser, "object-member", G_CALLBACK(object_member), &seen);
    json_parser_load_from_data(parser, text, len, &error);
    duplicate = seen.duplicate;
    if (error) {
        g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC, "JSON parse error, %s",
                    error->message);
        return NULL;
    }
    if (duplicate) {
        g_autofree char *key = error_printable(duplicate, strlen(duplicate));

        g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC,
                    "JSON parse error, duplicate key '%s'", key);
        return NULL;
    }
    return json_parser_steal_root(parser);
}

JsonNode *json_parse_text(const char *text, GError **errp)
{
    const char *data = text;
    size_t len = strlen(text);
    JsonNode *root = NULL;
    JsonFramer framer;
    JsonFrame frame;

    json_framer_init(&framer);
    frame = json_framer_feed(&framer, &data, &len, errp);
    if (frame == JSON_FRAME_MORE) {
        g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC,
                    "JSON parse error, premature end of input");
    } else if (frame == JSON_FRAME_VALUE) {
        if (strspn(data, " \t\r\n") != len) {
            g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC,
                        "JSON parse error, text after the value: '%s'", data);
        } else {
            root = json_parse_framed(framer.buf->str, framer.buf->len, errp);
        }
    }
    json_framer_clear(&framer);
    return root;
}

static ConfigNode *value_from_json(JsonNode *json, GError **errp)
{
    GType type = json_node_get_value_type(json);

    if (type == G_TYPE_BOOLEAN) {
        return config_bool_new(json_node_get_boolean(json));
    }
    if (type == G_TYPE_INT64) {
        return config_int_new(json_node_get_int(json));
    }
    if (type == G_TYPE_STRING) {
        return config_string_new(json_node_get_string(json));
    }
    g_set_error(errp, CONFIG_ERROR, CONFIG_ERROR_GENERIC,
                "JSON number %g is not a whole number", json_node_get_double(json));
    return NULL;
}

static ConfigNode *list_from_json(JsonArray *array, GError **errp)
{
    g_autoptr(ConfigNode) list = config_list_new();

    for (guint i = 0; i < json_array_get_length(array); i++) {
        ConfigNode *value = config_from_json(json_array_get_element(array, i), errp);

        if (!value) {
            return NULL;
        }
        config_list_add(list, value);
    }
    return g_steal_pointer(&list);
}

static ConfigNode *map_from_json(JsonObject *object, GError **errp)
{
    g_autoptr(ConfigNode) map = config_map_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *member;

    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &member)) {
        ConfigNode *value = config_from_json(member, errp);

        if (!value) {
            return NULL;
        }
        config_map_append(map, name, value);
    }
    return g_steal_pointer(&map);
}

ConfigNode *config_from_json(JsonNode *json, GError **errp)
{
    switch (json_node_get_node_type(json)) {
    case JSON_NODE_OBJECT:
        return map_from_json(json_node_get_object(json), errp);
    case JSON_NODE_ARRAY:
        return list_from_json(json_node_get_array(json), errp);
    case JSON_NODE_VALUE:
        return value_from_json(json, errp);
    case JSON_NODE_NULL:
        return config_null_new();
    }
    return NULL;
}

ConfigNode *config_parse_json(const char *text, GError **errp)
{
    g_autoptr(JsonNode) root = json_parse_text(text, errp);

    return root ? config_from_json(root, errp) : NULL;
}
