/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/ide-cd-fuzz.h"

#define ROUNDS 300
#define LENGTH 4096

static void test_cd(void)
{
    const IdeCdFuzzCounts *n = &ide_cd_fuzz_counts;
    g_autoptr(GRand) random = g_rand_new_with_seed(9);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u good, %u failed, %u aborted, %u again, %u changes, %u refused, "
                   "%u moves",
                   n->good, n->failed, n->aborted, n->again, n->changes, n->refusals,
                   n->moves);
    g_assert_cmpuint(n->good, >, 10 * ROUNDS);
    g_assert_cmpuint(n->failed, >, 10 * ROUNDS);
    g_assert_cmpuint(n->aborted, >, ROUNDS);
    g_assert_cmpuint(n->again, >, 0);
    g_assert_cmpuint(n->changes, >, ROUNDS / 2);
    g_assert_cmpuint(n->refusals, >, ROUNDS / 2);
    g_assert_cmpuint(n->moves, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/ide-cd", test_cd);
    return g_test_run();
}
