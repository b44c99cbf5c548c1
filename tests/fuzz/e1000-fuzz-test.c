/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/e1000-fuzz.h"

#define ROUNDS 60
#define LENGTH 4096

static void test_e1000(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(37);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u kicks, %u frames sent, %u received", e1000_fuzz_counts.kicks,
                   e1000_fuzz_counts.sent, e1000_fuzz_counts.received);
    g_assert_cmpuint(e1000_fuzz_counts.inputs, ==, ROUNDS);
    g_assert_cmpuint(e1000_fuzz_counts.kicks, >, 10 * ROUNDS);
    g_assert_cmpuint(e1000_fuzz_counts.sent, >, ROUNDS);
    g_assert_cmpuint(e1000_fuzz_counts.received, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/e1000", test_e1000);
    return g_test_run();
}
