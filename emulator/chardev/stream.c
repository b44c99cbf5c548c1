/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends that have descriptors: reading and writing on them, with flow control. See
 * internal.h.
 *
 * #syscalls main: read readv recvmsg sendmsg write
 * #syscalls main,vcpu: shutdown -- rare: a client that does not read is given up
 */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event/slow-close.h"
#include "event/turn.h"
#include "util/fd.h"

#define READ_MAX (32 << 10)

static void drop_fds(Chardev *chr)
{
    if (chr->n_fds) {
        GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));

        slow_close(g_array_append_vals(fds, chr->fds, chr->n_fds), NULL, NULL);
        chr->n_fds = 0;
    }
}

static void keep_fds(Chardev *chr, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t bytes = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        drop_fds(chr); /* those of an earlier message were not asked for */
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            memcpy(&chr->fds[chr->n_fds++], CMSG_DATA(c) + at, sizeof(int));
        }
    }
}

static ssize_t peer_read(Chardev *chr, guint8 *buf, size_t len)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * CHARDEV_MAX_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = { buf, len };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof(control.space),
    };
    ssize_t n;

    if (!chr->backend->socket) {
        return read(chr->in_fd, buf, len);
    }
    n = recvmsg(chr->in_fd, &msg, MSG_CMSG_CLOEXEC);
    if (n > 0) {
        keep_fds(chr, &msg);
    }
    return n;
}

static void stop_reading(Chardev *chr)
{
    event_handler_remove(g_steal_pointer(&chr->in_handler));
    event_handler_remove(g_steal_pointer(&chr->hup_handler));
}

static void hup_ready(void *opaque, GIOCondition ready)
{
    Chardev *chr = opaque;

    event_handler_remove(g_steal_pointer(&chr->hup_handler));
    chr->backend->hung_up(chr);
}

/* What the peer has sent stays in its descriptor; that it goes must be heard. */
static void pause_reading(Chardev *chr)
{
    stop_reading(chr);
    if (chr->backend->hung_up) {
        chr->hup_handler = event_loop_add_fd(event_loop_main(), chr->in_fd,
                                             G_IO_HUP | G_IO_ERR, hup_ready, chr);
    }
}

static void input_ready(void *opaque, GIOCondition ready)
{
    static guint8 buf[READ_MAX]; /* the main loop's: pages are touched as far as needed */
    Chardev *chr = opaque;
    size_t room;
    ssize_t n;

    if (chr->hang_up) {
        chardev_peer_closed(chr);
        return;
    }
    room = chr->front ? chardev_front_room(chr->front) : 0;
    if (room == 0) {
        pause_reading(chr);
        return;
    }
    n = peer_read(chr, buf, MIN(room, sizeof(buf)));
    if (n > 0) {
        turn_count(TURN_CHARDEV_IN, n);
        chr->front->user->receive(chr->front->opaque, buf, n);
    } else if (n == 0 && chr->backend->eof_stays) {
        stop_reading(chr);
        chr->in_fd = -1;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        chardev_peer_closed(chr);
    }
}

static void output_ready(void *opaque, GIOCondition ready)
{
    Chardev *chr = opaque;

    event_handler_remove(g_steal_pointer(&chr->out_handler));
    if (ready & G_IO_HUP && chr->backend->probe) {
        chardev_peer_closed(chr); /* or it would be "writable" for ever */
        return;
    }
    chardev_wake(chr->front);
}

void stream_resume(Chardev *chr)
{
    if (chr->connected && chr->in_fd >= 0 && !chr->in_handler && chr->front) {
        event_handler_remove(g_steal_pointer(&chr->hup_handler));
        chr->in_handler =
            event_loop_add_fd(event_loop_main(), chr->in_fd,
                              G_IO_IN | G_IO_HUP | G_IO_ERR, input_ready, chr);
    }
}

void stream_stop(Chardev *chr)
{
    stop_reading(chr);
    event_handler_remove(g_steal_pointer(&chr->out_handler));
}

void stream_clear(Chardev *chr)
{
    stream_stop(chr);
    drop_fds(chr);
}

void chardev_peer_opened(Chardev *chr, int in_fd, int out_fd)
{
    chr->in_fd = in_fd;
    chr->out_fd = out_fd;
    chr->connected = TRUE;
    chr->hang_up = FALSE;
    stream_resume(chr);
    chardev_tell(chr, CHARDEV_OPENED);
}

void chardev_peer_closed(Chardev *chr)
{
    stream_clear(chr);
    chr->connected = FALSE;
    chr->in_fd = chr->out_fd = -1;
    chardev_tell(chr, CHARDEV_CLOSED);
    if (chr->backend->closed) {
        chr->backend->closed(chr);
    }
}

static ssize_t peer_write(Chardev *chr, const guint8 *buf, size_t len)
{
    if (chr->backend->socket) {
        return fd_send(chr->out_fd, buf, len);
    }
    return write(chr->out_fd, buf, len);
}

static void wait_writable(Chardev *chr)
{
    if (!chr->out_handler) {
        chr->out_handler = event_loop_add_fd(event_loop_main(), chr->out_fd, G_IO_OUT,
                                             output_ready, chr);
    }
}

size_t stream_write(Chardev *chr, const guint8 *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t piece = MIN(len - done, turn_left(TURN_CHARDEV_OUT));
        ssize_t n = piece ? peer_write(chr, buf + done, piece) : -1;

        if (n > 0) {
            turn_count(TURN_CHARDEV_OUT, n);
            done += n;
        } else if (!piece || (n < 0 && errno == EAGAIN)) {
            wait_writable(chr);
            break;
        } else if (n == 0 || errno != EINTR) {
            return len; /* broken: reading will find its end */
        }
    }
    return done;
}

int stream_take_fd(Chardev *chr)
{
    int fd;

    if (chr->n_fds == 0) {
        return -1;
    }
    fd = chr->fds[0];
    chr->n_fds--;
    memmove(chr->fds, chr->fds + 1, chr->n_fds * sizeof(int));
    return fd;
}

void stream_disconnect(Chardev *chr)
{
    if (chr->connected && chr->backend->socket) {
        chr->hang_up = TRUE;
        shutdown(chr->in_fd, SHUT_RDWR);
        stream_resume(chr);
    }
}
