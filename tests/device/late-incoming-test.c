/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of migrate-incoming, made and removed while the host does not answer (see
 * late.h): gates "listen" and "unlink".
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/late.h"

static char *socket_path(void)
{
    return g_build_filename(late_dir, "in", NULL);
}

static gboolean exists(void)
{
    g_autofree char *path = socket_path();

    return access(path, F_OK) == 0;
}

static void say_incoming(Monitor *m, const char *path)
{
    g_autofree char *text =
        g_strdup_printf("{\"execute\": \"migrate-incoming\", \"arguments\": "
                        "{\"uri\": \"unix:%s\"}}",
                        path);

    say_text(m, text);
}

static void say_ours(Monitor *m)
{
    g_autofree char *path = socket_path();

    say_incoming(m, path);
}

static void until_silent(Vm *vm, const char *gate)
{
    while (late_asked(vm, gate) < 1) {
    }
}

/* A source, which says nothing more than that it is one. */
static int come(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    g_autofree char *path = socket_path();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(write(fd, "VIREOMIG", 8), ==, 8);
    return fd;
}

static void until_failed(Vm *vm)
{
    for (gboolean failed = FALSE; !failed;) {
        g_autoptr(JsonNode) info =
            qtest_qmp_ok(vm->q, "{\"execute\": \"query-migrate\"}");
        JsonObject *members = json_node_get_object(info);

        failed = json_object_has_member(members, "status") &&
                 g_str_equal(json_object_get_string_member(members, "status"), "failed");
    }
}

static unsigned slow_threads(Vm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", qtest_pid(vm->q));
    g_autoptr(GDir) tasks = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    for (const char *task; (task = g_dir_read_name(tasks));) {
        g_autofree char *file = g_build_filename(path, task, "comm", NULL), *name = NULL;

        n += g_file_get_contents(file, &name, NULL, NULL) && g_str_equal(name, "slow\n");
    }
    return n;
}

/* All else is served; a second one is refused, and the first one's reply waits. */
static void test_listen(void)
{
    Vm vm;
    int fd;

    late_open(&vm, "-incoming defer");
    for (unsigned i = 0; i < 2;
         i++) { /* one that has failed may be followed by another */
        block_testing(vm.q, "listen silent");
        say_ours(&vm.b);
        until_silent(&vm, "listen");
        assert_served(&vm);
        say_ours(&vm.c);
        expect_error(&vm.c, "already been started");
        expect_nothing(&vm.b);
        g_assert_false(exists());
        block_testing(vm.q, "listen answers");
        expect(&vm.b, DONE);
        g_assert_true(exists());
        block_testing(vm.q, "unlink silent");
        fd = come();
        until_silent(&vm, "unlink");
        assert_served(&vm);
        g_assert_true(exists());
        block_testing(vm.q, "unlink answers");
        while (exists()) {
        }
        close(fd);
        until_failed(&vm);
    }
    late_close(&vm);
}

/* One that is made where the one before is still to be removed stays. */
static void test_again(void)
{
    Vm vm;

    late_open(&vm, "-incoming defer");
    say_ours(&vm.b);
    expect(&vm.b, DONE);
    block_testing(vm.q, "unlink silent");
    close(come());
    until_failed(&vm);
    until_silent(&vm, "unlink");
    say_ours(&vm.b);
    expect(&vm.b, DONE);
    block_testing(vm.q, "unlink answers");
    while (slow_threads(&vm)) {
    }
    g_assert_true(exists());
    late_close(&vm);
    g_assert_false(exists());
}

static void test_refused(void)
{
    Vm vm;

    late_open(&vm, "-incoming defer");
    say_incoming(&vm.b, "/nowhere/in");
    expect_error(&vm.b, "Failed to listen on '/nowhere/in': No such file or directory");
    say_incoming(&vm.b, late_image);
    expect_error(&vm.b, "': File exists");
    say_ours(&vm.b);
    expect(&vm.b, DONE);
    late_close(&vm);
    g_assert_false(exists());
}

/* The process ends meanwhile: nobody hears of what has not been made. */
static void test_end(void)
{
    Vm vm;
    int fd;

    late_open(&vm, "-incoming defer");
    block_testing(vm.q, "listen silent");
    say_ours(&vm.b);
    until_silent(&vm, "listen");
    late_close(&vm);
    g_assert_false(exists());

    late_open(&vm, "-incoming defer");
    say_ours(&vm.b);
    expect(&vm.b, DONE);
    block_testing(vm.q, "unlink silent");
    fd = come();
    until_silent(&vm, "unlink");
    late_close(&vm); /* the process does not ask for it once more */
    g_assert_true(exists());
    close(fd);
    late_open(&vm, "-incoming defer");
    say_ours(&vm.b); /* and the next one does not mind */
    expect(&vm.b, DONE);
    late_close(&vm);
    g_assert_false(exists());
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/late-incoming/listen", test_listen);
    g_test_add_func("/late-incoming/again", test_again);
    g_test_add_func("/late-incoming/refused", test_refused);
    g_test_add_func("/late-incoming/end", test_end);
    return late_run();
}
