/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DMA space: guest memory as one requester reaches it. All guest access names one
 * (memory/guest.h). What has no bus mastering to lose, and what prepares memory for the
 * guest, uses dma_space_memory(); a PCI function has its own, which is open while its
 * Bus Master Enable is set (PCI 3.0, section 6.2.2).
 *
 * Owned by whoever embeds it, which outlives each access and pin that names it.
 */
#ifndef VIREO_MEMORY_DMA_H
#define VIREO_MEMORY_DMA_H

#include "memory/address-map.h"

typedef struct DmaSpace {
    AddressMap *map;
    gint open; /* atomic */
} DmaSpace;

/* All of guest memory, always open. Any thread. */
DmaSpace *dma_space_memory(void);

/* Closed at first. Under the machine lock, as the two below. */
void dma_space_init(DmaSpace *dma, AddressMap *map);
void dma_space_open(DmaSpace *dma);
/*
 * When it returns, no guest_read(), guest_write(), guest_pin() or guest_iov_add() of the
 * requester is under way, and later ones fail. Pins and vectors that there are stay
 * valid: a device that has some stops its data plane before.
 */
void dma_space_close(DmaSpace *dma);
/* Any thread. */
gboolean dma_space_is_open(const DmaSpace *dma);

#endif
