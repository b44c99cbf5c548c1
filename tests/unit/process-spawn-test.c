/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spawning, PID files and sockets; this program is its own child: see child_main. */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/listen.h"
#include "process/pidfile.h"

static char *self;

/* Says on its stdout what it finds, then reads stdin or waits to be killed. */
static int child_main(const char *mode)
{
    char cwd[64];

    if (strcmp(mode, "wait") == 0) {
        pause();
    }
    if (strcmp(mode, "limit") == 0) {
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        printf("limit %lu %lu\n", (unsigned long)limit.rlim_cur,
               (unsigned long)limit.rlim_max);
        return 0;
    }
    for (int fd = 0; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("fd %d\n", fd);
        }
    }
    printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
    printf("leader %d\n", getsid(0) == getpid());
    printf("umask %o\n", (unsigned)umask(0));
    printf("env %s %s\n", getenv("WITH") ? "yes" : "no", getenv("HOME") ? "yes" : "no");
    fprintf(stderr, "pid %d\n", (int)getpid());
    return 3;
}

static char *temp_dir(void)
{
    char *dir = g_dir_make_tmp("vireo-process-XXXXXX", NULL);

    g_assert_nonnull(dir);
    return dir;
}

static void remove_dir(const char *dir)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(dir);
}

static int open_log(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static char *read_all(int fd)
{
    char *text = g_malloc0(4096);

    g_assert_cmpint(pread(fd, text, 4095, 0), >, 0);
    return text;
}

static void test_environment(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *text = NULL, *how = NULL;
    char *argv[] = { (char *)"child", (char *)"--child", (char *)"report", NULL };
    char *envp[] = { (char *)"WITH=1", (char *)"ASAN_OPTIONS=detect_leaks=0", NULL };
    int pair[2], log = open_log(dir), pidfd = -1, left_open;
    ProcessSpawn spawn = { .path = self,
                           .argv = argv,
                           .envp = envp,
                           .log_fd = log,
                           .pidfile_fd = -1,
                           .cgroup_fd = -1 };
    g_autoptr(GError) err = NULL;
    g_autofree char *expected = NULL;
    pid_t pid;

    g_assert_cmpint(pipe2(pair, O_CLOEXEC), ==, 0);
    left_open = dup(pair[0]); /* not close-on-exec, and must not be inherited */
    spawn.fds = &pair[1];
    spawn.n_fds = 1;
    g_assert_true(process_spawn(&spawn, &pid, &pidfd, &err));
    g_assert_no_error(err);
    g_assert_true(process_wait(pidfd, 10000));
    how = process_reap(pidfd);
    g_assert_cmpstr(how, ==, "exit status 3");
    text = read_all(log);
    expected = g_strdup_printf("fd 0\nfd 1\nfd 2\nfd %d\ncwd /\nleader 1\numask 77\n"
                               "env yes no\n",
                               pair[1]);
    g_assert_nonnull(strstr(text, expected));
    g_free(expected);
    expected = g_strdup_printf("pid %d\n", (int)pid);
    g_assert_nonnull(strstr(text, expected));
    /* The parent's own flags are as they were. */
    g_assert_cmpint(fcntl(pair[1], F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpint(fcntl(left_open, F_GETFD), ==, 0);
    close(left_open);
    close(pair[0]);
    close(pair[1]);
    close(pidfd);
    close(log);
    remove_dir(dir);
}

static void test_failure(void)
{
    char *argv[] = { (char *)"none", NULL }, *envp[] = { NULL };
    ProcessSpawn spawn = { .path = "/nonexistent/vireo",
                           .argv = argv,
                           .envp = envp,
                           .log_fd = 2,
                           .pidfile_fd = -1,
                           .cgroup_fd = -1 };
    g_autoptr(GError) err = NULL;
    int pidfd, bad = 1000;
    pid_t pid;

    g_assert_false(process_spawn(&spawn, &pid, &pidfd, &err));
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_assert_nonnull(strstr(err->message, "/nonexistent/vireo"));
    g_clear_error(&err);
    spawn.fds = &bad;
    spawn.n_fds = 1;
    g_assert_false(process_spawn(&spawn, &pid, &pidfd, &err));
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_BADF);
}

/* What the PID file says, and of whom. */
static ProcessState check(const char *path, guint64 start_time, pid_t *pid, GError **errp)
{
    int pidfd;
    ProcessState state = process_pidfile_open(path, start_time, pid, &pidfd, errp);

    g_assert_cmpint(pidfd >= 0, ==, state == PROCESS_LIVES);
    if (pidfd >= 0) {
        close(pidfd);
    }
    return state;
}

/* A child that waits, and holds the PID file. */
static pid_t start_holder(const char *dir, const char *path, int *pidfd)
{
    char *argv[] = { (char *)"child", (char *)"--child", (char *)"wait", NULL };
    char *envp[] = { NULL };
    ProcessSpawn spawn = { .path = self, .argv = argv, .envp = envp, .cgroup_fd = -1 };
    g_autoptr(GError) err = NULL;
    pid_t pid;

    spawn.pidfile_fd = process_pidfile_acquire(path, &err);
    g_assert_no_error(err);
    spawn.log_fd = open_log(dir);
    g_assert_true(process_spawn(&spawn, &pid, pidfd, &err));
    close(spawn.log_fd);
    close(spawn.pidfile_fd);
    return pid;
}

static void end_holder(int pidfd)
{
    g_assert_true(process_signal(pidfd, SIGKILL));
    g_assert_true(process_wait(pidfd, 10000));
    g_free(process_reap(pidfd));
    close(pidfd);
}

static void test_pidfile(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *path = g_build_filename(dir, "vm.pid", NULL);
    g_autofree char *how = NULL;
    g_autoptr(GError) err = NULL;
    guint64 start;
    struct stat st;
    pid_t pid, found;
    int pidfd, fd;

    g_assert_cmpint(check(path, 0, &found, NULL), ==, PROCESS_ENDED);
    fd = process_pidfile_acquire(path, &err);
    g_assert_cmpint(fd, >=, 0);
    /* Held, but by whom? */
    g_assert_cmpint(check(path, 0, &found, &err), ==, PROCESS_UNKNOWN);
    g_assert_nonnull(err);
    g_clear_error(&err);
    close(fd);
    g_assert_cmpint(check(path, 0, &found, NULL), ==, PROCESS_ENDED);
    pid = start_holder(dir, path, &pidfd);
    /* The child holds the lock alone now. */
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    start = process_start_time(pid);
    g_assert_cmpuint(start, >, 0);
    g_assert_cmpint(check(path, 0, &found, &err), ==, PROCESS_LIVES);
    g_assert_cmpint(found, ==, pid);
    g_assert_cmpint(check(path, start, &found, &err), ==, PROCESS_LIVES);
    g_assert_cmpint(check(path, start - 1, &found, &err), ==, PROCESS_ENDED);
    g_assert_cmpint(process_pidfile_acquire(path, &err), ==, -1);
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
    g_assert_false(process_wait(pidfd, 10));
    g_assert_true(process_signal(pidfd, SIGKILL));
    g_assert_true(process_wait(pidfd, 10000));
    how = process_reap(pidfd);
    g_assert_true(g_str_has_prefix(how, "signal 9"));
    g_assert_false(process_signal(pidfd, SIGKILL));
    g_assert_cmpint(check(path, start, &found, NULL), ==, PROCESS_ENDED);
    close(pidfd);
    remove_dir(dir);
}

/* What cannot be found out is not taken for an end. */
static void test_pidfile_unknown(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *path = g_build_filename(dir, "vm.pid", NULL);
    g_autofree char *link = g_build_filename(dir, "link.pid", NULL);
    struct rlimit limit, low;
    g_autoptr(GError) err = NULL;
    guint times = 0;
    pid_t found;
    int pidfd;

    start_holder(dir, path, &pidfd);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    for (low = limit, low.rlim_cur = 0; low.rlim_cur < 64; low.rlim_cur++) {
        ProcessState state;

        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
        state = check(path, 0, &found, &err);
        if (state != PROCESS_LIVES) {
            g_assert_cmpint(state, ==, PROCESS_UNKNOWN);
            g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_MFILE);
            g_clear_error(&err);
            times++;
        }
    }
    g_assert_cmpuint(times, >=, 3);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpint(check(path, 0, &found, &err), ==, PROCESS_LIVES);
    g_assert_cmpint(symlink(path, link), ==, 0); /* not what a daemon makes */
    g_assert_cmpint(check(link, 0, &found, &err), ==, PROCESS_UNKNOWN);
    end_holder(pidfd);
    remove_dir(dir);
}

/* A file that others could open says nothing without the process. */
static void test_pidfile_stranger(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *path = g_build_filename(dir, "vm.pid", NULL);
    g_autofree char *text = g_strdup_printf("%d\n", (int)getppid());
    g_autoptr(GError) err = NULL;
    pid_t found;
    int stranger, fd, pidfd;

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, 0644), ==, 0);
    stranger = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(flock(stranger, LOCK_SH), ==, 0);
    g_assert_cmpint(check(path, 0, &found, NULL), ==, PROCESS_ENDED);
    fd = process_pidfile_acquire(path, &err);
    g_assert_no_error(err);
    close(fd);
    close(stranger);
    /* An older daemon's child, which does have it, is found. */
    start_holder(dir, path, &pidfd);
    g_assert_cmpint(chmod(path, 0644), ==, 0);
    g_assert_cmpint(check(path, 0, &found, &err), ==, PROCESS_LIVES);
    g_assert_cmpint(process_pidfile_acquire(path, NULL), ==, -1);
    end_holder(pidfd);
    remove_dir(dir);
}

static void test_fd_limit(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    char *argv[] = { (char *)"child", (char *)"--child", (char *)"limit", NULL };
    char *envp[] = { NULL };
    ProcessSpawn spawn = {
        .path = self, .argv = argv, .envp = envp, .pidfile_fd = -1, .cgroup_fd = -1
    };
    struct rlimit before, limit;
    pid_t pid;
    int pidfd;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    limit = before;
    limit.rlim_cur = 200;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    process_raise_fd_limit();
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpuint(limit.rlim_cur, ==, before.rlim_max);
    spawn.log_fd = open_log(dir);
    g_assert_true(process_spawn(&spawn, &pid, &pidfd, NULL));
    g_assert_true(process_wait(pidfd, 10000));
    g_free(process_reap(pidfd));
    text = read_all(spawn.log_fd);
    expected = g_strdup_printf("limit 200 %lu\n", (unsigned long)before.rlim_max);
    g_assert_cmpstr(text, ==, expected);
    close(spawn.log_fd);
    close(pidfd);
    remove_dir(dir);
}

static void test_cpu_time(void)
{
    while (process_cpu_time(getpid()) == 0) {
        /* it is what this loop takes; a loaded machine gives it late */
    }
    g_assert_cmpuint(process_cpu_time(G_MAXINT), ==, 0);
}

static void test_unix(void)
{
    g_autofree char *dir = temp_dir();
    g_autofree char *path = g_build_filename(dir, "monitor.sock", NULL);
    g_autofree char *long_path = g_strnfill(200, 'x');
    g_autoptr(GError) err = NULL;
    struct stat st;
    int listener, again, peer, more = 0;

    listener = process_listen_unix(path, &err);
    g_assert_no_error(err);
    close(listener);
    again = process_listen_unix(path, &err); /* takes the place of the stale one */
    g_assert_no_error(err);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    /* Somebody has it: it stays, and nobody has been bothered. */
    g_assert_cmpint(process_listen_unix(path, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "in use"));
    g_clear_error(&err);
    process_remove_unix(path);
    g_assert_cmpint(poll(&(struct pollfd){ .fd = again, .events = POLLIN }, 1, 0), ==, 0);
    peer = process_connect_unix(path, 1000, &err);
    g_assert_no_error(err);
    /* Nobody accepts: the queue is full sooner or later, and the wait for it limited. */
    for (guint i = 0; i < 10 && more >= 0; i++) {
        more = process_connect_unix(path, 20, &err);
        if (more >= 0) {
            close(more);
        }
    }
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
    g_clear_error(&err);
    close(peer);
    close(again);
    g_assert_cmpint(process_connect_unix(path, 1000, &err), ==, -1);
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    g_clear_error(&err);
    g_assert_cmpint(process_listen_unix(long_path, &err), ==, -1);
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG);
    g_clear_error(&err);
    process_remove_unix(path);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_set_contents(path, "a disk", -1, NULL));
    process_remove_unix(path);
    g_assert_cmpint(process_listen_unix(path, &err), ==, -1);
    g_assert_error(err, G_FILE_ERROR, G_FILE_ERROR_EXIST);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    remove_dir(dir);
}

static void test_tcp(void)
{
    g_autoptr(GError) err = NULL;
    guint port, other;
    int listener = process_listen_tcp("127.0.0.1", 49152, 49215, &port, &err);
    int second, peer, in;

    g_assert_no_error(err);
    second = process_listen_tcp("127.0.0.1", port, 49215, &other, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(other, >, port);
    peer = process_connect_tcp("127.0.0.1", port, 5000, &err);
    g_assert_no_error(err);
    in = accept(listener, NULL, NULL);
    g_assert_cmpint(in, >=, 0);
    g_assert_cmpint(fcntl(peer, F_GETFL) & O_NONBLOCK, ==, 0);
    close(peer);
    close(in);
    g_assert_cmpint(process_listen_tcp("127.0.0.1", port, port, &other, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "127.0.0.1"));
    close(listener);
    close(second);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--child") == 0) {
        return child_main(argv[2]);
    }
    g_test_init(&argc, &argv, NULL);
    self = g_file_read_link("/proc/self/exe", NULL);
    g_test_add_func("/process/environment", test_environment);
    g_test_add_func("/process/failure", test_failure);
    g_test_add_func("/process/pidfile", test_pidfile);
    g_test_add_func("/process/pidfile-unknown", test_pidfile_unknown);
    g_test_add_func("/process/pidfile-stranger", test_pidfile_stranger);
    g_test_add_func("/process/fd-limit", test_fd_limit);
    g_test_add_func("/process/cpu-time", test_cpu_time);
    g_test_add_func("/process/unix", test_unix);
    g_test_add_func("/process/tcp", test_tcp);
    {
        int r = g_test_run();

        g_free(self);
        return r;
    }
}
