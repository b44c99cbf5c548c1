/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slow calls: each has a thread, comes back, and is dropped when nobody waits for it;
 * some wait for a thread where others are refused; and what the end of all of them is.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/node.h"
#include "event/gate.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/slow-close.h"
#include "event/slow-remove.h"
#include "event/slow.h"
#include "util/created.h"

#define CALLS_MAX   64 /* event/slow.c */
#define WAITERS_MAX 16
#define MANY        (3 * WAITERS_MAX)

/* What has become of calls of one kind; all of them stand still while shut. */
typedef struct Calls {
    GMutex lock;
    GCond cond;
    gboolean shut;
    int begun, dropped, back, told;
} Calls;

static void calls_run(void *data)
{
    Calls *c = data;

    g_assert_null(event_loop_current());
    g_assert_false(machine_lock_held());
    g_mutex_lock(&c->lock);
    c->begun++;
    g_cond_broadcast(&c->cond);
    while (c->shut) {
        g_cond_wait(&c->cond, &c->lock);
    }
    g_mutex_unlock(&c->lock);
}

static void calls_done(void *opaque, void *data)
{
    Calls *c = opaque;

    g_assert_true(machine_lock_held());
    g_assert_true(!data || data == c);
    *(data ? &c->back : &c->told) += 1;
}

static void calls_drop(void *data)
{
    Calls *c = data;

    g_mutex_lock(&c->lock);
    c->dropped++;
    g_mutex_unlock(&c->lock);
}

static const SlowCall waiting = { calls_run, calls_done, calls_drop, .waits = TRUE };
static const SlowCall others = { calls_run, calls_done, calls_drop };

static void set_shut(Calls *c, gboolean shut)
{
    g_mutex_lock(&c->lock);
    c->shut = shut;
    g_cond_broadcast(&c->cond);
    g_mutex_unlock(&c->lock);
}

static int get(Calls *c, const int *counter)
{
    g_mutex_lock(&c->lock);
    int value = *counter;
    g_mutex_unlock(&c->lock);
    return value;
}

static void until_begun(Calls *c, int n)
{
    g_mutex_lock(&c->lock);
    while (c->begun < n) {
        g_cond_wait(&c->cond, &c->lock);
    }
    g_mutex_unlock(&c->lock);
}

static void until_back(const Calls *c, int n)
{
    while (c->back < n) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void start(const SlowCall *ops, Calls *c, int n)
{
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < n; i++) {
        g_assert_true(slow_start(ops, c, c, &error));
    }
}

static int other_threads; /* than those of slow calls */

static int threads(void)
{
    g_autofree char *status = NULL;

    g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    const char *at = strstr(status, "\nThreads:\t");
    g_assert_nonnull(at);
    return (int)g_ascii_strtoll(at + strlen("\nThreads:\t"), NULL, 10);
}

/* The kernel's own number: a list of them, read while some end, leaves others out. */
static int slow_threads(void)
{
    return threads() - other_threads;
}

static void until_no_threads(void)
{
    while (slow_threads()) {
    }
}

static void test_side_by_side(void)
{
    static Calls c;

    set_shut(&c, TRUE);
    start(&others, &c, 3);
    until_begun(&c, 3);
    g_assert_cmpint(c.back, ==, 0);
    set_shut(&c, FALSE);
    until_back(&c, 3);
    until_no_threads();
}

/* Neither kind is in the way of the other, and one thread is enough for many calls. */
static void test_waits(void)
{
    static Calls w, o;
    g_autoptr(GError) error = NULL;

    set_shut(&w, TRUE);
    set_shut(&o, TRUE);
    start(&others, &o, CALLS_MAX);
    g_assert_false(slow_start(&others, &o, &o, &error));
    start(&waiting, &w, MANY);
    until_begun(&o, CALLS_MAX);
    until_begun(&w, WAITERS_MAX);
    g_assert_cmpint(slow_threads(), ==, CALLS_MAX + WAITERS_MAX);
    set_shut(&o, FALSE);
    until_back(&o, CALLS_MAX);
    start(&others, &o, 1);
    until_back(&o, CALLS_MAX + 1);
    g_assert_cmpint(get(&w, &w.begun), ==, WAITERS_MAX);
    set_shut(&w, FALSE);
    until_back(&w, MANY);
    g_assert_cmpint(get(&w, &w.begun), ==, MANY);
    until_no_threads();
    start(&waiting, &w, 1);
    until_back(&w, MANY + 1);
    until_no_threads();
}

static void count(void *opaque)
{
    (*(int *)opaque)++;
}

static guint64 asked(const char *gate)
{
    g_autofree char *reply = gate_command(gate, "asked");

    return g_ascii_strtoull(reply + 3, NULL, 10);
}

static void gate(const char *name, const char *command)
{
    g_free(gate_command(name, command));
}

/* However many are closed, none is on the main loop. */
static void test_close(void)
{
    int closed = 0, fds[MANY];

    gate("close", "silent");
    for (int i = 0; i < MANY; i++) {
        GArray *one = g_array_new(FALSE, FALSE, sizeof(int));

        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        slow_close(g_array_append_val(one, fds[i]), count, &closed);
    }
    while (asked("close") < WAITERS_MAX) {
    }
    for (int i = 0; i < MANY; i++) {
        g_assert_cmpint(fcntl(fds[i], F_GETFD), ==, FD_CLOEXEC);
    }
    g_assert_cmpint(closed, ==, 0);
    gate("close", "answers");
    while (closed < MANY) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    for (int i = 0; i < MANY; i++) {
        g_assert_cmpint(fcntl(fds[i], F_GETFD), <, 0);
    }
    until_no_threads();
}

/* New threads do not come to their calls. */
static Calls hook;

static void start_hook(const char *kind)
{
    if (g_str_equal(kind, "slow")) {
        calls_run(&hook);
    }
}

static char *listen_on(const char *dir, const char *file, FileName **name)
{
    char *path = g_build_filename(dir, file, NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *name = created_bind(fd, path);
    g_assert_nonnull(*name);
    close(fd);
    return path;
}

static gboolean exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/*
 * The last test: then no call begins any more. What is with the host is not asked for
 * once more; what has not come to a thread, or that to its call, is never begun by it.
 */
static void test_end(void)
{
    static Calls w, o;
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("vireo-slow-XXXXXX", NULL);
    FileName *a, *b, *c;
    g_autofree char *with_host = listen_on(dir, "a", &a);
    g_autofree char *with_thread = listen_on(dir, "b", &b);
    g_autofree char *in_queue = listen_on(dir, "c", &c);

    gate("unlink", "silent");
    slow_remove(a);
    while (asked("unlink") < 1) {
    }
    set_shut(&o, TRUE);
    start(&others, &o, 2);
    until_begun(&o, 2);
    set_shut(&hook, TRUE);
    hook.begun = 0; /* no other thread is on its way */
    slow_remove(b);
    start(&waiting, &w, MANY);
    slow_remove(c);
    until_begun(&hook, WAITERS_MAX - 1);

    slow_cleanup();
    g_assert_true(exists(with_host));
    g_assert_false(exists(with_thread));
    g_assert_false(exists(in_queue));
    g_assert_cmpint(w.told, ==, MANY);
    g_assert_cmpint(o.told, ==, 2);
    g_assert_cmpint(get(&o, &o.dropped), ==, 0);
    g_assert_false(slow_start(&others, &o, &o, &error));
    g_assert_cmpstr(error->message, ==, "The emulator ends");
    g_assert_cmpint(get(&w, &w.dropped), ==, MANY - (WAITERS_MAX - 2));
    set_shut(&o, FALSE);
    set_shut(&hook, FALSE);
    gate("unlink", "answers");
    until_no_threads();
    g_assert_cmpint(get(&o, &o.dropped), ==, 2);
    g_assert_cmpint(o.back, ==, 0);
    g_assert_false(exists(with_host));
    g_assert_cmpint(get(&w, &w.dropped), ==, MANY);
    g_assert_cmpint(get(&w, &w.begun), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    gate_enable();
    event_init();
    created_keep();
    thread_set_start_hook(start_hook);
    other_threads = threads();
    g_test_add_func("/slow/side-by-side", test_side_by_side);
    g_test_add_func("/slow/waits", test_waits);
    g_test_add_func("/slow/close", test_close);
    g_test_add_func("/slow/end", test_end);
    return g_test_run();
}
