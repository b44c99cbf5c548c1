/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,vcpu: sendmsg
 * #syscalls main,migration: fcntl close
 * #syscalls main: pread64 read
 */
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "util/error.h"

#define PIECE 65536u

int fd_claim(const char *number, GError **errp)
{
    guint64 fd;
    int flags, copy;

    if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &fd, NULL)) {
        error_set(errp, "'%s' is not the number of a file descriptor", number);
        return -1;
    }
    flags = fcntl((int)fd, F_GETFD);
    if (flags < 0) {
        error_set_errno(errp, errno, "File descriptor '%s'", number);
        return -1;
    }
    if (flags & FD_CLOEXEC) {
        error_set(errp, "File descriptor '%s' is already in use", number);
        return -1;
    }
    if (fd > STDERR_FILENO) {
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        return (int)fd;
    }
    copy = fcntl((int)fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0) {
        error_set_errno(errp, errno, "File descriptor '%s'", number);
    }
    return copy;
}

void fd_unclaim(int fd, const char *number)
{
    if (g_ascii_strtoull(number, NULL, 10) == (guint64)fd) {
        fd_lend(fd);
    } else {
        close(fd); /* a duplicate */
    }
}

void fd_lend(int fd)
{
    fcntl(fd, F_SETFD, 0);
}

gboolean fd_is_claimed(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags < 0 || (flags & FD_CLOEXEC);
}

gboolean fd_make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && !(flags & O_NONBLOCK) &&
           fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void fd_close_restored(int fd, gboolean make_blocking)
{
    int flags = make_blocking ? fcntl(fd, F_GETFL) : -1;

    if (flags >= 0) {
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    close(fd);
}

gboolean fd_read_all(int fd, void *buf, gsize len)
{
    while (len) {
        ssize_t n = read(fd, buf, len);
        if (n > 0) {
            buf = (char *)buf + n;
            len -= (gsize)n;
        } else if (n == 0) {
            errno = 0;
            return FALSE;
        } else if (errno != EINTR) {
            return FALSE;
        }
    }
    return TRUE;
}

/* From the file's beginning: its position may be another process's, too. */
static ssize_t read_piece(int fd, void *buf, gsize len, guint at)
{
    ssize_t n = pread(fd, buf, len, at);

    return n < 0 && errno == ESPIPE ? read(fd, buf, len) : n;
}

gboolean fd_read_up_to(int fd, gsize max, GByteArray *to)
{
    guint before = to->len;
    ssize_t n = 1;

    g_assert(max < G_MAXUINT - before);
    while (n && to->len - before <= max) {
        guint at = to->len, want = (guint)MIN(PIECE, max + 1 - (at - before));

        g_byte_array_set_size(to, at + want);
        n = read_piece(fd, to->data + at, want, at - before);
        g_byte_array_set_size(to, at + (n > 0 ? (guint)n : 0));
        if (n < 0 && errno != EINTR) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean fd_write_all(int fd, const void *buf, gsize len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);
        if (n >= 0) {
            buf = (const char *)buf + n;
            len -= (gsize)n;
        } else if (errno != EINTR) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Not send(): filters that allow sendmsg need not allow sendto as well. */
ssize_t fd_send(int fd, const void *buf, gsize len)
{
    struct iovec iov = { (void *)buf, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

void fd_signal(int fd)
{
    guint64 one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}
