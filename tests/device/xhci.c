/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/xhci.h"

#include <string.h>

#define SEGMENT 16u /* TRBs */
#define PAGE    0x1000u

void xhci_open(XhciDriver *d, QTest *q)
{
    *d = (XhciDriver){ .q = q, .config = X_CONFIG };
    d->bar = qtest_readq(q, d->config + 0x10) & ~0xfull;
    qtest_writew(q, d->config + 4, 6);
    d->op = d->bar + qtest_readb(q, d->bar);
    d->db = d->bar + qtest_readl(q, d->bar + 0x14);
    d->rt = d->bar + qtest_readl(q, d->bar + 0x18);
}

guint32 xhci_op(const XhciDriver *d, guint32 reg)
{
    return qtest_readl(d->q, d->op + reg);
}

void xhci_op_set(const XhciDriver *d, guint32 reg, guint32 value)
{
    qtest_writel(d->q, d->op + reg, value);
}

guint32 xhci_port(const XhciDriver *d, unsigned port)
{
    return xhci_op(d, X_PORTS + 16 * (port - 1));
}

void xhci_port_set(const XhciDriver *d, unsigned port, guint32 value)
{
    xhci_op_set(d, X_PORTS + 16 * (port - 1), value);
}

guint64 xhci_page(XhciDriver *d)
{
    guint64 page = d->alloc;

    d->alloc += PAGE;
    qtest_memset(d->q, page, 0, PAGE);
    return page;
}

static void make_events(XhciDriver *d, unsigned segments)
{
    d->event = 0;
    d->segments = segments;
    d->event_cycle = 1;
    d->held = FALSE;
    for (unsigned i = 0; i < segments; i++) {
        qtest_writeq(d->q, X_ERST + 16 * i, X_EVENTS + 16 * SEGMENT * i);
        qtest_writeq(d->q, X_ERST + 16 * i + 8, SEGMENT);
    }
    qtest_writel(d->q, d->rt + X_ERSTSZ, segments);
    qtest_writeq(d->q, d->rt + X_ERDP, X_EVENTS);
    qtest_writeq(d->q, d->rt + X_ERSTBA, X_ERST);
    qtest_writel(d->q, d->rt + X_IMAN, 2);
}

void xhci_start(XhciDriver *d, unsigned segments)
{
    xhci_op_set(d, X_USBCMD, 2);
    g_assert_cmphex(xhci_op(d, X_USBCMD), ==, 0);
    g_assert_cmphex(xhci_op(d, X_USBSTS) & 1, ==, 1);
    qtest_memset(d->q, X_DCBAA, 0, X_ERST - X_DCBAA + PAGE);
    d->alloc = X_ALLOC;
    d->commands = (XhciRing){ X_COMMANDS, 0, 1 };
    xhci_op_set(d, X_CONFIG_REG, X_SLOTS);
    qtest_writeq(d->q, d->op + X_DCBAAP, X_DCBAA);
    qtest_writeq(d->q, d->op + X_CRCR, X_COMMANDS | 1);
    make_events(d, segments);
    xhci_op_set(d, X_USBCMD, 5);
    g_assert_cmphex(xhci_op(d, X_USBSTS) & 1, ==, 0);
}

static void put_at(XhciDriver *d, guint64 at, guint64 parameter, guint32 status,
                   guint32 control)
{
    qtest_writeq(d->q, at, parameter);
    qtest_writel(d->q, at + 8, status);
    qtest_writel(d->q, at + 12, control);
}

guint64 xhci_put(XhciDriver *d, XhciRing *ring, guint64 parameter, guint32 status,
                 guint32 control)
{
    guint64 at = ring->base + 16 * ring->next;

    put_at(d, at, parameter, status, control | ring->cycle);
    if (++ring->next == X_RING - 1) {
        put_at(d, ring->base + 16 * ring->next, ring->base, 0,
               X_TYPE(X_LINK) | 2 | ring->cycle | (control & X_CH));
        ring->next = 0;
        ring->cycle ^= 1;
    }
    return at;
}

void xhci_doorbell(const XhciDriver *d, unsigned slot, unsigned target)
{
    qtest_writel(d->q, d->db + 4 * slot, target);
}

void xhci_give_back(XhciDriver *d)
{
    qtest_writeq(d->q, d->rt + X_ERDP, (X_EVENTS + 16 * d->event) | 8);
}

gboolean xhci_poll(XhciDriver *d, XhciEvent *event)
{
    guint64 at = X_EVENTS + 16 * d->event;

    event->control = qtest_readl(d->q, at + 12);
    if ((event->control & X_CYCLE) != d->event_cycle) {
        return FALSE;
    }
    event->parameter = qtest_readq(d->q, at);
    event->status = qtest_readl(d->q, at + 8);
    if (++d->event == SEGMENT * d->segments) {
        d->event = 0;
        d->event_cycle ^= 1;
    }
    if (!d->held) {
        xhci_give_back(d);
    }
    return TRUE;
}

XhciEvent xhci_wait(XhciDriver *d, unsigned type)
{
    XhciEvent e;

    do {
        while (!xhci_poll(d, &e)) {
        }
    } while ((e.control >> 10 & 0x3f) != type);
    return e;
}

unsigned xhci_command(XhciDriver *d, unsigned type, guint64 parameter, guint32 control,
                      unsigned *slot)
{
    guint64 at = xhci_put(d, &d->commands, parameter, 0, control | X_TYPE(type));
    XhciEvent e;

    xhci_doorbell(d, 0, 0);
    e = xhci_wait(d, X_COMMAND_EVENT);
    g_assert_cmphex(e.parameter, ==, at);
    if (slot) {
        *slot = e.control >> 24;
    }
    return xhci_code(&e);
}

/* Endpoints are served after commands: the second one comes in a later turn. */
void xhci_expect_none(XhciDriver *d)
{
    for (unsigned i = 0; i < 2; i++) {
        XhciEvent e;

        xhci_put(d, &d->commands, 0, 0, X_TYPE(X_NO_OP_COMMAND));
        xhci_doorbell(d, 0, 0);
        while (!xhci_poll(d, &e)) {
        }
        g_assert_cmphex(e.control >> 10 & 0x3f, ==, X_COMMAND_EVENT);
    }
}

static XhciRing new_ring(XhciDriver *d)
{
    return (XhciRing){ xhci_page(d), 0, 1 };
}

static void put_endpoint(XhciDriver *d, unsigned slot, unsigned index, unsigned type,
                         unsigned max_packet)
{
    XhciSlot *s = &d->slots[slot];
    guint64 at = s->input + 32 * (index + 1);

    s->rings[index] = new_ring(d);
    qtest_writel(d->q, at, 3 << 16);
    qtest_writel(d->q, at + 4, max_packet << 16 | type << 3 | 3 << 1);
    qtest_writeq(d->q, at + 8, s->rings[index].base | 1);
    qtest_writel(d->q, at + 16, max_packet);
}

static void put_slot(XhciDriver *d, unsigned slot, unsigned entries)
{
    const XhciSlot *s = &d->slots[slot];

    qtest_writel(d->q, s->input + 32, entries << 27 | s->speed << 20 | s->route);
    qtest_writel(d->q, s->input + 36, s->port << 16);
}

unsigned xhci_attach(XhciDriver *d, unsigned port, guint32 route, unsigned *slot)
{
    static const unsigned packets[] = { 8, 8, 8, 64, 512 };
    XhciSlot *s;

    if (!route) {
        xhci_port_set(d, port, 0x210);
        g_assert_cmphex(xhci_port(d, port) & 0x3, ==, 0x3);
        xhci_port_set(d, port, 0x00fe0200);
    }
    g_assert_cmpuint(xhci_command(d, X_ENABLE_SLOT, 0, 0, slot), ==, 1);
    s = &d->slots[*slot];
    *s = (XhciSlot){ xhci_page(d), xhci_page(d), xhci_page(d) };
    s->port = port;
    s->route = route;
    s->speed = route ? 1 : xhci_port(d, port) >> 10 & 0xf;
    qtest_writeq(d->q, X_DCBAA + 8 * *slot, s->output);
    qtest_writel(d->q, s->input + 4, 3);
    put_slot(d, *slot, 1);
    put_endpoint(d, *slot, 1, 4, packets[s->speed]);
    return xhci_command(d, X_ADDRESS, s->input, *slot << 24, NULL);
}

unsigned xhci_configure(XhciDriver *d, unsigned slot, unsigned index, unsigned type,
                        unsigned max_packet)
{
    const XhciSlot *s = &d->slots[slot];

    qtest_writel(d->q, s->input, 0);
    qtest_writel(d->q, s->input + 4, 1 | 1u << index);
    put_slot(d, slot, index);
    put_endpoint(d, slot, index, type, max_packet);
    return xhci_command(d, X_CONFIGURE, s->input, slot << 24, NULL);
}

/* After a stall: the rest of the transfer is left out. */
static void set_going(XhciDriver *d, unsigned slot, unsigned index)
{
    XhciRing *ring = &d->slots[slot].rings[index];
    guint32 target = slot << 24 | index << 16;

    g_assert_cmpuint(xhci_command(d, X_RESET_ENDPOINT, 0, target, NULL), ==, 1);
    g_assert_cmpuint(xhci_command(d, X_SET_DEQUEUE,
                                  (ring->base + 16 * ring->next) | ring->cycle, target,
                                  NULL),
                     ==, 1);
}

unsigned xhci_control(XhciDriver *d, unsigned slot, guint8 type, guint8 request,
                      guint16 value, guint16 index, guint16 length, unsigned *len)
{
    XhciSlot *s = &d->slots[slot];
    gboolean in = (type & 0x80) != 0;
    unsigned rest = 0;
    XhciEvent e;

    xhci_put(d, &s->rings[1],
             type | request << 8 | (guint64)value << 16 | (guint64)index << 32 |
                 (guint64)length << 48,
             8, X_TYPE(X_SETUP) | X_IDT | (length ? (in ? 3 : 2) << 16 : 0));
    if (length) {
        xhci_put(d, &s->rings[1], s->buffer, length,
                 X_TYPE(X_DATA) | X_ISP | (in ? X_IN : 0));
    }
    xhci_put(d, &s->rings[1], 0, 0, X_TYPE(X_STATUS) | X_IOC | (in && length ? 0 : X_IN));
    xhci_doorbell(d, slot, 1);
    e = xhci_wait(d, X_TRANSFER_EVENT);
    if (xhci_code(&e) == 13) { /* short; then the status stage */
        rest = e.status & 0xffffff;
        e = xhci_wait(d, X_TRANSFER_EVENT);
    }
    if (xhci_code(&e) != 1) {
        set_going(d, slot, 1);
    }
    if (len) {
        *len = length - rest;
    }
    return xhci_code(&e);
}

guint64 xhci_ask(XhciDriver *d, unsigned slot, unsigned index, unsigned length)
{
    XhciSlot *s = &d->slots[slot];
    guint64 at = xhci_put(d, &s->rings[index], s->buffer + 0x800, length,
                          X_TYPE(X_NORMAL) | X_IOC | X_ISP);

    xhci_doorbell(d, slot, index);
    return at;
}

unsigned xhci_attach_hid(XhciDriver *d, unsigned port, unsigned max_packet)
{
    unsigned slot;

    g_assert_cmpuint(xhci_attach(d, port, 0, &slot), ==, 1);
    g_assert_cmpuint(xhci_control(d, slot, 0, 9, 1, 0, 0, NULL), ==, 1);
    g_assert_cmpuint(xhci_configure(d, slot, 3, 7, max_packet), ==, 1);
    return slot;
}
