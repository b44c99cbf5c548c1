/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all virtio devices have in common: properties, owner, quiesce. */
#include "util/error.h"
#include "virtio/virtio.h"

gboolean virtio_device_get_loop(VirtioDevice *dev, const char *iothread, GError **errp)
{
    if (!iothread) {
        dev->loop = event_loop_main();
        return TRUE;
    }
    IoThread *thread = iothread_find(iothread);
    if (!thread) {
        return error_set(errp, "Property '%s.iothread' can't find value '%s'",
                         device_user_name(&dev->device), iothread);
    }
    iothread_use(thread);
    dev->loop = iothread_loop(thread);
    return TRUE;
}

void virtio_device_put_loop(VirtioDevice *dev, const char *iothread)
{
    if (iothread) {
        iothread_unuse(iothread_find(iothread));
    }
    dev->loop = NULL;
}

gboolean virtio_device_has_feature(const VirtioDevice *dev, unsigned bit)
{
    return dev->port && (dev->port->driver_features & (1ull << bit)) != 0;
}

static void virtio_device_quiesce(Device *device, void (*done)(void *opaque),
                                  void *opaque)
{
    VirtioDevice *dev = (VirtioDevice *)device;

    if (dev->port) {
        virtio_port_quiesce(dev->port, done, opaque);
    } else {
        done(opaque);
    }
}

#define FIELD(name) offsetof(VirtioDevice, name)
static const Property properties[] = {
    { "event_idx", PROP_BOOL, FIELD(event_idx), "on", .guest = TRUE,
      .help = "offer VIRTIO_F_EVENT_IDX: fewer notifications" },
    { "indirect_desc", PROP_BOOL, FIELD(indirect_desc), "on", .guest = TRUE,
      .help = "offer VIRTIO_F_INDIRECT_DESC" },
    { "packed", PROP_BOOL, .def = "off", .ignored = TRUE, .only = "off",
      .help = "packed rings" },
    { "iommu_platform", PROP_BOOL, .def = "off", .ignored = TRUE, .only = "off",
      .help = "device behind an IOMMU" },
    { "any_layout", PROP_BOOL, FIELD(any_layout), "on", .guest = TRUE,
      .help = "offer VIRTIO_F_ANY_LAYOUT to legacy drivers" },
    { "notify_on_empty", PROP_BOOL, FIELD(notify_on_empty), "on", .guest = TRUE,
      .help = "offer VIRTIO_F_NOTIFY_ON_EMPTY to legacy drivers" },
    PROPERTY_ONLY("in_order", PROP_BOOL, "off"),
    PROPERTY_ONLY("use-disabled-flag", PROP_BOOL, "on"),
    PROPERTY_ONLY("use-started", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-disable-legacy-check", PROP_BOOL, "off"),
    { NULL },
};

const DeviceClass virtio_device_class = {
    .name = "virtio-device",
    .abstract = TRUE,
    .bus = VIRTIO_BUS_TYPE,
    .desc = "Virtio device",
    .instance_size = sizeof(VirtioDevice),
    .properties = properties,
    .quiesce = virtio_device_quiesce,
};
