/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hw/tx-queue.h"

#include <string.h>

#include "accel/run-state.h"

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

gboolean tx_queue_drain(TxQueue *tx, ChardevFront *chr)
{
    if (!tx->len || !chr || !may_send()) {
        return FALSE;
    }
    size_t n = chardev_write(chr, tx->data, tx->len);
    tx->len -= n;
    memmove(tx->data, tx->data + n, tx->len);
    return !tx->len;
}

gboolean tx_queue_send(TxQueue *tx, ChardevFront *chr, guint8 byte)
{
    if (!chr || (!tx->len && chardev_write(chr, &byte, 1) == 1)) {
        return TRUE;
    }
    if (!tx->data) {
        tx->data = g_malloc(TX_SIZE);
    }
    if (tx->len < TX_SIZE) {
        tx->data[tx->len++] = byte;
    }
    return FALSE;
}

void tx_queue_clear(TxQueue *tx)
{
    g_clear_pointer(&tx->data, g_free);
    tx->len = 0;
}

static gboolean tx_needed(void *opaque)
{
    return ((TxQueue *)opaque)->len != 0;
}

const StateDesc tx_queue_state = {
    .name = "tx-queue",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_COUNTED("data", STATE_BYTES, TxQueue, data, TX_SIZE, len,
                          .indirect = TRUE),
            { NULL },
        },
    .needed = tx_needed,
};
