/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices there are over PCI: of each kind one whose properties say which
 * interfaces it has, and two that are named by them (virtio 1.2, section 4.1.2). All are
 * the same function with another part.
 */
#include <linux/virtio_ids.h>

#include "virtio/pci-internal.h"
#include "virtio/virtio-input.h"

/* 4.1.2.1 */
#define MODERN_REVISION 1
#define ID(type)        .device_id = 0x1040 + (type)

#define PARTS(klass)                                                                     \
    (const DevicePart[])                                                                 \
    {                                                                                    \
        { "virtio-backend", (const DeviceClass *)&klass, offsetof(VirtioPci, backend) }, \
        {                                                                                \
            NULL                                                                         \
        }                                                                                \
    }

/* init_: which interfaces it has, NULL: as properties say; more: of the function. */
#define FUNCTION(name_, brief_, desc_, part_, init_, ...)                                \
    .device = { \
        .name = name_, \
        .brief = brief_, \
        .desc = desc_, \
        .parent = &virtio_pci_class.device, \
        .instance_size = sizeof(VirtioPci), \
        .user_creatable = TRUE, \
        .hotpluggable = TRUE, \
        .parts = PARTS(part_), \
        .init = init_, \
    }, \
    .vendor_id = PCI_VENDOR_REDHAT_VIRTIO, .revision = MODERN_REVISION, .intx = 1, __VA_ARGS__

/* The three of virtio_kind_class, whose names begin with brief. */
#define FAMILY(kind, brief, desc, ...)                                                   \
    const PciDeviceClass virtio_##kind##_pci_class = { FUNCTION(                         \
        brief "-pci", brief, desc, virtio_##kind##_class, NULL, __VA_ARGS__) };          \
    const PciDeviceClass virtio_##kind##_pci_transitional_class = { FUNCTION(            \
        brief "-pci-transitional", NULL, desc ", for legacy drivers too",                \
        virtio_##kind##_class, virtio_pci_init_transitional, __VA_ARGS__) };             \
    const PciDeviceClass virtio_##kind##_pci_non_transitional_class = { FUNCTION(        \
        brief "-pci-non-transitional", NULL, desc ", without legacy interface",          \
        virtio_##kind##_class, virtio_pci_init_non_transitional, __VA_ARGS__) }

FAMILY(balloon, "virtio-balloon", "Virtio memory balloon", ID(VIRTIO_ID_BALLOON),
       .class_code = 0x00ff00 /* none of others */);

FAMILY(blk, "virtio-blk", "Virtio block device", ID(VIRTIO_ID_BLOCK),
       .class_code = 0x010000 /* SCSI storage */);

FAMILY(net, "virtio-net", "Virtio network card", ID(VIRTIO_ID_NET),
       .class_code = 0x020000 /* Ethernet */, .romfile = "efi-virtio.rom");

FAMILY(rng, "virtio-rng", "Virtio source of entropy", ID(VIRTIO_ID_RNG),
       .class_code = 0x00ff00 /* none of others */);

FAMILY(serial, "virtio-serial", "Virtio consoles and channels", ID(VIRTIO_ID_CONSOLE),
       .class_code = 0x078000 /* other communication */);

/* Of a type that has no legacy interface. */
#define VSOCK ID(VIRTIO_ID_VSOCK), .class_code = 0x078000 /* other communication */

const PciDeviceClass virtio_vsock_pci_class = {
    FUNCTION("vhost-vsock-pci", NULL, "Sockets between guest and host, by the kernel",
             virtio_vsock_class, NULL, VSOCK),
};

const PciDeviceClass virtio_vsock_pci_non_transitional_class = {
    FUNCTION("vhost-vsock-pci-non-transitional", NULL,
             "Sockets between guest and host, without legacy interface",
             virtio_vsock_class, virtio_pci_init_non_transitional, VSOCK),
};

#define INPUT ID(VIRTIO_ID_INPUT)

const PciDeviceClass virtio_keyboard_pci_class = {
    FUNCTION("virtio-keyboard-pci", "virtio-keyboard", "Virtio keyboard",
             virtio_keyboard_class, NULL, INPUT, .class_code = 0x090000 /* keyboard */),
};

const PciDeviceClass virtio_mouse_pci_class = {
    FUNCTION("virtio-mouse-pci", "virtio-mouse", "Virtio mouse", virtio_mouse_class, NULL,
             INPUT, .class_code = 0x090200 /* mouse */),
};

const PciDeviceClass virtio_tablet_pci_class = {
    FUNCTION("virtio-tablet-pci", "virtio-tablet", "Virtio tablet", virtio_tablet_class,
             NULL, INPUT, .class_code = 0x098000 /* other input */),
};
