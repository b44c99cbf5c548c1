/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/pvpanic.h"

#include "accel/run-state.h"
#include "event/vm-event.h"

static guint64 pvpanic_read(void *opaque, guint64 offset, unsigned size)
{
    return *(const guint32 *)opaque;
}

/* Of both, the first; what else there is says nothing. */
static void pvpanic_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    guint32 events = (guint32)value & *(const guint32 *)opaque;

    if (events & PVPANIC_PANICKED) {
        vm_request_panic();
    } else if (events & PVPANIC_CRASH_LOADED) {
        ConfigNode *data = config_map_new();

        config_map_set_string(data, "action", "run");
        vm_event_emit("GUEST_CRASHLOADED", data);
    }
}

static const RegionOps pvpanic_ops = {
    .read = pvpanic_read,
    .write = pvpanic_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

Region *pvpanic_region_new(const char *name, guint64 size, const guint32 *events)
{
    return region_new_io(name, size, &pvpanic_ops, (void *)events);
}
