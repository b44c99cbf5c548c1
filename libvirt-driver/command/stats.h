/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of devices that run, and of their images, without the emulator. */
#ifndef COMMAND_STATS_H
#define COMMAND_STATS_H

#include "process/netdev.h"
#include "rpc/values.h"
#include "xml/domain.h"

/* Of an image on the host, bytes. */
typedef struct CommandSizes {
    guint64 capacity;   /* what the guest sees */
    guint64 allocation; /* what it takes of the host's storage */
    guint64 physical;   /* where it ends */
} CommandSizes;

/* Looks at the host; may wait for its storage. VIR_ERR_SYSTEM_ERROR. */
gboolean command_disk_sizes(const DomainDisk *disk, CommandSizes *sizes, GError **errp);

/* As the guest sees it: what the tap has sent, the guest has received. */
gboolean command_interface_stats(const DomainInterface *interface, NetdevStats *stats,
                                 GError **errp);

/* By target, or by what it stands for: an image's path, a MAC address. NULL: none. */
const DomainDisk *command_find_disk(const Domain *domain, const char *name);
const DomainInterface *command_find_interface(const Domain *domain, const char *name);

/*
 * The statistics of all devices of a kind, as virConnectGetAllDomainStats has them:
 * "block.count", "block.0.name" and so on. What cannot be had is left out.
 */
void command_device_stats(const Domain *domain, DomainDeviceType type, RpcParams *params);

#endif
