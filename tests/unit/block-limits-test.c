/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of disks, by a clock that the test moves. */
#include <string.h>

#include "block/stats.h"
#include "block/throttle.h"
#include "tests/unit/block-graph.h"

static void step(gint64 ms)
{
    gint64 end = clock_now(CLOCK_TYPE_VIRTUAL) + ms * 1000000;

    turns();
    while (!clock_qtest_step_to(end)) {
        turns();
    }
    turns();
}

#define LIMITED 40u

typedef struct Limited {
    BlockChild *user;
    BlockRequest r[LIMITED];
    guint done;
} Limited;

static void limited_done(void *opaque, int ret)
{
    g_assert_cmpint(ret, ==, 0);
    ((Limited *)opaque)->done++;
}

static void limited_start(Limited *l, BlockChild *user, BlockOp op)
{
    static guint8 buf[1024];
    static struct iovec iov = { buf, 1024 };

    l->user = user;
    l->done = 0;
    for (guint i = 0; i < LIMITED; i++) {
        l->r[i] = (BlockRequest){ .op = op,
                                  .iov = &iov,
                                  .n_iov = 1,
                                  .bytes = 1024,
                                  .done = limited_done,
                                  .opaque = l };
        block_submit(user, &l->r[i]);
    }
    turns();
}

static ThrottleConfig limits(ThrottleKind kind, guint64 average, guint64 max,
                             guint64 length)
{
    ThrottleConfig config;

    throttle_config_init(&config);
    config.limits[kind] = (ThrottleLimit){ average, max, length };
    return config;
}

static BlockChild *add_limited(const char *json, const char *name)
{
    static BlockStats stats;
    BlockUser user = {
        .loop = event_loop_main(), .share_rw = TRUE, .name = name, .stats = &stats
    };
    BlockChild *c = block_node_attach(must_add(json), &user, NULL);

    g_assert_nonnull(c);
    return c;
}

/* How many are done at once, after a second, after ten, of those that come together. */
static void test_limits(void)
{
    static const struct {
        ThrottleKind kind;
        guint64 average, max, length, iops_size;
        BlockOp op;
        guint done[3];
    } cases[] = {
        { THROTTLE_IOPS_TOTAL, 10, 0, 1, 0, BLOCK_READ, { 2, 12, 40 } },
        { THROTTLE_IOPS_WRITE, 10, 0, 1, 0, BLOCK_WRITE, { 2, 12, 40 } },
        { THROTTLE_IOPS_WRITE, 10, 0, 1, 0, BLOCK_READ, { 40, 40, 40 } },
        { THROTTLE_IOPS_READ, 1, 0, 1, 0, BLOCK_FLUSH, { 40, 40, 40 } },
        { THROTTLE_BPS_READ, 10240, 0, 1, 0, BLOCK_READ, { 2, 12, 40 } },
        { THROTTLE_BPS_TOTAL, 10240, 0, 1, 0, BLOCK_WRITE_ZEROES, { 2, 12, 40 } },
        { THROTTLE_IOPS_TOTAL, 2, 20, 1, 0, BLOCK_READ, { 21, 23, 40 } },
        { THROTTLE_IOPS_TOTAL, 1, 10, 3, 0, BLOCK_READ, { 2, 12, 40 } },
        { THROTTLE_IOPS_TOTAL, 10, 0, 1, 512, BLOCK_READ, { 1, 6, 40 } },
    };
    g_autofree Limited *l = g_new0(Limited, 1);
    BlockChild *c = add_limited("{'driver':'null-co','node-name':'n'}", "disk");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ThrottleConfig config =
            limits(cases[i].kind, cases[i].average, cases[i].max, cases[i].length);
        config.iops_size = cases[i].iops_size;
        g_assert_true(block_user_set_throttle("disk", &config, NULL, NULL));
        limited_start(l, c, cases[i].op);
        g_assert_cmpuint(l->done, ==, cases[i].done[0]);
        step(1010);
        g_assert_cmpuint(l->done, ==, cases[i].done[1]);
        step(9000);
        g_assert_cmpuint(l->done, ==, cases[i].done[2]);
    }
    block_node_detach(c);
    del("n");
}

/* What waits goes on when the limits go, when the VM stops, when it is drained. */
static void test_limits_end(void)
{
    g_autofree Limited *l = g_new0(Limited, 1);
    ThrottleConfig config = limits(THROTTLE_IOPS_TOTAL, 1, 0, 1), none;
    BlockChild *c = add_limited("{'driver':'null-co','node-name':'n'}", "disk");
    gboolean drained = FALSE;

    throttle_config_init(&none);
    g_assert_false(block_user_set_throttle("disc", &config, NULL, NULL));
    g_assert_true(block_user_set_throttle("disk", &config, NULL, NULL));
    limited_start(l, c, BLOCK_READ);
    g_assert_cmpuint(l->done, <, LIMITED);
    g_assert_true(block_user_set_throttle("disk", &none, NULL, NULL));
    turns();
    g_assert_cmpuint(l->done, ==, LIMITED);

    g_assert_true(block_user_set_throttle("disk", &config, "group", NULL));
    limited_start(l, c, BLOCK_READ);
    g_assert_cmpuint(l->done, <, LIMITED);
    BlockDrain *drain = block_drain_begin(c->node, note, &drained);
    turns();
    g_assert_true(drained);
    g_assert_cmpuint(l->done, ==, LIMITED);
    block_drain_end(drain);

    g_assert_true(block_user_set_throttle("disk", &config, NULL, NULL));
    limited_start(l, c, BLOCK_READ);
    g_assert_cmpuint(l->done, <, LIMITED);
    vm_stop(RUN_STATE_PAUSED);
    turns();
    g_assert_cmpuint(l->done, ==, LIMITED);
    limited_start(l, c, BLOCK_READ);
    g_assert_cmpuint(l->done, ==, LIMITED);
    vm_start();
    block_node_detach(c);
    del("n");
}

/* Two in one group share it, however much each of them asks for. */
static void test_limits_shared(void)
{
    g_autofree Limited *l = g_new0(Limited, 2);
    ThrottleConfig config = limits(THROTTLE_IOPS_TOTAL, 10, 0, 1);
    g_autoptr(GError) error = NULL;

    g_assert_true(throttle_group_create("tg", &config, NULL));
    BlockChild *a = add_limited("{'driver':'throttle','throttle-group':'tg',"
                                "'node-name':'a','file':{'driver':'null-co'}}",
                                "a");
    BlockChild *b = add_limited("{'driver':'throttle','throttle-group':'tg',"
                                "'node-name':'b','file':{'driver':'null-co'}}",
                                "b");
    limited_start(&l[0], a, BLOCK_READ);
    limited_start(&l[1], b, BLOCK_READ);
    step(2010);
    g_assert_cmpuint(l[0].done + l[1].done, ==, 22);
    g_assert_cmpuint(l[0].done, <=, 12);
    g_assert_cmpuint(l[1].done, >=, 10);
    g_assert_false(throttle_group_destroy("tg", NULL));
    step(8000);
    block_node_detach(a);
    block_node_detach(b);
    del("a");
    del("b");
    g_assert_true(throttle_group_destroy("tg", NULL));
    g_assert_null(add("{'driver':'throttle','throttle-group':'tg','node-name':'a',"
                      "'file':{'driver':'null-co'}}",
                      &error));
    g_assert_cmpstr(error->message, ==, "Throttle group 'tg' does not exist");
}

static void test_limits_bad(void)
{
    static const struct {
        ThrottleKind kind;
        ThrottleLimit limit;
        guint64 iops_size, total;
        const char *error;
    } cases[] = {
        { THROTTLE_BPS_READ, { 1, 0, 1 }, 0, 1, "cannot be used at the same time" },
        { THROTTLE_BPS_READ, { 1, 0, 1 }, 1, 0, "iops size requires" },
        { THROTTLE_BPS_READ, { G_MAXUINT64, 0, 1 }, 0, 0, "must be within" },
        { THROTTLE_BPS_READ, { 1, 0, 0 }, 0, 0, "burst length cannot be 0" },
        { THROTTLE_BPS_READ, { 1, 0, 2 }, 0, 0, "without burst rate" },
        { THROTTLE_BPS_READ, { 1, THROTTLE_MAX, 2 }, 0, 0, "too high" },
        { THROTTLE_BPS_READ, { 0, 1, 1 }, 0, 0, "require corresponding" },
        { THROTTLE_BPS_READ, { 2, 1, 1 }, 0, 0, "cannot be lower" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        ThrottleConfig config = limits(THROTTLE_BPS_TOTAL, cases[i].total, 0, 1);

        config.limits[cases[i].kind] = cases[i].limit;
        config.iops_size = cases[i].iops_size;
        g_assert_false(throttle_config_check(&config, &error));
        g_assert_nonnull(strstr(error->message, cases[i].error));
    }
}

int main(int argc, char **argv)
{
    char *dir = graph_begin(&argc, &argv);

    g_test_add_func("/block-limits/each", test_limits);
    g_test_add_func("/block-limits/end", test_limits_end);
    g_test_add_func("/block-limits/shared", test_limits_shared);
    g_test_add_func("/block-limits/bad", test_limits_bad);
    return graph_run(dir);
}
