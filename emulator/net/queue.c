/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of the packets: a pair of queues of a back end, while a NIC has it open. The
 * descriptor of a pair is the fast path: one readv() or writev() for each packet.
 *
 * #syscalls main,io: readv
 * #syscalls main: writev
 * #syscalls io: writev -- rare: the tests send from the main loop
 */
#include <errno.h>

#include "net/backend.h"

#define DRAINED 64 /* packets that one call loses at most, while the link is down */

NetQueue *net_queue_open(NetBackend *net, guint pair, EventLoop *loop, NetReady ready,
                         void *opaque)
{
    NetQueue *q = g_new0(NetQueue, 1);

    *q = (NetQueue){ .net = net,
                     .pair = pair,
                     .fd = net_backend_fd(net, pair),
                     .loop = loop,
                     .ready = ready,
                     .ready_opaque = opaque };
    if (net->driver->ops->open) {
        net->driver->ops->open(q);
    }
    return q;
}

/* Polls for just what is wanted; not at all for nothing. */
static void wait_fd(NetQueue *q, GIOCondition want)
{
    if (!want) {
        event_handler_remove(q->handler);
        q->handler = NULL;
    } else if (q->handler) {
        event_handler_set_condition(q->handler, want);
    } else {
        q->handler = event_loop_add_fd(q->loop, q->fd, want, q->ready, q->ready_opaque);
    }
}

void net_queue_wait(NetQueue *q, GIOCondition want)
{
    if (want == q->want) {
        return;
    }
    q->want = want;
    if (q->net->driver->ops->wait) {
        q->net->driver->ops->wait(q, want);
    } else {
        wait_fd(q, want);
    }
}

static gssize receive(NetQueue *q, const struct iovec *iov, guint n)
{
    const NetBackendOps *ops = q->net->driver->ops;

    return ops->receive ? ops->receive(q, iov, n) : readv(q->fd, iov, n);
}

/* What comes in while the cable is pulled is lost now, not found there afterwards. */
static gssize drain(NetQueue *q)
{
    guint8 lost[16];
    const struct iovec iov = { lost, sizeof(lost) };

    for (guint i = 0; i < DRAINED; i++) {
        if (receive(q, &iov, 1) < 0) {
            return -1;
        }
    }
    errno = EAGAIN;
    return -1;
}

gssize net_queue_receive(NetQueue *q, const struct iovec *iov, guint n)
{
    if (g_atomic_int_get(&q->net->unplugged)) {
        return drain(q);
    }
    return receive(q, iov, n);
}

gssize net_queue_send(NetQueue *q, const struct iovec *iov, guint n)
{
    const NetBackendOps *ops = q->net->driver->ops;

    if (g_atomic_int_get(&q->net->unplugged)) {
        gssize bytes = 0;
        for (guint i = 0; i < n; i++) {
            bytes += iov[i].iov_len;
        }
        return bytes;
    }
    return ops->send ? ops->send(q, iov, n) : writev(q->fd, iov, n);
}

void net_queue_close(NetQueue *q)
{
    net_queue_wait(q, 0);
    if (q->net->driver->ops->close) {
        q->net->driver->ops->close(q);
    }
    g_free(q);
}
