/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: sendmsg
 */
#include "util/fd.h"

#include <errno.h>
#include <sys/socket.h>

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
