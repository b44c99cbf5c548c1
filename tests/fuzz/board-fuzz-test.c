/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/board-fuzz.h"

#define ROUNDS 400
#define LENGTH 2048

/* In the target's directory: what a driver has written has come to the image. */
static void assert_written(const char *image)
{
    g_autofree char *data = NULL;
    gsize size, zeros = 0;

    g_assert_true(g_file_get_contents(image, &data, &size, NULL));
    while (zeros < size && !data[zeros]) {
        zeros++;
    }
    g_assert_cmpuint(zeros, <, size);
}

static void test_board(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    guint8 data[LENGTH];

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = g_rand_int(random);
        }
        LLVMFuzzerTestOneInput(data, 1 + g_rand_int_range(random, 0, LENGTH));
    }
    assert_written("disk0");
    assert_written("disk1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/board", test_board);
    return g_test_run();
}
