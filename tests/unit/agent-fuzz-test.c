/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target for the guest agent's answers, the same each time. */
#include <glib.h>

#include "tests/fuzz/agent-fuzz.h"

#define ROUNDS 4000

static const char *const seeds[] = {
    "noise\xff{\"return\": 7}\n{\"event\": \"X\"}\n{\"return\": {}}\n",
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n",
    "{\"return\": [{\"name\": \"eth0:1\", \"hardware-address\": \"52:54:00:00:00:01\", "
    "\"ip-addresses\": [{\"ip-address\": \"10.0.0.1\", \"ip-address-type\": \"ipv4\", "
    "\"prefix\": 8}]}, {\"name\": \"eth0\"}]}\n",
    "{\"return\": [{\"name\": \"vda1\", \"mountpoint\": \"/\", \"type\": \"ext4\", "
    "\"total-bytes\": 5, \"disk\": [{\"serial\": \"s\", \"bus\": 0, \"pci-controller\": "
    "{\"domain\": 0, \"bus\": 1, \"slot\": 2, \"function\": 3}}]}]}\n",
    "{\"return\": [{\"logical-id\": 3, \"online\": true, \"can-offline\": false}]}\n",
    "{\"return\": [{\"user\": \"root\", \"domain\": \"d\", \"login-time\": 1.5}]}\n",
    "{\"return\": {\"zone\": \"UTC\", \"offset\": 3600, \"host-name\": \"h\", \"id\": "
    "\"debian\", \"load1m\": 1, \"load5m\": 0.5, \"load15m\": 0}}\n",
    "{\"return\": [{\"name\": \"/dev/sda\", \"partition\": false, \"dependencies\": "
    "[\"a\"], \"address\": {\"bus-type\": \"sata\", \"unit\": 0}}]}\n",
    "{\"return\": {\"keys\": [\"ssh-rsa A\", \"ssh-rsa B\"]}}\n",
    "{\"execute\": \"guest-info\", \"arguments\": {\"a\": \"b\\n\"}}",
    "0-3,5,16383",
};

static const char *const pieces[] = {
    "{",          "}",           "[",     "]",     "\"",   ":",
    ",",          "-",           "null",  "1e400", "-1",   "18446744073709551616",
    "\\u0000",    "\xff",        "0",     "\n",    "true", "/*\"*/",
    "[[[[[[[[[[", "\"return\":", "16384",
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
    g_autoptr(GRand) random = g_rand_new_with_seed(11);

    for (guint i = 0; i < ROUNDS; i++) {
        g_autoptr(GString) text = g_string_new(seeds[i % G_N_ELEMENTS(seeds)]);
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
    g_test_add_func("/agent/mutants", test_mutants);
    return g_test_run();
}
