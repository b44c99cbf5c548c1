/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files are opened, and storage that does not answer keeps nobody for ever. */
#include "process/open.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/skip.h"

#define LONG_MS 60000
#define N_STUCK 100

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
        skip_case("the file system has no leases");
    } else {
        fd = process_open_file(path, O_RDWR | O_NONBLOCK, LONG_MS);
        g_assert_cmpint(fd, >=, 0);
        close(fd);
    }
    close(leased);
    unlink(path);
}

/*
 * FIFOs without a writer: open waits for one. Each takes a thread and is refused then,
 * and there is room for others. What they get at last, they close.
 */
static void test_stuck(void)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *fine = file_in_dir("fine");
    struct stat st;
    int fd;

    for (guint i = 0; i < N_STUCK; i++) {
        g_autofree char *name = g_strdup_printf("fifo%u", i);
        char *path = file_in_dir(name);

        g_ptr_array_add(paths, path);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        g_assert_cmpint(process_open_file(path, O_RDONLY, 1), ==, -ETIMEDOUT);
        g_assert_cmpint(process_open_file(path, O_RDONLY, LONG_MS), ==, -EBUSY);
        g_assert_cmpint(process_stat_file(path, &st, LONG_MS), ==, -EBUSY);
        g_assert_cmpuint(process_stuck_files(), ==, i + 1);
    }
    fd = process_open_file(fine, O_RDWR | O_CREAT | O_EXCL, LONG_MS);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    unlink(fine);
    for (guint i = 0; i < N_STUCK; i++) {
        struct pollfd pfd = { .events = POLLOUT };

        pfd.fd = open(paths->pdata[i], O_WRONLY | O_CLOEXEC);
        g_assert_cmpint(pfd.fd, >=, 0);
        do {
            g_assert_cmpint(poll(&pfd, 1, LONG_MS), ==, 1);
        } while (!(pfd.revents & POLLERR)); /* there is no reader any more */
        close(pfd.fd);
        unlink(paths->pdata[i]);
    }
    g_assert_cmpuint(process_stuck_files(), ==, 0);
}

static void test_stat(void)
{
    g_autofree char *path = file_in_dir("none");
    struct stat st;

    g_assert_cmpint(process_stat_file(path, &st, LONG_MS), ==, -ENOENT);
    g_assert_cmpint(process_stat_file(dir, &st, LONG_MS), ==, 0);
    g_assert_true(S_ISDIR(st.st_mode));
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    dir = g_dir_make_tmp("open-XXXXXX", NULL);
    g_test_add_func("/process/open/open", test_open);
    g_test_add_func("/process/open/lease", test_lease);
    g_test_add_func("/process/open/stat", test_stat);
    g_test_add_func("/process/open/stuck", test_stuck);
    ret = skip_run();
    rmdir(dir);
    g_free(dir);
    return ret;
}
