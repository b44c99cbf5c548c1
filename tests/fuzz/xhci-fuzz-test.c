/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/xhci-fuzz.h"

#define ROUNDS 60
#define LENGTH 4096

static void test_xhci(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(53);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u doorbells, %u events", xhci_fuzz_counts.doorbells,
                   xhci_fuzz_counts.events);
    g_assert_cmpuint(xhci_fuzz_counts.inputs, ==, ROUNDS);
    g_assert_cmpuint(xhci_fuzz_counts.doorbells, >, 10 * ROUNDS);
    g_assert_cmpuint(xhci_fuzz_counts.events, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/xhci", test_xhci);
    return g_test_run();
}
