/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several threads in one image: each has addresses of its own, which lie in clusters and
 * tables that all of them share. QCOW2_TEST_OPS: operations of each thread.
 */
#include <string.h>

#include "tests/unit/qcow2-model.h"

#define THREADS 4u
#define STRIPE  1536u /* bytes: no cluster is one thread's alone */

typedef struct Worker {
    Qcow2Model *f;
    GRand *rand;
    guint index;
    guint64 ops;
} Worker;

static guint64 stripe(Worker *w)
{
    guint64 stripes = w->f->size / STRIPE / THREADS;

    return ((guint64)g_rand_int_range(w->rand, 0, (gint32)stripes) * THREADS + w->index) *
           STRIPE;
}

static void read_stripe(Worker *w, guint64 offset)
{
    guint8 buf[STRIPE];
    struct iovec iov = { buf, sizeof(buf) };

    g_assert_cmpint(qcow2_read(w->f->q, offset, &iov, 1), ==, 0);
    g_assert_true(memcmp(buf, w->f->model + offset, sizeof(buf)) == 0);
}

/* As a loop does it where it can: what is mapped stays there. */
static void write_stripe(Worker *w, guint64 offset)
{
    guint8 buf[STRIPE];
    struct iovec iov = { buf, sizeof(buf) };
    Qcow2Extent x;
    int ret;

    memset(buf, (int)g_rand_int_range(w->rand, 0, 256), sizeof(buf));
    memcpy(w->f->model + offset, buf, sizeof(buf));
    qcow2_map(w->f->q, offset, sizeof(buf), TRUE, &x);
    if (x.kind == QCOW2_DATA && x.bytes == sizeof(buf)) {
        Qcow2Io io = qcow2_file_io(&w->f->file);
        ret = io.write(io.opaque, x.host, buf, sizeof(buf));
        qcow2_unmap(w->f->q, &x);
    } else {
        qcow2_unmap(w->f->q, &x);
        ret = qcow2_write(w->f->q, offset, &iov, 1);
    }
    g_assert_cmpint(ret, ==, 0);
}

static gpointer work(gpointer data)
{
    Worker *w = data;

    for (guint64 i = 0; i < w->ops; i++) {
        guint64 offset = stripe(w);
        switch (g_rand_int_range(w->rand, 0, 16)) {
        case 0:
            g_assert_cmpint(qcow2_flush(w->f->q), ==, 0);
            break;
        case 1:
            g_assert_cmpint(qcow2_zero(w->f->q, offset, STRIPE, i % 2), ==, 0);
            memset(w->f->model + offset, 0, STRIPE);
            break;
        case 2: /* less than a cluster: nothing is lost */
            g_assert_cmpint(qcow2_discard(w->f->q, offset, 512), ==, 0);
            break;
        case 3:
            qcow2_clean_caches(w->f->q, FALSE);
            g_assert_cmpuint(qcow2_memory(w->f->q), >, 0);
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            read_stripe(w, offset);
            break;
        default:
            write_stripe(w, offset);
        }
    }
    return NULL;
}

static void test_threads(gconstpointer data)
{
    Worker workers[THREADS];
    GThread *threads[THREADS];
    Qcow2Model f;

    qcow2_model_create(&f, data);
    qcow2_model_open(&f);
    for (guint i = 0; i < THREADS; i++) {
        workers[i] = (Worker){ &f, g_rand_new_with_seed((guint32)g_test_rand_int()), i,
                               qcow2_model_count("QCOW2_TEST_OPS", 600) };
        threads[i] = g_thread_new("writer", work, &workers[i]);
    }
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        g_rand_free(workers[i].rand);
    }
    qcow2_model_check(&f, 0, f.size);
    qcow2_model_close(&f);
    qcow2_model_judge(&f);
    qcow2_model_clear(&f);
}

int main(int argc, char **argv)
{
    int status;

    qcow2_model_begin(argc, argv, "QCOW2_TEST_OPS");
    for (unsigned i = 0; i < qcow2_n_cases; i++) {
        const Qcow2Case *kind = &qcow2_cases[i];
        if (!kind->data_file && !g_str_has_prefix(kind->name, "512")) {
            g_autofree char *name = g_strdup_printf("/qcow2/threads/%s", kind->name);
            g_test_add_data_func(name, kind, test_threads);
        }
    }
    status = g_test_run();
    qcow2_model_end();
    return status;
}
