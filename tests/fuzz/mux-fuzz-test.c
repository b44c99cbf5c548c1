/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/mux-fuzz.h"

#define ROUNDS 200
#define LENGTH 2048

static guint8 some_byte(GRand *random)
{
    static const guint8 keys[] = { 1, 1, 1, 'c', 'c', 'b', 't', 'h', '?', 0xff, 0xff };

    return g_rand_boolean(random) ? keys[g_rand_int_range(random, 0, G_N_ELEMENTS(keys))]
                                  : (guint8)g_rand_int(random);
}

static void test_mux(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        gsize len = 1 + (gsize)g_rand_int_range(random, 0, LENGTH);

        for (gsize i = 0; i < len; i++) {
            data[i] = some_byte(random);
        }
        LLVMFuzzerTestOneInput(data, len);
    }
    g_assert_cmpuint(mux_fuzz_counts.inputs, ==, ROUNDS);
    g_assert_cmpuint(mux_fuzz_counts.received, >, 10 * ROUNDS);
    g_assert_cmpuint(mux_fuzz_counts.events, >, 10 * ROUNDS);
    g_assert_cmpuint(mux_fuzz_counts.written, >, ROUNDS);
    g_assert_cmpuint(mux_fuzz_counts.changes, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/mux", test_mux);
    return g_test_run();
}
