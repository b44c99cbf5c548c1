/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: newfstatat
 */
#include "config.h"

#include "util/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

static int ready_fd = -1;
static char *pidfile_path; /* absolute, and no link */
static gboolean pidfile_written;
static int pidfile_fd = -1;

gboolean daemon_fork(GError **errp)
{
    int fds[2];
    char status;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return error_set_errno(errp, errno, "-daemonize: cannot create a pipe");
    }
    pid = fork();
    if (pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return error_set_errno(errp, errno, "-daemonize: cannot fork");
    }
    if (pid > 0) { /* the child has said on stderr what went wrong */
        close(fds[1]);
        _exit(fd_read_all(fds[0], &status, 1) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(fds[0]);
    ready_fd = fds[1];
    setsid();
    umask(027);
    return TRUE;
}

gboolean daemon_detach(GError **errp)
{
    autofd int null = -1;

    if (ready_fd < 0) {
        return TRUE;
    }
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") < 0) {
        return error_set_errno(errp, errno, "-daemonize: cannot detach");
    }
    for (int fd = 0; fd <= 2; fd++) {
        dup3(null, fd, 0);
    }
    return TRUE;
}

void daemon_ready(void)
{
    if (ready_fd >= 0) {
        fd_write_all(ready_fd, "", 1); /* a parent that is gone needs no answer */
        fd_clear(&ready_fd);
    }
}

/* Nobody has taken it away, and nothing else has its name by now. */
static gboolean has_name(int fd, const char *path)
{
    struct stat file, named;

    return fstat(fd, &file) == 0 && stat(path, &named) == 0 &&
           file.st_dev == named.st_dev && file.st_ino == named.st_ino;
}

static gboolean is_regular(int fd)
{
    struct stat file;

    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
}

/* The lock tells a file of a living process from a left-over one. */
gboolean pidfile_lock(const char *path, GError **errp)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    autofd int fd = created_open(path, O_WRONLY, 0644);

    if (fd < 0) {
        return error_set_errno(errp, errno, "-pidfile %s: cannot create PID file", path);
    }
    if (!is_regular(fd)) {
        return error_set(errp, "-pidfile %s: not a regular file", path);
    }
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        gboolean held = errno == EAGAIN || errno == EACCES;

        return error_set(errp, "-pidfile %s: cannot lock PID file: %s", path,
                         held ? "another process holds it" : error_text(errno));
    }
    pidfile_path = realpath(path, NULL);
    if (!pidfile_path) {
        return error_set_errno(errp, errno, "-pidfile %s: cannot find PID file", path);
    }
    pidfile_fd = fd_steal(&fd);
    return TRUE;
}

gboolean pidfile_write(GError **errp)
{
    g_autofree char *text = g_strdup_printf("%d\n", getpid());

    if (pidfile_fd < 0) {
        return TRUE;
    }
    pidfile_written = TRUE;
    if (ftruncate(pidfile_fd, 0) < 0 || !fd_write_all(pidfile_fd, text, strlen(text))) {
        return error_set_errno(errp, errno, "-pidfile %s: cannot write PID file",
                               pidfile_path);
    }
    return TRUE;
}

/* The number in a file that stays would be another process's some day. */
static void remove_or_empty(void)
{
    if (unlink(pidfile_path) < 0) {
        const char *why = error_text(errno);

        log_warn("-pidfile %s: cannot be removed, and stays%s: %s", pidfile_path,
                 ftruncate(pidfile_fd, 0) == 0 ? ", empty" : "", why);
    }
}

void pidfile_remove(void)
{
    if (pidfile_written && has_name(pidfile_fd, pidfile_path)) {
        remove_or_empty();
    }
    g_clear_pointer(&pidfile_path, g_free);
    fd_clear(&pidfile_fd);
}
