/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the card: e1000.c (the PCI function, its life), e1000-state.c
 * (rows), e1000-registers.c (the table of registers, accesses), e1000-irq.c,
 * e1000-phy.c (MDI and the link), e1000-eeprom.c, e1000-tx.c (descriptors, up to a whole
 * packet), e1000-segment.c (a packet to frames), e1000-rx.c, e1000-filter.c (which frames
 * are the guest's), e1000-stats.c.
 *
 * All of it runs in the main loop or in a vCPU's access, under the machine lock. Packets
 * move in the main loop only, in bounded turns: a write to a tail register asks for one.
 * Nothing is ever in flight between turns: what is in the transmit FIFO is state.
 */
#ifndef VIREO_HW_E1000_INTERNAL_H
#define VIREO_HW_E1000_INTERNAL_H

#include "event/clock.h"
#include "hw/e1000-regs.h"
#include "hw/e1000.h"
#include "net/nic.h"

#define E1000_FCS        4     /* bytes of a frame that no back end has */
#define E1000_MIN_FRAME  60    /* without FCS */
#define E1000_MAX_FRAME  16384 /* with it (RCTL.LPE) */
#define E1000_NET_HEADER 12    /* of back ends that have one */
#define E1000_BUFFER     (E1000_NET_HEADER + E1000_MAX_FRAME + 64) /* of one frame */
#define E1000_VLAN       4
#define E1000_ADDRESSES  12 /* bytes in front of the type, or of the VLAN tag */
#define E1000_FIFO       0x40000
#define E1000_HEADER_MAX 255 /* what a context descriptor can say */

#define E1000_EEPROM_WORDS 64
#define E1000_PHY_REGS     32

/* 3.3.6: what a context descriptor says of the packets that follow. */
typedef struct E1000Context {
    guint8 ipcss, ipcso, tucss, tucso; /* offsets into the frame */
    guint16 ipcse, tucse;              /* ends, inclusive; 0: that of the frame */
    guint8 hdr_len;
    guint16 mss;
    gboolean ip4, tcp;
} E1000Context;

/* The transmit FIFO: the packet that is being fetched, or waits to be sent. */
typedef struct E1000Tx {
    E1000Context contexts[2]; /* of whole packets, of those that are cut (TSE) */
    guint8 *data;             /* NULL: has never had any */
    guint32 len;              /* bytes */
    guint32 room;             /* allocated; not in the stream */
    gboolean begun;           /* its first descriptor has been seen; it says: */
    gboolean cut;             /* into segments */
    gboolean ip_sum, tu_sum;  /* insert checksums */
    gboolean bad;             /* it is not sent */
    gboolean tagged;
    guint16 tag;
    gboolean ready;   /* complete, checksums are in (of one that is cut: checked) */
    guint32 sent;     /* bytes behind the header that have gone; of one that is cut */
    guint32 segment;  /* number of the next one */
    gboolean delayed; /* IDE since the last interrupt (e1000-irq.c) */
    guint32 left;     /* descriptors that may follow before the tail moves again */
} E1000Tx;

/* 5.3.1: the microwire port of the EEPROM. */
typedef struct E1000Wire {
    gboolean started, reading;
    guint8 bits;      /* of opcode and address so far */
    guint16 command;  /* these */
    guint16 position; /* of the next bit that is read */
    gboolean out;     /* DO */
    gboolean clock;   /* as SK was */
} E1000Wire;

typedef struct E1000 {
    PciDevice pci;

    char *netdev;
    guint8 mac[6];
    gboolean autonegotiation, mitigation, extra;
    gint32 bootindex;

    NetBackend *net; /* NULL: no cable */
    NetNic *nic;
    NetQueue *queue; /* of net */
    unsigned header; /* bytes in front of a frame of the back end */
    guint8 *rx_buffer;
    guint8 *loop_buffer; /* a frame that comes back; NULL: none has */

    guint32 reg[E1000_REGS];
    guint32 port_address; /* by the I/O BAR */
    guint16 phy[E1000_PHY_REGS];
    guint16 eeprom[E1000_EEPROM_WORDS];
    E1000Wire wire;
    E1000Tx tx;

    gboolean asserted;  /* INTA# */
    Timer *throttle;    /* armed: no further interrupt before */
    Timer *negotiation; /* armed: autonegotiation is under way */
    Timer *announcer;
    unsigned announce; /* rounds that are left */

    gboolean frozen, no_dma; /* it must not run because of */
    gboolean running;
    gboolean wanted; /* a turn of the transmitter is to come */
    gboolean tx_blocked;
    gboolean rx_failed; /* the back end has; until the next start */

    /* As of loading and saving. */
    guint64 throttle_end, negotiation_end; /* ns of the virtual clock; 0: not armed */
    gboolean cable;
} E1000;

static inline gboolean e1000_link_up(const E1000 *e)
{
    return (e->reg[E1000_STATUS] & STATUS_LU) != 0;
}

/* e1000.c: whatever may change whether it moves packets. */
void e1000_update(E1000 *e);
void e1000_want_tx(E1000 *e);
/* e1000-state.c */
extern const StateDesc e1000_state;
gboolean e1000_may_announce(const E1000 *e);
void e1000_announce(void *opaque);

/* e1000-registers.c */
extern const RegionOps e1000_memory_ops, e1000_port_ops;
void e1000_registers_reset(E1000 *e);
/* From a stream: what no guest can write is as it must be. */
void e1000_registers_check(E1000 *e);

/* e1000-irq.c: ICR |= causes. */
void e1000_raise(E1000 *e, guint32 causes);
/* ICR or the mask has changed. */
void e1000_update_irq(E1000 *e);
void e1000_throttle_ended(void *opaque);
void e1000_irq_reset(E1000 *e);

/* e1000-phy.c: bits of the PHY's registers are in linux/mii.h */
void e1000_phy_reset(E1000 *e); /* registers as after power-on; the link follows */
guint32 e1000_mdi(E1000 *e, guint32 value);
/* The cable, or what the PHY is told, may be another. Raises LSC. */
void e1000_link_update(E1000 *e);
void e1000_cable_changed(void *opaque);
void e1000_negotiated(void *opaque);
gboolean e1000_phy_loops(const E1000 *e);

/* e1000-eeprom.c */
void e1000_eeprom_make(E1000 *e);
void e1000_eecd_write(E1000 *e, guint32 value);
guint32 e1000_eecd_read(const E1000 *e);
guint32 e1000_eerd(const E1000 *e, guint32 value);

/* e1000-tx.c */
void e1000_tx_reset(E1000 *e);
/* Until the ring is empty, the back end is full, or the turn is over: FALSE. */
gboolean e1000_transmit(E1000 *e);
void e1000_tx_tail(E1000 *e);

/* e1000-segment.c: of all bytes from start on, into a packet that is not cut. */
void e1000_put_sum(E1000Tx *tx, gsize start, gsize at);
/* The whole packet is in the FIFO. FALSE: it cannot be sent. */
gboolean e1000_packet_prepare(E1000Tx *tx);
/* What is ready in a stream can be sent. */
gboolean e1000_packet_check(const E1000Tx *tx);
/* FALSE: the back end takes no more, or the turn is over; what has gone, has gone. */
gboolean e1000_packet_send(E1000 *e);

/* e1000-rx.c */
gboolean e1000_rx_ready(const E1000 *e); /* enabled, and there are descriptors */
void e1000_receive(E1000 *e);            /* as much as there is, or this turn may */
/* One frame without FCS; behind it is room for it. */
void e1000_receive_frame(E1000 *e, guint8 *frame, gsize len);

/* e1000-filter.c */
gboolean e1000_accepts(const E1000 *e, const guint8 *frame, gsize len);
gboolean e1000_is_tagged(const E1000 *e, const guint8 *frame, gsize len);

/* e1000-stats.c: of frames without FCS. */
void e1000_count(E1000 *e, E1000Reg counter);
void e1000_count_sent(E1000 *e, const guint8 *frame, gsize len);
void e1000_count_received(E1000 *e, const guint8 *frame, gsize len);

#endif
