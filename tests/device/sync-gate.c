/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon by its tests, a disk that is slow at will: while there is a
 * file named by SYNC_GATE with .open, .stat or .fsync behind it, that call of a file
 * whose path ends in what it contains does not return.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* While the path ends in what the call's gate says. */
static void wait_at_gate(const char *call, const char *path, ssize_t len)
{
    const char *base = getenv("SYNC_GATE");
    char gate[4096], word[4096];
    ssize_t n;
    int file;

    snprintf(gate, sizeof(gate), "%s.%s", base ? base : "", call);
    while (base && (file = (int)syscall(SYS_openat, AT_FDCWD, gate, O_RDONLY)) >= 0) {
        n = read(file, word, sizeof(word));
        close(file);
        if (n <= 0 || len < n || memcmp(path + len - n, word, (size_t)n) != 0) {
            return;
        }
        poll(NULL, 0, 10);
    }
}

int fsync(int fd)
{
    char link[64], path[4096];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    wait_at_gate("fsync", path, readlink(link, path, sizeof(path)));
    return (int)syscall(SYS_fsync, fd);
}

static int open_late(const char *path, int flags, va_list args)
{
    int mode = va_arg(args, int);

    wait_at_gate("open", path, (ssize_t)strlen(path));
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    int fd;

    va_start(args, flags);
    fd = open_late(path, flags, args);
    va_end(args);
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    int fd;

    va_start(args, flags);
    fd = open_late(path, flags, args);
    va_end(args);
    return fd;
}

int stat(const char *path, struct stat *st)
{
    wait_at_gate("stat", path, (ssize_t)strlen(path));
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int stat64(const char *path, void *st)
{
    wait_at_gate("stat", path, (ssize_t)strlen(path));
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}
