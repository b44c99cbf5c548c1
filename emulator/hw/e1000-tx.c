/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transmitting (3.3, 3.4): descriptors are taken one after the other, and what they say
 * is gathered in the FIFO until a packet is complete. That a descriptor is done tells the
 * guest that its buffer has been read.
 */
#include <string.h>

#include "event/turn.h"
#include "hw/e1000-internal.h"
#include "memory/guest.h"

#define BUFFER_MAX 0xffffu /* of one descriptor; the chip's data sheet allows 16288 */

typedef struct TxDescriptor {
    guint64 address; /* of a context: two dwords of offsets */
    guint32 lower, upper;
} TxDescriptor;

static guint32 ring_size(const E1000 *e)
{
    return e->reg[E1000_TDLEN] / E1000_DESCRIPTOR;
}

void e1000_tx_reset(E1000 *e)
{
    g_free(e->tx.data);
    e->tx = (E1000Tx){ 0 };
    e->tx_blocked = FALSE;
}

/* The next packet begins; the contexts stay. */
static void clear_packet(E1000Tx *tx)
{
    tx->len = tx->sent = tx->segment = 0;
    tx->begun = tx->cut = tx->ip_sum = tx->tu_sum = tx->bad = tx->tagged = FALSE;
    tx->ready = FALSE;
}

/* --- descriptors --- */

static void load_context(E1000Tx *tx, const TxDescriptor *d)
{
    guint32 ip = (guint32)d->address, tu = (guint32)(d->address >> 32);

    tx->contexts[(d->lower & TXD_TSE) != 0] = (E1000Context){
        .ipcss = (guint8)ip,
        .ipcso = (guint8)(ip >> 8),
        .ipcse = (guint16)(ip >> 16),
        .tucss = (guint8)tu,
        .tucso = (guint8)(tu >> 8),
        .tucse = (guint16)(tu >> 16),
        .tcp = (d->lower & TXD_TUCMD_TCP) != 0,
        .ip4 = (d->lower & TXD_TUCMD_IP4) != 0,
        .hdr_len = (guint8)(d->upper >> 8),
        .mss = (guint16)(d->upper >> 16),
    };
}

/* FALSE: more than any packet has. */
static gboolean make_room(E1000Tx *tx, guint32 more)
{
    if (more > E1000_FIFO - tx->len) {
        return FALSE;
    }
    if (tx->len + more > tx->room) {
        tx->room = MAX(2 * tx->room, MAX(tx->len + more, 2048u));
        tx->room = MIN(tx->room, E1000_FIFO);
        tx->data = g_realloc(tx->data, tx->room);
    }
    return TRUE;
}

static void add_data(E1000 *e, guint64 address, guint32 len)
{
    E1000Tx *tx = &e->tx;

    if (tx->bad || !len) {
        return;
    }
    turn_count(TURN_NET_BYTES, MIN(len, BUFFER_MAX));
    tx->bad = len > BUFFER_MAX || !make_room(tx, len) ||
              !guest_read(&e->pci.dma, address, tx->data + tx->len, len);
    tx->len += tx->bad ? 0 : len;
}

static void end_packet(E1000 *e, const TxDescriptor *d)
{
    E1000Tx *tx = &e->tx;
    gboolean legacy = !(d->lower & TXD_DEXT);

    if (legacy && !tx->bad && d->lower & TXD_IC) {
        e1000_put_sum(tx, d->upper >> 8 & 0xff, d->lower >> 16 & 0xff);
    }
    tx->ready = !tx->bad && e1000_packet_prepare(tx);
    if (!tx->ready) {
        clear_packet(tx);
    }
}

static void take_data(E1000 *e, const TxDescriptor *d)
{
    E1000Tx *tx = &e->tx;
    gboolean extended = (d->lower & TXD_DEXT) != 0;

    if (!tx->begun) {
        tx->begun = TRUE;
        tx->cut = extended && d->lower & TXD_TSE;
        tx->ip_sum = extended && d->upper & TXD_IXSM;
        tx->tu_sum = extended && d->upper & TXD_TXSM;
    }
    if (d->lower & TXD_VLE && e->reg[E1000_CTRL] & CTRL_VME) {
        tx->tagged = TRUE;
        tx->tag = (guint16)(d->upper >> 16);
    }
    add_data(e, d->address, d->lower & (extended ? 0xfffffu : 0xffffu));
    if (d->lower & TXD_EOP) {
        end_packet(e, d);
    }
}

static guint32 write_back(E1000 *e, guint64 at, const TxDescriptor *d)
{
    guint32 upper = GUINT32_TO_LE((d->upper & ~TXD_STATUS) | TXD_DD);

    if (!(d->lower & TXD_RS)) {
        return 0;
    }
    guest_write(&e->pci.dma, at + G_STRUCT_OFFSET(TxDescriptor, upper), &upper,
                sizeof(upper));
    return ICR_TXDW;
}

/* One descriptor; FALSE: there is none. */
static gboolean take(E1000 *e, guint32 *causes)
{
    guint64 base = e->reg[E1000_TDBAL] | (guint64)e->reg[E1000_TDBAH] << 32, at;
    guint32 n = ring_size(e), head = e->reg[E1000_TDH] < n ? e->reg[E1000_TDH] : 0;
    TxDescriptor d;

    if (!n || !e->tx.left || head == e->reg[E1000_TDT]) {
        return FALSE;
    }
    at = base + (guint64)head * E1000_DESCRIPTOR;
    if (!guest_read(&e->pci.dma, at, &d, sizeof(d))) {
        e->tx.left = 0; /* the ring is nowhere: until the guest says otherwise */
        return FALSE;
    }
    d = (TxDescriptor){ GUINT64_FROM_LE(d.address), GUINT32_FROM_LE(d.lower),
                        GUINT32_FROM_LE(d.upper) };
    turn_count(TURN_DESCRIPTORS, 1);
    if (d.lower & TXD_DEXT && (d.lower & TXD_TYPE) != TXD_DATA) {
        load_context(&e->tx, &d);
    } else {
        take_data(e, &d);
    }
    e->tx.delayed = e->tx.delayed || d.lower & TXD_IDE;
    e->tx.left--;
    *causes |= write_back(e, at, &d);
    e->reg[E1000_TDH] = (head + 1) % n;
    *causes |= e->reg[E1000_TDH] == e->reg[E1000_TDT] ? ICR_TXQE : 0;
    return TRUE;
}

/* --- turns --- */

void e1000_tx_tail(E1000 *e)
{
    e->tx.left = ring_size(e);
    e1000_want_tx(e);
}

/* FALSE: the turn is over. */
static gboolean transmit(E1000 *e, guint32 *causes)
{
    for (;;) {
        if (e->tx.ready) {
            if (!e1000_packet_send(e)) {
                return e->tx_blocked;
            }
            clear_packet(&e->tx);
        }
        if (turn_over()) {
            return FALSE;
        }
        if (!take(e, causes)) {
            return TRUE;
        }
    }
}

gboolean e1000_transmit(E1000 *e)
{
    guint32 causes = 0;
    gboolean done = TRUE;

    if (e->reg[E1000_TCTL] & TCTL_EN && !e->tx_blocked) {
        done = transmit(e, &causes);
    }
    if (causes) {
        e1000_raise(e, causes);
    }
    return done;
}
