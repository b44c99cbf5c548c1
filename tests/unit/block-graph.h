/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graphs of block nodes on one image, in this process, whose clock stands still. */
#ifndef VIREO_TEST_BLOCK_GRAPH_H
#define VIREO_TEST_BLOCK_GRAPH_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "block/testing.h"
#include "config/json.h"
#include "event/clock.h"
#include "tests/unit/block-late.h"
#include "tests/unit/no-board.h"

#define KIB 1024u

static char *path;

static inline void make_image(gsize size, int fill)
{
    g_autofree char *data = g_malloc(size);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

/* The text with ' for ", and %s for the image. */
static inline BlockNode *add(const char *text, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(text, "%s", 0);
    g_autofree char *json = g_strdelimit(g_strjoinv(path, parts), "'", '"');
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);

    return block_node_add(config, errp);
}

static inline BlockNode *must_add(const char *text)
{
    g_autoptr(GError) error = NULL;
    BlockNode *node = add(text, &error);

    g_assert_no_error(error);
    return node;
}

static inline void del(const char *name)
{
    g_autoptr(GError) error = NULL;

    node_del(name, &error);
    g_assert_no_error(error);
}

static inline void io_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static inline int io(BlockChild *user, BlockOp op, guint64 offset, void *buf, gsize len)
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

static inline void turns(void)
{
    for (guint i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static inline void note(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

static inline gboolean byte_is_locked(int fd, off_t byte)
{
    struct flock range = { .l_type = F_WRLCK, .l_start = byte, .l_len = 1 };

    g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &range), ==, 0);
    return range.l_type != F_UNLCK;
}

static inline void assert_free(void)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    for (off_t byte = 100; byte < 300; byte++) {
        g_assert_false(byte_is_locked(fd, byte));
    }
    close(fd);
}

static inline void give(BlockChild *user)
{
    Late late = { FALSE };
    BlockNode *node = user->node;

    block_node_detach(user);
    block_node_give_later(node, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

/* As for one user, that lets nobody else write. */
static inline void assert_alone(gboolean writes)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    g_assert_true(byte_is_locked(fd, 100));
    g_assert_cmpint(byte_is_locked(fd, 101), ==, writes);
    g_assert_true(byte_is_locked(fd, 201));
    close(fd);
}

static inline char *graph_begin(int *argc, char ***argv)
{
    char *dir = g_dir_make_tmp("vireo-graph-XXXXXX", NULL);

    g_test_init(argc, argv, NULL);
    path = g_build_filename(dir, "image", NULL);
    no_board_make();
    block_testing_enable();
    if (!clock_qtest_enabled()) {
        clock_qtest_enable();
    }
    vm_start();
    return dir;
}

static inline int graph_run(char *dir)
{
    int ret = g_test_run();

    block_cleanup();
    unlink(path);
    rmdir(dir);
    g_free(path);
    g_free(dir);
    return ret;
}

#endif
