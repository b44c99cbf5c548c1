/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA spaces: whether a requester reaches memory is read under RCU, with the view. */
#include "memory/dma.h"

#include "event/lock.h"
#include "memory/map-internal.h"

static DmaSpace memory = { .map = &address_maps[0], .open = TRUE };

DmaSpace *dma_space_memory(void)
{
    return &memory;
}

void dma_space_init(DmaSpace *dma, AddressMap *map)
{
    *dma = (DmaSpace){ .map = map };
}

void dma_space_open(DmaSpace *dma)
{
    g_assert(machine_lock_held());
    g_atomic_int_set(&dma->open, TRUE);
}

void dma_space_close(DmaSpace *dma)
{
    g_assert(machine_lock_held() && dma != &memory);
    if (dma_space_is_open(dma)) {
        g_atomic_int_set(&dma->open, FALSE);
        rcu_wait();
    }
}

gboolean dma_space_is_open(const DmaSpace *dma)
{
    return g_atomic_int_get(&dma->open);
}
