/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chardevs that change under their front ends, or come late; back ends without a peer:
 * pipe, ringbuf; logs.
 */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keyval.h"
#include "tests/unit/chardev-user.h"

static GError *change_error;
static guint changed;

static void change_done(void *opaque, GError *error)
{
    g_clear_error(&change_error);
    change_error = error;
    changed++;
}

static void change(const char *options, void (*later)(ConfigNode *, ChardevDone, void *))
{
    g_autoptr(ConfigNode) node = keyval_parse(options, "backend", NULL);
    guint before = changed;

    later(node, change_done, NULL);
    WAIT_UNTIL(changed > before);
}

static void change_ok(const char *options)
{
    change(options, chardev_change_later);
    g_assert_no_error(change_error);
}

static void change_fails(const char *options, const char *message)
{
    change(options, chardev_change_later);
    g_assert_error(change_error, change_error->domain, change_error->code);
    g_assert_cmpstr(change_error->message, ==, message);
}

static void test_change(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "c", NULL);
    g_autofree char *to_file = g_strdup_printf("file,id=m,path=%s", path);
    g_autofree char *to_socket =
        g_strdup_printf("socket,id=m,path=%s,server=on,wait=off", path);
    g_autofree char *text = NULL;
    g_autoptr(GString) got = g_string_new(NULL);
    User a;
    int fd = make_pair("");
    size_t before;

    user_init(&a, "a");
    attach(&a, "m", &user_ops);
    expect_trail("a:open");
    change_fails("file,id=m,path=/nonexistent/x", "Could not open '/nonexistent/x': "
                                                  "No such file or directory");
    change_fails("null,id=other", "Chardev 'other' does not exist");
    send_text(fd, "still here");
    expect_in(&a, "still here");

    g_string_set_size(a.out, 1 << 20); /* a late reader, and what is left for the next */
    memset(a.out->str, 'x', 1 << 20);
    user_write(&a);
    g_assert_cmpuint(a.out->len, >, 0);
    before = a.out->len;
    change_ok(to_file);
    WAIT_UNTIL(a.out->len == 0);
    g_assert_cmpuint(drain(fd, got), ==, (1 << 20) - before);
    g_assert_cmpint(read(fd, &before, 1), ==, 0); /* its end */
    g_assert_true(g_str_has_prefix(trail->str, "a:write"));
    g_assert_null(strstr(trail->str, "closed"));
    g_string_truncate(trail, 0);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpuint(strlen(text) + got->len, ==, 1 << 20);
    g_unlink(path);

    change_ok(to_socket); /* nobody is there yet */
    expect_trail("a:closed");
    change_ok("null,id=m");
    expect_trail("a:open");
    WAIT_UNTIL(access(path, F_OK) < 0); /* its socket goes, beside the loop */
    user_clear(&a);
    change_ok("ringbuf,id=m"); /* of one that nobody has */
    delete_chardev("m");
    close(fd);
}

static void test_change_refused(void)
{
    User a;
    int fd = make_pair(",mux=on");

    user_init(&a, "a");
    change_fails("null,id=m", "Mux device hotswap not supported yet");
    change_fails("null,id=m-base", "Chardev user does not support chardev hotswap");
    delete_chardev("m");
    g_assert_nonnull(make("null,id=m", NULL));
    attach(&a, "m", &session_ops);
    change_fails("ringbuf,id=m", "Chardev user does not support chardev hotswap");
    change("null,id=m", chardev_add_later);
    g_assert_cmpstr(change_error->message, ==, "Chardev with id 'm' already exists");
    change("ringbuf,id=n,size=3", chardev_add_later);
    g_assert_cmpstr(change_error->message, ==,
                    "Failed to add chardev 'n': size of ringbuf chardev must be power of "
                    "two");
    g_assert_null(chardev_find("n"));
    user_clear(&a);
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

static void test_pty_late(void)
{
    g_autofree char *path = NULL;
    int fd;

    change("pty,id=p", chardev_add_later);
    g_assert_no_error(change_error);
    path = chardev_pty_path(chardev_find("p"));
    g_assert_true(g_str_has_prefix(path, "/dev/pts/"));
    fd = open(path, O_RDWR | O_NOCTTY);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    delete_chardev("p");
}

/* pipe, ringbuf, logfile= */

static void test_pipe(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "fifo", NULL);
    g_autofree char *in = g_strconcat(path, ".in", NULL);
    g_autofree char *out = g_strconcat(path, ".out", NULL);
    g_autofree char *options = g_strdup_printf("pipe,id=p,path=%s", path);
    g_autofree char *expected = g_strdup_printf("Could not open '%s': No such file or "
                                                "directory",
                                                path);
    g_autoptr(GError) error = NULL;
    User a;
    int to, from;

    g_assert_null(make(options, &error));
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_cmpint(mkfifo(in, 0600) | mkfifo(out, 0600), ==, 0);
    g_assert_nonnull(make(options, NULL));
    user_init(&a, "a");
    attach(&a, "p", &user_ops);
    expect_trail("a:open");
    from = open(out, O_RDONLY | O_NONBLOCK);
    to = open(in, O_WRONLY | O_NONBLOCK);
    send_text(to, "in");
    expect_in(&a, "in");
    g_string_assign(a.out, "out");
    user_write(&a);
    expect_out(from, "out");
    close(to);
    close(from);
    settle();
    expect_trail(""); /* who comes and goes is nobody's business */
    g_assert_true(loop_is_idle());
    user_clear(&a);
    delete_chardev("p");
    g_unlink(in);
    g_unlink(out);
}

static void expect_ring(size_t len, const char *text)
{
    g_autoptr(GByteArray) got = chardev_ringbuf_read("r", len, NULL);

    g_byte_array_append(got, (const guint8 *)"", 1);
    g_assert_cmpstr((const char *)got->data, ==, text);
}

static void test_ringbuf(void)
{
    User a;
    GError *error = NULL;

    g_assert_nonnull(make("ringbuf,id=r,size=8", NULL));
    expect_ring(8, "");
    user_init(&a, "a");
    attach(&a, "r", &user_ops);
    g_string_assign(a.out, "12345");
    user_write(&a);
    expect_ring(2, "12");
    g_assert_true(chardev_ringbuf_write("r", (const guint8 *)"abcde", 5, NULL));
    expect_ring(3, "345");
    expect_ring(99, "abcde");
    g_assert_true(chardev_ringbuf_write("r", (const guint8 *)"abc", 3, NULL));
    g_assert_true(chardev_ringbuf_write("r", (const guint8 *)"0123456789", 10, NULL));
    expect_ring(99, "23456789");
    for (int i = 0; i < 20; i++) {
        g_assert_true(chardev_ringbuf_write("r", (const guint8 *)"xyz", 3, NULL));
    }
    expect_ring(99, "yzxyzxyz");
    user_clear(&a);
    delete_chardev("r");
    g_assert_null(chardev_ringbuf_read("r", 1, &error));
    g_assert_cmpstr(error->message, ==, "Device 'r' not found");
    g_clear_error(&error);
    g_assert_nonnull(make("null,id=r", NULL));
    g_assert_null(chardev_ringbuf_read("r", 1, &error));
    g_assert_cmpstr(error->message, ==, "r is not a ringbuf device");
    g_clear_error(&error);
    delete_chardev("r");
    g_string_truncate(trail, 0);
}

static void expect_log(const char *path, const char *text)
{
    g_autofree char *got = NULL;

    g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
    g_assert_cmpstr(got, ==, text);
}

static void write_once(const char *options, const char *text)
{
    User a;

    g_assert_nonnull(make(options, NULL));
    user_init(&a, "a");
    attach(&a, "l", &user_ops);
    g_string_assign(a.out, text);
    user_write(&a);
    g_assert_cmpuint(a.out->len, ==, 0);
    user_clear(&a);
    delete_chardev("l");
    g_string_truncate(trail, 0);
}

/* Also of what goes to nobody. */
static void test_log(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "log", NULL);
    g_autofree char *sock = g_build_filename(tmp_dir, "s", NULL);
    g_autofree char *null = g_strdup_printf("null,id=l,logfile=%s", path);
    g_autofree char *more = g_strdup_printf(
        "socket,id=l,path=%s,server=on,wait=off,logfile=%s,logappend=on", sock, path);
    g_autofree char *mux = g_strdup_printf("mux,id=y,chardev=x,logfile=%s", path);
    g_autoptr(GError) error = NULL;

    write_once(null, "one\n");
    write_once(more, "two\n");
    expect_log(path, "one\ntwo\n");
    write_once(null, "three\n");
    expect_log(path, "three\n");
    g_assert_null(make("null,id=l,logfile=/nonexistent/l", &error));
    g_assert_cmpstr(error->message, ==,
                    "Could not create '/nonexistent/l': No such file or directory");
    g_clear_error(&error);
    g_assert_nonnull(make("null,id=x", NULL));
    g_assert_null(make(mux, &error));
    g_assert_cmpstr(error->message, ==,
                    "mux: 'logfile' is an option of the base chardev");
    delete_chardev("x");
    g_unlink(path);
}

/* A log that is read late holds up the front end, and has all in the end. */
static void test_log_waits(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "slow", NULL);
    g_autofree char *more = g_strdup_printf(",logfile=%s,logappend=on", path);
    g_autoptr(GString) got = g_string_new(NULL), logged = g_string_new(NULL);
    size_t all = 1 << 20;
    User a;
    int log, fd;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    log = open(path, O_RDONLY | O_NONBLOCK);
    fd = make_pair(more);
    user_init(&a, "a");
    attach(&a, "m", &user_ops);
    g_string_set_size(a.out, all);
    memset(a.out->str, 'x', all);
    user_write(&a);
    while (got->len < all || logged->len < all) {
        g_assert_true(a.out->len > 0 || got->len < all || logged->len < all);
        drain(fd, got);
        settle();
        drain(log, logged);
        settle();
    }
    g_assert_cmpuint(a.out->len, ==, 0);
    g_assert_cmpuint(got->len, ==, all);
    g_assert_cmpuint(logged->len, ==, all);
    user_clear(&a);
    delete_chardev("m");
    close(fd);
    close(log);
    g_unlink(path);
    g_string_truncate(trail, 0);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/change", test_change);
    g_test_add_func("/chardev/change-refused", test_change_refused);
    g_test_add_func("/chardev/pty-late", test_pty_late);
    g_test_add_func("/chardev/pipe", test_pipe);
    g_test_add_func("/chardev/ringbuf", test_ringbuf);
    g_test_add_func("/chardev/log", test_log);
    g_test_add_func("/chardev/log-waits", test_log_waits);
    rc = chardev_tests_run();
    g_clear_error(&change_error);
    return rc;
}
