/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds: values of every type of row, nested ones, what is refused, help. */
#include "config.h"

#include "config/json.h"
#include "config/keyval.h"
#include "config/kind.h"

#include <string.h>

typedef struct Common {
    char *name;
    gboolean on, deep;
} Common;

typedef struct Own {
    guint16 port;
    guint64 size;
    char *text;
    guint8 mac[6];
    int color;
    OnOffAuto mode;
    ConfigNode *next, *addr;
    guint32 secret;
    char **rules;
} Own;

static const char *const colors[] = { "red", "green", NULL };

static const Property deepest_rows[] = {
    { "deep", PROP_BOOL, offsetof(Common, deep), "off" },
    { NULL },
};
static const Property cache_rows[] = {
    { "on", PROP_BOOL, offsetof(Common, on), "on", .help = "whether" },
    { "more", PROP_GROUP, .rows = deepest_rows },
    { NULL },
};
static const Property common_rows[] = {
    { "name", PROP_ID, offsetof(Common, name), .max = 8, .required = TRUE },
    { "cache", PROP_GROUP, .rows = cache_rows },
    { NULL },
};

static const Kind toys;

static const KindType inet = { "inet", "host and port", NULL, 0, FALSE };
static const KindType *address_at(guint i)
{
    return i ? NULL : &inet;
}
static const Kind addresses = { "address", "type", NULL, address_at, "All addresses" };

static const Property big_rows[] = {
    { "port", PROP_U16, offsetof(Own, port), "80", .min = 1, .help = "where" },
    { "size", PROP_SIZE, offsetof(Own, size), "4k" },
    { "text", PROP_STRING, offsetof(Own, text) },
    { "mac", PROP_MAC, offsetof(Own, mac) },
    { "color", PROP_ENUM, offsetof(Own, color), "green", .names = colors, .help = "hue" },
    { "mode", PROP_AUTO, offsetof(Own, mode), "auto" },
    { "next", PROP_KIND, offsetof(Own, next), .kind = &toys, .reference = TRUE },
    { "addr", PROP_KIND, offsetof(Own, addr), .kind = &addresses },
    { "rules", PROP_STRINGS, offsetof(Own, rules), .help = "what" },
    { "x-secret", PROP_U32, offsetof(Own, secret), .hidden = TRUE },
    { NULL },
};

static const KindType types[] = {
    { "big", "a big one", big_rows, sizeof(Own), FALSE },
    { "small", "a small one", NULL, 0, FALSE },
};

static const KindType *toy_at(guint i)
{
    return i < G_N_ELEMENTS(types) ? &types[i] : NULL;
}

static const Kind toys = { "toy", "type", common_rows, toy_at };

static const char *const again[] = { "rules", NULL };

/* Of a text in either grammar. */
static gboolean read_toy(const char *text, Common *common, Own *own, GError **errp)
{
    g_autoptr(ConfigNode) node = *text == '{'
                                     ? config_parse_json(text, NULL)
                                     : keyval_parse_again(text, "type", again, NULL);
    const KindType *type = kind_type(&toys, node, errp);

    return type && kind_read(&toys, type, node, common, own, errp);
}

static void clear(Common *common, Own *own)
{
    properties_clear(common_rows, common);
    properties_clear(big_rows, own);
}

static void test_defaults(void)
{
    Common common = { 0 };
    Own own = { 0 };

    g_assert_true(read_toy("big,name=a", &common, &own, NULL));
    g_assert_cmpstr(common.name, ==, "a");
    g_assert_true(common.on);
    g_assert_false(common.deep);
    g_assert_cmpuint(own.port, ==, 80);
    g_assert_cmpuint(own.size, ==, 4096);
    g_assert_null(own.text);
    g_assert_cmpint(own.color, ==, 1);
    g_assert_null(own.next);
    clear(&common, &own);
    g_assert_true(read_toy("small,name=b", &common, &own, NULL));
    clear(&common, &own);
}

static void test_values(void)
{
    static const char *const texts[] = {
        "big,name=a,cache.on=off,cache.more.deep=on,port=81,size=1M,text=t,"
        "mac=52:54:00:00:00:01,color=red,mode=off,next.type=small,addr.type=inet,x-"
        "secret=7",
        "{\"type\":\"big\",\"name\":\"a\",\"cache\":{\"on\":false,\"more\":{\"deep\":"
        "true}},"
        "\"port\":81,\"size\":1048576,\"text\":\"t\",\"mac\":\"52:54:00:00:00:01\","
        "\"color\":\"red\",\"mode\":\"off\",\"next\":{\"type\":\"small\"},"
        "\"addr\":{\"type\":\"inet\"},\"x-secret\":7}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        Common common = { 0 };
        Own own = { 0 };
        GError *error = NULL;

        read_toy(texts[i], &common, &own, &error);
        g_assert_no_error(error);
        g_assert_false(common.on);
        g_assert_true(common.deep);
        g_assert_cmpuint(own.port, ==, 81);
        g_assert_cmpuint(own.size, ==, 1024 * 1024);
        g_assert_cmpstr(own.text, ==, "t");
        g_assert_cmpuint(own.mac[5], ==, 1);
        g_assert_cmpint(own.color, ==, 0);
        g_assert_cmpint(own.mode, ==, ON_OFF_AUTO_OFF);
        g_assert_cmpuint(own.secret, ==, 7);
        g_assert_true(kind_type(&toys, own.next, NULL) == &types[1]);
        g_assert_true(kind_type(&addresses, own.addr, NULL) == &inet);
        clear(&common, &own);
    }
}

/* Texts, one by one or in a list of either form; "" and "-": none, one that is empty. */
static void test_lists(void)
{
    static const struct {
        const char *text, *rules;
    } rows[] = {
        { "big,name=a", "" },
        { "big,name=a,rules=r", "r" },
        { "big,rules=a,name=a,rules=b,,c,rules=a", "a b,c a" },
        { "big,name=a,rules=", "-" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[]}", "" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":\"r\"}", "r" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[\"r\",\"s\"]}", "r s" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[{\"str\":\"r\"},{\"str\":\"s\"}]}",
          "r s" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        Common common = { 0 };
        Own own = { 0 };

        read_toy(rows[i].text, &common, &own, &error);
        g_assert_no_error(error);
        g_autofree char *rules = own.rules ? g_strjoinv(" ", own.rules) : g_strdup("");
        gboolean empty = own.rules && own.rules[0] && !*own.rules[0];
        g_assert_cmpstr(empty ? "-" : rules, ==, rows[i].rules);
        g_autofree char *text = property_text(properties_find(big_rows, "rules"), &own);
        g_assert_cmpstr(text, ==, rules);
        clear(&common, &own);
    }
}

static void test_errors(void)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "name=a", "Parameter 'type' is missing" },
        { "huge,name=a",
          "Parameter 'type' does not accept value 'huge' (it is one of big, small)" },
        { "big", "Parameter 'name' is missing" },
        { "small,name=a,port=1", "Invalid parameter 'port'" },
        { "big,name=a,foo=1", "Invalid parameter 'foo'" },
        { "big,name=a,cache.foo=1", "Invalid parameter 'cache.foo'" },
        { "big,name=a,cache.more.foo=1", "Invalid parameter 'cache.more.foo'" },
        { "big,name=a,cache=on", "Parameter 'cache' expects an object" },
        { "big,name=a,cache.on=2",
          "Parameter 'cache.on' expects 'on' or 'off', not '2'" },
        { "big,name=a,port=0",
          "Parameter 'port' expects a number from 1 to 65535, not '0'" },
        { "big,name=a,text=t,next=b,mode=maybe",
          "Parameter 'mode' does not accept value 'maybe' (it is one of auto, on, off)" },
        { "big,name=a,color=blue",
          "Parameter 'color' does not accept value 'blue' (it is one of red, green)" },
        { "big,name=a,addr=b", "Parameter 'addr' expects an object" },
        { "{\"type\":\"big\",\"name\":\"a\",\"next\":7}",
          "Parameter 'next' expects an object or a name" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[{\"foo\":\"r\"}]}",
          "Parameter 'rules' expects objects with a 'str' alone" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[{\"str\":\"r\",\"x\":1}]}",
          "Parameter 'rules' expects objects with a 'str' alone" },
        { "{\"type\":\"big\",\"name\":\"a\",\"rules\":[[]]}",
          "Parameter 'rules' expects a string, not '[...]'" },
        { "{\"type\":7}", "Parameter 'type' expects a string, not '7'" },
        { "big,name=1", "Parameter 'name' expects an identifier (a letter, then letters, "
                        "digits, '-', '.', '_', at most 8 in all), not '1'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        Common common = { 0 };
        Own own = { 0 };

        g_assert_false(read_toy(rows[i].text, &common, &own, &error));
        g_assert_cmpstr(error->message, ==, rows[i].error);
        clear(&common, &own);
    }
}

static void test_help(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *all = kind_help(&toys, NULL, NULL);
    g_autofree char *big = kind_help(&toys, "big", NULL);
    g_autofree char *headed = kind_help(&addresses, NULL, NULL);

    g_assert_cmpstr(all, ==,
                    "Types of -toy:\n"
                    "  big                    a big one\n"
                    "  small                  a small one\n");
    g_assert_true(g_str_has_prefix(headed, "All addresses:\n  inet "));
    g_assert_true(g_str_has_prefix(big, "big options:\n  name=<str>               - \n"));
    g_assert_nonnull(
        strstr(big, "\n  cache.on=<bool>          - whether (default: on)\n"));
    g_assert_nonnull(strstr(big, "\n  cache.more.deep=<bool>   - (default: off)\n"));
    g_assert_nonnull(
        strstr(big, "\n  color=<str>              - hue (red, green; default: green)\n"));
    g_assert_nonnull(strstr(big, "\n  next=<str|object>        - \n"));
    g_assert_null(strstr(big, "secret"));
    g_assert_null(kind_help(&toys, "huge", &error));
    g_assert_cmpstr(
        error->message, ==,
        "Parameter 'type' does not accept value 'huge' (it is one of big, small)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/kind/defaults", test_defaults);
    g_test_add_func("/config/kind/values", test_values);
    g_test_add_func("/config/kind/lists", test_lists);
    g_test_add_func("/config/kind/errors", test_errors);
    g_test_add_func("/config/kind/help", test_help);
    return g_test_run();
}
