/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/job.h"

#include <string.h>

#include "domain/job-stats.h"
#include "util/vir-error.h"

typedef struct Fixture {
    GMutex lock;
    JobSlot slot;
    int done; /* under lock: what the other thread has come to */
    GCond cond;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_mutex_init(&f->lock);
    g_cond_init(&f->cond);
    job_slot_init(&f->slot);
    g_mutex_lock(&f->lock);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_mutex_unlock(&f->lock);
    job_slot_clear(&f->slot);
    g_mutex_clear(&f->lock);
    g_cond_clear(&f->cond);
}

static gint64 after_ms(int ms)
{
    return g_get_monotonic_time() + ms * 1000;
}

static gboolean begin(Fixture *f, JobKind kind, int ms, GError **errp)
{
    return job_slot_begin(&f->slot, &f->lock, kind, "test", after_ms(ms), errp);
}

static void test_exclusive(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(begin(f, JOB_MODIFY, 1000, &err));
    g_assert_false(begin(f, JOB_QUERY, 10, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_TIMEOUT);
    g_assert_nonnull(strstr(err->message, "held by test"));
    g_clear_error(&err);
    job_slot_end(&f->slot);
    g_assert_true(begin(f, JOB_QUERY, 0, &err));
    job_slot_end(&f->slot);
}

static void test_async(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(job_slot_begin_async(&f->slot, &f->lock, "migration out",
                                       JOB_MASK(JOB_QUERY) | JOB_MASK(JOB_SUSPEND),
                                       after_ms(0), &err));
    g_assert_true(begin(f, JOB_SUSPEND, 0, &err));
    g_assert_false(begin(f, JOB_QUERY, 0, &err)); /* one at a time */
    g_clear_error(&err);
    job_slot_end(&f->slot);
    g_assert_false(begin(f, JOB_MODIFY, 10, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_TIMEOUT);
    g_assert_nonnull(strstr(err->message, "migration out"));
    g_clear_error(&err);
    g_assert_false(
        job_slot_begin_async(&f->slot, &f->lock, "migration out", 0, after_ms(0), &err));
    g_clear_error(&err);
    job_slot_end_async(&f->slot);
    g_assert_true(begin(f, JOB_MODIFY, 0, &err));
    g_assert_false(
        job_slot_begin_async(&f->slot, &f->lock, "migration in", 0, after_ms(0), &err));
    job_slot_end(&f->slot);
}

/* What changes an async job runs beside those that allow it; taking over, beside all. */
static void test_beside(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    job_slot_restore_async(&f->slot, "one", JOB_MASK(JOB_ASYNC_OP));
    g_assert_true(begin(f, JOB_ASYNC_OP, 0, &err));
    job_slot_end(&f->slot);
    g_assert_true(begin(f, JOB_TAKE_OVER, 0, &err));
    g_assert_false(begin(f, JOB_ASYNC_OP, 0, NULL)); /* one at a time */
    job_slot_end(&f->slot);
    job_slot_end_async(&f->slot);
    job_slot_restore_async(&f->slot, "other", 0);
    g_assert_false(begin(f, JOB_ASYNC_OP, 0, &err));
    g_assert_nonnull(strstr(err->message, "held by other"));
    g_clear_error(&err);
    g_assert_true(begin(f, JOB_TAKE_OVER, 0, &err));
    job_slot_end(&f->slot);
}

static guint64 param(const RpcTypedParam *list, guint32 n, const char *name)
{
    for (guint32 i = 0; i < n; i++) {
        if (strcmp(list[i].field, name) == 0) {
            return list[i].value.ul;
        }
    }
    return G_MAXUINT64;
}

static void test_stats(void)
{
    JobStats stats = {
        .operation = VIR_DOMAIN_JOB_OPERATION_BACKUP,
        .mem = { .total = 1, .processed = 2, .remaining = 3 },
        .disk = { .total = 10, .processed = 20, .remaining = 30, .bps = 40 },
        .page_size = 4096,
    };

    for (guint i = 0; i < 2; i++) {
        g_autoptr(RpcParams) params = rpc_params_new();
        RpcTypedParam *list;
        guint32 n;

        job_stats_params(&stats, params);
        list = rpc_params_steal(params, &n);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_DATA_TOTAL), ==, 11);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_DATA_REMAINING), ==, 33);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_DISK_PROCESSED), ==, 20);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_DISK_BPS), ==, 40);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_MEMORY_TOTAL), ==, 1);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_MEMORY_BPS), ==, G_MAXUINT64);
        g_assert_cmpuint(param(list, n, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE), ==,
                         i == 0 ? G_MAXUINT64 : 4096);
        for (guint32 p = 0; p < n; p++) {
            rpc_typed_param_clear(&list[p]);
        }
        g_free(list);
        stats.operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN;
    }
}

static gpointer waiter(gpointer opaque)
{
    Fixture *f = opaque;
    g_autoptr(GError) err = NULL;

    g_mutex_lock(&f->lock);
    f->done = 1;
    g_cond_broadcast(&f->cond);
    f->done = begin(f, JOB_MODIFY, 10000, &err) ? 2 : err->code;
    g_mutex_unlock(&f->lock);
    return NULL;
}

static GThread *start_waiter(Fixture *f)
{
    GThread *thread = g_thread_new("waiter", waiter, f);

    while (f->done == 0) {
        g_cond_wait(&f->cond, &f->lock);
    }
    return thread;
}

static void join(Fixture *f, GThread *thread)
{
    g_mutex_unlock(&f->lock);
    g_thread_join(thread);
    g_mutex_lock(&f->lock);
}

/* Who waits gets in when the slot is given back. */
static void test_wait(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    GThread *thread;

    g_assert_true(begin(f, JOB_MODIFY, 0, &err));
    thread = start_waiter(f);
    job_slot_end(&f->slot);
    join(f, thread);
    g_assert_cmpint(f->done, ==, 2);
    g_assert_cmpint(f->slot.active, ==, JOB_MODIFY);
    job_slot_end(&f->slot);
}

/* Who waits is sent away when the VM is gone, and nobody gets in any more. */
static void test_kill(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    GThread *thread;

    g_assert_true(begin(f, JOB_MODIFY, 0, &err));
    thread = start_waiter(f);
    job_slot_kill(&f->slot);
    join(f, thread);
    g_assert_cmpint(f->done, ==, VIR_ERR_NO_DOMAIN);
    job_slot_end(&f->slot);
    g_assert_false(begin(f, JOB_QUERY, 0, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_NO_DOMAIN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/job/exclusive", Fixture, NULL, set_up, test_exclusive, tear_down);
    g_test_add("/job/async", Fixture, NULL, set_up, test_async, tear_down);
    g_test_add("/job/beside", Fixture, NULL, set_up, test_beside, tear_down);
    g_test_add_func("/job/stats", test_stats);
    g_test_add("/job/wait", Fixture, NULL, set_up, test_wait, tear_down);
    g_test_add("/job/kill", Fixture, NULL, set_up, test_kill, tear_down);
    return g_test_run();
}
