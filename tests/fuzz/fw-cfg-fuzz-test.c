/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/fw-cfg-fuzz.h"

#define ROUNDS 300
#define LENGTH 2048

static void test_fw_cfg(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(14);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + (gsize)g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u bytes, %u transfers, %u of them failed, %u moves, %u kernels",
                   fw_cfg_fuzz_counts.bytes, fw_cfg_fuzz_counts.transfers,
                   fw_cfg_fuzz_counts.failed, fw_cfg_fuzz_counts.moves,
                   fw_cfg_fuzz_counts.kernels);
    g_assert_cmpuint(fw_cfg_fuzz_counts.bytes, >, ROUNDS);
    g_assert_cmpuint(fw_cfg_fuzz_counts.transfers, >, ROUNDS);
    g_assert_cmpuint(fw_cfg_fuzz_counts.failed, >, ROUNDS / 8);
    g_assert_cmpuint(fw_cfg_fuzz_counts.moves, >, ROUNDS / 8);
    g_assert_cmpuint(fw_cfg_fuzz_counts.writes, >, ROUNDS / 8);
    g_assert_cmpuint(fw_cfg_fuzz_counts.kernels, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/fw-cfg", test_fw_cfg);
    return g_test_run();
}
