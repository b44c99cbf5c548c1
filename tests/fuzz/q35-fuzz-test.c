/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>
#include <string.h>

#include "fuzz/q35-fuzz.h"

#define ROUNDS 40
#define LENGTH 2048

/* In the target's directory. */
static guint64 read_sector(const char *image)
{
    g_autofree char *data = NULL;
    gsize size;
    guint64 begin;

    g_assert_true(g_file_get_contents(image, &data, &size, NULL));
    memcpy(&begin, data + Q35_FUZZ_SECTOR * 512, sizeof(begin));
    return GUINT64_FROM_LE(begin);
}

static void test_q35(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(13);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + g_rand_int_range(random, 0, LENGTH));
        g_assert_cmpuint(read_sector("disk0"), ==, round + 1);
        g_assert_cmpuint(read_sector("disk1"), ==, round + 1);
        g_assert_cmpuint(read_sector("disk3"), ==, round + 1);
        g_assert_cmpuint(read_sector("disk4"), ==, round + 1);
    }
    g_test_message("%u added, %u asked to go, %u BARs moved, %u resets",
                   q35_fuzz_counts.added, q35_fuzz_counts.asked, q35_fuzz_counts.moved,
                   q35_fuzz_counts.resets);
    g_assert_cmpuint(q35_fuzz_counts.added, >, ROUNDS / 4);
    g_assert_cmpuint(q35_fuzz_counts.asked, >, ROUNDS / 4);
    g_assert_cmpuint(q35_fuzz_counts.moved, >, ROUNDS);
    g_assert_cmpuint(q35_fuzz_counts.resets, >=, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/q35", test_q35);
    return g_test_run();
}
