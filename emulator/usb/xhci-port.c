/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root hub ports (xHCI 1.1, 4.19 and 5.4.8): those of USB 3 first, then those of USB 2.
 */
#include "usb/xhci-internal.h"

static guint32 link_state(const XhciPort *port)
{
    return (port->sc & PORT_PLS) >> PORT_PLS_SHIFT;
}

static void set_link_state(XhciPort *port, guint32 state)
{
    port->sc = (port->sc & ~PORT_PLS) | state << PORT_PLS_SHIFT;
}

static void changed(XhciPort *port, guint32 bits)
{
    Xhci *x = port->xhci;

    port->sc |= bits;
    x->usbsts |= STS_PCD;
    if (!(x->usbsts & STS_HCH)) {
        port->tell = TRUE;
        xhci_want(x);
    }
}

static UsbDevice *device_of(const XhciPort *port)
{
    return port->usb ? port->usb->device : NULL;
}

/* What is plugged in, or not, without a word of what has changed. */
static void look(XhciPort *port)
{
    const UsbDevice *dev = device_of(port);

    port->sc = PORT_PP | (port->sc & (PORT_CHANGES | PORT_WAKES | PORT_PIC));
    if (dev) {
        port->sc |= PORT_CCS | PORT_SPEED(dev->speed);
    }
    set_link_state(port, dev ? PLS_POLLING : PLS_RX_DETECT);
}

void xhci_port_reset_state(XhciPort *port)
{
    port->pmsc = port->hlpmc = 0;
    port->tell = FALSE;
    port->sc = 0;
    look(port);
    if (device_of(port)) {
        usb_device_bus_reset(device_of(port));
        port->sc |= PORT_CSC;
        port->xhci->usbsts |= STS_PCD;
    }
}

/* --- what happens at the socket --- */

/* All devices are of USB 2. */
static XhciPort *port_of(UsbPort *usb)
{
    Xhci *x = usb->opaque;

    return &x->ports[x->p3 + usb->number - 1];
}

static void on_attached(UsbPort *usb)
{
    XhciPort *port = port_of(usb);

    look(port);
    changed(port, PORT_CSC);
}

/* Transfers that wait for the device end. */
static void on_detached(UsbPort *usb)
{
    XhciPort *port = port_of(usb);

    look(port);
    changed(port, PORT_CSC);
    xhci_kick_all(port->xhci);
}

static void on_wakeup(UsbPort *usb)
{
    XhciPort *port = port_of(usb);

    if (link_state(port) == PLS_U3) {
        set_link_state(port, PLS_RESUME);
        changed(port, PORT_PLC);
    }
}

const UsbPortOps xhci_port_ops = { .attached = on_attached,
                                   .detached = on_detached,
                                   .wakeup = on_wakeup };

/* --- the guest --- */

static void set_suspended(const XhciPort *port, gboolean suspended)
{
    if (device_of(port)) {
        usb_device_set_suspended(device_of(port), suspended);
    }
}

static void reset_port(XhciPort *port, guint32 changes)
{
    if (device_of(port)) {
        usb_device_bus_reset(device_of(port));
        port->sc |= PORT_PED;
        set_link_state(port, PLS_U0);
    }
    changed(port, changes);
    xhci_kick_all(port->xhci);
}

static void disable(XhciPort *port)
{
    port->sc &= ~PORT_PED;
    look(port);
    xhci_kick_all(port->xhci);
}

/* 4.15: what may follow what; the rest is ignored. */
static void ask_link_state(XhciPort *port, guint32 state)
{
    guint32 now = link_state(port);

    if (!(port->sc & PORT_PED)) {
        return;
    }
    if (state == PLS_U3 && now < PLS_U3) {
        set_link_state(port, PLS_U3);
        set_suspended(port, TRUE);
    } else if (state == PLS_RESUME && now == PLS_U3) {
        set_link_state(port, PLS_RESUME);
    } else if (state == PLS_U0 && (now == PLS_U3 || now == PLS_RESUME)) {
        set_link_state(port, PLS_U0);
        set_suspended(port, FALSE);
        changed(port, PORT_PLC);
        xhci_kick_all(port->xhci);
    }
}

static gboolean is_usb3(const XhciPort *port)
{
    return port->number <= port->xhci->p3;
}

void xhci_port_write(XhciPort *port, guint32 value)
{
    port->sc &= ~(value & PORT_CHANGES);
    port->sc &= ~(PORT_WAKES | PORT_PIC);
    port->sc |= value & (PORT_WAKES | PORT_PIC);
    if (value & PORT_WPR && is_usb3(port)) {
        reset_port(port, PORT_PRC | PORT_WRC);
    } else if (value & PORT_PR) {
        reset_port(port, PORT_PRC);
    } else if (value & PORT_PED && port->sc & PORT_PED) {
        disable(port);
    } else if (value & PORT_LWS) {
        ask_link_state(port, (value & PORT_PLS) >> PORT_PLS_SHIFT);
    }
}

/* --- the controller --- */

gboolean xhci_ports_tell(Xhci *x)
{
    for (unsigned i = 0; i < x->n_ports; i++) {
        XhciPort *port = &x->ports[i];
        XhciTrb trb = { (guint64)port->number << 24, (guint32)CC_SUCCESS << 24,
                        TRB_PORT_EVENT << 10, 0 };

        if (!port->tell) {
            continue;
        }
        if (!xhci_event_room(x, 0, 1)) {
            return FALSE;
        }
        port->tell = FALSE;
        xhci_event(x, 0, &trb, FALSE);
    }
    return TRUE;
}

void xhci_ports_started(Xhci *x)
{
    for (unsigned i = 0; i < x->n_ports; i++) {
        x->ports[i].tell = (x->ports[i].sc & PORT_CHANGES) != 0;
        x->usbsts |= x->ports[i].tell ? STS_PCD : 0;
    }
}

static const XhciPort *root_port(const Xhci *x, const XhciSlot *slot)
{
    return slot->port && slot->port <= x->n_ports ? &x->ports[slot->port - 1] : NULL;
}

UsbDevice *xhci_slot_device(const Xhci *x, const XhciSlot *slot)
{
    const XhciPort *port = root_port(x, slot);

    return port && port->usb && port->sc & PORT_PED
               ? usb_port_route(port->usb, slot->route)
               : NULL;
}

gboolean xhci_slot_sleeps(const Xhci *x, const XhciSlot *slot)
{
    const XhciPort *port = root_port(x, slot);

    return port && port->sc & PORT_PED && link_state(port) != PLS_U0;
}

static void make_port(Xhci *x, unsigned n, UsbPort *usb)
{
    x->ports[n] = (XhciPort){ .xhci = x, .usb = usb, .number = (guint8)(n + 1) };
}

void xhci_ports_make(Xhci *x)
{
    x->n_sockets = MAX(x->p2, x->p3);
    x->n_ports = x->p2 + x->p3;
    for (unsigned i = 0; i < x->n_sockets; i++) {
        guint speeds = i < x->p3 ? 1u << USB_SUPER_SPEED : 0;

        if (i < x->p2) {
            speeds |= 1u << USB_FULL_SPEED | 1u << USB_LOW_SPEED | 1u << USB_HIGH_SPEED;
        }
        usb_port_add(&x->sockets[i], x->bus, NULL, (guint8)(i + 1), speeds,
                     &xhci_port_ops, x);
    }
    for (unsigned i = 0; i < x->p3; i++) {
        make_port(x, i, NULL);
    }
    for (unsigned i = 0; i < x->p2; i++) {
        make_port(x, x->p3 + i, &x->sockets[i]);
    }
}
