/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest has sent to a character device, and that has not taken it yet. A VM that
 * is held, or that moves, takes it along. Machine lock.
 */
#ifndef VIREO_HW_TX_QUEUE_H
#define VIREO_HW_TX_QUEUE_H

#include "chardev/chardev.h"
#include "util/state.h"

#define TX_SIZE 16384

/* Zero at first. */
typedef struct TxQueue {
    guint8 *data; /* NULL: never had any; else room for TX_SIZE */
    guint32 len;
} TxQueue;

/* Left out when it is empty. */
extern const StateDesc tx_queue_state;

/* TRUE: the byte is gone, also to nobody. FALSE: it waits; of too many, it is lost. */
gboolean tx_queue_send(TxQueue *tx, ChardevFront *chr, guint8 byte);
/* Hands on what chr takes; where nobody reads, all of it. TRUE: the last has gone now. */
gboolean tx_queue_drain(TxQueue *tx, ChardevFront *chr);
void tx_queue_clear(TxQueue *tx);

#endif
