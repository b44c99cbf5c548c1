/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The graph of block nodes: who may use one beside whom, in which loops; and small
 * drivers and options that all nodes have.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/run-state.h"
#include "block/stats.h"
#include "block/testing.h"
#include "block/throttle.h"
#include "config/json.h"
#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "tests/unit/block-late.h"
#include "tests/unit/no-board.h"

#define KIB 1024u

static char *path;

static void make_image(gsize size, int fill)
{
    g_autofree char *data = g_malloc(size);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

/* The text with ' for ", and %s for the image. */
static BlockNode *add(const char *text, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(text, "%s", 0);
    g_autofree char *json = g_strdelimit(g_strjoinv(path, parts), "'", '"');
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);

    return block_node_add(config, errp);
}

static BlockNode *must_add(const char *text)
{
    g_autoptr(GError) error = NULL;
    BlockNode *node = add(text, &error);

    g_assert_no_error(error);
    return node;
}

static void del(const char *name)
{
    g_autoptr(GError) error = NULL;

    node_del(name, &error);
    g_assert_no_error(error);
}

static void io_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static int io(BlockChild *user, BlockOp op, guint64 offset, void *buf, gsize len)
{
    int ret = 1;
    struct iovec iov = { buf, len };
    BlockRequest r = { .op = op,
                       .iov = &iov,
                       .n_iov = buf ? 1 : 0,
                       .offset = offset,
                       .bytes = len,
                       .done = io_done,
                       .opaque = &ret };

    block_submit(user, &r);
    while (ret == 1) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_cmpint(r.op, ==, op);
    return ret;
}

/* --- permissions --- */

/* How a user comes. */
static const struct {
    const char *node;
    gboolean read_only, share_rw;
} wants[] = {
    { "raw", FALSE, FALSE }, { "raw", FALSE, TRUE }, { "raw", TRUE, FALSE },
    { "raw", TRUE, TRUE },   { "f", FALSE, FALSE },  { "f", FALSE, TRUE },
    { "f", TRUE, FALSE },    { "f", TRUE, TRUE },    { "half", FALSE, TRUE },
    { "half", TRUE, FALSE },
};

static BlockChild *come(guint i, GError **errp)
{
    BlockUser user = { .loop = event_loop_main(),
                       .read_only = wants[i].read_only,
                       .share_rw = wants[i].share_rw };

    return block_node_attach(block_node_find(wants[i].node), &user, errp);
}

/* Somebody writes: then all that there are have to let others write. */
static gboolean go_together(guint a, guint b)
{
    return (wants[a].read_only || wants[b].share_rw) &&
           (wants[b].read_only || wants[a].share_rw);
}

static gboolean byte_is_locked(int fd, off_t byte)
{
    struct flock range = { .l_type = F_WRLCK, .l_start = byte, .l_len = 1 };

    g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &range), ==, 0);
    return range.l_type != F_UNLCK;
}

/* The image is locked for the two, if b is there; else for the first. */
static void assert_locked(guint a, guint b, gboolean both)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    gboolean writes = !wants[a].read_only || (both && !wants[b].read_only);
    gboolean alone = !wants[a].share_rw || (both && !wants[b].share_rw);

    g_assert_true(byte_is_locked(fd, 100));
    g_assert_cmpint(byte_is_locked(fd, 101), ==, writes);
    g_assert_cmpint(byte_is_locked(fd, 201), ==, alone);
    close(fd);
}

static void assert_free(void)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    for (off_t byte = 100; byte < 300; byte++) {
        g_assert_false(byte_is_locked(fd, byte));
    }
    close(fd);
}

static void give(BlockChild *user)
{
    Late late = { FALSE };
    BlockNode *node = user->node;

    block_node_detach(user);
    block_node_give_later(node, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

static void test_perms(void)
{
    make_image(64 * KIB, 1);
    must_add("{'driver':'file','node-name':'f','filename':'%s'}");
    must_add("{'driver':'raw','node-name':'raw','file':'f'}");
    must_add("{'driver':'raw','node-name':'half','file':'f','size':32768}");
    for (guint a = 0; a < G_N_ELEMENTS(wants); a++) {
        for (guint b = 0; b < G_N_ELEMENTS(wants); b++) {
            g_autoptr(GError) error = NULL;
            BlockChild *first = come(a, NULL), *second = come(b, &error);

            g_assert_nonnull(first);
            g_assert_cmpint(second != NULL, ==, go_together(a, b));
            g_assert_true(second ||
                          strstr(error->message, "Permission conflict on node"));
            assert_locked(a, b, second != NULL);
            if (second) {
                give(second);
                assert_locked(a, a, FALSE);
            }
            give(first);
            assert_free();
        }
    }
    del("half");
    del("raw");
    del("f");
}

/* A node that others use does not go; those that it uses go after it. */
static void test_del(void)
{
    g_autoptr(GError) error = NULL;

    make_image(KIB, 1);
    must_add("{'driver':'raw','node-name':'top','file':{'driver':'raw','node-name':"
             "'middle','file':{'driver':'file','node-name':'f','filename':'%s'}}}");
    must_add("{'driver':'raw','node-name':'other','file':'middle'}");
    g_assert_false(node_del("f", &error));
    g_assert_cmpstr(error->message, ==, "Node f is in use");
    del("top");
    g_assert_nonnull(block_node_find("middle")); /* other has it */
    del("other");
    g_assert_null(block_node_find("middle"));
    g_assert_null(block_node_find("f"));
    g_clear_error(&error);
    g_assert_null(add("{'driver':'raw','node-name':'a','file':{'driver':'file',"
                      "'node-name':'a','filename':'%s'}}",
                      &error));
    g_assert_cmpstr(error->message, ==, "Duplicate nodes with node-name='a'");
}

/* --- several loops --- */

#define SECTORS 256u

typedef struct Side {
    BlockChild *user;
    guint first; /* every other sector */
    guint round, pending;
    BlockRequest r[SECTORS / 2];
    struct iovec iov[SECTORS / 2];
    guint8 (*bufs)[512];
} Side;

static int sides_left; /* atomic */

static void side_round(Side *s);

static void side_left(void *opaque)
{
    g_atomic_int_add(&sides_left, -1);
}

static void side_done(void *opaque, int ret)
{
    Side *s = opaque;

    g_assert_true(event_loop_current() == s->user->user.loop);
    g_assert_cmpint(ret, ==, 0);
    if (--s->pending == 0) {
        if (++s->round < 8) {
            side_round(s);
        } else {
            event_loop_post(event_loop_main(), side_left, NULL);
        }
    }
}

static void side_round(Side *s)
{
    s->pending = SECTORS / 2;
    for (guint i = 0; i < SECTORS / 2; i++) {
        guint sector = s->first + 2 * i;
        memset(s->bufs[i], (int)(sector + s->round), 512);
        s->iov[i] = (struct iovec){ s->bufs[i], 512 };
        s->r[i] = (BlockRequest){ .op = BLOCK_WRITE,
                                  .iov = &s->iov[i],
                                  .n_iov = 1,
                                  .offset = sector * 512,
                                  .bytes = 512,
                                  .done = side_done,
                                  .opaque = s };
    }
    for (guint i = 0; i < SECTORS / 2; i++) {
        block_submit(s->user, &s->r[i]);
    }
}

static void side_start(void *opaque)
{
    side_round(opaque);
}

/* Two users write to the two halves of the same blocks, each in its loop. */
static void test_loops(gconstpointer options)
{
    g_autofree char *text = g_strdup_printf(
        "{'driver':'file','node-name':'f','filename':'%%s'%s}", (const char *)options);
    IoThread *threads[2] = { iothread_new("t0", NULL), iothread_new("t1", NULL) };
    Side *sides[2];
    g_autofree char *data = NULL;

    make_image(SECTORS * 512, 0);
    BlockNode *node = must_add(text);
    g_atomic_int_set(&sides_left, 2);
    for (guint i = 0; i < 2; i++) {
        BlockUser user = { .loop = iothread_loop(threads[i]), .share_rw = TRUE };
        sides[i] = g_new0(Side, 1);
        sides[i]->first = i;
        sides[i]->bufs = g_malloc0(SECTORS / 2 * 512);
        sides[i]->user = block_node_attach(node, &user, NULL);
        g_assert_nonnull(sides[i]->user);
    }
    for (guint i = 0; i < 2; i++) {
        event_loop_post(iothread_loop(threads[i]), side_start, sides[i]);
    }
    while (g_atomic_int_get(&sides_left)) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    for (guint i = 0; i < 2; i++) {
        block_node_detach(sides[i]->user);
        g_free(sides[i]->bufs);
        g_free(sides[i]);
    }
    del("f");
    g_assert_true(iothread_delete("t0", NULL) && iothread_delete("t1", NULL));
    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    for (guint i = 0; i < SECTORS; i++) {
        g_assert_cmphex((guint8)data[i * 512], ==, (guint8)(i + 7));
        g_assert_cmphex((guint8)data[i * 512 + 511], ==, (guint8)(i + 7));
    }
}

/* --- drain and resize --- */

static void count_up(void *opaque)
{
    ++*(guint *)opaque;
}

static char *testing(const char *command)
{
    g_auto(GStrv) args = g_strsplit(command, " ", 0);

    return block_testing_command(args);
}

static void test_command(const char *command)
{
    g_autofree char *answer = testing(command);

    g_assert_cmpstr(answer, ==, "OK");
}

static void turns(void)
{
    for (guint i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static void note(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

/* What is under way ends first; what comes meanwhile waits for the end of the drain. */
static void test_drain(void)
{
    static guint8 buf[512];
    struct iovec iov = { buf, 512 };
    int rets[2] = { 1, 1 };
    gboolean drained[2] = { FALSE, FALSE };
    BlockUser user = { .loop = event_loop_main() };

    make_image(64 * KIB, 1);
    must_add("{'driver':'x-test','node-name':'t','file':{'driver':'file',"
             "'node-name':'f','filename':'%s'}}");
    BlockNode *node = must_add("{'driver':'raw','node-name':'r','file':'t'}");
    BlockChild *c = block_node_attach(node, &user, NULL);
    BlockRequest r[2];
    for (guint i = 0; i < 2; i++) {
        r[i] = (BlockRequest){ .op = BLOCK_READ,
                               .iov = &iov,
                               .n_iov = 1,
                               .bytes = 512,
                               .done = io_done,
                               .opaque = &rets[i] };
    }
    test_command("t hold");
    block_submit(c, &r[0]);
    BlockDrain *drains[2];
    drains[0] = block_drain_begin(block_node_find("f"), note, &drained[0]);
    drains[1] = block_drain_begin(node, note, &drained[1]);
    turns();
    g_assert_false(drained[0] || drained[1]);
    block_submit(c, &r[1]);
    test_command("t release");
    while (!drained[0] || !drained[1]) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_cmpint(rets[0], ==, 0);
    block_drain_end(drains[0]);
    turns();
    g_assert_cmpint(rets[1], ==, 1);
    block_drain_end(drains[1]);
    while (rets[1] == 1) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    /* the user goes in mid-drain */
    drained[0] = FALSE;
    drains[0] = block_drain_begin(node, note, &drained[0]);
    block_node_detach(c);
    while (!drained[0]) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    del("r");
    block_drain_end(drains[0]);
    turns();
    del("t");
}

static gboolean resize(const char *node, guint64 size, GError **errp)
{
    Late late = { FALSE };

    block_node_resize_later(block_node_find(node), size, late_done, &late);
    return late_wait(&late, errp);
}

static void test_resize(void)
{
    guint told = 0;
    BlockUser user = { .loop = event_loop_main(), .resized = count_up, .opaque = &told };
    g_autoptr(GError) error = NULL;
    guint8 buf[512];

    make_image(64 * KIB, 1);
    must_add("{'driver':'file','node-name':'f','filename':'%s'}");
    BlockNode *node = must_add("{'driver':'raw','node-name':'r','file':'f',"
                               "'offset':4096}");
    BlockChild *c = block_node_attach(node, &user, NULL);
    g_assert_true(resize("r", 128 * KIB, NULL));
    g_assert_cmpuint(told, ==, 1);
    g_assert_cmpuint(block_node_size(node), ==, 128 * KIB);
    g_assert_cmpuint(block_node_size(block_node_find("f")), ==, 132 * KIB);
    g_assert_cmpint(io(c, BLOCK_READ, 128 * KIB - 512, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 0);
    g_assert_true(resize("r", 32 * KIB, NULL));
    g_assert_cmpuint(told, ==, 2);
    g_assert_cmpint(io(c, BLOCK_READ, 32 * KIB, buf, 512), ==, -EINVAL);
    g_assert_cmpint(io(c, BLOCK_READ, 0, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 1);
    /* what is above does not fit any more */
    g_assert_false(resize("f", 2048, &error));
    g_assert_nonnull(strstr(error->message, "reach beyond"));
    g_assert_cmpint(io(c, BLOCK_READ, 0, buf, 512), ==, -EINVAL);
    g_clear_error(&error);
    give(c);
    assert_free();
    del("r");
    must_add("{'driver':'raw','node-name':'r','file':'f','size':1024}");
    g_assert_false(resize("r", 2048, &error));
    g_assert_cmpstr(error->message, ==, "Cannot resize fixed-size raw disks");
    g_clear_error(&error);
    assert_free();
    del("r");
    del("f");
    must_add("{'driver':'file','node-name':'f','read-only':true,'filename':'%s'}");
    g_assert_false(resize("f", 2048, &error));
    g_assert_cmpstr(error->message, ==, "Image is read-only");
    del("f");
}

/* --- limits --- */

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

/* --- drivers and options --- */

static void test_null(void)
{
    BlockNode *node = must_add("{'driver':'raw','node-name':'n','file':{'driver':"
                               "'null-co','size':65536,'read-zeroes':true}}");
    BlockUser user = { .loop = event_loop_main() };
    BlockChild *c = block_node_attach(node, &user, NULL);
    guint8 buf[512];

    g_assert_nonnull(c);
    g_assert_cmpuint(block_node_size(node), ==, 65536);
    memset(buf, 1, sizeof(buf));
    g_assert_cmpint(io(c, BLOCK_WRITE, 0, buf, 512), ==, 0);
    g_assert_cmpint(io(c, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_cmpint(io(c, BLOCK_WRITE_ZEROES, 65536 - 512, NULL, 512), ==, 0);
    g_assert_cmpint(io(c, BLOCK_READ, 65536 - 512, buf, 512), ==, 0);
    g_assert_true(buf[0] == 0 && buf[511] == 0);
    g_assert_cmpint(io(c, BLOCK_READ, 65536, buf, 512), ==, -EINVAL);
    block_node_detach(c);
    del("n");
}

static guint64 allocated(void)
{
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return (guint64)st.st_blocks * 512;
}

static void test_detect_zeroes(void)
{
    static const struct {
        const char *options;
        gboolean goes;
    } cases[] = {
        { "'discard':'unmap','detect-zeroes':'unmap'", TRUE },
        { "'discard':'unmap','detect-zeroes':'on'", FALSE },
        { "'discard':'unmap'", FALSE },
    };
    g_autofree guint8 *buf = g_malloc0(256 * KIB);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "{'driver':'file','node-name':'f','filename':'%%s',%s}", cases[i].options);
        g_autofree char *data = NULL;
        BlockUser user = { .loop = event_loop_main() };

        make_image(512 * KIB, 1);
        BlockChild *c = block_node_attach(must_add(text), &user, NULL);
        memset(buf, 0, 256 * KIB);
        g_assert_cmpint(io(c, BLOCK_WRITE, 128 * KIB, buf, 256 * KIB), ==, 0);
        g_assert_cmpint(allocated() <= 256 * KIB + 8 * KIB, ==, cases[i].goes);
        buf[256 * KIB - 1] = 1; /* not quite */
        g_assert_cmpint(io(c, BLOCK_WRITE, 128 * KIB, buf, 256 * KIB), ==, 0);
        g_assert_cmpuint(allocated(), >=, 512 * KIB);
        block_node_detach(c);
        del("f");
        g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
        g_assert_true(data[128 * KIB - 1] == 1 && data[128 * KIB] == 0 &&
                      data[384 * KIB - 2] == 0 && data[384 * KIB - 1] == 1);
    }
    g_assert_null(add("{'driver':'file','node-name':'f','filename':'%s',"
                      "'detect-zeroes':'unmap'}",
                      &error));
    g_assert_cmpstr(error->message, ==,
                    "setting detect-zeroes to unmap is not allowed without setting "
                    "discard operation to unmap");
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-graph-XXXXXX", NULL);

    g_test_init(&argc, &argv, NULL);
    path = g_build_filename(dir, "image", NULL);
    no_board_make();
    block_testing_enable();
    if (!clock_qtest_enabled()) {
        clock_qtest_enable();
    }
    vm_start();
    g_test_add_func("/block-graph/perms", test_perms);
    g_test_add_func("/block-graph/del", test_del);
    g_test_add_data_func("/block-graph/loops/plain", "", test_loops);
    g_test_add_data_func("/block-graph/loops/4096", ",'x-dio-align':4096", test_loops);
    g_test_add_data_func("/block-graph/loops/threads",
                         ",'x-dio-align':1024,'aio':'threads'", test_loops);
    g_test_add_func("/block-graph/drain", test_drain);
    g_test_add_func("/block-graph/resize", test_resize);
    g_test_add_func("/block-graph/limits/each", test_limits);
    g_test_add_func("/block-graph/limits/end", test_limits_end);
    g_test_add_func("/block-graph/limits/shared", test_limits_shared);
    g_test_add_func("/block-graph/limits/bad", test_limits_bad);
    g_test_add_func("/block-graph/null", test_null);
    g_test_add_func("/block-graph/detect-zeroes", test_detect_zeroes);
    int ret = g_test_run();
    block_cleanup();
    unlink(path);
    rmdir(dir);
    g_free(path);
    return ret;
}
