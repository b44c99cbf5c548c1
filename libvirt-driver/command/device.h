/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON properties of each device type, for -blockdev, -device ... and QMP alike. All
 * return new objects. */
#ifndef COMMAND_DEVICE_H
#define COMMAND_DEVICE_H

#include <json-glib/json-glib.h>

#include "xml/domain.h"

char *device_storage_node(const DomainDisk *disk); /* "libvirt-1-storage" */
char *device_format_node(const DomainDisk *disk);  /* "libvirt-1-format" */
JsonObject *device_disk_storage(const DomainDisk *disk);
JsonObject *device_disk_format(const DomainDisk *disk);
JsonObject *device_disk(const DomainDisk *disk, guint boot_index);

char *device_netdev_id(const DomainInterface *interface); /* "hostnet0" */
/* @fd: a number, or the name that getfd gave. */
JsonObject *device_netdev(const DomainInterface *interface, const char *fd);
JsonObject *device_interface(const DomainInterface *interface, guint boot_index);

JsonObject *device_serial(const DomainSerial *serial);

char *device_rng_id(const DomainRng *rng); /* "objrng0" */
JsonObject *device_rng_backend(const DomainRng *rng);
JsonObject *device_rng(const DomainRng *rng);

#endif
