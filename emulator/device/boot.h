/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware is to boot from, in which order: the devices that have a bootindex=, by
 * their Open Firmware paths (IEEE 1275) as QEMU writes them into fw_cfg's "bootorder".
 *
 * A path is made of the names that a device and those above it give themselves
 * (DeviceClass.boot_name). A class whose devices can be booted has a row
 * PROPERTY_BOOTINDEX and a name, and nothing else: device_realize() keeps the order.
 *
 * All under the machine lock.
 */
#ifndef VIREO_DEVICE_BOOT_H
#define VIREO_DEVICE_BOOT_H

#include "device/device.h"

#define BOOTINDEX "bootindex"

/*
 * A row for a gint32 of the structure. It is not for a migration to compare: the guest
 * reads of it in fw_cfg, which each side fills for its own next start.
 */
#define PROPERTY_BOOTINDEX(type_, member_)                                               \
    {                                                                                    \
        .name = BOOTINDEX, .type = PROP_S32, .offset = offsetof(type_, member_),         \
        .def = "-1", .help = "its turn when firmware looks for a system; below 0: none"  \
    }

/* What is no device: an option ROM. Its path is borrowed until it is taken back. */
gboolean boot_add_path(gint32 index, const char *path, GError **errp);
void boot_remove_path(const char *path); /* one that is not there: nothing */

/* "/pci@i0cf8/scsi@5/disk@0,0": owned. The device is on its bus. */
char *boot_path(const Device *dev);
/*
 * The file "bootorder", new: a path for each device that has an index, the lowest first,
 * with a newline between them, and a NUL. strict: the line HALT is the last, so that
 * nothing else is tried. Empty when no device has one.
 */
GByteArray *boot_order(gboolean strict);

#endif
