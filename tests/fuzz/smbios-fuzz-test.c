/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time: words that options are made of. */
#include <glib.h>

#include "fuzz/smbios-fuzz.h"

#define ROUNDS 3000

static const char *const fields[] = {
    "vendor=v",       "release=1.2", "uefi=on",
    "serial=s",       "value=a",     "path=@",
    "value=",         "speed=1",     "max-speed=65536",
    "kind=sas",       "kind=x",      "part=p",
    "asset=",         "version=,,",  "port_type=3",
    "pcidev=x",       "file=@",      "uuid=00112233-4455-6677-8899-aabbccddeeff",
    "manufacturer=m", "x",
};
static const unsigned types[] = { 0, 1, 2, 3, 4, 8, 11, 11, 11, 17, 41, 5, 127, 128 };

static guint below(GRand *random, guint n)
{
    return (guint)g_rand_int_range(random, 0, (gint32)n);
}

static void add_line(GString *text, GRand *random)
{
    switch (below(random, 4)) {
    case 0:
        g_string_append(text, "file=@");
        break;
    case 1:
        g_string_append(text, "type=11,value=a,value=,,");
        break;
    default:
        g_string_append_printf(text, "type=%u",
                               types[below(random, G_N_ELEMENTS(types))]);
    }
    for (guint n = below(random, 6) / 2; n > 0; n--) {
        g_string_append_printf(text, ",%s", fields[below(random, G_N_ELEMENTS(fields))]);
    }
}

/* A string, or a structure, mostly; and now and then with something that does not belong
 * to it. */
static void add_file(GString *text, GRand *random)
{
    guint8 length = (guint8)(4 + below(random, 4));
    g_string_append_c(text, '\0');
    if (below(random, 3) == 0) {
        g_string_append(text, "a string");
        return;
    }
    g_string_append_c(text, (char)below(random, 256));
    g_string_append_c(text, (char)(below(random, 8) ? length : below(random, 256)));
    for (guint i = 2; i < length; i++) {
        g_string_append_c(text, (char)below(random, 256));
    }
    if (below(random, 2)) {
        g_string_append_len(text, "one\0", 4);
    }
    g_string_append_len(text, "\0\0", 2 - (gssize)below(random, 2));
    if (below(random, 8) == 0) {
        g_string_append_c(text, (char)below(random, 3));
    }
}

static void test_smbios(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(9);
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint n = 1 + below(random, 2); n > 0; n--) {
            add_line(text, random);
            g_string_append(text, n > 1 ? "\n" : "");
        }
        add_file(text, random);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_test_message("%u built, %u refused, %u with a file, %u with strings",
                   smbios_fuzz_counts.built, smbios_fuzz_counts.refused,
                   smbios_fuzz_counts.loaded, smbios_fuzz_counts.strings);
    g_assert_cmpuint(smbios_fuzz_counts.built, >, ROUNDS / 20);
    g_assert_cmpuint(smbios_fuzz_counts.refused, >, ROUNDS / 4);
    g_assert_cmpuint(smbios_fuzz_counts.loaded, >, ROUNDS / 100);
    g_assert_cmpuint(smbios_fuzz_counts.strings, >, ROUNDS / 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/smbios", test_smbios);
    return g_test_run();
}
