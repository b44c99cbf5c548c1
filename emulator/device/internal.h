/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of device/. */
#ifndef VIREO_DEVICE_INTERNAL_H
#define VIREO_DEVICE_INTERNAL_H

#include "device/device.h"

/* The class itself or the nearest ancestor whose member is set; NULL when none. */
#define CLASS_WITH(klass_, member)                                                       \
    ({                                                                                   \
        const DeviceClass *k_ = (klass_);                                                \
        while (k_ && !k_->member) {                                                      \
            k_ = k_->parent;                                                             \
        }                                                                                \
        k_;                                                                              \
    })

/* All realized devices in order of creation, a reference each. */
GPtrArray *device_registry(void);
void device_registry_free(void);

#endif
