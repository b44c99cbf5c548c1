/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/qcow2-fuzz.h"

#define ROUNDS 800
#define LENGTH 400

static void test_qcow2(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(12);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = (guint8)g_rand_int(random);
        }
        data[3] = (guint8)(round % 16); /* damages */
        LLVMFuzzerTestOneInput(data, LENGTH);
    }
    g_test_message(
        "%u opened, %u refused, %u written, %u failed, %u corrupt, %u reverted",
        qcow2_fuzz_counts.opened, qcow2_fuzz_counts.refused, qcow2_fuzz_counts.written,
        qcow2_fuzz_counts.failed, qcow2_fuzz_counts.corrupt, qcow2_fuzz_counts.reverted);
    g_assert_cmpuint(qcow2_fuzz_counts.opened, >, ROUNDS / 4);
    g_assert_cmpuint(qcow2_fuzz_counts.refused, >, ROUNDS / 20);
    g_assert_cmpuint(qcow2_fuzz_counts.written, >, ROUNDS);
    g_assert_cmpuint(qcow2_fuzz_counts.failed, >, ROUNDS / 4);
    g_assert_cmpuint(qcow2_fuzz_counts.corrupt, >, ROUNDS / 40);
    g_assert_cmpuint(qcow2_fuzz_counts.reverted, >, ROUNDS / 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/qcow2", test_qcow2);
    return g_test_run();
}
