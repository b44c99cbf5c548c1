/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving (3.2): a frame goes into as many buffers as it needs. While there are none
 * the back end keeps what comes, so that nothing is lost that need not be. Checksums are
 * left to the guest.
 */
#include <errno.h>
#include <string.h>

#include "event/turn.h"
#include "hw/e1000-internal.h"
#include "memory/guest.h"
#include "util/error.h"
#include "util/log.h"

#define MAX_NORMAL 1522 /* with a VLAN tag and FCS; longer ones need RCTL.LPE */
#define MAX_PASSED 512  /* descriptors that one frame uses up, also those without buffer \
                         */

/* In the descriptor, behind the address. */
typedef struct RxResult {
    guint16 length, checksum;
    guint8 status, errors;
    guint16 special;
} RxResult;

static guint32 ring_size(const E1000 *e)
{
    return e->reg[E1000_RDLEN] / E1000_DESCRIPTOR;
}

/* Descriptors that are the card's. A tail beyond the ring gives all of it. */
static guint32 available(const E1000 *e)
{
    guint32 n = ring_size(e), head = e->reg[E1000_RDH], tail = e->reg[E1000_RDT];

    if (head >= n) {
        head = 0;
    }
    if (tail >= n) {
        return n;
    }
    return tail >= head ? tail - head : n - head + tail;
}

static guint32 buffer_size(const E1000 *e)
{
    guint32 rctl = e->reg[E1000_RCTL], shift = RCTL_BSIZE(rctl);

    if (rctl & RCTL_BSEX && shift) {
        return 32768u >> shift;
    }
    return 2048u >> shift;
}

gboolean e1000_rx_ready(const E1000 *e)
{
    return e1000_link_up(e) && e->reg[E1000_RCTL] & RCTL_EN && available(e);
}

/* --- the ring --- */

/* Fills one descriptor. Returns how much has gone into it. */
static gsize fill(E1000 *e, const guint8 *data, gsize len, RxResult result)
{
    guint32 head = e->reg[E1000_RDH];
    guint64 base = e->reg[E1000_RDBAL] | (guint64)e->reg[E1000_RDBAH] << 32;
    guint64 at, address = 0;
    gsize n = MIN(len, buffer_size(e));

    if (head >= ring_size(e)) {
        head = 0;
    }
    at = base + (guint64)head * E1000_DESCRIPTOR;
    if (!guest_read(&e->pci.dma, at, &address, sizeof(address)) || !address) {
        n = 0; /* one without a buffer is passed over */
    } else {
        guest_write(&e->pci.dma, GUINT64_FROM_LE(address), data, n);
    }
    result.length = GUINT16_TO_LE((guint16)n);
    result.status |= RXD_DD | (n && n == len ? RXD_EOP | RXD_IXSM : 0);
    guest_write(&e->pci.dma, at + sizeof(address), &result, sizeof(result));
    e->reg[E1000_RDH] = (head + 1) % ring_size(e);
    return n;
}

/* 3.2.5: few descriptors are left: a half, a quarter or an eighth. */
static gboolean runs_low(const E1000 *e)
{
    return available(e) <= ring_size(e) >> (1 + RCTL_RDMTS(e->reg[E1000_RCTL]));
}

static void put(E1000 *e, const guint8 *data, gsize len, RxResult result)
{
    guint32 left = available(e);

    if ((guint64)left * buffer_size(e) < len) {
        e1000_count(e, STAT_MPC);
        e1000_count(e, STAT_RNBC);
        e1000_raise(e, ICR_RXO);
        return;
    }
    left = MIN(left, MAX_PASSED);
    for (; len && left; left--) {
        gsize n = fill(e, data, len, result);
        data += n;
        len -= n;
        turn_count(TURN_DESCRIPTORS, 1);
    }
    e1000_raise(e, ICR_RXT0 | (runs_low(e) ? ICR_RXDMT0 : 0));
}

/* --- a frame --- */

static gboolean is_oversized(const E1000 *e, gsize len)
{
    guint32 rctl = e->reg[E1000_RCTL];

    return len + E1000_FCS > (rctl & RCTL_LPE ? E1000_MAX_FRAME : MAX_NORMAL) &&
           !(rctl & RCTL_SBP && len + E1000_FCS <= E1000_MAX_FRAME);
}

void e1000_receive_frame(E1000 *e, guint8 *frame, gsize len)
{
    RxResult result = { 0 };

    if (len < E1000_MIN_FRAME) { /* back ends do not pad */
        memset(frame + len, 0, E1000_MIN_FRAME - len);
        len = E1000_MIN_FRAME;
    }
    if (is_oversized(e, len)) {
        e1000_count(e, STAT_ROC);
        return;
    }
    if (!e1000_accepts(e, frame, len)) {
        return;
    }
    e1000_count_received(e, frame, len);
    if (e->reg[E1000_CTRL] & CTRL_VME && e1000_is_tagged(e, frame, len)) {
        guint8 *tag = frame + E1000_ADDRESSES + 2;
        result.special = GUINT16_TO_LE((guint16)(tag[0] << 8 | tag[1]));
        result.status = RXD_VP;
        memmove(frame + E1000_VLAN, frame, E1000_ADDRESSES);
        frame += E1000_VLAN;
        len -= E1000_VLAN;
    }
    if (!(e->reg[E1000_RCTL] & RCTL_SECRC)) {
        memset(frame + len, 0, E1000_FCS);
        len += E1000_FCS;
    }
    put(e, frame, len, result);
}

/* FALSE: there is none, or the back end has failed. */
static gboolean receive_one(E1000 *e)
{
    guint8 *frame = e->rx_buffer + e->header;
    const struct iovec iov = { e->rx_buffer, e->header + E1000_MAX_FRAME + 1 };
    gssize len = net_queue_receive(e->queue, &iov, 1);

    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            log_once("e1000: cannot receive from netdev '%s': %s", e->netdev,
                     error_text(errno));
            e->rx_failed = TRUE;
        }
        return FALSE;
    }
    turn_count(TURN_PACKETS, 1);
    turn_count(TURN_NET_BYTES, (guint64)len);
    if ((gsize)len > e->header && e1000_link_up(e)) {
        e1000_receive_frame(e, frame, (gsize)len - e->header);
    }
    return TRUE;
}

void e1000_receive(E1000 *e)
{
    while (!turn_over() && (e1000_rx_ready(e) || !e1000_link_up(e))) {
        if (!receive_one(e)) {
            break;
        }
    }
    e1000_update(e);
}
