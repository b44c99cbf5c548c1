/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550's transmitter.
 *
 * Sending takes no time while the reader takes what comes, or while there is none:
 * the transmitter is empty again when the register write ends. A reader that is late
 * makes it busy (THRE and TEMT off, no interrupt) until all has been taken. What a
 * guest sends regardless, as Linux' printk does after 10 ms, is kept all the same,
 * in a queue deeper than the FIFO; a clear of the FIFO takes nothing out of it, since
 * at any real speed it would have been sent.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "hw/serial-internal.h"

void serial_tx_empty(Serial *s)
{
    if (!(s->lsr & LSR_EMPTY)) {
        s->lsr |= LSR_EMPTY;
        s->thr_pending = TRUE;
    }
}

/* A VM that is held, or that moves, takes its output with it. */
static gboolean may_send(void)
{
    switch (run_state_get()) {
    case RUN_STATE_RUNNING:
    case RUN_STATE_SHUTDOWN:
    case RUN_STATE_INTERNAL_ERROR:
    case RUN_STATE_GUEST_PANICKED:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Where nobody reads, all of it. */
void serial_tx_drain(void *opaque)
{
    Serial *s = opaque;
    TxQueue *tx = &s->tx;

    if (!tx->len || !s->chr || !may_send()) {
        return;
    }
    size_t n = chardev_write(s->chr, tx->data, tx->len);
    tx->len = chardev_connected(s->chr) ? tx->len - n : 0;
    memmove(tx->data, tx->data + n, tx->len);
    if (!tx->len) {
        serial_tx_empty(s);
        serial_update_irq(s);
    }
}

void serial_tx_byte(Serial *s, guint8 byte)
{
    if (s->mcr & MCR_LOOP) {
        serial_receive_byte(s, byte);
        return;
    }
    if (!s->chr || (!s->tx.len && chardev_write(s->chr, &byte, 1) == 1) ||
        !chardev_connected(s->chr)) {
        return;
    }
    s->lsr &= ~LSR_EMPTY;
    if (!s->tx.data) {
        s->tx.data = g_malloc(TX_SIZE);
    }
    if (s->tx.len < TX_SIZE) {
        s->tx.data[s->tx.len++] = byte;
    }
}

static gboolean tx_needed(void *opaque)
{
    return ((TxQueue *)opaque)->len != 0;
}

const StateDesc serial_tx_state = {
    .name = "isa-serial/tx",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_COUNTED("data", STATE_BYTES, TxQueue, data, TX_SIZE, len,
                          .indirect = TRUE),
            { NULL },
        },
    .needed = tx_needed,
};
