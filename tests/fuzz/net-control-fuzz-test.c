/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. Skipped where nobody has a tap. */
#include <glib.h>

#include "fuzz/net-control-fuzz.h"

#define ROUNDS 60
#define LENGTH 1024

static void test_control(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(10);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u good commands, %u refused, %u broken, %u loads, %u of them bad",
                   net_control_fuzz_counts.good, net_control_fuzz_counts.refused,
                   net_control_fuzz_counts.broken, net_control_fuzz_counts.loads,
                   net_control_fuzz_counts.bad_loads);
    g_assert_cmpuint(net_control_fuzz_counts.good, >, 4 * ROUNDS);
    g_assert_cmpuint(net_control_fuzz_counts.refused, >, ROUNDS);
    g_assert_cmpuint(net_control_fuzz_counts.broken, >, ROUNDS / 8);
    g_assert_cmpuint(net_control_fuzz_counts.bad_loads, >, ROUNDS / 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!net_control_fuzz_can()) {
        return 77;
    }
    g_test_add_func("/fuzz/net-control", test_control);
    return g_test_run();
}
