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

/* A user's device, with its properties, owned by the caller; and a bus for it, or NULL. */
Device *device_from_config(ConfigNode *node, gboolean hotplugged, Bus **bus,
                           GError **errp);
gboolean device_choose_bus(const DeviceClass *klass, ConfigNode *node, Bus **bus,
                           GError **errp);
gboolean device_realize_users(Device *dev, Bus *bus, GError **errp);

/* global.c: what -global says of its class; the device is new. */
void device_global_apply(Device *dev);

/* plug.c: of a device that comes, or has gone and waits for the host. */
gboolean device_id_changes(const char *id);
/* The device, unrealized, gives back what acquire() took: now or later. */
void device_release(Device *dev, DeviceChanged done, void *opaque);

#endif
