/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots (xHCI 1.1, 4.5 and 4.6): what the guest says of a device is read from an input
 * context once, checked as a whole, and then both kept here and written to the device's
 * context. What it does there itself later is not looked at.
 */
#include "usb/xhci-internal.h"

#include "memory/guest.h"

#define INPUT_SLOT   1 /* contexts behind the input control context */
#define ENTRIES      0xf8000000u
#define ENTRIES_ONE  0x08000000u
#define HUB_FIELDS   0x06000000u /* multiple TT, hub */
#define ROUTE        0x000fffffu
#define LATENCY      0x0000ffffu
#define HUB_PORTS    0xff000000u
#define INTERRUPTER  0xffc00000u
#define THINK_TIME   0x00030000u
#define MAX_PACKET   0xffff0000u
#define MAX_STREAMS  0x00007c00u
#define SLOT_STATE   0xf8000000u
#define SLOT_ADDRESS 0x000000ffu

/* --- contexts --- */

static gboolean input_read(Xhci *x, guint64 input, unsigned index, guint32 *words)
{
    return xhci_context_read(x, input, index + INPUT_SLOT, words);
}

/* Bits of a word of a context of the device. FALSE: it is nowhere. */
static gboolean change_word(Xhci *x, const XhciSlot *slot, unsigned index, unsigned word,
                            guint32 mask, guint32 value)
{
    guint32 words[CONTEXT_WORDS];

    if (!xhci_context_read(x, slot->context, index, words)) {
        return FALSE;
    }
    words[word] = (words[word] & ~mask) | (value & mask);
    return xhci_context_write(x, slot->context, index, words);
}

static gboolean set_slot_state(Xhci *x, XhciSlot *slot, guint8 state)
{
    guint8 address = state >= SLOT_ADDRESSED ? slot->number : 0;

    slot->state = state;
    return change_word(x, slot, 0, 3, SLOT_STATE | SLOT_ADDRESS,
                       (guint32)state << SLOT_STATE_SHIFT | address);
}

void xhci_endpoint_set_state(Xhci *x, XhciSlot *slot, unsigned index, guint8 state)
{
    XhciEndpoint *ep = slot->endpoints[index];
    guint32 words[CONTEXT_WORDS];

    ep->state = state;
    if (xhci_context_read(x, slot->context, index, words)) {
        words[0] = (words[0] & ~EP_STATE_MASK) | state;
        words[2] = (guint32)ep->ring.dequeue | (ep->ring.cycle ? 1 : 0);
        words[3] = (guint32)(ep->ring.dequeue >> 32);
        xhci_context_write(x, slot->context, index, words);
    }
}

/* --- endpoints --- */

/* 6.2.3: FALSE: nothing that there could be. */
static guint8 parse_endpoint(const guint32 *words, unsigned index, XhciEndpoint *ep)
{
    gboolean in = index & 1;

    *ep = (XhciEndpoint){ .type = words[1] >> 3 & 7,
                          .state = EP_RUNNING,
                          .max_packet = (guint16)(words[1] >> 16),
                          .ring = { (guint64)words[3] << 32 | (words[2] & ~0xfu),
                                    words[2] & 1 } };
    if (!ep->type || (ep->type >= EP_CONTROL) != in || !ep->max_packet ||
        ep->max_packet > USB_PACKET_MAX || (index == 1 && ep->type != EP_CONTROL)) {
        return CC_PARAMETER;
    }
    if (words[0] & MAX_STREAMS) {
        return CC_INVALID_STREAM_TYPE; /* no device here has any */
    }
    /* Nor has one isochronous endpoints. */
    return ep->type == EP_ISOCH_IN || ep->type == EP_ISOCH_OUT ? CC_BANDWIDTH
                                                               : CC_SUCCESS;
}

static gboolean add_endpoint(Xhci *x, XhciSlot *slot, unsigned index,
                             const XhciEndpoint *ep, const guint32 *input)
{
    guint32 words[CONTEXT_WORDS];

    if (!slot->endpoints[index]) {
        slot->endpoints[index] = g_new(XhciEndpoint, 1);
    }
    *slot->endpoints[index] = *ep;
    memcpy(words, input, sizeof(words));
    words[0] = (words[0] & ~EP_STATE_MASK) | EP_RUNNING;
    return xhci_context_write(x, slot->context, index, words);
}

static void drop_endpoint(Xhci *x, XhciSlot *slot, unsigned index)
{
    if (slot->endpoints[index]) {
        g_clear_pointer(&slot->endpoints[index], g_free);
        change_word(x, slot, index, 0, EP_STATE_MASK, EP_DISABLED);
    }
}

static gboolean has_endpoints(const XhciSlot *slot)
{
    for (unsigned i = 2; i <= XHCI_ENDPOINTS; i++) {
        if (slot->endpoints[i]) {
            return TRUE;
        }
    }
    return FALSE;
}

/* --- life --- */

guint8 xhci_slot_enable(Xhci *x, guint8 *number)
{
    for (unsigned i = 1; i <= MIN(x->config & 0xff, XHCI_SLOTS); i++) {
        if (!x->slots[i]) {
            x->slots[i] = g_new0(XhciSlot, 1);
            x->slots[i]->number = *number = (guint8)i;
            return CC_SUCCESS;
        }
    }
    *number = 0;
    return CC_NO_SLOTS;
}

void xhci_slot_free(Xhci *x, XhciSlot *slot)
{
    for (unsigned i = 1; i <= XHCI_ENDPOINTS; i++) {
        g_free(slot->endpoints[i]);
    }
    x->slots[slot->number] = NULL;
    g_free(slot);
}

void xhci_slots_free(Xhci *x)
{
    for (unsigned i = 1; i <= XHCI_SLOTS; i++) {
        if (x->slots[i]) {
            xhci_slot_free(x, x->slots[i]);
        }
    }
}

guint8 xhci_slot_disable(Xhci *x, XhciSlot *slot)
{
    if (slot->context) {
        set_slot_state(x, slot, SLOT_DISABLED);
    }
    xhci_slot_free(x, slot);
    return CC_SUCCESS;
}

/* --- Address Device: 4.6.5 --- */

static gboolean may_address(const XhciSlot *slot, gboolean block)
{
    return slot->state == SLOT_DISABLED || (slot->state == SLOT_DEFAULT && !block);
}

/* Somebody else's device is not to be had by a second slot. */
static gboolean is_taken(const Xhci *x, const XhciSlot *slot, const UsbDevice *dev)
{
    for (unsigned i = 1; i <= XHCI_SLOTS; i++) {
        const XhciSlot *other = x->slots[i];

        if (other && other != slot && other->state != SLOT_DISABLED &&
            xhci_slot_device(x, other) == dev) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean set_address(Xhci *x, const XhciSlot *slot, UsbDevice *dev)
{
    UsbSetup setup = { .request = USB_REQ_SET_ADDRESS, .value = slot->number };
    guint len;

    return usb_device_control(dev, &setup, x->data, &len) == USB_OK;
}

static gboolean read_context_address(Xhci *x, const XhciSlot *slot, guint64 *address)
{
    if (!guest_read(&x->pci.dma, x->dcbaap + slot->number * sizeof(*address), address,
                    sizeof(*address))) {
        return FALSE;
    }
    *address = GUINT64_FROM_LE(*address) & ~0x3full;
    return TRUE;
}

typedef struct Input {
    guint32 control[CONTEXT_WORDS], slot[CONTEXT_WORDS], ep0[CONTEXT_WORDS];
} Input;

static guint8 read_address_input(Xhci *x, guint64 address, Input *in, XhciEndpoint *ep)
{
    if (!xhci_context_read(x, address, 0, in->control) ||
        !input_read(x, address, 0, in->slot) || !input_read(x, address, 1, in->ep0)) {
        return CC_TRB;
    }
    return in->control[0] || in->control[1] != 3 ? CC_PARAMETER
                                                 : parse_endpoint(in->ep0, 1, ep);
}

static guint8 write_addressed(Xhci *x, XhciSlot *slot, Input *in, const XhciEndpoint *ep,
                              guint8 state)
{
    in->slot[3] = 0;
    if (!xhci_context_write(x, slot->context, 0, in->slot) ||
        !add_endpoint(x, slot, 1, ep, in->ep0) || !set_slot_state(x, slot, state)) {
        return CC_TRB;
    }
    return CC_SUCCESS;
}

guint8 xhci_slot_address(Xhci *x, XhciSlot *slot, guint64 input, gboolean block)
{
    XhciSlot wanted = { .number = slot->number };
    UsbDevice *dev;
    XhciEndpoint ep;
    guint8 code;
    Input in;

    if (!may_address(slot, block)) {
        return CC_CONTEXT_STATE;
    }
    code = read_address_input(x, input, &in, &ep);
    if (code != CC_SUCCESS) {
        return code;
    }
    wanted.port = (guint8)(in.slot[1] >> 16);
    wanted.route = in.slot[0] & ROUTE;
    if (!wanted.port || wanted.port > x->n_ports) {
        return CC_PARAMETER;
    }
    dev = xhci_slot_device(x, &wanted);
    if (dev && is_taken(x, slot, dev)) {
        return CC_TRB;
    }
    if (!read_context_address(x, slot, &wanted.context)) {
        return CC_TRB;
    }
    if (!dev || (!block && !set_address(x, slot, dev))) {
        return CC_TRANSACTION;
    }
    slot->port = wanted.port;
    slot->route = wanted.route;
    slot->context = wanted.context;
    return write_addressed(x, slot, &in, &ep, block ? SLOT_DEFAULT : SLOT_ADDRESSED);
}

/* --- Configure Endpoint: 4.6.6 --- */

typedef struct Configuration {
    guint32 drop, add, slot[CONTEXT_WORDS];
    guint32 contexts[XHCI_ENDPOINTS + 1][CONTEXT_WORDS];
    XhciEndpoint endpoints[XHCI_ENDPOINTS + 1];
} Configuration;

static guint8 read_configuration(Xhci *x, guint64 input, Configuration *c)
{
    guint32 control[CONTEXT_WORDS];

    if (!xhci_context_read(x, input, 0, control) || !input_read(x, input, 0, c->slot)) {
        return CC_TRB;
    }
    c->drop = control[0];
    c->add = control[1];
    if (c->drop & 3 || (c->add & 3) != 1) {
        return CC_PARAMETER;
    }
    for (unsigned i = 2; i <= XHCI_ENDPOINTS; i++) {
        guint8 code;

        if (!(c->add & 1u << i)) {
            continue;
        }
        if (!input_read(x, input, i, c->contexts[i])) {
            return CC_TRB;
        }
        code = parse_endpoint(c->contexts[i], i, &c->endpoints[i]);
        if (code != CC_SUCCESS) {
            return code;
        }
    }
    return CC_SUCCESS;
}

static gboolean update_slot(Xhci *x, XhciSlot *slot, const guint32 *input)
{
    return change_word(x, slot, 0, 0, ENTRIES | HUB_FIELDS, input[0]) &&
           change_word(x, slot, 0, 1, LATENCY | HUB_PORTS, input[1]) &&
           change_word(x, slot, 0, 2, INTERRUPTER | THINK_TIME, input[2]) &&
           set_slot_state(x, slot,
                          has_endpoints(slot) ? SLOT_CONFIGURED : SLOT_ADDRESSED);
}

guint8 xhci_slot_configure(Xhci *x, XhciSlot *slot, guint64 input)
{
    Configuration c;
    guint8 code;

    if (slot->state < SLOT_ADDRESSED) {
        return CC_CONTEXT_STATE;
    }
    code = read_configuration(x, input, &c);
    if (code != CC_SUCCESS) {
        return code;
    }
    for (unsigned i = 2; i <= XHCI_ENDPOINTS; i++) {
        if (c.drop & 1u << i) {
            drop_endpoint(x, slot, i);
        }
        if (c.add & 1u << i &&
            !add_endpoint(x, slot, i, &c.endpoints[i], c.contexts[i])) {
            return CC_TRB;
        }
    }
    return update_slot(x, slot, c.slot) ? CC_SUCCESS : CC_TRB;
}

guint8 xhci_slot_deconfigure(Xhci *x, XhciSlot *slot)
{
    if (slot->state < SLOT_ADDRESSED) {
        return CC_CONTEXT_STATE;
    }
    for (unsigned i = 2; i <= XHCI_ENDPOINTS; i++) {
        drop_endpoint(x, slot, i);
    }
    return change_word(x, slot, 0, 0, ENTRIES, ENTRIES_ONE) &&
                   set_slot_state(x, slot, SLOT_ADDRESSED)
               ? CC_SUCCESS
               : CC_TRB;
}

/* --- Evaluate Context: 4.6.7 --- */

static guint8 evaluate_slot(Xhci *x, const XhciSlot *slot, guint64 input)
{
    guint32 words[CONTEXT_WORDS];

    return input_read(x, input, 0, words) &&
                   change_word(x, slot, 0, 1, LATENCY, words[1]) &&
                   change_word(x, slot, 0, 2, INTERRUPTER, words[2])
               ? CC_SUCCESS
               : CC_TRB;
}

static guint8 evaluate_ep0(Xhci *x, const XhciSlot *slot, guint64 input)
{
    guint32 words[CONTEXT_WORDS];
    guint16 max_packet;

    if (!input_read(x, input, 1, words)) {
        return CC_TRB;
    }
    max_packet = (guint16)(words[1] >> 16);
    if (!max_packet || max_packet > USB_PACKET_MAX || !slot->endpoints[1]) {
        return CC_PARAMETER;
    }
    slot->endpoints[1]->max_packet = max_packet;
    return change_word(x, slot, 1, 1, MAX_PACKET, words[1]) ? CC_SUCCESS : CC_TRB;
}

guint8 xhci_slot_evaluate(Xhci *x, XhciSlot *slot, guint64 input)
{
    guint32 control[CONTEXT_WORDS];
    guint8 code = CC_SUCCESS;

    if (slot->state < SLOT_DEFAULT) {
        return CC_CONTEXT_STATE;
    }
    if (!xhci_context_read(x, input, 0, control)) {
        return CC_TRB;
    }
    if (control[0] || control[1] & ~3u) {
        return CC_PARAMETER;
    }
    if (control[1] & 1) {
        code = evaluate_slot(x, slot, input);
    }
    return code == CC_SUCCESS && control[1] & 2 ? evaluate_ep0(x, slot, input) : code;
}

/* --- Reset Device: 4.6.11 --- */

guint8 xhci_slot_reset(Xhci *x, XhciSlot *slot)
{
    if (slot->state == SLOT_DISABLED) {
        return CC_CONTEXT_STATE;
    }
    for (unsigned i = 2; i <= XHCI_ENDPOINTS; i++) {
        drop_endpoint(x, slot, i);
    }
    return change_word(x, slot, 0, 0, ENTRIES, ENTRIES_ONE) &&
                   set_slot_state(x, slot, SLOT_DEFAULT)
               ? CC_SUCCESS
               : CC_TRB;
}

/* --- endpoints: 4.6.8 to 4.6.10 --- */

guint8 xhci_endpoint_reset(Xhci *x, XhciSlot *slot, unsigned index, gboolean keep)
{
    XhciEndpoint *ep = slot->endpoints[index];

    if (ep->state != EP_HALTED) {
        return CC_CONTEXT_STATE;
    }
    if (!keep) {
        xhci_endpoint_drop(ep);
    }
    xhci_endpoint_set_state(x, slot, index, EP_STOPPED);
    return CC_SUCCESS;
}

/* What it waits for is told of, with what is left of that TRB; it goes on there. */
guint8 xhci_endpoint_stop(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciEndpoint *ep = slot->endpoints[index];

    if (ep->state != EP_RUNNING) {
        return CC_CONTEXT_STATE;
    }
    if (!ep->code && xhci_ring_td(x, &ep->ring) == FETCH_TRB) {
        guint32 left;
        const XhciTrb *trb = xhci_td_find(x, ep->moved, &left);
        xhci_transfer_event(x, slot, index, trb, CC_STOPPED, left, FALSE);
    }
    xhci_endpoint_set_state(x, slot, index, EP_STOPPED);
    return CC_SUCCESS;
}

guint8 xhci_endpoint_set_dequeue(Xhci *x, XhciSlot *slot, unsigned index, guint64 value)
{
    XhciEndpoint *ep = slot->endpoints[index];

    if (ep->state != EP_STOPPED && ep->state != EP_ERROR) {
        return CC_CONTEXT_STATE;
    }
    xhci_endpoint_drop(ep);
    ep->ring = (XhciRing){ value & ~0xfull, value & 1 };
    xhci_endpoint_set_state(x, slot, index, EP_STOPPED);
    return CC_SUCCESS;
}
