/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet of the FIFO as frames: checksums (3.5.6), segmentation (3.5), VLAN tags. The
 * back end gets frames that are complete, as on a wire.
 *
 * One that is cut keeps its header as the guest wrote it; each segment has a changed
 * copy. So it can be gone on with where the back end took no more.
 */
#include <errno.h>
#include <string.h>

#include "event/turn.h"
#include "hw/e1000-internal.h"

#define PIECES 6

/* Offsets in headers. */
#define IP4_LENGTH 2
#define IP4_ID     4
#define IP4_MIN    20
#define IP6_LENGTH 4
#define IP6_MIN    40
#define TCP_SEQ    4
#define TCP_FLAGS  13
#define TCP_MIN    20
#define TCP_LAST   0x09 /* FIN, PSH: of the last segment only */
#define UDP_LENGTH 4
#define UDP_MIN    8

static guint16 get_be16(const guint8 *at)
{
    return (guint16)(at[0] << 8 | at[1]);
}

static void put_be16(guint8 *at, guint32 value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static void add_be32(guint8 *at, guint32 n)
{
    guint32 value;

    memcpy(&value, at, sizeof(value));
    value = GUINT32_TO_BE(GUINT32_FROM_BE(value) + n);
    memcpy(at, &value, sizeof(value));
}

/* --- checksums --- */

/* Ones' complement sum of big-endian words, not folded; odd: the first byte is a low one.
 */
static guint64 sum_bytes(const guint8 *data, gsize len, gboolean odd)
{
    guint64 sum = 0;

    if (odd && len) {
        sum = *data++;
        len--;
    }
    for (; len >= 2; len -= 2, data += 2) {
        sum += get_be16(data);
    }
    return sum + (len ? (guint64)*data << 8 : 0);
}

static guint16 fold(guint64 sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (guint16)sum;
}

/*
 * A frame: its first bytes, which may be changed, and the others. The sum of the bytes
 * from start to end (inclusive; 0: all) goes to `at`; what is there counts. Nothing
 * happens where that is not in the first bytes.
 */
static void put_sum(guint8 *head, gsize n, const guint8 *rest, gsize more, gsize start,
                    gsize at, gsize end, gboolean udp)
{
    gsize stop = end && end < n + more ? end + 1 : n + more;
    gsize inside = MIN(stop, n);

    if (at + 2 > n || start >= inside) {
        return;
    }
    guint64 sum = sum_bytes(head + start, inside - start, FALSE);
    if (stop > n) {
        sum += sum_bytes(rest, stop - n, (n - start) % 2);
    }
    guint16 value = (guint16)~fold(sum);
    put_be16(head + at, udp && !value ? 0xffff : value);
}

void e1000_put_sum(E1000Tx *tx, gsize start, gsize at)
{
    put_sum(tx->data, tx->len, NULL, 0, start, at, 0, FALSE);
}

/* As its context says. */
static void put_sums(const E1000Tx *tx, guint8 *head, gsize n, const guint8 *rest,
                     gsize more)
{
    const E1000Context *c = &tx->contexts[tx->cut];

    if (tx->ip_sum) {
        put_sum(head, n, rest, more, c->ipcss, c->ipcso, c->ipcse, FALSE);
    }
    if (tx->tu_sum) {
        put_sum(head, n, rest, more, c->tucss, c->tucso, c->tucse, !c->tcp);
    }
}

/* --- whole packets --- */

/* Of one that is cut: all that is changed is in its header. */
static gboolean check_header(const E1000Context *c)
{
    unsigned ip = c->ip4 ? IP4_MIN : IP6_MIN, tu = c->tcp ? TCP_MIN : UDP_MIN;

    return c->mss && c->hdr_len + (unsigned)c->mss <= E1000_MAX_FRAME - E1000_FCS &&
           c->ipcss >= E1000_ADDRESSES + 2 && c->ipcss + ip <= c->hdr_len &&
           c->tucss + tu <= c->hdr_len;
}

gboolean e1000_packet_check(const E1000Tx *tx)
{
    const E1000Context *c = &tx->contexts[tx->cut];

    if (!tx->cut) {
        return tx->len && tx->len <= E1000_MAX_FRAME - E1000_FCS;
    }
    return tx->len <= E1000_FIFO && check_header(c) && tx->len >= c->hdr_len &&
           tx->sent <= tx->len - c->hdr_len;
}

gboolean e1000_packet_prepare(E1000Tx *tx)
{
    tx->sent = tx->segment = 0;
    if (!e1000_packet_check(tx)) {
        return FALSE;
    }
    if (!tx->cut) {
        put_sums(tx, tx->data, tx->len, NULL, 0);
    }
    return TRUE;
}

/* --- sending --- */

static gboolean loops(const E1000 *e)
{
    return e1000_phy_loops(e) || (e->reg[E1000_RCTL] & RCTL_LBM) == RCTL_LBM_MAC;
}

/* 8.6, 13.4.22: the frame comes back. Where it finds no room it is lost. */
static void loop_back(E1000 *e, const struct iovec *frame, unsigned n)
{
    gsize len = 0;

    if (!e->loop_buffer) {
        e->loop_buffer = g_malloc(E1000_BUFFER);
    }
    for (unsigned i = 0; i < n; i++) {
        memcpy(e->loop_buffer + len, frame[i].iov_base, frame[i].iov_len);
        len += frame[i].iov_len;
    }
    if (e->reg[E1000_RCTL] & RCTL_EN) {
        e1000_receive_frame(e, e->loop_buffer, len);
    }
}

/* FALSE: the back end takes no more now. Other failures lose the frame, as a wire does.
 */
static gboolean hand_over(E1000 *e, const struct iovec *frame, unsigned n)
{
    static const guint8 none[E1000_NET_HEADER];
    struct iovec iov[PIECES + 1] = { { (void *)none, e->header } };

    memcpy(iov + 1, frame, n * sizeof(*frame));
    if (e->queue &&
        net_queue_send(e->queue, e->header ? iov : iov + 1, e->header ? n + 1 : n) < 0 &&
        errno == EAGAIN) {
        e->tx_blocked = TRUE;
        return FALSE;
    }
    return TRUE;
}

/* The pieces have room for padding; the first has the addresses. */
static gboolean send_frame(E1000 *e, struct iovec *frame, unsigned n)
{
    static const guint8 padding[E1000_MIN_FRAME];
    gsize len = 0;

    for (unsigned i = 0; i < n; i++) {
        len += frame[i].iov_len;
    }
    if (len < E1000_MIN_FRAME && e->reg[E1000_TCTL] & TCTL_PSP) {
        frame[n++] = (struct iovec){ (void *)padding, E1000_MIN_FRAME - len };
        len = E1000_MIN_FRAME;
    }
    if (loops(e)) {
        loop_back(e, frame, n);
    } else if (e1000_link_up(e) && !hand_over(e, frame, n)) {
        return FALSE;
    }
    turn_count(TURN_PACKETS, 1);
    e1000_count_sent(e, frame[0].iov_base, len);
    return TRUE;
}

/* The tag goes behind the addresses of the first n bytes. */
static gboolean send_tagged(E1000 *e, guint8 *head, gsize n, guint8 *rest, gsize more)
{
    const E1000Tx *tx = &e->tx;
    struct iovec frame[PIECES];
    guint8 tag[E1000_VLAN];
    unsigned k = 0;

    if (tx->tagged && n >= E1000_ADDRESSES) {
        put_be16(tag, e->reg[E1000_VET] & 0xffff);
        put_be16(tag + 2, tx->tag);
        frame[k++] = (struct iovec){ head, E1000_ADDRESSES };
        frame[k++] = (struct iovec){ tag, sizeof(tag) };
        head += E1000_ADDRESSES;
        n -= E1000_ADDRESSES;
    }
    frame[k++] = (struct iovec){ head, n };
    if (more) {
        frame[k++] = (struct iovec){ rest, more };
    }
    return send_frame(e, frame, k);
}

/* 3.5.8: the lengths, numbers and flags of the segment; then its sums. */
static void change_header(const E1000Tx *tx, guint8 *head, const guint8 *rest,
                          guint32 more)
{
    const E1000Context *c = &tx->contexts[1];
    guint32 len = c->hdr_len + more, tu_len = len - c->tucss;
    guint8 *ip = head + c->ipcss, *tu = head + c->tucss;
    gboolean last = tx->sent + more + c->hdr_len == tx->len;

    if (c->ip4) {
        put_be16(ip + IP4_LENGTH, len - c->ipcss);
        put_be16(ip + IP4_ID, get_be16(ip + IP4_ID) + tx->segment);
    } else {
        put_be16(ip + IP6_LENGTH, len - c->ipcss - IP6_MIN);
    }
    if (c->tcp) {
        add_be32(tu + TCP_SEQ, tx->sent);
        tu[TCP_FLAGS] &= last ? 0xff : (guint8)~TCP_LAST;
    } else {
        put_be16(tu + UDP_LENGTH, tu_len);
    }
    /* The guest's sum is of a pseudo-header without the length. */
    if (tx->tu_sum && c->tucso + 2u <= c->hdr_len) {
        put_be16(head + c->tucso, fold((guint64)get_be16(head + c->tucso) + tu_len));
    }
    put_sums(tx, head, c->hdr_len, rest, more);
}

static gboolean send_segments(E1000 *e)
{
    E1000Tx *tx = &e->tx;
    const E1000Context *c = &tx->contexts[1];
    guint32 payload = tx->len - c->hdr_len;

    do {
        guint8 head[E1000_HEADER_MAX];
        guint8 *rest = tx->data + c->hdr_len + tx->sent;
        guint32 more = MIN(payload - tx->sent, c->mss);
        if (turn_over()) {
            return FALSE;
        }
        memcpy(head, tx->data, c->hdr_len);
        change_header(tx, head, rest, more);
        if (!send_tagged(e, head, c->hdr_len, rest, more)) {
            return FALSE;
        }
        tx->sent += more;
        tx->segment++;
    } while (tx->sent < payload);
    e1000_count(e, STAT_TSCTC);
    return TRUE;
}

gboolean e1000_packet_send(E1000 *e)
{
    E1000Tx *tx = &e->tx;

    return tx->cut ? send_segments(e) : send_tagged(e, tx->data, tx->len, NULL, 0);
}
