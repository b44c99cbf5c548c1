/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest hears of a TD that has ended (xHCI 1.1, 4.10.1 and 4.11.3): TRB by TRB,
 * so that an event ring without room can stop it anywhere.
 */
#include "usb/xhci-internal.h"

#define LENGTH_MASK 0xffffffu

void xhci_retire_begin(XhciEndpoint *ep, guint8 code)
{
    ep->code = code;
    ep->passed = FALSE;
    ep->edtla = 0;
    ep->left = XHCI_TD_TRBS;
}

void xhci_transfer_event(Xhci *x, const XhciSlot *slot, unsigned index,
                         const XhciTrb *trb, guint8 code, guint32 length, gboolean data)
{
    XhciTrb event = { data ? trb->parameter : trb->address,
                      (guint32)code << 24 | (length & LENGTH_MASK),
                      (guint32)slot->number << 24 | index << 16 |
                          TRB_TRANSFER_EVENT << 10 | (data ? 1u << 2 : 0),
                      0 };

    xhci_event(x, TRB_INTERRUPTER(trb->status), &event, (trb->control & TRB_BEI) != 0);
}

/* --- one that went wrong: its endpoint halts there --- */

static XhciStep retire_error(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciEndpoint *ep = slot->endpoints[index];
    XhciTrb nowhere = { .address = ep->ring.dequeue };
    const XhciTrb *trb = &nowhere;
    guint32 left = 0;
    guint8 code = ep->code;

    if (xhci_ring_td(x, &ep->ring) == FETCH_TRB) {
        trb = xhci_td_find(x, ep->moved, &left);
        ep->ring = (XhciRing){ trb->address, trb->control & TRB_C };
    }
    if (!xhci_event_room(x, TRB_INTERRUPTER(trb->status), 1)) {
        return STEP_BLOCKED;
    }
    xhci_transfer_event(x, slot, index, trb, code, left, FALSE);
    xhci_endpoint_drop(ep);
    xhci_endpoint_set_state(x, slot, index, code == CC_TRB ? EP_ERROR : EP_HALTED);
    return STEP_IDLE;
}

/* --- one that has ended well --- */

typedef struct Outcome {
    guint32 moved, length; /* of this TRB, and how much there could be */
    gboolean is_short;     /* the transfer has ended in it */
    gboolean tell;
} Outcome;

static Outcome outcome_of(const XhciEndpoint *ep, const XhciTrb *trb)
{
    unsigned type = TRB_TYPE(trb->control);
    Outcome o = { 0 };

    if (type == TRB_NORMAL || type == TRB_DATA) {
        o.length = TRB_LENGTH(trb->status);
        o.moved = MIN(o.length, ep->moved);
        o.is_short = ep->code == CC_SHORT_PACKET && !ep->passed && o.moved < o.length;
    }
    o.tell = (trb->control & TRB_IOC) || (o.is_short && trb->control & TRB_ISP);
    return o;
}

static void tell(Xhci *x, XhciSlot *slot, unsigned index, const XhciTrb *trb,
                 const Outcome *o)
{
    XhciEndpoint *ep = slot->endpoints[index];
    gboolean data = TRB_TYPE(trb->control) == TRB_EVENT_DATA;
    guint8 code = ep->passed || o->is_short ? CC_SHORT_PACKET : CC_SUCCESS;

    xhci_transfer_event(x, slot, index, trb, code,
                        data ? ep->edtla : o->length - o->moved, data);
    if (data) {
        ep->edtla = 0;
    }
}

static void pass(XhciEndpoint *ep, const XhciTrb *trb, const Outcome *o)
{
    guint8 stage = ep->stage;

    ep->moved -= o->moved;
    ep->passed = ep->passed || o->is_short;
    ep->left--;
    xhci_ring_advance(&ep->ring);
    if (!(trb->control & TRB_CH) || !ep->left) {
        xhci_endpoint_drop(ep);
        ep->stage = stage; /* of a control transfer, of which this was a part */
    }
}

XhciStep xhci_retire_step(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciEndpoint *ep = slot->endpoints[index];
    XhciTrb trb;
    Outcome o;

    if (ep->code != CC_SUCCESS && ep->code != CC_SHORT_PACKET) {
        return retire_error(x, slot, index);
    }
    if (xhci_ring_peek(x, &ep->ring, &trb) != FETCH_TRB) { /* it was there before */
        ep->code = CC_TRB;
        return STEP_MORE;
    }
    o = outcome_of(ep, &trb);
    ep->edtla += o.moved;
    if (o.tell && !xhci_event_room(x, TRB_INTERRUPTER(trb.status), 1)) {
        ep->edtla -= o.moved;
        return STEP_BLOCKED;
    }
    if (o.tell) {
        tell(x, slot, index, &trb, &o);
    }
    pass(ep, &trb, &o);
    return STEP_MORE;
}
