/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The empty device that an unplug under a bound driver leaves in a port. */
#ifndef VIREO_VIRTIO_VACANT_H
#define VIREO_VIRTIO_VACANT_H

#include "virtio/virtio.h"

/* Remembers what dev shows, as a disk of size 0. */
void virtio_vacancy_take(VirtioVacancy *vacancy, VirtioDevice *dev, guint64 features);
/* The device; on no bus, in no list. Freed by device_unref(). */
VirtioDevice *virtio_vacant_new(const VirtioVacancy *vacancy);

#endif
