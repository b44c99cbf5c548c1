/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files are opened, and storage that does not answer keeps nobody for ever. */
#include "process/open.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_MS 60000

static char *dir;

static char *file_in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static void test_open(void)
{
    g_autofree char *path = file_in_dir("file");
    struct stat st;
    int fd;

    g_assert_cmpint(process_open_file(path, O_RDONLY, LONG_MS), ==, -ENOENT);
    fd = process_open_file(path, O_RDWR | O_CREAT | O_EXCL, LONG_MS);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_RDWR);
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    close(fd);
    g_assert_cmpint(process_open_file(path, O_RDWR | O_CREAT | O_EXCL, LONG_MS), ==,
                    -EEXIST);
    unlink(path);
}

static volatile int leased = -1;

static void on_break(int signal)
{
    fcntl(leased, F_SETLEASE, F_UNLCK);
}

/* A lease: who has it is asked to give it back, and O_NONBLOCK would not wait. */
static void test_lease(void)
{
    g_autofree char *path = file_in_dir("leased");
    int fd;

    signal(SIGIO, on_break);
    leased = process_open_file(path, O_RDONLY | O_CREAT | O_EXCL, LONG_MS);
    g_assert_cmpint(leased, >=, 0);
    if (fcntl(leased, F_SETLEASE, F_RDLCK) < 0) {
        g_test_skip("the file system has no leases");
    } else {
        fd = process_open_file(path, O_RDWR | O_NONBLOCK, LONG_MS);
        g_assert_cmpint(fd, >=, 0);
        close(fd);
    }
    close(leased);
    unlink(path);
}

/* A FIFO without a writer: open waits for one. There is a limit to such threads. */
static void test_stuck(void)
{
    g_autofree char *path = file_in_dir("fifo");
    struct pollfd pfd = { .events = POLLOUT };
    guint stuck = 0;
    int fd;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    while ((fd = process_open_file(path, O_RDONLY, 1)) == -ETIMEDOUT) {
        stuck++;
    }
    g_assert_cmpint(fd, ==, -EBUSY);
    g_assert_cmpuint(stuck, >=, 16);
    /* They get what they have waited for, and close it. */
    pfd.fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pfd.fd, >=, 0);
    while (process_open_file("/dev/null", O_RDONLY, LONG_MS) == -EBUSY) {
        g_thread_yield();
    }
    do {
        g_assert_cmpint(poll(&pfd, 1, LONG_MS), ==, 1);
    } while (!(pfd.revents & POLLERR)); /* there is no reader any more */
    close(pfd.fd);
    unlink(path);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    dir = g_dir_make_tmp("open-XXXXXX", NULL);
    g_test_add_func("/process/open/open", test_open);
    g_test_add_func("/process/open/lease", test_lease);
    g_test_add_func("/process/open/stuck", test_stuck);
    ret = g_test_run();
    rmdir(dir);
    g_free(dir);
    return ret;
}
