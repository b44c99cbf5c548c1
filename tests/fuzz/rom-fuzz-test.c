/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time: images, mostly with a flaw. */
#include <glib.h>
#include <string.h>

#include "fuzz/rom-fuzz.h"

#define ROUNDS 20000
#define BYTES  128

static void test_rom(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(9);
    for (guint round = 0; round < ROUNDS; round++) {
        guint8 image[BYTES] = { 0 };
        guint len = (guint)g_rand_int_range(random, 0, BYTES + 1);
        guint at = (guint)g_rand_int_range(random, 0, BYTES - 8);
        for (guint i = 0; i < BYTES; i++) {
            image[i] = (guint8)g_rand_int(random);
        }
        image[0] = 0x55;
        image[1] = 0xaa;
        image[0x18] = (guint8)at;
        image[0x19] = 0;
        memcpy(image + at, "PCIR\xf4\x1a\x41\x10", g_rand_boolean(random) ? 4 : 8);
        if (g_rand_int_range(random, 0, 4) == 0) {
            image[g_rand_int_range(random, 0, BYTES)] ^= 1;
        }
        LLVMFuzzerTestOneInput(image, len);
    }
    g_test_message("%u changed, %u left", rom_fuzz_counts.changed, rom_fuzz_counts.left);
    g_assert_cmpuint(rom_fuzz_counts.changed, >, ROUNDS / 20);
    g_assert_cmpuint(rom_fuzz_counts.left, >, ROUNDS / 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/rom", test_rom);
    return g_test_run();
}
