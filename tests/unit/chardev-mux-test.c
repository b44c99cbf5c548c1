/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several front ends on one chardev, and chardevs that change under their front ends:
 * over a socket pair whose other end the test has. The main loop runs here.
 */
#include "config.h"

#include "chardev/chardev.h"
#include "config/keyval.h"
#include "event/loop.h"
#include "util/created.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char *tmp_dir;
static GString *trail; /* events and turns to write, in their order: "a:open" */

typedef struct User {
    const char *name;
    ChardevFront *front;
    GString *in;
    size_t room;
    GString *out;    /* what it has to write */
    gboolean leaves; /* when something comes */
} User;

static void note(const User *user, const char *what)
{
    g_string_append_printf(trail, "%s%s:%s", trail->len ? " " : "", user->name, what);
}

static void expect_trail(const char *text)
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

static void user_write(User *user)
{
    size_t n = chardev_write(user->front, (const guint8 *)user->out->str, user->out->len);

    g_string_erase(user->out, 0, (gssize)n);
}

static void user_writable(void *opaque)
{
    note(opaque, "write");
    user_write(opaque);
}

static const ChardevUser ops = { .can_receive = user_can_receive,
                                 .receive = user_receive,
                                 .event = user_event,
                                 .writable = user_writable };
static const ChardevUser session_ops = { .can_receive = user_can_receive,
                                         .receive = user_receive,
                                         .event = user_event,
                                         .writable = user_writable,
                                         .unchangeable = TRUE,
                                         .opens_itself = TRUE };

static void user_init(User *user, const char *name)
{
    *user = (User){
        .name = name, .in = g_string_new(NULL), .room = 4096, .out = g_string_new(NULL)
    };
}

static void user_clear(User *user)
{
    chardev_detach(&user->front);
    g_string_free(user->in, TRUE);
    g_string_free(user->out, TRUE);
}

static void attach(User *user, const char *id, const ChardevUser *with)
{
    g_autoptr(GError) error = NULL;

    chardev_attach(chardev_find(id), with, user, &user->front, &error);
    g_assert_no_error(error);
}

#define WAIT_UNTIL(condition)                                                            \
    while (!(condition)) {                                                               \
        event_loop_iterate(event_loop_main(), TRUE);                                     \
    }

static void settle(void)
{
    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static Chardev *make(const char *options, GError **errp)
{
    g_autoptr(ConfigNode) node = keyval_parse(options, "backend", NULL);

    return chardev_new(node, errp);
}

/* The other end of a new chardev "m" of that backend socket. */
static int make_pair(const char *more)
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

static void delete_chardev(const char *id)
{
    g_autoptr(GError) error = NULL;

    chardev_delete(id, &error);
    g_assert_no_error(error);
    g_assert_null(chardev_find(id));
}

static void send_text(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
}

static void expect_out(int fd, const char *text)
{
    char buf[1024];
    ssize_t n = read(fd, buf, sizeof(buf) - 1);

    g_assert_cmpint(n, >=, 0);
    buf[n] = 0;
    g_assert_cmpstr(buf, ==, text);
}

static void expect_in(User *user, const char *text)
{
    WAIT_UNTIL(user->in->len >= strlen(text));
    settle();
    g_assert_cmpstr(user->in->str, ==, text);
    g_string_truncate(user->in, 0);
}

/* Who has the input, what the keys do, and that all may write. */
static void test_keys(void)
{
    User a, b;
    int fd = make_pair(",mux=on");

    user_init(&a, "a");
    user_init(&b, "b");
    g_assert_nonnull(chardev_find("m-base"));
    attach(&a, "m", &ops);
    expect_trail("a:in a:open");
    attach(&b, "m", &ops);
    expect_trail("a:out b:in b:open");
    send_text(fd, "one\1ctwo\1\1\1cthree\1zfour");
    expect_in(&b, "onethreefour");
    expect_in(&a, "two\1");
    expect_trail("b:out a:in a:out b:in");
    send_text(fd, "\1"); /* its letter comes later */
    settle();
    send_text(fd, "b");
    settle();
    expect_trail("b:break");
    g_string_assign(a.out, "from a");
    user_write(&a);
    g_string_assign(b.out, ", from b");
    user_write(&b);
    expect_out(fd, "from a, from b");
    g_assert_true(chardev_send_break("m", NULL));
    expect_trail("b:break");
    g_assert_true(chardev_send_break("m-base", NULL));
    expect_trail("a:break b:break");
    chardev_detach(&b.front); /* who has the focus goes */
    expect_trail("a:in");
    send_text(fd, "x");
    expect_in(&a, "x");
    close(fd);
    settle();
    expect_trail("a:closed");
    user_clear(&a);
    user_clear(&b);
    delete_chardev("m");
    g_assert_null(chardev_find("m-base"));
}

static void test_help_and_stamps(void)
{
    User a;
    char buf[1024] = { 0 };
    int fd = make_pair(",mux=on");

    user_init(&a, "a");
    attach(&a, "m", &ops);
    send_text(fd, "\1h");
    settle();
    g_assert_cmpint(read(fd, buf, sizeof(buf) - 1), >, 0);
    g_assert_nonnull(strstr(buf, "C-a c"));
    g_assert_nonnull(strstr(buf, "C-a x"));
    send_text(fd, "\1t");
    settle();
    g_string_assign(a.out, "begun\nnext\n");
    user_write(&a);
    memset(buf, 0, sizeof(buf));
    g_assert_cmpint(read(fd, buf, sizeof(buf) - 1), >, 0);
    g_assert_true(
        g_regex_match_simple("^begun\n\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\] next\n$", buf,
                             G_REGEX_DOLLAR_ENDONLY, 0));
    send_text(fd, "\1t");
    settle();
    g_string_assign(a.out, "plain\nx");
    user_write(&a);
    expect_out(fd, "plain\nx");
    user_clear(&a);
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

/* A guest that does not read keeps nobody from the monitor, and loses nothing. */
static void test_input_waits(void)
{
    User guest, mon;
    g_autofree char *text = g_strnfill(4096, 'g');
    int fd = make_pair(",mux=on");

    user_init(&guest, "g");
    user_init(&mon, "m");
    attach(&mon, "m", &session_ops);
    attach(&guest, "m", &ops);
    guest.room = 0;
    send_text(fd, text);
    settle();
    send_text(fd, "\1cstatus");
    settle();
    g_assert_cmpuint(mon.in->len, ==, 0); /* the buffer is full: the peer waits */
    g_assert_false(g_main_context_pending(event_loop_context(event_loop_main())));
    guest.room = 1;
    chardev_resume(guest.front);
    WAIT_UNTIL(guest.in->len == 4096);
    expect_in(&mon, "status");
    g_assert_cmpstr(guest.in->str, ==, text);
    g_string_truncate(guest.in, 0);

    guest.room = 0; /* not full: the monitor is reached at once */
    send_text(fd, "\1ctyped ahead\1cquit");
    expect_in(&mon, "quit");
    g_assert_cmpuint(guest.in->len, ==, 0);
    close(fd); /* what was typed for the guest stays typed */
    settle();
    guest.room = 3;
    chardev_resume(guest.front);
    expect_in(&guest, "typed ahead");
    user_clear(&guest);
    user_clear(&mon);
    delete_chardev("m");
    g_string_truncate(trail, 0);
}

static size_t drain(int fd, GString *to)
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

/* A late reader: a flood of one does not starve another, and all comes. */
static void test_output_waits(void)
{
    User guest, mon;
    g_autoptr(GString) got = g_string_new(NULL);
    int fd = make_pair(",mux=on");
    size_t flood = 4 << 20;

    user_init(&guest, "g");
    user_init(&mon, "m");
    attach(&guest, "m", &ops);
    attach(&mon, "m", &ops);
    g_string_truncate(trail, 0);
    g_free(g_string_free(guest.out, FALSE));
    guest.out = g_string_new_len(NULL, 0);
    g_string_set_size(guest.out, flood);
    memset(guest.out->str, 'g', flood);
    user_write(&guest);
    g_assert_cmpuint(guest.out->len, >, 0);
    g_string_assign(mon.out, "reply");
    user_write(&mon);
    g_assert_cmpuint(mon.out->len, ==, 5); /* its turn comes */
    settle();
    expect_trail("");
    drain(fd, got);
    user_write(&guest); /* there is room, but others wait */
    g_assert_cmpuint(guest.out->len + got->len, ==, flood);
    while (got->len < flood + 5) {
        event_loop_iterate(event_loop_main(), TRUE);
        drain(fd, got);
    }
    g_assert_cmpuint(guest.out->len + mon.out->len, ==, 0);
    /* The monitor's came in the second turn: before most of the flood. */
    g_assert_nonnull(strstr(got->str, "reply"));
    g_assert_nonnull(strstr(strstr(got->str, "reply"), "g"));
    g_assert_cmpuint(strspn(strstr(got->str, "reply") + 5, "g") +
                         (size_t)(strstr(got->str, "reply") - got->str),
                     ==, flood);
    user_clear(&guest);
    user_clear(&mon);
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

static void test_mux_life(void)
{
    User users[5];
    g_autoptr(GError) error = NULL;
    int fd = make_pair("");

    g_assert_null(make("mux,id=x,chardev=nope", &error));
    g_assert_cmpstr(error->message, ==, "mux: base chardev nope not found");
    g_clear_error(&error);
    g_assert_nonnull(make("mux,id=x,chardev=m", NULL));
    g_assert_null(make("mux,id=y,chardev=x", &error));
    g_assert_cmpstr(error->message, ==, "mux: base chardev x is a mux itself");
    g_clear_error(&error);
    g_assert_null(make("mux,id=y,chardev=m", &error));
    g_assert_cmpstr(error->message, ==, "chardev 'm' is already in use");
    g_clear_error(&error);
    g_assert_false(chardev_delete("m", &error));
    g_assert_cmpstr(error->message, ==, "Chardev 'm' is busy");
    g_clear_error(&error);
    send_text(fd, "early"); /* nobody is there: it waits */
    settle();
    for (guint i = 0; i < 5; i++) {
        user_init(&users[i], "u");
        if (i < 4) {
            attach(&users[i], "x", &ops);
        }
    }
    expect_in(&users[3], "early");
    g_assert_false(
        chardev_attach(chardev_find("x"), &ops, &users[4], &users[4].front, &error));
    g_assert_cmpstr(error->message, ==,
                    "too many uses of multiplexed chardev 'x' (maximum is 4)");
    g_assert_null(users[4].front);
    users[3].leaves = TRUE;
    send_text(fd, "bye\1cthere");
    expect_in(&users[0], "there");
    g_assert_cmpstr(users[3].in->str, ==, "bye");
    for (guint i = 0; i < 5; i++) {
        user_clear(&users[i]);
    }
    delete_chardev("x");
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

/* chardev-change */

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
    attach(&a, "m", &ops);
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
    attach(&a, "p", &ops);
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
    g_assert_false(g_main_context_pending(event_loop_context(event_loop_main())));
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
    attach(&a, "r", &ops);
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
    attach(&a, "l", &ops);
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
    attach(&a, "m", &ops);
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
    event_init();
    trail = g_string_new(NULL);
    created_keep(); /* files are made as after the start */
    tmp_dir = g_dir_make_tmp("vireo-chardev-XXXXXX", NULL);
    g_test_add_func("/chardev/mux/keys", test_keys);
    g_test_add_func("/chardev/mux/help-and-stamps", test_help_and_stamps);
    g_test_add_func("/chardev/mux/input-waits", test_input_waits);
    g_test_add_func("/chardev/mux/output-waits", test_output_waits);
    g_test_add_func("/chardev/mux/life", test_mux_life);
    g_test_add_func("/chardev/change", test_change);
    g_test_add_func("/chardev/change-refused", test_change_refused);
    g_test_add_func("/chardev/pty-late", test_pty_late);
    g_test_add_func("/chardev/pipe", test_pipe);
    g_test_add_func("/chardev/ringbuf", test_ringbuf);
    g_test_add_func("/chardev/log", test_log);
    g_test_add_func("/chardev/log-waits", test_log_waits);
    rc = g_test_run();
    chardev_cleanup();
    g_clear_error(&change_error);
    g_string_free(trail, TRUE);
    g_rmdir(tmp_dir);
    g_free(tmp_dir);
    return rc;
}
