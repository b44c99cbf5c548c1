/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node as a format sees its image: against a model, over slices and alignments of
 * direct I/O, beyond the end; and beside a user who writes to the same blocks.
 */
#include <errno.h>
#include <string.h>

#include "block/image.h"
#include "tests/unit/block-graph.h"

#define SIZE_MAX_ (512u * KIB)
#define ROUNDS    400

/* What the image has, and where it ends. */
typedef struct Model {
    BlockNode *node;
    guint8 data[SIZE_MAX_];
    guint64 size, limit; /* in sectors' bytes */
} Model;

static guint64 random_below(guint64 n)
{
    return (guint64)g_test_rand_int_range(0, (gint32)n);
}

static void grown(Model *m, guint64 end)
{
    m->size = MAX(m->size, (end + 511) / 512 * 512);
    g_assert_cmpuint(block_node_size(m->node), ==, m->size);
}

static void read_and_check(Model *m, guint64 offset, gsize len)
{
    g_autofree guint8 *buf = g_malloc(len + 1);
    struct iovec iov[2] = { { buf, len / 3 }, { buf + len / 3, len - len / 3 } };

    memset(buf, 0xee, len);
    g_assert_cmpint(block_image_readv(m->node, offset, iov, 2), ==, 0);
    g_assert_cmpmem(buf, len, m->data + offset, len);
}

static void write_some(Model *m, guint64 offset, gsize len)
{
    g_autofree guint8 *buf = g_malloc(len + 1);
    gboolean fits = offset + len <= m->limit;

    memset(buf, (int)random_below(255) + 1, len);
    g_assert_cmpint(block_image_write(m->node, offset, buf, len), ==,
                    fits || !len ? 0 : -ENOSPC);
    if (fits && len) {
        memcpy(m->data + offset, buf, len);
        grown(m, offset + len);
    }
}

static void zero_some(Model *m, guint64 offset, gsize len)
{
    gboolean fits = offset + len <= m->limit;

    g_assert_cmpint(block_image_zero(m->node, offset, len, random_below(2)), ==,
                    fits || !len ? 0 : -ENOSPC);
    if (fits && len) {
        memset(m->data + offset, 0, len);
        grown(m, offset + len);
    }
}

static void discard_some(Model *m, guint64 offset, gsize len)
{
    g_assert_cmpint(block_image_discard(m->node, offset, len), ==, 0);
    if (offset < m->size) {
        memset(m->data + offset, 0, MIN(len, m->size - offset));
    }
}

static void truncate_to(Model *m, guint64 size)
{
    gboolean can = m->limit == SIZE_MAX_;

    g_assert_cmpint(block_image_truncate(m->node, size), ==, can ? 0 : -ENOTSUP);
    if (can) {
        m->size = (size + 511) / 512 * 512;
        memset(m->data + size, 0, SIZE_MAX_ - size);
        g_assert_cmpuint(block_node_size(m->node), ==, m->size);
    }
}

static gpointer random_calls(gpointer opaque)
{
    Model *m = opaque;

    for (guint i = 0; i < ROUNDS; i++) {
        guint64 offset = random_below(SIZE_MAX_ - 20000);
        gsize len = random_below(20000);
        switch (random_below(7)) {
        case 0:
            zero_some(m, offset, len);
            break;
        case 1:
            discard_some(m, offset, len);
            break;
        case 2:
            g_assert_cmpint(block_image_flush(m->node), ==, 0);
            break;
        case 3:
            if (!random_below(8)) {
                truncate_to(m, random_below(SIZE_MAX_ / 512) * 512);
            }
            break;
        case 4:
            read_and_check(m, offset, len);
            break;
        default:
            write_some(m, offset, len);
        }
    }
    read_and_check(m, 0, SIZE_MAX_);
    return NULL;
}

#define FILE_PART "'driver':'file','filename':'%s','discard':'unmap'"

static const struct {
    const char *name, *json;
    guint64 offset, limit;
} stacks[] = {
    { "file", "{'node-name':'n'," FILE_PART "}", 0, 0 },
    { "direct", "{'node-name':'n'," FILE_PART ",'x-dio-align':4096}", 0, 0 },
    { "direct-512", "{'node-name':'n'," FILE_PART ",'x-dio-align':512,'x-mem-align':512}",
      0, 0 },
    { "offset",
      "{'driver':'raw','node-name':'n','offset':1024,'discard':'unmap','file':"
      "{" FILE_PART ",'x-dio-align':1024,'x-mem-align':512}}",
      1024, 0 },
    { "slice",
      "{'driver':'raw','node-name':'n','offset':1024,'size':32768,'discard':"
      "'unmap','file':{" FILE_PART "}}",
      1024, 32768 },
};

static void test_random(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autofree Model *m = g_new0(Model, 1);
    BlockUser user = { .loop = event_loop_main() };
    g_autofree char *content = NULL;
    gsize len;

    make_image(64 * KIB, 7);
    m->node = must_add(stacks[i].json);
    m->size = block_node_size(m->node);
    m->limit = stacks[i].limit ? stacks[i].limit : SIZE_MAX_;
    memset(m->data, 7, m->size);
    BlockChild *c = block_node_attach(m->node, &user, NULL);
    g_thread_join(g_thread_new("calls", random_calls, m));
    block_node_detach(c);
    del("n");
    g_assert_true(g_file_get_contents(path, &content, &len, NULL));
    len = MIN(len - stacks[i].offset, m->size);
    g_assert_cmpmem(content + stacks[i].offset, len, m->data, len);
}

static void test_refused(void)
{
    guint8 buf[512] = { 0 };

    make_image(KIB, 7);
    BlockNode *node =
        must_add("{'driver':'file','node-name':'n','read-only':true,'filename':'%s'}");
    g_assert_cmpint(block_image_write(node, 0, buf, 512), ==, -EROFS);
    g_assert_cmpint(block_image_zero(node, 0, 512, FALSE), ==, -EROFS);
    g_assert_cmpint(block_image_discard(node, 0, 512), ==, -EROFS);
    g_assert_cmpint(block_image_truncate(node, 512), ==, -EROFS);
    g_assert_cmpint(block_image_read(node, G_MAXUINT64 - 100, buf, 512), ==, -EFBIG);
    g_assert_cmpint(block_image_read(node, 0, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 7);
    del("n");
    node = must_add("{'driver':'null-co','node-name':'n','size':1024}");
    g_assert_cmpint(block_image_write(node, 1024, buf, 512), ==, -ENOSPC);
    g_assert_cmpuint(block_node_size(node), ==, 1024);
    del("n");
}

/* --- beside a user --- */

#define SECTORS 128u

static gpointer odd_sectors(gpointer node)
{
    guint8 buf[512];

    for (guint round = 0; round < 8; round++) {
        for (guint i = 1; i < SECTORS; i += 2) {
            memset(buf, (int)(i + round), 512);
            g_assert_cmpint(block_image_write(node, i * 512, buf, 512), ==, 0);
        }
    }
    return NULL;
}

static void even_done(void *opaque, int ret)
{
    g_assert_cmpint(ret, ==, 0);
    --*(guint *)opaque;
}

static void test_beside(void)
{
    static guint8 bufs[SECTORS / 2][512];
    static BlockRequest r[SECTORS / 2];
    static struct iovec iov[SECTORS / 2];
    BlockUser user = { .loop = event_loop_main() };
    g_autofree char *data = NULL;

    make_image(SECTORS * 512, 0);
    BlockNode *node = must_add("{'driver':'file','node-name':'n','filename':'%s',"
                               "'x-dio-align':4096}");
    BlockChild *c = block_node_attach(node, &user, NULL);
    GThread *thread = g_thread_new("odd", odd_sectors, node);
    for (guint round = 0; round < 8; round++) {
        guint pending = SECTORS / 2;
        for (guint i = 0; i < SECTORS / 2; i++) {
            memset(bufs[i], (int)(2 * i + round), 512);
            iov[i] = (struct iovec){ bufs[i], 512 };
            r[i] = (BlockRequest){ .op = BLOCK_WRITE,
                                   .iov = &iov[i],
                                   .n_iov = 1,
                                   .offset = 2 * i * 512,
                                   .bytes = 512,
                                   .done = even_done,
                                   .opaque = &pending };
            block_submit(c, &r[i]);
        }
        while (pending) {
            event_loop_iterate(event_loop_main(), TRUE);
        }
    }
    g_thread_join(thread);
    block_node_detach(c);
    del("n");
    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    for (guint i = 0; i < SECTORS; i++) {
        g_assert_cmphex((guint8)data[i * 512], ==, (guint8)(i + 7));
        g_assert_cmphex((guint8)data[i * 512 + 511], ==, (guint8)(i + 7));
    }
}

int main(int argc, char **argv)
{
    char *dir = graph_begin(&argc, &argv);

    for (guint i = 0; i < G_N_ELEMENTS(stacks); i++) {
        g_autofree char *name = g_strconcat("/block-image/random/", stacks[i].name, NULL);
        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_random);
    }
    g_test_add_func("/block-image/refused", test_refused);
    g_test_add_func("/block-image/beside", test_beside);
    return graph_run(dir);
}
