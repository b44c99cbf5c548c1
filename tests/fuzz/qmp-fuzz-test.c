/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time. */
#include <glib.h>
#include <string.h>

#include "fuzz/qmp-fuzz.h"

#define ROUNDS 200
#define LENGTH 400

static void test_commands(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    guint8 data[LENGTH];
    guint done = 0;

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < LENGTH; i++) {
            data[i] = g_rand_int(random);
        }
        data[0] |= 1;
        done += qmp_fuzz_run(data, 1 + g_rand_int_range(random, 0, LENGTH));
    }
    g_test_message("%u commands carried out, %u device_add", done, qmp_fuzz_added);
    g_assert_cmpuint(done, >, ROUNDS);
    g_assert_true(!qmp_machine.device_add || qmp_fuzz_added > ROUNDS / 4);
}

/* Good messages with bytes changed. */
static void test_messages(void)
{
    static const char good[] = "\0{\"execute\":\"qmp_capabilities\",\"id\":1}"
                               "{\"execute\":\"query-status\",\"id\":{\"a\":[1,2]}}\n"
                               "{\"execute\":\"device_add\",\"arguments\":{\"driver\":"
                               "\"virtio-blk-device\",\"drive\":\"n0\",\"id\":\"x\"}}";
    g_autoptr(GRand) random = g_rand_new_with_seed(3);

    for (guint round = 0; round < ROUNDS; round++) {
        guint8 data[sizeof(good)];

        memcpy(data, good, sizeof(good));
        for (guint i = g_rand_int_range(random, 0, 6); i; i--) {
            data[1 + g_rand_int_range(random, 0, sizeof(good) - 1)] = g_rand_int(random);
        }
        qmp_fuzz_run(data, 1 + g_rand_int_range(random, 0, sizeof(good)));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/qmp/commands", test_commands);
    g_test_add_func("/fuzz/qmp/messages", test_messages);
    return g_test_run();
}
