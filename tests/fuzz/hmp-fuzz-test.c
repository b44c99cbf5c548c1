/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/hmp-fuzz.h"

#define ROUNDS 200
#define LENGTH 300

/* Lines of words, most of them. */
static guint8 some_byte(GRand *random)
{
    guint8 byte = (guint8)g_rand_int(random);

    return g_rand_int_range(random, 0, 8) ? byte | 0x80 : byte;
}

static void test_lines(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(12);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = some_byte(random);
        }
        LLVMFuzzerTestOneInput(data, (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u prompts, %u errors of commands, %u plugged",
                   hmp_fuzz_counts.prompts, hmp_fuzz_counts.errors,
                   hmp_fuzz_counts.plugged);
    g_assert_cmpuint(hmp_fuzz_counts.prompts, >, 5 * ROUNDS);
    g_assert_cmpuint(hmp_fuzz_counts.errors, >, ROUNDS / 8);
    g_assert_cmpuint(hmp_fuzz_counts.plugged, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/hmp", test_lines);
    return g_test_run();
}
