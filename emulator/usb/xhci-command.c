/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command ring (xHCI 1.1, 4.6 and 5.4.5): one command in each step. */
#include "usb/xhci-internal.h"

#include "memory/guest.h"

#define BANDWIDTH_LEFT 80 /* percent: there is always enough */

static void tell(Xhci *x, guint64 address, guint8 code, guint8 slot)
{
    XhciTrb trb = { address, (guint32)code << 24,
                    (guint32)slot << 24 | TRB_COMMAND_EVENT << 10, 0 };

    xhci_event(x, 0, &trb, FALSE);
}

/* While the ring runs it can be stopped, but not moved. */
void xhci_crcr_write(Xhci *x, guint32 low, guint32 high)
{
    if (x->command_running) {
        if (low & (CRCR_CS | CRCR_CA)) {
            x->command_running = FALSE;
            x->command_tell = TRUE;
            xhci_want(x);
        }
        return;
    }
    x->crcr_low = low & ~(CRCR_CS | CRCR_CA | CRCR_CRR);
    x->commands = (XhciRing){ (guint64)high << 32 | (low & ~0x3fu), low & CRCR_RCS };
}

/* 4.6.15, 6.2.6: what is free at each port of a hub. */
static guint8 get_bandwidth(Xhci *x, const XhciTrb *trb)
{
    guint8 context[1 + 2 * XHCI_ROOT_PORTS] = { 0 };
    gsize n = MIN(1 + x->n_ports, sizeof(context));

    for (gsize i = 1; i < n; i++) {
        context[i] = BANDWIDTH_LEFT;
    }
    return guest_write(&x->pci.dma, trb->parameter & ~0xfull, context, n) ? CC_SUCCESS
                                                                          : CC_TRB;
}

/* Those that are for an endpoint of a slot. */
static guint8 endpoint_command(Xhci *x, XhciSlot *slot, const XhciTrb *trb)
{
    unsigned index = trb->control >> 16 & 0x1f;

    if (!index) {
        return CC_TRB;
    }
    if (!slot->endpoints[index]) {
        return CC_ENDPOINT_NOT_ENABLED;
    }
    switch (TRB_TYPE(trb->control)) {
    case TRB_RESET_ENDPOINT:
        return xhci_endpoint_reset(x, slot, index, (trb->control & TRB_TSP) != 0);
    case TRB_STOP_ENDPOINT:
        return xhci_endpoint_stop(x, slot, index);
    default:
        return xhci_endpoint_set_dequeue(x, slot, index, trb->parameter);
    }
}

static guint8 slot_command(Xhci *x, XhciSlot *slot, const XhciTrb *trb)
{
    guint64 input = trb->parameter & ~0xfull;

    switch (TRB_TYPE(trb->control)) {
    case TRB_DISABLE_SLOT:
        return xhci_slot_disable(x, slot);
    case TRB_ADDRESS_DEVICE:
        return xhci_slot_address(x, slot, input, (trb->control & TRB_BSR) != 0);
    case TRB_CONFIGURE_ENDPOINT:
        return trb->control & TRB_DC ? xhci_slot_deconfigure(x, slot)
                                     : xhci_slot_configure(x, slot, input);
    case TRB_EVALUATE_CONTEXT:
        return xhci_slot_evaluate(x, slot, input);
    case TRB_RESET_DEVICE:
        return xhci_slot_reset(x, slot);
    default:
        return endpoint_command(x, slot, trb);
    }
}

static guint8 run_command(Xhci *x, const XhciTrb *trb, guint8 *number)
{
    XhciSlot *slot = *number && *number <= XHCI_SLOTS ? x->slots[*number] : NULL;

    switch (TRB_TYPE(trb->control)) {
    case TRB_ENABLE_SLOT:
        return xhci_slot_enable(x, number);
    case TRB_NO_OP_COMMAND:
        return CC_SUCCESS;
    case TRB_GET_BANDWIDTH:
        return get_bandwidth(x, trb);
    case TRB_DISABLE_SLOT:
    case TRB_ADDRESS_DEVICE:
    case TRB_CONFIGURE_ENDPOINT:
    case TRB_EVALUATE_CONTEXT:
    case TRB_RESET_ENDPOINT:
    case TRB_STOP_ENDPOINT:
    case TRB_SET_TR_DEQUEUE:
    case TRB_RESET_DEVICE:
        return slot ? slot_command(x, slot, trb) : CC_SLOT_NOT_ENABLED;
    default:
        return CC_TRB;
    }
}

/* Stop Endpoint has two events (4.6.9). */
static gboolean room_for(Xhci *x, const XhciTrb *trb)
{
    unsigned n = TRB_TYPE(trb->control) == TRB_STOP_ENDPOINT ? 2 : 1;

    return xhci_event_room(x, 0, n);
}

XhciStep xhci_command_step(Xhci *x)
{
    XhciTrb trb;
    guint8 slot;

    if (!x->command_tell && !(x->command_running && x->command_kicked)) {
        return STEP_IDLE;
    }
    if (x->command_tell) {
        if (!xhci_event_room(x, 0, 1)) {
            return STEP_BLOCKED;
        }
        x->command_tell = FALSE;
        tell(x, x->commands.dequeue, CC_COMMAND_RING_STOPPED, 0);
        return STEP_MORE;
    }
    switch (xhci_ring_peek(x, &x->commands, &trb)) {
    case FETCH_NONE:
        x->command_kicked = FALSE;
        return STEP_IDLE;
    case FETCH_BAD:
        xhci_host_error(x);
        return STEP_IDLE;
    case FETCH_TRB:
        break;
    }
    if (!room_for(x, &trb)) {
        return STEP_BLOCKED;
    }
    slot = (guint8)(trb.control >> 24);
    guint8 code = run_command(x, &trb, &slot);
    xhci_ring_advance(&x->commands);
    tell(x, trb.address, code, slot);
    return STEP_MORE;
}
