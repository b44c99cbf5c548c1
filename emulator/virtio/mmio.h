/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-mmio (virtio 1.2, section 4.2): the board makes N slots, each a page of
 * registers with an interrupt and a bus `virtio-mmio-bus.N` for one device.
 */
#ifndef VIREO_VIRTIO_MMIO_H
#define VIREO_VIRTIO_MMIO_H

#include "device/irq.h"
#include "memory/address-map.h"
#include "virtio/virtio.h"

#define VIRTIO_MMIO_SIZE 0x200

/*
 * Makes slot `slot` with its registers at addr. irq is the board's, stays with it,
 * and is pulsed (edge). The slot lives until device_cleanup().
 */
gboolean virtio_mmio_create(unsigned slot, guint64 addr, IrqLine *irq, GError **errp);
/* Is there something for the guest to find? What an unplug has left counts. */
gboolean virtio_mmio_present(unsigned slot);
/* Called when the answer of virtio_mmio_present() changes. Under the lock. */
void virtio_mmio_set_presence_hook(void (*hook)(unsigned slot, gboolean present,
                                                void *opaque),
                                   void *opaque);

#endif
