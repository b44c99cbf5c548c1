/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/slot-fuzz.h"

#define ROUNDS 300
#define LENGTH 4096

static void test_slot(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(12);
    guint8 data[LENGTH];
    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u plugged, %u busy, %u asked, %u unplugged, %u moved, %u resets",
                   slot_fuzz_counts.plugged, slot_fuzz_counts.busy,
                   slot_fuzz_counts.asked, slot_fuzz_counts.unplugged,
                   slot_fuzz_counts.moved, slot_fuzz_counts.resets);
    g_assert_cmpuint(slot_fuzz_counts.plugged, >, ROUNDS);
    g_assert_cmpuint(slot_fuzz_counts.busy, >, ROUNDS);
    g_assert_cmpuint(slot_fuzz_counts.asked, >, ROUNDS);
    g_assert_cmpuint(slot_fuzz_counts.unplugged, >, ROUNDS);
    g_assert_cmpuint(slot_fuzz_counts.moved, >, ROUNDS);
    g_assert_cmpuint(slot_fuzz_counts.resets, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/slot", test_slot);
    return g_test_run();
}
