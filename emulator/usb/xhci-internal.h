/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the controller: xhci.c (the PCI function, when it runs, turns),
 * xhci-registers.c, xhci-port.c, xhci-event.c (event rings, interrupts), xhci-ring.c (how
 * TRBs are read), xhci-command.c, xhci-slot.c and xhci-context.c (slots, contexts in the
 * guest's memory), xhci-transfer.c (what a TD does), xhci-retire.c (what is told of it),
 * xhci-state.c (rows).
 *
 * All of it runs in the main loop or in a vCPU's access, under the machine lock. A
 * register access only notes what is to be done; rings are read in turns of the main
 * loop. Devices answer at once (usb/usb.h), so between turns nothing is in flight: where
 * an endpoint waits for its device, the TD is still in the guest's ring, and only how far
 * it has come is here. An event that has no place in its ring is not made: what would
 * make it waits until the guest has taken some.
 */
#ifndef VIREO_USB_XHCI_INTERNAL_H
#define VIREO_USB_XHCI_INTERNAL_H

#include "event/clock.h"
#include "usb/usb.h"
#include "usb/xhci-regs.h"
#include "usb/xhci.h"

#define XHCI_SLOTS        64
#define XHCI_ENDPOINTS    31 /* of a slot: device context indices 1 to 31 */
#define XHCI_INTERRUPTERS 16
#define XHCI_SEGMENTS     16 /* of an event ring: ERST Max is 4 */
#define XHCI_ROOT_PORTS   15 /* at most, of USB 2 and of USB 3 each */
#define XHCI_LINKS        32 /* one after the other */
#define XHCI_TD_TRBS      128
#define XHCI_TD_LINKS     256 /* among them: a ring of one TRB and a link works */

typedef struct Xhci Xhci;

typedef struct XhciTrb {
    guint64 parameter;
    guint32 status, control;
    guint64 address; /* where it is */
} XhciTrb;

/* A place in a ring. */
typedef struct XhciRing {
    guint64 dequeue;
    gboolean cycle;
} XhciRing;

typedef struct XhciSegment {
    guint64 base;
    guint32 size; /* TRBs */
} XhciSegment;

typedef struct XhciInterrupter {
    guint32 iman, imod, erst_size;
    guint64 erst_base, erdp;
    XhciSegment segments[XHCI_SEGMENTS]; /* as read when the base was written */
    guint32 n_segments;                  /* 0: there is no ring */
    guint32 segment, place;              /* where the next event goes */
    gboolean cycle;
    gboolean full; /* and it has been said so */
} XhciInterrupter;

/* A port as the guest sees it; two of them may be one socket. */
typedef struct XhciPort {
    Xhci *xhci;
    UsbPort *usb;  /* NULL: nothing can be plugged into it at its speed */
    guint8 number; /* from 1 */
    guint32 sc, pmsc, hlpmc;
    gboolean tell; /* an event is to come */
} XhciPort;

enum { STAGE_NONE, STAGE_DATA, STAGE_RUN, STAGE_STATUS };

typedef struct XhciEndpoint {
    guint8 slot, index; /* as of saving; index: the device context index */
    guint8 type, state;
    guint16 max_packet;
    XhciRing ring;
    guint32 moved; /* bytes of the TD; when it retires: of which has not been told */
    guint32 edtla;
    guint8 code;     /* it retires: how it went; 0: it does not */
    gboolean passed; /* what ended it is behind */
    guint32 left;    /* it retires: TRBs that there may be */
    guint8 stage;    /* of a control transfer */
    guint8 setup[8];
} XhciEndpoint;

typedef struct XhciSlot {
    guint8 number; /* from 1; also of saving */
    guint8 state;  /* SLOT_; DISABLED: enabled, but without an address */
    guint8 port;   /* root port */
    guint32 route;
    guint64 context; /* of the device, in the guest's memory */
    guint32 kicked;  /* bits of indices: to be looked at */
    XhciEndpoint *endpoints[XHCI_ENDPOINTS + 1]; /* by index; NULL: disabled */
} XhciSlot;

struct Xhci {
    PciDevice pci;
    guint32 p2, p3;
    gboolean streams;

    UsbBus *bus;
    UsbPort sockets[XHCI_ROOT_PORTS]; /* max(p2, p3) */
    guint32 n_sockets;
    XhciPort ports[2 * XHCI_ROOT_PORTS]; /* of USB 3 first */
    guint32 n_ports;

    guint32 usbcmd, usbsts, dnctrl, config;
    guint32 crcr_low, crcr_high; /* as written */
    guint64 dcbaap;
    XhciRing commands;
    gboolean command_running, command_kicked;
    gboolean command_tell; /* that it has stopped */
    guint64 started;       /* ns of the virtual clock: MFINDEX 0 */
    Timer *wrap;
    gboolean wrap_tell;
    XhciInterrupter interrupters[XHCI_INTERRUPTERS];
    XhciSlot *slots[XHCI_SLOTS + 1]; /* by number; NULL: disabled */

    gboolean frozen, no_dma; /* it must not run because of */
    gboolean running;
    gboolean wanted;   /* a turn is to come */
    guint32 next_slot; /* to be looked at first */
    XhciTrb td[XHCI_TD_TRBS];
    guint n_td;
    guint8 data[USB_CONTROL_MAX];

    /* As of saving and loading. */
    guint64 index; /* ns since MFINDEX was 0 */
    XhciSlot *saved_slots;
    XhciEndpoint *saved_endpoints;
    guint32 n_saved_slots, n_saved_endpoints;
};

/* --- xhci.c --- */

/* A turn is to come; whoever has made work for it. */
void xhci_want(Xhci *x);
/* Endpoint by device context index; bits of the slot's kicked. */
void xhci_kick(Xhci *x, XhciSlot *slot, guint32 bits);
/* All endpoints that may have something to do. */
void xhci_kick_all(Xhci *x);
/* Whatever may change whether it runs. */
void xhci_update(Xhci *x);
/* The guest's memory is not what the registers say: it stops (4.24.1). */
void xhci_host_error(Xhci *x);

/* --- xhci-registers.c --- */

extern const RegionOps xhci_ops;
/* HCRST and power-on: slots, registers, ports and what is plugged into them. */
void xhci_controller_reset(Xhci *x);
void xhci_wrapped(void *opaque);
void xhci_arm_wrap(Xhci *x);

/* --- xhci-port.c --- */

extern const UsbPortOps xhci_port_ops;
void xhci_ports_make(Xhci *x);
void xhci_port_reset_state(XhciPort *port);
void xhci_port_write(XhciPort *port, guint32 value);
/* Tells of those that have changed; FALSE: there is no place for it. */
gboolean xhci_ports_tell(Xhci *x);
/* Its change bits make events from now on. */
void xhci_ports_started(Xhci *x);
/* What a slot is for; NULL: nothing is there, or the port is not enabled. */
UsbDevice *xhci_slot_device(const Xhci *x, const XhciSlot *slot);
/* Its root port is suspended or about to be resumed. */
gboolean xhci_slot_sleeps(const Xhci *x, const XhciSlot *slot);

/* --- xhci-event.c --- */

void xhci_event_ring_write(Xhci *x, unsigned n); /* ERSTBA */
void xhci_erdp_write(Xhci *x, unsigned n, guint64 value);
/* There are places for so many; FALSE: it waits until the guest has taken some. */
gboolean xhci_event_room(Xhci *x, unsigned n, unsigned events);
/* There has been; trb: without cycle bit. quiet: without an interrupt. */
void xhci_event(Xhci *x, unsigned n, const XhciTrb *trb, gboolean quiet);
/* IMAN, or what allows interrupts, or how they go, has changed. */
void xhci_update_irq(Xhci *x);
void xhci_interrupters_reset(Xhci *x);

/* --- xhci-ring.c --- */

typedef enum XhciFetch { FETCH_TRB, FETCH_NONE, FETCH_BAD } XhciFetch;
/*
 * The TRB at the place, behind links; the place is then that of the TRB. BAD: links
 * without end, or no memory.
 */
XhciFetch xhci_ring_peek(Xhci *x, XhciRing *ring, XhciTrb *trb);
/* Behind the TRB at the place. */
void xhci_ring_advance(XhciRing *ring);
/* All of the TD at the place, into x->td. BAD also: more than there may be. */
XhciFetch xhci_ring_td(Xhci *x, const XhciRing *ring);

/* --- xhci-command.c --- */

typedef enum XhciStep {
    STEP_MORE,    /* something was done: look again */
    STEP_IDLE,    /* nothing to do until it is kicked */
    STEP_BLOCKED, /* until an event ring has room */
} XhciStep;
XhciStep xhci_command_step(Xhci *x);
void xhci_crcr_write(Xhci *x, guint32 low, guint32 high);

/* --- xhci-slot.c: each returns a completion code --- */

guint8 xhci_slot_enable(Xhci *x, guint8 *number);
guint8 xhci_slot_disable(Xhci *x, XhciSlot *slot);
guint8 xhci_slot_address(Xhci *x, XhciSlot *slot, guint64 input, gboolean block);
guint8 xhci_slot_configure(Xhci *x, XhciSlot *slot, guint64 input);
guint8 xhci_slot_deconfigure(Xhci *x, XhciSlot *slot);
guint8 xhci_slot_evaluate(Xhci *x, XhciSlot *slot, guint64 input);
guint8 xhci_slot_reset(Xhci *x, XhciSlot *slot);
guint8 xhci_endpoint_reset(Xhci *x, XhciSlot *slot, unsigned index, gboolean keep);
guint8 xhci_endpoint_stop(Xhci *x, XhciSlot *slot, unsigned index);
guint8 xhci_endpoint_set_dequeue(Xhci *x, XhciSlot *slot, unsigned index, guint64 value);
void xhci_slot_free(Xhci *x, XhciSlot *slot);
void xhci_slots_free(Xhci *x);
/* In the device's context, too. */
void xhci_endpoint_set_state(Xhci *x, XhciSlot *slot, unsigned index, guint8 state);

/* --- xhci-context.c: in the guest's memory; FALSE: it is none --- */

#define CONTEXT_WORDS 8 /* of 32 bits */
gboolean xhci_context_read(Xhci *x, guint64 address, unsigned index, guint32 *words);
gboolean xhci_context_write(Xhci *x, guint64 address, unsigned index,
                            const guint32 *words);

/* --- xhci-transfer.c --- */

XhciStep xhci_endpoint_step(Xhci *x, XhciSlot *slot, unsigned index);
/* What is under way is forgotten. */
void xhci_endpoint_drop(XhciEndpoint *ep);
/* The TRB in which byte `moved` of the TD in x->td is, and what is left of it. */
const XhciTrb *xhci_td_find(const Xhci *x, guint32 moved, guint32 *left);

/* --- xhci-retire.c --- */

/* The TD of the endpoint has ended; events follow, one in each step. */
void xhci_retire_begin(XhciEndpoint *ep, guint8 code);
XhciStep xhci_retire_step(Xhci *x, XhciSlot *slot, unsigned index);
void xhci_transfer_event(Xhci *x, const XhciSlot *slot, unsigned index,
                         const XhciTrb *trb, guint8 code, guint32 length, gboolean data);

/* --- xhci-state.c --- */

extern const StateDesc xhci_state;
void xhci_state_free(Xhci *x);

#endif
