/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/flash-fuzz.h"

#define ROUNDS 12
#define LENGTH 1024

static void test_flash(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(17);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u inputs, %u changed something, %u failures",
                   flash_fuzz_counts.inputs, flash_fuzz_counts.changed,
                   flash_fuzz_counts.failed);
    g_assert_cmpuint(flash_fuzz_counts.inputs, ==, ROUNDS);
    g_assert_cmpuint(flash_fuzz_counts.changed, >, ROUNDS / 2);
    g_assert_cmpuint(flash_fuzz_counts.failed, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/flash", test_flash);
    return g_test_run();
}
