/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>

#include "fuzz/incoming-fuzz.h"

#define ROUNDS  600
#define LENGTH  9
#define RECORDS 16 /* the first ones; where there are fewer, again */

/*
 * A record that is exchanged with itself is loaded, one of no known type is refused,
 * whichever it is.
 */
static void test_known(void)
{
    for (guint8 i = 0; i < RECORDS; i++) {
        const guint8 unknown[] = { 3, i, 0xff };

        g_assert_false(incoming_fuzz_run(unknown, sizeof(unknown)));
    }
    g_assert_true(incoming_fuzz_run((const guint8[]){ 2, 0 }, 2));
}

/*
 * What is not changed is loaded, before and after all that is refused. How much of what
 * is changed at random can still be loaded depends on the rows of the devices; some can,
 * and some cannot.
 */
static void test_incoming(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    guint8 data[LENGTH];
    guint loaded = 0;

    g_assert_true(incoming_fuzz_run(NULL, 0));
    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = g_rand_int(random);
        }
        loaded += incoming_fuzz_run(data, 1 + g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u of %u loaded", loaded, ROUNDS);
    g_assert_cmpuint(loaded, >, 0);
    g_assert_cmpuint(loaded, <, ROUNDS);
    g_assert_true(incoming_fuzz_run(NULL, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/incoming/known", test_known);
    g_test_add_func("/fuzz/incoming", test_incoming);
    return g_test_run();
}
