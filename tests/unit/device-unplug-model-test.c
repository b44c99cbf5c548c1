/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unplug: random trees, requests, answers and resets, beside a naive model of them. */
#include "config.h"

#include "event/loop.h"
#include "unit/device-toys.h"

#define MAX_DEVICES 24

typedef struct Model {
    char *id, *path;
    int parent; /* -1: the board */
    gboolean port, reset_due;
    guint resets, refused;
    DeviceUnplug state;
    int going; /* which unplug it is */
} Model;

static Model model[MAX_DEVICES];
static int n_devices, resets_begun, resets_done, others_begun, others_done;
static guint all_gone, all_refused, all_resets; /* of all rounds */

static guint random_below(guint n)
{
    return (guint)g_test_rand_int_range(0, (gint32)n);
}

static gboolean is_below(int i, int top)
{
    while (i >= 0 && i != top) {
        i = model[i].parent;
    }
    return i == top;
}

static void model_go(int top)
{
    for (int i = 0; i < n_devices; i++) {
        if (is_below(i, top) && model[i].state != DEVICE_UNPLUG_GOING) {
            model[i].state = DEVICE_UNPLUG_GOING;
            model[i].going = top;
        }
    }
}

static void op_add(void)
{
    static const char *const classes[] = { "toy", "port", "whole" };
    guint kind = random_below(3);
    int parent = (int)random_below((guint)n_devices + 1) - 1;
    g_autofree char *options = NULL;
    Model *m = &model[n_devices];
    ToysPlug plug;

    if (n_devices == MAX_DEVICES || (parent >= 0 && !model[parent].port)) {
        return;
    }
    *m = (Model){ .id = g_strdup_printf("d%d", n_devices),
                  .path = g_strdup_printf("/machine/peripheral/d%d", n_devices),
                  .parent = parent,
                  .port = kind == 1 };
    options = g_strdup_printf("driver=%s,id=%s%s,bus=%s", classes[kind], m->id,
                              kind == 2 ? ",drive=d" : "",
                              parent < 0 ? "slots.0" : model[parent].id);
    toys.slow_host = FALSE;
    toys_plug_later(options, &plug);
    if (parent >= 0 && model[parent].state == DEVICE_UNPLUG_GOING) {
        g_assert_nonnull(plug.error);
        g_clear_error(&plug.error);
        g_free(m->id);
        g_free(m->path);
        return;
    }
    g_assert_true(plug.done && !plug.error);
    n_devices++;
}

static void op_request(Model *m, Device *dev)
{
    gboolean going = m->state == DEVICE_UNPLUG_GOING, ok;
    guint asked = toys.asked;

    toys.too_early = random_below(4) == 0;
    toys.guest_is_quick = !toys.too_early && random_below(4) == 0;
    ok = device_request_unplug(dev, NULL);
    g_assert_true(ok == (!going && !toys.too_early));
    g_assert_cmpuint(toys.asked, ==, asked + (ok ? 1 : 0));
    if (ok && toys.guest_is_quick) {
        model_go((int)(m - model));
    } else if (ok) {
        m->state = DEVICE_UNPLUG_REQUESTED;
    }
    toys.too_early = toys.guest_is_quick = FALSE;
}

static void reset_is_done(void *opaque)
{
    resets_done++;
    for (int i = 0; i < n_devices; i++) {
        Toy *toy = (Toy *)device_find(model[i].id);

        if (model[i].reset_due && model[i].state != DEVICE_UNPLUG_GOING) {
            g_assert_cmpuint(toy->resets, >, model[i].resets);
        }
        model[i].reset_due = FALSE;
    }
}

static void op_reset(void)
{
    if (resets_begun > resets_done) {
        return;
    }
    resets_begun++;
    for (int i = 0; i < n_devices; i++) {
        if (model[i].state == DEVICE_UNPLUG_REQUESTED) {
            model_go(i);
        }
    }
    for (int i = 0; i < n_devices; i++) {
        Toy *toy = (Toy *)device_find(model[i].id);

        model[i].reset_due = toy != NULL;
        model[i].resets = toy ? toy->resets : 0;
    }
    device_reset_all(reset_is_done, NULL);
}

static void other_is_done(void *opaque)
{
    others_done++;
}

/* What else waits for devices: of a part of the tree, or a migration. */
static void op_other(Device *dev)
{
    others_begun++;
    switch (random_below(3)) {
    case 0:
        device_reset(dev, other_is_done, NULL);
        break;
    case 1:
        bus_reset(dev->bus, other_is_done, NULL);
        break;
    default:
        device_quiesce_all(other_is_done, NULL);
    }
}

static void op_answer(Model *m, Device *dev)
{
    gboolean was_requested = m->state == DEVICE_UNPLUG_REQUESTED;

    switch (random_below(3)) {
    case 0:
        model_go((int)(m - model));
        device_unplug(dev);
        break;
    case 1:
        device_unplug_refused(dev);
        m->refused += was_requested ? 1 : 0;
        m->state = was_requested ? DEVICE_UNPLUG_NONE : m->state;
        break;
    default:
        device_unplug_taken_back(dev);
        m->state = was_requested ? DEVICE_UNPLUG_NONE : m->state;
    }
}

static void random_op(void)
{
    int i = n_devices ? (int)random_below((guint)n_devices) : -1;
    Device *dev = i < 0 ? NULL : device_find(model[i].id);
    guint op = random_below(18);

    toys.slow_quiesce = random_below(2);
    toys.slow_host = random_below(2);
    if (op < 4) {
        op_add();
    } else if (op < 8) {
        toys_finish_any(random_below(100));
        toys_finish_host(NULL);
    } else if (op == 8) {
        op_reset();
    } else if (dev && op < 13) {
        op_request(&model[i], dev);
    } else if (dev && op < 16) {
        op_answer(&model[i], dev);
    } else if (dev) {
        op_other(dev);
    }
}

/* A parent is told of as gone after those that go with it; all below it have gone. */
static void check_order(const Model *m)
{
    const Model *parent = m->parent < 0 ? NULL : &model[m->parent];
    guint when, parents;

    if (parent && toys_deleted(parent->path, &parents)) {
        g_assert_null(device_find(m->id));
        g_assert_true(m->going != parent->going ||
                      (toys_deleted(m->path, &when) == 1 && when < parents));
    }
}

static void check_model(gboolean at_end)
{
    for (int i = 0; i < n_devices; i++) {
        const Model *m = &model[i];
        Device *dev = device_find(m->id);
        guint when, n = toys_deleted(m->path, &when);

        g_assert_true(dev ? dev->unplug == m->state : m->state == DEVICE_UNPLUG_GOING);
        g_assert_cmpuint(toys_refused(m->path), ==, m->refused);
        g_assert_cmpuint(n, <=, dev ? 0 : 1);
        g_assert_true(!at_end || n == (m->state == DEVICE_UNPLUG_GOING));
        g_assert_false(at_end && dev && device_is_held(dev));
        check_order(m);
    }
}

static void model_round(void)
{
    toys_set_up();
    n_devices = resets_begun = resets_done = others_begun = others_done = 0;
    for (int i = 0; i < 150; i++) {
        random_op();
        check_model(FALSE);
    }
    toys.slow_quiesce = toys.slow_host = FALSE;
    while (toys_finish_any(random_below(100)) || toys_finish_host(NULL)) {
    }
    check_model(TRUE);
    g_assert_cmpint(resets_begun, ==, resets_done);
    g_assert_cmpint(others_begun, ==, others_done);
    g_assert_false(device_resetting());
    all_resets += (guint)resets_done;
    for (int i = 0; i < n_devices; i++) {
        all_gone += model[i].state == DEVICE_UNPLUG_GOING ? 1 : 0;
        all_refused += model[i].refused;
        g_free(model[i].id);
        g_free(model[i].path);
    }
    toys_tear_down();
}

static void test_model(void)
{
    for (int i = 0; i < 500; i++) {
        model_round();
    }
    g_assert_cmpuint(all_gone, >, 1000);
    g_assert_cmpuint(all_refused, >, 100);
    g_assert_cmpuint(all_resets, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/device/unplug/model", test_model);
    return g_test_run();
}
