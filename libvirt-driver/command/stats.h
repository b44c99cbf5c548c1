/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of devices that run, and of their images: by the host, and by what the
 * emulator counts. */
#ifndef COMMAND_STATS_H
#define COMMAND_STATS_H

#include <json-glib/json-glib.h>

#include "process/netdev.h"
#include "rpc/values.h"
#include "xml/domain.h"

/* Of an image on the host, bytes. */
typedef struct CommandSizes {
    guint64 capacity;   /* what the guest sees */
    guint64 allocation; /* what it takes of the host's storage */
    guint64 physical;   /* where it ends */
} CommandSizes;

/* Looks at the host; waits for its storage, for timeout_ms. VIR_ERR_SYSTEM_ERROR. */
gboolean command_disk_sizes(const DomainDisk *disk, guint timeout_ms, CommandSizes *sizes,
                            GError **errp);

/* As the guest sees it: what the tap has sent, the guest has received. */
gboolean command_interface_stats(const DomainInterface *interface, NetdevStats *stats,
                                 GError **errp);

/* What the emulator counts of a disk; times are ns. In the order of domstats. */
typedef enum CommandCounter {
    COMMAND_READ_REQUESTS,
    COMMAND_READ_BYTES,
    COMMAND_READ_TIME,
    COMMAND_WRITE_REQUESTS,
    COMMAND_WRITE_BYTES,
    COMMAND_WRITE_TIME,
    COMMAND_FLUSH_REQUESTS,
    COMMAND_FLUSH_TIME,
    COMMAND_WRITTEN_UP_TO, /* an offset */
    COMMAND_COUNTERS
} CommandCounter;

typedef struct CommandCounts {
    gint64 of[COMMAND_COUNTERS];
} CommandCounts;

/*
 * Adds to @counts what @told, the reply to command_stats_question(), says of a disk.
 * INTERNAL_ERROR when it says nothing.
 */
gboolean command_disk_counts(const DomainDisk *disk, JsonNode *told,
                             CommandCounts *counts, GError **errp);
/* The first @max of them, as virDomainBlockStatsFlags has them. */
#define COMMAND_COUNT_PARAMS 8
void command_counts_params(const CommandCounts *counts, RpcParams *params, guint max);

/* What a guest tells of its memory. */
typedef struct CommandMemoryStat {
    int tag;          /* virDomainMemoryStatTags */
    const char *name; /* of domstats, behind "balloon." */
    guint64 value;    /* KiB, or a number of something */
} CommandMemoryStat;

/* Appends what @told, a balloon's guest-stats (or NULL), says, in libvirt's order. */
void command_memory_stats(JsonNode *told, GArray *stats);

/* By target, or by what it stands for: an image's path, a MAC address. NULL: none. */
const DomainDisk *command_find_disk(const Domain *domain, const char *name);
const DomainInterface *command_find_interface(const Domain *domain, const char *name);

/* The QMP command, without arguments, that tells what the emulator counts of devices of a
 * kind; NULL: it counts nothing. */
const char *command_stats_question(DomainDeviceType type);

/*
 * The statistics of all devices of a kind, as virConnectGetAllDomainStats has them:
 * "block.count", "block.0.name" and so on. What cannot be had is left out. @told: the
 * reply to the question, or NULL.
 */
void command_device_stats(const Domain *domain, DomainDeviceType type, JsonNode *told,
                          RpcParams *params);

#endif
