/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-input's classes. */
#ifndef VIREO_VIRTIO_VIRTIO_INPUT_H
#define VIREO_VIRTIO_VIRTIO_INPUT_H

#include "virtio/virtio.h"

typedef struct VirtioInputClass VirtioInputClass;
extern const DeviceClass virtio_input_class; /* what they have in common */
extern const VirtioInputClass virtio_keyboard_class, virtio_mouse_class,
    virtio_tablet_class;

#endif
