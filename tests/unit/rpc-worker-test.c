/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Worker threads, on a host that has none to give at times. */
#include <dlfcn.h>

#include "rpc/worker.h"

#define PATIENCE_US (30 * G_TIME_SPAN_SECOND)

static gint no_thread; /* g_thread_try_new() fails */

/* In the place of glib's, for all of this program. */
GThread *g_thread_try_new(const char *name, GThreadFunc fn, gpointer data, GError **errp)
{
    GThread *(*real)(const char *, GThreadFunc, gpointer, GError **) =
        dlsym(RTLD_NEXT, "g_thread_try_new");

    if (g_atomic_int_get(&no_thread)) {
        g_set_error_literal(errp, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "none");
        return NULL;
    }
    return real(name, fn, data, errp);
}

static struct {
    GMutex lock;
    GCond cond;
    guint begun, done;
    gboolean go_on;
} shared;

static void job(gpointer waits)
{
    g_mutex_lock(&shared.lock);
    shared.begun++;
    g_cond_broadcast(&shared.cond);
    while (waits && !shared.go_on)
        g_cond_wait(&shared.cond, &shared.lock);
    shared.done++;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
}

static void wait_for(const guint *count, guint n)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_US;

    g_mutex_lock(&shared.lock);
    while (*count < n)
        g_assert_true(g_cond_wait_until(&shared.cond, &shared.lock, until));
    g_mutex_unlock(&shared.lock);
}

static void push(RpcWorkers *workers, gboolean priority, gboolean waits)
{
    rpc_workers_push(workers, priority, job, GINT_TO_POINTER(waits), NULL);
}

/* By their names: a sanitizer may have a thread of its own. */
static guint workers_alive(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    guint n = 0;

    for (const char *id; (id = g_dir_read_name(tasks));) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/comm", id);
        g_autofree char *name = NULL;

        n += g_file_get_contents(path, &name, NULL, NULL) &&
             (g_str_equal(name, "rpc-worker\n") || g_str_equal(name, "rpc-prio\n"));
    }
    return n;
}

static void set_up(void)
{
    shared.begun = shared.done = 0;
    shared.go_on = FALSE;
    g_atomic_int_set(&no_thread, TRUE);
}

static void tear_down(RpcWorkers *workers)
{
    g_assert_true(rpc_workers_stop(workers, 30000));
    rpc_workers_free(workers);
}

/* From the first call on, whatever waits meanwhile. */
static void test_no_thread(void)
{
    RpcWorkers *workers = rpc_workers_new(4, 4, 30000);

    set_up();
    push(workers, FALSE, FALSE);
    rpc_workers_start(workers);
    wait_for(&shared.done, 1);
    push(workers, FALSE, TRUE);
    wait_for(&shared.begun, 2);
    push(workers, FALSE, FALSE); /* waits for the one that is there */
    push(workers, TRUE, FALSE);
    wait_for(&shared.done, 2);
    g_mutex_lock(&shared.lock);
    g_assert_cmpuint(shared.begun, ==, 3);
    shared.go_on = TRUE;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
    wait_for(&shared.done, 4);
    tear_down(workers);
}

/* The others go when there is nothing to do; one of each kind stays. */
static void test_idle(void)
{
    RpcWorkers *workers = rpc_workers_new(4, 4, 1);

    set_up();
    g_atomic_int_set(&no_thread, FALSE);
    rpc_workers_start(workers);
    for (guint n = 1; n <= 8; n++) {
        push(workers, n > 4, TRUE);
        wait_for(&shared.begun, n);
    }
    g_atomic_int_set(&no_thread, TRUE);
    g_assert_cmpuint(workers_alive(), >, 2);
    g_mutex_lock(&shared.lock);
    shared.go_on = TRUE;
    g_cond_broadcast(&shared.cond);
    g_mutex_unlock(&shared.lock);
    while (workers_alive() > 2)
        g_thread_yield();
    push(workers, FALSE, FALSE);
    push(workers, TRUE, FALSE);
    wait_for(&shared.done, 10);
    tear_down(workers);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/worker/idle", test_idle);
    g_test_add_func("/rpc/worker/no-thread", test_no_thread);
    return g_test_run();
}
