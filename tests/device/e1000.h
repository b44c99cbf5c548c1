/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver of an e1000 over qtest: registers, rings, frames. E_CARD is in slot 4 of
 * pcie.0. It looks until what it waits for is there: the emulator's end ends that, too.
 */
#ifndef VIREO_TESTS_E1000_H
#define VIREO_TESTS_E1000_H

#include "tests/device/qtest.h"

#define E_MAC     "52:54:00:aa:bb:cc"
#define E_CARD    "-machine q35 -m 16M -device e1000,id=nic,addr=4,mac=" E_MAC
#define E_ECAM    0xb0000000ull
#define E_CONFIG  (E_ECAM + 0x20000) /* of E_CARD */
#define E_RING    64u                /* descriptors of either ring */
#define E_TX_RING 0x200000ull
#define E_RX_RING 0x210000ull
#define E_DATA    0x300000ull /* to send */
#define E_BUFFERS 0x400000ull /* to receive: of E_BUFFER bytes each */
#define E_BUFFER  2048u
#define E_FCS     4

enum {
    E_CTRL = 0x0,
    E_STATUS = 0x8,
    E_EECD = 0x10,
    E_EERD = 0x14,
    E_MDIC = 0x20,
    E_VET = 0x38,
    E_ICR = 0xc0,
    E_ITR = 0xc4,
    E_ICS = 0xc8,
    E_IMS = 0xd0,
    E_IMC = 0xd8,
    E_RCTL = 0x100,
    E_TCTL = 0x400,
    E_RDBAL = 0x2800,
    E_RDLEN = 0x2808,
    E_RDH = 0x2810,
    E_RDT = 0x2818,
    E_RDTR = 0x2820,
    E_RADV = 0x282c,
    E_TDBAL = 0x3800,
    E_TDLEN = 0x3808,
    E_TDH = 0x3810,
    E_TDT = 0x3818,
    E_MTA = 0x5200,
    E_RA = 0x5400,
    E_VFTA = 0x5600,
};

#define E_CTRL_VME   0x40000000u
#define E_LSC        0x04u
#define E_RXT0       0x80u
#define E_RXO        0x40u
#define E_TXDW       0x01u
#define E_RCTL_EN    0x00000002u
#define E_RCTL_UPE   0x00000008u
#define E_RCTL_LPE   0x00000020u
#define E_RCTL_BAM   0x00008000u
#define E_RCTL_VFE   0x00040000u
#define E_RCTL_SECRC 0x04000000u

/* The third dword of a descriptor. */
#define E_EOP  0x01000000u
#define E_IC   0x04000000u
#define E_TSE  0x04000000u
#define E_RS   0x08000000u
#define E_DEXT 0x20000000u
#define E_VLE  0x40000000u
#define E_D    0x00100000u /* data */

typedef struct E1000Driver {
    QTest *q;
    guint64 config, bar;
    guint32 tx_tail, rx_next;
} E1000Driver;

typedef struct E1000Got {
    guint8 bytes[16384];
    unsigned len; /* with FCS, where it is not stripped */
    guint8 status;
    guint16 special;
} E1000Got;

/* Finds the card, which decodes and masters the bus from then on. */
void e1000_open(E1000Driver *d, QTest *q);
/* The same in another slot of pcie.0. */
void e1000_open_at(E1000Driver *d, QTest *q, unsigned slot);
guint32 e1000_get(const E1000Driver *d, guint32 reg);
void e1000_set(const E1000Driver *d, guint32 reg, guint32 value);
/* The PHY's registers. */
guint16 e1000_phy_get(const E1000Driver *d, unsigned reg);
void e1000_phy_set(const E1000Driver *d, unsigned reg, guint16 value);
/* INTA# is asserted, as the status register of the function says. */
gboolean e1000_irq(const E1000Driver *d);

/* Both rings, with buffers; rctl: besides EN. */
void e1000_start(E1000Driver *d, guint32 rctl);
/* What is sent comes back: by the PHY. */
void e1000_loop(const E1000Driver *d);
/* A descriptor at the tail; the card does not know of it yet. */
void e1000_add(E1000Driver *d, guint64 address, guint32 lower, guint32 upper);
void e1000_add_context(E1000Driver *d, guint32 ip, guint32 tu, guint32 lower,
                       guint32 upper);
/* The card is told; waits until it has taken all. */
void e1000_kick(E1000Driver *d);
/* A frame in one legacy descriptor. */
void e1000_send(E1000Driver *d, const void *frame, unsigned len);
/* Waits for the next frame; its buffers are the card's again. */
void e1000_wait(E1000Driver *d, E1000Got *got);
/* After what is on its way has come: there is none. */
void e1000_expect_none(E1000Driver *d);

/* A frame to the card from somebody: 14 bytes of header, then what is counted up. */
void e1000_make_frame(guint8 *frame, unsigned len);

#endif
