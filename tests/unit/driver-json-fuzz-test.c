/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time: good texts with bytes changed,
 * pieces removed and pieces of JSON put in. */
#include <glib.h>
#include <string.h>

#include "tests/fuzz/driver-json-fuzz.h"

#define ROUNDS 3000

static const char *const seeds[] = {
    "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 8, \"minor\": 2, \"micro\": 0}, "
    "\"package\": \"p\"}, \"capabilities\": []}}\r\n{\"return\": {}, \"id\": \"1\"}\r\n",
    "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n",
    "{\"vireo-migration\": 1, \"name\": \"one\", \"uuid\": \"u\", \"token\": \"t\", "
    "\"domain\": \"<domain/>\", \"elapsed-ms\": 5, \"downtime-ms\": 7}",
    "{\"status-version\": 1, \"phase\": \"running\", \"id\": 1, \"pid\": 2, "
    "\"boot-id\": \"b\", \"monitor\": \"/m\", \"pidfile\": \"/p\", \"domain\": "
    "\"<domain type='kvm'><name>one</name><memory>65536</memory><os>"
    "<type arch='x86_64' "
    "machine='microvm'>hvm</type><kernel>/k</kernel></os></domain>\"}",
    "tcp://[::1]:49152",
    "tcp:host:49152",
};

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "1e400",
    "-1",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\xff",
    "\r\n",
    "\"event\":",
    "\"id\": {}",
    "[[[[[[[[[[[[[[",
    "true",
    "tcp:",
    "0",
};

static void mutate(GString *text, GRand *random)
{
    gint at = g_rand_int_range(random, 0, (gint)text->len + 1);
    gint rest = (gint)text->len - at;

    switch (g_rand_int_range(random, 0, 3)) {
    case 0:
        g_string_insert(text, at,
                        pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
        break;
    case 1:
        g_string_erase(text, at,
                       rest > 0 ? g_rand_int_range(random, 0, MIN(rest, 20)) : 0);
        break;
    default:
        if (rest > 0) {
            text->str[at] = (char)g_rand_int_range(random, 0, 256);
        }
    }
}

static void test_mutants(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);

    for (guint i = 0; i < ROUNDS; i++) {
        const char *seed = seeds[i % G_N_ELEMENTS(seeds)];
        g_autoptr(GString) text = g_string_new(seed);
        gint changes = g_rand_int_range(random, 0, 6);

        while (changes-- > 0) {
            mutate(text, random);
        }
        LLVMFuzzerTestOneInput((const guint8 *)text->str, text->len);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/driver/json-mutants", test_mutants);
    return g_test_run();
}
