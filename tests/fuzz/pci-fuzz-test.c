/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/pci-fuzz.h"

#define ROUNDS 300
#define LENGTH 4096

static void test_pci(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(12);
    guint8 data[LENGTH];
    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u plugged, %u unplugged, %u resets, %u answers, %u enabled",
                   pci_fuzz_counts.plugged, pci_fuzz_counts.unplugged,
                   pci_fuzz_counts.resets, pci_fuzz_counts.answers,
                   pci_fuzz_counts.enabled);
    g_assert_cmpuint(pci_fuzz_counts.plugged, >, ROUNDS);
    g_assert_cmpuint(pci_fuzz_counts.unplugged, >, ROUNDS / 8);
    g_assert_cmpuint(pci_fuzz_counts.resets, >, ROUNDS);
    g_assert_cmpuint(pci_fuzz_counts.answers, >, ROUNDS);
    g_assert_cmpuint(pci_fuzz_counts.enabled, >, ROUNDS / 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/pci", test_pci);
    return g_test_run();
}
