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

/* --- other options --- */

static gboolean reopen(const char *text, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(text, "%s", 0);
    g_autofree char *json = g_strdelimit(g_strjoinv(path, parts), "'", '"');
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);
    Late late = { FALSE };

    g_assert_nonnull(config);
    block_nodes_reopen_later(config, late_done, &late);
    return late_wait(&late, errp);
}

static int open_flags(const char *node)
{
    return fcntl(block_file(block_node_find(node))->fd, F_GETFL);
}

#define FILE_F "'driver':'file','node-name':'f','filename':'%s'"
#define RAW_R  "'driver':'raw','node-name':'r','file':'f'"

static void test_reopen(void)
{
    BlockUser user = { .loop = event_loop_main(), .read_only = TRUE };
    guint8 buf[512];

    make_image(64 * KIB, 1);
    must_add("{'driver':'raw','node-name':'r','read-only':true,'file':"
             "{'driver':'file','node-name':'f','filename':'%s'}}");
    BlockNode *node = block_node_find("r");
    BlockChild *c = block_node_attach(node, &user, NULL);
    g_assert_cmphex(open_flags("f") & O_ACCMODE, ==, O_RDONLY);
    /* both, with other options */
    g_assert_true(reopen("[{" FILE_F ",'aio':'threads','discard':'unmap'},"
                         "{" RAW_R ",'offset':512,'size':1024,'discard':'unmap'}]",
                         NULL));
    g_assert_cmphex(open_flags("f") & O_ACCMODE, ==, O_RDWR);
    g_assert_false(block_node_read_only(node));
    g_assert_true(block_node_can_discard(node));
    g_assert_cmpuint(block_node_size(node), ==, 1024);
    g_assert_cmpint(io(c, BLOCK_READ, 512, buf, 512), ==, 0);
    assert_locked(2, 2, FALSE);
    give(c);
    /* a writer: the locks go over to the new descriptor */
    user.read_only = FALSE;
    c = block_node_attach(node, &user, NULL);
    assert_locked(0, 0, FALSE);
    g_assert_true(
        reopen("[{" FILE_F ",'discard':'unmap','cache':{'no-flush':true}}]", NULL));
    assert_locked(0, 0, FALSE);
    g_assert_cmpint(io(c, BLOCK_WRITE, 0, buf, 512), ==, 0);
    give(c);
    assert_free();
    del("r");
}

/* None of them changes when one cannot. */
static void test_reopen_bad(void)
{
    static const struct {
        const char *options, *error;
    } cases[] = {
        { "[{'driver':'file','node-name':'x','filename':'%s'}]",
          "Failed to find node with node-name='x'" },
        { "[{'driver':'file','filename':'%s'}]", "node-name not specified" },
        { "[{'driver':'raw','node-name':'f','file':'t'}]",
          "Cannot change the option 'driver'" },
        { "[{'driver':'x-test','node-name':'t','file':'f'}]",
          "Block format 'x-test' used by node 't' does not support reopening files" },
        { "[{'driver':'file','node-name':'f','filename':'%s.'}]",
          "Cannot change the option 'filename'" },
        { "[{" FILE_F ",'locking':'off'}]", "Cannot change the option 'locking'" },
        { "[{'driver':'raw','node-name':'r','file':'f'}]",
          "Cannot change the option 'file'" },
        { "[{'driver':'raw','node-name':'r','file':'t','offset':1}]",
          "must be multiples" },
        { "[{'driver':'raw','node-name':'r','file':'t','offset':1048576}]",
          "reach beyond" },
        { "[{" FILE_F ",'no':1}]", "no" },
        { "[{" FILE_F ",'read-only':true}]", "is written, and cannot be" },
        { "[{" FILE_F "},{" FILE_F "}]", "is named twice" },
        { "[{" FILE_F ",'detect-zeroes':'on'},"
          "{'driver':'raw','node-name':'r','file':'t','read-only':true}]",
          "Node 'r' is written" },
    };
    BlockUser user = { .loop = event_loop_main() };
    guint8 buf[512];

    make_image(64 * KIB, 1);
    must_add("{'driver':'raw','node-name':'r','file':{'driver':'x-test','node-name':'t',"
             "'file':{'driver':'file','node-name':'f','filename':'%s'}}}");
    BlockChild *c = block_node_attach(block_node_find("r"), &user, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(reopen(cases[i].options, &error));
        g_assert_nonnull(strstr(error->message, cases[i].error));
        g_assert_cmpint(block_node_find("f")->detect_zeroes, ==, 0);
        g_assert_cmpint(io(c, BLOCK_WRITE, 0, buf, 512), ==, 0);
        assert_locked(0, 0, FALSE);
    }
    give(c);
    assert_free();
    del("r");
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
    char *dir = graph_begin(&argc, &argv);

    g_test_add_func("/block-graph/perms", test_perms);
    g_test_add_func("/block-graph/del", test_del);
    g_test_add_data_func("/block-graph/loops/plain", "", test_loops);
    g_test_add_data_func("/block-graph/loops/4096", ",'x-dio-align':4096", test_loops);
    g_test_add_data_func("/block-graph/loops/threads",
                         ",'x-dio-align':1024,'aio':'threads'", test_loops);
    g_test_add_func("/block-graph/drain", test_drain);
    g_test_add_func("/block-graph/resize", test_resize);
    g_test_add_func("/block-graph/reopen/good", test_reopen);
    g_test_add_func("/block-graph/reopen/bad", test_reopen_bad);
    g_test_add_func("/block-graph/null", test_null);
    g_test_add_func("/block-graph/detect-zeroes", test_detect_zeroes);
    return graph_run(dir);
}
