/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/pidfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/spawn.h"

static gboolean same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static ProcessState unknown(GError **errp, const char *path, int err)
{
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(err),
                "cannot tell who holds the PID file '%s': %s", path, g_strerror(err));
    return PROCESS_UNKNOWN;
}

/* ---- who holds it ---- */

/* Whether anybody holds the lock; PROCESS_UNKNOWN with errno. */
static ProcessState test_lock(int fd)
{
    int r;

    do {
        r = flock(fd, LOCK_SH | LOCK_NB);
    } while (r < 0 && errno == EINTR);
    if (r == 0) {
        flock(fd, LOCK_UN);
        return PROCESS_ENDED;
    }
    return errno == EWOULDBLOCK ? PROCESS_LIVES : PROCESS_UNKNOWN;
}

/* The number in the file; 0 when there is none (yet), -1 with errno. */
static pid_t read_pid(int fd)
{
    char text[16] = "";
    long value;

    if (pread(fd, text, sizeof(text) - 1, 0) < 0) {
        return -1;
    }
    value = strtol(text, NULL, 10);
    return value > 1 && value <= G_MAXINT ? (pid_t)value : 0;
}

/* Nobody else can have opened it, and hold its lock. */
static gboolean is_private(const struct stat *st)
{
    return st->st_uid == geteuid() && !(st->st_mode & 0077);
}

/* Whether the process has the file open; PROCESS_UNKNOWN with errno. */
static ProcessState has_open(pid_t pid, const struct stat *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)pid);
    ProcessState state = PROCESS_ENDED;
    struct dirent *entry;
    struct stat st;
    DIR *dir = opendir(path);

    if (!dir) {
        return PROCESS_UNKNOWN;
    }
    while (state == PROCESS_ENDED && (errno = 0, entry = readdir(dir))) {
        if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && same_file(&st, file)) {
            state = PROCESS_LIVES;
        }
    }
    if (state == PROCESS_ENDED && errno) {
        state = PROCESS_UNKNOWN;
    }
    closedir(dir);
    return state;
}

/*
 * Whether the process pid, which is alive, is the one that the file is about. Its number
 * may have been given to another one, while a third holds the lock.
 */
static ProcessState is_holder(int fd, pid_t pid, guint64 start_time)
{
    guint64 now = start_time ? process_start_time(pid) : 0;
    struct stat st;

    if (now) {
        return now == start_time ? PROCESS_LIVES : PROCESS_ENDED;
    }
    if (fstat(fd, &st) < 0) {
        return PROCESS_UNKNOWN;
    }
    return is_private(&st) ? PROCESS_LIVES : has_open(pid, &st);
}

/* What the lock says once more: if it is held still, the process cannot be seen here. */
static ProcessState after_end(int fd)
{
    ProcessState state = test_lock(fd);

    errno = ESRCH;
    return state == PROCESS_ENDED ? PROCESS_ENDED : PROCESS_UNKNOWN;
}

/* With PROCESS_UNKNOWN, errno tells why. */
static ProcessState open_holder(int fd, guint64 start_time, pid_t *pid, int *pidfd)
{
    ProcessState state = test_lock(fd);

    if (state != PROCESS_LIVES) {
        return state;
    }
    *pid = read_pid(fd);
    if (*pid <= 0) {
        errno = *pid < 0 ? errno : ENODATA;
        return PROCESS_UNKNOWN;
    }
    *pidfd = process_open(*pid);
    if (*pidfd < 0) {
        return errno == ESRCH ? after_end(fd) : PROCESS_UNKNOWN;
    }
    state = is_holder(fd, *pid, start_time);
    /* Only if it holds the lock still is it the process that was opened. */
    if (state == PROCESS_LIVES) {
        state = test_lock(fd);
    }
    return state;
}

/* With PROCESS_UNKNOWN, errno tells why. */
static ProcessState open_named(const char *path, guint64 start_time, pid_t *pid,
                               int *pidfd)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ProcessState state;
    int err;

    if (fd < 0) {
        return errno == ENOENT ? PROCESS_ENDED : PROCESS_UNKNOWN;
    }
    state = open_holder(fd, start_time, pid, pidfd);
    err = errno;
    if (state == PROCESS_LIVES) {
        fchmod(fd, 0600); /* an older daemon has left it open to all */
    }
    close(fd);
    errno = err;
    return state;
}

/*
 * Nobody holds the file, it is not there, or has no number: somebody may have removed,
 * replaced or emptied it, and the process runs on. What was written of it elsewhere, its
 * number and the time of its start, tells.
 */
static ProcessState open_known(pid_t pid, guint64 start_time, int *pidfd)
{
    guint64 now;

    *pidfd = process_open(pid);
    if (*pidfd < 0) {
        return errno == ESRCH ? PROCESS_ENDED : PROCESS_UNKNOWN;
    }
    now = process_start_time(pid);
    if ((now && now != start_time) || process_wait(*pidfd, 0)) {
        return PROCESS_ENDED;
    }
    errno = ENODATA; /* /proc does not tell */
    return now ? PROCESS_LIVES : PROCESS_UNKNOWN;
}

static void close_pidfd(int *pidfd)
{
    if (*pidfd >= 0) {
        close(*pidfd);
        *pidfd = -1;
    }
}

ProcessState process_pidfile_open(const char *path, guint64 start_time, pid_t *pid,
                                  int *pidfd, GError **errp)
{
    pid_t known = start_time ? *pid : 0;
    ProcessState state;
    int err;

    *pid = 0;
    *pidfd = -1;
    state = open_named(path, start_time, pid, pidfd);
    if (known &&
        (state == PROCESS_ENDED || (state == PROCESS_UNKNOWN && errno == ENODATA))) {
        close_pidfd(pidfd);
        *pid = known;
        state = open_known(known, start_time, pidfd);
    }
    err = errno;
    if (state != PROCESS_LIVES) {
        close_pidfd(pidfd);
        *pid = known;
    }
    return state == PROCESS_UNKNOWN ? unknown(errp, path, err) : state;
}

/* ---- taking it ---- */

static int fail(GError **errp, const char *path, int err, pid_t holder)
{
    g_autofree char *why = holder ? g_strdup_printf("process %d holds it", (int)holder)
                                  : g_strdup(g_strerror(err));

    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(err),
                "cannot lock the PID file '%s': %s", path, why);
    return -1;
}

/*
 * The lock is held. By a stranger who could open the file of an older daemon, and not by
 * its process: then the file is put aside, and the next one is ours.
 */
static gboolean put_aside(int fd, const char *path, pid_t *holder)
{
    struct stat mine, named;
    int pidfd = -1;
    ProcessState state = process_pidfile_open(path, 0, holder, &pidfd, NULL);

    if (pidfd >= 0) {
        close(pidfd);
    }
    return state == PROCESS_ENDED && fstat(fd, &mine) == 0 && !is_private(&mine) &&
           lstat(path, &named) == 0 && same_file(&mine, &named) && unlink(path) == 0;
}

/* 1: locked; 0: to be tried again, with another file; -1 with an error. */
static int try_lock(int fd, const char *path, GError **errp)
{
    struct stat mine, named;
    pid_t holder = 0;
    int r;

    do {
        r = flock(fd, LOCK_EX | LOCK_NB);
    } while (r < 0 && errno == EINTR);
    if (r < 0) {
        int err = errno;

        return err == EWOULDBLOCK && put_aside(fd, path, &holder)
                   ? 0
                   : fail(errp, path, err, holder);
    }
    /* The file that is locked must still be the one with that name. */
    if (fstat(fd, &mine) < 0 || (lstat(path, &named) < 0 && errno != ENOENT) ||
        fchmod(fd, 0600) < 0) {
        return fail(errp, path, errno, 0);
    }
    return lstat(path, &named) == 0 && same_file(&mine, &named) ? 1 : 0;
}

int process_pidfile_acquire(const char *path, GError **errp)
{
    int fd, locked;

    for (;;) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            return fail(errp, path, errno, 0);
        }
        locked = try_lock(fd, path, errp);
        if (locked > 0) {
            return fd;
        }
        close(fd);
        if (locked < 0) {
            return -1;
        }
    }
}
