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

/* rows.c */
Device **device_part_member(Device *dev, const DevicePart *part);

/* guest-property.c: what its version says of a class's property; NULL: nothing. */
const char *device_machine_default(const DeviceClass *klass, const char *property);
/* The default of the device's own row: what the wholes that it is a part of say wins. */
const char *device_row_default(const Device *dev, const Property *prop);

/* tree.c: below dev->parent, with a reference. */
void device_tree_add(Device *dev);
void device_tree_remove(Device *dev);
Device *device_tree_last(void); /* of the board's own; NULL: there is none */
/* Lists: parents first, a reference each. */
GPtrArray *device_list_new(void);
void device_list_add_below(GPtrArray *list, Device *top);
GPtrArray *device_list_all(void);

/* user.c: a device with its properties, owned by the caller; and a bus for it, or NULL.
 */
Device *device_from_config(ConfigNode *node, gboolean hotplugged, Bus **bus,
                           GError **errp);
gboolean device_choose_bus(const DeviceClass *klass, ConfigNode *node,
                           gboolean hotplugged, Bus **bus, GError **errp);

/* bus.c */
gboolean bus_can_hotplug(const Bus *bus);

/* boot.c: of a device that is about to be realized, until it is unrealized. */
gboolean boot_add(const Device *dev, GError **errp);
void boot_remove(const Device *dev); /* also of one that is not there */

/* realize.c */
gboolean device_check_bus(const DeviceClass *klass, const Bus *bus, gboolean hotplugged,
                          GError **errp);
gboolean device_realize_users(Device *dev, Bus *bus, GError **errp);
/* One that has no children any more, off its bus; it is still in the tree. */
void device_unrealize(Device *dev);
/* With all below it, children first; out of the tree. */
void device_unrealize_tree(Device *dev);
void device_numbers_reset(void); /* of those without an id */

/* lifecycle.c: calls done when nothing is in flight in any of them, now or later. */
void device_quiesce_each(GPtrArray *devices, void (*done)(void *opaque), void *opaque);
/* Something waits for that, and the end of the process for it. */
void device_change_begin(void);
void device_change_end(void);

/* unplug.c: what is REQUESTED goes; fn when nothing is GOING any more, now or later. */
void device_unplug_all_requested(void (*fn)(void *opaque), void *opaque);

/* global.c: what -global says of its class; the device is new. */
void device_global_apply(Device *dev);

/* plug.c: of a device that comes, or has gone and waits for the host. */
gboolean device_id_changes(const char *id);
/* The id is taken until device_release() has ended. */
typedef struct DeviceChange DeviceChange;
DeviceChange *device_release_later(Device *dev, DeviceChanged done, void *opaque);
/* The device, unrealized, gives back what its acquire() took: now or later. */
void device_release(DeviceChange *c);

#endif
