/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's virtio-mmio driver, for tests in this process and over qtest. */
#pragma once
#include "guest-ring.h"

typedef struct GuestBus {
    guint32 (*read32)(guint64 addr);
    void (*write32)(guint64 addr, guint32 value);
    void (*wait)(void); /* until something may have happened */
    GuestMemory memory;
} GuestBus;

typedef struct VirtioDriver {
    const GuestBus *bus;
    guint64 base; /* registers */
    guint64 features;
    GuestRing rings[33];
    guint64 data; /* memory behind the rings */
} VirtioDriver;

guint32 virtio_driver_read(VirtioDriver *d, unsigned reg);
void virtio_driver_write(VirtioDriver *d, unsigned reg, guint32 value);
guint64 virtio_driver_offered(VirtioDriver *d);
/*
 * Resets the device, agrees on those of `features` that it offers (VERSION_1 in any
 * case), sets n queues of num entries up from ring_base on, and goes live.
 */
void virtio_driver_start(VirtioDriver *d, const GuestBus *bus, guint64 base,
                         guint64 features, unsigned n, guint16 num, guint64 ring_base);
/* 3.1.1 up to FEATURES_OK; TRUE when that sticks. */
gboolean virtio_driver_negotiate(VirtioDriver *d, guint64 features);
void virtio_driver_kick(VirtioDriver *d, unsigned queue);
/* Waits for a used entry. */
void virtio_driver_wait_used(VirtioDriver *d, unsigned queue, guint32 *head,
                             guint32 *len);

/*
 * One request of virtio-blk with data (to or from buf by type) on queue 0, from
 * start to end; returns its status.
 */
guint8 virtio_driver_blk(VirtioDriver *d, guint32 type, guint64 sector, void *buf,
                         guint32 len);
