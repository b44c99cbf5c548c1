/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images are activated, and their users have something to do before the VM goes on. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "block/file.h"
#include "config/json.h"
#include "tests/unit/block-late.h"
#include "util/error.h"

#define USERS 3u

typedef struct User {
    BlockNode *node;
    char *path;
    gboolean at_once;  /* is ready when it is asked */
    const char *fails; /* with this error */
    guint asked;
    BlockChanged done; /* of one that is not ready yet */
    void *opaque;
} User;

static char *dir;
static User users[USERS];

static void ready(const User *u, BlockChanged done, void *opaque)
{
    GError *error = NULL;

    if (u->fails) {
        error_set(&error, "%s", u->fails);
    }
    done(opaque, error);
}

static void activated(void *opaque, BlockChanged done, void *done_opaque)
{
    User *u = opaque;

    u->asked++;
    g_assert_true(block_node_is_active(u->node));
    if (u->at_once) {
        ready(u, done, done_opaque);
        return;
    }
    u->done = done;
    u->opaque = done_opaque;
}

/* Inactive, as with -incoming. */
static void add_users(void)
{
    guint8 content[512] = { 1 };

    block_set_start_inactive(TRUE);
    for (guint i = 0; i < USERS; i++) {
        User *u = &users[i];
        BlockUser user = { .loop = event_loop_main(),
                           .activated = activated,
                           .opaque = u };
        *u = (User){ .path = g_strdup_printf("%s/%u", dir, i) };
        g_assert_true(g_file_set_contents(u->path, (char *)content, 512, NULL));
        g_autofree char *json = g_strdup_printf(
            "{\"driver\":\"file\",\"node-name\":\"n%u\",\"filename\":\"%s\"}", i,
            u->path);
        g_autoptr(ConfigNode) config = config_parse_json(json, NULL);
        u->node = block_node_add(config, NULL);
        g_assert_nonnull(u->node);
        g_assert_nonnull(block_node_attach(u->node, &user, NULL));
    }
}

static void del_users(void)
{
    for (guint i = 0; i < USERS; i++) {
        g_autofree char *name = g_strdup_printf("n%u", i);
        node_detach(users[i].node);
        g_assert_true(node_del(name, NULL));
        g_assert_cmpint(g_unlink(users[i].path), ==, 0);
        g_free(users[i].path);
    }
}

/* All of them are locked, and active; or none is. */
static gboolean are_active(void)
{
    gboolean first = block_node_is_active(users[0].node);

    for (guint i = 0; i < USERS; i++) {
        struct flock fl = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1
        };
        int fd = open(users[i].path, O_RDWR);
        g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &fl), ==, 0);
        close(fd);
        g_assert_cmpint(block_node_is_active(users[i].node), ==, first);
        g_assert_cmpint(fl.l_type != F_UNLCK, ==, first);
    }
    return first;
}

static void until_asked(const User *u, guint times)
{
    while (u->asked < times) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void test_waits(void)
{
    Late late = { FALSE };

    add_users();
    users[0].at_once = TRUE;
    block_activate_all(late_done, &late);
    until_asked(&users[2], 1);
    ready(&users[2], users[2].done, users[2].opaque);
    g_assert_false(late.done);
    g_assert_true(block_activity_changes());
    ready(&users[1], users[1].done, users[1].opaque);
    g_assert_true(late.done);
    g_assert_no_error(late.error);
    g_assert_true(are_active());
    g_assert_true(nodes_activate(NULL)); /* nothing to do */
    for (guint i = 0; i < USERS; i++) {
        g_assert_cmpuint(users[i].asked, ==, 1);
    }
    del_users();
}

/* The first error counts, when all have ended; then it can be tried again. */
static void test_fails(void)
{
    g_autoptr(GError) error = NULL;
    Late late = { FALSE };

    add_users();
    users[0].at_once = TRUE;
    users[1].fails = "the first";
    users[2].fails = "the second";
    block_activate_all(late_done, &late);
    until_asked(&users[2], 1);
    ready(&users[1], users[1].done, users[1].opaque);
    g_assert_true(are_active());
    ready(&users[2], users[2].done, users[2].opaque);
    g_assert_false(late_wait(&late, &error));
    g_assert_cmpstr(error->message, ==, "the first");
    g_assert_false(are_active());
    g_assert_true(block_starts_inactive());
    g_clear_error(&error);

    users[0].fails = "at once";
    users[1].at_once = users[2].at_once = TRUE;
    g_assert_false(nodes_activate(&error));
    g_assert_cmpstr(error->message, ==, "at once");
    g_assert_false(are_active());
    users[0].fails = users[1].fails = users[2].fails = NULL;
    g_assert_true(nodes_activate(NULL));
    g_assert_true(are_active());
    g_assert_false(block_starts_inactive());
    g_assert_cmpuint(users[0].asked, ==, 3);
    del_users();
}

static void flushed(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static int flush(BlockNode *node)
{
    int ret = 1;
    BlockRequest r = { .op = BLOCK_FLUSH, .done = flushed, .opaque = &ret };

    block_submit(node_user(node), &r);
    while (ret > 0) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    return ret;
}

/* Who writes all anew has lost nothing by a flush that failed before. */
static void test_flush_error(void)
{
    add_users();
    for (guint i = 0; i < USERS; i++) {
        users[i].at_once = TRUE;
    }
    g_assert_true(nodes_activate(NULL));
    block_file(users[1].node)->flush_error = EIO;
    g_assert_cmpint(flush(users[1].node), ==, -EIO);
    g_assert_true(nodes_inactivate(NULL));
    g_assert_true(nodes_activate(NULL));
    g_assert_cmpint(flush(users[1].node), ==, 0);
    del_users();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-active-XXXXXX", NULL);
    event_init();
    g_test_add_func("/block-active/waits", test_waits);
    g_test_add_func("/block-active/fails", test_fails);
    g_test_add_func("/block-active/flush-error", test_flush_error);
    int ret = g_test_run();
    block_cleanup();
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
    return ret;
}
