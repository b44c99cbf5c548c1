/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon by its tests, a disk that is slow at will: while the file
 * named by SYNC_GATE exists, fsync of a file whose path ends in what it contains (a line)
 * does not return.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the path of fd ends in what the gate says. */
static int is_closed(int fd)
{
    char link[64], path[4096], word[4096] = "";
    const char *gate = getenv("SYNC_GATE");
    ssize_t len, n;
    int file = gate ? open(gate, O_RDONLY | O_CLOEXEC) : -1;

    if (file < 0) {
        return 0;
    }
    n = read(file, word, sizeof(word) - 1);
    close(file);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path));
    return n > 0 && len >= n && memcmp(path + len - n, word, (size_t)n) == 0;
}

int fsync(int fd)
{
    while (is_closed(fd)) {
        poll(NULL, 0, 10);
    }
    return (int)syscall(SYS_fsync, fd);
}
