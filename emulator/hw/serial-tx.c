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

#include "hw/serial-internal.h"

void serial_tx_empty(Serial *s)
{
    if (!(s->lsr & LSR_EMPTY)) {
        s->lsr |= LSR_EMPTY;
        s->thr_pending = TRUE;
    }
}

void serial_tx_drain(void *opaque)
{
    Serial *s = opaque;

    if (tx_queue_drain(&s->tx, s->chr)) {
        serial_tx_empty(s);
        serial_update_irq(s);
    }
}

void serial_tx_byte(Serial *s, guint8 byte)
{
    if (s->mcr & MCR_LOOP) {
        serial_receive_byte(s, byte);
    } else if (!tx_queue_send(&s->tx, s->chr, byte)) {
        s->lsr &= ~LSR_EMPTY;
    }
}
