/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver of a qemu-xhci over qtest: rings, slots, transfers. The controller is in slot
 * 4 of pcie.0. It looks until what it waits for is there: the emulator's end ends that,
 * too.
 */
#ifndef VIREO_TESTS_XHCI_H
#define VIREO_TESTS_XHCI_H

#include "tests/device/qtest.h"

#define X_CARD   "-machine q35 -m 16M -device qemu-xhci,id=usb,addr=4"
#define X_CONFIG 0xb0020000ull
#define X_SLOTS  64

/* In memory. */
#define X_DCBAA    0x100000ull
#define X_COMMANDS 0x101000ull
#define X_EVENTS   0x102000ull
#define X_ERST     0x106000ull
#define X_ALLOC    0x200000ull /* a page for each thing that is asked for */
#define X_RING     64u         /* TRBs of a ring, the last one a link */

enum {
    X_USBCMD = 0x00,
    X_USBSTS = 0x04,
    X_CRCR = 0x18,
    X_DCBAAP = 0x30,
    X_CONFIG_REG = 0x38
};
enum { X_PORTS = 0x400 };
enum { X_IMAN = 0x20, X_ERSTSZ = 0x28, X_ERSTBA = 0x30, X_ERDP = 0x38 }; /* runtime */

enum {
    X_NORMAL = 1,
    X_SETUP = 2,
    X_DATA = 3,
    X_STATUS = 4,
    X_LINK = 6,
    X_EVENT_DATA = 7,
    X_NO_OP = 8,
    X_ENABLE_SLOT = 9,
    X_DISABLE_SLOT = 10,
    X_ADDRESS = 11,
    X_CONFIGURE = 12,
    X_EVALUATE = 13,
    X_RESET_ENDPOINT = 14,
    X_STOP_ENDPOINT = 15,
    X_SET_DEQUEUE = 16,
    X_RESET_DEVICE = 17,
    X_BANDWIDTH = 21,
    X_NO_OP_COMMAND = 23,
    X_TRANSFER_EVENT = 32,
    X_COMMAND_EVENT = 33,
    X_PORT_EVENT = 34,
    X_HOST_EVENT = 37,
};
#define X_TYPE(t) ((guint32)(t) << 10)
#define X_CYCLE   0x001u
#define X_ISP     0x004u
#define X_CH      0x010u
#define X_IOC     0x020u
#define X_IDT     0x040u
#define X_IN      0x10000u

typedef struct XhciRing {
    guint64 base;
    unsigned next;
    guint32 cycle;
} XhciRing;

typedef struct XhciEvent {
    guint64 parameter;
    guint32 status, control;
} XhciEvent;

typedef struct XhciSlot {
    guint64 input, output, buffer;
    XhciRing rings[32]; /* by device context index */
    unsigned port, speed;
    guint32 route;
} XhciSlot;

typedef struct XhciDriver {
    QTest *q;
    guint64 config, bar, op, rt, db;
    XhciRing commands;
    unsigned event, segments;
    guint32 event_cycle;
    guint64 alloc;
    gboolean held; /* the event ring is not given back */
    XhciSlot slots[X_SLOTS + 1];
} XhciDriver;

/* Finds the controller, which decodes and masters the bus from then on. */
void xhci_open(XhciDriver *d, QTest *q);
/* Resets it, makes rings (the event ring of so many segments of 16), and starts it. */
void xhci_start(XhciDriver *d, unsigned segments);
guint32 xhci_op(const XhciDriver *d, guint32 reg);
void xhci_op_set(const XhciDriver *d, guint32 reg, guint32 value);
guint32 xhci_port(const XhciDriver *d, unsigned port);
void xhci_port_set(const XhciDriver *d, unsigned port, guint32 value);
guint64 xhci_page(XhciDriver *d);

/* A TRB at the end of a ring; its place. The cycle bit is the driver's. */
guint64 xhci_put(XhciDriver *d, XhciRing *ring, guint64 parameter, guint32 status,
                 guint32 control);
void xhci_doorbell(const XhciDriver *d, unsigned slot, unsigned target);

/* The next event has come. */
gboolean xhci_poll(XhciDriver *d, XhciEvent *event);
/* The next one of that type; others before it are dropped. */
XhciEvent xhci_wait(XhciDriver *d, unsigned type);
/* Where the driver is, to the controller. */
void xhci_give_back(XhciDriver *d);
/* After all that has been asked for before: no event but those of no-op commands. */
void xhci_expect_none(XhciDriver *d);
static inline unsigned xhci_code(const XhciEvent *e)
{
    return e->status >> 24;
}

/* A command and its end; returns the completion code. control: besides the type. */
unsigned xhci_command(XhciDriver *d, unsigned type, guint64 parameter, guint32 control,
                      unsigned *slot);
/* Resets the port and addresses what is behind it; the code of Address Device. */
unsigned xhci_attach(XhciDriver *d, unsigned port, guint32 route, unsigned *slot);
/* Adds one endpoint; the code. type: as in its context. */
unsigned xhci_configure(XhciDriver *d, unsigned slot, unsigned index, unsigned type,
                        unsigned max_packet);
/*
 * A control transfer: bytes of an IN transfer are in the slot's buffer then, those of an
 * OUT transfer have been put there. Returns the completion code; *len: what has come.
 * A halted endpoint is set going again.
 */
unsigned xhci_control(XhciDriver *d, unsigned slot, guint8 type, guint8 request,
                      guint16 value, guint16 index, guint16 length, unsigned *len);
/* An IN transfer of an interrupt endpoint is asked for; its TRB. */
guint64 xhci_ask(XhciDriver *d, unsigned slot, unsigned index, unsigned length);
/* To a state in which reports come: addressed, configured, endpoint 3 there. */
unsigned xhci_attach_hid(XhciDriver *d, unsigned port, unsigned max_packet);

#endif
