/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The graph of block nodes: who may use one beside whom, in which loops; and small
 * drivers and options that all nodes have.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/file.h"
#include "tests/unit/block-graph.h"

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

/* --- given away and taken back --- */

static gboolean set_active(const char *name, gboolean active, GError **errp)
{
    Late late = { FALSE };

    block_node_set_active_later(name, active, late_done, &late);
    return late_wait(&late, errp);
}

static void assert_fails(const char *name, const char *why)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(set_active(name, FALSE, &error));
    g_assert_nonnull(strstr(error->message, why));
}

static void test_set_active(void)
{
    BlockUser user = { .loop = event_loop_main() };
    guint8 buf[512];

    make_image(64 * KIB, 1);
    must_add("{'driver':'file','node-name':'f','filename':'%s'}");
    must_add("{'driver':'raw','node-name':'r','file':'f'}");
    must_add("{'driver':'raw','node-name':'other','read-only':true,'file':'f'}");
    BlockNode *r = block_node_find("r"), *f = block_node_find("f");
    BlockChild *c = block_node_attach(r, &user, NULL);
    assert_fails("x", "Failed to find node");
    assert_fails("f", "has active parent node");
    assert_fails("r", "in use by a VM that runs");
    assert_fails(NULL, "The VM runs");
    vm_stop(RUN_STATE_PAUSED);
    /* the image is another's, too */
    g_assert_true(set_active("r", FALSE, NULL));
    g_assert_true(!r->active && f->active);
    g_assert_cmpint(io(c, BLOCK_READ, 0, buf, 512), ==, -EIO);
    g_assert_true(set_active("other", FALSE, NULL));
    g_assert_true(set_active("f", FALSE, NULL));
    g_assert_false(f->active);
    assert_free();
    g_assert_true(set_active("r", TRUE, NULL));
    g_assert_true(r->active && f->active && !block_node_find("other")->active);
    assert_locked(0, 0, FALSE);
    g_assert_cmpint(io(c, BLOCK_READ, 0, buf, 512), ==, 0);
    g_assert_true(set_active(NULL, FALSE, NULL));
    assert_free();
    g_assert_true(set_active(NULL, TRUE, NULL));
    assert_locked(0, 0, FALSE);
    /* somebody else has it meanwhile */
    g_assert_true(set_active(NULL, FALSE, NULL));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock lock = { .l_type = F_RDLCK, .l_start = 201, .l_len = 1 };
    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &lock), ==, 0);
    g_assert_false(set_active("r", TRUE, NULL));
    g_assert_false(r->active || f->active);
    close(fd);
    assert_free();
    g_assert_true(set_active(NULL, TRUE, NULL));
    vm_start();
    give(c);
    del("r");
    del("other");
    del("f");
}

int main(int argc, char **argv)
{
    char *dir = graph_begin(&argc, &argv);

    g_test_add_func("/block-graph/perms", test_perms);
    g_test_add_func("/block-graph/del", test_del);
    g_test_add_data_func("/block-graph/loops/plain", "", test_loops);
    g_test_add_data_func("/block-graph/loops/4096", ",'x-dio-align':4096", test_loops);
    g_test_add_data_func("/block-graph/loops/threads",
                         ",'x-dio-align':1024,'aio':'threads'", test_loops);
    g_test_add_func("/block-graph/drain", test_drain);
    g_test_add_func("/block-graph/resize", test_resize);
    g_test_add_func("/block-graph/set-active", test_set_active);
    return graph_run(dir);
}
