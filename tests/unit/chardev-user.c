/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/chardev-user.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/keyval.h"
#include "util/created.h"

char *tmp_dir;
GString *trail;

static void note(const User *user, const char *what)
{
    g_string_append_printf(trail, "%s%s:%s", trail->len ? " " : "", user->name, what);
}

void expect_trail(const char *text)
{
    g_assert_cmpstr(trail->str, ==, text);
    g_string_truncate(trail, 0);
}

static size_t user_can_receive(void *opaque)
{
    return ((User *)opaque)->room;
}

static void user_receive(void *opaque, const guint8 *buf, size_t len)
{
    User *user = opaque;

    g_assert_cmpuint(len, >, 0);
    g_assert_cmpuint(len, <=, user->room);
    g_string_append_len(user->in, (const char *)buf, (gssize)len);
    if (user->leaves) {
        chardev_detach(&user->front);
    }
}

static void user_event(void *opaque, ChardevEvent event)
{
    static const char *const names[] = { "open", "closed", "break", "in", "out" };

    note(opaque, names[event]);
}

void user_write(User *user)
{
    size_t n = chardev_write(user->front, (const guint8 *)user->out->str, user->out->len);

    g_string_erase(user->out, 0, (gssize)n);
}

static void user_writable(void *opaque)
{
    note(opaque, "write");
    user_write(opaque);
}

const ChardevUser user_ops = { .can_receive = user_can_receive,
                               .receive = user_receive,
                               .event = user_event,
                               .writable = user_writable };
const ChardevUser session_ops = { .can_receive = user_can_receive,
                                  .receive = user_receive,
                                  .event = user_event,
                                  .writable = user_writable,
                                  .unchangeable = TRUE,
                                  .opens_itself = TRUE };

void user_init(User *user, const char *name)
{
    *user = (User){
        .name = name, .in = g_string_new(NULL), .room = 4096, .out = g_string_new(NULL)
    };
}

void user_clear(User *user)
{
    chardev_detach(&user->front);
    g_string_free(user->in, TRUE);
    g_string_free(user->out, TRUE);
}

void attach(User *user, const char *id, const ChardevUser *with)
{
    g_autoptr(GError) error = NULL;

    chardev_attach(chardev_find(id), with, user, &user->front, &error);
    g_assert_no_error(error);
}

void settle(void)
{
    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

Chardev *make(const char *options, GError **errp)
{
    g_autoptr(ConfigNode) node = keyval_parse(options, "backend", NULL);

    return chardev_new(node, errp);
}

int make_pair(const char *more)
{
    g_autofree char *options = NULL;
    g_autoptr(GError) error = NULL;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    options = g_strdup_printf("socket,id=m,fd=%d%s", pair[0], more);
    make(options, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fcntl(pair[1], F_SETFL, O_NONBLOCK), ==, 0);
    return pair[1];
}

void delete_chardev(const char *id)
{
    g_autoptr(GError) error = NULL;

    chardev_delete(id, &error);
    g_assert_no_error(error);
    g_assert_null(chardev_find(id));
}

void send_text(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
}

void expect_out(int fd, const char *text)
{
    char buf[1024];
    ssize_t n = read(fd, buf, sizeof(buf) - 1);

    g_assert_cmpint(n, >=, 0);
    buf[n] = 0;
    g_assert_cmpstr(buf, ==, text);
}

void expect_in(User *user, const char *text)
{
    WAIT_UNTIL(user->in->len >= strlen(text));
    settle();
    g_assert_cmpstr(user->in->str, ==, text);
    g_string_truncate(user->in, 0);
}

size_t drain(int fd, GString *to)
{
    char buf[65536];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(to, buf, n);
        total += (size_t)n;
    }
    g_assert_true(n == 0 || errno == EAGAIN);
    return total;
}

gboolean loop_is_idle(void)
{
    return !g_main_context_pending(event_loop_context(event_loop_main()));
}

int chardev_tests_run(void)
{
    int rc;

    event_init();
    created_keep(); /* files are made as after the start */
    trail = g_string_new(NULL);
    tmp_dir = g_dir_make_tmp("vireo-chardev-XXXXXX", NULL);
    rc = g_test_run();
    chardev_cleanup();
    g_string_free(trail, TRUE);
    g_rmdir(tmp_dir);
    g_free(tmp_dir);
    return rc;
}
