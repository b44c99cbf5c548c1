/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that a client has given, closed while the host does not answer (see
 * late.h): gate "close".
 */
#include "tests/device/late.h"

#define CLOSERS_MAX 16 /* emulator/event/slow.c */
#define MANY        (LATE_CALLS_MAX + CLOSERS_MAX + 10)

static void until_closing(Vm *vm, guint64 n)
{
    while (late_asked(vm, "close") < n) {
    }
}

/* While it closes, all else is served; then so many of the image are open. */
static void assert_closes(Vm *vm, unsigned left)
{
    until_closing(vm, 1);
    assert_served(vm);
    expect_nothing(&vm->b);
    g_assert_cmpuint(late_open_images(vm), >, left);
    block_testing(vm->q, "close answers");
    expect(&vm->b, DONE);
    g_assert_cmpuint(late_open_images(vm), ==, left);
}

static void test_named_fd(void)
{
    static const char get[] = "{\"execute\": \"getfd\", \"arguments\": "
                              "{\"fdname\": \"x\"}}";
    Vm vm;

    late_open(&vm, "");
    block_testing(vm.q, "close silent");
    say_file(&vm.b, get, late_image);
    expect(&vm.b, DONE);
    say_file(&vm.b, get, late_image); /* closes the first one */
    assert_closes(&vm, 1);
    block_testing(vm.q, "close silent");
    say_text(&vm.b, "{\"execute\": \"closefd\", \"arguments\": {\"fdname\": \"x\"}}");
    assert_closes(&vm, 0);
    block_testing(vm.q, "close silent");
    say_file(&vm.b, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"1\"}}",
             late_image);
    until_closing(&vm, 1);
    expect_nothing(&vm.b);
    block_testing(vm.q, "close answers");
    expect_error(&vm.b, "not starting with a digit");
    late_close(&vm);
}

static void test_fdset(void)
{
    static const char add[] = "{\"execute\": \"add-fd\", \"arguments\": "
                              "{\"fdset-id\": 7}}";
    Vm vm;

    late_open(&vm, "");
    for (unsigned i = 0; i < 2; i++) {
        say_file(&vm.b, add, late_image);
        expect_text(&vm.b, "\"fdset-id\": 7");
    }
    block_testing(vm.q, "close silent");
    say_text(&vm.b, "{\"execute\": \"remove-fd\", \"arguments\": {\"fdset-id\": 7}}");
    until_closing(&vm, 1); /* one call for both */
    say(&vm.c, "query-fdsets");
    expect(&vm.c, "{\"return\": []}");
    assert_closes(&vm, 0);
    block_testing(vm.q, "close silent");
    say_file(&vm.b, "{\"execute\": \"add-fd\", \"arguments\": {\"fdset-id\": -1}}",
             late_image);
    until_closing(&vm, 1);
    expect_nothing(&vm.b);
    late_close(&vm); /* and the process ends */
}

/* What came with other commands goes with the next, or with the client. */
static void test_unasked_fd(void)
{
    Vm vm;

    late_open(&vm, "");
    block_testing(vm.q, "close silent");
    for (unsigned i = 0; i < 2; i++) {
        say_file(&vm.b, "{\"execute\": \"query-name\"}", late_image);
        expect(&vm.b, DONE);
    }
    until_closing(&vm, 1);
    monitor_close(&vm.b);
    until_closing(&vm, 2);
    assert_served(&vm);
    g_assert_cmpuint(late_open_images(&vm), ==, 2);
    block_testing(vm.q, "close answers");
    while (late_open_images(&vm)) {
    }
    monitor_open(&vm.b, late_dir, "b");
    late_close(&vm);
}

/*
 * As many as a client likes: they wait for the few threads that close, the main loop
 * closes none, and other calls of the host are served.
 */
static void test_many(void)
{
    Vm vm;

    late_open(&vm, "");
    block_testing(vm.q, "close silent");
    for (unsigned i = 0; i < MANY; i++) {
        say_file(&vm.b, "{\"execute\": \"query-name\"}", late_image);
        expect(&vm.b, DONE);
    }
    until_closing(&vm, CLOSERS_MAX);
    assert_served(&vm);
    g_assert_cmpuint(late_open_images(&vm), ==, MANY);
    say_text(&vm.c, "{\"execute\": \"object-add\", \"arguments\": {\"qom-type\": "
                    "\"rng-random\", \"id\": \"r\"}}");
    expect(&vm.c, DONE);
    g_assert_cmpuint(late_asked(&vm, "close"), ==, CLOSERS_MAX);
    block_testing(vm.q, "close answers");
    while (late_open_images(&vm) > 1) { /* the last one waits for what comes next */
    }
    late_close(&vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/late-fd/named", test_named_fd);
    g_test_add_func("/late-fd/set", test_fdset);
    g_test_add_func("/late-fd/unasked", test_unasked_fd);
    g_test_add_func("/late-fd/many", test_many);
    return late_run();
}
