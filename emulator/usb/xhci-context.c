/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts of 32 bytes in the guest's memory (xHCI 1.1, 6.2). */
#include "usb/xhci-internal.h"

#include "memory/guest.h"

#define CONTEXT_SIZE (CONTEXT_WORDS * sizeof(guint32))

gboolean xhci_context_read(Xhci *x, guint64 address, unsigned index, guint32 *words)
{
    if (!guest_read(&x->pci.dma, address + index * CONTEXT_SIZE, words, CONTEXT_SIZE)) {
        return FALSE;
    }
    for (unsigned i = 0; i < CONTEXT_WORDS; i++) {
        words[i] = GUINT32_FROM_LE(words[i]);
    }
    return TRUE;
}

gboolean xhci_context_write(Xhci *x, guint64 address, unsigned index,
                            const guint32 *words)
{
    guint32 bytes[CONTEXT_WORDS];

    for (unsigned i = 0; i < CONTEXT_WORDS; i++) {
        bytes[i] = GUINT32_TO_LE(words[i]);
    }
    return guest_write(&x->pci.dma, address + index * CONTEXT_SIZE, bytes, CONTEXT_SIZE);
}
