/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between mmio.c (the slot) and mmio-vacant.c: the guest of a platform device cannot be
 * told that it has gone, so an unplugged disk leaves an empty one in its slot while a
 * driver is bound to it. All under the machine lock.
 */
#ifndef VIREO_VIRTIO_MMIO_INTERNAL_H
#define VIREO_VIRTIO_MMIO_INTERNAL_H

#include "virtio/mmio.h"

/* What the empty disk of a vacated slot goes on showing. */
typedef struct VirtioVacancy {
    guint64 features; /* never 0, when there is one */
    guint8 config[VIRTIO_CONFIG_MAX];
    guint32 config_len;
    guint16 n_queues, queue_size;
} VirtioVacancy;

typedef struct VirtioMmio {
    Device device;
    unsigned slot;
    guint64 addr;
    IrqLine *irq;
    Region *region;
    Bus *bus;
    VirtioPort port;
    guint32 device_features_sel, driver_features_sel, queue_sel;
    gboolean used;   /* since power-on something was there for the guest to find */
    gboolean vacant; /* what is there is an empty disk, until the driver resets it */
    VirtioVacancy vacancy; /* of that one; or the source's, while it is loaded */
} VirtioMmio;

/* The disk goes: an empty one in its place, if a driver is bound to it. */
gboolean virtio_mmio_vacate(VirtioMmio *m);
/* The empty disk goes; FALSE: there is none. */
gboolean virtio_mmio_drop_vacant(VirtioMmio *m);
/* A disk takes the place of the empty one, whose driver has not let go. */
gboolean virtio_mmio_adopt(VirtioMmio *m, VirtioDevice *dev, GError **errp);
/* Makes the empty disk that the source had, if it had one. */
gboolean virtio_mmio_load_vacant(VirtioMmio *m, GError **errp);

extern const StateDesc virtio_vacancy_state;

#endif
