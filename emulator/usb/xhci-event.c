/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event rings (xHCI 1.1, 4.9.4) and interrupts (4.17). The last place of a ring is for
 * the event that it is full.
 */
#include "usb/xhci-internal.h"

#include "memory/guest.h"
#include "pci/msix.h"

#define SEGMENT_MIN 16 /* TRBs: 6.5 */
#define SEGMENT_MAX 4096

typedef struct Place {
    guint32 segment, place;
} Place;

static guint64 address_of(const XhciInterrupter *i, Place p)
{
    return i->segments[p.segment].base + (guint64)p.place * 16;
}

static Place place_after(const XhciInterrupter *i, Place p)
{
    if (p.place + 1 < i->segments[p.segment].size) {
        return (Place){ p.segment, p.place + 1 };
    }
    return (Place){ (p.segment + 1) % i->n_segments, 0 };
}

static guint64 dequeue_of(const XhciInterrupter *i)
{
    return i->erdp & ~0xfull;
}

/* Places that are free, up to as many as are asked for. */
static unsigned count_free(const XhciInterrupter *i, unsigned most)
{
    Place p = place_after(i, (Place){ i->segment, i->place });
    unsigned n = 0;

    while (n < most && address_of(i, p) != dequeue_of(i)) {
        p = place_after(i, p);
        n++;
    }
    return n;
}

/* --- interrupts --- */

static gboolean is_pending(const Xhci *x, const XhciInterrupter *i)
{
    return (i->iman & (IMAN_IP | IMAN_IE)) == (IMAN_IP | IMAN_IE) && x->usbcmd & CMD_INTE;
}

/* 4.17.5: a message takes the pending bit with it. */
void xhci_update_irq(Xhci *x)
{
    gboolean messages = msix_enabled(&x->pci);

    for (unsigned n = 0; messages && n < XHCI_INTERRUPTERS; n++) {
        if (is_pending(x, &x->interrupters[n])) {
            x->interrupters[n].iman &= ~IMAN_IP;
            msix_raise(&x->pci, n);
        }
    }
    pci_set_intx(&x->pci, !messages && is_pending(x, &x->interrupters[0]));
}

/* One interrupt until the guest says that it has seen it (EHB). */
static void interrupt(Xhci *x, XhciInterrupter *i)
{
    gboolean busy = (i->erdp & ERDP_EHB) != 0;

    i->erdp |= ERDP_EHB;
    if (!busy) {
        i->iman |= IMAN_IP;
        x->usbsts |= STS_EINT;
        xhci_update_irq(x);
    }
}

/* --- events --- */

/* The cycle bit last: a guest may look meanwhile. */
static void put(Xhci *x, XhciInterrupter *i, const XhciTrb *trb)
{
    Place here = { i->segment, i->place }, next = place_after(i, here);
    guint64 at = address_of(i, here);
    guint32 control = GUINT32_TO_LE((trb->control & ~TRB_C) | (i->cycle ? TRB_C : 0));
    guint32 words[3] = { GUINT32_TO_LE((guint32)trb->parameter),
                         GUINT32_TO_LE((guint32)(trb->parameter >> 32)),
                         GUINT32_TO_LE(trb->status) };

    if (!guest_write(&x->pci.dma, at, words, sizeof(words))) {
        xhci_host_error(x);
        return;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    guest_write(&x->pci.dma, at + sizeof(words), &control, sizeof(control));
    i->cycle ^= next.segment == 0 && next.place == 0;
    i->segment = next.segment;
    i->place = next.place;
}

gboolean xhci_event_room(Xhci *x, unsigned n, unsigned events)
{
    XhciInterrupter *i = &x->interrupters[n < XHCI_INTERRUPTERS ? n : 0];
    XhciTrb trb = { .status = (guint32)CC_EVENT_RING_FULL << 24,
                    .control = TRB_HOST_EVENT << 10 };
    unsigned places;

    if (n >= XHCI_INTERRUPTERS || !i->n_segments) {
        return TRUE; /* nobody hears of it */
    }
    places = count_free(i, events + 1);
    if (places > events) {
        i->full = FALSE;
        return TRUE;
    }
    if (!i->full && places) {
        i->full = TRUE;
        put(x, i, &trb);
        interrupt(x, i);
    }
    return FALSE;
}

/* Of a stopped endpoint it may go to a ring that nobody has asked for room in. */
void xhci_event(Xhci *x, unsigned n, const XhciTrb *trb, gboolean quiet)
{
    if (n >= XHCI_INTERRUPTERS || !x->interrupters[n].n_segments ||
        !count_free(&x->interrupters[n], 1)) {
        return;
    }
    put(x, &x->interrupters[n], trb);
    if (!quiet) {
        interrupt(x, &x->interrupters[n]);
    }
}

/* --- registers --- */

static gboolean read_segment(Xhci *x, const XhciInterrupter *i, unsigned n,
                             XhciSegment *segment)
{
    guint32 words[4];

    if (!guest_read(&x->pci.dma, i->erst_base + n * 16, words, sizeof(words))) {
        return FALSE;
    }
    segment->base =
        (GUINT32_FROM_LE(words[0]) & ~0x3fu) | (guint64)GUINT32_FROM_LE(words[1]) << 32;
    segment->size = GUINT32_FROM_LE(words[2]) & 0xffff;
    return segment->size >= SEGMENT_MIN && segment->size <= SEGMENT_MAX;
}

/* 5.5.2.3.2: the table is read when its address is written. */
void xhci_event_ring_write(Xhci *x, unsigned n)
{
    XhciInterrupter *i = &x->interrupters[n];

    i->n_segments = i->segment = i->place = 0;
    i->cycle = TRUE;
    i->full = FALSE;
    if (!i->erst_size) {
        return;
    }
    for (unsigned s = 0; s < MIN(i->erst_size, XHCI_SEGMENTS); s++) {
        if (!read_segment(x, i, s, &i->segments[s])) {
            i->n_segments = 0;
            xhci_host_error(x);
            return;
        }
        i->n_segments = s + 1;
    }
}

/* What waits for room may go on; what is still to be seen interrupts again. */
void xhci_erdp_write(Xhci *x, unsigned n, guint64 value)
{
    XhciInterrupter *i = &x->interrupters[n];
    guint64 busy = i->erdp & ERDP_EHB & ~value;

    i->erdp = (value & ~0xfull) | (value & 0x7) | busy;
    if (value & ERDP_EHB && i->n_segments &&
        address_of(i, (Place){ i->segment, i->place }) != dequeue_of(i)) {
        interrupt(x, i);
    }
    xhci_want(x);
}

void xhci_interrupters_reset(Xhci *x)
{
    for (unsigned n = 0; n < XHCI_INTERRUPTERS; n++) {
        x->interrupters[n] = (XhciInterrupter){ .imod = IMOD_DEFAULT };
    }
    xhci_update_irq(x);
}
