/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transfer descriptors (xHCI 1.1, 4.11): the TD at the place of an endpoint's ring is
 * read as a whole each time that the endpoint is looked at, and goes on where it was.
 * When it has ended it retires (xhci-retire.c).
 *
 * Of a control transfer the device hears once: in the data stage, or, without one, in the
 * status stage.
 */
#include "usb/xhci-internal.h"

#include <string.h>

#include "event/turn.h"
#include "memory/guest.h"

void xhci_endpoint_drop(XhciEndpoint *ep)
{
    ep->moved = ep->edtla = ep->left = 0;
    ep->code = ep->stage = 0;
    ep->passed = FALSE;
}

/* --- the data of x->td --- */

static gboolean has_data(const XhciTrb *trb)
{
    unsigned type = TRB_TYPE(trb->control);

    return type == TRB_NORMAL || type == TRB_DATA;
}

static guint32 length_of(const XhciTrb *trb)
{
    return has_data(trb) ? TRB_LENGTH(trb->status) : 0;
}

static guint32 td_length(const Xhci *x)
{
    guint32 sum = 0; /* 128 of 128 KiB */

    for (unsigned i = 0; i < x->n_td; i++) {
        sum += length_of(&x->td[i]);
    }
    return sum;
}

const XhciTrb *xhci_td_find(const Xhci *x, guint32 moved, guint32 *left)
{
    for (unsigned i = 0; i < x->n_td; i++) {
        guint32 length = length_of(&x->td[i]);

        if (moved < length || i + 1 == x->n_td) {
            *left = length - MIN(moved, length);
            return &x->td[i];
        }
        moved -= length;
    }
    *left = 0;
    return &x->td[0];
}

/* Immediate data (IDT) is in the TRB itself, and only goes out. */
static gboolean copy_piece(Xhci *x, const XhciTrb *trb, guint32 at, guint8 *data,
                           guint32 len, gboolean in)
{
    if (trb->control & TRB_IDT) {
        guint64 bytes = GUINT64_TO_LE(trb->parameter);

        if (in || at + len > sizeof(bytes)) {
            return FALSE;
        }
        memcpy(data, (const guint8 *)&bytes + at, len);
        return TRUE;
    }
    return in ? guest_write(&x->pci.dma, trb->parameter + at, data, len)
              : guest_read(&x->pci.dma, trb->parameter + at, data, len);
}

/* Between a buffer and the TD's memory from its byte `at` on; within its length. */
static gboolean copy(Xhci *x, guint32 at, guint8 *data, guint32 len, gboolean in)
{
    for (unsigned i = 0; i < x->n_td && len; i++) {
        guint32 length = length_of(&x->td[i]);

        if (at >= length) {
            at -= length;
            continue;
        }
        guint32 piece = MIN(length - at, len);
        if (!copy_piece(x, &x->td[i], at, data, piece, in)) {
            return FALSE;
        }
        data += piece;
        len -= piece;
        at = 0;
    }
    return TRUE;
}

static guint8 code_of(UsbResult result)
{
    return result == USB_OK      ? CC_SUCCESS
           : result == USB_STALL ? CC_STALL
                                 : CC_TRANSACTION;
}

/* --- control: 4.11.2.2 --- */

static UsbSetup setup_of(const XhciEndpoint *ep)
{
    const guint8 *s = ep->setup;

    return (UsbSetup){ .type = s[0],
                       .request = s[1],
                       .value = (guint16)(s[2] | s[3] << 8),
                       .index = (guint16)(s[4] | s[5] << 8),
                       .length = (guint16)(s[6] | s[7] << 8) };
}

static guint8 setup_stage(const Xhci *x, XhciEndpoint *ep)
{
    const XhciTrb *trb = &x->td[0];
    guint64 bytes = GUINT64_TO_LE(trb->parameter);

    if (!(trb->control & TRB_IDT) || TRB_LENGTH(trb->status) != sizeof(bytes) ||
        x->n_td != 1) {
        return CC_TRB;
    }
    memcpy(ep->setup, &bytes, sizeof(bytes));
    ep->stage = setup_of(ep).length ? STAGE_DATA : STAGE_RUN;
    return CC_SUCCESS;
}

static guint8 data_in(Xhci *x, XhciEndpoint *ep, const UsbSetup *setup, UsbDevice *dev)
{
    guint32 total = MIN(td_length(x), setup->length);
    guint len;
    UsbResult result = usb_device_control(dev, setup, x->data, &len);

    if (result != USB_OK) {
        return code_of(result);
    }
    ep->moved = MIN(len, total);
    if (!copy(x, 0, x->data, ep->moved, TRUE)) {
        ep->moved = 0;
        return CC_DATA_BUFFER;
    }
    return ep->moved < td_length(x) ? CC_SHORT_PACKET : CC_SUCCESS;
}

static guint8 data_out(Xhci *x, XhciEndpoint *ep, const UsbSetup *setup, UsbDevice *dev)
{
    guint len;

    if (td_length(x) < setup->length || setup->length > sizeof(x->data)) {
        return CC_STALL;
    }
    if (!copy(x, 0, x->data, setup->length, FALSE)) {
        return CC_DATA_BUFFER;
    }
    ep->moved = setup->length;
    return code_of(usb_device_control(dev, setup, x->data, &len));
}

static guint8 data_stage(Xhci *x, XhciEndpoint *ep, UsbDevice *dev)
{
    UsbSetup setup = setup_of(ep);
    gboolean in = (setup.type & USB_DIR_IN) != 0;

    if (ep->stage != STAGE_DATA || in != ((x->td[0].control & TRB_DIR_IN) != 0)) {
        return CC_TRB;
    }
    ep->stage = STAGE_STATUS;
    return in ? data_in(x, ep, &setup, dev) : data_out(x, ep, &setup, dev);
}

static guint8 status_stage(Xhci *x, XhciEndpoint *ep, UsbDevice *dev)
{
    UsbSetup setup = setup_of(ep);
    guint8 stage = ep->stage;
    guint len;

    ep->stage = STAGE_NONE;
    if (stage == STAGE_RUN) {
        return code_of(usb_device_control(dev, &setup, x->data, &len));
    }
    return stage == STAGE_STATUS ? CC_SUCCESS : CC_TRB;
}

static guint8 run_control(Xhci *x, XhciEndpoint *ep, UsbDevice *dev)
{
    switch (TRB_TYPE(x->td[0].control)) {
    case TRB_SETUP:
        return setup_stage(x, ep);
    case TRB_DATA:
        return data_stage(x, ep, dev);
    case TRB_STATUS:
        return status_stage(x, ep, dev);
    case TRB_NO_OP:
    case TRB_EVENT_DATA:
        return CC_SUCCESS;
    default:
        return CC_TRB;
    }
}

/* --- bulk and interrupt: 4.11.2.1 --- */

static gboolean is_plain(const Xhci *x)
{
    for (unsigned i = 0; i < x->n_td; i++) {
        unsigned type = TRB_TYPE(x->td[i].control);

        if (type != TRB_NORMAL && type != TRB_EVENT_DATA && type != TRB_NO_OP) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A packet has gone; small ones that are many are for more than one turn. */
static gboolean has_turn(void)
{
    turn_count(TURN_DESCRIPTORS, 1);
    return !turn_over();
}

/* 0: the device has nothing more now, or the turn is over. */
static guint8 run_in(Xhci *x, XhciEndpoint *ep, unsigned number, UsbDevice *dev)
{
    guint32 total = td_length(x);

    while (ep->moved < total) {
        guint len;
        UsbResult result = usb_device_in(dev, (guint8)number, x->data, &len);

        if (result != USB_OK) {
            return result == USB_NAK ? 0 : code_of(result);
        }
        len = MIN(len, total - ep->moved); /* what does not fit is lost, as QEMU's */
        if (!copy(x, ep->moved, x->data, len, TRUE)) {
            return CC_DATA_BUFFER;
        }
        ep->moved += len;
        if (len < ep->max_packet) {
            break;
        }
        if (ep->moved < total && !has_turn()) {
            return 0;
        }
    }
    return ep->moved < total ? CC_SHORT_PACKET : CC_SUCCESS;
}

static guint8 run_out(Xhci *x, XhciEndpoint *ep, unsigned number, UsbDevice *dev)
{
    guint32 total = td_length(x);

    while (ep->moved < total) {
        guint32 len = MIN(total - ep->moved, ep->max_packet);
        UsbResult result;

        if (!copy(x, ep->moved, x->data, len, FALSE)) {
            return CC_DATA_BUFFER;
        }
        result = usb_device_out(dev, (guint8)number, x->data, len);
        if (result != USB_OK) {
            return result == USB_NAK ? 0 : code_of(result);
        }
        ep->moved += len;
        if (ep->moved < total && !has_turn()) {
            return 0;
        }
    }
    return CC_SUCCESS;
}

/* Device context indices: the number twice, and one more for IN. */
static guint8 run_td(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciEndpoint *ep = slot->endpoints[index];
    UsbDevice *dev = xhci_slot_device(x, slot);

    if (ep->type == EP_CONTROL) {
        return run_control(x, ep, dev);
    }
    if (!is_plain(x)) {
        return CC_TRB;
    }
    return index & 1 ? run_in(x, ep, index / 2, dev) : run_out(x, ep, index / 2, dev);
}

XhciStep xhci_endpoint_step(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciEndpoint *ep = slot->endpoints[index];
    guint8 code = CC_TRB;

    if (!ep || ep->state != EP_RUNNING) {
        return STEP_IDLE;
    }
    if (ep->code) {
        return xhci_retire_step(x, slot, index);
    }
    if (xhci_slot_sleeps(x, slot)) {
        return STEP_IDLE;
    }
    switch (xhci_ring_td(x, &ep->ring)) {
    case FETCH_NONE:
        return STEP_IDLE;
    case FETCH_BAD:
        break;
    case FETCH_TRB:
        code = run_td(x, slot, index);
        if (!code) {
            return turn_over() ? STEP_MORE : STEP_IDLE;
        }
    }
    xhci_retire_begin(ep, code);
    return STEP_MORE;
}
