/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON: cutting a stream into values, the parser (json-glib agrees), the writer. */
#include "config.h"

#include "config/internal.h"
#include "config/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void assert_error(GError *error, const char *message)
{
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, message);
    g_error_free(error);
}

/* What is accepted, as it is written again. */
static void test_accepted(void)
{
    static const struct {
        const char *text, *again;
    } rows[] = {
        { "{\"a\":1,\"b\":[true,null,\"x\"],\"c\":{}}",
          "{\"a\": 1, \"b\": [true, null, \"x\"], \"c\": {}}" },
        { " {\"s\":\"}\\\"{\"} ", "{\"s\": \"}\\\"{\"}" },
        { "[9223372036854775807,-9223372036854775808,0,-0,\"\\\\u0000 "
          "18446744073709551615\"]",
          "[9223372036854775807, -9223372036854775808, 0, 0, \"\\\\u0000 "
          "18446744073709551615\"]" },
        { "[9223372036854775808,18446744073709551615]",
          "[9223372036854775808, 18446744073709551615]" },
        { "[1.5,1e3,-2.5E-3,0.1,1e300,0.30000000000000004]",
          "[1.5, 1000, -0.0025, 0.1, 1e+300, 0.30000000000000004]" },
        { "[\"\\ud83d\\ude00\",\"\xf0\x9f\x98\x80\",\"\\u00E9\"]",
          "[\"\\ud83d\\ude00\", \"\\ud83d\\ude00\", \"\\u00e9\"]" },
        { "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\x7f\"]",
          "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\\u007f\"]" },
        { "{\"a\":{\"b\":1},\"b\":{\"a\":1},\"\":[]}",
          "{\"a\": {\"b\": 1}, \"b\": {\"a\": 1}, \"\": []}" },
        { "\t[\r\n1 , 2 ]", "[1, 2]" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ConfigNode) node = config_parse_json(rows[i].text, &error);
        g_autofree char *again = NULL;

        g_assert_no_error(error);
        again = config_to_json(node, FALSE);
        g_assert_cmpstr(again, ==, rows[i].again);
    }
}

static void test_refused(void)
{
    static const char number[] = "number out of range or not decimal";
    static const struct {
        const char *text, *what, *token;
    } rows[] = {
        { "{\"a\":1", "premature end of input", NULL },
        { "", "premature end of input", NULL },
        { "x", "expecting value", NULL },
        { "{} {}", "text after the value", "' {}'" },
        { "[18446744073709551616]", number, "18446744073709551616" },
        { "[-9223372036854775809]", number, "-9223372036854775809" },
        { "[1e400]", number, "1e400" },
        { "[010]", number, "010" },
        { "[0xff]", number, "0" },
        { "[1.]", number, "1." },
        { "[1e]", number, "1e" },
        { "[-]", number, "-" },
        { "[1-2]", number, "1-2" },
        { "[.5]", "expecting value", NULL },
        { "[+1]", "expecting value", NULL },
        { "[\"x\\u0000y\"]", "escape is not supported", "\\u0000" },
        { "[\"\\ud83dx\"]", "escape is not supported", "\\ud83d" },
        { "[\"\\ud83d\\u0041\"]", "escape is not supported", "\\ud83d" },
        { "[\"\\ude00\"]", "escape is not supported", "\\ude00" },
        { "[\"\\u12g4\"]", "escape is not supported", "\\u12g4" },
        { "[\"\\x41\"]", "escape is not supported", "\\x41\"]" },
        { "[\"a\tb\"]", "control character in a string", NULL },
        { "[\"\xff\"]", "invalid UTF-8", NULL },
        { "[\"\xc0\x80\"]", "invalid UTF-8", NULL },
        { "[\"\xed\xa0\x80\"]", "invalid UTF-8", NULL },
        { "{\"a\":1,\"b\":2,\"a\":3}", "duplicate key 'a'", NULL },
        { "{\"b\":[{\"a\":1,\"\\u0061\":{}}]}", "duplicate key 'a'", NULL },
        { "{'a':1}", "strings stand in double quotes", NULL },
        { "{/*\"*/\"a\":1}", "stray character", NULL },
        { "[1,]", "expecting value", NULL },
        { "[1 2]", "expecting ']'", NULL },
        { "[1}", "expecting ']'", NULL },
        { "{\"a\" 1}", "expecting ':'", NULL },
        { "{\"a\":1,}", "expecting '\"'", NULL },
        { "{a:1}", "expecting '\"'", NULL },
        { "[True]", "unknown word", "True" },
        { "[nullx]", "unknown word", "nullx" },
        { "[NaN]", "unknown word", "NaN" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ConfigNode) node = NULL;
        g_autofree char *why =
            g_strdup_printf("JSON parse error, %s%s%s", rows[i].what,
                            rows[i].token ? ": " : "", rows[i].token ?: "");
        GError *error = NULL;

        node = config_parse_json(rows[i].text, &error);
        g_assert_null(node);
        assert_error(error, why);
    }
}

/* Also where no framer stands in front of it. */
static void test_parser_alone(void)
{
    g_autoptr(GString) deep = g_string_new(NULL);
    GError *error = NULL;

    for (int i = 0; i < 100000; i++) {
        g_string_append_c(deep, '[');
    }
    g_assert_null(json_parse_framed(deep->str, deep->len, &error));
    assert_error(error, "JSON parse error, nested too deeply");
    error = NULL;
    g_assert_null(json_parse_framed("[\"a\0\"]", 6, &error));
    assert_error(error, "JSON parse error, stray character");
    error = NULL;
    g_assert_null(json_parse_framed("[\"a", 3, &error));
    assert_error(error, "JSON parse error, string without an end");
    error = NULL;
    g_assert_null(json_parse_framed("[\"a\\", 4, &error));
    assert_error(error, "JSON parse error, escape is not supported: \\");
}

/* Keys that a client chooses: all have one hash in a GHashTable; still n log n. */
static void test_many_keys(void)
{
    g_autoptr(ConfigNode) map = config_map_new();
    guint64 comparisons = 0;
    const guint n = 100000;

    for (guint i = 0; i < n; i++) {
        char key[2 * 17 + 1] = "";

        for (guint bit = 0; bit < 17; bit++) {
            g_strlcat(key, i >> bit & 1 ? "bA" : "ab", sizeof(key));
        }
        config_map_append(map, key, config_null_new());
        g_assert_cmpuint(g_str_hash(key), ==, g_str_hash(config_map_key(map, 0)));
    }
    g_assert_null(json_duplicate_key(map, &comparisons));
    g_assert_cmpuint(comparisons, <, n * 20); /* log2(n) is 16.6 */
    config_map_append(map, config_map_key(map, 5), config_null_new());
    g_assert_cmpstr(json_duplicate_key(map, &comparisons), ==, config_map_key(map, 5));
}

static void test_write(void)
{
    g_autoptr(ConfigNode) map = config_map_new();
    g_autofree char *plain = NULL;
    g_autofree char *pretty = NULL;

    config_map_set_uint(map, "u", G_MAXUINT64);
    config_map_set_uint(map, "small", 7);
    config_map_set_double(map, "d", 0.1);
    config_map_set_string(map, "s\n", "\xff\xc3(\xed\xa0\x80");
    config_map_set(map, "l", config_list_new());
    config_map_set_bool(map, "b", TRUE);
    plain = config_to_json(map, FALSE);
    g_assert_cmpstr(plain, ==,
                    "{\"u\": 18446744073709551615, \"small\": 7, \"d\": 0.1, \"s\\n\": "
                    "\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\", \"l\": [], \"b\": true}");
    g_assert_true(config_node_type(config_map_peek(map, "small")) == CONFIG_INT);
    config_map_remove(map, "u");
    config_map_remove(map, "s\n");
    pretty = config_to_json(map, TRUE);
    g_assert_cmpstr(pretty, ==,
                    "{\n    \"small\": 7,\n    \"d\": 0.1,\n    \"l\": [\n    ],\n"
                    "    \"b\": true\n}");
}

/* The oracle */

static gboolean same(const ConfigNode *node, JsonNode *json);

static gboolean same_map(const ConfigNode *map, JsonObject *object)
{
    gboolean ok = config_map_size(map) == json_object_get_size(object);

    for (guint i = 0; ok && i < config_map_size(map); i++) {
        JsonNode *member = json_object_get_member(object, config_map_key(map, i));

        ok = member && same(config_map_value(map, i), member);
    }
    return ok;
}

static gboolean same_list(const ConfigNode *list, JsonArray *array)
{
    gboolean ok = config_list_size(list) == json_array_get_length(array);

    for (guint i = 0; ok && i < config_list_size(list); i++) {
        ok = same(config_list_at(list, i), json_array_get_element(array, i));
    }
    return ok;
}

static gboolean same(const ConfigNode *node, JsonNode *json)
{
    switch (config_node_type(node)) {
    case CONFIG_NULL:
        return JSON_NODE_HOLDS_NULL(json);
    case CONFIG_BOOL:
        return json_node_get_value_type(json) == G_TYPE_BOOLEAN &&
               json_node_get_boolean(json) == config_node_bool(node);
    case CONFIG_INT:
        return json_node_get_value_type(json) == G_TYPE_INT64 &&
               json_node_get_int(json) == config_node_int(node);
    case CONFIG_DOUBLE:
        return json_node_get_value_type(json) == G_TYPE_DOUBLE &&
               json_node_get_double(json) == config_node_double(node);
    case CONFIG_STRING:
        return g_strcmp0(json_node_get_string(json), config_node_string(node)) == 0;
    case CONFIG_LIST:
        return JSON_NODE_HOLDS_ARRAY(json) && same_list(node, json_node_get_array(json));
    case CONFIG_MAP:
        return JSON_NODE_HOLDS_OBJECT(json) && same_map(node, json_node_get_object(json));
    default:
        return FALSE;
    }
}

/* What we accept json-glib accepts (it takes more), and both mean the same. */
static gboolean agree(const char *text)
{
    g_autoptr(ConfigNode) node = config_parse_json(text, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(ConfigNode) again = NULL;
    g_autofree char *written = NULL;

    if (!node) {
        return FALSE;
    }
    g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
    g_assert_true(same(node, json_parser_get_root(parser)));
    written = config_to_json(node, strlen(text) & 1);
    g_assert_true(json_parser_load_from_data(parser, written, -1, NULL));
    again = config_parse_json(written, NULL);
    g_assert_nonnull(again);
    return TRUE;
}

static void test_oracle(void)
{
    static const char seed[] = "{\"execute\": \"blockdev-add\", \"arguments\": "
                               "{\"size\": -12, \"x\": [1.25, 3e2, "
                               "true, false, null, {}], \"s\": "
                               "\"a\\\"\\\\\\/\\n\\u00e9\\ud83d\\ude00\xc3\xa9\"}, "
                               "\"id\": [[], \"libvirt-1\"]}";
    static const char alphabet[] = "{}[]:,\"\\ 0123456789-+.eEutrnfalsbd\n";
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    guint accepted = 0;

    g_assert_true(agree(seed));
    for (int i = 0; i < 20000; i++) {
        g_autofree char *text = g_strdup(seed);
        gsize len = strlen(text);

        for (int n = g_rand_int_range(rand, 1, 4); n > 0; n--) {
            gsize at = g_rand_int_range(rand, 0, (gint32)len);

            if (g_rand_boolean(rand)) {
                text[at] = alphabet[g_rand_int_range(rand, 0, sizeof(alphabet) - 1)];
            } else {
                memmove(text + at, text + at + 1, len - at);
                len--;
            }
        }
        accepted += agree(text);
    }
    g_assert_cmpuint(accepted, >, 1000);
}

/* Everything that a framer says about a stream, fed in two pieces. */
static char *frames(const char *text, size_t len, size_t split)
{
    g_autoptr(GString) out = g_string_new(NULL);
    JsonFramer framer;

    json_framer_init(&framer);
    for (int part = 0; part < 2; part++) {
        const char *data = part ? text + split : text;
        size_t left = part ? len - split : split;
        JsonFrame frame;

        do {
            g_autoptr(GError) error = NULL;

            frame = json_framer_feed(&framer, &data, &left, &error);
            if (frame == JSON_FRAME_VALUE) {
                g_string_append_printf(out, "<%s>", framer.buf->str);
            } else if (frame == JSON_FRAME_ERROR) {
                g_string_append_printf(out, "!%s!", error->message + strlen("JSON "));
            }
        } while (frame != JSON_FRAME_MORE);
    }
    json_framer_clear(&framer);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void test_frames(void)
{
    static const char text[] =
        "{\"a\":\"}\\\"\"}\r\n[{}] {\"b\":{}}junk{}\n{\"c\":'}\n{}}\n{}}{\"d\":1}"
        "{'e':{\"f\":\"}\"}}{\"g\":2}\"{\"\\\"{\" x[3]{'\n{}";
    static const char expected[] = "<{\"a\":\"}\\\"\"}><[{}]><{\"b\":{}}>"
                                   "!parse error, expecting value!<{}>"
                                   "!parse error, strings stand in double quotes!<{}>"
                                   "!parse error, expecting value!<{}>"
                                   "!parse error, expecting value!<{\"d\":1}>"
                                   "!parse error, strings stand in double quotes!"
                                   "<{\"g\":2}>!parse error, expecting value!<[3]>"
                                   "!parse error, strings stand in double quotes!<{}>";

    for (size_t split = 0; split < sizeof(text); split++) {
        g_autofree char *got = frames(text, sizeof(text) - 1, split);

        g_assert_cmpstr(got, ==, expected);
    }
}

static void test_frame_limits(void)
{
    g_autoptr(GString) deep = g_string_new(NULL);
    g_autoptr(GString) huge = g_string_new("{\"a\":\"");
    g_autofree char *got_deep = NULL;
    g_autofree char *got_huge = NULL;

    for (int i = 0; i < 100000; i++) {
        g_string_append_c(deep, '[');
    }
    g_string_append(deep, "\n{}");
    got_deep = frames(deep->str, deep->len, 70);
    g_assert_cmpstr(got_deep, ==, "!parse error, nested too deeply!<{}>");

    while (huge->len < 2 * JSON_MAX_BYTES) {
        g_string_append(huge, "0123456789abcdef");
    }
    g_string_append(huge, "\"}\n{}");
    got_huge = frames(huge->str, huge->len, 1000);
    g_assert_cmpstr(got_huge, ==, "!parse error, value too long!<{}>");
}

/* A list of n empty values, in what is left when its own bracket has been counted. */
static char *list_of(guint n, const char *value)
{
    g_autoptr(GString) text = g_string_new("[");

    for (guint i = 0; i < n; i++) {
        g_string_append_printf(text, "%s%s", i ? "," : "", value);
    }
    g_string_append(text, "]\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Commas and brackets count wherever they are, but not in strings. */
static void test_frame_values(void)
{
    static const struct {
        const char *value;
        guint most;
    } rows[] = {
        { "0", JSON_MAX_VALUES },
        { "\",,[{\"", JSON_MAX_VALUES },
        { "[]", JSON_MAX_VALUES / 2 },
        { "{\"a\":1}", JSON_MAX_VALUES / 2 },
        { "{\"a\":[]}", JSON_MAX_VALUES / 3 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *good = list_of(rows[i].most, rows[i].value);
        g_autofree char *bad = list_of(rows[i].most + 1, rows[i].value);
        g_autofree char *stream = g_strdup_printf("%s%s{}", good, bad);
        g_autofree char *got = frames(stream, strlen(stream), 1000);
        g_autofree char *expected =
            g_strdup_printf("<%.*s>!parse error, more than 16384 values!<{}>",
                            (int)strlen(good) - 1, good);

        g_assert_cmpstr(got, ==, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/json/accepted", test_accepted);
    g_test_add_func("/config/json/refused", test_refused);
    g_test_add_func("/config/json/parser-alone", test_parser_alone);
    g_test_add_func("/config/json/many-keys", test_many_keys);
    g_test_add_func("/config/json/write", test_write);
    g_test_add_func("/config/json/oracle", test_oracle);
    g_test_add_func("/config/json/frames", test_frames);
    g_test_add_func("/config/json/limits", test_frame_limits);
    g_test_add_func("/config/json/values", test_frame_values);
    return g_test_run();
}
