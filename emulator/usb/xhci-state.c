/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a controller moves: registers, and lists of the slots and endpoints that there
 * are. A transfer that waits is in the guest's memory, and how far it is here.
 */
#include "usb/xhci-internal.h"

#include "util/error.h"

void xhci_state_free(Xhci *x)
{
    g_clear_pointer(&x->saved_slots, g_free);
    g_clear_pointer(&x->saved_endpoints, g_free);
    x->n_saved_slots = x->n_saved_endpoints = 0;
}

/* --- saving --- */

static void save_endpoints(Xhci *x, const XhciSlot *slot)
{
    for (unsigned i = 1; i <= XHCI_ENDPOINTS; i++) {
        if (slot->endpoints[i]) {
            XhciEndpoint *ep = &x->saved_endpoints[x->n_saved_endpoints++];
            *ep = *slot->endpoints[i];
            ep->slot = slot->number;
            ep->index = (guint8)i;
        }
    }
}

static gboolean pre_save(void *opaque, GError **errp)
{
    Xhci *x = opaque;

    xhci_state_free(x);
    x->saved_slots = g_new0(XhciSlot, XHCI_SLOTS);
    x->saved_endpoints = g_new0(XhciEndpoint, XHCI_SLOTS * XHCI_ENDPOINTS);
    for (unsigned i = 1; i <= XHCI_SLOTS; i++) {
        if (x->slots[i]) {
            x->saved_slots[x->n_saved_slots++] = *x->slots[i];
            save_endpoints(x, x->slots[i]);
        }
    }
    x->index =
        x->usbsts & STS_HCH ? 0 : (guint64)clock_now(CLOCK_TYPE_VIRTUAL) - x->started;
    return TRUE;
}

/* --- loading --- */

static gboolean load_slot(Xhci *x, const XhciSlot *saved, GError **errp)
{
    XhciSlot *slot;

    if (!saved->number || saved->number > XHCI_SLOTS || x->slots[saved->number] ||
        saved->port > x->n_ports) {
        return error_set(errp, "qemu-xhci: slot %u at port %u cannot be", saved->number,
                         saved->port);
    }
    slot = g_new0(XhciSlot, 1);
    *slot = (XhciSlot){ .number = saved->number,
                        .state = saved->state,
                        .port = saved->port,
                        .route = saved->route & 0xfffff,
                        .context = saved->context & ~0x3full };
    x->slots[slot->number] = slot;
    return TRUE;
}

static gboolean is_endpoint(const Xhci *x, const XhciEndpoint *ep)
{
    return ep->slot && ep->slot <= XHCI_SLOTS && x->slots[ep->slot] && ep->index &&
           ep->index <= XHCI_ENDPOINTS && !x->slots[ep->slot]->endpoints[ep->index] &&
           ep->type && ep->type != EP_ISOCH_IN && ep->type != EP_ISOCH_OUT &&
           (ep->type >= EP_CONTROL) == (ep->index & 1) && ep->max_packet &&
           ep->max_packet <= USB_PACKET_MAX && !(ep->ring.dequeue & 0xf) &&
           (!ep->code || ep->left);
}

static gboolean load_endpoint(Xhci *x, const XhciEndpoint *saved, GError **errp)
{
    if (!is_endpoint(x, saved)) {
        return error_set(errp, "qemu-xhci: endpoint %u of slot %u cannot be",
                         saved->index, saved->slot);
    }
    x->slots[saved->slot]->endpoints[saved->index] = g_memdup2(saved, sizeof(*saved));
    return TRUE;
}

static gboolean check_interrupter(const XhciInterrupter *i, unsigned n, GError **errp)
{
    for (unsigned s = 0; s < i->n_segments; s++) {
        if (i->segments[s].size < 16 || i->segments[s].size > 4096) {
            return error_set(errp, "qemu-xhci: segment %u of event ring %u has %u places",
                             s, n, i->segments[s].size);
        }
    }
    if (i->n_segments &&
        (i->segment >= i->n_segments || i->place >= i->segments[i->segment].size)) {
        return error_set(errp, "qemu-xhci: event ring %u has no place %u.%u", n,
                         i->segment, i->place);
    }
    return TRUE;
}

static gboolean load_lists(Xhci *x, GError **errp)
{
    xhci_slots_free(x);
    for (guint32 i = 0; i < x->n_saved_slots; i++) {
        if (!load_slot(x, &x->saved_slots[i], errp)) {
            return FALSE;
        }
    }
    for (guint32 i = 0; i < x->n_saved_endpoints; i++) {
        if (!load_endpoint(x, &x->saved_endpoints[i], errp)) {
            return FALSE;
        }
    }
    for (unsigned i = 0; i < XHCI_INTERRUPTERS; i++) {
        if (!check_interrupter(&x->interrupters[i], i, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    Xhci *x = opaque;
    gboolean loaded = load_lists(x, errp);

    xhci_state_free(x);
    if (!loaded) {
        return FALSE;
    }
    x->started = (guint64)clock_now(CLOCK_TYPE_VIRTUAL) - x->index;
    x->commands.dequeue &= ~0xfull;
    xhci_arm_wrap(x);
    xhci_update_irq(x);
    xhci_update(x);
    return TRUE;
}

/* --- rows --- */

static const StateField ring_fields[] = {
    STATE_FIELD("dequeue", STATE_U64, XhciRing, dequeue),
    STATE_FIELD("cycle", STATE_BOOL, XhciRing, cycle),
    { NULL },
};
static const StateDesc ring_state = { .name = "xhci-ring",
                                      .version = 1,
                                      .fields = ring_fields };

static const StateField segment_fields[] = {
    STATE_FIELD("base", STATE_U64, XhciSegment, base),
    STATE_FIELD("size", STATE_U32, XhciSegment, size),
    { NULL },
};
static const StateDesc segment_state = { .name = "xhci-segment",
                                         .version = 1,
                                         .fields = segment_fields };

static const StateField interrupter_fields[] = {
    STATE_FIELD("iman", STATE_U32, XhciInterrupter, iman, .limit = IMAN_IP | IMAN_IE),
    STATE_FIELD("imod", STATE_U32, XhciInterrupter, imod),
    STATE_FIELD("erst-size", STATE_U32, XhciInterrupter, erst_size, .limit = 0xffff),
    STATE_FIELD("erst-base", STATE_U64, XhciInterrupter, erst_base),
    STATE_FIELD("erdp", STATE_U64, XhciInterrupter, erdp),
    STATE_COUNTED("segments", STATE_STRUCT, XhciInterrupter, segments, XHCI_SEGMENTS,
                  n_segments, .nested = &segment_state, .stride = sizeof(XhciSegment)),
    STATE_FIELD("segment", STATE_U32, XhciInterrupter, segment),
    STATE_FIELD("place", STATE_U32, XhciInterrupter, place),
    STATE_FIELD("cycle", STATE_BOOL, XhciInterrupter, cycle),
    STATE_FIELD("full", STATE_BOOL, XhciInterrupter, full),
    { NULL },
};
static const StateDesc interrupter_state = { .name = "xhci-interrupter",
                                             .version = 1,
                                             .fields = interrupter_fields };

static const StateField port_fields[] = {
    STATE_FIELD("sc", STATE_U32, XhciPort, sc),
    STATE_FIELD("pmsc", STATE_U32, XhciPort, pmsc),
    STATE_FIELD("hlpmc", STATE_U32, XhciPort, hlpmc),
    STATE_FIELD("tell", STATE_BOOL, XhciPort, tell),
    { NULL },
};
static const StateDesc port_state = { .name = "xhci-port",
                                      .version = 1,
                                      .fields = port_fields };

static const StateField slot_fields[] = {
    STATE_FIELD("number", STATE_U8, XhciSlot, number),
    STATE_FIELD("state", STATE_U8, XhciSlot, state, .limit = SLOT_CONFIGURED),
    STATE_FIELD("port", STATE_U8, XhciSlot, port),
    STATE_FIELD("route", STATE_U32, XhciSlot, route),
    STATE_FIELD("context", STATE_U64, XhciSlot, context),
    { NULL },
};
static const StateDesc slot_state = { .name = "xhci-slot",
                                      .version = 1,
                                      .fields = slot_fields };

static const StateField endpoint_fields[] = {
    STATE_FIELD("slot", STATE_U8, XhciEndpoint, slot),
    STATE_FIELD("index", STATE_U8, XhciEndpoint, index),
    STATE_FIELD("type", STATE_U8, XhciEndpoint, type, .limit = EP_INTERRUPT_IN),
    STATE_FIELD("state", STATE_U8, XhciEndpoint, state, .limit = EP_ERROR),
    STATE_FIELD("max-packet", STATE_U16, XhciEndpoint, max_packet),
    STATE_FIELD("ring", STATE_STRUCT, XhciEndpoint, ring, .nested = &ring_state),
    STATE_FIELD("moved", STATE_U32, XhciEndpoint, moved),
    STATE_FIELD("edtla", STATE_U32, XhciEndpoint, edtla),
    STATE_FIELD("code", STATE_U8, XhciEndpoint, code),
    STATE_FIELD("passed", STATE_BOOL, XhciEndpoint, passed),
    STATE_FIELD("left", STATE_U32, XhciEndpoint, left, .limit = XHCI_TD_TRBS),
    STATE_FIELD("stage", STATE_U8, XhciEndpoint, stage, .limit = STAGE_STATUS),
    STATE_ARRAY("setup", STATE_BYTES, XhciEndpoint, setup, 8),
    { NULL },
};
static const StateDesc endpoint_state = { .name = "xhci-endpoint",
                                          .version = 1,
                                          .fields = endpoint_fields };

static const StateField fields[] = {
    STATE_FIELD("usbcmd", STATE_U32, Xhci, usbcmd),
    STATE_FIELD("usbsts", STATE_U32, Xhci, usbsts),
    STATE_FIELD("dnctrl", STATE_U32, Xhci, dnctrl),
    STATE_FIELD("config", STATE_U32, Xhci, config),
    STATE_FIELD("crcr-low", STATE_U32, Xhci, crcr_low),
    STATE_FIELD("crcr-high", STATE_U32, Xhci, crcr_high),
    STATE_FIELD("dcbaap", STATE_U64, Xhci, dcbaap),
    STATE_FIELD("commands", STATE_STRUCT, Xhci, commands, .nested = &ring_state),
    STATE_FIELD("command-running", STATE_BOOL, Xhci, command_running),
    STATE_FIELD("command-tell", STATE_BOOL, Xhci, command_tell),
    STATE_FIELD("index", STATE_U64, Xhci, index),
    STATE_FIELD("wrap-tell", STATE_BOOL, Xhci, wrap_tell),
    STATE_ARRAY("interrupters", STATE_STRUCT, Xhci, interrupters, XHCI_INTERRUPTERS,
                .nested = &interrupter_state, .stride = sizeof(XhciInterrupter)),
    STATE_COUNTED("ports", STATE_STRUCT, Xhci, ports, 2 * XHCI_ROOT_PORTS, n_ports,
                  .nested = &port_state, .stride = sizeof(XhciPort)),
    STATE_COUNTED("slots", STATE_STRUCT, Xhci, saved_slots, XHCI_SLOTS, n_saved_slots,
                  .nested = &slot_state, .stride = sizeof(XhciSlot), .indirect = TRUE),
    STATE_COUNTED("endpoints", STATE_STRUCT, Xhci, saved_endpoints,
                  XHCI_SLOTS *XHCI_ENDPOINTS, n_saved_endpoints,
                  .nested = &endpoint_state, .stride = sizeof(XhciEndpoint),
                  .indirect = TRUE),
    { NULL },
};

const StateDesc xhci_state = { .name = "qemu-xhci",
                               .version = 1,
                               .fields = fields,
                               .pre_save = pre_save,
                               .post_load = post_load };
