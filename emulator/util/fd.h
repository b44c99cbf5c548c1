/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors that close themselves, and complete reads and writes. */
#ifndef VIREO_UTIL_FD_H
#define VIREO_UTIL_FD_H

#include <glib.h>
#include <unistd.h>

/* autofd int fd = open(...): closed at the end of the scope; fd_steal() keeps it. */
static inline void fd_clear(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}
#define autofd __attribute__((cleanup(fd_clear)))

static inline int fd_steal(int *fd)
{
    int value = *fd;
    *fd = -1;
    return value;
}

/* write() to a socket; never raises SIGPIPE. */
ssize_t fd_send(int fd, const void *buf, gsize len);

/*
 * A descriptor that the process was started with, by its number, as options name it:
 * ours from here on. Whatever we open ourselves is closed by exec, what we inherit is
 * not, and that is how the two are told apart: a number of our own, or one that is
 * claimed already, is refused. 0 to 2 are duplicated, and stay what they are.
 */
int fd_claim(const char *number, GError **errp);
/* Undoes that: the number can be claimed again. */
void fd_unclaim(int fd, const char *number);
/* Lets one of ours be claimed by its number. */
void fd_lend(int fd);
gboolean fd_is_claimed(int fd); /* or not open */

/*
 * O_NONBLOCK belongs to the open file, which others may share: whoever gets a
 * descriptor from outside and sets it gives it back as it was. TRUE: it was not set.
 */
gboolean fd_make_nonblocking(int fd);
void fd_close_restored(int fd, gboolean make_blocking);

/* Blocking: all of it, EINTR retried; FALSE with errno set (0 at end of file). */
gboolean fd_read_all(int fd, void *buf, gsize len);
gboolean fd_write_all(int fd, const void *buf, gsize len);
/*
 * Blocking: appends what there is, of a file from its beginning, to its end or to more
 * than max bytes, of which there is one then. max is far below 4 GiB. FALSE: errno.
 */
gboolean fd_read_up_to(int fd, gsize max, GByteArray *to);

/* Makes an eventfd (or a pipe) readable. One that is full is so already. */
void fd_signal(int fd);

#endif
