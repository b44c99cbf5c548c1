/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane of virtio-net on a tap (virtio 1.2, section 5.1.6): the header that
 * the driver and the tap exchange is the same, so packets go from one to the other
 * with one readv() or writev() on guest memory. A tap without
 * header gets and gives the frame behind it; the driver was offered nothing then, and
 * its header is zeros. All pairs belong to one loop; those that the driver has not made
 * active receive nothing.
 *
 * Receiving: buffers are popped ahead, up to one packet of the largest kind. What
 * does not fit into them lands in a spill buffer behind, and is copied to further
 * buffers, or dropped when there are none. A stop takes back what was not used. The
 * kernel looks at each piece that readv() is given: while only small packets come, it is
 * given the first few, and the first large one, which lands in the spill buffer, ends
 * that.
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
#define SMALL      2048 /* bytes of a packet */
#define ALL_SMALL  64   /* so many of them one after the other, and more are awaited */
#define PUBLISHED  64   /* packets at once, so that the driver goes on meanwhile */

typedef struct NetPair {
    NetPlane *plane;
    VirtioNet *net;
    unsigned index;
    NetQueue *host;
    gboolean mergeable;
    unsigned header; /* bytes of it */
    unsigned skip;   /* bytes in front of the frame that the tap does not have */

    gboolean want_rx, tx_blocked;

    VirtqElement ahead[AHEAD];
    unsigned first, count;
    guint64 room;   /* bytes in them */
    unsigned small; /* packets since the last that was not, up to ALL_SMALL */
    struct iovec iov[MAX_PIECES + 1];
    guint8 *spill;

    VirtqElement tx;
} NetPair;

struct NetPlane {
    NetFilter filter; /* a copy, of this generation: */
    gint generation;
    VirtioNet *net;
    Timer *announce;
    unsigned announced;
    NetQueue *out; /* of what we say ourselves, while announcing; NULL: pair 0 is there */
    unsigned n;    /* 0: others serve them */
    NetPair pairs[];
};

static void update_wait(NetPair *q)
{
    net_queue_wait(q->host, (q->want_rx ? G_IO_IN : 0) | (q->tx_blocked ? G_IO_OUT : 0));
}

static Virtqueue *rx_queue(NetPair *q)
{
    return virtio_device_queue(&q->net->dev, 2 * q->index + RX);
}

static Virtqueue *tx_queue(NetPair *q)
{
    return virtio_device_queue(&q->net->dev, 2 * q->index + TX);
}

static gboolean is_active(NetPair *q)
{
    return q->index < (unsigned)g_atomic_int_get(&q->net->active);
}

/* Receiving */

static VirtqElement *nth(NetPair *q, unsigned i)
{
    return &q->ahead[(q->first + i) % AHEAD];
}

static gboolean pop_ahead(NetPair *q, Virtqueue *vq)
{
    VirtqElement *e = nth(q, q->count);

    if (q->count == AHEAD || !virtqueue_pop(vq, e)) {
        return FALSE;
    }
    if (e->in.size < q->header) {
        virtqueue_unpop(vq, e);
        virtio_device_broken(&q->net->dev, "receive buffer without room for a header");
        return FALSE;
    }
    q->room += e->in.size;
    q->count++;
    return TRUE;
}

/* FALSE: no buffers; the driver's next notification comes. */
static gboolean refill(NetPair *q, Virtqueue *vq)
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
static unsigned gather(NetPair *q, guint64 *room)
{
    guint64 enough = q->small == ALL_SMALL ? SMALL : MAX_PACKET;
    unsigned n = 0;

    *room = 0;
    for (unsigned i = 0; i < q->count && *room < enough; i++) {
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
static gboolean unspill(NetPair *q, Virtqueue *vq, guint64 room, guint64 len)
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
static void deliver(NetPair *q, Virtqueue *vq, guint64 len)
{
    guint16 buffers = 0;
    guint64 sum = 0;

    while (sum < len) {
        sum += nth(q, buffers++)->in.size;
    }
    guint16 le = GUINT16_TO_LE(buffers);
    if (q->header == NET_HEADER) {
        guest_iov_from_buf(&nth(q, 0)->in,
                           offsetof(struct virtio_net_hdr_v1, num_buffers), &le,
                           sizeof(le));
    }
    while (len) {
        VirtqElement *e = nth(q, 0);
        guint64 size = e->in.size, n = MIN(len, size);
        virtqueue_fill(vq, e, n);
        q->first = (q->first + 1) % AHEAD;
        q->count--;
        q->room -= size;
        len -= n;
    }
    if (vq->filled >= PUBLISHED) {
        virtqueue_flush(vq);
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

/*
 * readv() of one packet with its header, as the tap's or made. room: bytes in front of
 * the spill buffer; they have the whole header, or are none.
 */
static gssize read_packet(NetPair *q, unsigned n, guint64 room)
{
    static const guint8 none[NET_HEADER];
    unsigned first = skip_bytes(q->iov, n, q->skip);
    gssize len = net_queue_receive(q->host, q->iov + first, n - first);

    if (len >= 0 && q->skip) {
        if (room) {
            guest_iov_from_buf(&nth(q, 0)->in, 0, none, q->skip);
        } else {
            memset(q->spill, 0, q->skip);
        }
        len += q->skip;
    }
    return len;
}

/* Bytes of the packet that was read; room: of guest memory in front of the spill. */
static void peek(NetPair *q, guint64 room, guint64 offset, guint8 *to, guint64 len)
{
    for (unsigned i = 0; offset < room; i++) {
        const GuestIov *in = &nth(q, i)->in;
        if (offset < in->size) {
            guint64 n = guest_iov_to_buf(in, offset, to, len);
            to += n;
            len -= n;
            offset += n;
        }
        if (!len) {
            return;
        }
        offset -= in->size;
        room -= in->size;
    }
    memcpy(to, q->spill + (offset - room), len);
}

static gboolean passes(NetPair *q, guint64 room, guint64 len)
{
    const NetFilter *filter = &q->plane->filter;
    guint8 frame[NET_FILTER_PEEK] = { 0 };

    if (filter->modes & NET_RX_PROMISC) {
        return TRUE;
    }
    peek(q, room, q->header, frame, MIN(len - q->header, sizeof(frame)));
    return net_filter_passes(filter, frame);
}

static void refresh_filter(NetPlane *plane, VirtioNet *net)
{
    if (g_atomic_int_get(&net->shared_generation) != plane->generation) {
        g_mutex_lock(&net->shared_lock);
        plane->filter = net->shared;
        plane->generation = g_atomic_int_get(&net->shared_generation);
        g_mutex_unlock(&net->shared_lock);
    }
}

static void receive_failed(NetPair *q)
{
    if (errno == EAGAIN || errno == EINTR) {
        return;
    }
    if (is_active(q)) {
        log_once("virtio-net: cannot receive from netdev '%s': %s",
                 net_backend_id(q->net->backend), error_text(errno));
    }
    q->want_rx = FALSE;
}

/* One packet; FALSE: there is none, or the back end has failed. */
static gboolean receive(NetPair *q, Virtqueue *vq)
{
    guint64 room;
    unsigned n = gather(q, &room);
    gssize len = read_packet(q, n, room);

    if (len < 0) {
        receive_failed(q);
        return FALSE;
    }
    turn_count(TURN_PACKETS, 1);
    turn_count(TURN_NET_BYTES, len);
    q->small = len > SMALL ? 0 : MIN(q->small + 1, ALL_SMALL);
    if (len < q->header || len > MAX_PACKET || !passes(q, room, len)) {
        return TRUE;
    }
    if ((guint64)len <= room || unspill(q, vq, room, len)) {
        deliver(q, vq, len);
    }
    return TRUE;
}

static void receive_burst(NetPair *q)
{
    Virtqueue *vq = rx_queue(q);

    if (!vq->enabled) {
        return;
    }
    refresh_filter(q->plane, q->net);
    q->want_rx = is_active(q);
    while (q->want_rx && !turn_over()) { /* stays readable: another turn comes */
        if (!refill(q, vq)) {
            q->want_rx = FALSE;
        } else if (!receive(q, vq)) {
            break;
        }
    }
    virtqueue_flush(vq);
    update_wait(q);
}

static void give_back(NetPair *q)
{
    Virtqueue *vq = rx_queue(q);

    while (q->count) {
        virtqueue_unpop(vq, nth(q, --q->count));
    }
    q->room = 0;
}

/* Sending */

/* FALSE: the tap takes no more now. */
static gboolean send_one(NetPair *q, Virtqueue *vq)
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
    if (vq->filled >= PUBLISHED) {
        virtqueue_flush(vq);
    }
    return TRUE;
}

static void send_burst(NetPair *q)
{
    Virtqueue *vq = tx_queue(q);

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
    NetPair *q = opaque;

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

void net_plane_handle(VirtioNet *net, Virtqueue *vq)
{
    if (vq->index / 2 >= net->plane->n) {
        return; /* of no pair that the driver can have */
    }
    NetPair *q = &net->plane->pairs[vq->index / 2];
    if (vq->index % 2 == RX) {
        receive_burst(q);
    } else if (!q->tx_blocked) {
        send_burst(q);
    }
}

static void announce(void *opaque)
{
    NetPlane *plane = opaque;
    VirtioNet *net = plane->net;
    unsigned skip = net_backend_has_header(net->backend) ? 0 : net->header;
    guint8 packet[NET_HEADER + NET_ANNOUNCE_FRAME] = { 0 };
    struct iovec iov = { packet + skip, net->header + NET_ANNOUNCE_FRAME - skip };

    refresh_filter(plane, net);
    net_announce_frame(packet + net->header, plane->filter.mac);
    if (net_queue_send(plane->out ? plane->out : plane->pairs[0].host, &iov, 1) < 0 &&
        errno != EAGAIN) {
        log_once("virtio-net: cannot announce the guest on netdev '%s': %s",
                 net_backend_id(net->backend), error_text(errno));
    }
    plane->announced++;
    if (g_atomic_int_add(&net->announce, -1) > 1) {
        timer_arm(plane->announce, net_announce_next(plane->announced));
    }
}

static void start_pair(NetPlane *plane, VirtioNet *net, unsigned index)
{
    NetPair *q = &plane->pairs[index];

    q->plane = plane;
    q->net = net;
    q->index = index;
    q->host = net_queue_open(net->backend, index, net->dev.loop, host_ready, q);
    q->header = net->header;
    q->skip = net_backend_has_header(net->backend) ? 0 : q->header;
    q->mergeable = virtio_device_has_feature(&net->dev, VIRTIO_NET_F_MRG_RXBUF);
    q->spill = g_malloc(MAX_PACKET);
    for (unsigned i = 0; i < AHEAD; i++) {
        virtq_element_init(&q->ahead[i]);
    }
    virtq_element_init(&q->tx);
}

void net_plane_start(VirtioNet *net)
{
    unsigned n = net->by_kernel ? 0 : net_usable_pairs(net);
    NetPlane *plane = g_malloc0(sizeof(NetPlane) + n * sizeof(NetPair));

    net->plane = plane;
    plane->net = net;
    plane->n = n;
    plane->generation = g_atomic_int_get(&net->shared_generation) - 1;
    for (unsigned i = 0; i < n; i++) {
        start_pair(plane, net, i);
    }
    if (g_atomic_int_get(&net->announce) > 0) {
        plane->out =
            n ? NULL : net_queue_open(net->backend, 0, net->dev.loop, host_ready, NULL);
        plane->announce = timer_new(net->dev.loop, CLOCK_TYPE_REALTIME, announce, plane);
        announce(plane);
    }
}

static void stop_pair(NetPair *q)
{
    net_queue_close(q->host);
    give_back(q);
    for (unsigned i = 0; i < AHEAD; i++) {
        virtq_element_free(&q->ahead[i]);
    }
    virtq_element_free(&q->tx);
    g_free(q->spill);
}

void net_plane_stop(VirtioNet *net)
{
    NetPlane *plane = net->plane;

    for (unsigned i = 0; i < plane->n; i++) {
        stop_pair(&plane->pairs[i]);
    }
    if (plane->out) {
        net_queue_close(plane->out);
    }
    timer_free(plane->announce);
    g_free(plane);
    net->plane = NULL;
}
