/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of registers, fields, TRBs (xHCI 1.1, chapters 5 and 6). */
#ifndef VIREO_USB_XHCI_REGS_H
#define VIREO_USB_XHCI_REGS_H

/* The BAR. */
#define XHCI_BAR_SIZE    0x4000
#define XHCI_OPERATIONAL 0x40 /* CAPLENGTH */
#define XHCI_PORT_REGS   0x440
#define XHCI_PORT_STRIDE 0x10
#define XHCI_RUNTIME     0x1000
#define XHCI_INTR_REGS   0x1020
#define XHCI_INTR_STRIDE 0x20
#define XHCI_DOORBELLS   0x2000
#define XHCI_MSIX_TABLE  0x3000
#define XHCI_MSIX_PBA    0x3800

/* 5.4: from XHCI_OPERATIONAL on. */
enum {
    OP_USBCMD = 0x00,
    OP_USBSTS = 0x04,
    OP_PAGESIZE = 0x08,
    OP_DNCTRL = 0x14,
    OP_CRCR_LO = 0x18,
    OP_CRCR_HI = 0x1c,
    OP_DCBAAP_LO = 0x30,
    OP_DCBAAP_HI = 0x34,
    OP_CONFIG = 0x38,
};

#define CMD_RS       0x00000001u
#define CMD_HCRST    0x00000002u
#define CMD_INTE     0x00000004u
#define CMD_HSEE     0x00000008u
#define CMD_LHCRST   0x00000080u
#define CMD_CSS      0x00000100u
#define CMD_CRS      0x00000200u
#define CMD_EWE      0x00000400u
#define CMD_WRITABLE (CMD_RS | CMD_INTE | CMD_HSEE | CMD_EWE | 0x00000800u)

#define STS_HCH    0x00000001u
#define STS_HSE    0x00000004u
#define STS_EINT   0x00000008u
#define STS_PCD    0x00000010u
#define STS_SRE    0x00000400u
#define STS_CLEARS (STS_HSE | STS_EINT | STS_PCD | STS_SRE)

#define CRCR_RCS 0x1u
#define CRCR_CS  0x2u
#define CRCR_CA  0x4u
#define CRCR_CRR 0x8u

/* 5.4.8 */
#define PORT_CCS       0x00000001u
#define PORT_PED       0x00000002u
#define PORT_PR        0x00000010u
#define PORT_PLS_SHIFT 5
#define PORT_PLS       (0xfu << PORT_PLS_SHIFT)
#define PORT_PP        0x00000200u
#define PORT_SPEED(n)  ((guint32)(n) << 10)
#define PORT_PIC       0x0000c000u
#define PORT_LWS       0x00010000u
#define PORT_CSC       0x00020000u
#define PORT_PEC       0x00040000u
#define PORT_WRC       0x00080000u
#define PORT_PRC       0x00200000u
#define PORT_PLC       0x00400000u
#define PORT_CHANGES   0x00fe0000u
#define PORT_WAKES     0x0e000000u
#define PORT_WPR       0x80000000u

enum {
    PLS_U0 = 0,
    PLS_U3 = 3,
    PLS_RX_DETECT = 5,
    PLS_POLLING = 7,
    PLS_RESUME = 15,
};

/* 5.5.2 */
#define IMAN_IP      0x1u
#define IMAN_IE      0x2u
#define IMOD_DEFAULT 4000u
#define ERDP_EHB     0x8u

/* 6.4.6 */
enum {
    TRB_NORMAL = 1,
    TRB_SETUP = 2,
    TRB_DATA = 3,
    TRB_STATUS = 4,
    TRB_LINK = 6,
    TRB_EVENT_DATA = 7,
    TRB_NO_OP = 8,
    TRB_ENABLE_SLOT = 9,
    TRB_DISABLE_SLOT = 10,
    TRB_ADDRESS_DEVICE = 11,
    TRB_CONFIGURE_ENDPOINT = 12,
    TRB_EVALUATE_CONTEXT = 13,
    TRB_RESET_ENDPOINT = 14,
    TRB_STOP_ENDPOINT = 15,
    TRB_SET_TR_DEQUEUE = 16,
    TRB_RESET_DEVICE = 17,
    TRB_GET_BANDWIDTH = 21,
    TRB_NO_OP_COMMAND = 23,
    TRB_TRANSFER_EVENT = 32,
    TRB_COMMAND_EVENT = 33,
    TRB_PORT_EVENT = 34,
    TRB_HOST_EVENT = 37,
    TRB_WRAP_EVENT = 39,
};

#define TRB_TYPE(control)       ((control) >> 10 & 0x3f)
#define TRB_C                   0x001u
#define TRB_LINK_TC             0x002u
#define TRB_ISP                 0x004u
#define TRB_CH                  0x010u
#define TRB_IOC                 0x020u
#define TRB_IDT                 0x040u
#define TRB_BEI                 0x200u
#define TRB_BSR                 0x200u /* Address Device */
#define TRB_DC                  0x200u /* Configure Endpoint */
#define TRB_TSP                 0x200u /* Reset Endpoint */
#define TRB_DIR_IN              0x10000u
#define TRB_LENGTH(status)      ((status)&0x1ffffu)
#define TRB_INTERRUPTER(status) ((status) >> 22)

/* 6.4.5 */
enum {
    CC_SUCCESS = 1,
    CC_DATA_BUFFER = 2,
    CC_TRANSACTION = 4,
    CC_TRB = 5,
    CC_STALL = 6,
    CC_RESOURCE = 7,
    CC_BANDWIDTH = 8,
    CC_NO_SLOTS = 9,
    CC_INVALID_STREAM_TYPE = 10,
    CC_SLOT_NOT_ENABLED = 11,
    CC_ENDPOINT_NOT_ENABLED = 12,
    CC_SHORT_PACKET = 13,
    CC_PARAMETER = 17,
    CC_CONTEXT_STATE = 19,
    CC_EVENT_RING_FULL = 21,
    CC_COMMAND_RING_STOPPED = 24,
    CC_STOPPED = 26,
};

/* 6.2.2, 6.2.3 */
enum { SLOT_DISABLED, SLOT_DEFAULT, SLOT_ADDRESSED, SLOT_CONFIGURED };
enum { EP_DISABLED, EP_RUNNING, EP_HALTED, EP_STOPPED, EP_ERROR };
enum {
    EP_ISOCH_OUT = 1,
    EP_BULK_OUT = 2,
    EP_INTERRUPT_OUT = 3,
    EP_CONTROL = 4,
    EP_ISOCH_IN = 5,
    EP_BULK_IN = 6,
    EP_INTERRUPT_IN = 7,
};

#define SLOT_STATE_SHIFT 27
#define EP_STATE_MASK    0x7u

#endif
