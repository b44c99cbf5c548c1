/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command and transfer rings (xHCI 1.1, 4.9.2 and 4.9.3) as the guest has written them.
 */
#include "usb/xhci-internal.h"

#include "event/turn.h"
#include "memory/guest.h"

#define TRB_SIZE 16

/* The cycle bit first: the guest writes it last. FALSE: no memory. */
static gboolean read_trb(Xhci *x, const XhciRing *ring, XhciTrb *trb, gboolean *valid)
{
    guint32 words[4];

    turn_count(TURN_DESCRIPTORS, 1);
    if (!guest_read(&x->pci.dma, ring->dequeue + 12, &words[3], sizeof(words[3]))) {
        return FALSE;
    }
    *valid = (GUINT32_FROM_LE(words[3]) & TRB_C) == (ring->cycle ? TRB_C : 0);
    if (!*valid) {
        return TRUE;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!guest_read(&x->pci.dma, ring->dequeue, words, sizeof(words))) {
        return FALSE;
    }
    *trb =
        (XhciTrb){ GUINT32_FROM_LE(words[0]) | (guint64)GUINT32_FROM_LE(words[1]) << 32,
                   GUINT32_FROM_LE(words[2]), GUINT32_FROM_LE(words[3]), ring->dequeue };
    return TRUE;
}

/* links: that there may still be; those that were are taken off. */
static XhciFetch peek(Xhci *x, XhciRing *ring, XhciTrb *trb, unsigned *links)
{
    for (;;) {
        gboolean valid;

        if (!read_trb(x, ring, trb, &valid)) {
            return FETCH_BAD;
        }
        if (!valid) {
            return FETCH_NONE;
        }
        if (TRB_TYPE(trb->control) != TRB_LINK) {
            return FETCH_TRB;
        }
        if (!*links) {
            return FETCH_BAD;
        }
        --*links;
        ring->dequeue = trb->parameter & ~0xfull;
        ring->cycle ^= (trb->control & TRB_LINK_TC) != 0;
    }
}

XhciFetch xhci_ring_peek(Xhci *x, XhciRing *ring, XhciTrb *trb)
{
    unsigned links = XHCI_LINKS;

    return peek(x, ring, trb, &links);
}

void xhci_ring_advance(XhciRing *ring)
{
    ring->dequeue += TRB_SIZE;
}

XhciFetch xhci_ring_td(Xhci *x, const XhciRing *ring)
{
    XhciRing at = *ring;
    unsigned links = XHCI_TD_LINKS;

    x->n_td = 0;
    do {
        XhciFetch fetch =
            x->n_td < XHCI_TD_TRBS ? peek(x, &at, &x->td[x->n_td], &links) : FETCH_BAD;
        if (fetch != FETCH_TRB) {
            return fetch;
        }
        x->n_td++;
        xhci_ring_advance(&at);
    } while (x->td[x->n_td - 1].control & TRB_CH);
    return FETCH_TRB;
}
