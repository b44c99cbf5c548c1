/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptor is non-blocking; every wait is a poll on it and on an eventfd
 * that cancelling makes readable.
 *
 * The rate limit: what has been written is owed, and time pays it off. A writer that
 * owes more than a burst sleeps in the same poll until that is paid; in slices, so
 * that a change of the limit is soon heard.
 *
 * A host that has gone says nothing: TCP is told to find out, also while we only wait.
 *
 * #syscalls migration: poll sendmsg writev readv
 * #syscalls main: eventfd2 setsockopt getsockopt fcntl write close
 * #syscalls migration: setsockopt getsockopt fcntl close
 */
#include "migration/channel.h"
#include "migration/loan.h"
#include "util/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fd.h"

#define BURST_US 50000
#define SLICE_MS 50

#define DEAD_AFTER_S  30
#define PROBE_IDLE_S  10
#define PROBE_EVERY_S 5

struct MigChannel {
    int fd;
    int cancel_fd;
    gboolean socket;
    gboolean restore; /* fd was blocking, and is not ours alone perhaps */
    MigLoan *loan;    /* NULL: all is copied */
    gint cancelled;
    gint64 deadline; /* of reads, monotonic us; 0: none; the reader's own */
    guint64 limit;   /* bytes per second; atomic */
    guint64 written; /* atomic */
    gdouble owed;    /* bytes; the writer's own */
    gint64 paid_at;  /* monotonic us */
};

G_DEFINE_QUARK(vireo - migration - error, migration_error)

MigChannel *mig_channel_new(int fd, GError **errp)
{
    int cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    MigChannel *ch;

    if (cancel_fd < 0) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Cannot create an eventfd for the migration: %s", error_text(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    ch = g_new0(MigChannel, 1);
    ch->fd = -1;
    ch->cancel_fd = cancel_fd;
    ch->paid_at = g_get_monotonic_time();
    if (fd >= 0) {
        mig_channel_set_fd(ch, fd);
    }
    return ch;
}

/* Harmless on what is not TCP. */
static void notice_dead_host(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, PROBE_IDLE_S },
        { IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S },
        { IPPROTO_TCP, TCP_KEEPCNT, (DEAD_AFTER_S - PROBE_IDLE_S) / PROBE_EVERY_S },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_AFTER_S * 1000 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
    }
}

void mig_channel_set_fd(MigChannel *ch, int fd)
{
    int type;
    socklen_t len = sizeof(type);

    ch->fd = fd;
    ch->socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
    if (ch->socket) {
        notice_dead_host(fd);
    }
    ch->restore = fd_make_nonblocking(fd);
}

void mig_channel_free(MigChannel *ch)
{
    if (!ch) {
        return;
    }
    mig_channel_close(ch);
    close(ch->cancel_fd);
    g_free(ch);
}

void mig_channel_close(MigChannel *ch)
{
    if (ch->fd >= 0) {
        fd_close_restored(ch->fd, ch->restore);
        ch->fd = -1;
    }
    g_clear_pointer(&ch->loan, mig_loan_free);
}

/* Waits until fd is ready, the timeout (ms, -1: none) has passed, or cancelled. */
gboolean mig_channel_wait(MigChannel *ch, int fd, short events, int ms, GError **errp)
{
    struct pollfd fds[2] = {
        { .fd = ch->cancel_fd, .events = POLLIN },
        { .fd = fd, .events = events },
    };

    while (poll(fds, 2, ms) < 0) {
        if (errno != EINTR) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "Waiting for the migration channel failed: %s",
                        error_text(errno));
            return FALSE;
        }
    }
    if (mig_channel_cancelled(ch)) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_CANCELLED,
                            "The migration was cancelled");
        return FALSE;
    }
    return TRUE;
}

static gboolean channel_throttle(MigChannel *ch, size_t bytes, GError **errp)
{
    ch->owed += bytes;
    for (;;) {
        guint64 limit = __atomic_load_n(&ch->limit, __ATOMIC_RELAXED);
        gint64 now = g_get_monotonic_time();
        gdouble us; /* until no more than a burst is owed */

        ch->owed = limit ? ch->owed - (gdouble)limit * (now - ch->paid_at) / 1e6 : 0;
        ch->owed = MAX(ch->owed, 0);
        ch->paid_at = now;
        us = limit ? ch->owed * 1e6 / limit - BURST_US : 0;
        if (us <= 0) {
            return TRUE;
        }
        if (!mig_channel_wait(ch, -1, 0, MIN(us / 1000 + 1, SLICE_MS), errp)) {
            return FALSE;
        }
    }
}

/* Drops `bytes` from the front of the vector. */
static void iov_advance(struct iovec **iov, unsigned *n, size_t bytes)
{
    while (*n && bytes >= (*iov)->iov_len) {
        bytes -= (*iov)->iov_len;
        (*iov)++;
        (*n)--;
    }
    if (bytes) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + bytes;
        (*iov)->iov_len -= bytes;
    }
}

/* What is not a socket has only writev(). */
static ssize_t send_copy(MigChannel *ch, const struct iovec *iov, unsigned n, int flags)
{
    struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = MIN(n, IOV_MAX) };

    return ch->socket ? sendmsg(ch->fd, &msg, MSG_NOSIGNAL | flags)
                      : writev(ch->fd, iov, msg.msg_iovlen);
}

/* Where it cannot be lent it is copied, and so is all that follows. */
static ssize_t send_loan(MigChannel *ch, const struct iovec *iov, unsigned n)
{
    ssize_t ret = mig_loan_move(ch->loan, ch->fd, iov, n);

    if (ret > 0 || (ret < 0 && (errno == EAGAIN || errno == EINTR))) {
        return ret;
    }
    g_clear_pointer(&ch->loan, mig_loan_free);
    return send_copy(ch, iov, n, 0);
}

/* flags: of sendmsg(); lend: the memory may be lent. */
static gboolean send_all(MigChannel *ch, struct iovec *iov, unsigned n, int flags,
                         gboolean lend, GError **errp)
{
    while (n) {
        ssize_t ret =
            lend && ch->loan ? send_loan(ch, iov, n) : send_copy(ch, iov, n, flags);

        if (ret >= 0) {
            iov_advance(&iov, &n, ret);
            __atomic_add_fetch(&ch->written, ret, __ATOMIC_RELAXED);
            if (!channel_throttle(ch, ret, errp)) {
                return FALSE;
            }
        } else if (errno == EAGAIN) {
            if (!mig_channel_wait(ch, ch->fd, POLLOUT, -1, errp)) {
                return FALSE;
            }
        } else if (errno != EINTR) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_WRITE,
                        "Writing to the migration channel failed: %s", error_text(errno));
            return FALSE;
        }
    }
    return !mig_channel_cancelled(ch) || mig_channel_wait(ch, -1, 0, 0, errp);
}

gboolean mig_channel_writev(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp)
{
    return send_all(ch, iov, n, 0, FALSE, errp);
}

void mig_channel_lend(MigChannel *ch)
{
    if (ch->socket && !ch->loan) {
        ch->loan = mig_loan_new();
    }
}

gboolean mig_channel_lendv(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp)
{
    if (!ch->loan || n < 2) {
        return mig_channel_writev(ch, iov, n, errp);
    }
    return send_all(ch, iov, 1, MSG_MORE, FALSE, errp) &&
           send_all(ch, iov + 1, n - 1, 0, TRUE, errp);
}

/* Until there is something to read, or the deadline has passed. */
static gboolean wait_readable(MigChannel *ch, GError **errp)
{
    gint64 left = ch->deadline ? ch->deadline - g_get_monotonic_time() : 0;

    if (ch->deadline && left <= 0) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "The other side of the migration channel is silent");
        return FALSE;
    }
    return mig_channel_wait(ch, ch->fd, POLLIN, ch->deadline ? left / 1000 + 1 : -1,
                            errp);
}

void mig_channel_set_deadline(MigChannel *ch, unsigned ms)
{
    ch->deadline = ms ? g_get_monotonic_time() + ms * (gint64)1000 : 0;
}

gboolean mig_channel_readv(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp)
{
    while (n) {
        ssize_t ret = readv(ch->fd, iov, MIN(n, IOV_MAX));

        if (ret > 0) {
            iov_advance(&iov, &n, ret);
        } else if (ret == 0) {
            g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                                "The other side closed the migration channel");
            return FALSE;
        } else if (errno == EAGAIN) {
            if (!wait_readable(ch, errp)) {
                return FALSE;
            }
        } else if (errno != EINTR) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "Reading from the migration channel failed: %s",
                        error_text(errno));
            return FALSE;
        }
    }
    return !mig_channel_cancelled(ch) || mig_channel_wait(ch, -1, 0, 0, errp);
}

gboolean mig_channel_write(MigChannel *ch, const void *buf, size_t len, GError **errp)
{
    struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };

    return mig_channel_writev(ch, &iov, 1, errp);
}

gboolean mig_channel_read(MigChannel *ch, void *buf, size_t len, GError **errp)
{
    struct iovec iov = { .iov_base = buf, .iov_len = len };

    return mig_channel_readv(ch, &iov, len ? 1 : 0, errp);
}

void mig_channel_set_limit(MigChannel *ch, guint64 bytes_per_second)
{
    __atomic_store_n(&ch->limit, bytes_per_second, __ATOMIC_RELAXED);
}

void mig_channel_cancel(MigChannel *ch)
{
    g_atomic_int_set(&ch->cancelled, TRUE);
    fd_signal(ch->cancel_fd);
}

gboolean mig_channel_cancelled(MigChannel *ch)
{
    return g_atomic_int_get(&ch->cancelled);
}

gboolean mig_channel_duplex(const MigChannel *ch)
{
    return ch->socket;
}

guint64 mig_channel_written(MigChannel *ch)
{
    return __atomic_load_n(&ch->written, __ATOMIC_RELAXED);
}
