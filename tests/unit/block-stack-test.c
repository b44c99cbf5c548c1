/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of raw nodes on a file: random slices of slices, random alignments of direct
 * I/O, and random requests to the node on top, against a model of the image.
 */
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "block/block.h"
#include "block/testing.h"
#include "config/json.h"
#include "event/lock.h"
#include "tests/unit/block-late.h"

#define SECTORS   515u /* of the image: ends within a block */
#define SIZE      (SECTORS * 512)
#define MAX_DEPTH 4
#define ROUNDS    40
#define REQUESTS  60

static char *path;

/* What the stack is: where its top begins in the file, its length, and its options. */
typedef struct Stack {
    BlockNode *top;
    unsigned depth;
    guint64 start, size;
    gboolean unmap;
    guint8 *model; /* of the file */
} Stack;

static BlockNode *add(const char *json, GError **errp)
{
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);

    return block_node_add(node, errp);
}

static guint64 sectors(unsigned max)
{
    return (guint64)g_test_rand_int_range(0, (gint32)max + 1) * 512;
}

static void add_file(Stack *s)
{
    static const char *const options[] = {
        "",
        ",\"cache\":{\"direct\":true}",
        ",\"aio\":\"threads\"",
        ",\"x-dio-align\":512,\"x-mem-align\":4",
        ",\"x-dio-align\":1024,\"x-mem-align\":512",
        ",\"x-dio-align\":4096",
        ",\"x-dio-align\":65536,\"aio\":\"threads\"",
    };
    gboolean unmap = g_test_rand_bit();
    g_autoptr(GError) error = NULL;
    g_autofree char *json =
        g_strdup_printf("{\"driver\":\"file\",\"node-name\":\"n0\","
                        "\"filename\":\"%s\",\"discard\":\"%s\"%s}",
                        path, unmap ? "unmap" : "ignore",
                        options[g_test_rand_int_range(0, G_N_ELEMENTS(options))]);

    s->top = add(json, &error);
    g_assert_no_error(error);
    s->start = 0;
    s->size = SIZE;
    s->unmap = unmap;
}

/* With a size, or up to the end of what is below. */
static void add_slice(Stack *s, unsigned level)
{
    guint64 offset = sectors(s->size / 512 / 2), rest = s->size - offset;
    guint64 size = g_test_rand_bit() ? 512 + sectors(rest / 512 - 1) : 0;
    gboolean unmap = g_test_rand_int_range(0, 3) != 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"raw\",\"node-name\":\"n%u\",\"file\":\"n%u\",\"discard\":\"%s\","
        "\"offset\":%" G_GUINT64_FORMAT ",\"size\":%" G_GUINT64_FORMAT "}",
        level, level - 1, unmap ? "unmap" : "ignore", offset, size);

    s->top = add(json, &error);
    g_assert_no_error(error);
    s->start += offset;
    s->size = size ? size : rest;
    s->unmap = s->unmap && unmap;
}

static void make_stack(Stack *s)
{
    BlockUser user = { .loop = event_loop_main() };

    s->model = g_malloc(SIZE);
    for (unsigned i = 0; i < SIZE; i++) {
        s->model[i] = (guint8)(i / 512 * 7 + i);
    }
    g_assert_true(g_file_set_contents(path, (char *)s->model, SIZE, NULL));
    s->depth = (unsigned)g_test_rand_int_range(0, MAX_DEPTH + 1);
    add_file(s);
    for (unsigned i = 1; i <= s->depth; i++) {
        add_slice(s, i);
    }
    g_assert_nonnull(block_node_attach(s->top, &user, NULL));
    g_assert_cmpuint(block_node_size(s->top), ==, s->size);
    g_assert_cmpint(block_node_can_discard(s->top), ==, s->unmap);
}

static void free_stack(Stack *s)
{
    g_autofree char *data = NULL;
    gsize len;

    node_detach(s->top);
    for (unsigned i = s->depth + 1; i-- > 0;) {
        g_autofree char *name = g_strdup_printf("n%u", i);
        g_assert_true(node_del(name, NULL));
    }
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    g_assert_cmpmem(data, len, s->model, SIZE);
    g_free(s->model);
}

static void io_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static int submit(Stack *s, BlockRequest *r)
{
    int ret = 1;

    r->done = io_done;
    r->opaque = &ret;
    block_submit(node_user(s->top), r);
    while (ret == 1) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    return ret;
}

/* A request up to and a little beyond the end of the node. */
static void random_request(Stack *s)
{
    static const BlockOp ops[] = { BLOCK_READ,  BLOCK_WRITE,   BLOCK_WRITE,
                                   BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES };
    guint64 offset = sectors((unsigned)(s->size / 512) + 1), bytes = sectors(16);
    g_autofree guint8 *buffer = g_malloc(bytes + 1);
    guint8 *buf = buffer + g_test_rand_bit(); /* at odd addresses, too */
    guint8 *at = s->model + s->start + offset;
    struct iovec iov = { buf, bytes };
    BlockRequest r = { .op = ops[g_test_rand_int_range(0, G_N_ELEMENTS(ops))],
                       .unmap = g_test_rand_bit(),
                       .iov = &iov,
                       .n_iov = 1,
                       .offset = offset,
                       .bytes = bytes };
    gboolean fits = r.op == BLOCK_FLUSH || bytes == 0 || offset + bytes <= s->size;

    memset(buf, g_test_rand_int_range(1, 256), bytes);
    /* A discard of a node that does not pass it on is none, wherever it is. */
    int ret = submit(s, &r);
    g_assert_cmpint(ret, ==, fits ? 0 : -EINVAL);
    if (!fits || r.op == BLOCK_FLUSH) {
        return;
    }
    if (r.op == BLOCK_READ) {
        g_assert_cmpmem(buf, bytes, at, bytes);
    } else if (r.op == BLOCK_WRITE) {
        memcpy(at, buf, bytes);
    } else if (r.op == BLOCK_WRITE_ZEROES || s->unmap) {
        memset(at, 0, bytes);
    }
}

static void test_random(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        Stack s;
        make_stack(&s);
        for (unsigned i = 0; i < REQUESTS; i++) {
            random_request(&s);
        }
        free_stack(&s);
    }
}

#define NEIGHBOURS 128

typedef struct Neighbours {
    guint8 (*bufs)[512];
    unsigned pending;
} Neighbours;

static void neighbour_done(void *opaque, int ret)
{
    g_assert_cmpint(ret, ==, 0);
    ((Neighbours *)opaque)->pending--;
}

/* Writes to sectors of the same blocks, side by side: none undoes another one. */
static void test_neighbours(gconstpointer options)
{
    g_autofree BlockRequest *r = g_new0(BlockRequest, NEIGHBOURS);
    g_autofree struct iovec *iov = g_new0(struct iovec, NEIGHBOURS);
    g_autofree guint8(*bufs)[512] = g_malloc0(NEIGHBOURS * 512);
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"file\",\"node-name\":\"n0\",\"filename\":\"%s\"%s}", path,
        (const char *)options);
    g_autofree char *zeros = g_malloc0(NEIGHBOURS * 512);
    BlockUser user = { .loop = event_loop_main() };

    g_assert_true(g_file_set_contents(path, zeros, NEIGHBOURS * 512, NULL));
    BlockNode *node = add(json, NULL);
    g_assert_nonnull(node);
    g_assert_nonnull(block_node_attach(node, &user, NULL));
    for (unsigned round = 1; round < 20; round++) {
        Neighbours all = { bufs, NEIGHBOURS };
        g_autofree char *data = NULL;
        for (unsigned i = 0; i < NEIGHBOURS; i++) {
            unsigned sector = (i * 37) % NEIGHBOURS;
            memset(bufs[i], (int)(sector + round), 512);
            iov[i] = (struct iovec){ bufs[i], 512 };
            r[i] = (BlockRequest){ .op = BLOCK_WRITE,
                                   .iov = &iov[i],
                                   .n_iov = 1,
                                   .offset = sector * 512,
                                   .bytes = 512,
                                   .done = neighbour_done,
                                   .opaque = &all };
            block_submit(node_user(node), &r[i]);
        }
        while (all.pending) {
            event_loop_iterate(event_loop_main(), TRUE);
        }
        g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
        for (unsigned i = 0; i < NEIGHBOURS; i++) {
            g_assert_cmphex((guint8)data[i * 512], ==, (guint8)(i + round));
            g_assert_cmphex((guint8)data[i * 512 + 511], ==, (guint8)(i + round));
        }
    }
    node_detach(node);
    g_assert_true(node_del("n0", NULL));
}

/* libvirt's <slices>: a format node on a slice on the file. */
static void test_slices(void)
{
    BlockUser user = { .loop = event_loop_main() };
    guint8 buf[512], model[SIZE];
    struct iovec iov = { buf, 512 };
    BlockRequest r = { .op = BLOCK_READ, .iov = &iov, .n_iov = 1, .bytes = 512 };
    Stack s = { 0 };

    for (unsigned i = 0; i < SIZE; i++) {
        model[i] = (guint8)(i / 512);
    }
    g_assert_true(g_file_set_contents(path, (char *)model, SIZE, NULL));
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"raw\",\"node-name\":\"fmt\",\"file\":{\"driver\":\"raw\","
        "\"offset\":65536,"
        "\"size\":1024,\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}}",
        path);
    s.top = add(json, NULL);
    g_assert_nonnull(s.top);
    g_assert_nonnull(block_node_attach(s.top, &user, NULL));
    g_assert_cmpuint(block_node_size(s.top), ==, 1024);
    for (r.offset = 0; r.offset < 1024; r.offset += 512) {
        g_assert_cmpint(submit(&s, &r), ==, 0);
        g_assert_cmphex(buf[0], ==, 128 + r.offset / 512);
    }
    g_assert_cmpint(submit(&s, &r), ==, -EINVAL);
    node_detach(s.top);
    g_assert_true(node_del("fmt", NULL));
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-stack-XXXXXX", NULL);

    g_test_init(&argc, &argv, NULL);
    path = g_build_filename(dir, "image", NULL);
    event_init();
    block_testing_enable();
    g_test_add_func("/block-stack/slices", test_slices);
    g_test_add_func("/block-stack/random", test_random);
    g_test_add_data_func("/block-stack/neighbours/4096", ",\"x-dio-align\":4096",
                         test_neighbours);
    g_test_add_data_func("/block-stack/neighbours/1024",
                         ",\"aio\":\"threads\",\"x-dio-align\":1024", test_neighbours);
    int ret = g_test_run();
    block_cleanup();
    unlink(path);
    rmdir(dir);
    g_free(path);
    return ret;
}
