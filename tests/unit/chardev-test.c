/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices: real sockets, terminals and files; the main loop runs here. */
#include "config.h"

#include "chardev/chardev.h"
#include "config/keyval.h"
#include "event/loop.h"
#include "util/created.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static char *tmp_dir;

typedef struct User {
    GString *in;
    size_t room;
    guint opened, closed, writable;
    ChardevFront *front;
} User;

static size_t user_can_receive(void *opaque)
{
    return ((User *)opaque)->room;
}

static void user_receive(void *opaque, const guint8 *buf, size_t len)
{
    User *user = opaque;

    g_assert_cmpuint(len, <=, user->room);
    g_string_append_len(user->in, (const char *)buf, len);
}

static void user_event(void *opaque, ChardevEvent event)
{
    User *user = opaque;

    user->opened += event == CHARDEV_OPENED;
    user->closed += event == CHARDEV_CLOSED;
}

static void user_writable(void *opaque)
{
    ((User *)opaque)->writable++;
}

static const ChardevUser user_ops = { user_can_receive, user_receive, user_event,
                                      user_writable };

/* Dispatches until the condition holds; each event wakes us, so no polling. */
#define WAIT_UNTIL(condition)                                                            \
    while (!(condition)) {                                                               \
        event_loop_iterate(event_loop_main(), TRUE);                                     \
    }

/* What is ready now and no more. */
static void settle(void)
{
    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static Chardev *make(const char *options, User *user, GError **errp)
{
    g_autoptr(ConfigNode) node = keyval_parse(options, "backend", NULL);
    Chardev *chr = chardev_new(node, errp);

    if (chr && user) {
        user->in = g_string_new(NULL);
        user->room = 4096;
        g_assert_true(chardev_attach(chr, &user_ops, user, &user->front, NULL));
    }
    return chr;
}

static void drop(User *user, const char *id)
{
    chardev_detach(&user->front);
    g_assert_null(user->front);
    g_assert_true(chardev_delete(id, NULL));
    g_assert_null(chardev_find(id));
    g_string_free(user->in, TRUE);
}

static int connect_to(const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    return fd;
}

static void expect_read(int fd, const char *text)
{
    char buf[64] = { 0 };
    size_t done = 0;

    while (done < strlen(text)) {
        ssize_t n = read(fd, buf + done, strlen(text) - done);

        g_assert_cmpint(n, >, 0);
        done += n;
    }
    g_assert_cmpstr(buf, ==, text);
}

static char *query_filename(void)
{
    g_autoptr(ConfigNode) list = chardev_query();
    ConfigNode *entry = config_list_at(list, 0);

    return g_strdup(config_map_string(entry, "filename"));
}

static void test_server(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "s", NULL);
    g_autofree char *options =
        g_strdup_printf("socket,id=c,path=%s,server=on,wait=off", path);
    g_autofree char *name = NULL;
    g_autofree char *expected = g_strdup_printf("disconnected:unix:%s,server=on", path);
    User user = { 0 };
    make(options, &user, NULL);
    struct stat st;
    int a, b;

    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    name = query_filename();
    g_assert_cmpstr(name, ==, expected);
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"x", 1), ==, 1);

    a = connect_to(path);
    b = connect_to(path);
    WAIT_UNTIL(user.opened == 1);
    g_assert_true(chardev_connected(user.front));
    g_assert_cmpint(write(b, "two", 3), ==, 3);
    g_assert_cmpint(write(a, "one", 3), ==, 3);
    WAIT_UNTIL(user.in->len == 3);
    settle();
    g_assert_cmpstr(user.in->str, ==, "one"); /* b waits */
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"hello", 5), ==, 5);
    expect_read(a, "hello");
    close(a);
    WAIT_UNTIL(user.in->len == 6);
    g_assert_cmpuint(user.closed, ==, 1);
    g_assert_cmpuint(user.opened, ==, 2);
    g_assert_cmpstr(user.in->str, ==, "onetwo");

    chardev_disconnect(user.front);
    WAIT_UNTIL(user.closed == 2);
    g_assert_cmpint(read(b, &st, 1), ==, 0);
    close(b);
    drop(&user, "c");
    WAIT_UNTIL(access(path, F_OK) < 0); /* beside the loop */
}

static void test_flow(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "s", NULL);
    g_autofree char *options =
        g_strdup_printf("socket,id=c,path=%s,server=on,wait=off", path);
    static guint8 block[65536];
    User user = { 0 };
    make(options, &user, NULL);
    size_t total = 0, taken;
    int fd = connect_to(path);

    WAIT_UNTIL(user.opened == 1);
    user.room = 0; /* no room: nothing arrives, and the loop does not spin */
    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    settle();
    g_assert_cmpuint(user.in->len, ==, 0);
    user.room = 2;
    chardev_resume(user.front);
    WAIT_UNTIL(user.in->len == 3);

    do { /* a peer that does not read: a short write, then a call */
        taken = chardev_write(user.front, block, sizeof(block));
        total += taken;
    } while (taken == sizeof(block));
    settle();
    g_assert_cmpuint(user.writable, ==, 0);
    while (total > 0) {
        ssize_t n = read(fd, block, sizeof(block));

        g_assert_cmpint(n, >, 0);
        total -= n;
    }
    WAIT_UNTIL(user.writable == 1);
    close(fd);
    WAIT_UNTIL(user.closed == 1);
    drop(&user, "c");
}

/* Input that nobody takes does not keep the next client out when the first has gone. */
static void test_gone_unread(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "s", NULL);
    g_autofree char *options =
        g_strdup_printf("socket,id=c,path=%s,server=on,wait=off", path);
    User user = { 0 };
    make(options, &user, NULL);
    int a, b;

    for (int late = 0; late < 2; late++) {
        guint opened = user.opened, closed = user.closed;

        user.room = 0;
        a = connect_to(path);
        WAIT_UNTIL(user.opened == opened + 1);
        g_assert_cmpint(write(a, "old", 3), ==, 3);
        settle();
        close(a);
        settle(); /* it stays, with what it has said */
        g_assert_cmpuint(user.closed, ==, closed);
        if (late) { /* for who has room before another one comes */
            user.room = 4096;
            chardev_resume(user.front);
            WAIT_UNTIL(user.closed == closed + 1);
            g_assert_cmpstr(user.in->str, ==, "newold");
        }
        b = connect_to(path);
        WAIT_UNTIL(user.opened == opened + 2);
        g_assert_cmpuint(user.closed, ==, closed + 1);
        g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"hello", 5), ==, 5);
        expect_read(b, "hello");
        user.room = 4096;
        chardev_resume(user.front);
        g_assert_cmpint(write(b, "new", 3), ==, 3);
        WAIT_UNTIL(user.in->len == (late ? 9 : 3));
        close(b);
        WAIT_UNTIL(user.closed == closed + 2);
    }
    g_assert_cmpstr(user.in->str, ==, "newoldnew");
    drop(&user, "c");
}

static void send_with_fds(int sock, const int *fds, int n)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * 4)];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov = { (char *)"f", 1 };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    g_assert_cmpint(sendmsg(sock, &msg, 0), ==, 1);
}

static void test_fds(void)
{
    User user = { 0 };
    g_autofree char *options = NULL;
    int pair[2], pipes[2], got;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_assert_cmpint(pipe(pipes), ==, 0);
    options = g_strdup_printf("socket,id=c,fd=%d", pair[0]);
    make(options, &user, NULL);
    g_assert_true(chardev_connected(user.front));
    g_assert_cmpuint(user.opened, ==, 1);
    g_assert_cmpint(chardev_take_fd(user.front), ==, -1);

    send_with_fds(pair[1], pipes, 2);
    WAIT_UNTIL(user.in->len == 1);
    send_with_fds(pair[1], &pipes[1], 1); /* replaces both of the first message */
    WAIT_UNTIL(user.in->len == 2);
    got = chardev_take_fd(user.front);
    g_assert_cmpint(got, >=, 0);
    g_assert_cmpint(fcntl(got, F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpint(write(got, "p", 1), ==, 1);
    expect_read(pipes[0], "p");
    g_assert_cmpint(chardev_take_fd(user.front), ==, -1);
    send_with_fds(pair[1], pipes, 2); /* freed with the chardev */
    WAIT_UNTIL(user.in->len == 3);
    close(got);
    close(pair[1]);
    close(pipes[0]);
    close(pipes[1]);
    drop(&user, "c");
}

static void test_reconnect(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "s", NULL);
    g_autofree char *client = g_strdup_printf("socket,id=c,path=%s,reconnect-ms=1", path);
    g_autofree char *server =
        g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    User cu = { 0 }, su = { 0 };
    make(client, &cu, NULL);

    g_assert_false(chardev_connected(cu.front));
    make(server, &su, NULL);
    WAIT_UNTIL(cu.opened == 1 && su.opened == 1);
    chardev_disconnect(su.front);
    WAIT_UNTIL(cu.opened == 2 && su.opened == 2);
    g_assert_cmpuint(cu.closed, ==, 1);
    drop(&cu, "c");
    drop(&su, "s");
}

/* A TCP server on a port that is free, "s"; what makes it, and its client "c" with more.
 */
static Chardev *make_tcp(User *user, const char *more, char **server, char **client)
{
    static int next;
    Chardev *s = NULL;

    *server = *client = NULL;
    while (!s) {
        int port = 20000 + (getpid() + next++) % 20000;

        g_free(*server);
        g_free(*client);
        *server =
            g_strdup_printf("socket,id=s,host=127.0.0.1,port=%d,server,nowait", port);
        *client = g_strdup_printf("socket,id=c,host=127.0.0.1,port=%d,%s", port, more);
        s = make(*server, user, NULL);
    }
    return s;
}

static void test_tcp(void)
{
    User su = { 0 }, cu = { 0 };
    g_autofree char *server = NULL, *client = NULL;
    make_tcp(&su, "nodelay=on", &server, &client);
    make(client, &cu, NULL);

    g_assert_true(chardev_connected(cu.front));
    WAIT_UNTIL(su.opened == 1);
    g_assert_cmpuint(chardev_write(cu.front, (const guint8 *)"tcp", 3), ==, 3);
    WAIT_UNTIL(su.in->len == 3);
    drop(&cu, "c");
    WAIT_UNTIL(su.closed == 1);
    drop(&su, "s");
}

/* Who comes while there is no descriptor waits until there is one. */
static void test_no_descriptor(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "full", NULL);
    g_autofree char *server =
        g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct rlimit before, none;
    User su = { 0 };
    make(server, &su, NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), next;

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    next = dup(fd);
    close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    none = (struct rlimit){ next, before.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    settle();
    g_assert_cmpuint(su.opened, ==, 0);
    /* It does not wake the loop any more; the timer does. */
    g_assert_false(g_main_context_pending(event_loop_context(event_loop_main())));
    setrlimit(RLIMIT_NOFILE, &before);
    WAIT_UNTIL(su.opened == 1);
    close(fd);
    WAIT_UNTIL(su.closed == 1);
    drop(&su, "s");
}

/* A TCP client whose server goes and comes back. */
static void test_tcp_reconnect(void)
{
    User su = { 0 }, cu = { 0 };
    g_autofree char *server = NULL, *client = NULL;
    make_tcp(&su, "reconnect-ms=1", &server, &client);
    make(client, &cu, NULL);

    WAIT_UNTIL(su.opened == 1);
    drop(&su, "s");
    WAIT_UNTIL(cu.closed == 1);
    su = (User){ 0 };
    make(server, &su, NULL);
    WAIT_UNTIL(cu.opened == 2 && su.opened == 1);
    drop(&cu, "c");
    WAIT_UNTIL(su.closed == 1);
    drop(&su, "s");
}

static void test_pty(void)
{
    g_autofree char *name = NULL;
    static guint8 block[65536];
    User user = { 0 };
    make("pty,id=p", &user, NULL);
    struct termios termios;
    int fd;

    name = query_filename();
    g_assert_true(g_str_has_prefix(name, "pty:/dev/pts/"));
    /* Nobody has it open: nothing is taken, nobody waits. */
    g_assert_cmpuint(chardev_write(user.front, block, sizeof(block)), ==, sizeof(block));
    g_assert_false(chardev_connected(user.front));

    fd = open(name + strlen("pty:"), O_RDWR | O_NOCTTY);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(tcgetattr(fd, &termios), ==, 0);
    g_assert_cmpint(termios.c_lflag & (ECHO | ICANON), ==, 0);
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"hi\n", 3), ==, 3);
    expect_read(fd, "hi\n");
    g_assert_cmpuint(user.opened, ==, 1);
    g_assert_cmpint(write(fd, "ls\r", 3), ==, 3);
    WAIT_UNTIL(user.in->len == 3);
    g_assert_cmpstr(user.in->str, ==, "ls\r");

    /* Open but not read: a short write, and the end is seen all the same. */
    user.room = 0;
    while (chardev_write(user.front, block, sizeof(block)) == sizeof(block)) {
    }
    close(fd);
    WAIT_UNTIL(user.closed == 1);
    g_assert_cmpuint(chardev_write(user.front, block, 1), ==, 1);

    /* A quiet guest: the timer finds the peer. */
    user.room = 10;
    fd = open(name + strlen("pty:"), O_RDWR | O_NOCTTY);
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    WAIT_UNTIL(user.opened == 2 && user.in->len == 4);
    close(fd);
    drop(&user, "p");
}

static void test_file_and_null(void)
{
    g_autofree char *path = g_build_filename(tmp_dir, "f", NULL);
    g_autofree char *write_new = g_strdup_printf("file,id=f,path=%s", path);
    g_autofree char *append = g_strdup_printf("file,id=f,path=%s,append=on", path);
    g_autofree char *text = NULL;
    User user = { 0 };
    make(write_new, &user, NULL);

    g_assert_cmpuint(user.opened, ==, 1);
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"one", 3), ==, 3);
    drop(&user, "f");
    make(append, &user, NULL);
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"two", 3), ==, 3);
    drop(&user, "f");
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "onetwo");
    g_unlink(path);

    make("null,id=n", &user, NULL);
    g_assert_true(chardev_connected(user.front));
    g_assert_cmpuint(chardev_write(user.front, (const guint8 *)"void", 4), ==, 4);
    drop(&user, "n");
}

static void test_errors(void)
{
    static const struct {
        const char *options, *message;
    } rows[] = {
        { "id=x", "Parameter 'backend' is missing" },
        { "null", "Parameter 'id' is missing" },
        { "vc,id=x",
          "Parameter 'backend' does not accept value 'vc' "
          "(it is one of file, mux, null, pipe, pty, ringbuf, socket, stdio)" },
        { "null,id=taken", "Chardev with id 'taken' already exists" },
        { "null,id=x,path=/y", "Invalid parameter 'path'" },
        { "file,id=x", "Parameter 'path' is missing" },
        { "file,id=x,path=/nonexistent/y",
          "Could not open '/nonexistent/y': No such file or directory" },
        { "socket,id=x", "exactly one of 'path', 'fd' and 'port' is required" },
        { "socket,id=x,path=/a,fd=3",
          "exactly one of 'path', 'fd' and 'port' is required" },
        { "socket,id=x,path=/nonexistent/s",
          "Failed to connect to '/nonexistent/s': No such file or directory" },
        { "socket,id=x,path=/nonexistent/s,server=on,wait=off",
          "Failed to bind socket to /nonexistent/s: No such file or directory" },
        { "socket,id=x,fd=0", "File descriptor '0' is not a socket: Socket operation on "
                              "non-socket" },
        { "socket,id=x,path=/a,server=on,reconnect=1",
          "'reconnect' option is incompatible with 'server=on'" },
        { "socket,id=x,port=65536",
          "Parameter 'port': '65536' is not a port number from 0 to 65535" },
        { "socket,id=x,port=+1,server=on",
          "Parameter 'port': '+1' is not a port number from 0 to 65535" },
        { "socket,id=x,path=/a,telnet=on",
          "Property 'socket.telnet' value 'on' is not supported" },
    };
    Chardev *taken = make("null,id=taken", NULL, NULL);
    User user = { .in = g_string_new(NULL) };
    GError *error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_null(make(rows[i].options, NULL, &error));
        g_assert_cmpstr(error->message, ==, rows[i].message);
        g_clear_error(&error);
    }
    g_assert_true(chardev_attach(taken, &user_ops, &user, &user.front, NULL));
    g_assert_false(chardev_attach(taken, &user_ops, &user, &user.front, &error));
    g_assert_cmpstr(error->message, ==, "chardev 'taken' is already in use");
    g_clear_error(&error);
    g_assert_false(chardev_delete("taken", &error));
    g_assert_cmpstr(error->message, ==, "Chardev 'taken' is busy");
    g_clear_error(&error);
    drop(&user, "taken");
    g_assert_false(chardev_delete("taken", &error));
    g_assert_cmpstr(error->message, ==, "Chardev 'taken' not found");
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    int null_fd = open("/dev/null", O_RDWR);
    int rc;

    g_test_init(&argc, &argv, NULL);
    dup2(null_fd, 0); /* test_errors: certainly not a socket */
    close(null_fd);
    event_init();
    created_keep(); /* as after the start */
    tmp_dir = g_dir_make_tmp("vireo-chardev-XXXXXX", NULL);
    /* First: threads close what others have left, and free a descriptor. */
    g_test_add_func("/chardev/no-descriptor", test_no_descriptor);
    g_test_add_func("/chardev/server", test_server);
    g_test_add_func("/chardev/flow", test_flow);
    g_test_add_func("/chardev/gone-unread", test_gone_unread);
    g_test_add_func("/chardev/fds", test_fds);
    g_test_add_func("/chardev/reconnect", test_reconnect);
    g_test_add_func("/chardev/tcp", test_tcp);
    g_test_add_func("/chardev/tcp-reconnect", test_tcp_reconnect);
    g_test_add_func("/chardev/pty", test_pty);
    g_test_add_func("/chardev/file-and-null", test_file_and_null);
    g_test_add_func("/chardev/errors", test_errors);
    rc = g_test_run();
    chardev_cleanup();
    g_rmdir(tmp_dir);
    g_free(tmp_dir);
    return rc;
}
