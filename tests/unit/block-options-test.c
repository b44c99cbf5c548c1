/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that nodes have, from the start or by blockdev-reopen; and null-co. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/file.h"
#include "tests/unit/block-graph.h"

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
    assert_alone(FALSE);
    give(c);
    /* a writer: the locks go over to the new descriptor */
    user.read_only = FALSE;
    c = block_node_attach(node, &user, NULL);
    assert_alone(TRUE);
    g_assert_true(
        reopen("[{" FILE_F ",'discard':'unmap','cache':{'no-flush':true}}]", NULL));
    assert_alone(TRUE);
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
        assert_alone(TRUE);
    }
    give(c);
    assert_free();
    del("r");
}

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

    g_test_add_func("/block-options/reopen/good", test_reopen);
    g_test_add_func("/block-options/reopen/bad", test_reopen_bad);
    g_test_add_func("/block-options/null", test_null);
    g_test_add_func("/block-options/detect-zeroes", test_detect_zeroes);
    return graph_run(dir);
}
