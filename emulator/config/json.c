/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON (RFC 8259) to configuration nodes, strictly: what could not be given back as it
 * came (NUL or half a surrogate pair in a string, a number out of range, a key that
 * comes twice) is refused.
 */
#include "config.h"

#include "config/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "config/internal.h"
#include "util/error.h"

typedef struct Parser {
    const char *p; /* the text ends with NUL, and has none before */
    guint depth;
} Parser;

static ConfigNode *parse_value(Parser *parser, GError **errp);

static gboolean parse_error(GError **errp, const char *why)
{
    return error_set(errp, "JSON parse error, %s", why);
}

static gboolean bad_token(const char *what, const char *token, size_t len, GError **errp)
{
    g_autofree char *text = error_printable(token, len);

    return error_set(errp, "JSON parse error, %s: %s", what, text);
}

static void skip_space(Parser *parser)
{
    parser->p += strspn(parser->p, " \t\r\n");
}

/* Takes the character if it is next, after white space. */
static gboolean accept(Parser *parser, char c)
{
    skip_space(parser);
    if (*parser->p != c) {
        return FALSE;
    }
    parser->p++;
    return TRUE;
}

static gboolean expect(Parser *parser, char c, GError **errp)
{
    char what[] = "expecting ' '";

    if (accept(parser, c)) {
        return TRUE;
    }
    what[strlen("expecting '")] = c;
    return parse_error(errp, what);
}

/* Numbers */

static const char *skip_digits(const char *p)
{
    return p + strspn(p, "0123456789");
}

/* Whether all of s is a number of JSON: no sign '+', no leading zero. */
static gboolean is_number(const char *s)
{
    const char *digits = s + (*s == '-');
    const char *p = skip_digits(digits);

    if (p == digits || (*digits == '0' && p > digits + 1)) {
        return FALSE;
    }
    if (*p == '.') {
        digits = p + 1;
        p = skip_digits(digits);
        if (p == digits) {
            return FALSE;
        }
    }
    if (*p == 'e' || *p == 'E') {
        digits = p + 1 + (p[1] == '-' || p[1] == '+');
        p = skip_digits(digits);
        if (p == digits) {
            return FALSE;
        }
    }
    return *p == 0;
}

static ConfigNode *number_node(const char *number)
{
    if (strpbrk(number, ".eE")) {
        double d = g_ascii_strtod(number, NULL);

        return isfinite(d) ? config_double_new(d) : NULL;
    }
    errno = 0;
    if (number[0] == '-') {
        gint64 i = g_ascii_strtoll(number, NULL, 10);

        return errno != ERANGE ? config_int_new(i) : NULL;
    }
    guint64 u = g_ascii_strtoull(number, NULL, 10);

    return errno != ERANGE ? config_uint_new(u) : NULL;
}

static ConfigNode *parse_number(Parser *parser, GError **errp)
{
    size_t n = strspn(parser->p, "+-.0123456789eE");
    g_autofree char *number = g_strndup(parser->p, n);
    ConfigNode *node = NULL;

    if (!g_ascii_isalnum(parser->p[n]) && is_number(number)) {
        node = number_node(number);
    }
    if (!node) {
        bad_token("number out of range or not decimal", parser->p, n, errp);
    }
    parser->p += n;
    return node;
}

/* Strings */

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

/* The character of one or two \uXXXX at p; 0 for NUL, half a pair and nonsense. */
static gunichar unicode_escape(const char *p, size_t *len)
{
    int first = code_unit(p);
    int second;

    *len = strlen("\\uXXXX");
    if (first < 0 || (first & 0xfc00) == 0xdc00) {
        return 0;
    }
    if ((first & 0xfc00) != 0xd800) {
        return first;
    }
    second = code_unit(p + *len);
    if (second < 0 || (second & 0xfc00) != 0xdc00) {
        return 0;
    }
    *len *= 2;
    return 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
}

/* What stands for itself or for a control character after a backslash; 0: nothing. */
static char short_escape(char c)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

    for (const char *e = escapes; *e; e += 2) {
        if (*e == c) {
            return e[1];
        }
    }
    return 0;
}

static gboolean parse_escape(Parser *parser, GString *out, GError **errp)
{
    char c = short_escape(parser->p[1]);
    size_t len = 2;

    if (c) {
        g_string_append_c(out, c);
    } else {
        gunichar u = unicode_escape(parser->p, &len);

        if (u == 0) {
            return bad_token("escape is not supported", parser->p,
                             strnlen(parser->p, strlen("\\uXXXX")), errp);
        }
        g_string_append_unichar(out, u);
    }
    parser->p += len;
    return TRUE;
}

/* The string behind its first quote. NULL: errp says why. */
static char *parse_string(Parser *parser, GError **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);

    while (*parser->p != '"') {
        const char *start = parser->p;

        while ((guchar)*parser->p >= ' ' && *parser->p != '"' && *parser->p != '\\') {
            parser->p++;
        }
        g_string_append_len(out, start, parser->p - start);
        if ((guchar)*parser->p < ' ') {
            parse_error(errp, *parser->p ? "control character in a string"
                                         : "string without an end");
            return NULL;
        }
        if (*parser->p == '\\' && !parse_escape(parser, out, errp)) {
            return NULL;
        }
    }
    parser->p++;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static ConfigNode *parse_string_node(Parser *parser, GError **errp)
{
    g_autofree char *text = parse_string(parser, errp);

    return text ? config_string_new(text) : NULL;
}

/* Lists and maps */

static int compare_keys(gconstpointer a, gconstpointer b, gpointer opaque)
{
    guint64 *comparisons = opaque;

    (*comparisons)++;
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * By sorting, n log n whatever the keys are: they are a client's choice, and a hash
 * table of strings that are made to collide is quadratic.
 */
const char *json_duplicate_key(const ConfigNode *map, guint64 *comparisons)
{
    guint n = config_map_size(map);
    g_autofree const char **keys = NULL;

    if (n < 2) {
        return NULL;
    }
    keys = g_new(const char *, n);
    for (guint i = 0; i < n; i++) {
        keys[i] = config_map_key(map, i);
    }
    g_qsort_with_data(keys, (gint)n, sizeof(keys[0]), compare_keys, comparisons);
    for (guint i = 1; i < n; i++) {
        if (compare_keys(&keys[i - 1], &keys[i], comparisons) == 0) {
            return keys[i];
        }
    }
    return NULL;
}

static gboolean check_duplicates(const ConfigNode *map, GError **errp)
{
    guint64 comparisons = 0;
    const char *key = json_duplicate_key(map, &comparisons);
    g_autofree char *text = NULL;

    if (!key) {
        return TRUE;
    }
    text = error_printable(key, strlen(key));
    return error_set(errp, "JSON parse error, duplicate key '%s'", text);
}

static gboolean parse_member(Parser *parser, ConfigNode *map, GError **errp)
{
    g_autofree char *key = NULL;
    ConfigNode *value;

    if (!expect(parser, '"', errp)) {
        return FALSE;
    }
    key = parse_string(parser, errp);
    if (!key || !expect(parser, ':', errp)) {
        return FALSE;
    }
    value = parse_value(parser, errp);
    if (!value) {
        return FALSE;
    }
    config_map_append(map, key, value);
    return TRUE;
}

static ConfigNode *parse_map(Parser *parser, GError **errp)
{
    g_autoptr(ConfigNode) map = config_map_new();

    if (accept(parser, '}')) {
        return g_steal_pointer(&map);
    }
    do {
        if (!parse_member(parser, map, errp)) {
            return NULL;
        }
    } while (accept(parser, ','));
    if (!expect(parser, '}', errp) || !check_duplicates(map, errp)) {
        return NULL;
    }
    return g_steal_pointer(&map);
}

static ConfigNode *parse_list(Parser *parser, GError **errp)
{
    g_autoptr(ConfigNode) list = config_list_new();

    if (accept(parser, ']')) {
        return g_steal_pointer(&list);
    }
    do {
        ConfigNode *value = parse_value(parser, errp);

        if (!value) {
            return NULL;
        }
        config_list_add(list, value);
    } while (accept(parser, ','));
    return expect(parser, ']', errp) ? g_steal_pointer(&list) : NULL;
}

static ConfigNode *parse_nested(Parser *parser, gboolean map, GError **errp)
{
    ConfigNode *node;

    if (parser->depth == JSON_MAX_DEPTH) {
        parse_error(errp, "nested too deeply");
        return NULL;
    }
    parser->depth++;
    node = map ? parse_map(parser, errp) : parse_list(parser, errp);
    parser->depth--;
    return node;
}

/* Values */

static ConfigNode *parse_word(Parser *parser, GError **errp)
{
    size_t n = 0;

    while (g_ascii_isalnum(parser->p[n])) {
        n++;
    }
    parser->p += n;
    if (n == 4 && memcmp(parser->p - n, "true", n) == 0) {
        return config_bool_new(TRUE);
    }
    if (n == 5 && memcmp(parser->p - n, "false", n) == 0) {
        return config_bool_new(FALSE);
    }
    if (n == 4 && memcmp(parser->p - n, "null", n) == 0) {
        return config_null_new();
    }
    if (n > 0) {
        bad_token("unknown word", parser->p - n, n, errp);
    } else {
        parse_error(errp, "expecting value");
    }
    return NULL;
}

static ConfigNode *parse_value(Parser *parser, GError **errp)
{
    if (accept(parser, '{')) {
        return parse_nested(parser, TRUE, errp);
    }
    if (accept(parser, '[')) {
        return parse_nested(parser, FALSE, errp);
    }
    if (accept(parser, '"')) {
        return parse_string_node(parser, errp);
    }
    if (*parser->p == '-' || g_ascii_isdigit(*parser->p)) {
        return parse_number(parser, errp);
    }
    return parse_word(parser, errp);
}

ConfigNode *json_parse_framed(const char *text, size_t len, GError **errp)
{
    g_autoptr(ConfigNode) root = NULL;
    Parser parser = { .p = text };

    if (memchr(text, 0, len)) { /* inside a string */
        parse_error(errp, "stray character");
        return NULL;
    }
    if (!g_utf8_validate(text, (gssize)len, NULL)) {
        parse_error(errp, "invalid UTF-8");
        return NULL;
    }
    root = parse_value(&parser, errp);
    skip_space(&parser);
    if (root && *parser.p) {
        parse_error(errp, "text after the value");
        return NULL;
    }
    return g_steal_pointer(&root);
}

ConfigNode *config_parse_json(const char *text, GError **errp)
{
    const char *data = text;
    size_t len = strlen(text);
    ConfigNode *root = NULL;
    JsonFramer framer;
    JsonFrame frame;

    json_framer_init(&framer);
    frame = json_framer_feed(&framer, &data, &len, errp);
    if (frame == JSON_FRAME_MORE) {
        parse_error(errp, "premature end of input");
    } else if (frame == JSON_FRAME_VALUE) {
        if (strspn(data, " \t\r\n") != len) {
            error_set(errp, "JSON parse error, text after the value: '%s'", data);
        } else {
            root = json_parse_framed(framer.buf->str, framer.buf->len, errp);
        }
    }
    json_framer_clear(&framer);
    return root;
}
