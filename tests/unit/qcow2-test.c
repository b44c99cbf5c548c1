/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images: random operations against a model, snapshots. QCOW2_TEST_OPS: operations
 * for each kind of image.
 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/qcow2-model.h"

static void test_model(gconstpointer data)
{
    guint64 ops = qcow2_model_count("QCOW2_TEST_OPS", 800);
    Qcow2Model f;

    qcow2_model_create(&f, data);
    qcow2_model_open(&f);
    for (guint64 i = 0; i < ops; i++) {
        qcow2_model_op(&f);
        if (i % (ops / 2 + 1) == ops / 2) {
            qcow2_model_check(&f, 0, f.size);
            qcow2_model_close(&f);
            qcow2_model_judge(&f);
            qcow2_model_open(&f);
        }
    }
    qcow2_model_close(&f);
    qcow2_model_judge(&f);
    qcow2_model_clear(&f);
}

static void some_ops(Qcow2Model *f)
{
    qcow2_model_open(f);
    for (guint i = 0; i < 300; i++) {
        qcow2_model_op(f);
    }
    qcow2_model_check(f, 0, f->size);
    qcow2_model_close(f);
}

static void revert(Qcow2Model *f, const char *name, const guint8 *model)
{
    g_autoptr(GError) error = NULL;

    qcow2_model_open(f);
    qcow2_revert(f->q, name, &error);
    g_assert_no_error(error);
    memcpy(f->model, model, f->size);
    qcow2_model_check(f, 0, f->size);
    qcow2_model_close(f);
    qcow2_model_judge(f);
}

static void test_snapshots(gconstpointer data)
{
    g_autofree guint8 *touched = g_malloc0(QCOW2_SIZE_MAX / 512), *one = NULL,
                      *two = NULL;
    Qcow2Info info;
    Qcow2Model f;

    qcow2_model_create(&f, data);
    f.touched = touched;
    some_ops(&f);
    one = g_memdup2(f.model, f.size);
    g_assert_cmpint(qcow2_model_run("qemu-img snapshot -c one %s", f.path), ==, 0);
    some_ops(&f);
    two = g_memdup2(f.model, f.size);
    g_assert_cmpint(qcow2_model_run("qemu-img snapshot -c two %s", f.path), ==, 0);
    some_ops(&f);
    qcow2_model_open(&f);
    qcow2_get_info(f.q, &info);
    g_assert_cmpuint(info.n_snapshots, ==, 2);
    g_assert_cmpstr(info.snapshots[1].name, ==, "two");
    qcow2_model_close(&f);
    revert(&f, "one", one);
    some_ops(&f);
    revert(&f, "two", two);
    some_ops(&f);
    qcow2_model_judge(&f);
    if (!f.kind->few_owners) {
        g_assert_cmpint(qcow2_model_run("qemu-img snapshot -a one %s", f.path), ==, 0);
        memcpy(f.model, one, f.size);
        qcow2_model_judge(&f);
    }
    qcow2_model_clear(&f);
}

int main(int argc, char **argv)
{
    int status;

    qcow2_model_begin(argc, argv, "QCOW2_TEST_OPS");
    for (unsigned i = 0; i < qcow2_n_cases; i++) {
        const Qcow2Case *kind = &qcow2_cases[i];
        g_autofree char *name = g_strdup_printf("/qcow2/model/%s", kind->name);
        g_test_add_data_func(name, kind, test_model);
        if (kind->snapshots) {
            g_autofree char *s = g_strdup_printf("/qcow2/snapshots/%s", kind->name);
            g_test_add_data_func(s, kind, test_snapshots);
        }
    }
    status = g_test_run();
    qcow2_model_end();
    return status;
}
