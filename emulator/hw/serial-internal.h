/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What serial.c and serial-tx.c share. Machine lock. */
#ifndef VIREO_HW_SERIAL_INTERNAL_H
#define VIREO_HW_SERIAL_INTERNAL_H

#include "chardev/chardev.h"
#include "device/irq.h"
#include "hw/serial.h"
#include "hw/tx-queue.h"
#include "memory/address-map.h"

#define FIFO_SIZE 16

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RDA 0x01
#define IER_THR 0x02
#define IER_RLS 0x04
#define IER_MSR 0x08

#define IIR_NONE    0x01
#define IIR_MSR     0x00
#define IIR_THR     0x02
#define IIR_RDA     0x04
#define IIR_RLS     0x06
#define IIR_TIMEOUT 0x0c
#define IIR_ID_MASK 0x0f
#define IIR_FIFO    0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define FCR_CLEAR_TX 0x04
#define FCR_STORED   0xc9

#define LCR_DLAB  0x80
#define LCR_BREAK 0x40

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_MASK 0x1f

#define LSR_DATA    0x01
#define LSR_OVERRUN 0x02
#define LSR_BREAK   0x10
#define LSR_ERRORS  0x1e
#define LSR_EMPTY   0x60 /* holding register and transmitter */

#define MSR_CTS   0x10
#define MSR_DSR   0x20
#define MSR_RI    0x40
#define MSR_DCD   0x80
#define MSR_DELTA 0x0f

typedef struct Serial {
    Device dev;
    /* properties */
    char *chardev;
    guint32 index, iobase, irq;

    Region *region;
    IrqSource irq_out;
    ChardevFront *chr;

    guint8 ier, fcr, lcr, mcr, lsr, msr, scr;
    guint16 divider;
    gboolean thr_pending; /* "holding register empty" not yet acknowledged */
    guint8 fifo[FIFO_SIZE];
    guint32 fifo_len; /* fifo[0] is the oldest */
    TxQueue tx;
} Serial;

/* Registers: serial.c */
void serial_update_irq(Serial *s);
void serial_receive_byte(Serial *s, guint8 byte);

/* The transmitter: serial-tx.c */
void serial_tx_byte(Serial *s, guint8 byte);
/* Hands the queue on as far as the chardev takes it. opaque: a Serial. */
void serial_tx_drain(void *opaque);
/* The guest is told that it may send; what it has sent stays sent. */
void serial_tx_empty(Serial *s);

#endif
