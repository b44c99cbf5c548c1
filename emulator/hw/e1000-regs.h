/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the 82540EM and their bits (13.4). */
#ifndef VIREO_HW_E1000_REGS_H
#define VIREO_HW_E1000_REGS_H

#define E1000_ADDRESS_PAIRS 16
#define E1000_STATS         64
#define E1000_MEMORY_SIZE   0x20000

/*
 * Where a register's value is. The order is the stream's: more of them only at the end.
 */
typedef enum E1000Reg {
    E1000_CTRL,
    E1000_STATUS,
    E1000_EECD,
    E1000_EERD,
    E1000_CTRL_EXT,
    E1000_MDIC,
    E1000_FCAL,
    E1000_FCAH,
    E1000_FCT,
    E1000_VET,
    E1000_ICR,
    E1000_ITR,
    E1000_IMS,
    E1000_RCTL,
    E1000_FCTTV,
    E1000_TXCW,
    E1000_TCTL,
    E1000_TIPG,
    E1000_AIT,
    E1000_LEDCTL,
    E1000_PBA,
    E1000_FCRTL,
    E1000_FCRTH,
    E1000_RDFH, /* diagnostics of the packet buffer's pointers: RDFH, RDFT, -, ... */
    E1000_RDBAL = E1000_RDFH + 9,
    E1000_RDBAH,
    E1000_RDLEN,
    E1000_RDH,
    E1000_RDT,
    E1000_RDTR,
    E1000_RXDCTL,
    E1000_RADV,
    E1000_RSRPD,
    E1000_TXDMAC,
    E1000_TDFH,
    E1000_TDBAL = E1000_TDFH + 9,
    E1000_TDBAH,
    E1000_TDLEN,
    E1000_TDH,
    E1000_TDT,
    E1000_TIDV,
    E1000_TXDCTL,
    E1000_TADV,
    E1000_TSPMT,
    E1000_RXCSUM,
    E1000_WUC,
    E1000_WUFC,
    E1000_WUS,
    E1000_MANC,
    E1000_IPAV,
    E1000_IP4AT,
    E1000_IP6AT = E1000_IP4AT + 7,
    E1000_WUPL = E1000_IP6AT + 4,
    E1000_SWSM,
    E1000_STAT, /* 4000h and on */
    E1000_RA = E1000_STAT + E1000_STATS,
    E1000_MTA = E1000_RA + 2 * E1000_ADDRESS_PAIRS,
    E1000_VFTA = E1000_MTA + 128,
    E1000_WUPM = E1000_VFTA + 128,
    E1000_FFLT = E1000_WUPM + 32,
    E1000_FFMT = E1000_FFLT + 7,
    E1000_FFVT = E1000_FFMT + 255,
    E1000_REGS = E1000_FFVT + 255,
} E1000Reg;

/* 13.7 */
#define STATISTIC(offset) ((E1000Reg)(E1000_STAT + ((offset)-0x4000) / 4))
#define STAT_MPC          STATISTIC(0x4010)
#define STAT_PRC64        STATISTIC(0x405c) /* and five more sizes */
#define STAT_GPRC         STATISTIC(0x4074)
#define STAT_BPRC         STATISTIC(0x4078)
#define STAT_MPRC         STATISTIC(0x407c)
#define STAT_GPTC         STATISTIC(0x4080)
#define STAT_GORC         STATISTIC(0x4088) /* 64 bits */
#define STAT_GOTC         STATISTIC(0x4090) /* 64 bits */
#define STAT_RNBC         STATISTIC(0x40a0)
#define STAT_RUC          STATISTIC(0x40a4)
#define STAT_ROC          STATISTIC(0x40ac)
#define STAT_TOR          STATISTIC(0x40c0) /* 64 bits */
#define STAT_TOT          STATISTIC(0x40c8) /* 64 bits */
#define STAT_TPR          STATISTIC(0x40d0)
#define STAT_TPT          STATISTIC(0x40d4)
#define STAT_PTC64        STATISTIC(0x40d8) /* and five more sizes */
#define STAT_MPTC         STATISTIC(0x40f0)
#define STAT_BPTC         STATISTIC(0x40f4)
#define STAT_TSCTC        STATISTIC(0x40f8)
#define STAT_TSCTFC       STATISTIC(0x40fc)

/* 13.4.1, 13.4.2 */
#define CTRL_RST        0x04000000u
#define CTRL_VME        0x40000000u
#define CTRL_PHY_RST    0x80000000u
#define CTRL_DEFAULT    0x00140240u /* SWDPIN2, SWDPIN0, 1000 Mbit/s, SLU */
#define STATUS_LU       0x00000002u
#define STATUS_FIXED    0x80080781u /* 1000 Mbit/s full duplex, PCI, 66 MHz or not */
#define CTRL_EXT_EE_RST 0x00002000u

/* 13.4.3, 13.4.4 */
#define EECD_SK    0x001u
#define EECD_CS    0x002u
#define EECD_DI    0x004u
#define EECD_DO    0x008u
#define EECD_REQ   0x040u
#define EECD_GNT   0x080u
#define EECD_PRES  0x100u
#define EERD_START 0x01u
#define EERD_DONE  0x10u

/* 13.4.6 */
#define MDIC_DATA      0x0000ffffu
#define MDIC_WRITE     0x04000000u
#define MDIC_READ      0x08000000u
#define MDIC_READY     0x10000000u
#define MDIC_INTERRUPT 0x20000000u
#define MDIC_ERROR     0x40000000u

/* 13.4.17 */
#define ICR_TXDW   0x00000001u
#define ICR_TXQE   0x00000002u
#define ICR_LSC    0x00000004u
#define ICR_RXDMT0 0x00000010u
#define ICR_RXO    0x00000040u
#define ICR_RXT0   0x00000080u
#define ICR_MDAC   0x00000200u

/* 13.4.22 */
#define RCTL_EN          0x00000002u
#define RCTL_SBP         0x00000004u
#define RCTL_UPE         0x00000008u
#define RCTL_MPE         0x00000010u
#define RCTL_LPE         0x00000020u
#define RCTL_LBM         0x000000c0u
#define RCTL_LBM_MAC     0x00000040u
#define RCTL_BAM         0x00008000u
#define RCTL_VFE         0x00040000u
#define RCTL_CFIEN       0x00080000u
#define RCTL_CFI         0x00100000u
#define RCTL_BSEX        0x02000000u
#define RCTL_SECRC       0x04000000u
#define RCTL_RDMTS(rctl) ((rctl) >> 8 & 3)
#define RCTL_MO(rctl)    ((rctl) >> 12 & 3)
#define RCTL_BSIZE(rctl) ((rctl) >> 16 & 3)

/* 13.4.33 */
#define TCTL_EN  0x00000002u
#define TCTL_PSP 0x00000008u

#define RA_VALID       0x80000000u
#define RA_SELECT      0x00030000u /* 0: the destination */
#define MANC_DEFAULT   0x00222300u
#define VET_DEFAULT    0x8100u
#define LEDCTL_DEFAULT 0x0602u
#define PBA_DEFAULT    0x00100030u
#define RDTR_FPD       0x80000000u

/* 3.3.2, 3.3.3: the third dword of a descriptor of the transmitter; the fourth */
#define TXD_EOP       0x01000000u
#define TXD_IC        0x04000000u /* legacy */
#define TXD_TSE       0x04000000u /* of a context, and of data */
#define TXD_RS        0x08000000u
#define TXD_DEXT      0x20000000u
#define TXD_VLE       0x40000000u
#define TXD_IDE       0x80000000u
#define TXD_DATA      0x00100000u /* type of an extended one: else a context */
#define TXD_TYPE      0x00f00000u
#define TXD_TUCMD_TCP 0x01000000u
#define TXD_TUCMD_IP4 0x02000000u
#define TXD_DD        0x00000001u
#define TXD_STATUS    0x0000000fu
#define TXD_IXSM      0x00000100u
#define TXD_TXSM      0x00000200u

/* 3.2.3 */
#define RXD_DD   0x01u
#define RXD_EOP  0x02u
#define RXD_IXSM 0x04u /* no checksum was looked at */
#define RXD_VP   0x08u

#define E1000_DESCRIPTOR 16 /* bytes */

#endif
