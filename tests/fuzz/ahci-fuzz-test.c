/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>
#include <string.h>

#include "fuzz/ahci-fuzz.h"

#define ROUNDS 60
#define LENGTH 4096

/* In the target's directory. */
static guint64 read_sector(unsigned disk)
{
    g_autofree char *name = g_strdup_printf("disk%u", disk);
    g_autofree char *data = NULL;
    gsize size;
    guint64 begin;

    g_assert_true(g_file_get_contents(name, &data, &size, NULL));
    memcpy(&begin, data + AHCI_FUZZ_SECTOR * 512, sizeof(begin));
    return GUINT64_FROM_LE(begin);
}

static void test_ahci(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(31);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + g_rand_int_range(random, 0, LENGTH));
        for (unsigned disk = 0; disk < AHCI_FUZZ_DISKS; disk++) {
            g_assert_cmpuint(read_sector(disk), ==, round + 1);
        }
    }
    g_test_message("%u issued, %u rules to fail, %u ports done, %u with errors",
                   ahci_fuzz_counts.issued, ahci_fuzz_counts.failed,
                   ahci_fuzz_counts.done, ahci_fuzz_counts.errors);
    g_assert_cmpuint(ahci_fuzz_counts.issued, >, 10 * ROUNDS);
    g_assert_cmpuint(ahci_fuzz_counts.failed, >, ROUNDS);
    g_assert_cmpuint(ahci_fuzz_counts.done, >, ROUNDS / 10);
    g_assert_cmpuint(ahci_fuzz_counts.errors, >, ROUNDS / 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/ahci", test_ahci);
    return g_test_run();
}
