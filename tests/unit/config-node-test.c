/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration tree and the key=value grammar. */
#include "config.h"

#include "config/keyval.h"
#include "config/node.h"

#include <string.h>

static void assert_error(GError *error, const char *message)
{
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, message);
    g_error_free(error);
}

static void test_map(void)
{
    g_autoptr(ConfigNode) map = config_map_new();
    GError *error = NULL;
    gboolean b;

    config_map_set(map, "b", config_int_new(2));
    config_map_set(map, "a", config_string_new("off"));
    config_map_set(map, "b", config_bool_new(TRUE));
    g_assert_cmpuint(config_map_size(map), ==, 2);
    g_assert_cmpstr(config_map_key(map, 0), ==, "b");
    g_assert_true(config_get_bool(map, "b", FALSE, &b, NULL) && b);
    g_assert_false(config_check_unused(map, &error));
    assert_error(error, "Invalid parameter 'a'");
    g_assert_true(config_get_bool(map, "a", TRUE, &b, NULL) && !b);
    g_assert_true(config_check_unused(map, NULL));
    g_assert_cmpstr(config_map_string(map, "a"), ==, "off");
    g_assert_null(config_map_string(map, "b"));
    config_map_remove(map, "b");
    g_assert_false(config_map_has(map, "b"));
    g_assert_true(config_get_bool(map, "b", TRUE, &b, NULL) && b);
}

static void test_values(void)
{
    static const struct {
        const char *text, *size_error;
        guint64 size;
    } sizes[] = {
        { "0", NULL, 0 },
        { "512M", NULL, 512 << 20 },
        { "524288k", NULL, 512 << 20 },
        { "0x10", NULL, 16 },
        { "7E", NULL, 7ull << 60 },
        { "16b", NULL, 16 },
        { "16E", "not '16E'", 0 },
        { "18446744073709551616", "not '18446744073709551616'", 0 },
        { "-1", "not '-1'", 0 },
        { "1MB", "not '1MB'", 0 },
        { "0x", "not '0x'", 0 },
        { "", "not ''", 0 },
        { "M", "not 'M'", 0 },
    };
    guint64 out;

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(ConfigNode) node = config_string_new(sizes[i].text);
        g_autoptr(GError) error = NULL;
        gboolean ok = config_node_to_size(node, "size", &out, &error);

        g_assert_true(ok == !sizes[i].size_error);
        if (ok) {
            g_assert_cmpuint(out, ==, sizes[i].size);
        } else {
            g_assert_true(g_str_has_suffix(error->message, sizes[i].size_error));
        }
    }
}

static void test_value_errors(void)
{
    g_autoptr(ConfigNode) map = keyval_parse("cpus=two,on=maybe,n=9,m.x=1", NULL, NULL);
    g_autoptr(ConfigNode) negative = config_int_new(-1);
    g_autoptr(ConfigNode) large = config_uint_new(G_MAXUINT64);
    g_autoptr(ConfigNode) fraction = config_double_new(1.5);
    GError *error = NULL;
    const char *s;
    guint64 n;
    gboolean b;

    g_assert_false(config_get_uint(map, "cpus", 0, 0, 10, &n, &error));
    assert_error(error, "Parameter 'cpus' expects a number, not 'two'");
    error = NULL;
    g_assert_false(config_get_bool(map, "on", FALSE, &b, &error));
    assert_error(error, "Parameter 'on' expects 'on' or 'off', not 'maybe'");
    error = NULL;
    g_assert_false(config_get_uint(map, "n", 0, 1, 8, &n, &error));
    assert_error(error, "Parameter 'n' expects a number from 1 to 8, not '9'");
    error = NULL;
    g_assert_false(config_get_string(map, "m", NULL, &s, &error));
    assert_error(error, "Parameter 'm' expects a string, not '{...}'");
    error = NULL;
    g_assert_false(config_require_string(map, "id", &s, &error));
    assert_error(error, "Parameter 'id' is missing");
    error = NULL;
    g_assert_true(config_node_to_uint(large, "n", 0, G_MAXUINT64, &n, NULL));
    g_assert_cmpuint(n, ==, G_MAXUINT64);
    g_assert_false(config_node_to_uint(fraction, "n", 0, 9, &n, &error));
    assert_error(error, "Parameter 'n' expects a number, not '1.5'");
    error = NULL;
    g_assert_false(config_node_to_uint(negative, "n", 0, 9, &n, &error));
    assert_error(error, "Parameter 'n' expects a number, not '-1'");
}

/* A tree as compact text: the golden form of the tests below. */
static void dump(const ConfigNode *node, GString *out)
{
    g_autofree char *text = NULL;

    switch (config_node_type(node)) {
    case CONFIG_MAP:
        g_string_append_c(out, '{');
        for (guint i = 0; i < config_map_size(node); i++) {
            g_string_append_printf(out, "%s%s:", i ? " " : "", config_map_key(node, i));
            dump(config_map_value(node, i), out);
        }
        g_string_append_c(out, '}');
        break;
    case CONFIG_LIST:
        g_string_append_c(out, '[');
        for (guint i = 0; i < config_list_size(node); i++) {
            g_string_append(out, i ? " " : "");
            dump(config_list_at(node, i), out);
        }
        g_string_append_c(out, ']');
        break;
    case CONFIG_STRING:
        g_string_append_printf(out, "'%s'", config_node_string(node));
        break;
    default:
        text = config_node_describe(node);
        g_string_append(out, text);
    }
}

static void assert_tree(ConfigNode *node, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_assert_nonnull(node);
    dump(node, out);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_keyval(void)
{
    static const struct {
        const char *text, *implied, *tree, *error;
    } rows[] = {
        { "", NULL, "{}", NULL },
        { "a=1,b=x", NULL, "{a:'1' b:'x'}", NULL },
        { "microvm,acpi=on", "type", "{type:'microvm' acpi:'on'}", NULL },
        { "type=none", "type", "{type:'none'}", NULL },
        { "a=x,,y,,,b=2", NULL, "{a:'x,y,' b:'2'}", NULL },
        { "/a,,b,server,nowait", "path", "{path:'/a,b' server:'on' wait:'off'}", NULL },
        { "a=1,a=2", NULL, "{a:'2'}", NULL },
        { "a==b", NULL, "{a:'=b'}", NULL },
        { "a=", NULL, "{a:''}", NULL },
        { "no", NULL, "{no:'on'}", NULL },
        { "file.filename=x,file.driver=file", NULL, "{file:{filename:'x' driver:'file'}}",
          NULL },
        { "n.0=a,n.1=b", NULL, "{n:['a' 'b']}", NULL },
        { "n.1=a", NULL, "{n:{1:'a'}}", NULL },
        { "a=1,a.b=2", NULL, NULL, "Both a value and nested keys for parameter 'a'" },
        { "a.b=2,a=1", NULL, NULL, "Both a value and nested keys for parameter 'a'" },
        { "=1", NULL, NULL, "Invalid parameter ''" },
        { "a..b=1", NULL, NULL, "Invalid parameter 'a..b'" },
        { ".=1", NULL, NULL, "Invalid parameter '.'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(ConfigNode) map = keyval_parse(rows[i].text, rows[i].implied, &error);

        if (rows[i].tree) {
            g_assert_no_error(error);
            assert_tree(map, rows[i].tree);
        } else {
            g_assert_null(map);
            assert_error(error, rows[i].error);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/node/map", test_map);
    g_test_add_func("/config/node/values", test_values);
    g_test_add_func("/config/node/value-errors", test_value_errors);
    g_test_add_func("/config/keyval", test_keyval);
    return g_test_run();
}
