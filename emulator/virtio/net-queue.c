/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane of virtio-net on a tap (virtio 1.2, section 5.1.6): the header that
 * the driver and the tap exchange is the same, so packets go from one to the other
 * with one readv() or writev() on guest memory. A tap without
 * header gets and gives the frame behind it; the driver was offered nothing then, and
 * its header is zeros.
 *
 * Receiving: buffers are popped ahead, up to one packet of the largest kind. What
 * does not fit into them lands in a spill buffer behind, and is copied to further
 * buffers, or dropped when there are none. A stop takes back what was not used.
 */
#include <errno.h>
#include <limits.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event/turn.h"
#include "util/error.h"
#include "util/log.h"
#include "virtio/virtio-net.h"

#define RX         0
#define TX         1
#define MAX_PACKET (NET_HEADER + NET_PACKET_MAX)
#define AHEAD      64 /* receive buffers, a power of two */
#define MAX_PIECES 512

struct NetQueues {
    VirtioNet *net;
    NetQueue *host;
    gboolean mergeable;
    unsigned skip; /* bytes in front of the frame that the tap does not have */

    gboolean want_rx, tx_blocked;

    VirtqElement ahead[AHEAD];
    unsigned first, count;
    guint64 room; /* bytes in them */
    struct iovec iov[MAX_PIECES + 1];
    guint8 *spill;

    VirtqElement tx;
    Timer *announce;
    unsigned announced;
};

static void update_wait(NetQueues *q)
{
    net_queue_wait(q->host, (q->want_rx ? G_IO_IN : 0) | (q->tx_blocked ? G_IO_OUT : 0));
}

/* Receiving */

static VirtqElement *nth(NetQueues *q, unsigned i)
{
    return &q->ahead[(q->first + i) % AHEAD];
}

static gboolean pop_ahead(NetQueues *q, Virtqueue *vq)
{
    VirtqElement *e = nth(q, q->count);

    if (q->count == AHEAD || !virtqueue_pop(vq, e)) {
        return FALSE;
    }
    if (e->in.size < NET_HEADER) {
        virtqueue_unpop(vq, e);
        virtio_device_broken(&q->net->dev, "receive buffer without room for a header");
        return FALSE;
    }
    q->room += e->in.size;
    q->count++;
    return TRUE;
}

/* FALSE: no buffers; the driver's next notification comes. */
static gboolean refill(NetQueues *q, Virtqueue *vq)
{
    do {
        while ((q->mergeable ? q->room < MAX_PACKET : q->count == 0) &&
               pop_ahead(q, vq)) {
        }
        if (q->count) {
            virtqueue_set_notification(vq, FALSE);
            return TRUE;
        }
    } while (!virtio_device_is_broken(&q->net->dev) &&
             virtqueue_set_notification(vq, TRUE));
    return FALSE;
}

/* Guest memory first, the spill buffer behind it; *room: bytes of the former. */
static unsigned gather(NetQueues *q, guint64 *room)
{
    unsigned n = 0;

    *room = 0;
    for (unsigned i = 0; i < q->count; i++) {
        const GuestIov *in = &nth(q, i)->in;
        if (n + in->n > MAX_PIECES) {
            break;
        }
        memcpy(q->iov + n, in->iov, in->n * sizeof(struct iovec));
        n += in->n;
        *room += in->size;
    }
    if (*room < MAX_PACKET) {
        q->iov[n++] = (struct iovec){ q->spill, MAX_PACKET - *room };
    }
    return n;
}

/* Copies what did not fit to more buffers; FALSE: there are not enough. */
static gboolean unspill(NetQueues *q, Virtqueue *vq, guint64 room, guint64 len)
{
    const guint8 *from = q->spill;
    unsigned i = 0;

    for (guint64 below = 0; below < room; i++) {
        below += nth(q, i)->in.size; /* i: the first one not in use */
    }
    for (guint64 left = len - room; left; i++) {
        if (!q->mergeable || (i == q->count && !pop_ahead(q, vq))) {
            return FALSE;
        }
        guint64 n = guest_iov_from_buf(&nth(q, i)->in, 0, from, left);
        from += n;
        left -= n;
    }
    return TRUE;
}

/* 5.1.6.4: a packet fills as many buffers as it needs, all given back at once. */
static void deliver(NetQueues *q, Virtqueue *vq, guint64 len)
{
    guint16 buffers = 0;
    guint64 sum = 0;

    while (sum < len) {
        sum += nth(q, buffers++)->in.size;
    }
    guint16 le = GUINT16_TO_LE(buffers);
    guest_iov_from_buf(&nth(q, 0)->in, offsetof(struct virtio_net_hdr_v1, num_buffers),
                       &le, sizeof(le));
    while (len) {
        VirtqElement *e = nth(q, 0);
        guint64 size = e->in.size, n = MIN(len, size);
        virtqueue_fill(vq, e, n);
        q->first = (q->first + 1) % AHEAD;
        q->count--;
        q->room -= size;
        len -= n;
    }
}

/* Moves the beginning of a vector on; returns the first piece that is left. */
static unsigned skip_bytes(struct iovec *iov, unsigned n, gsize bytes)
{
    unsigned i = 0;

    while (i < n && bytes >= iov[i].iov_len) {
        bytes -= iov[i++].iov_len;
    }
    if (bytes) {
        iov[i].iov_base = (guint8 *)iov[i].iov_base + bytes;
        iov[i].iov_len -= bytes;
    }
    return i;
}

/* readv() of one packet with its header, as the tap's or made. */
static gssize read_packet(NetQueues *q, unsigned n)
{
    static const guint8 none[NET_HEADER];
    unsigned first = skip_bytes(q->iov, n, q->skip);
    gssize len = net_queue_receive(q->host, q->iov + first, n - first);

    if (len >= 0 && q->skip) {
        guest_iov_from_buf(&nth(q, 0)->in, 0, none, q->skip);
        len += q->skip;
    }
    return len;
}

/* One packet; FALSE: there is none, or the tap has failed. */
static gboolean receive(NetQueues *q, Virtqueue *vq)
{
    guint64 room;
    unsigned n = gather(q, &room);
    gssize len = read_packet(q, n);

    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            log_once("virtio-net: cannot receive from netdev '%s': %s", q->net->netdev,
                     error_text(errno));
            q->want_rx = FALSE;
        }
        return FALSE;
    }
    turn_count(TURN_PACKETS, 1);
    turn_count(TURN_NET_BYTES, len);
    if (len < NET_HEADER || len > MAX_PACKET) {
        return TRUE;
    }
    if ((guint64)len <= room || unspill(q, vq, room, len)) {
        deliver(q, vq, len);
    }
    return TRUE;
}

static void receive_burst(NetQueues *q)
{
    Virtqueue *vq = virtio_device_queue(&q->net->dev, RX);

    if (!vq->enabled) {
        return;
    }
    q->want_rx = TRUE;
    while (!turn_over()) { /* the tap stays readable: another turn comes */
        if (!refill(q, vq)) {
            q->want_rx = FALSE;
            break;
        }
        if (!receive(q, vq)) {
            break;
        }
    }
    virtqueue_flush(vq);
    update_wait(q);
}

static void give_back(NetQueues *q)
{
    Virtqueue *vq = virtio_device_queue(&q->net->dev, RX);

    while (q->count) {
        virtqueue_unpop(vq, nth(q, --q->count));
    }
    q->room = 0;
}

/* Sending */

/* FALSE: the tap takes no more now. */
static gboolean send_one(NetQueues *q, Virtqueue *vq)
{
    GuestIov *out = &q->tx.out;

    /* What is longer than any packet no tap takes, after having copied it. */
    if (out->size <= MAX_PACKET && out->size > q->skip) {
        unsigned first = skip_bytes(out->iov, out->n, q->skip);
        turn_count(TURN_PACKETS, 1);
        turn_count(TURN_NET_BYTES, out->size);
        if (net_queue_send(q->host, out->iov + first, MIN(out->n - first, IOV_MAX)) < 0 &&
            errno == EAGAIN) {
            virtqueue_unpop(vq, &q->tx);
            q->tx_blocked = TRUE;
            return FALSE;
        }
    }
    /* Anything else is a packet that the host does not take: lost, as on a wire. */
    virtqueue_fill(vq, &q->tx, 0);
    return TRUE;
}

static void send_burst(NetQueues *q)
{
    Virtqueue *vq = virtio_device_queue(&q->net->dev, TX);

    if (!vq->enabled) {
        return;
    }
    q->tx_blocked = FALSE;
    do {
        virtqueue_set_notification(vq, FALSE);
        while (virtqueue_pop(vq, &q->tx) && send_one(q, vq)) {
        }
        virtqueue_flush(vq);
    } while (!q->tx_blocked && virtqueue_set_notification(vq, TRUE));
    update_wait(q);
}

static void host_ready(void *opaque, GIOCondition ready)
{
    NetQueues *q = opaque;

    if (virtio_device_is_broken(&q->net->dev)) {
        q->want_rx = q->tx_blocked = FALSE;
        update_wait(q);
        return;
    }
    if (q->tx_blocked && (ready & ~G_IO_IN)) {
        send_burst(q);
    }
    if (q->want_rx && (ready & ~G_IO_OUT)) {
        receive_burst(q);
    }
}

void net_handle(VirtioDevice *dev, Virtqueue *vq)
{
    NetQueues *q = ((VirtioNet *)dev)->q;

    if (vq->index == RX) {
        receive_burst(q);
    } else if (!q->tx_blocked) {
        send_burst(q);
    }
}

/*
 * After a migration, switches must learn where the guest is now: a reverse ARP
 * request (RFC 903) in its name, some times with growing distance.
 */
static void announce(void *opaque)
{
    NetQueues *q = opaque;
    guint8 frame[NET_HEADER + 60] = { 0 }, *p = frame + NET_HEADER;
    static const guint8 arp[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
    const guint8 *mac = q->net->mac;

    memset(p, 0xff, 6);
    memcpy(p + 6, mac, 6);
    memcpy(p + 12, arp, sizeof(arp));
    memcpy(p + 22, mac, 6); /* sender */
    memcpy(p + 32, mac, 6); /* target */
    struct iovec iov = { frame + q->skip, sizeof(frame) - q->skip };
    if (net_queue_send(q->host, &iov, 1) < 0 && errno != EAGAIN) {
        log_once("virtio-net: cannot announce the guest on netdev '%s': %s",
                 q->net->netdev, error_text(errno));
    }
    q->announced++;
    if (g_atomic_int_add(&q->net->announce, -1) > 1) {
        timer_arm(q->announce, clock_now(CLOCK_TYPE_REALTIME) +
                                   (50 + 100 * (gint64)(q->announced - 1)) * 1000000);
    }
}

void net_start(VirtioDevice *dev, EventLoop *loop)
{
    VirtioNet *net = (VirtioNet *)dev;
    NetQueues *q = g_new0(NetQueues, 1);

    net->q = q;
    q->net = net;
    q->host = net_queue_open(net->backend, 0, loop, host_ready, q);
    q->skip = net_backend_has_header(net->backend) ? 0 : NET_HEADER;
    q->mergeable = virtio_device_has_feature(dev, VIRTIO_NET_F_MRG_RXBUF);
    q->spill = g_malloc(MAX_PACKET);
    for (unsigned i = 0; i < AHEAD; i++) {
        virtq_element_init(&q->ahead[i]);
    }
    virtq_element_init(&q->tx);
    if (g_atomic_int_get(&net->announce) > 0) {
        q->announce = timer_new(loop, CLOCK_TYPE_REALTIME, announce, q);
        announce(q);
    }
}

void net_stop(VirtioDevice *dev, EventLoop *loop)
{
    VirtioNet *net = (VirtioNet *)dev;
    NetQueues *q = net->q;

    net_queue_close(q->host);
    give_back(q);
    for (unsigned i = 0; i < AHEAD; i++) {
        virtq_element_free(&q->ahead[i]);
    }
    virtq_element_free(&q->tx);
    timer_free(q->announce);
    g_free(q->spill);
    g_free(q);
    net->q = NULL;
}
